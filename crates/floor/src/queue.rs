//! Queues: their rules as rows, edited by the lead, obeyed by `acd`.

pub mod http;
pub mod store;

use std::time::Duration;

use acd::{NoAnswer, Overflow, SkillNeed, Widen};
use kernel::problem::{Result, invalid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The code of the queue there always is.
pub const DEFAULT_QUEUE: &str = "hotline";

const LONGEST_NAME: usize = 40;
const LONGEST_CODE: usize = 32;
const MOST_SKILLS: usize = 20;
const MOST_STEPS: usize = 5;
const LONGEST_NUMBER: usize = 20;
/// After this wait a queue overflows, unless its rules say otherwise.
const USUAL_OVERFLOW_S: u32 = 60;
/// Who waits at closing time is served for so long, unless its rules say otherwise.
const USUAL_SERVE_AFTER_CLOSING_S: u32 = 900;

/// A skill that a queue asks for, or an agent has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillLevel {
    /// Code of the skill: lower-case letters, digits, `-` and `_`, at most 32.
    pub skill: String,
    /// Of a queue the lowest proficiency that will do, of an agent the one he has; 1 to 10.
    pub level: u32,
}

/// What becomes of an agent who lets it ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswerRule {
    /// He goes on break, with the reason `no_answer`.
    Break,
    /// He stays ready and is passed over for that call for a while.
    Skip,
}

/// What is done for who still waits when the line has been closed for `serve_after_closing_s`. All are owed a call
/// (待回拨), whatever they are told, but who leaves a message: the ticket of it is what is owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterClosing {
    /// He may leave a message, which becomes a ticket.
    #[default]
    MessageBox,
    /// He is told that he will be called back.
    CallBack,
    /// He is told, and let go.
    End,
}

impl AfterClosing {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::MessageBox => "message_box",
            Self::CallBack => "call_back",
            Self::End => "end",
        }
    }

    /// What no row says is the message box.
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "call_back" => Self::CallBack,
            "end" => Self::End,
            _ => Self::MessageBox,
        }
    }
}

/// After this wait agents of a lower level serve the queue too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WidenStep {
    /// Seconds waited, 1 to 3600; each step later than the one before.
    pub after_s: u32,
    /// So many levels below those asked for will do, 1 to 9; never without the skill.
    pub levels_down: u32,
}

/// The rules of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueRules {
    /// Name, at most 40 characters.
    pub name: String,
    /// -10 to 10; each point counts as a minute already waited.
    #[serde(default)]
    pub priority: i32,
    /// Skills an agent needs, all of them; none = every agent serves this queue.
    #[serde(default)]
    pub skills: Vec<SkillLevel>,
    /// Seconds it rings at one agent, 5 to 120.
    pub ring_timeout_s: u32,
    /// Seconds of wrap-up, 0 to 3600; an extension adds the same again.
    pub wrap_up_s: u32,
    /// How often wrap-up can be extended, 0 to 10.
    pub max_extensions: u32,
    /// Answered within so many seconds is in time (K-02), 1 to 600.
    pub service_level_s: u32,
    /// Given up within so many seconds is a short abandon, 0 to 60.
    pub short_abandon_s: u32,
    /// Seconds a call waits for its first owner while he is busy, 0 to 300.
    pub preferred_wait_s: u32,
    /// Seconds after which an unanswered call is let go, 10 to 7200.
    pub max_wait_s: u32,
    /// What becomes of an agent who lets it ring.
    pub no_answer: NoAnswerRule,
    /// Levels that go down with the wait, at most 5 steps; none = the levels stay.
    #[serde(default)]
    pub widen: Vec<WidenStep>,
    /// Code of another queue whose agents help out; null = none. Who waits keeps place and time.
    #[serde(default)]
    pub overflow_to: Option<String>,
    /// Seconds waited before they do, 1 to 3600.
    #[serde(default = "usual_overflow_s")]
    pub overflow_after_s: u32,
    /// Points of priority for a requester who calls again, 0 to 10.
    #[serde(default)]
    pub repeat_priority: u32,
    /// Seconds between two announcements to who waits, 15 to 600; 0 = none.
    #[serde(default)]
    pub announce_every_s: u32,
    /// The announcement says how many are before him.
    #[serde(default)]
    pub announce_position: bool,
    /// The announcement says how long it will take about.
    #[serde(default)]
    pub announce_wait: bool,
    /// Seconds waited before a call-back is offered, 0 to 3600; null = never.
    #[serde(default)]
    pub callback_after_s: Option<u32>,
    /// The number shown to those who are called out of this queue: digits, `+` before them, at most 20; null = the
    /// hotline's.
    #[serde(default)]
    pub caller_id: Option<String>,
    /// Seconds for which those who wait when the line closes are served all the same, 0 to 7200.
    #[serde(default = "usual_serve_after_closing_s")]
    pub serve_after_closing_s: u32,
    /// What is done for who still waits then.
    #[serde(default)]
    pub after_closing: AfterClosing,
}

fn usual_serve_after_closing_s() -> u32 {
    USUAL_SERVE_AFTER_CLOSING_S
}

fn usual_overflow_s() -> u32 {
    USUAL_OVERFLOW_S
}

impl QueueRules {
    /// The usual rules, those of `acd::Queue::new`.
    pub fn usual(name: &str) -> Self {
        Self::of_acd(name, &acd::Queue::new(DEFAULT_QUEUE))
    }

    fn of_acd(name: &str, queue: &acd::Queue) -> Self {
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let skills = queue.skills.iter();
        Self {
            name: name.to_owned(),
            priority: queue.priority,
            skills: skills
                .map(|need| SkillLevel {
                    skill: need.skill.clone(),
                    level: need.at_least,
                })
                .collect(),
            ring_timeout_s: seconds(queue.ring_timeout),
            wrap_up_s: seconds(queue.wrap_up),
            max_extensions: queue.max_extensions,
            service_level_s: seconds(queue.service_level),
            short_abandon_s: seconds(queue.short_abandon),
            preferred_wait_s: seconds(queue.preferred_wait),
            max_wait_s: seconds(queue.max_wait),
            no_answer: match queue.no_answer {
                NoAnswer::Break => NoAnswerRule::Break,
                NoAnswer::Skip => NoAnswerRule::Skip,
            },
            widen: Vec::new(),
            overflow_to: None,
            overflow_after_s: USUAL_OVERFLOW_S,
            repeat_priority: 0,
            announce_every_s: 0,
            announce_position: false,
            announce_wait: false,
            callback_after_s: None,
            caller_id: None,
            serve_after_closing_s: USUAL_SERVE_AFTER_CLOSING_S,
            after_closing: AfterClosing::default(),
        }
    }

    /// The rules as the distributor takes them.
    pub fn to_acd(&self, code: &str) -> acd::Queue {
        let seconds = |count: u32| Duration::from_secs(u64::from(count));
        let skills = self.skills.iter();
        acd::Queue {
            code: code.to_owned(),
            priority: self.priority,
            skills: skills
                .map(|need| SkillNeed {
                    skill: need.skill.clone(),
                    at_least: need.level,
                })
                .collect(),
            ring_timeout: seconds(self.ring_timeout_s),
            wrap_up: seconds(self.wrap_up_s),
            max_extensions: self.max_extensions,
            service_level: seconds(self.service_level_s),
            short_abandon: seconds(self.short_abandon_s),
            preferred_wait: seconds(self.preferred_wait_s),
            max_wait: seconds(self.max_wait_s),
            no_answer: match self.no_answer {
                NoAnswerRule::Break => NoAnswer::Break,
                NoAnswerRule::Skip => NoAnswer::Skip,
            },
            widen: self
                .widen
                .iter()
                .map(|step| Widen {
                    after: seconds(step.after_s),
                    levels_down: step.levels_down,
                })
                .collect(),
            overflow: self.overflow_to.as_ref().map(|to| Overflow {
                to: to.clone(),
                after: seconds(self.overflow_after_s),
            }),
        }
    }

    /// 422 for the first field that is out of its limits.
    pub fn check(&self) -> Result<()> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(invalid(
                "name",
                "name_length",
                "a name has 1 to 40 characters",
            ));
        }
        check_skills(&self.skills)?;
        if !(-10..=10).contains(&self.priority) {
            return Err(out_of_range("priority", "-10 to 10"));
        }
        for (field, value, low, high) in [
            ("ring_timeout_s", self.ring_timeout_s, 5, 120),
            ("wrap_up_s", self.wrap_up_s, 0, 3600),
            ("max_extensions", self.max_extensions, 0, 10),
            ("service_level_s", self.service_level_s, 1, 600),
            ("short_abandon_s", self.short_abandon_s, 0, 60),
            ("preferred_wait_s", self.preferred_wait_s, 0, 300),
            ("max_wait_s", self.max_wait_s, 10, 7200),
            ("overflow_after_s", self.overflow_after_s, 1, 3600),
            ("repeat_priority", self.repeat_priority, 0, 10),
            ("announce_every_s", self.announce_every_s, 0, 600),
            ("serve_after_closing_s", self.serve_after_closing_s, 0, 7200),
            (
                "callback_after_s",
                self.callback_after_s.unwrap_or(0),
                0,
                3600,
            ),
        ] {
            if !(low..=high).contains(&value) {
                return Err(out_of_range(field, &format!("{low} to {high}")));
            }
        }
        // More often is no wait but a speech.
        if (1..15).contains(&self.announce_every_s) {
            return Err(out_of_range("announce_every_s", "0, or 15 to 600"));
        }
        self.check_widen()?;
        self.check_caller_id()
    }

    fn check_widen(&self) -> Result<()> {
        if self.widen.len() > MOST_STEPS {
            return Err(invalid("widen", "too_many_steps", "at most 5 steps"));
        }
        for step in &self.widen {
            if !(1..=3600).contains(&step.after_s) || !(1..=9).contains(&step.levels_down) {
                let range = "of steps after 1 to 3600 s, 1 to 9 levels down";
                return Err(out_of_range("widen", range));
            }
        }
        let rises = |pair: &[WidenStep]| {
            pair[0].after_s < pair[1].after_s && pair[0].levels_down < pair[1].levels_down
        };
        if !self.widen.windows(2).all(rises) {
            let detail = "each step is later and goes further down than the one before";
            return Err(invalid("widen", "steps_not_rising", detail));
        }
        Ok(())
    }

    fn check_caller_id(&self) -> Result<()> {
        let Some(number) = &self.caller_id else {
            return Ok(());
        };
        let digits = number.strip_prefix('+').unwrap_or(number);
        let fits = digits.len() >= 3 && number.len() <= LONGEST_NUMBER;
        if !fits || !digits.chars().all(|digit| digit.is_ascii_digit()) {
            let detail = "a number has 3 to 20 digits, with or without + before them";
            return Err(invalid("caller_id", "bad_number", detail));
        }
        Ok(())
    }
}

fn out_of_range(field: &str, range: &str) -> kernel::Problem {
    invalid(field, "out_of_range", format!("{field} is {range}"))
}

/// 422 unless each skill is a code with a level of 1 to 10, named once.
pub(crate) fn check_skills(skills: &[SkillLevel]) -> Result<()> {
    if skills.len() > MOST_SKILLS {
        return Err(invalid("skills", "too_many_skills", "at most 20 skills"));
    }
    for (at, skill) in skills.iter().enumerate() {
        check_code("skills", &skill.skill)?;
        if !(1..=10).contains(&skill.level) {
            return Err(out_of_range("skills", "of levels 1 to 10"));
        }
        if skills[..at]
            .iter()
            .any(|before| before.skill == skill.skill)
        {
            return Err(invalid(
                "skills",
                "skill_twice",
                format!("`{}` stands there twice", skill.skill),
            ));
        }
    }
    Ok(())
}

/// 422 unless this is a code.
pub(crate) fn check_code(field: &str, code: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if code.is_empty() || code.len() > LONGEST_CODE || !code.chars().all(allowed) {
        let detail = "a code has 1 to 32 lower-case letters, digits, - and _";
        return Err(invalid(field, "bad_code", detail));
    }
    Ok(())
}
