//! Random weeks: whatever happened, in whatever order it is heard of and however often, the cells, the facts and a
//! slow recount from the raw rows say the same.

mod rows;
mod topics;

use analytics::facts::recount::recount as count_again;
use analytics::kpi::{By, Cut, Kpi, Period, figures, series};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use uuid::Uuid;

use crate::recount::{self, Counted, recount};
use crate::world::{Call, Chat, Order, World, at, on_both, period};

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
    /// Left for an answer, on the website or by voice.
    Message {
        minute: i64,
        voice: bool,
        /// Minutes to the answer of its ticket.
        answered: Option<i64>,
        who: usize,
    },
    Ticket {
        minute: i64,
        what: usize,
        /// Minutes from the opening to the term, and from the term to the answer.
        term: i64,
        answer: i64,
        own: bool,
        agent: usize,
        revisit: bool,
        said: usize,
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
    let message = (
        0..14_400_i64,
        any::<bool>(),
        proptest::option::of(1..4_000_i64),
        0..4_usize,
    )
        .prop_map(|(minute, voice, answered, who)| Contact::Message {
            minute,
            voice,
            answered,
            who,
        });
    let ticket = (
        (0..14_400_i64, 0..9_usize, 60..8_000_i64, -5_000..3_000_i64),
        (any::<bool>(), 0..3_usize, any::<bool>(), 0..6_usize),
    )
        .prop_map(|((minute, what, term, answer), rest)| {
            let (own, agent, revisit, said) = rest;
            Contact::Ticket {
                minute,
                what,
                term,
                answer,
                own,
                agent,
                revisit,
                said,
            }
        });
    prop_oneof![8 => call, 2 => chat, 1 => message, 3 => ticket]
}

/// What was written: contacts, tickets, and these as they were told.
#[derive(Default)]
struct Written {
    contacts: Vec<Uuid>,
    tickets: Vec<Uuid>,
    orders: Vec<Order>,
}

impl Written {
    async fn ticket(&mut self, world: &World, order: Order) -> Uuid {
        let id = world.ticket(&order).await;
        self.tickets.push(id);
        self.orders.push(order);
        id
    }
}

async fn write(world: &World, told: &Contact, people: &[Uuid], written: &mut Written) {
    // Thursday, 1 October, 00:00 in Guangzhou.
    let begin = at("2026-09-30T16:00:00Z");
    let id = match told {
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
            if *what == 6 {
                // It came to a ticket of ours, which may be opened anew.
                let mut order = Order::answered(
                    people[*who],
                    came,
                    came + TimeDelta::days(2),
                    came + TimeDelta::hours(20),
                );
                order.platform = "";
                order.reopened = *talk % 2 == 0;
                call.ticket = Some(written.ticket(world, order).await);
            }
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
        Contact::Message {
            minute,
            voice,
            answered,
            who,
        } => {
            let came = begin + TimeDelta::minutes(*minute);
            let mut order = Order::answered(people[*who], came, came + TimeDelta::days(2), came);
            order.platform = "";
            order.answered_at = answered.map(|minutes| came + TimeDelta::minutes(minutes));
            order.closed_at = order.answered_at;
            if order.closed_at.is_none() {
                order.state = "in_handling";
            }
            if *voice {
                let mut call = Call::lost(came, "message_left", 30);
                call.queue = None;
                let id = world.call(&call).await;
                order.call = Some(id);
                written.ticket(world, order).await;
                id
            } else {
                let ticket = written.ticket(world, order).await;
                let chat = Chat {
                    at: came,
                    channel: "web",
                    requester: people[*who],
                    agent: None,
                    accepted_after: None,
                    responded_after: None,
                    ended_after: None,
                    reason: Some("after_hours"),
                    said: None,
                    ticket: Some(ticket),
                };
                world.chat(&chat).await
            }
        }
        Contact::Ticket { .. } => {
            let order = order_of(told, begin, people);
            written.ticket(world, order).await;
            return;
        }
    };
    written.contacts.push(id);
}

fn order_of(told: &Contact, begin: DateTime<Utc>, people: &[Uuid]) -> Order {
    let Contact::Ticket {
        minute,
        what,
        term,
        answer,
        own,
        agent,
        revisit,
        said,
    } = told
    else {
        unreachable!("only tickets are asked for")
    };
    let came = begin + TimeDelta::minutes(*minute);
    let due = came + TimeDelta::minutes(*term);
    let answered = (due + TimeDelta::minutes(*answer)).max(came);
    let mut order = Order::answered(people[agent % 4], came, due, answered);
    order.owner = AGENTS[*agent];
    order.platform = if *own { "" } else { "12345" };
    order.revisit = *revisit;
    let words = ["satisfied", "fair", "dissatisfied", "unreached"];
    order.said = words.get(*said).copied();
    let open = |order: &mut Order, state: &'static str| {
        order.state = state;
        order.answered_at = None;
        order.closed_at = None;
        order.said = None;
    };
    match what {
        // Not answered: long due, or due on the day on which the test stands.
        0 => open(&mut order, "in_handling"),
        1 => {
            open(&mut order, "in_handling");
            order.due_at = at("2026-11-27T10:00:00Z");
        }
        2 => {
            open(&mut order, "returned");
            order.returned = true;
        }
        3 => open(&mut order, "void"),
        4 => open(&mut order, "rejected"),
        5 => open(&mut order, "merged"),
        // Its return was refused.
        6 => order.returned = true,
        // Closed once, and worked on again.
        7 => {
            order.reopened = true;
            order.state = "in_handling";
            order.answered_at = None;
        }
        _ => {}
    }
    order
}

/// Stories drawn from the same seed each time.
fn drawn<S: Strategy>(of: &S, many: usize) -> Vec<S::Value> {
    let mut runner = runner();
    (0..many)
        .map(|_| of.new_tree(&mut runner).unwrap().current())
        .collect()
}

fn runner() -> TestRunner {
    TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(20_261_127),
        ..Config::default()
    })
}

fn stories(many: usize) -> Vec<Vec<Contact>> {
    let mut runner = runner();
    (0..many)
        .map(|n| {
            let size = if n == 0 { 0..1_usize } else { 10..60_usize };
            let week = proptest::collection::vec(contact(), size);
            week.new_tree(&mut runner).unwrap().current()
        })
        .collect()
}

async fn compare(world: &World, period: Period, orders: &[Order]) {
    let all = recount(world, period, orders).await;
    let kpis: Vec<Kpi> = all.iter().map(|one| one.kpi).collect();
    assert_eq!(kpis, recount::COUNTED);
    let found = figures(&world.desk, &kpis, period, &Cut::all()).await;
    for (figure, counted) in found.unwrap().iter().zip(all) {
        counted.is(figure, &format!("{period:?}"));
    }
}

#[test]
fn each_indicator_is_counted_anew_by_one_of_the_properties() {
    let mut all: Vec<Kpi> = recount::COUNTED
        .into_iter()
        .chain(rows::COUNTED)
        .chain(topics::COUNTED)
        .collect();
    all.sort_by_key(|kpi| *kpi as usize);
    assert_eq!(all, Kpi::ALL);
}

#[tokio::test]
async fn random_weeks_give_what_a_slow_recount_gives() {
    on_both(async |world| {
        let mut people = Vec::new();
        for n in 0..4 {
            people.push(world.requester(&format!("1390000000{n}")).await);
        }
        let mut orders = Vec::new();
        for story in stories(5) {
            let mut written = Written::default();
            for one in &story {
                write(&world, one, &people, &mut written).await;
            }
            orders.append(&mut written.orders);
            let mut ids = written.contacts;
            // In another order than it happened, in two parts, the first told twice.
            ids.sort_by_key(|id| id.as_u128().reverse_bits());
            let (first, rest) = ids.split_at(ids.len() / 2);
            world.count_all(first, &written.tickets).await;
            world.count_all(rest, &[]).await;
            world.count_all(first, &[]).await;
            let all = period("2026-10-01", "2026-10-10");
            compare(&world, all, &orders).await;
            for day in all.each() {
                compare(&world, Period::day(day), &orders).await;
            }
            // Tickets are due and answered later; what is due today and not answered is not judged.
            compare(&world, period("2026-10-01", "2026-11-27"), &orders).await;
            compare(&world, period("2026-11-27", "2026-11-27"), &orders).await;
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
        compare(&world, all, &orders).await;
    })
    .await;
}
