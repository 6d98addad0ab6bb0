//! A rectification the purchaser demands (整改通知, A-27): answered by the supplier within its time, verified or sent
//! back by the purchaser.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::{Side, machine, words};

words! {
    /// Where it stands.
    RectificationState {
        /// 待整改
        Issued = "issued",
        /// 待复查
        Answered = "answered",
        /// 已通过
        Verified = "verified",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

/// What is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Until the supplier's answer.
    pub answer: DeadlineRule,
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A rectification as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: RectificationState,
    /// When the answer is due.
    pub due_at: Option<DateTime<Utc>>,
    /// When it is told that it is late; once each round.
    pub alarm_at: Option<DateTime<Utc>>,
    /// It was late once.
    pub overdue: bool,
    /// Times it was demanded: more than one when an answer was sent back.
    pub rounds: u32,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 报整改结果
    Answer,
    /// 复查不通过
    SendBack,
    /// 复查通过
    Verify,
    /// 撤回
    Withdraw,
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "rectification_ended", "is over and does not change", "demand another one";
        /// The purchaser's step.
        ByPurchaser = "rectification_by_purchaser", "is the purchaser's to decide";
        /// The supplier's step.
        BySupplier = "rectification_by_supplier", "is the supplier's to answer";
        /// There is an answer.
        Answered = "rectification_answered", "is answered and waits for the purchaser";
        /// There is none.
        Unanswered = "rectification_unanswered", "has no answer to judge";
        /// No clock has run out.
        NotYet = "rectification_not_yet", "has time left";
    }
}

impl Case {
    /// A new one; its clock runs.
    pub fn issued(moment: &Moment<'_>) -> Self {
        let due_at = Some(moment.due(&moment.rules.answer));
        Self {
            state: RectificationState::Issued,
            due_at,
            alarm_at: due_at,
            overdue: false,
            rounds: 1,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            RectificationState::Issued | RectificationState::Answered
        )
    }

    /// The rectification after what somebody of side `by` does, or why not.
    pub fn next(&self, by: Side, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use Action as A;
        use RectificationState as S;
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        match action {
            A::Answer if by != Side::Supplier => return Err(Refusal::BySupplier),
            A::SendBack | A::Verify | A::Withdraw if by != Side::Purchaser => {
                return Err(Refusal::ByPurchaser);
            }
            _ => {}
        }
        let mut case = *self;
        case.state = match (action, self.state) {
            (A::Answer, S::Issued) => {
                (case.due_at, case.alarm_at) = (None, None);
                S::Answered
            }
            (A::Answer, _) => return Err(Refusal::Answered),
            (A::SendBack, S::Answered) => {
                case.rounds += 1;
                case.due_at = Some(moment.due(&moment.rules.answer));
                case.alarm_at = case.due_at;
                S::Issued
            }
            (A::Verify, S::Answered) => S::Verified,
            (A::SendBack | A::Verify, _) => return Err(Refusal::Unanswered),
            (A::Withdraw, _) => {
                (case.due_at, case.alarm_at) = (None, None);
                S::Withdrawn
            }
            (A::Lapse, state) => {
                if self.alarm_at.is_none_or(|at| at > moment.now) {
                    return Err(Refusal::NotYet);
                }
                case.overdue = true;
                case.alarm_at = None;
                state
            }
        };
        Ok(case)
    }
}
