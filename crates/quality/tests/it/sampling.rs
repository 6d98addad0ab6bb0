//! The draw is fair, and can be repeated.

use std::collections::HashMap;

use quality::sampling::{Candidate, Origin, SamplingPlan, WorkKind, draw, quota};
use uuid::Uuid;

fn plan() -> SamplingPlan {
    SamplingPlan {
        code: "monthly".to_owned(),
        name: "月度抽检".to_owned(),
        kinds: vec![WorkKind::Call],
        share_bp: 200,
        per_agent: 10,
        complaints: true,
        dissatisfied: true,
        silence_seconds: Some(60),
        repeat_hours: Some(24),
        active: true,
    }
}

fn contacts(of: u128, many: u128) -> Vec<Candidate> {
    let one = |n| Candidate {
        id: Uuid::from_u128((of << 64) | n),
        agent: Uuid::from_u128(of),
        complained: false,
        dissatisfied: false,
        silence_ms: None,
        again_after_minutes: None,
    };
    (1..=many).map(one).collect()
}

#[test]
fn two_in_a_hundred_and_ten_of_each_agent_at_least() {
    let plan = plan();
    let quotas = [0, 4, 10, 499, 501, 1_000].map(|many| quota(&plan, many));
    assert_eq!(quotas, [0, 4, 10, 10, 11, 20]);
    let all = [contacts(1, 1_000), contacts(2, 40), contacts(3, 6)].concat();
    let mut of_agents: HashMap<Uuid, usize> = HashMap::new();
    for one in draw(&plan, "种子", &all, true) {
        assert_eq!(one.origins, [Origin::Random]);
        *of_agents.entry(one.agent).or_default() += 1;
    }
    let counted = [1, 2, 3].map(|of| of_agents[&Uuid::from_u128(of)]);
    assert_eq!(counted, [20, 10, 6]);
}

#[test]
fn the_same_seed_draws_the_same_in_whatever_order_the_contacts_come() {
    let all = contacts(1, 500);
    let drawn = draw(&plan(), "seed", &all, true);
    let mut turned = all.clone();
    turned.reverse();
    turned.rotate_left(123);
    assert_eq!(draw(&plan(), "seed", &turned, true), drawn);
    assert_ne!(draw(&plan(), "another", &all, true), drawn);
    // As anybody can repeat it: printf %s seed followed by the 16 bytes of the id, through sha256sum.
    let first = drawn.iter().map(|one| one.id.as_u128() & 0xffff);
    assert_eq!(first.collect::<Vec<_>>(), FIRST);
}

/// What the seed `seed` draws of 500 contacts.
const FIRST: [u128; 10] = [37, 40, 176, 259, 263, 283, 332, 392, 475, 483];

#[test]
fn a_hundred_thousand_draws_favour_nobody() {
    const DRAWS: u32 = 100_000;
    const MANY: u128 = 20;
    let all = contacts(1, MANY);
    let plan = SamplingPlan {
        share_bp: 0,
        per_agent: 1,
        ..plan()
    };
    let mut counted: HashMap<Uuid, u32> = HashMap::new();
    for n in 0..DRAWS {
        let drawn = draw(&plan, &format!("{n:08x}"), &all, true);
        *counted.entry(drawn[0].id).or_default() += 1;
    }
    let expected = i64::from(DRAWS) / 20;
    let squares: i64 = all
        .iter()
        .map(|one| i64::from(counted[&one.id]) - expected)
        .map(|off| off * off)
        .sum();
    // Chi-square with 19 degrees of freedom: above 43.82 once in a thousand times.
    assert!(squares * 100 < expected * 4_382, "{squares} / {expected}");
}

#[test]
fn what_stands_out_is_drawn_beside_chance_and_says_why() {
    let plan = plan();
    let mut all = contacts(1, 40);
    all[0].complained = true;
    all[1].dissatisfied = true;
    all[2].silence_ms = Some(60_000);
    all[3].silence_ms = Some(59_999);
    all[4].again_after_minutes = Some(1_440);
    all[5].again_after_minutes = Some(1_441);
    all[6].complained = true;
    all[6].dissatisfied = true;
    let drawn = draw(&plan, "seed", &all, false);
    let told = |n: usize| {
        let found = drawn.iter().find(|one| one.id == all[n].id);
        found.map(|one| one.origins.clone()).unwrap_or_default()
    };
    assert_eq!(told(0), [Origin::Complaint]);
    assert_eq!(told(1), [Origin::Dissatisfied]);
    assert_eq!(told(2), [Origin::LongSilence]);
    assert_eq!(told(4), [Origin::RepeatContact]);
    assert_eq!(told(6), [Origin::Complaint, Origin::Dissatisfied]);
    assert_eq!(
        drawn.len(),
        5,
        "while the month runs nothing is drawn by chance"
    );
    let by_chance = draw(&plan, "seed", &all, true);
    let random = by_chance
        .iter()
        .filter(|one| one.origins.contains(&Origin::Random));
    assert_eq!(
        random.count(),
        10,
        "what stands out takes nothing from chance"
    );
}
