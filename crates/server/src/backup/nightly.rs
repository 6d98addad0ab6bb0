//! The nightly backup, and how many of them stay.

use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::{NaiveTime, TimeDelta, Timelike as _};
use kernel::audit::Who;
use kernel::problem::internal;
use kernel::{App, Config, JobDef};
use serde::Deserialize;

use super::{backup, complete, folder, is_named_by_time};

#[derive(Deserialize)]
struct Settings {
    at: String,
    keep: usize,
}

/// The job of the settings; `None` when no backups are to be kept.
pub fn job(app: &App) -> Result<Option<JobDef>> {
    let Settings { at, keep } = settings(&app.config)?;
    if keep == 0 {
        return Ok(None);
    }
    let at = NaiveTime::parse_from_str(&at, "%H:%M")
        .with_context(|| format!("backup.at: `{at}` is no time such as 01:30"))?;
    let app = app.clone();
    let job = JobDef::daily("server.backup", at.hour(), at.minute(), move || {
        let app = app.clone();
        async move {
            run(&app, keep)
                .await
                .map_err(|error| internal(format!("{error:#}")))
        }
    });
    Ok(Some(job))
}

fn settings(config: &Config) -> Result<Settings> {
    Ok(config.section("backup")?)
}

/// Takes a backup, then removes all but the newest `keep`.
async fn run(app: &App, keep: usize) -> Result<()> {
    let into = folder(&app.config)?;
    let taken = backup(app, &Who::system("backup"), &into).await?;
    tracing::info!(folder = %taken.display(), "nightly backup");
    // A backup under way is not a day old; what is, was killed.
    let day_ago = app.clock.now() - TimeDelta::days(1);
    let removed = into.clone();
    let oldest = day_ago.format("%Y%m%d-%H%M%S").to_string();
    tokio::task::spawn_blocking(move || prune(&removed, keep, &oldest)).await?
}

fn prune(into: &Path, keep: usize, oldest_unfinished: &str) -> Result<()> {
    let names = complete(into);
    let many = names.len().saturating_sub(keep);
    let mut gone: Vec<_> = names
        .iter()
        .take(many)
        .map(|name| into.join(name))
        .collect();
    for entry in std::fs::read_dir(into)? {
        let path = entry?.path();
        let half = path
            .extension()
            .is_some_and(|extension| extension == "unfinished");
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        if half && is_named_by_time(stem) && stem < oldest_unfinished {
            gone.push(path);
        }
    }
    for folder in gone {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_nothing_else_is_touched() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            std::fs::create_dir(root.path().join(name)).unwrap();
            std::fs::write(root.path().join(name).join("manifest.json"), "{}").unwrap();
        };
        for name in [
            "20261121-013000",
            "20261122-013000",
            "20261123-013000",
            "20261120-013000.unfinished",
            "20261123-020000.unfinished",
            "before-the-move",
        ] {
            make(name);
        }
        prune(root.path(), 2, "20261122-020000").unwrap();
        let mut left: Vec<String> = std::fs::read_dir(root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let expected = [
            "20261122-013000",
            "20261123-013000",
            "20261123-020000.unfinished",
            "before-the-move",
        ];
        assert_eq!(left, expected);
    }
}
