//! An item of a list of follow-ups (回访, A-29): somebody who is asked how it went. He is called a few times, never
//! twice in one half-day, and each call has its outcome.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

mod chart;
mod fill;
pub mod form;
mod http;
mod item_http;
pub mod store;

use calendar::ServiceClock;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone as _, Timelike as _, Utc};
use kernel::clock::SHANGHAI;
use kernel::{machine, words};
use utoipa_axum::router::OpenApiRouter;

use super::Outbound;

words! {
    /// Where an item stands.
    State {
        /// 待呼叫
        Waiting = "waiting",
        /// 待登记结果: he was called, and the outcome is owed.
        Calling = "calling",
        /// 已访
        Reached = "reached",
        /// 拒访
        Refused = "refused",
        /// 号码有误
        WrongNumber = "wrong_number",
        /// 未能接通
        Unreached = "unreached",
    }
}

words! {
    /// What came of one call.
    AttemptOutcome {
        /// 接通
        Reached = "reached",
        /// 占线
        Busy = "busy",
        /// 无人接听
        NoAnswer = "no_answer",
        /// 号码有误
        WrongNumber = "wrong_number",
        /// 拒访
        Refused = "refused",
    }
}

/// What is agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Calls that an item has.
    pub attempts: u32,
}

/// When, and under which rules.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// An item as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: State,
    /// Calls so far.
    pub attempts: u32,
    /// The last of them.
    pub last: Option<DateTime<Utc>>,
    /// From when he may be called; none once he may not be called any more.
    pub next_at: Option<DateTime<Utc>>,
}

/// What may be done to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// He is called.
    Call,
    /// The call did not get as far as his telephone: it does not count.
    NotPlaced {
        /// The call before it.
        before: Option<DateTime<Utc>>,
    },
    /// What came of the call.
    Tell(AttemptOutcome),
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "follow_up_ended", "is over and does not change";
        /// The outcome of the last call is owed.
        ResultOwed = "follow_up_result_owed", "was called, and the outcome is not told yet", "tell it first";
        /// Nobody has called.
        NotCalled = "follow_up_not_called", "has no call whose outcome is owed", "call first";
        /// He was called in this half-day.
        SameHalfDay = "follow_up_same_half_day", "was called in this half-day", "call in another half-day";
    }
}

/// Morning or afternoon of a day in Guangzhou.
pub fn half_day(at: DateTime<Utc>) -> (NaiveDate, bool) {
    let here = at.with_timezone(&SHANGHAI).naive_local();
    (here.date(), here.time().hour() >= 12)
}

/// The first moment of service in another half-day than that of `at`.
pub fn next_half_day(service: &ServiceClock, at: DateTime<Utc>) -> DateTime<Utc> {
    let (day, afternoon) = half_day(at);
    let (day, hour) = if afternoon {
        (day.checked_add_days(Days::new(1)).unwrap_or(day), 0)
    } else {
        (day, 12)
    };
    let begin = NaiveTime::from_hms_opt(hour, 0, 0).map(|time| day.and_time(time));
    let begin = begin.and_then(|begin| SHANGHAI.from_local_datetime(&begin).earliest());
    let begin = begin.map_or(at, |begin| begin.with_timezone(&Utc));
    if service.is_open(begin) {
        return begin;
    }
    service.next_opening(begin).unwrap_or(begin)
}

impl Case {
    /// An item that nobody has called yet.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            state: State::Waiting,
            attempts: 0,
            last: None,
            next_at: Some(now),
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Waiting | State::Calling)
    }

    /// The item after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        let mut case = self.clone();
        match (self.state, *action) {
            (State::Waiting, Action::Call) => {
                if self
                    .last
                    .is_some_and(|last| half_day(last) == half_day(moment.now))
                {
                    return Err(Refusal::SameHalfDay);
                }
                case.state = State::Calling;
                case.attempts += 1;
                case.last = Some(moment.now);
                case.next_at = None;
            }
            (State::Calling, Action::Call) => return Err(Refusal::ResultOwed),
            (State::Calling, Action::NotPlaced { before }) => {
                case.state = State::Waiting;
                case.attempts = self.attempts.saturating_sub(1);
                case.last = before;
                case.next_at = Some(moment.now);
            }
            (State::Calling, Action::Tell(outcome)) => match outcome {
                AttemptOutcome::Reached => case.state = State::Reached,
                AttemptOutcome::Refused => case.state = State::Refused,
                AttemptOutcome::WrongNumber => case.state = State::WrongNumber,
                AttemptOutcome::Busy | AttemptOutcome::NoAnswer => {
                    if self.attempts >= moment.rules.attempts {
                        case.state = State::Unreached;
                    } else {
                        case.state = State::Waiting;
                        let last = self.last.unwrap_or(moment.now);
                        case.next_at = Some(next_half_day(moment.service, last));
                    }
                }
            },
            (State::Waiting, Action::NotPlaced { .. } | Action::Tell(_)) => {
                return Err(Refusal::NotCalled);
            }
            (State::Reached | State::Refused | State::WrongNumber | State::Unreached, _) => {
                return Err(Refusal::Ended);
            }
        }
        Ok(case)
    }
}

pub(super) fn routes(outbound: &Outbound) -> OpenApiRouter {
    http::routes(outbound)
        .merge(item_http::routes(outbound))
        .merge(fill::routes(outbound))
        .merge(chart::routes(outbound))
}
