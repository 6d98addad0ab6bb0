//! `Acd`: takes what happens, one input at a time, and says what to do.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::agent::{Agent, AgentProfile, By, Serves};
use crate::message::{Handled, Input, Output, Refusal};
use crate::queue::{Line, Queue};
use crate::timer::{Timer, Timers};
use crate::work::{AgentId, Item, WorkId};

/// Rules that belong to no queue.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What one point of priority counts as already waited. A longer step is a stricter order.
    pub priority_step: Duration,
    /// For how long an agent who did not answer is passed over for that work (`NoAnswer::Skip`).
    pub skip_for: Duration,
    /// Wrap-up after a call the agent began himself.
    pub own_wrap_up: Duration,
    /// How often that can be extended.
    pub own_max_extensions: u32,
    /// A ready agent whose device is gone for this long goes on break (`device_lost`).
    pub device_grace: Duration,
    /// Where a work an agent began himself waits when he passes it to another.
    pub default_queue: String,
    /// A colleague who is asked and neither answers nor declines is free again after this.
    pub consult_ring: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            priority_step: Duration::from_mins(1),
            skip_for: Duration::from_secs(15),
            own_wrap_up: Duration::from_mins(1),
            own_max_extensions: 2,
            device_grace: Duration::from_secs(15),
            default_queue: "hotline".to_owned(),
            consult_ring: Duration::from_mins(2),
        }
    }
}

/// The distributor of calls and chats. Without IO, without a clock: the same inputs at the same
/// times give the same outputs.
#[derive(Debug)]
pub struct Acd {
    pub(crate) settings: Settings,
    pub(crate) lines: Vec<Line>,
    pub(crate) codes: BTreeMap<String, usize>,
    pub(crate) agents: BTreeMap<AgentId, Agent>,
    pub(crate) items: BTreeMap<WorkId, Item>,
    pub(crate) timers: Timers,
    pub(crate) seq: u64,
    pub(crate) now: DateTime<Utc>,
    pub(crate) out: Vec<Output>,
}

pub(crate) type Outcomes = Result<(), Refusal>;

impl Acd {
    /// An empty floor.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            lines: Vec::new(),
            codes: BTreeMap::new(),
            agents: BTreeMap::new(),
            items: BTreeMap::new(),
            timers: Timers::default(),
            seq: 0,
            now: DateTime::<Utc>::MIN_UTC,
            out: Vec::new(),
        }
    }

    /// When `handle(Input::Tick, …)` is due next, if nothing happens before.
    pub fn next_deadline(&self) -> Option<DateTime<Utc>> {
        self.timers.next()
    }

    /// Lets time pass to `now`, then takes the input. A `now` before the last one counts as the
    /// last one, so a clock that is set back delays deadlines but never reorders them.
    pub fn handle(&mut self, input: Input, now: DateTime<Utc>) -> Handled {
        self.now = self.now.max(now);
        self.fire_due();
        let refusal = self.take(input).err();
        self.fire_due();
        Handled {
            outputs: std::mem::take(&mut self.out),
            refusal,
        }
    }

    fn fire_due(&mut self) {
        while let Some(timer) = self.timers.pop_due(self.now) {
            match timer {
                Timer::Ring(_, work) => self.ring_timed_out(work),
                Timer::WrapUp(agent) => self.wrap_up_over(agent, false, By::System),
                Timer::Skip(_, work, agent) => self.skip_over(work, agent),
                Timer::Reserve(_, work) => self.reserve_over(work),
                Timer::Widen(_, work) => self.widened(work),
                Timer::MaxWait(work) => self.max_wait_over(work),
                Timer::DeviceLost(agent) => self.device_lost(agent),
            }
        }
    }

    fn take(&mut self, input: Input) -> Outcomes {
        match input {
            Input::PutQueue(queue) => self.put_queue(queue),
            Input::PutAgent(profile) => self.put_agent(profile),
            Input::Reachable { agent, reachable } => self.reachable(agent, reachable)?,
            Input::Ask {
                agent,
                presence,
                reason,
            } => self.ask(agent, presence, reason)?,
            Input::Force {
                agent,
                presence,
                reason,
                by,
            } => {
                self.force(agent, presence, reason, by)?;
            }
            Input::Restore {
                agent,
                presence,
                reason,
                wrap_up,
            } => {
                self.restore(agent, presence, reason, wrap_up)?;
            }
            Input::Offer(work) => self.offer(work)?,
            Input::Withdraw { work, at } => self.over(work, at)?,
            Input::GiveUp { work } => self.give_up(work)?,
            Input::Ended { work } => self.over(work, None)?,
            Input::Adopt { work, agent } => self.adopt(&work, agent)?,
            Input::Interrupt { work } => self.interrupt(work)?,
            Input::Accepted { work, agent } => self.accepted(work, agent)?,
            Input::Declined { work, agent, why } => self.declined(work, agent, why),
            Input::Hold { work, held } => self.hold(work, held)?,
            Input::Began { work, agent } => self.began(work, agent)?,
            Input::Pass { work, to } => self.pass(work, to)?,
            Input::Consult { work, agent } => self.consult(work, agent)?,
            Input::ConsultQueue { work, about, queue } => {
                self.consult_queue(work, about, &queue)?;
            }
            Input::HandOver { work, consult, to } => self.hand_over(work, consult, to)?,
            Input::KeepPlace { old, new } => self.keep_place(old, &new)?,
            Input::ResumePlace(work) => self.resume_place(&work)?,
            Input::EndWrapUp { agent, work } => self.end_wrap_up(agent, work)?,
            Input::ExtendWrapUp { agent } => self.extend_wrap_up(agent)?,
            Input::Tick => {}
        }
        Ok(())
    }

    /// Rules of one queue say who serves it and, by its overflow, who serves others: all is worked out anew.
    fn put_queue(&mut self, queue: Queue) {
        if let Some(index) = self.codes.get(&queue.code) {
            let line = &mut self.lines[*index];
            line.steps = queue.steps();
            line.queue = queue;
        } else {
            self.codes.insert(queue.code.clone(), self.lines.len());
            self.lines.push(Line::new(queue));
        }
        let agents: Vec<AgentId> = self.agents.keys().copied().collect();
        for agent in &agents {
            self.unlist(*agent);
            self.work_out_queues(*agent);
        }
        let works: Vec<WorkId> = self.items.keys().copied().collect();
        for work in works {
            self.set_tier(work);
        }
        for agent in agents {
            self.settle(agent);
        }
    }

    fn put_agent(&mut self, profile: AgentProfile) {
        let id = profile.id;
        match self.agents.get_mut(&id) {
            Some(agent) => agent.profile = profile,
            None => {
                self.agents.insert(id, Agent::new(profile, self.now));
            }
        }
        self.serve_again(id);
    }

    fn serve_again(&mut self, id: AgentId) {
        self.unlist(id);
        self.work_out_queues(id);
        self.settle(id);
    }

    /// Which queues the agent serves, and from which tier on.
    fn work_out_queues(&mut self, id: AgentId) {
        let Some(profile) = self.agents.get(&id).map(|agent| &agent.profile) else {
            return;
        };
        let serves = |(index, line): (usize, &Line)| {
            let with = |tier, proficiency| Serves {
                queue: index,
                tier,
                proficiency,
            };
            if let Some(level) = line.queue.proficiency(profile) {
                return Some(with(0, level));
            }
            let other = line.queue.overflow.as_ref();
            let other = other.and_then(|overflow| self.codes.get(&overflow.to));
            let lent = other.and_then(|other| self.lines[*other].queue.proficiency(profile));
            line.steps.iter().enumerate().find_map(|(before, step)| {
                let his = line.queue.proficiency_below(profile, step.levels_down);
                let level = his.or(lent.filter(|_| step.overflows))?;
                Some(with(before + 1, level))
            })
        };
        let serves = self.lines.iter().enumerate().filter_map(serves).collect();
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.serves = serves;
        }
    }

    pub(crate) fn code(&self, queue: Option<usize>) -> Option<String> {
        queue.map(|index| self.lines[index].queue.code.clone())
    }

    pub(crate) fn waited(&self, since: DateTime<Utc>) -> Duration {
        (self.now - since).to_std().unwrap_or_default()
    }
}
