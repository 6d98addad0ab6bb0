//! What goes into the distributor and what comes out.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::agent::{AgentProfile, AgentState, By, Presence};
use crate::queue::Queue;
use crate::work::{AgentId, Declined, MediaKind, Outcome, Work, WorkId};

/// Something happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// A queue is new or has new rules. Works keep the place they have.
    PutQueue(Queue),
    /// An agent is new or has new skills. He starts signed out.
    PutAgent(AgentProfile),
    /// The agent's device registered, or is gone.
    Reachable {
        /// The agent.
        agent: AgentId,
        /// Whether a call can ring there.
        reachable: bool,
    },
    /// The agent asks for a state. With work in hand it comes when wrap-up is over.
    Ask {
        /// The agent.
        agent: AgentId,
        /// What he asks for.
        presence: Presence,
        /// Why; stands beside the state.
        reason: Option<String>,
    },
    /// Somebody else sets the state. A ring goes back to the queue and wrap-up ends at once; only a
    /// conversation under way is waited for.
    Force {
        /// The agent.
        agent: AgentId,
        /// The state.
        presence: Presence,
        /// Why.
        reason: Option<String>,
        /// Who.
        by: AgentId,
    },
    /// After a restart: the agent gets back what he had. Nothing happens unless he is signed out.
    Restore {
        /// The agent.
        agent: AgentId,
        /// What he had chosen.
        presence: Presence,
        /// Its reason.
        reason: Option<String>,
        /// The wrap-up he was in, or that the interrupted call leaves.
        wrap_up: Option<RestoredWrapUp>,
    },
    /// A requester waits.
    Offer(Work),
    /// The requester gave up.
    Withdraw {
        /// The work.
        work: WorkId,
        /// When he did, if it is told late; what he waited is measured by it.
        at: Option<DateTime<Utc>>,
    },
    /// The medium gives the wait up though the requester has not: the line closed. As after the longest wait.
    GiveUp {
        /// The work.
        work: WorkId,
    },
    /// An agent talks to the requester already: the medium connected them while the distributor was
    /// silent. It is his work, whatever became of it meanwhile, even if it was given up.
    Adopt {
        /// The work as it was offered.
        work: Work,
        /// The agent.
        agent: AgentId,
    },
    /// The medium was stopped under the work.
    Interrupt {
        /// The work.
        work: WorkId,
    },
    /// The agent's device answered; for a work he began, the far end did.
    Accepted {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
    },
    /// The agent's device will not take it. Late news of a ring that is over is ignored.
    Declined {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
        /// Why.
        why: Declined,
    },
    /// The requester was put on hold or taken back.
    Hold {
        /// The work.
        work: WorkId,
        /// On hold.
        held: bool,
    },
    /// The conversation is over.
    Ended {
        /// The work.
        work: WorkId,
    },
    /// The agent calls somebody himself.
    Began {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
    },
    /// The agent passes the work he has on without waiting for an answer: it stands in a queue again, at its
    /// old place, and his wrap-up begins.
    Pass {
        /// The work.
        work: WorkId,
        /// To whom.
        to: PassTo,
    },
    /// A colleague asks this agent something by a call of its own. As `Began`, but it leaves no wrap-up.
    Consult {
        /// The call between the two.
        work: WorkId,
        /// Who is asked.
        agent: AgentId,
    },
    /// An agent with a requester on the line asks whomever this queue gives: it rings them one after the other, as
    /// for a requester, with the place that the requester has. As `Consult` it leaves no wrap-up.
    ConsultQueue {
        /// The call between the two.
        work: WorkId,
        /// The work in which is asked.
        about: WorkId,
        /// The queue, by its code.
        queue: String,
    },
    /// A transfer was completed: the work is this agent's, and the wrap-up of the one who had it begins.
    HandOver {
        /// The work.
        work: WorkId,
        /// The call in which the two agreed; it is over by this.
        consult: Option<WorkId>,
        /// Who has it from now on.
        to: AgentId,
    },
    /// The requester would rather be called back: his wait ends, and the call-back stands in his place.
    KeepPlace {
        /// The work that waits.
        old: WorkId,
        /// The call-back. It waits since the old one did.
        new: Work,
    },
    /// After a restart: a call-back stands in the place it had, with a full longest wait from now. It was counted
    /// before, and is not told of again.
    ResumePlace(Work),
    /// The agent has written the work up.
    EndWrapUp {
        /// The agent.
        agent: AgentId,
        /// The work, so that late news of one never ends the wrap-up of the next.
        work: WorkId,
    },
    /// The agent needs more time to write the work up.
    ExtendWrapUp {
        /// The agent.
        agent: AgentId,
    },
    /// Time passed: `Acd::next_deadline` was reached.
    Tick,
}

/// To whom a work is passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassTo {
    /// An agent: he is rung as soon as he is free, for `preferred_wait`; then anybody is.
    Agent(AgentId),
    /// A queue, by its code.
    Queue(String),
}

/// A wrap-up brought over a restart.
#[derive(Debug, Clone)]
pub struct RestoredWrapUp {
    /// The work.
    pub work: WorkId,
    /// The queue it came through.
    pub queue: Option<String>,
    /// When it ends; `None` = the queue's full time from now.
    pub ends_at: Option<DateTime<Utc>>,
    /// Extensions used.
    pub extensions: u32,
}

/// Something to do, or to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A work stands in the queue.
    Queued {
        /// The work.
        work: WorkId,
        /// The queue's code.
        queue: String,
    },
    /// Do: alert the agent's device.
    Ring {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
        /// The medium.
        media: MediaKind,
        /// The queue's code.
        queue: String,
        /// When it stops.
        until: DateTime<Utc>,
    },
    /// Do: stop alerting it.
    StopRinging {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
        /// The medium.
        media: MediaKind,
    },
    /// A work went back to its place in the queue; a `Ring` for the next agent may follow.
    Returned {
        /// The work.
        work: WorkId,
        /// The agent it comes from.
        agent: AgentId,
        /// The queue's code.
        queue: String,
        /// Why.
        why: Declined,
    },
    /// An agent has the work. Told again if a chat went back to the queue and was taken again.
    Accepted {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
        /// The queue's code; `None` = he began it.
        queue: Option<String>,
        /// How long the requester waited.
        wait: Duration,
        /// Within the queue's service level.
        in_time: bool,
    },
    /// The agent passed the work on: it stands in this queue. A `Ring` may follow.
    Passed {
        /// The work.
        work: WorkId,
        /// Who had it.
        from: AgentId,
        /// The queue it stands in now.
        queue: String,
        /// Whom it is for, if it was passed to one agent.
        to: Option<AgentId>,
    },
    /// The work went from hand to hand.
    HandedOver {
        /// The work.
        work: WorkId,
        /// Who had it.
        from: AgentId,
        /// Who has it.
        to: AgentId,
        /// The queue's code; `None` = an agent began it.
        queue: Option<String>,
    },
    /// The work is over. Exactly once for each.
    Ended {
        /// The work.
        work: WorkId,
        /// The medium. With `Outcome::NoAgentAnswer` the requester is still there: do let him go.
        media: MediaKind,
        /// The queue's code; `None` = an agent began it.
        queue: Option<String>,
        /// How it ended.
        outcome: Outcome,
        /// Who had it.
        agent: Option<AgentId>,
        /// How long the requester waited, if nobody answered.
        wait: Option<Duration>,
    },
    /// Wrap-up runs. Told again for the same work and agent when he had it twice: the later stands for both.
    WrapUpBegan {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
        /// Its queue.
        queue: Option<String>,
        /// When it ends.
        ends_at: DateTime<Utc>,
    },
    /// Wrap-up was extended, or goes on after a call in the middle of it.
    WrapUpExtended {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
        /// When it ends now.
        ends_at: DateTime<Utc>,
        /// Extensions used.
        extensions: u32,
    },
    /// The agent ended it.
    WrapUpEnded {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
    },
    /// Its time ran out, or a lead ended it: what is not written is owed.
    WrapUpExpired {
        /// The work.
        work: WorkId,
        /// The agent.
        agent: AgentId,
    },
    /// The agent's state, or its reason, changed.
    AgentChanged {
        /// The agent.
        agent: AgentId,
        /// From.
        from: AgentState,
        /// To.
        to: AgentState,
        /// The reason that stands beside it.
        reason: Option<String>,
        /// The work in hand.
        work: Option<WorkId>,
        /// Who brought it about.
        by: By,
    },
    /// The state changes to this when the work in hand is done; `None` = no longer.
    AgentWishes {
        /// The agent.
        agent: AgentId,
        /// To come.
        presence: Option<Presence>,
    },
}

/// Why an input changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No such agent.
    AgentUnknown,
    /// No such queue.
    QueueUnknown,
    /// No such work, or it is over.
    WorkUnknown,
    /// A work of this id is here already.
    AlreadyOffered,
    /// The work is not, or no longer, offered to this agent.
    NoLongerOffered,
    /// The agent has a work in hand.
    AgentBusy,
    /// The agent is signed out.
    AgentSignedOut,
    /// The agent is not in wrap-up.
    NotInWrapUp,
    /// Every extension is used.
    NoExtensionLeft,
    /// Nobody talks in this work.
    NotTalking,
    /// No device of the agent is registered: nothing could ring.
    NoDevice,
    /// This agent takes no work of that queue now.
    AgentNotFree,
    /// Nobody waits in this work.
    NotWaiting,
}

impl Refusal {
    /// Stable code, translated by the console.
    pub fn code(self) -> &'static str {
        match self {
            Self::AgentUnknown => "agent_unknown",
            Self::QueueUnknown => "queue_unknown",
            Self::WorkUnknown => "work_unknown",
            Self::AlreadyOffered => "already_offered",
            Self::NoLongerOffered => "no_longer_offered",
            Self::AgentBusy => "agent_busy",
            Self::AgentSignedOut => "agent_signed_out",
            Self::NotInWrapUp => "not_in_wrap_up",
            Self::NoExtensionLeft => "no_extension_left",
            Self::NotTalking => "not_talking",
            Self::NoDevice => "no_device",
            Self::AgentNotFree => "agent_not_free",
            Self::NotWaiting => "not_waiting",
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AgentUnknown => "there is no such agent",
            Self::QueueUnknown => "there is no such queue",
            Self::WorkUnknown => "there is no such work, or it is over",
            Self::AlreadyOffered => "this work was offered before",
            Self::NoLongerOffered => "this work is no longer offered to this agent",
            Self::AgentBusy => "the agent has a call in hand",
            Self::AgentSignedOut => "the agent is signed out",
            Self::NotInWrapUp => "the agent is not in wrap-up",
            Self::NoExtensionLeft => "wrap-up cannot be extended again",
            Self::NotTalking => "nobody talks in this work",
            Self::NoDevice => "no device of the agent is registered, so no call could ring",
            Self::AgentNotFree => "this agent takes no work of that queue now",
            Self::NotWaiting => "nobody waits in this work",
        })
    }
}

impl std::error::Error for Refusal {}

/// What `Acd::handle` did. The outputs count even beside a refusal: timers may have fired first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Handled {
    /// To do and to tell, in this order.
    pub outputs: Vec<Output>,
    /// The input itself changed nothing.
    pub refusal: Option<Refusal>,
}
