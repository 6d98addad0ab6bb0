//! Missed calls (待回拨): who was not answered is called back.

pub mod http;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::work_item::store::Model;

/// A missed call.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Callback {
    /// The call.
    pub work_id: Uuid,
    /// The queue it came to.
    pub queue: Option<String>,
    /// When it came.
    pub missed_at: DateTime<Utc>,
    /// How long the requester waited, in milliseconds; null when that is not known.
    pub wait_ms: Option<i64>,
    /// Why nobody answered: `abandoned`, `no_agent_answer`, `interrupted`.
    pub outcome: Option<String>,
    /// The requester, masked.
    pub caller: Option<String>,
    /// When it was returned.
    pub done_at: Option<DateTime<Utc>>,
    /// By whom.
    pub done_by: Option<Uuid>,
    /// What came of it.
    pub note: Option<String>,
}

impl From<Model> for Callback {
    fn from(row: Model) -> Self {
        Self {
            work_id: row.id,
            queue: row.queue,
            missed_at: row.offered_at,
            wait_ms: row.wait_ms,
            outcome: row.outcome,
            caller: row
                .subject
                .get("caller")
                .and_then(|caller| caller.as_str())
                .map(ToOwned::to_owned),
            done_at: row.callback_done_at,
            done_by: row.callback_done_by,
            note: row.callback_note,
        }
    }
}
