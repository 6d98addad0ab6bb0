//! The conversation (会话): what one requester and the house write to each other about one contact, from his first
//! message until its record is written. Pure: how it goes on is decided here, what follows from it elsewhere.

pub mod http;
pub mod store;
pub mod verbs;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{refusals, words};
use uuid::Uuid;

words! {
    /// Where a conversation stands.
    State {
        /// 待接入: it waits for an agent.
        Waiting = "waiting",
        /// 会话中
        Active = "active",
        /// 后处理: the talk is over, its record is written.
        WrapUp = "wrap_up",
        /// 已留言: nobody was there; a ticket stands for it, and what the requester adds goes with it.
        Left = "left",
        /// 已结束
        Closed = "closed",
    }
}

words! {
    /// Why a conversation ended, or was left.
    EndReason {
        /// The requester ended it.
        Requester = "requester",
        /// The agent did.
        Agent = "agent",
        /// Nobody wrote any more.
        Idle = "idle",
        /// The requester gave up waiting.
        Abandoned = "abandoned",
        /// Nobody took it within the queue's longest wait.
        NoAgent = "no_agent",
        /// It came outside the service hours.
        AfterHours = "after_hours",
        /// An approved answer was given by the machine, as the requester asked for it by a word or the menu.
        SelfService = "self_service",
        /// Only a one-time code was sent.
        Code = "code",
        /// The requester is blocked.
        Blocked = "blocked",
    }
}

/// What may happen to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An agent takes it: the floor gave it to him, or he takes up one that was left.
    Take(Uuid),
    /// It goes back to a queue: handed on, or its agent is gone.
    PutBack,
    /// The talk is over, or the waiting.
    End(EndReason),
    /// Nobody is there: a ticket stands for it.
    Leave(EndReason),
    /// The requester of one that was left writes while the line is open.
    Resume,
    /// The agent needs more time to write it up.
    Extend,
    /// The agent has written it up.
    Close,
    /// The time of the wrap-up is over, or a left one was not taken up in time: the conversation is over.
    RunOut,
}

impl Action {
    /// What the history and the audit trail call it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Take(_) => "taken",
            Self::PutBack => "put_back",
            Self::End(_) => "ended",
            Self::Leave(_) => "left",
            Self::Resume => "resumed",
            Self::Extend => "extended",
            Self::Close => "closed",
            Self::RunOut => "run_out",
        }
    }
}

refusals! {
    /// Why a conversation says no.
    Refusal {
        /// It is over.
        Ended = "conversation_ended", "is over", "the requester's next message opens another one";
        /// No agent has it.
        NotTaken = "conversation_not_taken", "is with no agent", "accept it first";
        /// An agent has it.
        Taken = "no_longer_offered", "is with an agent already";
        /// The talk is not over.
        NotEnded = "conversation_not_ended", "is not over yet", "end it first";
        /// The talk goes on.
        NotInWrapUp = "not_in_wrap_up", "is not being written up";
        /// Its queue allows no more.
        NoExtensionLeft = "no_extension_left", "cannot be extended further";
    }
}

/// A conversation as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: State,
    /// Who has it.
    pub agent: Option<Uuid>,
    /// Why it ended.
    pub reason: Option<EndReason>,
    /// When its next step is due, if nothing happens before.
    pub due_at: Option<DateTime<Utc>>,
    /// How often the time to write it up was extended.
    pub extensions: u32,
}

/// The present, and how long steps may take.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now.
    pub now: DateTime<Utc>,
    /// How long an agent may write it up; an extension adds the same again.
    pub wrap_up: TimeDelta,
    /// How often he may extend it.
    pub max_extensions: u32,
    /// How long nobody may write before it counts as over.
    pub idle: TimeDelta,
    /// How long what was left takes what the requester adds.
    pub left: TimeDelta,
}

impl Case {
    /// A new conversation.
    pub fn opened() -> Self {
        Self {
            state: State::Waiting,
            agent: None,
            reason: None,
            due_at: None,
            extensions: 0,
        }
    }

    /// Somebody owes a step, or the requester may still add to it.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// The case after `action`.
    pub fn next(self, action: Action, moment: &Moment) -> Result<Self, Refusal> {
        use State::{Active, Closed, Left, Waiting, WrapUp};
        let to = |state, due_at| Self {
            state,
            due_at,
            ..self
        };
        match (self.state, action) {
            (Closed, _)
            | (WrapUp, Action::PutBack | Action::End(_) | Action::Leave(_))
            | (Left, Action::Leave(_)) => Err(Refusal::Ended),
            (Waiting | Left, Action::Take(agent)) => Ok(Self {
                agent: Some(agent),
                reason: None,
                ..to(Active, Some(moment.now + moment.idle))
            }),
            (Active | WrapUp, Action::Take(_)) | (Active, Action::Leave(_)) => Err(Refusal::Taken),
            (Active, Action::PutBack) => Ok(Self {
                agent: None,
                ..to(Waiting, None)
            }),
            (Waiting | Left, Action::PutBack) => Err(Refusal::NotTaken),
            (Waiting | Left, Action::End(reason)) => Ok(Self {
                reason: Some(reason),
                ..to(Closed, None)
            }),
            (Active, Action::End(reason)) => Ok(Self {
                reason: Some(reason),
                extensions: 0,
                ..to(WrapUp, Some(moment.now + moment.wrap_up))
            }),
            (Waiting, Action::Leave(reason)) => Ok(Self {
                reason: Some(reason),
                ..to(Left, Some(moment.now + moment.left))
            }),
            (Left, Action::Resume) => Ok(Self {
                reason: None,
                ..to(Waiting, None)
            }),
            (WrapUp, Action::Extend) if self.extensions >= moment.max_extensions => {
                Err(Refusal::NoExtensionLeft)
            }
            (WrapUp, Action::Extend) => Ok(Self {
                extensions: self.extensions + 1,
                due_at: self.due_at.map(|due| due + moment.wrap_up),
                ..self
            }),
            (Waiting | Active | Left, Action::Extend) => Err(Refusal::NotInWrapUp),
            (Waiting | Active | WrapUp, Action::Resume) => Err(Refusal::NotEnded),
            (WrapUp, Action::Close) | (WrapUp | Left, Action::RunOut) => Ok(to(Closed, None)),
            (Waiting | Active | Left, Action::Close) | (Waiting | Active, Action::RunOut) => {
                Err(Refusal::NotEnded)
            }
        }
    }

    /// Somebody wrote: a talk goes on, what was left takes more, and what was being written up is a talk again.
    #[must_use]
    pub fn heard(self, moment: &Moment) -> Self {
        match self.state {
            State::Active | State::WrapUp => Self {
                state: State::Active,
                reason: None,
                due_at: Some(moment.now + moment.idle),
                ..self
            },
            State::Left => Self {
                due_at: Some(moment.now + moment.left),
                ..self
            },
            State::Waiting | State::Closed => self,
        }
    }
}
