//! An indicator along days, half-hours, people, channels, queues or matters.

use std::collections::BTreeMap;

use kernel::problem::{Result, invalid};
use serde::Serialize;
use utoipa::ToSchema;

use super::figures::of;
use super::ratio::{is_of_tickets, is_summed};
use super::{Cut, Figure, Kpi, Period, figures, gather, variant};
use crate::Desk;
use crate::facts::Sums;

/// Steps of an indicator that is asked step by step.
const MOST_STEPS: i64 = 62;
/// People, queues or matters of one series; the busiest first would hide nobody in a hotline of a province.
const MOST_KEYS: usize = 2_000;

/// Along what a series goes.
pub use KpiBy as By;

kernel::words! {
    /// Along what a series goes.
    KpiBy {
        /// Each day of the period, the empty ones too.
        Day = "day",
        /// The half-hours of the day, all days of the period together: 0 is 00:00 to 00:30.
        HalfHour = "half_hour",
        /// Each person.
        Person = "person",
        /// Each channel.
        Channel = "channel",
        /// Each queue.
        Queue = "queue",
        /// Each matter.
        Matter = "matter",
    }
}

/// What the indicators say of one step of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = KpiBarePoint)]
pub struct Point {
    /// `2026-11-27`, the number of a half-hour, an id or a code; empty for what has none.
    pub key: String,
    /// In the order they were asked for.
    pub figures: Vec<Figure>,
}

/// The wanted indicators along a way. What contacts and tickets do not tell goes along days only, at most 62 of them
/// (422 `kpi_not_along`); what tickets tell has neither half-hours nor queues.
pub async fn series(
    desk: &Desk,
    wanted: &[Kpi],
    by: By,
    period: Period,
    cut: &Cut,
) -> Result<Vec<Point>> {
    let conn = desk.app.db.read();
    let at = desk.app.clock.now().min(period.ends());
    let variants = variant::in_force(conn, at).await?;
    let step_by_step = wanted.iter().any(|kpi| !is_summed(*kpi));
    if step_by_step {
        return by_day(desk, wanted, by, period, cut).await;
    }
    if matches!(by, By::HalfHour | By::Queue) && wanted.iter().any(|kpi| is_of_tickets(*kpi)) {
        return Err(not_along("a ticket has neither a half-hour nor a queue"));
    }
    let mut found = gather::sums(conn, Some(by), period, cut).await?;
    if by == By::Day {
        for day in period.each() {
            found.entry(kernel::day::text(day)).or_default();
        }
    }
    if found.len() > MOST_KEYS {
        return Err(not_along(
            "more than 2,000 steps; narrow the period or the cut",
        ));
    }
    let open = open_of(desk, wanted, by, period, cut).await?;
    let points = found.into_iter().map(|(key, sums)| {
        let steps_open = open.get(&key).map_or(0, |sums| sums.due_open);
        let (narrow, within) = step(by, &key, period, cut);
        Point {
            figures: of(wanted, &variants, &sums, steps_open, (within, &narrow)),
            key,
        }
    });
    let mut points: Vec<Point> = points.collect();
    if by == By::HalfHour {
        points.sort_by_key(|point| point.key.parse::<i32>().unwrap_or_default());
    }
    Ok(points)
}

/// The tickets that were due on days that are over.
async fn open_of(
    desk: &Desk,
    wanted: &[Kpi],
    by: By,
    period: Period,
    cut: &Cut,
) -> Result<BTreeMap<String, Sums>> {
    if !wanted.contains(&Kpi::K20) {
        return Ok(BTreeMap::new());
    }
    let today = kernel::day::today(&desk.app);
    let last = today.pred_opt().unwrap_or(today).min(period.to);
    if last < period.from {
        return Ok(BTreeMap::new());
    }
    let over = Period {
        from: period.from,
        to: last,
    };
    gather::sums(desk.app.db.read(), Some(by), over, cut).await
}

/// The period and cut of one step.
fn step(by: By, key: &str, period: Period, cut: &Cut) -> (Cut, Period) {
    let (mut narrow, mut within) = (cut.clone(), period);
    match by {
        By::Day => {
            if let Ok(day) = key.parse() {
                within = Period::day(day);
            }
        }
        By::HalfHour => {}
        By::Channel => narrow.channel = Some(key.to_owned()),
        By::Person => narrow.person = key.parse().ok(),
        By::Queue => narrow.queue = Some(key.to_owned()),
        By::Matter => narrow.matter = Some(key.to_owned()),
    }
    (narrow, within)
}

async fn by_day(
    desk: &Desk,
    wanted: &[Kpi],
    by: By,
    period: Period,
    cut: &Cut,
) -> Result<Vec<Point>> {
    if by != By::Day {
        return Err(not_along("this indicator goes along days only"));
    }
    if period.days() > MOST_STEPS {
        return Err(not_along("this indicator goes along at most 62 days"));
    }
    let mut points = Vec::new();
    for day in period.each() {
        points.push(Point {
            key: kernel::day::text(day),
            figures: figures(desk, wanted, Period::day(day), cut).await?,
        });
    }
    Ok(points)
}

fn not_along(detail: &'static str) -> kernel::Problem {
    invalid("by", "kpi_not_along", detail)
}
