//! An official letter between the sides (公函, A-25): written and checked by two, signed, sealed and sent by one side,
//! received, handled and replied to by the other. Its number is given with the signature and never again; what is
//! signed does not change and is not deleted, only voided.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod http;
pub mod paper;
pub mod store;
pub mod verbs;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::{Side, machine, words};

words! {
    /// Where a letter stands.
    LetterState {
        /// 拟稿
        Drafting = "drafting",
        /// 核稿
        Reviewing = "reviewing",
        /// 已签发: it has its number.
        Signed = "signed",
        /// 已用印
        Sealed = "sealed",
        /// 已发出
        Sent = "sent",
        /// 已签收
        Received = "received",
        /// 办理中
        InProgress = "in_progress",
        /// 已回函
        Replied = "replied",
        /// 已归档
        Archived = "archived",
        /// 作废: its number stays taken.
        Void = "void",
    }
}

words! {
    /// How much of it may be told.
    LetterSecrecy {
        /// 普通
        Plain = "plain",
        /// 内部
        Internal = "internal",
        /// 工作秘密
        WorkSecret = "work_secret",
    }
}

words! {
    /// How pressing it is.
    LetterUrgency {
        /// 平件
        Normal = "normal",
        /// 加急
        Urgent = "urgent",
        /// 特急
        Extra = "extra",
    }
}

/// What is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// From sending to receipt.
    pub receipt: DeadlineRule,
    /// From receipt to the reply; of a letter that asks for one.
    pub reply: Option<DeadlineRule>,
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A letter as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that happens at its own time"
)]
pub struct Case {
    /// Where it stands.
    pub state: LetterState,
    /// Whose it is.
    pub from: Side,
    /// Somebody other than the author checked it.
    pub reviewed: bool,
    /// It has its number.
    pub numbered: bool,
    /// It asks for a reply.
    pub wants_reply: bool,
    /// When the receipt, then the reply is due.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 送核
    Submit,
    /// 退回修改
    Return,
    /// 核稿
    Review {
        /// He wrote it himself.
        author: bool,
    },
    /// 签发: the number is given.
    Sign,
    /// 用印
    Seal,
    /// 发出
    Send,
    /// 签收
    Receive,
    /// 办理
    Begin,
    /// 回函: the reply to it was sent.
    Reply,
    /// 归档
    Archive,
    /// 作废
    Void,
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "letter_ended", "is over and does not change", "write another one";
        /// The sender's step.
        BySender = "letter_by_sender", "is the sender's to lead this step";
        /// The receiver's step.
        ByReceiver = "letter_by_receiver", "is the receiver's to lead this step";
        /// Who wrote it does not check it.
        OwnDraft = "letter_own_draft", "is checked by somebody other than its author";
        /// Nobody checked it.
        NotReviewed = "letter_not_reviewed", "was not checked yet", "somebody other than the author checks it first";
        /// It does not stand before this step.
        NotNext = "letter_step_not_next", "does not stand before this step";
        /// It is in the other side's hands.
        InHands = "letter_in_hands", "was received and cannot be voided", "write another one that corrects it";
        /// The reply is owed.
        ReplyOwed = "letter_reply_owed", "asks for a reply that was not sent yet";
        /// No clock has run out.
        NotYet = "letter_not_yet", "has time left";
    }
}

impl Case {
    /// A new draft of a side.
    pub fn drafted(from: Side, wants_reply: bool) -> Self {
        Self {
            state: LetterState::Drafting,
            from,
            reviewed: false,
            numbered: false,
            wants_reply,
            due_at: None,
            overdue: false,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, LetterState::Archived | LetterState::Void)
    }

    /// Its words may still be changed.
    pub fn is_draft(&self) -> bool {
        self.state == LetterState::Drafting
    }

    /// The letter after what somebody of side `by` does, or why not.
    pub fn next(&self, by: Side, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use Action as A;
        use LetterState as S;
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        match action {
            A::Receive | A::Begin | A::Reply if by == self.from => {
                return Err(Refusal::ByReceiver);
            }
            A::Receive | A::Begin | A::Reply | A::Lapse => {}
            _ if by != self.from => return Err(Refusal::BySender),
            _ => {}
        }
        let mut case = *self;
        case.state = match (action, self.state) {
            (A::Submit, S::Drafting) => S::Reviewing,
            (A::Return, S::Reviewing) => {
                case.reviewed = false;
                S::Drafting
            }
            (A::Review { author: true }, S::Reviewing) => return Err(Refusal::OwnDraft),
            (A::Review { author: false }, S::Reviewing) => {
                case.reviewed = true;
                S::Reviewing
            }
            (A::Sign, S::Reviewing) if !self.reviewed => return Err(Refusal::NotReviewed),
            (A::Sign, S::Reviewing) => {
                case.numbered = true;
                S::Signed
            }
            (A::Seal, S::Signed) => S::Sealed,
            (A::Send, S::Sealed) => {
                case.due_at = Some(moment.due(&moment.rules.receipt));
                S::Sent
            }
            (A::Receive, S::Sent) => {
                case.overdue = false;
                case.due_at = moment.rules.reply.as_ref().map(|reply| moment.due(reply));
                S::Received
            }
            (A::Begin, S::Received) => S::InProgress,
            (A::Reply, S::Received | S::InProgress) => {
                case.due_at = None;
                S::Replied
            }
            (A::Archive, S::Received | S::InProgress) if self.wants_reply => {
                return Err(Refusal::ReplyOwed);
            }
            (A::Archive, S::Received | S::InProgress | S::Replied) => {
                case.due_at = None;
                S::Archived
            }
            (A::Void, S::Received | S::InProgress | S::Replied) => return Err(Refusal::InHands),
            (A::Void, _) => {
                case.due_at = None;
                S::Void
            }
            (A::Lapse, state) => {
                if self.overdue || self.due_at.is_none_or(|due| due > moment.now) {
                    return Err(Refusal::NotYet);
                }
                case.overdue = true;
                state
            }
            _ => return Err(Refusal::NotNext),
        };
        Ok(case)
    }
}
