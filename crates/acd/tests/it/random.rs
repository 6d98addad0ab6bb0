//! Random events in random order. A model follows the outputs alone and checks each of them; the
//! views are checked against the model after each input.

mod checks;
mod ops;

use std::collections::{BTreeMap, BTreeSet};

use acd::{
    Acd, AgentId, AgentState, Input, MediaKind, Output, PassTo, Place, Presence, Settings, Work,
    WorkId,
};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use ops::{AGENTS, Op, QUEUES, op, rules, skills};

use crate::support::{agent, profile, work};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Waiting,
    Ringing(AgentId),
    Dialling(AgentId),
    Active(AgentId),
}

#[derive(Debug)]
struct Seen {
    queue: Option<String>,
    media: MediaKind,
    at: At,
    offered: DateTime<Utc>,
    /// Given up then.
    limit: DateTime<Utc>,
    /// Exempt from the order while it may stand aside for its preferred agent.
    aside_until: DateTime<Utc>,
    place: Option<Place>,
    /// Who is passed over for it, and until when.
    skipped: BTreeMap<AgentId, DateTime<Utc>>,
}

struct Model {
    acd: Acd,
    now: DateTime<Utc>,
    works: BTreeMap<WorkId, Seen>,
    over: BTreeSet<WorkId>,
    begun: BTreeSet<WorkId>,
    states: BTreeMap<AgentId, AgentState>,
    /// The wrap-up that runs for an agent, and those set aside.
    writing: BTreeMap<AgentId, Vec<WorkId>>,
    skills: BTreeMap<AgentId, Vec<(&'static str, u32)>>,
    next: u128,
    /// What the input at hand adopts.
    adopts: Option<WorkId>,
    /// Colleagues who are asked.
    consults: BTreeSet<WorkId>,
    log: Vec<Output>,
}

impl Model {
    fn new() -> Self {
        let mut model = Self {
            acd: Acd::new(Settings {
                default_queue: "other".to_owned(),
                ..Settings::default()
            }),
            now: "2026-11-23T01:00:00Z".parse().unwrap(),
            works: BTreeMap::new(),
            over: BTreeSet::new(),
            begun: BTreeSet::new(),
            states: BTreeMap::new(),
            writing: BTreeMap::new(),
            skills: BTreeMap::new(),
            next: 0,
            adopts: None,
            consults: BTreeSet::new(),
            log: Vec::new(),
        };
        for queue in 0..3 {
            model.handle(Input::PutQueue(rules(queue, 5)));
        }
        for n in 0..AGENTS {
            model.put_agent(n, u8::try_from(n).unwrap() * 3 + 1);
            model.handle(Input::Reachable {
                agent: agent(n),
                reachable: true,
            });
            model.ask(n, Presence::Ready);
        }
        model
    }

    fn put_agent(&mut self, n: u128, bits: u8) {
        self.skills.insert(agent(n), skills(bits));
        self.handle(Input::PutAgent(profile(agent(n), &skills(bits), 2)));
    }

    fn ask(&mut self, n: u128, presence: Presence) {
        self.handle(Input::Ask {
            agent: agent(n),
            presence,
            reason: None,
        });
    }

    fn is_signed_out(&self, agent: AgentId) -> bool {
        let state = self.states.get(&agent);
        matches!(state, None | Some(AgentState::SignedOut))
    }

    fn talks(&self, agent: AgentId) -> bool {
        self.works.values().any(|seen| {
            seen.media == MediaKind::Voice
                && matches!(seen.at, At::Active(by) | At::Dialling(by) if by == agent)
        })
    }

    fn seen(&self, offered: &Work) -> Seen {
        let aside = offered.preferred_agent.map_or(0, |_| 20);
        Seen {
            queue: Some(offered.queue.clone()),
            media: offered.media,
            at: At::Waiting,
            offered: offered.offered_at,
            limit: offered.offered_at + TimeDelta::seconds(90),
            aside_until: self.now + TimeDelta::seconds(aside),
            place: None,
            skipped: BTreeMap::new(),
        }
    }

    fn as_offered(&self, id: WorkId) -> Work {
        let seen = &self.works[&id];
        Work {
            id,
            media: seen.media,
            queue: seen.queue.clone().unwrap(),
            priority: 0,
            preferred_agent: None,
            offered_at: seen.offered,
        }
    }

    /// Whether he serves a queue for who waited so long.
    fn serves(&self, agent: AgentId, queue: &str, waited: TimeDelta) -> bool {
        let level = |of: &str| {
            let skills = self.skills[&agent].iter();
            skills
                .filter(|(skill, _)| *skill == of)
                .map(|(_, level)| *level)
                .sum::<u32>()
        };
        match queue {
            "exam" => {
                let needs = if waited >= TimeDelta::seconds(20) {
                    1
                } else {
                    2
                };
                level("exam") >= needs
            }
            "title" => level("title") > 0 || waited >= TimeDelta::seconds(30),
            _ => true,
        }
    }

    fn handle(&mut self, input: Input) -> bool {
        let told = format!("{input:?}");
        let (offered, adopts) = match &input {
            Input::Offer(work) => (Some(work.clone()), None),
            Input::Adopt { work, .. } => (Some(work.clone()), Some(work.id)),
            Input::KeepPlace { new, .. } => (Some(new.clone()), None),
            _ => (None, None),
        };
        self.adopts = adopts;
        let handled = self.acd.handle(input, self.now);
        for output in handled.outputs {
            self.follow(&output, offered.as_ref(), &told);
            self.log.push(output);
        }
        self.check(&told);
        handled.refusal.is_none()
    }

    /// He could begin a call.
    fn hand_is_free(&self, n: u128) -> bool {
        self.acd.agent_view(agent(n)).is_some_and(|view| {
            !matches!(
                view.state,
                AgentState::SignedOut
                    | AgentState::Ringing
                    | AgentState::Talking
                    | AgentState::Held
            )
        }) && !self
            .works
            .values()
            .any(|seen| seen.at == At::Ringing(agent(n)))
    }

    /// A call outside the queues is in his hand.
    fn dials(&mut self, n: u128) -> WorkId {
        self.next += 1;
        let id = work(self.next);
        if self.hand_is_free(n) {
            self.begun.insert(id);
            let seen = Seen {
                queue: None,
                media: MediaKind::Voice,
                at: At::Dialling(agent(n)),
                offered: self.now,
                limit: self.now,
                aside_until: self.now,
                place: None,
                skipped: BTreeMap::new(),
            };
            self.works.insert(id, seen);
        }
        id
    }

    fn with_agent(&self, index: usize) -> Option<(WorkId, AgentId)> {
        let of_requesters = |seen: &Seen| matches!(seen.at, At::Active(_));
        let picked = self
            .works
            .iter()
            .filter(|(id, seen)| of_requesters(seen) && !self.consults.contains(id));
        let mut works: Vec<_> = picked
            .map(|(id, seen)| match seen.at {
                At::Active(by) => (*id, by),
                _ => unreachable!(),
            })
            .collect();
        (!works.is_empty()).then(|| works.swap_remove(index % works.len()))
    }

    fn pick(&self, index: usize, which: impl Fn(&Seen) -> bool) -> Option<(WorkId, At)> {
        let mut matching: Vec<_> = self
            .works
            .iter()
            .filter(|(_, seen)| which(seen))
            .map(|(id, seen)| (*id, seen.at))
            .collect();
        (!matching.is_empty()).then(|| matching.swap_remove(index % matching.len()))
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Offer {
                queue,
                chat,
                priority,
                preferred,
                waited_s,
            } => {
                self.next += 1;
                self.handle(Input::Offer(Work {
                    id: work(self.next),
                    media: if chat {
                        MediaKind::Chat
                    } else {
                        MediaKind::Voice
                    },
                    queue: QUEUES[queue].to_owned(),
                    priority,
                    preferred_agent: preferred.map(agent),
                    offered_at: self.now - TimeDelta::seconds(waited_s),
                }));
            }
            Op::Withdraw(index) => {
                if let Some((work, _)) = self.pick(index, |seen| {
                    matches!(seen.at, At::Waiting | At::Ringing(_))
                }) {
                    assert!(self.handle(Input::Withdraw { work, at: None }));
                }
            }
            Op::Interrupt(index) => {
                if let Some((work, _)) = self.pick(index, |_| true) {
                    assert!(self.handle(Input::Interrupt { work }));
                }
            }
            // The medium connects who is there and talks to nobody else.
            Op::Adopt(_, n) | Op::AdoptUnknown(_, n)
                if self.talks(agent(n)) || self.is_signed_out(agent(n)) => {}
            Op::Adopt(index, n) => {
                let voice = |seen: &Seen| seen.queue.is_some() && seen.media == MediaKind::Voice;
                if let Some((id, at)) = self.pick(index, voice)
                    && !self.consults.contains(&id)
                {
                    let others = matches!(at, At::Active(by) if by != agent(n))
                        || matches!(at, At::Dialling(_));
                    let work = self.as_offered(id);
                    let adopted = self.handle(Input::Adopt {
                        work,
                        agent: agent(n),
                    });
                    assert_eq!(adopted, !others);
                }
            }
            Op::AdoptUnknown(queue, n) => {
                self.next += 1;
                let work = Work {
                    id: work(self.next),
                    media: MediaKind::Voice,
                    queue: QUEUES[queue].to_owned(),
                    priority: 0,
                    preferred_agent: None,
                    offered_at: self.now,
                };
                assert!(self.handle(Input::Adopt {
                    work,
                    agent: agent(n)
                }));
            }
            Op::Accept(index) => {
                let picked = self.pick(index, |seen| {
                    matches!(seen.at, At::Ringing(_) | At::Dialling(_))
                });
                if let Some((work, At::Ringing(agent) | At::Dialling(agent))) = picked {
                    assert!(self.handle(Input::Accepted { work, agent }));
                }
            }
            Op::AcceptBy(index, by) => {
                if let Some((work, at)) = self.pick(index, |_| true) {
                    let his = matches!(at, At::Ringing(a) | At::Dialling(a) | At::Active(a) if a == agent(by));
                    assert_eq!(
                        self.handle(Input::Accepted {
                            work,
                            agent: agent(by)
                        }),
                        his
                    );
                }
            }
            Op::Decline(index, why) => {
                if let Some((work, At::Ringing(agent))) =
                    self.pick(index, |seen| matches!(seen.at, At::Ringing(_)))
                {
                    self.handle(Input::Declined { work, agent, why });
                }
            }
            Op::Hold(index, held) => {
                if let Some((work, _)) = self.pick(index, |seen| {
                    matches!(seen.at, At::Active(_)) && seen.media == MediaKind::Voice
                }) {
                    assert!(self.handle(Input::Hold { work, held }));
                }
            }
            Op::End(index) => {
                if let Some((work, _)) = self.pick(index, |seen| {
                    matches!(seen.at, At::Active(_) | At::Dialling(_))
                }) {
                    assert!(self.handle(Input::Ended { work }));
                }
            }
            Op::Begin(n) => {
                let free = self.hand_is_free(n);
                let id = self.dials(n);
                assert_eq!(
                    self.handle(Input::Began {
                        work: id,
                        agent: agent(n)
                    }),
                    free
                );
            }
            Op::Ask(n, presence) => self.ask(n, presence),
            Op::Force(n, presence) => {
                let by = agent(99);
                self.handle(Input::Force {
                    agent: agent(n),
                    presence,
                    reason: None,
                    by,
                });
            }
            Op::Reach(n, reachable) => {
                self.handle(Input::Reachable {
                    agent: agent(n),
                    reachable,
                });
            }
            Op::EndWrapUp(n) => {
                let work = self
                    .writing
                    .get(&agent(n))
                    .and_then(|works| works.last().copied());
                if let Some(work) = work {
                    self.handle(Input::EndWrapUp {
                        agent: agent(n),
                        work,
                    });
                }
            }
            Op::Extend(n) => {
                self.handle(Input::ExtendWrapUp { agent: agent(n) });
            }
            Op::Skills(n, bits) => self.put_agent(n, bits),
            Op::Rules(queue, wrap_up_s) => {
                self.handle(Input::PutQueue(rules(queue, wrap_up_s)));
            }
            Op::Restore(n, presence) => {
                let agent = agent(n);
                self.handle(Input::Restore {
                    agent,
                    presence,
                    reason: None,
                    wrap_up: None,
                });
            }
            Op::Pass(index, queue) => {
                if let Some((work, _)) = self.with_agent(index) {
                    let to = PassTo::Queue(QUEUES[queue].to_owned());
                    assert!(self.handle(Input::Pass { work, to }));
                }
            }
            Op::PassToAgent(index, n) => {
                let Some((work, from)) = self.with_agent(index) else {
                    return;
                };
                let queue = self.works[&work].queue.clone();
                let view = self.acd.agent_view(agent(n)).unwrap();
                let on_duty = view.presence == Presence::Ready
                    && view.wish.is_none()
                    && (view.reachable || self.works[&work].media == MediaKind::Chat);
                let serves = self.serves(
                    agent(n),
                    queue.as_deref().unwrap_or("other"),
                    TimeDelta::zero(),
                );
                let to = PassTo::Agent(agent(n));
                let passed = self.handle(Input::Pass { work, to });
                assert_eq!(passed, from != agent(n) && on_duty && serves);
            }
            Op::Consult(n) => {
                let free = self.hand_is_free(n);
                let work = self.dials(n);
                if free {
                    self.consults.insert(work);
                }
                let agent = agent(n);
                assert_eq!(self.handle(Input::Consult { work, agent }), free);
            }
            Op::ConsultQueue(index, queue) => {
                let Some((about, _)) = self.with_agent(index) else {
                    return;
                };
                self.next += 1;
                let id = work(self.next);
                let voice = self.works[&about].media == MediaKind::Voice;
                if voice {
                    let seen = Seen {
                        queue: Some(QUEUES[queue].to_owned()),
                        media: MediaKind::Voice,
                        at: At::Waiting,
                        offered: self.now,
                        limit: self.now + TimeDelta::seconds(90),
                        aside_until: self.now,
                        place: None,
                        skipped: BTreeMap::new(),
                    };
                    self.works.insert(id, seen);
                    self.consults.insert(id);
                }
                let queue = QUEUES[queue].to_owned();
                let work = id;
                let asked = Input::ConsultQueue { work, about, queue };
                assert_eq!(self.handle(asked), voice);
            }
            Op::HandOver(index, by) => {
                let asked: Vec<_> = self
                    .works
                    .iter()
                    .filter(|(id, _)| self.consults.contains(id))
                    .map(|(id, seen)| (*id, seen.at))
                    .collect();
                if asked.is_empty() {
                    return;
                }
                let (consult, at) = asked[by % asked.len()];
                // A queue is asked and has given nobody yet.
                let (At::Active(to) | At::Dialling(to) | At::Ringing(to)) = at else {
                    return;
                };
                if let Some((work, from)) = self.with_agent(index) {
                    let done = matches!(at, At::Active(_))
                        && from != to
                        && self.works[&work].media == MediaKind::Voice;
                    let queue = self.works[&consult].queue.clone();
                    let consult = Some(consult);
                    assert_eq!(self.handle(Input::HandOver { work, consult, to }), done);
                    if let (true, Some(queue)) = (done, queue) {
                        self.works.get_mut(&work).unwrap().queue = Some(queue);
                        // It is a queue's work from now on.
                        self.begun.remove(&work);
                    }
                }
            }
            Op::HandOverAlone(index, n) => {
                if let Some((work, from)) = self.with_agent(index) {
                    let to = agent(n);
                    let done = from != to
                        && self.hand_is_free(n)
                        && self.works[&work].media == MediaKind::Voice;
                    let consult = None;
                    assert_eq!(self.handle(Input::HandOver { work, consult, to }), done);
                }
            }
            Op::KeepPlace(index) => {
                let waits = |seen: &Seen| {
                    matches!(seen.at, At::Waiting | At::Ringing(_))
                        && seen.media == MediaKind::Voice
                };
                if let Some((old, _)) = self.pick(index, waits)
                    && !self.consults.contains(&old)
                {
                    let mut new = self.as_offered(old);
                    let place = self.acd.work_view(old).unwrap().place;
                    self.next += 1;
                    new.id = work(self.next);
                    let id = new.id;
                    assert!(self.handle(Input::KeepPlace { old, new }));
                    assert_eq!(self.acd.work_view(id).unwrap().place, place);
                }
            }
            Op::Wait(ms) => self.wait(TimeDelta::milliseconds(i64::try_from(ms).unwrap())),
        }
    }

    fn wait(&mut self, time: TimeDelta) {
        let until = self.now + time;
        while let Some(due) = self.acd.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.handle(Input::Tick);
        }
        self.now = until;
    }

    /// Lets everything come to its end.
    fn finish(&mut self) {
        for _ in 0..1000 {
            if self.works.is_empty() {
                break;
            }
            if let Some((work, _)) =
                self.pick(0, |seen| matches!(seen.at, At::Active(_) | At::Dialling(_)))
            {
                assert!(self.handle(Input::Ended { work }));
            } else {
                self.wait(TimeDelta::seconds(10));
            }
        }
        assert!(self.works.is_empty(), "these never end: {:?}", self.works);
        self.wait(TimeDelta::hours(1));
        assert_eq!(self.acd.next_deadline(), None, "a timer runs for nothing");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_each_work_has_one_owner_and_one_outcome(ops in prop::collection::vec(op(), 1..200)) {
        let mut model = Model::new();
        for op in ops {
            model.step(op);
        }
        model.finish();
        let begun_or_offered = model.over.len();
        let ended = model.log.iter().filter(|output| matches!(output, Output::Ended { .. })).count();
        prop_assert_eq!(ended, begun_or_offered);
    }

    #[test]
    fn the_same_inputs_give_the_same_outputs(ops in prop::collection::vec(op(), 1..80)) {
        let run = || {
            let mut model = Model::new();
            for op in ops.clone() {
                model.step(op);
            }
            model.log
        };
        prop_assert_eq!(run(), run());
    }
}
