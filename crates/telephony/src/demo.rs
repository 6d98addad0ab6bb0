//! Calls of the demo's last weeks, each with a recording of two voices that say nothing.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::problem::{Result, internal};
use kernel::{App, Phone};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::calls::rows::{blank, call};
use crate::calls::{keeping, recording};
use crate::media::codec::RATE;
use crate::media::recorder;

/// A call that was answered and is over.
#[derive(Debug, Clone)]
pub struct PastCall {
    /// Who had it.
    pub agent: Uuid,
    /// The number read out to the requester.
    pub staff_no: String,
    /// When it was answered.
    pub answered_at: DateTime<Utc>,
    /// Length in seconds.
    pub seconds: u32,
    /// What the requester rated it, 1 to 5.
    pub rating: Option<i32>,
    /// Who speaks when: the requester's spells and the agent's, in seconds.
    pub spells: [&'static [(u32, u32)]; 2],
}

/// There is a call already.
pub async fn any(app: &App) -> Result<bool> {
    Ok(call::Entity::find().count(app.db.read()).await? > 0)
}

/// Two voices as a line carries them: syllables of a tone, each voice with its own pitch.
fn voices(seconds: u32, spells: [&[(u32, u32)]; 2]) -> Vec<[i16; 2]> {
    /// Samples of half a wave of each voice.
    const PITCH: [usize; 2] = [19, 31];
    let speaks = |lane: usize, second: usize| {
        let mut spells = spells[lane].iter();
        spells.any(|(from, until)| (*from as usize..*until as usize).contains(&second))
    };
    let sample = |lane: usize, at: usize| -> i16 {
        if !speaks(lane, at / RATE) {
            return 0;
        }
        // Four syllables a second, swelling and fading.
        let place = at % (RATE / 4);
        let swell = place.min(RATE / 4 - place) * 9_000 / (RATE / 4);
        let size = i16::try_from(swell).unwrap_or(i16::MAX);
        if (at / PITCH[lane]).is_multiple_of(2) {
            size
        } else {
            -size
        }
    };
    let whole = seconds as usize * RATE;
    (0..whole)
        .map(|at| [sample(0, at), sample(1, at)])
        .collect()
}

/// Writes a call with its recording, as it would stand there; nobody hears of it.
pub async fn past_call(app: &App, past: PastCall) -> Result<Uuid> {
    let id = app.ids.next();
    let arrived_at = past.answered_at - TimeDelta::seconds(8);
    let path = recording::path_of(id, arrived_at);
    let bytes = recorder::written(&voices(past.seconds, past.spells));
    app.files.put(&path, &bytes).await?;
    let ended_at = past.answered_at + TimeDelta::seconds(past.seconds.into());
    let row = call::Model {
        hotline: "12345".to_owned(),
        // Withheld, not erased.
        caller_hash: Phone::new(String::new()).hash(app.key.bytes()),
        agent_id: Some(past.agent),
        staff_no: Some(past.staff_no),
        state: "ended".to_owned(),
        outcome: Some("answered".to_owned()),
        ended_by: Some("requester".to_owned()),
        rung_at: Some(arrived_at),
        answered_at: Some(past.answered_at),
        ended_at: Some(ended_at),
        recording_state: "complete".to_owned(),
        recording_path: Some(path),
        recording_ms: Some(i64::from(past.seconds) * 1_000),
        recording_bytes: Some(i64::try_from(bytes.len()).map_err(internal)?),
        recording_sha256: Some(hex::encode(Sha256::digest(&bytes))),
        rating: past.rating,
        ..blank(id, arrived_at)
    };
    let db = app.db.clone();
    db.write(move |tx| async move {
        let made = row.clone().into_active_model().reset_all();
        call::Entity::insert(made)
            .exec_without_returning(&*tx)
            .await?;
        keeping::enter(&tx, &row).await
    })
    .await?;
    Ok(id)
}
