//! Has recordings written down, one after the other, each lane on its own; never on the path of a call.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::problem::{Result, internal};
use kernel::{JobDef, Tx};

use super::settings::TranscriptSettings;
use super::store::{self, Outcome, row};
use super::{SpokenLane, TranscriptFailure, client, read, together, wav};
use crate::Desk;
use crate::house::Spoken;
use crate::recording::RATE;

const NAME: &str = "quality.transcribe";
/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_secs(10);

/// The job, where a service is connected.
pub(crate) fn job(desk: &Desk) -> Option<JobDef> {
    let settings = desk.transcripts.clone()?;
    let desk = desk.clone();
    Some(JobDef::every(NAME, EVERY, move || {
        let (desk, settings) = (desk.clone(), settings.clone());
        async move { all_due(&desk, &settings).await }
    }))
}

async fn all_due(desk: &Desk, settings: &TranscriptSettings) -> Result<()> {
    let lasting = TimeDelta::from_std(2 * settings.timeout()).map_err(internal)?;
    let lasting = lasting + TimeDelta::minutes(2);
    while !desk.app.shutdown.is_cancelled() {
        let Some(claimed) = store::claim(&desk.app, lasting).await? else {
            return Ok(());
        };
        let outcome = attempt(desk, settings, &claimed).await?;
        let (app, model) = (desk.app.clone(), settings.model.clone());
        let work =
            move |tx: Tx| async move { store::finish(&app, &tx, &claimed, outcome, &model).await };
        desk.app.db.write(work).await?;
    }
    Ok(())
}

async fn attempt(
    desk: &Desk,
    settings: &TranscriptSettings,
    claimed: &row::Model,
) -> Result<Outcome> {
    let most = settings.attempts;
    let failed = |why| Ok(Outcome::Failed(why, most));
    // A process that died in the middle of each attempt is not to die of it for good.
    if claimed.case()?.attempts > most {
        return failed(TranscriptFailure::Interrupted);
    }
    let longest = settings.most_samples();
    let lanes = match desk.contacts.spoken(claimed.call_id, longest).await? {
        Spoken::Lanes(lanes) => lanes,
        Spoken::TooLong => return failed(TranscriptFailure::TooLong),
        Spoken::NoRecording => return failed(TranscriptFailure::NoRecording),
        Spoken::Erased => return Ok(Outcome::Erased),
    };
    let [requester, agent] = lanes;
    let duration_ms = requester.len() as u64 * 1_000 / RATE as u64;
    let mut segments = Vec::new();
    for (lane, samples) in [
        (SpokenLane::Requester, requester),
        (SpokenLane::Agent, agent),
    ] {
        // Erased or removed while the other lane was on its way.
        if !store::is_claimed(desk.app.db.read(), claimed).await? {
            return Ok(Outcome::Erased);
        }
        let sent = wav(&samples);
        drop(samples);
        let answer = client::send(&desk.app, settings, sent).await;
        match answer.and_then(|answer| read(&answer, lane, duration_ms)) {
            Ok(said) => segments.extend(said),
            Err(why) => return failed(why),
        }
    }
    Ok(Outcome::Words(together(segments), duration_ms))
}
