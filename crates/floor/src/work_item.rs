//! A work as a row: what was offered to the floor and what became of it. The rows are what the
//! figures are recounted from.

pub mod parts;
pub mod store;

use acd::{MediaKind, WorkId};
use chrono::{DateTime, Utc};

/// Nobody took it and the process that knew it is gone.
pub const INTERRUPTED: &str = "interrupted";

/// A new row.
pub fn new(
    id: WorkId,
    media: MediaKind,
    queue: Option<String>,
    offered_at: DateTime<Utc>,
) -> store::Model {
    store::Model {
        id,
        media: media.as_str().to_owned(),
        queue,
        priority: 0,
        subject: serde_json::Value::Null,
        offered_at,
        first_rung_at: None,
        rings: 0,
        accepted_at: None,
        in_time: None,
        agent_id: None,
        ended_at: None,
        outcome: None,
        short: false,
        wait_ms: None,
        wrap_up_began_at: None,
        wrap_up_ended_at: None,
        wrap_up_extensions: 0,
        wrap_up_expired: false,
        callback_due: false,
        callback_done_at: None,
        callback_done_by: None,
        callback_note: None,
        continues: None,
    }
}

/// A call from outside into a queue: what the wallboard counts. A request that waits on as a call-back is
/// counted there.
pub fn counts(row: &store::Model) -> bool {
    row.media == MediaKind::Voice.as_str()
        && row.queue.is_some()
        && row.outcome.as_deref() != Some(acd::Outcome::Callback.as_str())
}
