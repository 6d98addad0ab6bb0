//! Works: calls and chats on their way to an agent.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::queue::Place;

/// An agent; the id of his user.
pub type AgentId = Uuid;
/// A work; the id of the call or conversation.
pub type WorkId = Uuid;

/// The medium of a work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A call: takes the whole person.
    Voice,
    /// A conversation: takes one of the agent's slots.
    Chat,
}

impl MediaKind {
    /// Both media.
    pub const ALL: [Self; 2] = [Self::Voice, Self::Chat];

    /// The name on the wire and in the rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Chat => "chat",
        }
    }
}

/// A work offered to a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its id.
    pub id: WorkId,
    /// Its medium.
    pub media: MediaKind,
    /// The code of the queue.
    pub queue: String,
    /// Added to the queue's priority.
    pub priority: i32,
    /// Who should get it if he is on duty: the first owner (首接负责制, A-32).
    pub preferred_agent: Option<AgentId>,
    /// When the requester began to wait; a time to come counts as now.
    pub offered_at: DateTime<Utc>,
}

/// Why a ring came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declined {
    /// The device is in use.
    Busy,
    /// It rang out.
    NoAnswer,
    /// The device is not there.
    Unreachable,
    /// The agent said no.
    Refused,
    /// The agent was sent away by somebody else while it rang or while the chat was open.
    AgentLeft,
}

impl Declined {
    /// The reason that stands with the agent's break.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::AgentLeft => "agent_left",
        }
    }
}

/// How a work ended; each has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An agent took it; for a work he began himself, the far end answered.
    Answered,
    /// The requester gave up while waiting.
    Abandoned,
    /// He gave up within the queue's short-abandon threshold.
    ShortAbandoned,
    /// Nobody took it within the queue's longest wait.
    NoAgentAnswer,
    /// A work an agent began himself was not answered by the far end.
    Unanswered,
    /// The medium was stopped under it, whoever had it.
    Interrupted,
    /// The requester waits no longer: a call-back took the place.
    Callback,
}

impl Outcome {
    /// The name on the wire and in the rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::ShortAbandoned => "short_abandoned",
            Self::NoAgentAnswer => "no_agent_answer",
            Self::Unanswered => "unanswered",
            Self::Interrupted => "interrupted",
            Self::Callback => "callback",
        }
    }
}

/// Where a work is. In each stage either an agent owns it or a timer runs for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In the queue; the longest wait runs.
    Waiting,
    /// In the queue, kept for its preferred agent until then.
    Reserved {
        /// The preferred agent.
        agent: AgentId,
        /// From then on it is for anybody.
        until: DateTime<Utc>,
    },
    /// At an agent's device.
    Ringing {
        /// The agent.
        agent: AgentId,
        /// It goes back to its place then.
        until: DateTime<Utc>,
    },
    /// Begun by an agent, not answered by the far end.
    Dialling {
        /// The agent.
        agent: AgentId,
    },
    /// An agent has it.
    Active {
        /// The agent.
        agent: AgentId,
    },
}

#[derive(Debug)]
pub(crate) struct Item {
    pub media: MediaKind,
    /// Index of the queue; `None` = begun by an agent himself.
    pub queue: Option<usize>,
    pub offered_at: DateTime<Utc>,
    pub give_up_at: DateTime<Utc>,
    pub place: Place,
    /// Taken at the first attempt: a first owner who let it ring is not asked twice.
    pub preferred: Option<AgentId>,
    pub stage: Stage,
    pub skipped: BTreeSet<AgentId>,
    /// A colleague asks: no wrap-up.
    pub consult: bool,
    /// An agent had it before and passed it on.
    pub passed: bool,
    /// How far its wait has opened the queue.
    pub tier: usize,
}

impl Item {
    /// A work that stands nowhere yet.
    pub(crate) fn new(
        media: MediaKind,
        queue: Option<usize>,
        place: Place,
        since: DateTime<Utc>,
    ) -> Self {
        Self {
            media,
            queue,
            offered_at: since,
            give_up_at: since,
            place,
            preferred: None,
            stage: Stage::Waiting,
            skipped: BTreeSet::new(),
            consult: false,
            passed: false,
            tier: 0,
        }
    }
}
