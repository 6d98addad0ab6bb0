//! Queues: their rules, the works that wait in them and the agents free for them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::agent::{AgentProfile, FreeKey};
use crate::work::{MediaKind, WorkId};

/// A skill a queue asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillNeed {
    /// Skill code.
    pub skill: String,
    /// Lowest proficiency that will do; at least 1.
    pub at_least: u32,
}

/// What becomes of an agent who let it ring, or declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswer {
    /// He goes on break, the reason says why (`no_answer`, `refused`, `busy`, `unreachable`).
    Break,
    /// He stays ready, and is passed over for that work for `Settings::skip_for`.
    Skip,
}

/// After this wait lower levels will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widen {
    /// Since the requester began to wait.
    pub after: Duration,
    /// So many levels below each `at_least`, though never without the skill.
    pub levels_down: u32,
}

/// After this wait the agents of another queue serve the work too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overflow {
    /// The other queue's code; its own overflow does not count.
    pub to: String,
    /// Since the requester began to wait.
    pub after: Duration,
}

/// The rules of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Code, unique.
    pub code: String,
    /// Added to the priority of each work; one point counts as `Settings::priority_step` waited.
    pub priority: i32,
    /// Skills an agent needs, all of them; none = every agent serves this queue.
    pub skills: Vec<SkillNeed>,
    /// How long it rings at one agent.
    pub ring_timeout: Duration,
    /// Wrap-up after a call; an extension adds the same again.
    pub wrap_up: Duration,
    /// How often wrap-up can be extended.
    pub max_extensions: u32,
    /// Answered within this is in time (K-02), 15 s.
    pub service_level: Duration,
    /// Given up within this is a short abandon, 5 s.
    pub short_abandon: Duration,
    /// How long a work waits for its preferred agent while he is busy.
    pub preferred_wait: Duration,
    /// After this without an answer the work is given up (`Outcome::NoAgentAnswer`).
    pub max_wait: Duration,
    /// What becomes of an agent who does not answer.
    pub no_answer: NoAnswer,
    /// Who waits long may be served by lower levels.
    pub widen: Vec<Widen>,
    /// Who waits long may be served by the agents of another queue. The work keeps its queue and place.
    pub overflow: Option<Overflow>,
}

impl Queue {
    /// A queue with the usual rules: ring 20 s, wrap-up 60 s with two extensions, 15 s service
    /// level, 5 s short abandon, 20 s for the preferred agent, 15 minutes at most.
    pub fn new(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            priority: 0,
            skills: Vec::new(),
            ring_timeout: Duration::from_secs(20),
            wrap_up: Duration::from_mins(1),
            max_extensions: 2,
            service_level: Duration::from_secs(15),
            short_abandon: Duration::from_secs(5),
            preferred_wait: Duration::from_secs(20),
            max_wait: Duration::from_mins(15),
            no_answer: NoAnswer::Break,
            widen: Vec::new(),
            overflow: None,
        }
    }

    /// What the wait opens, in order; a work at tier n has passed the first n of them.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = self
            .widen
            .iter()
            .map(|widen| Step {
                after: widen.after,
                levels_down: widen.levels_down,
                overflows: false,
            })
            .collect();
        steps.extend(self.overflow.as_ref().map(|overflow| Step {
            after: overflow.after,
            levels_down: 0,
            overflows: true,
        }));
        steps.sort_by_key(|step| step.after);
        // Each holds what those before it opened.
        let (mut levels_down, mut overflows) = (0, false);
        for step in &mut steps {
            levels_down = levels_down.max(step.levels_down);
            overflows |= step.overflows;
            (step.levels_down, step.overflows) = (levels_down, overflows);
        }
        steps
    }

    /// The agent's proficiency for this queue: the sum over the skills it asks for; `None` if he
    /// lacks one of them.
    pub fn proficiency(&self, agent: &AgentProfile) -> Option<u32> {
        self.proficiency_below(agent, 0)
    }

    /// As `proficiency`, when so many levels less will do.
    pub(crate) fn proficiency_below(&self, agent: &AgentProfile, levels_down: u32) -> Option<u32> {
        self.skills.iter().try_fold(0u32, |sum, need| {
            let level = agent.skills.get(&need.skill).copied().unwrap_or(0);
            (level >= need.at_least.saturating_sub(levels_down).max(1))
                .then(|| sum.saturating_add(level))
        })
    }
}

/// What a wait opens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub after: Duration,
    pub levels_down: u32,
    pub overflows: bool,
}

/// A place in the order of waiting: the time of offering less the head start of its priority, then
/// the order of arrival. It never changes, so a work that comes back takes its old place, and a low
/// priority is late but never starves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Milliseconds.
    pub(crate) virtual_ms: i64,
    pub(crate) seq: u64,
}

impl Place {
    pub(crate) fn new(offered_at: DateTime<Utc>, priority: i64, step: Duration, seq: u64) -> Self {
        let step_ms = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        let head_start = priority.saturating_mul(step_ms);
        Self {
            virtual_ms: offered_at.timestamp_millis().saturating_sub(head_start),
            seq,
        }
    }
}

/// One medium of one queue.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// By tier: how far the wait has opened the queue for them.
    pub waiting: BTreeMap<usize, BTreeSet<(Place, WorkId)>>,
    pub free: BTreeSet<FreeKey>,
    /// Everything not answered yet (waiting, waiting for one agent, ringing), oldest first.
    pub unanswered: BTreeSet<(DateTime<Utc>, WorkId)>,
}

impl Lane {
    pub(crate) fn wait(&mut self, tier: usize, place: Place, work: WorkId) {
        self.waiting.entry(tier).or_default().insert((place, work));
    }

    pub(crate) fn wait_no_more(&mut self, tier: usize, place: Place, work: WorkId) {
        if let Some(works) = self.waiting.get_mut(&tier) {
            works.remove(&(place, work));
        }
    }
}

/// A queue at work.
#[derive(Debug)]
pub(crate) struct Line {
    pub queue: Queue,
    pub steps: Vec<Step>,
    pub voice: Lane,
    pub chat: Lane,
}

impl Line {
    pub(crate) fn new(queue: Queue) -> Self {
        Self {
            steps: queue.steps(),
            queue,
            voice: Lane::default(),
            chat: Lane::default(),
        }
    }

    /// The tier of a work that waited so long, and the wait that opens the next.
    pub(crate) fn tier_after(&self, waited: Duration) -> (usize, Option<Duration>) {
        let tier = self.steps.partition_point(|step| step.after <= waited);
        (tier, self.steps.get(tier).map(|step| step.after))
    }

    pub(crate) fn lane(&self, media: MediaKind) -> &Lane {
        match media {
            MediaKind::Voice => &self.voice,
            MediaKind::Chat => &self.chat,
        }
    }

    pub(crate) fn lane_mut(&mut self, media: MediaKind) -> &mut Lane {
        match media {
            MediaKind::Voice => &mut self.voice,
            MediaKind::Chat => &mut self.chat,
        }
    }
}
