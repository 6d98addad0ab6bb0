//! What was measured of recordings, kept by call.

use std::collections::HashMap;

use kernel::problem::{Result, internal};
use kernel::{App, Tx};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter, QuerySelect,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Signals, SoundMark};

/// Ids of one statement.
const AT_ONCE: usize = 500;

kernel::table! {
    /// The signals of one call.
    pub mod row = "call_signals" (call_id: Uuid) {
        measured_at: DateTimeUtc,
        duration_ms: i64,
        silence_ms: i64,
        longest_silence_ms: i64,
        overlap_ms: i64,
        requester_ms: i64,
        agent_ms: i64,
        body: Json,
    }
}

/// What is drawn; the lanes in hex.
#[derive(Serialize, Deserialize)]
struct Body {
    silences: Vec<SoundMark>,
    overlaps: Vec<SoundMark>,
    lanes: [String; 2],
}

impl row::Model {
    /// What the recording told.
    pub fn signals(&self) -> Result<Signals> {
        let body: Body = serde_json::from_value(self.body.clone()).map_err(internal)?;
        let [requester, agent] = body.lanes;
        let ms = |kept: i64| u64::try_from(kept).unwrap_or_default();
        let lane = |kept: String| hex::decode(kept).map_err(internal);
        Ok(Signals {
            duration_ms: ms(self.duration_ms),
            silence_ms: ms(self.silence_ms),
            longest_silence_ms: ms(self.longest_silence_ms),
            overlap_ms: ms(self.overlap_ms),
            requester_ms: ms(self.requester_ms),
            agent_ms: ms(self.agent_ms),
            silences: body.silences,
            overlaps: body.overlaps,
            lanes: [lane(requester)?, lane(agent)?],
        })
    }
}

/// What is known of a call's recording.
pub async fn of_call(conn: &impl ConnectionTrait, call: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find_by_id(call).one(conn).await?)
}

/// The longest silence of each of these calls that was measured.
pub(crate) async fn silences(
    conn: &impl ConnectionTrait,
    calls: Vec<Uuid>,
) -> Result<HashMap<Uuid, u64>> {
    let mut found = HashMap::new();
    for some in calls.chunks(AT_ONCE) {
        let rows: Vec<(Uuid, i64)> = row::Entity::find()
            .select_only()
            .columns([row::Column::CallId, row::Column::LongestSilenceMs])
            .filter(row::Column::CallId.is_in(some.iter().copied()))
            .into_tuple()
            .all(conn)
            .await?;
        let rows = rows.into_iter();
        found.extend(rows.map(|(id, ms)| (id, u64::try_from(ms).unwrap_or_default())));
    }
    Ok(found)
}

/// Keeps what was measured; measured again, the later stands.
pub async fn keep(app: &App, tx: &Tx, call: Uuid, signals: &Signals) -> Result<()> {
    use row::Column;
    let ms = |measured: u64| i64::try_from(measured).map_err(internal);
    let body = Body {
        silences: signals.silences.clone(),
        overlaps: signals.overlaps.clone(),
        lanes: signals.lanes.clone().map(hex::encode),
    };
    let kept = row::Model {
        call_id: call,
        measured_at: app.clock.now(),
        duration_ms: ms(signals.duration_ms)?,
        silence_ms: ms(signals.silence_ms)?,
        longest_silence_ms: ms(signals.longest_silence_ms)?,
        overlap_ms: ms(signals.overlap_ms)?,
        requester_ms: ms(signals.requester_ms)?,
        agent_ms: ms(signals.agent_ms)?,
        body: serde_json::to_value(&body).map_err(internal)?,
    };
    let anew = OnConflict::column(Column::CallId)
        .update_columns([
            Column::MeasuredAt,
            Column::DurationMs,
            Column::SilenceMs,
            Column::LongestSilenceMs,
            Column::OverlapMs,
            Column::RequesterMs,
            Column::AgentMs,
            Column::Body,
        ])
        .to_owned();
    row::Entity::insert(kept.into_active_model().reset_all())
        .on_conflict(anew)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}
