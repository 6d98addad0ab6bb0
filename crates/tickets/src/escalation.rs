//! An escalation (升级, A-13): what an agent cannot settle goes up, level by level, until somebody answers; who
//! raised it closes it with its cause and what was done.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod http;
pub mod level;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::words;
use kernel::{Role, machine};

words! {
    /// Where an escalation stands.
    State {
        /// 待答复: the people of its level owe an answer.
        Raised = "raised",
        /// 已答复: who raised it owes the closing, or takes it further up.
        Answered = "answered",
        /// 办结
        Closed = "closed",
    }
}

/// One level: whose it is, and how long he has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// 1 is the lowest.
    pub level: u8,
    /// Who answers.
    pub role: Role,
    /// How long he has.
    pub rule: DeadlineRule,
}

/// The levels in force, the lowest first, and how long an answered escalation may wait for its closing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// L1 to L4 as shipped.
    pub levels: Vec<Level>,
    /// From the answer to the closing.
    pub close: DeadlineRule,
}

impl Ladder {
    /// The level with this number; the highest there is for a number beyond it.
    pub fn level(&self, level: u8) -> Option<&Level> {
        let below = |known: &&Level| known.level <= level;
        self.levels
            .iter()
            .rfind(below)
            .or_else(|| self.levels.first())
    }

    /// The next level above.
    pub fn above(&self, level: u8) -> Option<&Level> {
        self.levels.iter().find(|known| known.level > level)
    }

    /// The highest level that somebody with these roles stands on.
    pub fn rank(&self, roles: &[Role]) -> Option<u8> {
        let held = self
            .levels
            .iter()
            .rfind(|level| roles.contains(&level.role));
        held.map(|level| level.level)
    }

    /// The level that somebody with these roles turns to first: the one above his own.
    pub fn first_for(&self, roles: &[Role]) -> u8 {
        let own = self.rank(roles).unwrap_or_default();
        self.above(own).map_or(own, |level| level.level)
    }
}

/// When, and under which rules.
pub type Moment<'a> = machine::Moment<'a, Ladder>;

/// An escalation as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: State,
    /// L1 to L4.
    pub level: u8,
    /// When the next step is due; none once it is closed.
    pub due_at: Option<DateTime<Utc>>,
    /// Times the same people were told again.
    pub reminders: u32,
}

/// What may be done to an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 答复, by somebody who stands on this level.
    Answer {
        /// The level of who answers.
        rank: u8,
    },
    /// Taken one level up by hand.
    Promote,
    /// Its clock ran out: one level up, or told again where there is none above.
    Lapse,
    /// 办结
    Close,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is closed.
        Ended = "escalation_ended", "is closed and does not change", "raise a new one";
        /// It has an answer already.
        Answered = "escalation_answered", "has its answer", "who raised it closes it or takes it up";
        /// It is above the level of who answers.
        AboveYou = "escalation_above_you", "is above your level";
        /// Nobody is above.
        Top = "escalation_at_the_top", "is at the highest level";
        /// Nobody has answered yet.
        Unanswered = "escalation_unanswered", "has no answer yet", "its level answers first";
        /// Its time is not over.
        NotYet = "escalation_not_yet", "has time left";
    }
}

impl Case {
    /// A new escalation at this level.
    pub fn raised(level: u8, moment: &Moment<'_>) -> Self {
        let mut case = Self {
            state: State::Raised,
            level,
            due_at: None,
            reminders: 0,
        };
        case.wait_at(level, moment);
        case
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// The escalation after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        let mut case = self.clone();
        match (self.state, action) {
            (State::Closed, _) => return Err(Refusal::Ended),
            (State::Raised, Action::Answer { rank }) => {
                if *rank < self.level {
                    return Err(Refusal::AboveYou);
                }
                case.state = State::Answered;
                case.reminders = 0;
                case.wait_for_closing(moment);
            }
            (State::Answered, Action::Answer { .. }) => return Err(Refusal::Answered),
            (State::Raised | State::Answered, Action::Promote) => {
                let above = moment.rules.above(self.level).ok_or(Refusal::Top)?.level;
                case.state = State::Raised;
                case.reminders = 0;
                case.wait_at(above, moment);
            }
            (state, Action::Lapse) => {
                if self.due_at.is_some_and(|due| due > moment.now) {
                    return Err(Refusal::NotYet);
                }
                match moment.rules.above(self.level) {
                    Some(above) if state == State::Raised => case.wait_at(above.level, moment),
                    _ => {
                        case.reminders += 1;
                        match state {
                            State::Raised => case.wait_at(self.level, moment),
                            _ => case.wait_for_closing(moment),
                        }
                    }
                }
            }
            (State::Raised, Action::Close) => return Err(Refusal::Unanswered),
            (State::Answered, Action::Close) => {
                case.state = State::Closed;
                case.due_at = None;
            }
        }
        Ok(case)
    }

    fn wait_at(&mut self, level: u8, moment: &Moment<'_>) {
        self.level = level;
        let rule = moment.rules.level(level).map(|level| &level.rule);
        let rule = rule.unwrap_or(&moment.rules.close);
        self.due_at = Some(moment.due(rule));
    }

    fn wait_for_closing(&mut self, moment: &Moment<'_>) {
        self.due_at = Some(moment.due(&moment.rules.close));
    }
}
