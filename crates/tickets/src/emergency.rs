//! An emergency (紧急上报, A-35): one report from any page reaches everybody who has to know at once, with proof of
//! arrival; follow-up reports come due until the final one.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod agreed;
pub mod arrival;
pub mod http;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::machine;
use kernel::words;

words! {
    /// Where an emergency stands.
    State {
        /// 已上报: the first report is out.
        Raised = "raised",
        /// 续报中
        FollowedUp = "followed_up",
        /// 终报: over.
        Closed = "closed",
    }
}

/// How long each step may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Until the first report has arrived everywhere.
    pub arrival: DeadlineRule,
    /// From one report to the next.
    pub follow_up: DeadlineRule,
    /// From one reminder of a late report to the next.
    pub reminder: DeadlineRule,
}

/// When, and under which rules.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// An emergency as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: State,
    /// When the next report is due; none once it is over.
    pub due_at: Option<DateTime<Utc>>,
    /// When the first report has to have arrived everywhere; none once that was looked at.
    pub arrival_due_at: Option<DateTime<Utc>>,
    /// When the next sign is given.
    pub alarm_at: Option<DateTime<Utc>>,
    /// Reports so far, the first included.
    pub reports: u32,
    /// Times a late report was asked for.
    pub reminders: u32,
}

/// What may be done to an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 续报
    FollowUp,
    /// 终报
    Close,
    /// A clock ran out: arrival or the next report.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "emergency_ended", "had its final report", "raise a new one";
        /// No clock has run out.
        NotYet = "emergency_not_yet", "has time left";
    }
}

impl Case {
    /// A new emergency: the first report is out, its arrival and the next one are awaited.
    pub fn raised(moment: &Moment<'_>) -> Self {
        let mut case = Self {
            state: State::Raised,
            due_at: Some(moment.due(&moment.rules.follow_up)),
            arrival_due_at: Some(moment.due(&moment.rules.arrival)),
            alarm_at: None,
            reports: 1,
            reminders: 0,
        };
        case.alarm_at = case.due_at.min(case.arrival_due_at);
        case
    }

    /// A report is still owed.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// The arrival of the first report is to be looked at now.
    pub fn is_arrival_due(&self, now: DateTime<Utc>) -> bool {
        self.arrival_due_at.is_some_and(|at| at <= now)
    }

    /// The next report is late.
    pub fn is_late(&self, now: DateTime<Utc>) -> bool {
        self.due_at.is_some_and(|at| at <= now)
    }

    /// The emergency after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        let mut case = self.clone();
        match (self.state, action) {
            (State::Closed, _) => return Err(Refusal::Ended),
            (_, Action::FollowUp) => {
                case.state = State::FollowedUp;
                case.reports += 1;
                case.reminders = 0;
                case.due_at = Some(moment.due(&moment.rules.follow_up));
                case.alarm_at = case.due_at;
                if let Some(arrival) = case.arrival_due_at {
                    case.alarm_at = case.alarm_at.min(Some(arrival));
                }
            }
            (_, Action::Close) => {
                case.state = State::Closed;
                case.reports += 1;
                case.due_at = None;
                case.arrival_due_at = None;
                case.alarm_at = None;
            }
            (_, Action::Lapse) => {
                if self.alarm_at.is_some_and(|at| at > moment.now) {
                    return Err(Refusal::NotYet);
                }
                if self.is_arrival_due(moment.now) {
                    case.arrival_due_at = None;
                }
                case.alarm_at = case.due_at;
                if self.is_late(moment.now) {
                    case.reminders += 1;
                    case.alarm_at = Some(moment.due(&moment.rules.reminder));
                }
            }
        }
        Ok(case)
    }
}
