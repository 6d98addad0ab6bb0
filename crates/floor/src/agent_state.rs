//! The state of an agent as screens see it, and the history of it.

pub mod http;
pub mod store;

use acd::{AgentState, Presence};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::medium::DeviceKind;
use crate::words;

/// The device of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AgentDevice)]
pub struct DeviceView {
    /// A call can ring there.
    pub reachable: bool,
    /// What it is; null when there is none.
    pub kind: Option<DeviceKind>,
}

/// An agent as he stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentView {
    /// The user.
    pub id: Uuid,
    /// The person's name.
    pub name: String,
    /// 工号
    pub staff_no: Option<String>,
    /// The state.
    #[schema(value_type = words::AgentStateWord)]
    pub state: AgentState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The reason he gave, or the system: `no_answer`, `refused`, `busy`, `unreachable`, `device_lost`.
    pub reason: Option<String>,
    /// What he asked for meanwhile; comes when the work in hand is done.
    #[schema(value_type = Option<words::PresenceWord>)]
    pub next_state: Option<Presence>,
    /// The call in hand, or being written up.
    pub work_id: Option<Uuid>,
    /// When wrap-up ends by itself.
    pub wrap_up_ends_at: Option<DateTime<Utc>>,
    /// How often it was extended.
    pub wrap_up_extensions: u32,
    /// How often it can be.
    pub wrap_up_max_extensions: u32,
    /// Open chats.
    pub chats: usize,
    /// His device.
    pub device: DeviceView,
    /// Codes of the queues he serves.
    pub queues: Vec<String>,
}
