//! A call-back (漏接回拨, A-29): who was not answered is called back by one owner within a time that is agreed. All
//! missed calls of one number are one call-back. The floor says which calls were missed, and counts them.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod http;
pub mod missed;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{machine, words};
use uuid::Uuid;

/// Somebody is looked for this long after nobody was there.
const ASK_AGAIN: TimeDelta = TimeDelta::minutes(1);

words! {
    /// Where a call-back stands.
    State {
        /// 待回拨
        Open = "open",
        /// 已接通
        Reached = "reached",
        /// 来电自行接通: he called again, and somebody answered.
        CalledIn = "called_in",
        /// 未能联系
        Unreached = "unreached",
        /// 无号码: he withheld it, or had it erased.
        NoNumber = "no_number",
    }
}

/// What is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How long it may take.
    pub within: DeadlineRule,
    /// When its owner is warned.
    pub warning: DeadlineRule,
    /// Attempts after which its owner may give it up.
    pub attempts: u32,
}

/// When, and under which rules.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A call-back as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: State,
    /// Who calls back.
    pub owner: Option<Uuid>,
    /// Calls missed.
    pub missed: u32,
    /// When its owner is warned.
    pub warn_at: DateTime<Utc>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// He was warned.
    pub warned: bool,
    /// It is over its time, and that was said.
    pub breached: bool,
    /// Attempts that got as far as the requester's telephone.
    pub attempts: u32,
    /// The first of them.
    pub first_attempt_at: Option<DateTime<Utc>>,
    /// When somebody is looked for again, while nobody has it.
    pub look_at: Option<DateTime<Utc>>,
}

/// What may be done to a call-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// He called again, and was not answered again.
    Miss,
    /// Somebody gets it.
    Assign {
        /// Who.
        to: Uuid,
    },
    /// Nobody was there to get it.
    NobodyThere,
    /// Its owner called, and the telephone over there rang.
    Attempt {
        /// When.
        at: DateTime<Utc>,
        /// They talked.
        reached: bool,
    },
    /// He called in, and was answered.
    CallIn,
    /// He was reached another way.
    Settle,
    /// It is given up.
    GiveUp {
        /// By who runs the floor.
        lead: bool,
    },
    /// His number was erased: nobody can call it any more.
    Erased,
    /// Its time for a sign has come.
    Sign,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "callback_ended", "is over and does not change";
        /// It is his already.
        Same = "callback_same_owner", "has this owner already";
        /// There are attempts left.
        AttemptsLeft(left: u32) = "callback_attempts_left", format!("has {left} attempts left"), "a lead may close it before";
        /// Nothing is to be said now.
        NotYet = "callback_not_yet", "has no sign to give now";
    }
}

impl Case {
    /// A call that was missed at `at`.
    pub fn missed(at: DateTime<Utc>, withheld: bool, moment: &Moment<'_>) -> Self {
        let due = |rule| moment.service.deadline(rule, at).business_due_at;
        let case = Self {
            state: if withheld {
                State::NoNumber
            } else {
                State::Open
            },
            owner: None,
            missed: 1,
            warn_at: due(&moment.rules.warning),
            due_at: due(&moment.rules.within),
            warned: false,
            breached: false,
            attempts: 0,
            first_attempt_at: None,
            look_at: None,
        };
        Self {
            look_at: case.is_open().then_some(moment.now),
            ..case
        }
    }

    /// Somebody owes a call.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// He was called in time; none while that is not settled, and where nobody has to call any more.
    pub fn in_time(&self) -> Option<bool> {
        match (self.first_attempt_at, self.state) {
            (Some(at), _) => Some(at <= self.due_at),
            (None, State::Unreached) => Some(false),
            (None, _) => self.breached.then_some(false),
        }
    }

    /// When its own timer acts.
    pub fn alarm_at(&self) -> Option<DateTime<Utc>> {
        if !self.is_open() {
            return None;
        }
        let sign = match self.first_attempt_at {
            None if !self.warned => Some(self.warn_at),
            None if !self.breached => Some(self.due_at),
            _ => None,
        };
        let look = self.look_at.filter(|_| self.owner.is_none());
        [sign, look].into_iter().flatten().min()
    }

    /// The call-back after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        let mut case = self.clone();
        match *action {
            Action::Miss => case.missed += 1,
            Action::Assign { to } if self.owner == Some(to) => return Err(Refusal::Same),
            Action::Assign { to } => {
                case.owner = Some(to);
                case.look_at = None;
            }
            Action::NobodyThere => {
                let soon = moment.now + ASK_AGAIN;
                let next = moment.service.next_opening(moment.now);
                // At night nobody is looked for.
                let night = !moment.service.is_open(moment.now);
                case.look_at = Some(next.filter(|_| night).unwrap_or(soon));
            }
            Action::Attempt { at, reached } => {
                case.attempts += 1;
                case.first_attempt_at = Some(self.first_attempt_at.unwrap_or(at).min(at));
                if reached {
                    case.state = State::Reached;
                }
            }
            Action::CallIn => case.state = State::CalledIn,
            Action::Erased => case.state = State::NoNumber,
            Action::Settle => {
                case.state = State::Reached;
                case.first_attempt_at = self.first_attempt_at.or(Some(moment.now));
            }
            Action::GiveUp { lead } => {
                let left = moment.rules.attempts.saturating_sub(self.attempts);
                if left > 0 && !lead {
                    return Err(Refusal::AttemptsLeft(left));
                }
                case.state = State::Unreached;
            }
            Action::Sign => {
                if self.first_attempt_at.is_some() {
                    return Err(Refusal::NotYet);
                }
                if !self.breached && self.due_at <= moment.now {
                    case.warned = true;
                    case.breached = true;
                } else if !self.warned && self.warn_at <= moment.now {
                    case.warned = true;
                } else {
                    return Err(Refusal::NotYet);
                }
            }
        }
        Ok(case)
    }
}
