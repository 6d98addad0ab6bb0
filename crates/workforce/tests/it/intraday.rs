//! The day as it goes: forecast against actual, what the rest is expected to bring, where too few people are there.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Weekday};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;
use workforce::intraday::{Aim, BINS, HalfHour, ShortfallAnswer, Today, load};

use crate::world::on_both;

fn on(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

/// So many calls in each half hour from 08:30 to 18:00, each of four minutes.
fn half_hours(day: NaiveDate, calls: i64) -> Vec<HalfHour> {
    let bins = 17..36;
    bins.map(|half_hour| HalfHour {
        day,
        half_hour,
        calls,
        handled: calls,
        handle_seconds: calls * 240,
    })
    .collect()
}

/// The working days of eight weeks before the 23rd of November.
fn history(calls: i64) -> Vec<HalfHour> {
    let first = on("2026-09-28").iter_days();
    first
        .take_while(|day| *day < on("2026-11-23"))
        .filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
        .flat_map(|day| half_hours(day, calls))
        .collect()
}

const AIM: Aim = Aim {
    share_bp: 8_500,
    seconds: 15,
    aht: 240,
};

fn at(clock: &str) -> NaiveDateTime {
    format!("2026-11-23T{clock}:00").parse().unwrap()
}

/// Six people at work from 08:30 to 18:00, two of them at lunch from twelve to one.
fn people() -> ([u32; BINS], [u32; BINS]) {
    let (mut planned, mut lunch) = ([0; BINS], [0; BINS]);
    planned[17..36].fill(6);
    planned[24..26].fill(4);
    lunch[24..26].fill(2);
    (planned, lunch)
}

#[test]
fn the_rest_of_the_day_follows_what_came() {
    let (planned, at_lunch) = people();
    let history = history(10);
    let came: Vec<HalfHour> = half_hours(on("2026-11-23"), 20)
        .into_iter()
        .filter(|one| one.half_hour < 21)
        .collect();
    let today = Today {
        now: at("10:40"),
        history: &history,
        today: &came,
        planned: &planned,
        at_lunch: &at_lunch,
        aim: AIM,
    };
    let outlook = today.outlook();
    assert_eq!(outlook.len(), 19);
    assert_eq!(outlook[0].from, at("08:30"));
    let forecast = outlook[10].forecast.unwrap();
    assert!((8.0..12.0).contains(&forecast), "{forecast}");
    // What is over is not expected any more, what comes is more than was forecast.
    assert_eq!((outlook[0].actual, outlook[0].expected), (Some(20), None));
    assert_eq!((outlook[4].from, outlook[4].actual), (at("10:30"), Some(0)));
    assert_eq!(outlook[5].actual, None);
    assert!(
        outlook[10].expected.unwrap() > 1.3 * forecast,
        "{outlook:?}"
    );
    assert!((today.aht() - 240.0).abs() < 1e-9);
}

#[test]
fn where_too_few_are_there_it_says_what_can_be_done() {
    let (planned, at_lunch) = people();
    // Three Erlang need six people at least to answer most within fifteen seconds.
    let history = history(22);
    let today = Today {
        now: at("08:30"),
        history: &history,
        today: &[],
        planned: &planned,
        at_lunch: &at_lunch,
        aim: AIM,
    };
    let outlook = today.outlook();
    let short = today.shortfalls(&outlook);
    let lunch = short
        .iter()
        .find(|one| (one.from..one.until).contains(&at("12:00")))
        .unwrap();
    assert_eq!(
        lunch.answers,
        [
            ShortfallAnswer::MoveBreak,
            ShortfallAnswer::Overtime,
            ShortfallAnswer::Callback
        ]
    );
    assert!(lunch.missing >= 1);
    let enough = Today {
        planned: &[60; BINS],
        ..today
    };
    assert!(enough.shortfalls(&enough.outlook()).is_empty());
}

#[test]
fn without_ten_days_nothing_is_forecast() {
    let (planned, at_lunch) = people();
    let history = half_hours(on("2026-11-20"), 10);
    let today = Today {
        now: at("10:00"),
        history: &history,
        today: &[],
        planned: &planned,
        at_lunch: &at_lunch,
        aim: AIM,
    };
    let outlook = today.outlook();
    assert!(
        outlook
            .iter()
            .all(|one| one.forecast.is_none() && one.needed.is_none())
    );
    assert!(today.shortfalls(&outlook).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_is_counted_once_and_the_next_is_forecast_by_it() {
    on_both(async |world| {
        *world.room.half_hours.lock().unwrap() = history(12);
        let none = world.read("lead", "/api/v1/intraday").await;
        assert_eq!(
            (&none["history_days"], &none["forecast_total"]),
            (&json!(0), &json!(null))
        );
        for _ in 0..2 {
            load::count(&world.app, &*world.room).await.unwrap();
        }
        let rows = load::row::Entity::find()
            .count(world.app.db.read())
            .await
            .unwrap();
        assert_eq!(rows, 40 * 19);
        let day = world.read("lead", "/api/v1/intraday").await;
        assert_eq!(
            (&day["day"], &day["history_days"]),
            (&json!("2026-11-23"), &json!(40))
        );
        let forecast = day["forecast_total"].as_f64().unwrap();
        assert!((200.0..260.0).contains(&forecast), "{forecast}");
        assert_eq!(day["aht_seconds"], 240);
        assert_eq!(day["items"].as_array().unwrap().len(), 19);
        assert_eq!(day["items"][0]["planned"], 5, "five posts are held");
    })
    .await;
}
