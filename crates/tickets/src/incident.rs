//! A mass incident (群体性故障, A-09): one known fault, one answer that all agents give, everything that came in
//! about it linked, one report at its end.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod answer;
pub mod http;
pub mod link;
pub mod report;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::machine;
use kernel::words;

words! {
    /// Where an incident stands.
    State {
        /// 处置中: its banner is on every screen.
        Open = "open",
        /// 统一答复中: the linked tickets are being answered.
        Closing = "closing",
        /// 办结: its report is written.
        Closed = "closed",
    }
}

/// How long each step may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How long the one answer may stand unlooked at.
    pub review: DeadlineRule,
    /// How long the answering of all may take before it is tried anew.
    pub closing: DeadlineRule,
}

/// When, and under which rules.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// An incident as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: State,
    /// When the next step is due; none once it is closed.
    pub due_at: Option<DateTime<Utc>>,
    /// Times that step was asked for.
    pub reminders: u32,
}

/// What may be done to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Title, answer or banner is looked at again.
    Review,
    /// Tickets or contacts are linked or unlinked.
    Link,
    /// The fault is over: all linked tickets are to be answered.
    Close,
    /// All are answered.
    Finish,
    /// The next step is late.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It cannot be done in this state.
        NotNow(state: State) = "incident_not_now", format!("is {}: this cannot be done now", state.as_str());
        /// It is closed.
        Ended = "incident_ended", "is closed and does not change";
        /// Its time is not over.
        NotYet = "incident_not_yet", "has time left";
    }
}

impl Case {
    /// A new incident.
    pub fn declared(moment: &Moment<'_>) -> Self {
        let mut case = Self {
            state: State::Open,
            due_at: None,
            reminders: 0,
        };
        case.wait(State::Open, moment);
        case
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// The incident after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        let mut case = self.clone();
        match (self.state, action) {
            (State::Closed, _) => return Err(Refusal::Ended),
            (State::Open, Action::Review) => {
                case.reminders = 0;
                case.wait(State::Open, moment);
            }
            (State::Open, Action::Link) => {}
            (State::Open, Action::Close) => {
                case.reminders = 0;
                case.wait(State::Closing, moment);
            }
            (State::Closing, Action::Finish) => {
                case.state = State::Closed;
                case.due_at = None;
            }
            (state, Action::Lapse) => {
                if self.due_at.is_some_and(|due| due > moment.now) {
                    return Err(Refusal::NotYet);
                }
                case.reminders += 1;
                case.wait(state, moment);
            }
            (state, _) => return Err(Refusal::NotNow(state)),
        }
        Ok(case)
    }

    fn wait(&mut self, state: State, moment: &Moment<'_>) {
        let rule = match state {
            State::Open => &moment.rules.review,
            State::Closing | State::Closed => &moment.rules.closing,
        };
        self.state = state;
        self.due_at = Some(moment.due(rule));
    }
}
