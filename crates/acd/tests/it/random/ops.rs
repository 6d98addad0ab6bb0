//! What may happen, in any order.

use acd::{Declined, NoAnswer, Overflow, Presence, Queue, SkillNeed, Widen};
use proptest::prelude::*;

use crate::support::secs;

pub(super) const AGENTS: u128 = 5;
pub(super) const QUEUES: [&str; 3] = ["exam", "title", "other"];

#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
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

pub(super) fn presence() -> impl Strategy<Value = Presence> {
    prop_oneof![
        1 => Just(Presence::SignedOut),
        6 => Just(Presence::Ready),
        1 => Just(Presence::Break),
        1 => Just(Presence::Meeting),
        1 => Just(Presence::Training),
    ]
}

pub(super) fn why() -> impl Strategy<Value = Declined> {
    prop_oneof![
        Just(Declined::Busy),
        Just(Declined::NoAnswer),
        Just(Declined::Unreachable),
        Just(Declined::Refused),
    ]
}

pub(super) fn op() -> impl Strategy<Value = Op> {
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

pub(super) fn rules(queue: usize, wrap_up_s: u64) -> Queue {
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

pub(super) fn skills(bits: u8) -> Vec<(&'static str, u32)> {
    vec![
        ("exam", u32::from(bits & 3)),
        ("title", u32::from(bits >> 2 & 3)),
    ]
}
