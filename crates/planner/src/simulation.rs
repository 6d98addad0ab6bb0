//! A day tried out before it comes: callers drawn by chance meet the product's own distributor.
//!
//! The same seed brings the same callers whatever the roster, so that two rosters differ by the roster alone.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::time::Duration;

use acd::{
    Acd, AgentProfile, AgentState, Input, MediaKind, Outcome, Output, Presence, Queue, Settings,
    Work,
};
use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

/// The most agents and the most calls that a day may have.
const MOST_AGENTS: u32 = 5_000;
const MOST_CALLS: f64 = 2_000_000.0;
/// The most slots of a day.
const MOST_SLOTS: usize = 10_000;
/// The longest slot, in seconds.
const LONGEST_SLOT: f64 = 86_400.0;
/// Who waits as long as this waits for ever.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);
const QUEUE: &str = "hotline";

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// Calls expected in it.
    pub calls: f64,
    /// Agents on the phones during it.
    pub agents: u32,
}

/// What is tried out. Times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Length of a slot.
    pub interval: f64,
    /// The slots, one behind the other.
    pub slots: Vec<Slot>,
    /// Average handle time: talk, and wrap-up.
    pub aht: f64,
    /// Of it, the wrap-up, which is the same for each call.
    pub wrap_up: f64,
    /// Average patience; `None` for callers who never give up.
    pub patience: Option<f64>,
    /// How long an agent lets it ring.
    pub ring: f64,
    /// Answered within this is in time.
    pub in_time: f64,
    /// Who waits so long is let go; `None` for nobody.
    pub max_wait: Option<f64>,
}

/// Why a day cannot be tried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible(pub String);

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Impossible {}

/// What became of the callers of a slot, or of the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// Callers.
    pub calls: u64,
    /// Answered by an agent.
    pub answered: u64,
    /// Answered in time.
    pub in_time: u64,
    /// Gave up.
    pub abandoned: u64,
    /// Let go after the longest wait, or at the end of the day.
    pub let_go: u64,
    /// Seconds waited by those who were answered.
    pub waited: f64,
    /// The longest of these waits.
    pub longest: f64,
    /// Agents' seconds with a call or its wrap-up; they count where they are worked, not where the call came in.
    pub busy: f64,
    /// Agents' seconds ready without one.
    pub idle: f64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.in_time += other.in_time;
        self.abandoned += other.abandoned;
        self.let_go += other.let_go;
        self.waited += other.waited;
        self.longest = self.longest.max(other.longest);
        self.busy += other.busy;
        self.idle += other.idle;
    }

    /// Share of all callers who were answered in time (K-03, variant ③); `None` without callers.
    pub fn service_level(&self) -> Option<f64> {
        share(self.in_time as f64, self.calls as f64)
    }

    /// Share of all callers who gave up (K-04).
    pub fn abandonment(&self) -> Option<f64> {
        share(self.abandoned as f64, self.calls as f64)
    }

    /// Average wait of those who were answered (K-05).
    pub fn asa(&self) -> Option<f64> {
        share(self.waited, self.answered as f64)
    }

    /// Share of the agents' time that was taken by calls (K-11).
    pub fn occupancy(&self) -> Option<f64> {
        share(self.busy, self.busy + self.idle)
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

impl Trial {
    fn possible(&self) -> Result<(), Impossible> {
        let refuse = |what: &str| Err(Impossible(what.to_owned()));
        let positive = |value: f64| value.is_finite() && value > 0.0 && value <= 1e7;
        let from_zero = |value: f64| value.is_finite() && (0.0..=1e7).contains(&value);
        if self.slots.is_empty() || self.slots.len() > MOST_SLOTS {
            return refuse("a day has 1 to 10,000 slots");
        }
        if !positive(self.interval) || self.interval > LONGEST_SLOT || !positive(self.aht) {
            return refuse("interval and handle time are more than 0 s, an interval a day at most");
        }
        if !from_zero(self.wrap_up) || self.wrap_up >= self.aht {
            return refuse("the wrap-up is a part of the handle time");
        }
        if !self.patience.is_none_or(positive) || !self.max_wait.is_none_or(positive) {
            return refuse("patience and the longest wait are more than 0 s");
        }
        if !from_zero(self.ring) || !from_zero(self.in_time) {
            return refuse("ringing and the limit of the service level are 0 s or more");
        }
        let calls: f64 = self.slots.iter().map(|slot| slot.calls).sum();
        let none_below = self.slots.iter().all(|slot| from_zero(slot.calls));
        if !none_below || calls > MOST_CALLS {
            return refuse("a day has 0 to 2,000,000 calls");
        }
        if self.slots.iter().any(|slot| slot.agents > MOST_AGENTS) {
            return refuse("a slot has at most 5,000 agents");
        }
        Ok(())
    }

    /// Lets one day pass; a tally for each slot.
    pub fn run(&self, seed: u64) -> Result<Vec<Tally>, Impossible> {
        self.possible()?;
        let mut hall = Hall::open(self, seed);
        hall.pass();
        Ok(hall.tallies)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Slot(usize),
    Arrives,
    GivesUp(usize),
    Answers(usize, Uuid),
    HangsUp(usize),
}

struct Caller {
    slot: usize,
    talk: f64,
    /// Not answered yet, and not gone.
    waits: bool,
}

/// The hall of a day.
struct Hall<'a> {
    trial: &'a Trial,
    acd: Acd,
    dice: StdRng,
    start: DateTime<Utc>,
    /// Nanoseconds since the start.
    now: u64,
    slot: usize,
    on_shift: u32,
    busy: u32,
    idle: u32,
    callers: Vec<Caller>,
    /// By time, then by the order they were thought of.
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    order: u64,
    tallies: Vec<Tally>,
}

fn agent(number: u32) -> Uuid {
    Uuid::from_u128(u128::from(number) | 1 << 64)
}

fn work(caller: usize) -> Uuid {
    Uuid::from_u128(caller as u128)
}

fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

impl<'a> Hall<'a> {
    fn open(trial: &'a Trial, seed: u64) -> Self {
        let mut hall = Self {
            trial,
            acd: Acd::new(Settings::default()),
            dice: StdRng::seed_from_u64(seed),
            start: DateTime::UNIX_EPOCH,
            now: 0,
            slot: 0,
            on_shift: 0,
            busy: 0,
            idle: 0,
            callers: Vec::new(),
            events: BinaryHeap::new(),
            order: 0,
            tallies: vec![Tally::default(); trial.slots.len()],
        };
        hall.tell(Input::PutQueue(Queue {
            wrap_up: Duration::from_secs_f64(trial.wrap_up),
            ring_timeout: Duration::from_secs_f64(20.0 + 2.0 * trial.ring),
            max_wait: trial.max_wait.map_or(FOR_EVER, Duration::from_secs_f64),
            ..Queue::new(QUEUE)
        }));
        for number in 0..trial
            .slots
            .iter()
            .map(|slot| slot.agents)
            .max()
            .unwrap_or(0)
        {
            let id = agent(number);
            hall.tell(Input::PutAgent(AgentProfile {
                id,
                skills: [].into(),
                chat_slots: 0,
            }));
            hall.tell(Input::Reachable {
                agent: id,
                reachable: true,
            });
        }
        for slot in 0..=trial.slots.len() {
            hall.expect(slot as f64 * trial.interval, Event::Slot(slot));
        }
        hall.next_arrival(0, 0.0);
        hall
    }

    /// Something happens so many seconds after the start.
    fn expect(&mut self, at: f64, event: Event) {
        self.order += 1;
        self.events
            .push(Reverse((nanos(at).max(self.now), self.order, event)));
    }

    fn soon(&mut self, after: f64, event: Event) {
        self.order += 1;
        let at = self.now.saturating_add(nanos(after));
        self.events.push(Reverse((at, self.order, event)));
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.dice.random::<f64>()).ln()
    }

    /// The next caller, from a time of a slot on.
    fn next_arrival(&mut self, mut slot: usize, mut from: f64) {
        let interval = self.trial.interval;
        while let Some(&Slot { calls, .. }) = self.trial.slots.get(slot) {
            let end = (slot + 1) as f64 * interval;
            if calls > 0.0 {
                from += self.exponential(interval / calls);
                if from < end {
                    self.expect(from, Event::Arrives);
                    return;
                }
            }
            // Chance has no memory: the rest of the wait is drawn anew.
            from = end;
            slot += 1;
        }
    }

    fn pass(&mut self) {
        while let Some(&Reverse((at, _, event))) = self.events.peek() {
            let due = self.acd.next_deadline().map(|due| self.since(due));
            if due.is_some_and(|due| due < at) {
                self.move_to(due.unwrap_or(at));
                self.tell(Input::Tick);
                continue;
            }
            self.events.pop();
            self.move_to(at);
            self.happens(event);
        }
        // The last wrap-ups.
        while self.busy > 0
            && let Some(due) = self.acd.next_deadline()
        {
            self.move_to(self.since(due));
            self.tell(Input::Tick);
        }
    }

    fn since(&self, at: DateTime<Utc>) -> u64 {
        (at - self.start)
            .num_nanoseconds()
            .map_or(u64::MAX, |nanos| u64::try_from(nanos).unwrap_or(0))
    }

    fn move_to(&mut self, at: u64) {
        let seconds = at.saturating_sub(self.now) as f64 / 1e9;
        let day_is_over = self.slot >= self.tallies.len();
        let last = self.tallies.len() - 1;
        let tally = &mut self.tallies[self.slot.min(last)];
        tally.busy += f64::from(self.busy) * seconds;
        // Who only waits for the last caller to be gone is off.
        if !day_is_over {
            tally.idle += f64::from(self.idle) * seconds;
        }
        self.now = self.now.max(at);
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Slot(slot) => self.begin(slot),
            Event::Arrives => self.arrives(),
            Event::GivesUp(caller) if self.callers[caller].waits => self.tell(Input::Withdraw {
                work: work(caller),
                at: None,
            }),
            Event::GivesUp(_) => {}
            Event::Answers(caller, agent) => self.tell(Input::Accepted {
                work: work(caller),
                agent,
            }),
            Event::HangsUp(caller) => self.tell(Input::Ended { work: work(caller) }),
        }
    }

    /// Agents come and go; behind the last slot they stay until nobody waits.
    fn begin(&mut self, slot: usize) {
        self.slot = slot;
        let Some(&Slot { agents, .. }) = self.trial.slots.get(slot) else {
            if self.on_shift == 0 {
                for caller in 0..self.callers.len() {
                    if self.callers[caller].waits {
                        self.tell(Input::GiveUp { work: work(caller) });
                    }
                }
            }
            return;
        };
        let before = std::mem::replace(&mut self.on_shift, agents);
        for number in before..agents {
            self.ask(number, Presence::Ready);
        }
        for number in agents..before {
            self.ask(number, Presence::SignedOut);
        }
    }

    fn ask(&mut self, number: u32, presence: Presence) {
        self.tell(Input::Ask {
            agent: agent(number),
            presence,
            reason: None,
        });
    }

    fn arrives(&mut self) {
        let caller = self.callers.len();
        let talk = self.exponential(self.trial.aht - self.trial.wrap_up);
        let stays = self.trial.patience.map(|mean| self.exponential(mean));
        self.callers.push(Caller {
            slot: self.slot,
            talk,
            waits: true,
        });
        self.tallies[self.slot].calls += 1;
        self.tell(Input::Offer(Work {
            id: work(caller),
            media: MediaKind::Voice,
            queue: QUEUE.to_owned(),
            priority: 0,
            preferred_agent: None,
            offered_at: self.at(),
        }));
        if let Some(stays) = stays {
            self.soon(stays, Event::GivesUp(caller));
        }
        self.next_arrival(self.slot, self.now as f64 / 1e9);
    }

    fn at(&self) -> DateTime<Utc> {
        self.start + TimeDelta::nanoseconds(self.now as i64)
    }

    /// Tells the distributor, and does what it says.
    fn tell(&mut self, input: Input) {
        let mut todo = VecDeque::from([input]);
        while let Some(input) = todo.pop_front() {
            // Late news of a caller who is gone is refused, and rightly.
            for output in self.acd.handle(input, self.at()).outputs {
                match output {
                    Output::Ring { work, agent, .. } if self.trial.ring > 0.0 => {
                        let answers = Event::Answers(work.as_u128() as usize, agent);
                        self.soon(self.trial.ring, answers);
                    }
                    Output::Ring { work, agent, .. } => {
                        todo.push_back(Input::Accepted { work, agent });
                    }
                    Output::Accepted { work, wait, .. } => {
                        self.answered(work.as_u128() as usize, wait);
                    }
                    Output::Ended { work, outcome, .. } => self.ended(work, outcome),
                    Output::AgentChanged { from, to, .. } => {
                        self.count(from, false);
                        self.count(to, true);
                    }
                    _ => {}
                }
            }
        }
    }

    fn answered(&mut self, caller: usize, wait: Duration) {
        let Caller { slot, talk, .. } = self.callers[caller];
        self.callers[caller].waits = false;
        let wait = wait.as_secs_f64();
        let tally = &mut self.tallies[slot];
        tally.answered += 1;
        tally.in_time += u64::from(wait <= self.trial.in_time);
        tally.waited += wait;
        tally.longest = tally.longest.max(wait);
        self.soon(talk, Event::HangsUp(caller));
    }

    fn ended(&mut self, work: Uuid, outcome: Outcome) {
        let caller = &mut self.callers[work.as_u128() as usize];
        caller.waits = false;
        let tally = &mut self.tallies[caller.slot];
        match outcome {
            Outcome::Abandoned | Outcome::ShortAbandoned => tally.abandoned += 1,
            Outcome::NoAgentAnswer => tally.let_go += 1,
            _ => {}
        }
    }

    fn count(&mut self, state: AgentState, into: bool) {
        let many = match state {
            AgentState::Ready => &mut self.idle,
            AgentState::Talking | AgentState::WrapUp => &mut self.busy,
            _ => return,
        };
        *many = if into {
            *many + 1
        } else {
            many.saturating_sub(1)
        };
    }
}
