//! Hours of busy traffic on the test clock: calls, transfers, consultations, call-backs, breaks, lost devices.
//! Every work has one outcome, nobody has two calls, and at the end nobody is stuck.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use acd::{
    Acd, AgentId, AgentState, Declined, Input, MediaKind, NoAnswer, Outcome, Output, Overflow,
    PassTo, Presence, Queue, Settings, SkillNeed, Widen, Work, WorkId,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{agent, profile, secs, work};

const AGENTS: u128 = 40;
const QUEUES: [&str; 6] = ["hotline", "exam", "title", "foreign", "night", "vip"];

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// So often in a hundred.
    fn hits(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What people and media will do, at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Call,
    Answer(WorkId, AgentId),
    Decline(WorkId, AgentId),
    Impatient(WorkId),
    TalkOver(WorkId),
    WrittenUp(AgentId, WorkId),
    Transfer(WorkId),
    HandOver(WorkId, WorkId, AgentId),
    Break(u128),
    Back(u128),
    Device(u128, bool),
}

struct Day {
    acd: Acd,
    now: DateTime<Utc>,
    dice: Dice,
    agenda: BinaryHeap<std::cmp::Reverse<(DateTime<Utc>, u64, Next)>>,
    order: u64,
    next: u128,
    open: BTreeSet<WorkId>,
    outcomes: BTreeMap<WorkId, Outcome>,
    in_hand: BTreeMap<AgentId, WorkId>,
    counts: BTreeMap<&'static str, u64>,
}

fn rules() -> Vec<Queue> {
    let queue = |code: &str| Queue {
        wrap_up: secs(45),
        max_wait: secs(300),
        no_answer: NoAnswer::Skip,
        ..Queue::new(code)
    };
    let mut queues: Vec<Queue> = QUEUES.into_iter().map(queue).collect();
    for (index, levels) in [(1, 3), (2, 2), (3, 4), (5, 1)] {
        let skill = QUEUES[index].to_owned();
        queues[index].skills = vec![SkillNeed {
            skill,
            at_least: levels,
        }];
        queues[index].widen = vec![
            Widen {
                after: secs(20),
                levels_down: 1,
            },
            Widen {
                after: secs(45),
                levels_down: 3,
            },
        ];
    }
    queues[3].overflow = Some(Overflow {
        to: "hotline".to_owned(),
        after: secs(30),
    });
    queues[4].priority = -5;
    queues[4].no_answer = NoAnswer::Break;
    queues[5].priority = 5;
    queues
}

impl Day {
    fn begin(seed: u64) -> Self {
        let mut day = Self {
            acd: Acd::new(Settings::default()),
            now: "2026-11-23T00:30:00Z".parse().unwrap(),
            dice: Dice(seed),
            agenda: BinaryHeap::new(),
            order: 0,
            next: 0,
            open: BTreeSet::new(),
            outcomes: BTreeMap::new(),
            in_hand: BTreeMap::new(),
            counts: BTreeMap::new(),
        };
        for queue in rules() {
            day.does(Input::PutQueue(queue));
        }
        for n in 0..AGENTS {
            let level = |dice: &mut Dice| u32::try_from(dice.below(6)).unwrap();
            let levels = [(); 3].map(|()| level(&mut day.dice));
            let skills = [
                ("exam", levels[0]),
                ("title", levels[1]),
                ("foreign", levels[2]),
                ("vip", 1),
            ];
            day.does(Input::PutAgent(profile(agent(n), &skills, 0)));
            day.does(Input::Reachable {
                agent: agent(n),
                reachable: true,
            });
            day.ask(n, Presence::Ready);
            let at = 600 + day.dice.below(7200);
            day.in_s(at, Next::Break(n));
        }
        day.in_s(1, Next::Call);
        day
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn in_s(&mut self, seconds: u64, next: Next) {
        let at = self.now + TimeDelta::seconds(i64::try_from(seconds).unwrap());
        self.order += 1;
        self.agenda.push(std::cmp::Reverse((at, self.order, next)));
    }

    fn ask(&mut self, n: u128, presence: Presence) {
        let agent = agent(n);
        // Refused while his device is away.
        let _ = self.does(Input::Ask {
            agent,
            presence,
            reason: None,
        });
    }

    fn does(&mut self, input: Input) -> bool {
        let handled = self.acd.handle(input, self.now);
        for output in &handled.outputs {
            self.follow(output);
        }
        handled.refusal.is_none()
    }

    fn take(&mut self, agent: AgentId, work: WorkId) {
        let before = self.in_hand.insert(agent, work);
        assert!(
            before.is_none_or(|before| before == work),
            "{agent} has {before:?} and {work}"
        );
    }

    fn leave(&mut self, agent: AgentId, work: WorkId) {
        if self.in_hand.get(&agent) == Some(&work) {
            self.in_hand.remove(&agent);
        }
    }

    fn follow(&mut self, output: &Output) {
        match *output {
            Output::Queued { work, .. } => assert!(self.open.insert(work), "{work} twice"),
            Output::Ring { work, agent, .. } => {
                self.count("rings");
                self.take(agent, work);
                match self.dice.below(20) {
                    0 => {}
                    1 => self.in_s(2, Next::Decline(work, agent)),
                    _ => {
                        let after = 1 + self.dice.below(8);
                        self.in_s(after, Next::Answer(work, agent));
                    }
                }
            }
            Output::StopRinging { work, agent, .. } | Output::Returned { work, agent, .. } => {
                self.leave(agent, work);
            }
            Output::Passed { work, from, .. } => {
                self.count("passed");
                self.leave(from, work);
            }
            Output::HandedOver { work, from, to, .. } => {
                self.count("handed over");
                self.leave(from, work);
                self.take(to, work);
            }
            Output::Accepted { work, agent, .. } => self.take(agent, work),
            Output::Ended { work, outcome, .. } => {
                assert!(self.open.remove(&work), "{work} was not open");
                let before = self.outcomes.insert(work, outcome);
                assert_eq!(before, None, "{work} ended twice");
                self.in_hand.retain(|_, held| *held != work);
            }
            Output::WrapUpBegan { work, agent, .. } => {
                // Some let it run out.
                let after = 10 + self.dice.below(60);
                self.in_s(after, Next::WrittenUp(agent, work));
            }
            _ => {}
        }
    }

    fn new_work(&mut self, queue: &str) -> Work {
        self.next += 1;
        Work {
            id: work(self.next),
            media: MediaKind::Voice,
            queue: queue.to_owned(),
            priority: i32::from(self.dice.hits(5)),
            preferred_agent: self
                .dice
                .hits(20)
                .then(|| agent(u128::from(self.dice.below(40)))),
            offered_at: self.now,
        }
    }

    fn happens(&mut self, next: Next) {
        match next {
            Next::Call => {
                let queue = QUEUES[usize::try_from(self.dice.below(6)).unwrap()];
                let work = self.new_work(queue);
                let patience = 20 + self.dice.below(400);
                self.in_s(patience, Next::Impatient(work.id));
                assert!(self.does(Input::Offer(work)));
                // About nine calls a minute: a little more than forty can take.
                let pause = self.dice.below(10);
                self.in_s(pause, Next::Call);
            }
            Next::Answer(work, agent) => {
                if self.does(Input::Accepted { work, agent }) && self.open.contains(&work) {
                    let talk = 20 + self.dice.below(300);
                    self.in_s(talk, Next::TalkOver(work));
                    if self.dice.hits(25) {
                        let after = self.dice.below(talk) + 1;
                        self.in_s(after, Next::Transfer(work));
                    }
                }
            }
            Next::Decline(work, agent) => {
                let why = Declined::Busy;
                self.does(Input::Declined { work, agent, why });
            }
            Next::Impatient(work) => self.impatient(work),
            Next::TalkOver(work) => {
                self.does(Input::Ended { work });
            }
            Next::WrittenUp(agent, work) => {
                self.does(Input::EndWrapUp { agent, work });
            }
            Next::Transfer(work) => self.transfer(work),
            Next::HandOver(work, consult, to) => {
                self.does(Input::Accepted {
                    work: consult,
                    agent: to,
                });
                let consult_is = Some(consult);
                if self.dice.hits(30)
                    || !self.does(Input::HandOver {
                        work,
                        consult: consult_is,
                        to,
                    })
                {
                    self.does(Input::Ended { work: consult });
                }
            }
            Next::Break(n) => {
                self.ask(n, Presence::Break);
                self.in_s(600, Next::Back(n));
            }
            Next::Back(n) => {
                self.ask(n, Presence::Ready);
                let at = 1800 + self.dice.below(3600);
                self.in_s(at, Next::Break(n));
                if self.dice.hits(30) {
                    self.in_s(300, Next::Device(n, false));
                    self.in_s(310 + at % 20, Next::Device(n, true));
                }
            }
            Next::Device(n, reachable) => {
                let agent = agent(n);
                self.does(Input::Reachable { agent, reachable });
                if reachable {
                    self.ask(n, Presence::Ready);
                }
            }
        }
    }

    /// Who waited long hangs up, or asks to be called back.
    fn impatient(&mut self, old: WorkId) {
        let Some(view) = self.acd.work_view(old) else {
            return;
        };
        if matches!(view.stage, acd::Stage::Active { .. }) {
            return;
        }
        let queue = view.queue.unwrap().to_owned();
        if self.dice.hits(30) {
            let new = self.new_work(&queue);
            assert!(self.does(Input::KeepPlace { old, new }));
            self.count("call-backs");
        } else {
            assert!(self.does(Input::Withdraw {
                work: old,
                at: None
            }));
        }
    }

    fn transfer(&mut self, work: WorkId) {
        let to = agent(u128::from(self.dice.below(40)));
        match self.dice.below(3) {
            0 => {
                let queue = QUEUES[usize::try_from(self.dice.below(6)).unwrap()];
                let to = PassTo::Queue(queue.to_owned());
                self.does(Input::Pass { work, to });
            }
            1 => {
                let to = PassTo::Agent(to);
                self.does(Input::Pass { work, to });
            }
            _ => {
                self.next += 1;
                let consult = crate::support::work(self.next);
                let input = Input::Consult {
                    work: consult,
                    agent: to,
                };
                // Its word is `Accepted` and `Ended` alone: the medium rings.
                if self.does(input) {
                    self.open.insert(consult);
                    self.take(to, consult);
                    self.count("consultations");
                    self.in_s(5, Next::HandOver(work, consult, to));
                } else {
                    self.next -= 1;
                }
            }
        }
    }

    fn run(&mut self, for_s: u64) {
        let until = self.now + TimeDelta::seconds(i64::try_from(for_s).unwrap());
        while let Some(next) = self.agenda.peek().filter(|next| next.0.0 <= until) {
            let std::cmp::Reverse((at, _, next)) = *next;
            self.agenda.pop();
            self.tick_to(at);
            self.happens(next);
        }
        self.tick_to(until);
    }

    fn tick_to(&mut self, at: DateTime<Utc>) {
        while let Some(due) = self.acd.next_deadline().filter(|due| *due <= at) {
            self.now = self.now.max(due);
            self.does(Input::Tick);
        }
        self.now = at;
    }

    /// No more calls; everything comes to its end.
    fn end(&mut self) {
        while let Some(std::cmp::Reverse((at, _, next))) = self.agenda.pop() {
            if matches!(next, Next::Call | Next::Break(_) | Next::Back(_)) {
                continue;
            }
            self.tick_to(at);
            self.happens(next);
        }
        self.tick_to(self.now + TimeDelta::hours(1));
    }
}

#[test]
fn hours_of_busy_traffic_leave_every_work_with_one_outcome() {
    let soak = std::env::var_os("SHOUJIE_SOAK").is_some();
    let hours = if soak { 8 } else { 1 };
    for seed in 1..=if soak { 5 } else { 1 } {
        let mut day = Day::begin(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        for _ in 0..hours * 60 {
            day.run(60);
            assert_eq!(day.acd.works(), day.open.len());
        }
        day.end();
        assert!(day.open.is_empty(), "these never end: {:?}", day.open);
        assert_eq!(u128::try_from(day.outcomes.len()).unwrap(), day.next);
        assert_eq!(day.acd.works(), 0);
        for n in 0..AGENTS {
            let state = day.acd.agent_view(agent(n)).unwrap().state;
            assert!(
                matches!(state, AgentState::Ready | AgentState::Break),
                "{n} is {state:?}"
            );
        }
        let mut ended: BTreeMap<&str, u64> = BTreeMap::new();
        for outcome in day.outcomes.values() {
            *ended.entry(outcome.as_str()).or_default() += 1;
        }
        println!("{hours} h, {ended:?}, {:?}", day.counts);
        for kind in ["answered", "abandoned", "callback", "no_agent_answer"] {
            assert!(ended.contains_key(kind) || !soak, "{kind}: {ended:?}");
        }
        for kind in ["passed", "handed over", "consultations", "call-backs"] {
            assert!(day.counts.contains_key(kind), "{kind}: {:?}", day.counts);
        }
    }
}
