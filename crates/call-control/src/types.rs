//! The words a call speaks: what happens to it, what it wants done, how it ends.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One call; also the work id under which `floor` knows it.
pub type CallId = Uuid;
/// The user id of an agent.
pub type AgentId = Uuid;

/// One leg of a call, numbered in the order in which the legs came up. Never reused inside a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegId(pub u32);

/// A registered device of an agent: one contact of one softphone or desk phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId(pub u64);

/// Who placed the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// 呼入: a requester called the hotline.
    Inbound,
    /// 呼出: an agent called a number.
    Outbound,
}

/// How a call ended. Every call gets exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Requester and agent were connected.
    Answered,
    /// The requester hung up in the queue after the short-abandon threshold.
    Abandoned,
    /// The requester hung up before or within the short-abandon threshold.
    ShortAbandoned,
    /// The longest wait passed (inbound), or the agent's own device did not answer (outbound).
    NoAgentAnswer,
    /// The line was closed: the requester heard the after-hours greeting.
    AfterHours,
    /// Inbound: refused by us before it was answered. Outbound: refused or not answered over there.
    Rejected,
    /// The system stopped, or was killed, while the call was open (中断).
    Interrupted,
    /// A technical fault: no common codec, no media port, nothing came of the answer.
    Failed,
}

impl Outcome {
    /// The wire and database word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::ShortAbandoned => "short_abandoned",
            Self::NoAgentAnswer => "no_agent_answer",
            Self::AfterHours => "after_hours",
            Self::Rejected => "rejected",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// Who or what brought the call to its end; stands in the record beside the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The requester hung up.
    Requester,
    /// The agent hung up, at the device or in the console.
    Agent,
    /// Shoujie ended it: a time limit, a closed line, a lost device, a fault.
    System,
}

impl EndedBy {
    /// The wire and database word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }
}

/// What is played to a leg. The texts and files behind the names are `telephony`'s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Welcome and the notice that the call is recorded.
    Greeting,
    /// The line is closed, with the service hours.
    AfterHours,
    /// Music while waiting in the queue; never ends by itself.
    QueueMusic,
    /// "Agent number … at your service" (工号播报).
    StaffNumber(String),
    /// Music while held; never ends by itself.
    HoldMusic,
    /// Nobody could take the call within the longest wait.
    AllBusy,
    /// Ringing tone for an agent who waits for the far end; never ends by itself.
    Ringback,
}

impl Prompt {
    /// Whether the prompt repeats until it is stopped.
    pub const fn endless(&self) -> bool {
        matches!(self, Self::QueueMusic | Self::HoldMusic | Self::Ringback)
    }
}

/// Why a leg that was asked for did not come up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declined {
    /// 486, 600.
    Busy,
    /// 408, 480, or rung for too long.
    NoAnswer,
    /// No contact is registered, or its connection is gone.
    Unreachable,
    /// 603, 4xx, 5xx: anything else that says no.
    Refused,
}

/// Why an established leg is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// It hung up: BYE or CANCEL.
    HungUp,
    /// Its connection closed under it: a browser reloaded, crashed or lost the network.
    Lost,
    /// No RTP for the silence time-out.
    Silent,
    /// SIP or media fault.
    Fault,
}

/// A fact reported to the call. Facts are never refused: one that comes too late changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Inbound: the INVITE is acceptable and its media leg stands.
    Arrived {
        /// Whether the hotline is open now (service hours).
        open: bool,
    },
    /// Inbound: the call is refused before it is answered (overload, block list, …).
    Refuse,
    /// A prompt on this leg was played to its end.
    PromptEnded(LegId),
    /// `floor` asks to alert this agent on every one of these devices.
    Ring {
        /// The agent to alert.
        agent: AgentId,
        /// Read out to the requester when the agent answers.
        staff_no: String,
        /// Every registered contact of the agent; first answer wins.
        devices: Vec<DeviceId>,
    },
    /// `floor` takes the offer back (ring time-out, state change).
    StopRinging(AgentId),
    /// `floor` gave up: nobody took the call within the queue's longest wait.
    GiveUp,
    /// `floor` confirmed that the agent has the call.
    Confirmed(AgentId),
    /// `floor` says the call is no longer this agent's.
    NotConfirmed(AgentId),
    /// A leg answered.
    LegAnswered(LegId),
    /// A leg asked for did not come up.
    LegDeclined(LegId, Declined),
    /// A leg that was up is gone.
    LegGone(LegId, Gone),
    /// The far end of this leg put us on hold (`true`) or took us back, by re-INVITE.
    LegHeld(LegId, bool),
    /// A device of this agent registered again (after a reload of the console).
    DeviceBack {
        /// Whose device it is.
        agent: AgentId,
        /// The new contact.
        device: DeviceId,
    },
    /// A telephone key was pressed on this leg (RFC 4733 or INFO).
    Digit(LegId, char),
    /// The server is stopping.
    Stop,
    /// A deadline may have passed; send it at `next_deadline()`.
    Tick,
}

/// Something an agent wants done with the call; may be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// Play music to the requester.
    Hold,
    /// Take the requester back.
    Unhold,
    /// Stop the agent's voice from reaching the requester.
    Mute,
    /// Let it through again.
    Unmute,
    /// End the call.
    HangUp,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The call has ended.
    Ended,
    /// There is no agent in the call to do that.
    NotTalking,
    /// It is on hold already.
    AlreadyHeld,
    /// It is not on hold.
    NotHeld,
    /// It is muted already.
    AlreadyMuted,
    /// It is not muted.
    NotMuted,
}

impl Refusal {
    /// The stable code that the console translates.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ended => "call_ended",
            Self::NotTalking => "call_not_talking",
            Self::AlreadyHeld => "call_already_held",
            Self::NotHeld => "call_not_held",
            Self::AlreadyMuted => "call_already_muted",
            Self::NotMuted => "call_not_muted",
        }
    }
}

/// What the caller of this crate has to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Answer this incoming leg with 200.
    Answer(LegId),
    /// Refuse this incoming leg (503).
    Reject(LegId),
    /// Send an INVITE to a device of the agent.
    Invite {
        /// The name of the new leg.
        leg: LegId,
        /// Whom it belongs to.
        agent: AgentId,
        /// Where to.
        device: DeviceId,
        /// The device comes back into a call that goes on (`X-Reattach: 1`).
        reattach: bool,
    },
    /// Send an INVITE to the number of an outbound call.
    Dial(LegId),
    /// End this leg, whatever its state: CANCEL, BYE or a refusal.
    HangUp(LegId),
    /// Play to this leg; replaces what is being played to it.
    Play(LegId, Prompt),
    /// Stop playing to this leg.
    StopPlaying(LegId),
    /// Let requester and agent hear each other.
    Bridge {
        /// The requester's leg (left lane of the recording).
        requester: LegId,
        /// The agent's leg (right lane).
        agent: LegId,
    },
    /// Part them.
    Unbridge,
    /// Stop (or let through) what this leg says.
    Mute(LegId, bool),
    /// Begin the recording; sent at most once in a call.
    StartRecording,
    /// Close the recording.
    StopRecording,
    /// Offer the call to `floor`.
    Offer,
    /// Tell `floor` that nobody waits any more.
    Withdraw,
    /// Tell `floor` that this agent has the call: inbound, his device answered, report back
    /// `Confirmed` or `NotConfirmed`; outbound, the number answered.
    Accepted(AgentId),
    /// Tell `floor` that this agent has the call, which it did not answer for in time; it is his work
    /// whatever `floor` did with it meanwhile. Its answer to `Accepted` does not matter any more.
    Adopt(AgentId),
    /// Tell `floor` that this agent did not take it.
    Declined(AgentId, Declined),
    /// Tell `floor` whether the requester is on hold.
    Held(bool),
    /// Tell `floor` that the agent's part is over: wrap-up begins, or, when nobody was reached, he
    /// gets back the state he had.
    TalkEnded,
    /// Tell `floor` that the call was cut off by the server's stop: instead of `Withdraw` and `TalkEnded`.
    Interrupted,
    /// Write this change into the journal.
    Journal(Event),
    /// The call is over; nothing follows.
    Finish {
        /// The one outcome.
        outcome: Outcome,
        /// Who brought it about.
        ended_by: EndedBy,
    },
}

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
    /// The call is over.
    Ended {
        /// How.
        outcome: Outcome,
        /// By whom.
        ended_by: EndedBy,
    },
}

/// The time limits of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From INVITE to `Arrived`.
    pub arrive: TimeDelta,
    /// A prompt that did not report its end is taken as ended.
    pub prompt: TimeDelta,
    /// Longest wait in the queue, ringing included; a backstop behind the queue's own, which `floor` keeps.
    pub wait: TimeDelta,
    /// The queue's rule: hang-ups within this after joining it are short abandons (domain.md §B.4, `Bs`).
    pub short_abandon: TimeDelta,
    /// `floor` must confirm an answer within this.
    pub confirm: TimeDelta,
    /// The agent's device may be away for this long in mid-call.
    pub grace: TimeDelta,
    /// A device that came back must answer within this.
    pub reattach: TimeDelta,
    /// Outbound: the agent's own device must answer within this.
    pub own_device: TimeDelta,
    /// Outbound: the number must answer within this.
    pub dial: TimeDelta,
    /// Longest talk.
    pub talk: TimeDelta,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            arrive: TimeDelta::seconds(10),
            prompt: TimeDelta::seconds(60),
            wait: TimeDelta::hours(1),
            short_abandon: TimeDelta::seconds(5),
            confirm: TimeDelta::seconds(3),
            grace: TimeDelta::seconds(15),
            reattach: TimeDelta::seconds(10),
            own_device: TimeDelta::seconds(30),
            dial: TimeDelta::seconds(60),
            talk: TimeDelta::hours(4),
        }
    }
}

/// The times of a call that its record and its figures are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// Joined the queue.
    pub queued_at: Option<DateTime<Utc>>,
    /// First alert of an agent.
    pub rung_at: Option<DateTime<Utc>>,
    /// Requester and agent connected.
    pub answered_at: Option<DateTime<Utc>>,
    /// Over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Held altogether, in milliseconds, the present hold not included.
    pub held_ms: i64,
}
