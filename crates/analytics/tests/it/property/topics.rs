//! Random weeks of matters: what the topics say of each is counted anew from the contacts that were invented.

use std::collections::BTreeMap;
use std::sync::Arc;

use analytics::Ports;
use analytics::kpi::Kpi;
use analytics::performance::{Indicators, Reading};
use analytics::topics::index::Effort;
use analytics::topics::store::row as topic;
use analytics::topics::{Contact, Contacts, Draft, Spawned, Spawns};
use axum::http::Method;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::{Principal, Result, Role, Tx};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sea_orm::EntityTrait as _;
use serde_json::json;
use testing::{Door, Kind};
use uuid::Uuid;

use super::drawn;
use crate::world::{Checked, at, migrations};

/// What this file counts anew.
pub const COUNTED: [Kpi; 2] = [Kpi::K26, Kpi::K27];

const MATTERS: [&str; 5] = ["101", "102", "106", "205", "301"];
/// As the rule that ships says.
const LEAST: usize = 8;
/// Monday, 16 November, of the week that is looked at; six weeks lie before it.
const BEGIN: &str = "2026-11-15T16:00:00Z";

#[derive(Debug, Clone)]
struct Asked {
    /// Weeks before the one looked at.
    week: i64,
    minute: i64,
    matter: usize,
    handled: Option<i64>,
    passed_on: bool,
    escalated: bool,
    repeated: bool,
    pleased: Option<bool>,
}

fn weeks() -> impl Strategy<Value = (Vec<Asked>, Vec<u32>)> {
    let asked = (
        (0..7_i64, 0..10_080_i64, 0..5_usize, 0..5_usize),
        (option::of(1..900_i64), any::<bool>(), any::<bool>()),
        (any::<bool>(), option::of(any::<bool>())),
    )
        .prop_map(|((week, minute, one, other), effort, said)| Asked {
            week,
            minute,
            // Some matters are asked about more than others.
            matter: one.min(other),
            handled: effort.0,
            passed_on: effort.1,
            escalated: effort.2,
            repeated: said.0,
            pleased: said.1,
        });
    // Week by week how many days the line was open: a holiday is in some.
    (vec(asked, 60..260), vec(2..7_u32, 7))
}

/// Knows the contacts that were invented.
struct Invented {
    asked: Vec<Asked>,
    open: Vec<u32>,
}

fn begin() -> DateTime<Utc> {
    at(BEGIN)
}

impl Contacts for Invented {
    fn between(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        whole: bool,
    ) -> BoxFuture<'_, Result<Vec<Contact>>> {
        let of = |(n, one): (usize, &Asked)| {
            let when = begin() - TimeDelta::weeks(one.week) + TimeDelta::minutes(one.minute);
            let effort = Effort {
                contacts: 1,
                timed: u32::from(one.handled.is_some()),
                handled_ms: one.handled.unwrap_or(0) * 1_000,
                passed_on: u32::from(one.passed_on),
                escalated: u32::from(one.escalated),
                repeated: u32::from(one.repeated),
                rated: u32::from(one.pleased.is_some()),
                satisfied: u32::from(one.pleased == Some(true)),
            };
            (from <= when && when < until).then(|| Contact {
                id: Uuid::from_u128(n as u128 + 1),
                requester: Uuid::from_u128(n as u128 + 1),
                at: when,
                matter: Some(MATTERS[one.matter].to_owned()),
                text: String::new(),
                names: Vec::new(),
                effort: if whole { effort } else { Effort::default() },
            })
        };
        let found: Vec<Contact> = self.asked.iter().enumerate().filter_map(of).collect();
        Box::pin(async move { Ok(found) })
    }

    fn open_days(&self, from: NaiveDate, _: NaiveDate) -> u32 {
        let monday = (begin() + TimeDelta::hours(8)).date_naive();
        self.open[usize::try_from((monday - from).num_days() / 7).unwrap()]
    }

    fn matters(&self) -> BoxFuture<'_, Result<BTreeMap<String, String>>> {
        Box::pin(async { Ok(BTreeMap::new()) })
    }
}

/// Nothing is made of a topic here, and nobody is scored.
struct Nobody;

impl Spawns for Nobody {
    fn may_instruct(&self, _: &Principal) -> bool {
        false
    }

    fn article<'a>(
        &'a self,
        _: &'a Tx,
        _: &'a Who,
        _: &'a Draft,
    ) -> BoxFuture<'a, Result<Spawned>> {
        unreachable!("nothing is made")
    }

    fn course<'a>(&'a self, _: &'a Tx, _: &'a Who, _: &'a Draft) -> BoxFuture<'a, Result<Spawned>> {
        unreachable!("nothing is made")
    }

    fn instruction<'a>(
        &'a self,
        _: &'a Tx,
        _: &'a Who,
        _: &'a Draft,
    ) -> BoxFuture<'a, Result<Spawned>> {
        unreachable!("nothing is made")
    }
}

impl Indicators for Nobody {
    fn agents(&self, _: NaiveDate, _: NaiveDate) -> BoxFuture<'_, Result<Vec<Uuid>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn readings<'a>(
        &'a self,
        _: &'a str,
        _: (NaiveDate, NaiveDate),
        _: &'a [Uuid],
    ) -> BoxFuture<'a, Result<BTreeMap<Uuid, Reading>>> {
        Box::pin(async { Ok(BTreeMap::new()) })
    }
}

/// The topics of the week, by matter.
async fn found(kind: Kind, invented: Invented) -> BTreeMap<String, topic::Model> {
    let app = testing::app_at("2026-11-27T10:00:00Z", kind, &migrations(), &[]).await;
    let ports = Ports {
        samples: Arc::new(Checked(None)),
        contacts: Arc::new(invented),
        spawns: Arc::new(Nobody),
        indicators: Arc::new(Nobody),
    };
    let door = Door(app.start(vec![analytics::capability(&app, ports)]).await);
    let who = testing::principal(&[Role::Analyst]);
    let week = json!({ "from": "2026-11-16", "until": "2026-11-22" });
    let answer = door
        .ask(&who, Method::POST, "/api/v1/topic-runs", Some(week))
        .await;
    assert_eq!(answer.status, 202, "{}", answer.json);
    app.settle().await;
    let rows = topic::Entity::find().all(app.db.read()).await.unwrap();
    let matter = |row: topic::Model| Some((row.subject.strip_prefix("matter:")?.to_owned(), row));
    rows.into_iter().filter_map(matter).collect()
}

/// K-26: the count by the mean of the nearest four comparable weeks, in hundredths, half a hundredth up.
fn hot(asked: &[Asked], open: &[u32], matter: usize) -> Option<i64> {
    let of_week = |week: usize| {
        let his = asked.iter();
        let his = his.filter(|one| one.matter == matter && one.week == week as i64);
        his.count() as i64
    };
    let near = (1..7).filter(|week| open[*week].abs_diff(open[0]) <= 1);
    let before: Vec<i64> = near.take(4).map(of_week).collect();
    let sum: i64 = before.iter().sum();
    (sum > 0).then(|| (of_week(0) * 100 * before.len() as i64 * 2 + sum) / (2 * sum))
}

/// The five figures of K-27 of a matter's contacts of the week.
fn five(asked: &[Asked], matter: usize) -> (usize, [Option<f64>; 5]) {
    let of = asked
        .iter()
        .filter(|one| one.week == 0 && one.matter == matter);
    let of: Vec<&Asked> = of.collect();
    let mean = |values: Vec<f64>| {
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let share =
        |is: fn(&Asked) -> bool| mean(of.iter().map(|one| f64::from(u8::from(is(one)))).collect());
    let times = of.iter().filter_map(|one| one.handled);
    let unhappy = of.iter().filter_map(|one| one.pleased);
    let figures = [
        mean(times.map(|seconds| seconds as f64 * 1_000.0).collect()),
        share(|one| one.passed_on),
        share(|one| one.escalated),
        share(|one| one.repeated),
        mean(unhappy.map(|good| f64::from(u8::from(!good))).collect()),
    ];
    (of.len(), figures)
}

/// K-27: the mean of the z-scores, in thousandths.
fn hard(asked: &[Asked], matter: usize) -> Option<f64> {
    let all: Vec<_> = (0..MATTERS.len()).map(|one| five(asked, one)).collect();
    let enough: Vec<_> = all.iter().filter(|(many, _)| *many >= LEAST).collect();
    let (many, own) = all[matter];
    if many < LEAST {
        return None;
    }
    let mut scores = Vec::new();
    for (n, value) in own.iter().enumerate() {
        let Some(value) = value else { continue };
        let known: Vec<f64> = enough.iter().filter_map(|(_, of)| of[n]).collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let squares: f64 = known.iter().map(|one| (one - mean) * (one - mean)).sum();
        let deviation = (squares / known.len() as f64).sqrt();
        let same = deviation <= mean.abs() * 1e-9;
        scores.push(if same {
            0.0
        } else {
            (value - mean) / deviation
        });
    }
    Some(scores.iter().sum::<f64>() / scores.len() as f64 * 1_000.0)
}

#[tokio::test]
async fn random_weeks_of_matters_give_the_indices_that_a_slow_recount_gives() {
    for kind in Kind::all() {
        let (mut warm, mut heavy) = (0, 0);
        for (asked, open) in drawn(&weeks(), 3) {
            let invented = Invented {
                asked: asked.clone(),
                open: open.clone(),
            };
            let rows = found(*kind, invented).await;
            for (n, code) in MATTERS.iter().enumerate() {
                let (many, _) = five(&asked, n);
                let (ratio, index) = (hot(&asked, &open, n), hard(&asked, n));
                let Some(row) = rows.get(*code) else {
                    let is_hot = many >= LEAST && ratio.is_some_and(|ratio| ratio >= 150);
                    assert!(!is_hot, "{code}: {ratio:?}");
                    assert!(index.is_none_or(|index| index < 1.0), "{code}: {index:?}");
                    continue;
                };
                assert_eq!(row.count, many as i64, "{code}");
                if row.hot {
                    warm += 1;
                    assert_eq!(row.ratio, ratio, "{code}");
                }
                let index = index.unwrap();
                heavy += i32::from(row.hard);
                assert!(
                    (row.hardness as f64 - index).abs() <= 1.0,
                    "{code}: {index}"
                );
            }
        }
        assert!(warm > 0 && heavy > 0, "the stories tell something");
    }
}

#[tokio::test]
async fn what_is_asked_at_night_or_about_midnight_counts_in_the_week_that_has_begun() {
    for kind in Kind::all() {
        let asked = |week, minute, matter, handled| Asked {
            week,
            minute,
            matter,
            handled: Some(handled),
            passed_on: false,
            escalated: false,
            repeated: false,
            pleased: None,
        };
        // Monday at 00:00, at 02:30, and Sunday at 23:59; Monday at 00:00 after it is of the week that follows.
        let (first, night, last, beyond) = (0, 150, 10_079, 10_080);
        let mut all = Vec::new();
        for n in 0..5 {
            all.extend([asked(0, first, 0, 100), asked(0, last, 0, 100)]);
            all.extend([asked(0, night, 1, 300), asked(0, last, 1, 300)]);
            all.extend([asked(0, beyond, 0, 9_000), asked(0, beyond, 1, 9_000)]);
            // Four weeks before it, five of each matter a week.
            all.extend(
                (1..5).flat_map(|week| [asked(week, last, 0, 100), asked(week, night, 1, n)]),
            );
        }
        let invented = Invented {
            asked: all,
            open: vec![5; 7],
        };
        let rows = found(*kind, invented).await;
        for (matter, hardness) in [("101", -250), ("102", 250)] {
            let row = &rows[matter];
            // 10 / 5 = 2.00; of four figures only the time of handling differs, by one deviation to either side.
            assert_eq!(
                (row.count, row.ratio, row.hardness),
                (10, Some(200), hardness),
                "{matter}"
            );
        }
    }
}
