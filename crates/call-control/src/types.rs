//! The words a call speaks: what happens to it, what it wants done, how it ends.

mod event;
mod request;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use event::Event;
pub use request::{Refusal, Request};

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
    /// The line was closed and the requester left a message (留言).
    MessageLeft,
    /// The requester chose to be called back and kept his place in the queue (漏接回拨, A-29).
    Callback,
    /// Inbound: refused by us before it was answered. Outbound: refused or not answered over there.
    Rejected,
    /// The system stopped, or was killed, while the call was open (中断).
    Interrupted,
    /// A block keeps this requester from calling: refused before it was answered.
    Blocked,
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
            Self::MessageLeft => "message_left",
            Self::Callback => "callback",
            Self::Rejected => "rejected",
            Self::Interrupted => "interrupted",
            Self::Blocked => "blocked",
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
    /// The one-level menu, where one is configured.
    Menu,
    /// How many are before the requester, and how long it will take.
    Position(Place),
    /// The line closed while he waited, and his agent is not to be had.
    Closing,
    /// The same, and "we will call you back".
    ClosingCallBack,
    /// "We will call you back; your place is kept."
    CallbackPromised,
    /// "Leave a message after the tone."
    LeaveMessage,
    /// "Please rate the service with a key from 1 to 5."
    Survey,
    /// Thanks for the rating, or for the message.
    Thanks,
}

/// Where a requester stands in his queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Requesters before him; `None` = not to be told.
    pub ahead: Option<u32>,
    /// Minutes he will wait, rounded up; `None` = unknown, or not to be told.
    pub minutes: Option<u32>,
    /// He may ask to be called back, with key 1.
    pub callback: bool,
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
    /// What the line offers beside an agent; told before `Arrived`, and again when it is known later.
    Line(Line),
    /// Inbound: where the requester stands in the queue, to be said to him now.
    Place(Place),
    /// Sound comes from the number that is being called (183 with SDP).
    EarlyMedia(LegId),
    /// Inbound: the call is refused before it is answered (overload, …).
    Refuse,
    /// Inbound: the same, as the requester is blocked.
    Block,
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
    /// `floor` asks to alert this agent as the third, for the queue that is asked.
    ThirdRing {
        /// The agent to alert.
        agent: AgentId,
        /// Read out to the requester when he takes over; may be empty.
        staff_no: String,
        /// Every registered contact of the agent; first answer wins.
        devices: Vec<DeviceId>,
    },
    /// `floor` takes that offer back.
    ThirdStopRinging(AgentId),
    /// `floor` says whether the third who answered is this agent.
    ThirdConfirmed(AgentId, bool),
    /// `floor` gave up: nobody of the queue that is asked is to be had.
    ThirdGiveUp,
    /// `floor` gave up: nobody took the call within the queue's longest wait.
    GiveUp,
    /// `floor` confirmed that the agent has the call.
    Confirmed(AgentId),
    /// `floor` says the call is no longer this agent's.
    NotConfirmed(AgentId),
    /// Inbound: the line closed while the requester waited, and the time to serve him all the same is over.
    Closing(AfterClosing),
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

/// What the line offers beside an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// A one-level menu: key and the queue behind it. Empty by default: straight to a person
    /// (GB/T 33358).
    pub menu: Vec<(char, String)>,
    /// Closed: the requester may leave a message.
    pub message_box: bool,
    /// The requester is asked to rate when the agent has ended the call.
    pub survey: bool,
}

/// What is done for a requester who still waits when the line has been closed for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AfterClosing {
    /// He may leave a message.
    MessageBox,
    /// He is told that he will be called back.
    CallBack,
    /// He is told, and let go.
    End,
}

/// Somebody who is brought into a talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// A colleague, on these devices.
    Agent {
        /// The colleague.
        agent: AgentId,
        /// Read out to the requester when he takes over; may be empty.
        staff_no: String,
        /// Every registered contact of his; first answer wins.
        devices: Vec<DeviceId>,
    },
    /// Somebody outside: a section's telephone.
    Number,
    /// Whomever `floor` rings for this queue; it is told by `ThirdRing`.
    Queue(String),
}

/// How much a supervisor takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supervision {
    /// 监听: hears all, nobody hears him.
    Listen,
    /// 耳语: the agent hears him.
    Whisper,
    /// 强插: everybody hears him.
    Barge,
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
        /// What for.
        part: Part,
    },
    /// Send an INVITE to the number of an outbound call.
    Dial(LegId),
    /// End this leg, whatever its state: CANCEL, BYE or a refusal.
    HangUp(LegId),
    /// Play to this leg; replaces what is being played to it.
    Play(LegId, Prompt),
    /// Stop playing to this leg.
    StopPlaying(LegId),
    /// Who hears whom from now on, all of it, in order; who is not named hears nobody.
    Connect(Vec<Path>),
    /// The third, or the supervisor, has the agent's place now.
    Replace(LegId),
    /// Press these keys towards this leg (RFC 4733).
    SendDigits(LegId, String),
    /// Record silence (`true`), or sound again.
    PauseRecording(bool),
    /// Begin the recording; sent at most once in a call.
    StartRecording,
    /// Close the recording.
    StopRecording,
    /// Offer the call to `floor`.
    Offer,
    /// Tell `floor` that nobody waits any more.
    Withdraw,
    /// Tell `floor` that nobody is looked for any more, though the requester has not given up: he is owed a call.
    GiveUp,
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
    /// Tell `floor` that the colleague who was asked answered.
    ConsultAnswered(AgentId),
    /// Tell `floor` that the colleague who was asked is free again.
    ConsultEnded(AgentId),
    /// Tell `floor` that this agent of the queue that is asked did not take it.
    ConsultDeclined(AgentId, Declined),
    /// Tell `floor` that nobody of the queue is asked any more; he who is rung is free again.
    ConsultWithdrawn,
    /// Tell `floor` that the colleague who was asked has the call now, and the agent does not.
    HandOver(AgentId),
    /// Ask `floor` to queue the call again: its agent is gone.
    Pass,
    /// Ask `floor` to keep the requester's place for a call back; instead of `Withdraw`.
    KeepPlace,
    /// Tell the supervisor's screen that he is in the call, or out of it.
    Supervising(AgentId, Option<Supervision>),
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

/// What a device is rung for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// To take the call.
    Agent,
    /// To come back into the call that goes on.
    Reattach,
    /// To be asked by a colleague.
    Consult,
    /// To supervise.
    Supervise,
}

/// One leg hears another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// Who hears.
    pub ear: LegId,
    /// Whom.
    pub mouth: LegId,
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
    /// Somebody who is asked must answer within this.
    pub consult: TimeDelta,
    /// A recording that was paused runs again after this.
    pub pause: TimeDelta,
    /// The requester must choose in the menu within this.
    pub menu: TimeDelta,
    /// Longest message.
    pub message: TimeDelta,
    /// The requester must rate within this.
    pub survey: TimeDelta,
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
            consult: TimeDelta::seconds(45),
            pause: TimeDelta::minutes(3),
            menu: TimeDelta::seconds(20),
            message: TimeDelta::minutes(2),
            survey: TimeDelta::seconds(30),
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
