//! After a kill: calls that were open are closed as interrupted (中断) with what is known, and their
//! recordings are repaired. Runs once, before the first call.

use chrono::TimeDelta;
use kernel::App;
use kernel::problem::{Result, internal};
use serde_json::json;

use super::journal::{Journal, Line};
use super::rows::call;
use super::{recording, store};
use crate::media::recorder;

/// Told as of a recording that was closed in time: it is measured and judged like any other.
const RECORDED: &str = "call.recorded";

/// What was found and put in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Calls closed as interrupted.
    pub calls: usize,
    /// Recordings whose length was read from the file.
    pub recordings: usize,
}

/// Closes what the last process left open.
pub(crate) async fn recover(app: &App, journal: &Journal) -> Result<Recovered> {
    let mut done = Recovered::default();
    for mut row in store::left_open(app.db.read()).await? {
        let last = store::last_event_at(app.db.read(), row.id)
            .await?
            .unwrap_or(row.arrived_at);
        let mut ended_at = last;
        let repaired = repair(app, &mut row).await;
        if repaired {
            done.recordings += 1;
            // The sound tells best how long it went on.
            if let (Some(answered), Some(ms)) = (row.answered_at, row.recording_ms) {
                ended_at = ended_at.max(answered + TimeDelta::milliseconds(ms));
            }
        }
        row.ended_at = Some(ended_at);
        row.outcome = Some("interrupted".to_owned());
        row.ended_by = Some("system".to_owned());
        "ended".clone_into(&mut row.state);
        let mut told = vec!["call.ended", "call.interrupted"];
        told.extend(repaired.then_some(RECORDED));
        let details =
            json!({ "outcome": "interrupted", "ended_by": "system", "found_at_start": true });
        tracing::warn!(call = %row.id, state = row.state, "call found open at start: interrupted");
        write(app, journal, row, "ended", details, told).await?;
        done.calls += 1;
    }
    for mut row in store::not_measured(app.db.read()).await? {
        let repaired = repair(app, &mut row).await;
        done.recordings += usize::from(repaired);
        let told = Vec::from_iter(repaired.then_some(RECORDED));
        let details = json!({ "duration_ms": row.recording_ms, "sha256": row.recording_sha256 });
        write(app, journal, row, "recorded", details, told).await?;
    }
    Ok(done)
}

async fn write(
    app: &App,
    journal: &Journal,
    mut row: call::Model,
    event: &str,
    details: serde_json::Value,
    told: Vec<&'static str>,
) -> Result<()> {
    row.events += 1;
    let at = app.clock.now();
    let line = Line {
        told_at: row.ended_at.unwrap_or(at),
        row,
        at,
        event: event.to_owned(),
        details,
        told,
        live: None,
    };
    journal.write(line).await.map_err(internal)
}

/// Repairs the file and enters its length, size and hash; `false` when there is nothing to repair.
async fn repair(app: &App, row: &mut call::Model) -> bool {
    if row.recording_state != "running" {
        return false;
    }
    // Whatever comes of it, it is not running any more.
    "damaged".clone_into(&mut row.recording_state);
    let Some(local) = row
        .recording_path
        .as_deref()
        .and_then(|path| app.files.local_path(path).ok())
    else {
        return false;
    };
    let file = local.clone();
    let repaired = tokio::task::spawn_blocking(move || recorder::repair(&file)).await;
    let repaired = match repaired {
        Ok(Ok(repaired)) => repaired,
        Ok(Err(error)) => {
            tracing::error!(call = %row.id, %error, "recording cannot be repaired");
            return false;
        }
        Err(error) => {
            tracing::error!(call = %row.id, %error, "recording cannot be repaired");
            return false;
        }
    };
    row.recording_ms = i64::try_from(repaired.duration_ms).ok();
    if let Ok((bytes, sha256)) = recording::measure(local).await {
        row.recording_bytes = i64::try_from(bytes).ok();
        row.recording_sha256 = Some(sha256);
        "repaired".clone_into(&mut row.recording_state);
    }
    true
}
