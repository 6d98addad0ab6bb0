//! Random weeks: whatever happened, in whatever order it is heard of and however often, the cells, the facts and a
//! slow recount from the raw rows say the same.

use analytics::facts::recount::recount as count_again;
use analytics::kpi::{By, Cut, Kpi, Period, series};
use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use uuid::Uuid;

use crate::recount::recount;
use crate::world::{Call, Chat, World, at, on_both, period};

const AGENTS: [&str; 3] = ["agent1", "agent2", "agent3"];
const MATTERS: [&str; 3] = ["101", "106", "205"];
const TYPES: [&str; 4] = ["consult", "help", "fault", "complaint"];

/// A contact of ten days around the national holiday, at any hour: overnight, across midnight, on days off.
#[derive(Debug, Clone)]
enum Contact {
    Call {
        minute: i64,
        waited: i64,
        what: u8,
        talk: i64,
        hold: i64,
        wrap_ups: Vec<i64>,
        agent: usize,
        who: usize,
        matter: usize,
        kind: usize,
        rating: Option<i32>,
    },
    Chat {
        minute: i64,
        accepted: Option<i64>,
        responded: bool,
        reason: usize,
        who: usize,
        said: Option<bool>,
    },
}

fn contact() -> impl Strategy<Value = Contact> {
    let call = (
        (0..14_400_i64, 0..60_i64, 0..8_u8, 1..1_200_i64),
        (
            0..2_i64,
            proptest::collection::vec(0..90_i64, 1..3),
            0..3_usize,
        ),
        (
            0..4_usize,
            0..3_usize,
            0..4_usize,
            proptest::option::of(1..=5_i32),
        ),
    )
        .prop_map(
            |((minute, waited, what, talk), (hold, wrap_ups, agent), rest)| {
                let (who, matter, kind, rating) = rest;
                Contact::Call {
                    minute,
                    waited,
                    what,
                    talk,
                    hold,
                    wrap_ups,
                    agent,
                    who,
                    matter,
                    kind,
                    rating,
                }
            },
        );
    let chat = (
        0..14_400_i64,
        proptest::option::of(1..300_i64),
        any::<bool>(),
        0..5_usize,
        0..4_usize,
        proptest::option::of(any::<bool>()),
    )
        .prop_map(
            |(minute, accepted, responded, reason, who, said)| Contact::Chat {
                minute,
                accepted,
                responded,
                reason,
                who,
                said,
            },
        );
    prop_oneof![4 => call, 1 => chat]
}

async fn write(world: &World, told: &Contact, people: &[Uuid]) -> Uuid {
    // Thursday, 1 October, 00:00 in Guangzhou.
    let begin = at("2026-09-30T16:00:00Z");
    match told {
        Contact::Call {
            minute,
            waited,
            what,
            talk,
            hold,
            wrap_ups,
            agent,
            who,
            matter,
            kind,
            rating,
        } => {
            let came = begin + TimeDelta::minutes(*minute) + TimeDelta::milliseconds(*minute);
            let mut call = match what {
                0 => Call::lost(came, "short_abandoned", *waited % 5),
                1 => Call::lost(came, "abandoned", *waited),
                2 => Call::lost(came, "no_agent_answer", 180),
                3 => Call::lost(came, "callback", *waited),
                _ => {
                    let mut call = Call::answered(came, *waited, *talk);
                    call.ring = *waited / 2;
                    call.hold = hold * talk / 2;
                    call.agents = AGENTS
                        .iter()
                        .cycle()
                        .skip(*agent)
                        .take(wrap_ups.len())
                        .copied()
                        .collect();
                    call.wrap_ups.clone_from(wrap_ups);
                    call.rating = *rating;
                    call.about(people[*who], TYPES[*kind], MATTERS[*matter])
                }
            };
            if *what == 7 && *talk % 7 == 0 {
                call.ends_after = None;
            }
            world.call(&call).await
        }
        Contact::Chat {
            minute,
            accepted,
            responded,
            reason,
            who,
            said,
        } => {
            let reasons = ["agent", "abandoned", "after_hours", "self_service", "idle"];
            world
                .chat(&Chat {
                    at: begin + TimeDelta::minutes(*minute),
                    channel: "web",
                    requester: people[*who],
                    agent: accepted.map(|_| AGENTS[*who % 3]),
                    accepted_after: *accepted,
                    responded_after: accepted.filter(|_| *responded).map(|s| s + 20),
                    ended_after: Some(900),
                    reason: Some(reasons[*reason]),
                    said: said
                        .filter(|_| accepted.is_some())
                        .map(|good| if good { "satisfied" } else { "dissatisfied" }),
                    ticket: None,
                })
                .await
        }
    }
}

fn stories(many: usize) -> Vec<Vec<Contact>> {
    let config = Config {
        rng_seed: RngSeed::Fixed(20_261_127),
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    (0..many)
        .map(|n| {
            let size = if n == 0 { 0..1_usize } else { 10..60_usize };
            let week = proptest::collection::vec(contact(), size);
            week.new_tree(&mut runner).unwrap().current()
        })
        .collect()
}

async fn compare(world: &World, period: Period) {
    for (kpi, above, below) in recount(world, period).await {
        let figure = world.figure(kpi, period, &Cut::all()).await;
        assert_eq!(
            (figure.numerator, figure.denominator),
            (above, below),
            "{kpi:?} {period:?}"
        );
    }
}

#[tokio::test]
async fn random_weeks_give_what_a_slow_recount_gives() {
    on_both(async |world| {
        let mut people = Vec::new();
        for n in 0..4 {
            people.push(world.requester(&format!("1390000000{n}")).await);
        }
        for story in stories(5) {
            let mut ids = Vec::new();
            for one in &story {
                ids.push(write(&world, one, &people).await);
            }
            // In another order than it happened, in two parts, the first told twice.
            ids.sort_by_key(|id| id.as_u128().reverse_bits());
            let (first, rest) = ids.split_at(ids.len() / 2);
            world.count_all(first, &[]).await;
            world.count_all(rest, &[]).await;
            world.count_all(first, &[]).await;
            let all = period("2026-10-01", "2026-10-10");
            compare(&world, all).await;
            for day in all.each() {
                compare(&world, Period::day(day)).await;
            }
        }
        let all = period("2026-10-01", "2026-10-10");
        // Along each way the steps add up to the whole.
        let wanted = [Kpi::K01, Kpi::K05, Kpi::K09];
        for by in By::ALL {
            let points = series(&world.desk, &wanted, *by, all, &Cut::all())
                .await
                .unwrap();
            for (n, kpi) in wanted.iter().enumerate() {
                let whole = world.figure(*kpi, all, &Cut::all()).await;
                let above: i64 = points.iter().map(|point| point.figures[n].numerator).sum();
                let below: i64 = points
                    .iter()
                    .map(|point| point.figures[n].denominator)
                    .sum();
                assert_eq!(
                    (above, below),
                    (whole.numerator, whole.denominator),
                    "{by:?}"
                );
            }
        }
        // Where two subjects meet the facts are read; they say what the cells say.
        for name in AGENTS {
            let alone = Cut::of_person(world.id(name));
            let met = Cut {
                queue: Some("hotline".to_owned()),
                ..alone.clone()
            };
            for kpi in wanted {
                let (cells, facts) = (
                    world.figure(kpi, all, &alone).await,
                    world.figure(kpi, all, &met).await,
                );
                assert_eq!(
                    (cells.numerator, cells.denominator),
                    (facts.numerator, facts.denominator)
                );
            }
        }
        // Counted again nothing changes.
        let told = count_again(&world.app, all).await.unwrap();
        assert_eq!((told.changed, told.days), (0, 10));
        compare(&world, all).await;
    })
    .await;
}
