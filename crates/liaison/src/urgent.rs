//! An urgent notice from one side to the other: by the agreed ways to the first contact, then to the
//! substitutes. It has arrived when the one it was told to says so, or when a call that reached him is logged; that it
//! was sent is no arrival. A letter may follow.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::{machine, words};

words! {
    /// Where an urgent notice stands.
    UrgentState {
        /// 已发出: the first contact was told.
        Sent = "sent",
        /// 已转替补: he did not answer in time.
        Escalated = "escalated",
        /// 无人确认: nobody answered in time.
        Unreached = "unreached",
        /// 已到达
        Arrived = "arrived",
    }
}

/// What is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Until it is acknowledged.
    pub ack: DeadlineRule,
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// An urgent notice as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: UrgentState,
    /// When somebody has to have answered.
    pub due_at: Option<DateTime<Utc>>,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Somebody it was told to has it.
    Arrive,
    /// Nobody answered in time.
    Lapse {
        /// There are substitutes to tell.
        substitutes: bool,
    },
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It has arrived.
        Arrived = "urgent_arrived", "has arrived already";
        /// No clock has run out.
        NotYet = "urgent_not_yet", "has time left";
    }
}

impl Case {
    /// The first contact was told, or the substitutes where there is none.
    pub fn sent(moment: &Moment<'_>) -> Self {
        Self {
            state: UrgentState::Sent,
            due_at: Some(moment.due(&moment.rules.ack)),
        }
    }

    /// Nobody has it yet.
    pub fn is_open(&self) -> bool {
        self.state != UrgentState::Arrived
    }

    /// The notice after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use UrgentState as S;
        let case = match (action, self.state) {
            (_, S::Arrived) => return Err(Refusal::Arrived),
            (Action::Arrive, _) => Self {
                state: S::Arrived,
                due_at: None,
            },
            (Action::Lapse { .. }, _) if self.due_at.is_none_or(|due| due > moment.now) => {
                return Err(Refusal::NotYet);
            }
            (Action::Lapse { substitutes: true }, S::Sent) => Self {
                state: S::Escalated,
                due_at: Some(moment.due(&moment.rules.ack)),
            },
            (Action::Lapse { .. }, _) => Self {
                state: S::Unreached,
                due_at: None,
            },
        };
        Ok(case)
    }
}
