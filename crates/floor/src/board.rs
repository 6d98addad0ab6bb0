//! What the lead's control room and the wallboard show.

pub mod http;

use acd::MediaKind;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::agent_state::AgentView;
use crate::words;

/// A queue as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Calls that talk to nobody yet, those included that ring at an agent.
    pub waiting: usize,
    /// Since when the one waits that waits longest.
    pub waiting_since: Option<DateTime<Utc>>,
    /// For how many seconds; 0 when none waits.
    pub longest_wait_s: i64,
    /// Chats that nobody took yet.
    pub chats_waiting: usize,
}

/// A work that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitingView {
    /// The call or conversation.
    pub work_id: Uuid,
    /// Its medium.
    #[schema(value_type = words::MediaWord)]
    pub media: MediaKind,
    /// The queue's code.
    pub queue: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The requester, masked.
    pub caller: Option<String>,
    /// The agent at whom it rings.
    pub rings_at: Option<Uuid>,
}

/// Where a requester stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// How many of the same medium are before him in his queue. Whose call rings at an agent has nobody
    /// before him, and is before nobody.
    pub ahead: u32,
    /// How long it will take about. Of the queue's last twenty talks the mean time an agent was taken (talk and
    /// wrap-up), times the places up to his own, over the agents on duty for the queue. An agent of several queues
    /// counts in each, so it is rather too short. `None` before the first talk since the start, and with nobody
    /// on duty.
    pub expected_wait_s: Option<u32>,
}

/// The floor as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FloorSnapshot {
    /// When.
    pub as_of: DateTime<Utc>,
    /// The queues, by code.
    pub queues: Vec<QueueView>,
    /// The agents, by staff number.
    pub agents: Vec<AgentView>,
    /// Who waits, longest first.
    pub waiting: Vec<WaitingView>,
}

/// The numbers everybody can read from across the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wallboard {
    /// When.
    pub as_of: DateTime<Utc>,
    /// 排队: calls that talk to nobody yet, in all queues.
    pub waiting: usize,
    /// Since when the one waits that waits longest.
    pub waiting_since: Option<DateTime<Utc>>,
    /// 最长等待, seconds; 0 when none waits.
    pub longest_wait_s: i64,
    /// 15 秒接通率 today (K-02) in basis points; null before the first call is decided.
    pub answered_in_15_bp: Option<u64>,
    /// The formula of that number: `A15/O`, O = today's calls whose wait is over.
    pub answered_in_15_formula: &'static str,
    /// 在岗: agents who are not signed out.
    pub on_post: usize,
    /// 应到: posts of the contract.
    pub expected: u32,
    /// 待回拨: missed calls that nobody returned yet.
    pub callbacks_due: usize,
    /// When the oldest of them came in.
    pub oldest_callback_at: Option<DateTime<Utc>>,
    /// 今日来电: calls into the queues today (Asia/Shanghai).
    pub calls_today: u64,
    /// Of them answered.
    pub answered_today: u64,
    /// Of them answered within the service level.
    pub in_time_today: u64,
    /// Of them given up by the requester, the short ones included.
    pub abandoned_today: u64,
    /// Of them given up within the short-abandon threshold.
    pub short_abandoned_today: u64,
    /// Of them lost otherwise.
    pub lost_today: u64,
}

/// The wallboard with what its numbers are held against.
#[derive(Debug, Serialize, ToSchema)]
pub struct WallboardView {
    /// The numbers; what the screens are told when they change.
    #[serde(flatten)]
    pub now: Wallboard,
    /// The 15 秒接通率 asked for, in basis points; null when no parameter says it.
    pub answered_in_15_target_bp: Option<i64>,
}

/// How K-02 is counted, printed beside it.
pub const IN_TIME_FORMULA: &str = "A15/O";

/// Seconds from `since` to `now`, 0 when nothing waits.
pub(crate) fn waited_s(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> i64 {
    since.map_or(0, |since| (now - since).num_seconds().max(0))
}
