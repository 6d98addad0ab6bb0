//! What a call writes into its journal.

use serde::{Deserialize, Serialize};

use super::{AgentId, Declined, EndedBy, Outcome, Supervision};

/// A line of the call's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// Answered by the system; the greeting plays.
    Greeted,
    /// The after-hours greeting plays.
    Closed,
    /// Waiting in the queue.
    Queued,
    /// An agent is alerted.
    Ringing {
        /// The agent.
        agent: AgentId,
    },
    /// The agent did not take it; the call waits again.
    RingEnded {
        /// The agent.
        agent: AgentId,
    },
    /// Requester and agent are connected.
    Answered {
        /// The agent.
        agent: AgentId,
    },
    /// The number of an outbound call is being called.
    Dialled,
    /// The requester is on hold.
    Held,
    /// The requester was taken back.
    Resumed,
    /// The agent is muted.
    Muted,
    /// The agent is heard again.
    Unmuted,
    /// The agent's device is gone; the call waits for it.
    DeviceLost,
    /// The agent's device is back.
    DeviceBack,
    /// A telephone key.
    Digit {
        /// 0-9, *, #, A-D.
        digit: char,
        /// Whether the requester pressed it.
        requester: bool,
    },
    /// The longest wait passed.
    WaitedTooLong,
    /// The line closed while he waited, and nobody was to be had after that either.
    ClosedWhileWaiting,
    /// The requester chose a queue in the menu.
    Chosen {
        /// Its code.
        queue: String,
    },
    /// The requester asked to be called back.
    CallbackAsked,
    /// The requester speaks into the message box.
    MessageBegan,
    /// He is done; the message lasts so long.
    MessageLeft {
        /// Milliseconds.
        length_ms: i64,
    },
    /// Somebody is asked; `None` = a number outside, or whomever a queue gives.
    Consulting {
        /// The colleague.
        asked: Option<AgentId>,
        /// The queue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<String>,
    },
    /// The one who is asked is on the line.
    ConsultAnswered {
        /// The colleague.
        asked: Option<AgentId>,
    },
    /// He did not answer, or is gone.
    ConsultEnded {
        /// The colleague.
        asked: Option<AgentId>,
    },
    /// The agent talks to the other one.
    Swapped,
    /// A three-way call began.
    Joined,
    /// The agent left the call to the third.
    HandedOver {
        /// From.
        from: Option<AgentId>,
        /// To; `None` = a number outside.
        to: Option<AgentId>,
    },
    /// The agent left the call to the queue.
    Passed {
        /// From.
        from: AgentId,
    },
    /// What is said is not recorded.
    RecordingPaused,
    /// It is recorded again.
    RecordingResumed,
    /// Keys were pressed for the agent; which ones is not kept.
    DigitsSent {
        /// How many.
        count: u32,
    },
    /// A supervisor takes part.
    Supervised {
        /// Who.
        supervisor: AgentId,
        /// How.
        mode: Supervision,
    },
    /// The supervisor left.
    SupervisionEnded {
        /// Who.
        supervisor: AgentId,
    },
    /// The supervisor took the call.
    TakenOver {
        /// Who.
        supervisor: AgentId,
        /// From whom.
        from: Option<AgentId>,
    },
    /// The requester is asked to rate.
    SurveyBegan,
    /// The requester rated.
    Rated {
        /// 1 to 5.
        score: u32,
    },
    /// The number of an outbound call did not answer.
    NotReached {
        /// Why.
        why: Declined,
    },
    /// The call is over.
    Ended {
        /// How.
        outcome: Outcome,
        /// By whom.
        ended_by: EndedBy,
    },
}
