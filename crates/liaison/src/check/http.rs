//! Daily checks over HTTP: the day with what is missing, made to be filled in while one walks.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::text::{checked, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Principal};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, row};
use super::{CheckScope, CheckedItem, defects};
use crate::files::{self, LiaisonFileView};
use crate::rights::{DoDailyChecks, FixDefects, ViewDailyChecks};
use kernel::day;

/// The routes of daily checks.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(board, record))
        .routes(routes!(fix))
        .with_state(app.clone())
}

/// What was found at a point.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyCheckView {
    /// Identifies it.
    pub id: Uuid,
    /// The point.
    pub point: String,
    /// The day.
    pub on_day: NaiveDate,
    /// What was found of each item.
    pub items: Vec<CheckedItem>,
    /// How many are not in order.
    pub defects: i32,
    /// More about it.
    pub note: Option<String>,
    /// Who looked.
    pub by: Option<Colleague>,
    /// When.
    pub at: DateTime<Utc>,
    /// `ok`, `defect` or `fixed`.
    pub state: String,
    /// When it was put right.
    pub fixed_at: Option<DateTime<Utc>>,
    /// What was done.
    pub fix_note: Option<String>,
    /// Pictures.
    pub files: Vec<LiaisonFileView>,
    /// Rises with each change.
    pub version: i64,
}

/// A point with what was found at it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckPointView {
    /// Its code.
    pub code: String,
    /// A seat or an area.
    pub scope: CheckScope,
    /// What it is called.
    pub name: String,
    /// What is looked at.
    pub items: Vec<String>,
    /// It counts with a picture only.
    pub photo: bool,
    /// It was not looked at, or without the picture it needs.
    pub missing: bool,
    /// What was found.
    pub check: Option<DailyCheckView>,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyCheckBoard {
    /// The day.
    pub day: NaiveDate,
    /// A working day: then nothing may be missing.
    pub workday: bool,
    /// Seats, then areas.
    pub points: Vec<CheckPointView>,
    /// How many are missing; none on a day off.
    pub missing: u64,
    /// What is not in order still, also of days before, the oldest first.
    pub unfixed: Vec<DailyCheckView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
}

/// Which day.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CheckDay {
    /// The day; today unless told.
    day: Option<NaiveDate>,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<DailyCheckView>> {
    let conn = app.db.read();
    let people = organization::colleagues(conn, rows.iter().filter_map(|row| row.by_id)).await?;
    let mut views = Vec::new();
    for row in rows {
        views.push(DailyCheckView {
            files: files::of(conn, row.id).await?,
            items: serde_json::from_value(row.items).map_err(internal)?,
            on_day: day::read(&row.on_day)?,
            by: row.by_id.and_then(|id| people.get(&id).cloned()),
            id: row.id,
            point: row.point,
            defects: row.defects,
            note: row.note,
            at: row.at,
            state: row.state,
            fixed_at: row.fixed_at,
            fix_note: row.fix_note,
            version: row.version,
        });
    }
    Ok(views)
}

async fn page(app: &App, of: &Principal, on: NaiveDate) -> Result<Json<DailyCheckBoard>> {
    let conn = app.db.read();
    let service = organization::service_calendar::load(conn).await?;
    let workday = service.calendar.is_workday(on);
    let now = app.clock.now();
    let missing = store::missing(conn, on, now).await?;
    let mut done = views(app, store::of_day(conn, on).await?).await?;
    let mut points = Vec::new();
    for point in store::points(conn, now).await? {
        let at = done.iter().position(|check| check.point == point.code);
        points.push(CheckPointView {
            check: at.map(|at| done.swap_remove(at)),
            missing: workday && missing.iter().any(|one| one.code == point.code),
            code: point.code,
            scope: point.scope,
            name: point.name,
            items: point.items,
            photo: point.photo,
        });
    }
    let mut actions = Vec::new();
    if of.may::<DoDailyChecks>() {
        actions.push("record");
    }
    if of.may::<FixDefects>() {
        actions.push("fix");
    }
    Ok(Json(DailyCheckBoard {
        day: on,
        workday,
        missing: points.iter().filter(|point| point.missing).count() as u64,
        points,
        unfixed: views(app, store::unfixed(conn).await?).await?,
        actions,
    }))
}

/// What was looked at on a day, what is missing, what is not in order.
#[utoipa::path(
    get, path = "/api/v1/daily-checks", tag = "liaison", operation_id = "get_daily_checks",
    params(CheckDay), responses((status = 200, body = DailyCheckBoard)),
)]
async fn board(
    actor: Actor<ViewDailyChecks>,
    State(app): State<App>,
    Query(on): Query<CheckDay>,
) -> Result<Json<DailyCheckBoard>> {
    let on = on.day.unwrap_or_else(|| day::today(&app));
    page(&app, actor.principal(), on).await
}

/// What was found at a point today.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDailyCheck {
    /// The point.
    point: String,
    /// Every item of it, once.
    items: Vec<CheckedItem>,
    /// More about it; what is wrong, where something is.
    note: Option<String>,
}

/// Records what was found at a point today; pictures are added to it.
#[utoipa::path(
    post, path = "/api/v1/daily-checks", tag = "liaison", operation_id = "record_daily_check",
    request_body = NewDailyCheck,
    responses((status = 201, body = DailyCheckBoard), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn record(
    actor: Actor<DoDailyChecks>,
    State(app): State<App>,
    Json(new): Json<NewDailyCheck>,
) -> Result<(StatusCode, Json<DailyCheckBoard>)> {
    let note = checked("note", new.note.as_deref().unwrap_or_default())?;
    let today = day::today(&app);
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let now = app.clock.now();
        let points = store::points(&*tx, now).await?;
        let point = points.iter().find(|point| point.code == new.point);
        let point = point
            .ok_or_else(|| invalid("point", "check_point_unknown", "nothing is looked at there"))?;
        let Some(bad) = defects(&point.items, &new.items) else {
            let detail = "every item of the point is looked at once";
            return Err(invalid("items", "check_incomplete", detail));
        };
        if bad > 0 && note.is_empty() {
            return Err(invalid("note", "text_missing", "what is not in order"));
        }
        let known = store::of_day(&*tx, today).await?;
        if known.iter().any(|one| one.point == new.point) {
            let detail = format!("`{}` was looked at today", point.name);
            return Err(refused("check_done", detail));
        }
        let row = row::Model {
            id: app.ids.next(),
            on_day: day::text(today),
            point: new.point.clone(),
            items: json!(new.items),
            defects: i32::try_from(bad).map_err(internal)?,
            note: Some(note).filter(|note| !note.is_empty()),
            by_id: who.user_id,
            at: now,
            fixed_by: None,
            fixed_at: None,
            fix_note: None,
            state: if bad > 0 { "defect" } else { "ok" }.to_owned(),
            updated_at: now,
            version: 1,
        };
        versioned::insert(&*tx, &row).await?;
        let what = if bad > 0 { "defect" } else { "recorded" };
        store::tell(&app, &tx, &who, &row, (what, row.note.as_deref())).await
    })
    .await?;
    let page = page(&done, actor.principal(), today).await?;
    Ok((StatusCode::CREATED, page))
}

/// What was done about it, with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DefectFix {
    /// The version that was read.
    version: i64,
    /// What was done.
    note: String,
}

/// Says that what was not in order is.
#[utoipa::path(
    post, path = "/api/v1/daily-checks/{id}/fix", tag = "liaison", operation_id = "fix_daily_check",
    params(("id" = Uuid, Path)), request_body = DefectFix,
    responses((status = 200, body = DailyCheckBoard), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn fix(
    actor: Actor<FixDefects>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(fix): Json<DefectFix>,
) -> Result<Json<DailyCheckBoard>> {
    let note = needed("note", &fix.note)?;
    let today = day::today(&app);
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let before = versioned::as_read(store::get(&*tx, id).await?, fix.version)?;
        if before.state != "defect" {
            let detail = format!("{} has nothing to be put right", before.what());
            return Err(refused("check_in_order", detail));
        }
        let mut after = before.clone();
        "fixed".clone_into(&mut after.state);
        after.fixed_by = who.user_id;
        after.fixed_at = Some(app.clock.now());
        after.fix_note = Some(note.clone());
        let after = versioned::save(&app, &*tx, &before, after).await?;
        store::tell(&app, &tx, &who, &after, ("fixed", Some(&note))).await
    })
    .await?;
    page(&done, actor.principal(), today).await
}
