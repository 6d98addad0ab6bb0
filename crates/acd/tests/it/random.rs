//! Random events in random order. A model follows the outputs alone and checks each of them; the
//! views are checked against the model after each input.

use std::collections::{BTreeMap, BTreeSet};

use acd::{
    Acd, AgentId, AgentState, Declined, Input, MediaKind, NoAnswer, Output, Overflow, PassTo,
    Place, Presence, Queue, Settings, SkillNeed, Stage, Widen, Work, WorkId,
};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::support::{agent, profile, secs, work};

const AGENTS: u128 = 5;
const QUEUES: [&str; 3] = ["exam", "title", "other"];

#[derive(Debug, Clone, Copy)]
enum Op {
    Offer {
        queue: usize,
        chat: bool,
        priority: i32,
        preferred: Option<u128>,
        waited_s: i64,
    },
    Withdraw(usize),
    Interrupt(usize),
    Adopt(usize, u128),
    AdoptUnknown(usize, u128),
    Accept(usize),
    AcceptBy(usize, u128),
    Decline(usize, Declined),
    Hold(usize, bool),
    End(usize),
    Begin(u128),
    Ask(u128, Presence),
    Force(u128, Presence),
    Reach(u128, bool),
    EndWrapUp(u128),
    Extend(u128),
    Skills(u128, u8),
    Rules(usize, u64),
    Restore(u128, Presence),
    Pass(usize, usize),
    PassToAgent(usize, u128),
    Consult(u128),
    ConsultQueue(usize, usize),
    HandOver(usize, usize),
    HandOverAlone(usize, u128),
    KeepPlace(usize),
    Wait(u64),
}

fn presence() -> impl Strategy<Value = Presence> {
    prop_oneof![
        1 => Just(Presence::SignedOut),
        6 => Just(Presence::Ready),
        1 => Just(Presence::Break),
        1 => Just(Presence::Meeting),
        1 => Just(Presence::Training),
    ]
}

fn why() -> impl Strategy<Value = Declined> {
    prop_oneof![
        Just(Declined::Busy),
        Just(Declined::NoAnswer),
        Just(Declined::Unreachable),
        Just(Declined::Refused),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let n = 0..AGENTS;
    prop_oneof![
        8 => (0..3usize, prop::bool::weighted(0.25), -1..3i32,
              prop::option::weighted(0.3, 0..AGENTS), 0..4i64)
            .prop_map(|(queue, chat, priority, preferred, waited_s)| {
                Op::Offer { queue, chat, priority, preferred, waited_s }
            }),
        2 => any::<usize>().prop_map(Op::Withdraw),
        8 => any::<usize>().prop_map(Op::Accept),
        1 => (any::<usize>(), n.clone()).prop_map(|(work, by)| Op::AcceptBy(work, by)),
        2 => (any::<usize>(), why()).prop_map(|(work, why)| Op::Decline(work, why)),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(work, held)| Op::Hold(work, held)),
        6 => any::<usize>().prop_map(Op::End),
        2 => n.clone().prop_map(Op::Begin),
        6 => (n.clone(), presence()).prop_map(|(n, presence)| Op::Ask(n, presence)),
        1 => (n.clone(), presence()).prop_map(|(n, presence)| Op::Force(n, presence)),
        2 => (n.clone(), prop::bool::weighted(0.8)).prop_map(|(n, there)| Op::Reach(n, there)),
        3 => n.clone().prop_map(Op::EndWrapUp),
        1 => n.clone().prop_map(Op::Extend),
        1 => any::<usize>().prop_map(Op::Interrupt),
        1 => (any::<usize>(), n.clone()).prop_map(|(index, n)| Op::Adopt(index, n)),
        1 => (0..3usize, n.clone()).prop_map(|(queue, n)| Op::AdoptUnknown(queue, n)),
        1 => (n.clone(), any::<u8>()).prop_map(|(n, skills)| Op::Skills(n, skills)),
        1 => (0..3usize, 0..30u64).prop_map(|(queue, wrap_up)| Op::Rules(queue, wrap_up)),
        1 => (n.clone(), presence()).prop_map(|(n, presence)| Op::Restore(n, presence)),
        2 => (any::<usize>(), 0..3usize).prop_map(|(index, queue)| Op::Pass(index, queue)),
        2 => (any::<usize>(), n.clone()).prop_map(|(index, n)| Op::PassToAgent(index, n)),
        2 => n.clone().prop_map(Op::Consult),
        2 => (any::<usize>(), 0..3usize).prop_map(|(index, queue)| Op::ConsultQueue(index, queue)),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(index, by)| Op::HandOver(index, by)),
        1 => (any::<usize>(), n).prop_map(|(index, n)| Op::HandOverAlone(index, n)),
        1 => any::<usize>().prop_map(Op::KeepPlace),
        6 => (0..15_000u64).prop_map(Op::Wait),
    ]
}

fn rules(queue: usize, wrap_up_s: u64) -> Queue {
    Queue {
        skills: if queue == 2 {
            vec![]
        } else {
            vec![SkillNeed {
                skill: QUEUES[queue].into(),
                at_least: if queue == 0 { 2 } else { 1 },
            }]
        },
        widen: if queue == 0 {
            vec![Widen {
                after: secs(20),
                levels_down: 1,
            }]
        } else {
            vec![]
        },
        overflow: (queue == 1).then(|| Overflow {
            to: "other".to_owned(),
            after: secs(30),
        }),
        priority: i32::try_from(queue).unwrap(),
        wrap_up: secs(wrap_up_s),
        max_wait: secs(90),
        ring_timeout: secs(10),
        no_answer: if queue == 1 {
            NoAnswer::Skip
        } else {
            NoAnswer::Break
        },
        ..Queue::new(QUEUES[queue])
    }
}

fn skills(bits: u8) -> Vec<(&'static str, u32)> {
    vec![
        ("exam", u32::from(bits & 3)),
        ("title", u32::from(bits >> 2 & 3)),
    ]
}

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

    fn follow(&mut self, output: &Output, offered: Option<&Work>, told: &str) {
        match output {
            Output::Queued { work, queue } => {
                let offered = offered.unwrap();
                assert!(!self.over.contains(work), "{work} was over: {told}");
                assert_eq!(*queue, offered.queue, "{told}");
                let mut seen = self.seen(offered);
                if told.starts_with("KeepPlace") {
                    seen.limit = self.now + TimeDelta::seconds(90);
                }
                assert!(
                    self.works.insert(*work, seen).is_none(),
                    "{work} offered twice: {told}"
                );
            }
            Output::Ring {
                work,
                agent,
                media,
                queue,
                ..
            } => {
                self.check_ring(*work, *agent, *media, queue, told);
                self.works.get_mut(work).unwrap().at = At::Ringing(*agent);
            }
            Output::StopRinging { work, agent, .. } => {
                assert_eq!(self.works[work].at, At::Ringing(*agent), "{told}");
                if self.adopts == Some(*work) {
                    self.works.get_mut(work).unwrap().at = At::Waiting;
                }
            }
            Output::Returned {
                work,
                agent,
                queue,
                why,
            } => {
                let skip = queue == "title" && !matches!(why, Declined::AgentLeft);
                let seen = self.works.get_mut(work).unwrap();
                assert!(matches!(seen.at, At::Ringing(by) | At::Active(by) if by == *agent));
                seen.at = At::Waiting;
                if skip {
                    seen.skipped
                        .insert(*agent, self.now + TimeDelta::seconds(15));
                }
            }
            Output::Accepted { work, agent, .. } => {
                if self.adopts == Some(*work) {
                    // They talk already, wherever the work was.
                    let offered = offered.filter(|offered| offered.id == *work);
                    let seen = offered.map(|offered| self.seen(offered));
                    let seen = self.works.entry(*work).or_insert_with(|| seen.unwrap());
                    assert!(!matches!(seen.at, At::Active(by) if by != *agent), "{told}");
                    seen.at = At::Active(*agent);
                    return;
                }
                let seen = self.works.get_mut(work).unwrap();
                assert!(matches!(seen.at, At::Ringing(by) | At::Dialling(by) if by == *agent));
                seen.at = At::Active(*agent);
            }
            Output::Ended {
                work,
                agent,
                outcome,
                ..
            } => {
                let seen = self
                    .works
                    .remove(work)
                    .unwrap_or_else(|| panic!("{work}: {told}"));
                assert!(self.over.insert(*work), "{work} ended twice: {told}");
                let answered = matches!(seen.at, At::Active(_));
                if *outcome != acd::Outcome::Interrupted {
                    assert_eq!(*outcome == acd::Outcome::Answered, answered, "{told}");
                }
                assert_eq!(
                    agent.is_some(),
                    answered || self.begun.contains(work),
                    "{told}"
                );
            }
            Output::Passed {
                work,
                from,
                queue,
                to,
            } => {
                let until = |seconds| self.now + TimeDelta::seconds(seconds);
                let seen = self.works.get_mut(work).unwrap();
                assert_eq!(seen.at, At::Active(*from), "{told}");
                seen.at = At::Waiting;
                seen.queue = Some(queue.clone());
                seen.offered = self.now;
                seen.limit = until(90);
                if to.is_some() {
                    seen.aside_until = until(20);
                }
                seen.skipped.insert(*from, until(15));
                self.begun.remove(work);
            }
            Output::HandedOver { work, from, to, .. } => {
                let seen = self.works.get_mut(work).unwrap();
                assert_eq!(seen.at, At::Active(*from), "{told}");
                seen.at = At::Active(*to);
            }
            Output::WrapUpBegan { work, agent, .. } => {
                assert!(!self.consults.contains(work), "{told}");
                let writing = self.writing.entry(*agent).or_default();
                // The later wrap-up of a work stands for both.
                writing.retain(|before| before != work);
                writing.push(*work);
            }
            Output::WrapUpEnded { work, agent } | Output::WrapUpExpired { work, agent } => {
                let writing = self.writing.get_mut(agent).unwrap();
                let before = writing.len();
                writing.retain(|one| one != work);
                assert_eq!(
                    writing.len() + 1,
                    before,
                    "one end for each wrap-up: {told}"
                );
            }
            Output::WrapUpExtended { work, agent, .. } => {
                assert_eq!(self.writing[agent].last(), Some(work), "{told}");
            }
            Output::AgentChanged {
                agent, from, to, ..
            } => {
                let before = self
                    .states
                    .insert(*agent, *to)
                    .unwrap_or(AgentState::SignedOut);
                assert_eq!(before, *from, "the history has no holes: {told}");
            }
            Output::AgentWishes { .. } => {}
        }
    }

    fn check_ring(&self, id: WorkId, to: AgentId, media: MediaKind, queue: &str, told: &str) {
        let seen = &self.works[&id];
        assert_eq!(seen.at, At::Waiting, "{told}");
        let waited = self.now - seen.offered;
        assert!(self.serves(to, queue, waited), "{told}");
        assert!(
            self.writing.get(&to).is_none_or(Vec::is_empty),
            "rings in wrap-up: {told}"
        );
        for (other, at) in self
            .works
            .iter()
            .map(|(id, seen)| (id, (seen.media, seen.at)))
        {
            let busy = match at {
                (_, At::Ringing(by) | At::Dialling(by)) | (MediaKind::Voice, At::Active(by)) => {
                    by == to
                }
                (MediaKind::Chat, At::Active(_)) | (_, At::Waiting) => false,
            };
            assert!(!busy, "{id} rings at {to} who has {other} {at:?}: {told}");
        }
        // Nobody of equal standing who waits in a queue this agent serves is overtaken.
        let Some(place) = seen.place else { return };
        for (other, waits) in &self.works {
            let theirs = waits.place.filter(|theirs| *theirs < place);
            let passed_over = waits
                .skipped
                .get(&to)
                .is_some_and(|until| self.now < *until);
            let overtaken = theirs.is_some()
                && self.adopts != Some(*other)
                && waits.at == At::Waiting
                && waits.media == media
                && self.now >= waits.aside_until
                && !passed_over
                && waits.queue.as_ref().is_some_and(|queue| {
                    // At the very instant the other may be opened a moment later.
                    let waited = self.now - waits.offered - TimeDelta::milliseconds(1);
                    self.serves(to, queue, waited)
                });
            assert!(!overtaken, "{id} overtakes {other} at {to}: {told}");
        }
    }

    fn check(&mut self, told: &str) {
        assert_eq!(self.acd.works(), self.works.len(), "{told}");
        let next = self.acd.next_deadline();
        let mut in_hand: BTreeMap<AgentId, WorkId> = BTreeMap::new();
        for (id, seen) in &mut self.works {
            let view = self.acd.work_view(*id).unwrap();
            seen.place = Some(view.place);
            let in_time = |until: DateTime<Utc>| next.is_some_and(|next| next <= until);
            let limit = seen.limit;
            match (view.stage, seen.at) {
                (Stage::Waiting, At::Waiting) => assert!(in_time(limit), "{told}"),
                (Stage::Reserved { until, .. }, At::Waiting) => {
                    assert!(in_time(until) && in_time(limit), "{told}");
                }
                (Stage::Ringing { agent, until }, At::Ringing(by)) if agent == by => {
                    assert!(in_time(until), "{told}");
                }
                (Stage::Dialling { agent }, At::Dialling(by)) if agent == by => {
                    let asked = self.consults.contains(id) && seen.queue.is_none();
                    assert!(!asked || in_time(seen.offered + TimeDelta::minutes(2)));
                }
                (Stage::Active { agent }, At::Active(by)) if agent == by => {}
                (stage, at) => panic!("{id} is {stage:?}, told {at:?}: {told}"),
            }
            if let (MediaKind::Voice, At::Ringing(by) | At::Dialling(by) | At::Active(by)) =
                (seen.media, seen.at)
            {
                let other = in_hand.insert(by, *id);
                assert_eq!(other, None, "{by} has two calls: {told}");
            }
        }
        for n in 0..AGENTS {
            let Some(view) = self.acd.agent_view(agent(n)) else {
                continue;
            };
            let told_state = self
                .states
                .get(&view.id)
                .copied()
                .unwrap_or(AgentState::SignedOut);
            assert_eq!(view.state, told_state, "{told}");
            let writing = self.writing.get(&view.id).and_then(|works| works.last());
            match in_hand.get(&view.id) {
                Some(call) => assert_eq!(view.work, Some(*call), "{told}"),
                None => assert_eq!(view.work.as_ref(), writing, "{told}"),
            }
            if view.wrap_up.is_some() {
                assert!(next.is_some(), "{told}");
            }
            self.check_idle(&view, told);
        }
    }

    /// A free agent and a work he could take never stand side by side.
    fn check_idle(&self, view: &acd::AgentView<'_>, told: &str) {
        let chat_rings = self
            .works
            .values()
            .any(|seen| seen.media == MediaKind::Chat && seen.at == At::Ringing(view.id));
        if view.state != AgentState::Ready || view.wish.is_some() {
            return;
        }
        for (id, seen) in &self.works {
            let Some(queue) = &seen.queue else { continue };
            let could = match seen.media {
                MediaKind::Voice => view.reachable,
                MediaKind::Chat => view.chats < 2 && !chat_rings,
            };
            let stage = self.acd.work_view(*id).unwrap().stage;
            let passed_over = seen
                .skipped
                .get(&view.id)
                .is_some_and(|until| self.now < *until);
            assert!(
                !(could
                    && stage == Stage::Waiting
                    && self.serves(view.id, queue, self.now - seen.offered)
                    && !passed_over),
                "{} is free and {id} waits: {told}",
                view.id
            );
        }
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
