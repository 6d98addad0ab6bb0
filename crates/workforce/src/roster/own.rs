//! One's own roster: the week on the phone, and a calendar file.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use chrono::NaiveDate;
use kernel::http::{Json, Query};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, App, day};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::book::Part;
use super::ics::{self, Event};
use super::template::ShiftTemplate;
use super::{Book, Month, RosterState};
use crate::leave::LeaveKind;
use crate::rights::ViewOwnRoster;
use crate::shift::DayPart;

/// Days of one question.
const MOST_DAYS: i64 = 62;

/// The routes of one's own roster.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(mine))
        .routes(routes!(download))
        .with_state(app.clone())
}

/// Which days are asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Between {
    /// The first day.
    from: NaiveDate,
    /// The last day, at most 61 days later.
    to: NaiveDate,
}

/// One's own leave of a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnLeave {
    /// Which part of the day.
    pub part: DayPart,
    /// What kind.
    pub kind: LeaveKind,
    /// The request.
    pub number: String,
}

/// One day of one's own roster.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnDay {
    /// The day.
    pub day: NaiveDate,
    /// People are expected at work.
    pub workday: bool,
    /// The roster of its month is published.
    pub published: bool,
    /// The shift; null for a free day.
    pub shift: Option<ShiftTemplate>,
    /// Leave.
    pub leave: Option<OwnLeave>,
}

/// One's own roster.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnRoster {
    /// By day.
    pub days: Vec<OwnDay>,
}

/// One person's part of the published rosters.
async fn own(app: &App, user: Uuid, asked: &Between) -> Result<Book> {
    day::plausible("from", asked.from, day::today(app))?;
    if !(0..MOST_DAYS).contains(&(asked.to - asked.from).num_days()) {
        let detail = "at most 62 days, the last not before the first";
        return Err(invalid("to", "period_invalid", detail));
    }
    let part = Part {
        between: (asked.from, asked.to),
        cells: vec![(asked.from, user)],
        draft: None,
    };
    Book::of(app.db.read(), &part, app.clock.now()).await
}

fn days(asked: &Between) -> impl Iterator<Item = NaiveDate> {
    let last = asked.to;
    asked.from.iter_days().take_while(move |on| *on <= last)
}

/// One's own shifts and leave, by day; of months that are published.
#[utoipa::path(
    get, path = "/api/v1/my-roster", tag = "workforce", operation_id = "get_my_roster", params(Between),
    responses((status = 200, body = OwnRoster), (status = 422, body = Problem)),
)]
async fn mine(
    actor: Actor<ViewOwnRoster>,
    State(app): State<App>,
    Query(asked): Query<Between>,
) -> Result<Json<OwnRoster>> {
    let user = actor.user_id();
    let book = own(&app, user, &asked).await?;
    let days = days(&asked).map(|on| {
        let shift = book.roster.get(&(on, user));
        let leave = book.leave.get(&(on, user));
        OwnDay {
            day: on,
            workday: book.calendar.is_workday(on),
            published: book.state(Month::of(on)) == RosterState::Published,
            shift: shift
                .and_then(|shift| book.shifts.get(&shift.code))
                .map(ShiftTemplate::from),
            leave: leave.map(|one| OwnLeave {
                part: one.part,
                kind: one.kind,
                number: one.number.clone(),
            }),
        }
    });
    Ok(Json(OwnRoster {
        days: days.collect(),
    }))
}

/// One's own shifts as a calendar file (RFC 5545), for the calendar of one's phone.
#[utoipa::path(
    get, path = "/api/v1/my-roster.ics", tag = "workforce", operation_id = "download_my_roster", params(Between),
    responses((status = 200, body = String, content_type = "text/calendar"), (status = 422, body = Problem)),
)]
async fn download(
    actor: Actor<ViewOwnRoster>,
    State(app): State<App>,
    Query(asked): Query<Between>,
) -> Result<impl IntoResponse> {
    let user = actor.user_id();
    let book = own(&app, user, &asked).await?;
    let events: Vec<Event> = days(&asked)
        .filter_map(|on| {
            let shift = book.roster.get(&(on, user))?;
            let known = book.shifts.get(&shift.code)?;
            Some(Event {
                day: on,
                user_id: user,
                shift: shift.clone(),
                name: known.name.clone(),
            })
        })
        .collect();
    let headers = [
        (CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"roster.ics\""),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, ics::calendar(&events, app.clock.now())))
}
