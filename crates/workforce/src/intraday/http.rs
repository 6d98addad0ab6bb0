//! The day as it goes, over HTTP.

use axum::extract::State;
use calendar::SHANGHAI;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use kernel::http::Json;
use kernel::problem::{Result, internal};
use kernel::{Actor, day};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{BIN, BINS, Outlook, Shortfall, ShortfallAnswer, Today, load, terms};
use crate::adherence::hours::{self, Planned};
use crate::rights::ViewAdherence;
use crate::site::Desk;

/// The routes of the day.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show))
        .with_state(desk.clone())
}

/// One half hour of today.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntradayBin {
    /// When it begins.
    pub from: DateTime<Utc>,
    /// Calls that were forecast in the morning; null without enough history.
    pub forecast: Option<f64>,
    /// Calls that are expected by what came so far; null for half hours that are over.
    pub expected: Option<f64>,
    /// Calls that came; null for half hours that have not begun.
    pub actual: Option<i64>,
    /// People that are needed for what is expected.
    pub needed: Option<u32>,
    /// People whose hours they are.
    pub planned: u32,
}

/// What can be done where too few people are there.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortfallWay {
    /// `move_break`, `overtime` or `callback`.
    pub kind: ShortfallAnswer,
    /// The page on which it is done.
    pub page: &'static str,
}

/// Half hours in a row for which too few people are there.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortfallView {
    /// When it begins.
    pub from: DateTime<Utc>,
    /// When it is over.
    pub until: DateTime<Utc>,
    /// How many people are missing where it is worst.
    pub missing: u32,
    /// What can be done.
    pub answers: Vec<ShortfallWay>,
}

/// The day as it goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Intraday {
    /// Today.
    pub day: NaiveDate,
    /// Minutes of a bin.
    pub bin_minutes: u32,
    /// Days that were learnt from; with fewer than ten nothing is forecast.
    pub history_days: usize,
    /// Average handle time in seconds.
    pub aht_seconds: i64,
    /// The share of the calls that is to be answered in time, in basis points.
    pub target_bp: u16,
    /// Seconds within which a call is answered in time.
    pub target_seconds: u16,
    /// Calls of the day by the forecast of the morning.
    pub forecast_total: Option<f64>,
    /// Calls of the day by what came so far.
    pub expected_total: Option<f64>,
    /// Calls that came so far.
    pub actual_total: i64,
    /// From the first half hour that matters to the last.
    pub items: Vec<IntradayBin>,
    /// Where too few people are there.
    pub shortfalls: Vec<ShortfallView>,
}

/// To a tenth of a call: more is not known.
fn tenth(calls: f64) -> f64 {
    (calls * 10.0).round() / 10.0
}

fn instant(local: NaiveDateTime) -> Result<DateTime<Utc>> {
    let found = SHANGHAI.from_local_datetime(&local).single();
    found
        .map(|at| at.to_utc())
        .ok_or_else(|| internal("a moment that is not there"))
}

fn bin(one: &Outlook) -> Result<IntradayBin> {
    Ok(IntradayBin {
        from: instant(one.from)?,
        forecast: one.forecast.map(tenth),
        expected: one.expected.map(tenth),
        actual: one.actual,
        needed: one.needed,
        planned: one.planned,
    })
}

fn shortfall(one: &Shortfall) -> Result<ShortfallView> {
    let answers = one.answers.iter().map(|kind| ShortfallWay {
        kind: *kind,
        page: kind.page(),
    });
    Ok(ShortfallView {
        from: instant(one.from)?,
        until: instant(one.until)?,
        missing: one.missing,
        answers: answers.collect(),
    })
}

/// People at work and people at lunch in each half hour of today.
fn cover(planned: &Planned, today: NaiveDate) -> Result<([u32; BINS], [u32; BINS])> {
    let (mut at_work, mut at_lunch) = ([0; BINS], [0; BINS]);
    for (n, (work, lunch)) in at_work.iter_mut().zip(&mut at_lunch).enumerate() {
        let minutes = chrono::TimeDelta::minutes(n as i64 * i64::from(BIN) + i64::from(BIN / 2));
        let middle = instant(today.and_time(chrono::NaiveTime::MIN) + minutes)?;
        for hours in planned.hours.values() {
            let covers = hours
                .iter()
                .any(|(from, until)| (*from..*until).contains(&middle));
            let within = hours.first().zip(hours.last());
            let within = within.is_some_and(|(first, last)| (first.0..last.1).contains(&middle));
            *work += u32::from(covers);
            *lunch += u32::from(within && !covers);
        }
    }
    Ok((at_work, at_lunch))
}

/// The day as it goes: forecast against actual by half hours, who is needed and who is planned, and where too few people
/// are there with what can be done.
#[utoipa::path(
    get, path = "/api/v1/intraday", tag = "workforce", operation_id = "get_intraday",
    responses((status = 200, body = Intraday)),
)]
async fn show(_actor: Actor<ViewAdherence>, State(desk): State<Desk>) -> Result<Json<Intraday>> {
    let (app, conn) = (&desk.app, desk.app.db.read());
    let today = day::today(app);
    let history = load::before(conn, today).await?;
    let came = desk.site.half_hours(today).await?;
    let planned = hours::of(&desk, today).await?;
    let (at_work, at_lunch) = cover(&planned, today)?;
    let terms = terms::in_force(conn, app.clock.now()).await?;
    let looked = Today {
        now: app.clock.now().with_timezone(&SHANGHAI).naive_local(),
        history: &history,
        today: &came,
        planned: &at_work,
        at_lunch: &at_lunch,
        aim: terms.aim(),
    };
    let outlook = looked.outlook();
    let shortfalls = looked.shortfalls(&outlook);
    let mut days: Vec<NaiveDate> = history.iter().map(|one| one.day).collect();
    days.dedup();
    let forecast: Option<f64> = outlook.iter().map(|one| one.forecast).sum();
    // What is over came; what is not is expected.
    let expected: Option<f64> = outlook
        .iter()
        .map(|one| match (one.forecast, one.expected) {
            (None, _) => None,
            (_, Some(expected)) => Some(expected),
            (_, None) => one.actual.map(|calls| calls as f64),
        })
        .sum();
    let has = !outlook.is_empty();
    Ok(Json(Intraday {
        day: today,
        bin_minutes: BIN,
        history_days: days.len(),
        aht_seconds: looked.aht().round() as i64,
        target_bp: terms.answered_bp,
        target_seconds: terms.within_seconds,
        forecast_total: forecast.filter(|_| has).map(tenth),
        expected_total: expected.filter(|_| has).map(tenth),
        actual_total: came.iter().map(|one| one.calls).sum(),
        items: outlook.iter().map(bin).collect::<Result<_>>()?,
        shortfalls: shortfalls.iter().map(shortfall).collect::<Result<_>>()?,
    }))
}
