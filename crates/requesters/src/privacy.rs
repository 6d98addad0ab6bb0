//! What is known of people and what they may ask for: the inventory of personal information, and requests of persons to
//! see, copy, correct or delete what is known of them (PIPL 44 to 50).
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod erasure;
pub mod http;
pub mod inventory;
pub mod store;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::words;

words! {
    /// What a person asks for.
    RightKind {
        /// 查阅
        Access = "access",
        /// 复制
        Copy = "copy",
        /// 更正
        Correct = "correct",
        /// 删除
        Delete = "delete",
    }
}

words! {
    /// Where a request stands.
    RightState {
        /// 已受理
        Taken = "taken",
        /// 已核身
        Verified = "verified",
        /// 已答复
        Answered = "answered",
        /// 本人撤回
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What came of a request.
    RightOutcome {
        /// 已办理
        Granted = "granted",
        /// 部分办理
        Partly = "partly",
        /// 不予办理
        Refused = "refused",
    }
}

/// A request as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: RightState,
    /// When it has to be answered.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 核身
    Verify,
    /// 答复
    Answer {
        /// What came of it.
        outcome: RightOutcome,
    },
    /// 撤回
    Withdraw,
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "privacy_request_ended", "is over and does not change", "take a new one";
        /// Who asks is known already.
        Verified = "privacy_request_verified", "has its proof of identity";
        /// Nobody knows whether he is who he says.
        NotVerified = "privacy_request_not_verified", "has no proof of identity", "verify who asks first, or refuse it with the reason";
        /// Its time is not over.
        NotYet = "privacy_request_not_yet", "has time left";
    }
}

impl Case {
    /// A new request, to be answered within so many days.
    pub fn taken(now: DateTime<Utc>, days: u16) -> Self {
        Self {
            state: RightState::Taken,
            due_at: Some(now + TimeDelta::days(i64::from(days))),
            overdue: false,
        }
    }

    /// It waits for an answer.
    pub fn is_open(&self) -> bool {
        matches!(self.state, RightState::Taken | RightState::Verified)
    }

    /// The request after `action`, or why not.
    pub fn next(&self, action: &Action, now: DateTime<Utc>) -> Result<Self, Refusal> {
        use RightState as S;
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        let mut case = *self;
        match (self.state, action) {
            (S::Taken, Action::Verify) => case.state = S::Verified,
            (_, Action::Verify) => return Err(Refusal::Verified),
            // Nothing is shown, changed or erased for somebody who may be anybody.
            (S::Taken, Action::Answer { outcome }) if *outcome != RightOutcome::Refused => {
                return Err(Refusal::NotVerified);
            }
            (_, Action::Answer { .. }) => case.state = S::Answered,
            (_, Action::Withdraw) => case.state = S::Withdrawn,
            (_, Action::Lapse) => {
                if self.overdue || self.due_at.is_none_or(|due| due > now) {
                    return Err(Refusal::NotYet);
                }
                case.overdue = true;
            }
        }
        if !case.is_open() {
            case.due_at = None;
        }
        Ok(case)
    }
}
