//! Backups taken while the server runs, and a restore that proves what it brought back.
//!
//! A backup is a folder: the database (a `SQLite` copy, or `pg_dump`'s custom format), the files of the data
//! folder, and `manifest.json` with the rows and a hash of every table and file.

mod copy;
pub mod manifest;
pub mod nightly;
mod postgres;
pub mod restore;
mod tables;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use kernel::audit::{self, Who};
use kernel::{App, Config};
use serde_json::json;

use manifest::{MANIFEST, Manifest};

/// The copy of a `SQLite` database.
const SQLITE: &str = "shoujie.db";
/// What `pg_dump` wrote.
const DUMP: &str = "shoujie.dump";
/// What a backup takes of the data folder beside the database.
const KEPT: [&str; 2] = ["files", "secret.key"];

/// Where the data is.
pub struct Place {
    /// The data folder.
    pub data_dir: PathBuf,
    /// The database URL.
    pub url: String,
}

impl Place {
    /// The place the settings name.
    pub fn of(config: &Config) -> Result<Self> {
        let data_dir: PathBuf = config.get("data_dir")?;
        let url: String = config.get("database.url")?;
        let url = if url.is_empty() {
            format!("sqlite://{}", data_dir.join(SQLITE).display())
        } else {
            url
        };
        Ok(Self { data_dir, url })
    }

    /// For a command that works on what is there: opening a `SQLite` database would make an empty one.
    pub fn must_exist(&self) -> Result<()> {
        if let Some(file) = self.sqlite_file() {
            ensure!(
                file.exists(),
                "no database at {}; is it another --config or SHOUJIE__DATA_DIR?",
                file.display()
            );
        }
        Ok(())
    }

    fn sqlite_file(&self) -> Option<PathBuf> {
        self.url
            .strip_prefix("sqlite://")
            .map(|path| path.split('?').next().unwrap_or(path).into())
    }
}

/// The folder that holds the backups.
pub fn folder(config: &Config) -> Result<PathBuf> {
    let folder: PathBuf = config.get("backup.folder")?;
    if folder.as_os_str().is_empty() {
        let data_dir: PathBuf = config.get("data_dir")?;
        return Ok(data_dir.join("backups"));
    }
    Ok(folder)
}

/// Copies everything into a new folder under `into`, named by the time in UTC; the server may run meanwhile.
///
/// A file that has not changed since the newest backup there is linked to it, not copied again.
pub async fn backup(app: &App, who: &Who, into: &Path) -> Result<PathBuf> {
    let name = app.clock.now().format("%Y%m%d-%H%M%S").to_string();
    let folder = into.join(&name);
    ensure!(!folder.exists(), "{} exists already", folder.display());
    // Until it is complete it carries another name, so that nobody restores half a backup.
    let unfinished = folder.with_extension("unfinished");
    // Personal data: for nobody but the owner.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&unfinished)
        .with_context(|| unfinished.display().to_string())?;
    let manifest = match fill(app, &unfinished, newest(into)).await {
        Ok(manifest) => manifest,
        Err(error) => {
            // Half a backup is of no use, and the disk may be full; the cause is what is told.
            let _ = std::fs::remove_dir_all(&unfinished);
            return Err(error);
        }
    };
    std::fs::rename(&unfinished, &folder)?;
    let rows: u64 = manifest.tables.values().map(|table| table.size).sum();
    let details = json!({"folder": folder, "rows": rows, "files": manifest.files.len()});
    let (audited, who) = (app.clone(), who.clone());
    app.db
        .write(async move |tx| {
            audit::record(
                &audited,
                &*tx,
                &who,
                "backup.taken",
                "backup",
                name,
                details,
            )
            .await
        })
        .await?;
    Ok(folder)
}

async fn fill(app: &App, into: &Path, before: Option<PathBuf>) -> Result<Manifest> {
    let place = Place::of(&app.config)?;
    let taken_at = app.clock.now().to_rfc3339();
    let (database, name, tables) = if place.sqlite_file().is_some() {
        let copy = into.join(SQLITE);
        app.db.copy_to(&copy).await?;
        ("sqlite", SQLITE, tables::of_sqlite(&copy).await?)
    } else {
        let dump = into.join(DUMP);
        ("postgres", DUMP, postgres::dump(&place.url, &dump).await?)
    };
    let (source, target) = (place.data_dir, into.to_path_buf());
    // Gigabytes of recordings: not on the threads that carry the calls' voice.
    let files = tokio::task::spawn_blocking(move || {
        let mut files = copy::tree(&source, &KEPT, &target, before.as_deref())?;
        files.insert(name.to_owned(), copy::digest(&target.join(name))?);
        anyhow::Ok(files)
    })
    .await??;
    let manifest = Manifest {
        taken_at,
        database: database.to_owned(),
        tables,
        files,
    };
    manifest.write(into)?;
    Ok(manifest)
}

/// The names of the complete backups in a folder, the oldest first.
fn complete(into: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(into) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join(MANIFEST).exists())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_named_by_time(name))
        .collect();
    names.sort();
    names
}

/// `20261125-093000`: nothing else in that folder is ours to link to or to remove.
fn is_named_by_time(name: &str) -> bool {
    name.len() == 15
        && name.bytes().enumerate().all(|(at, byte)| {
            if at == 8 {
                byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        })
}

fn newest(into: &Path) -> Option<PathBuf> {
    complete(into).pop().map(|name| into.join(name))
}

async fn run(command: &mut tokio::process::Command, program: &str) -> Result<()> {
    let output = command.kill_on_drop(true).output().await.with_context(|| {
        format!("{program} is needed for a PostgreSQL database; install Debian's postgresql-client")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} failed: {}", said.trim());
    }
    Ok(())
}
