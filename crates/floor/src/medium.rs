//! What a medium (telephony, channels) gives the floor and gets from it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use acd::{AgentId, Declined, MediaKind, WorkId};

/// A medium the floor drives. A method must return at once: do the work in a task.
///
/// The floor may call these before the `Floor` method that led to them has returned.
pub trait Medium: Send + Sync {
    /// Alert this agent's device; answer with `Floor::accepted` or `Floor::declined`.
    fn ring(&self, work: WorkId, agent: AgentId);

    /// Stop alerting it: the ring timed out, the requester gave up, or a lead sent the agent away.
    /// Comes after each ring the floor ends itself, not after `declined` and `accepted`.
    fn stop_ringing(&self, work: WorkId, agent: AgentId);

    /// Nobody took the work within the queue's longest wait. It is over for the floor (outcome
    /// `no_agent_answer`): let the requester go.
    fn give_up(&self, work: WorkId);
}

/// A work offered to the floor.
#[derive(Debug, Clone)]
pub struct Work {
    /// The call, or the conversation.
    pub id: WorkId,
    /// Its medium.
    pub media: MediaKind,
    /// The queue's code.
    pub queue: String,
    /// Added to the queue's priority; 0 for an ordinary one.
    pub priority: i32,
    /// The first owner of the requester's open ticket.
    pub preferred_agent: Option<AgentId>,
    /// When the requester began to wait.
    pub offered_at: DateTime<Utc>,
    /// What boards may show of the requester, masked: `{"caller": "139****0001"}`.
    pub subject: serde_json::Value,
}

/// What an agent takes calls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// The console's phone in the browser.
    Softphone,
    /// A SIP desk phone.
    DeskPhone,
}
