//! Performance sheets over HTTP.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, forbidden, internal, invalid};
use kernel::text::needed;
use kernel::{Actor, Permission as _, Principal, Side, versioned};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::rights::{CalculatePerformance, CheckPerformance, ReleasePerformance, ViewPerformance};
use super::score::{ScoreRow, WHOLE};
use super::store::{self, Eyes, PerformanceFilter, PointsTakenOff, input, row};
use super::{Action, Office, PerformanceState};

/// The routes of sheets.
pub(crate) fn routes(office: &Office) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(calculate))
        .routes(routes!(take_off))
        .routes(routes!(check))
        .routes(routes!(release))
        .with_state(office.clone())
}

/// One row of a sheet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PerformanceRow {
    /// The row of the table: indicator, weight, target, floor, method.
    #[serde(flatten)]
    pub row: ScoreRow,
    /// Above the line.
    pub numerator: i64,
    /// Below the line.
    pub denominator: i64,
    /// Basis points, milliseconds or a count; null where nothing was measured, and the row does not count.
    pub value: Option<i64>,
    /// Where it was read: `kpi:k09`, `learning:exam_results`; `none` where it was not.
    pub source: String,
    /// Points in hundredths.
    pub points: Option<i64>,
}

/// A sheet as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PerformanceSheetView {
    /// Identifies it.
    pub id: Uuid,
    /// `2026-11`
    pub month: String,
    /// Whose; null for the purchaser.
    pub person: Option<Colleague>,
    /// The score in hundredths, of ten thousand.
    pub total: i64,
    /// Points of the rows that were measured, of a hundred.
    pub weight: i64,
    /// A veto was hit.
    pub vetoed: bool,
    /// Points taken off by hand, in hundredths.
    pub taken_off: i64,
    /// Where it stands.
    pub state: PerformanceState,
    /// Which calculation holds.
    pub n: i32,
    /// When it was calculated.
    pub calculated_at: DateTime<Utc>,
    /// When its agent got it.
    pub released_at: Option<DateTime<Utc>>,
    /// The rows.
    pub rows: Vec<PerformanceRow>,
    /// Rises with each change.
    pub version: i64,
}

/// One calculation.
#[derive(Debug, Serialize, ToSchema)]
pub struct PerformanceCalculation {
    /// Which.
    pub n: i32,
    /// The score in hundredths.
    pub total: i64,
    /// What was taken off, in hundredths.
    pub taken_off: i64,
    /// By whom.
    pub by: Option<Colleague>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A sheet as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PerformanceSheetDetail {
    /// What lists show.
    #[serde(flatten)]
    pub sheet: PerformanceSheetView,
    /// The score counted again from the kept rows: the same.
    pub recounted: i64,
    /// The table holds since.
    pub table_since: DateTime<Utc>,
    /// What was taken off by hand.
    pub offs: Vec<PointsTakenOff>,
    /// Each calculation, the first one first.
    pub calculations: Vec<PerformanceCalculation>,
    /// Who checked it.
    pub checked_by: Option<Colleague>,
    /// When.
    pub checked_at: Option<DateTime<Utc>>,
    /// Who released it.
    pub released_by: Option<Colleague>,
    /// When it became final.
    pub final_at: Option<DateTime<Utc>>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
}

pub(crate) fn eyes(actor: &Actor<ViewPerformance>) -> Eyes {
    let roles = &actor.principal().roles;
    Eyes {
        scope: actor.scope().clone(),
        purchaser: roles.iter().any(|role| role.side() == Side::Purchaser),
    }
}

fn rows(inputs: Vec<input::Model>) -> Result<Vec<PerformanceRow>> {
    let shown = inputs.into_iter().map(|input| {
        Ok(PerformanceRow {
            row: serde_json::from_value(input.body).map_err(internal)?,
            numerator: input.numerator,
            denominator: input.denominator,
            value: input.value,
            source: input.source,
            points: input.points,
        })
    });
    shown.collect()
}

async fn views(
    office: &Office,
    eyes: &Eyes,
    sheets: &[row::Model],
) -> Result<Vec<PerformanceSheetView>> {
    let conn = office.app.db.read();
    let mut inputs = store::inputs(conn, sheets).await?;
    let people = organization::colleagues(conn, sheets.iter().map(|sheet| sheet.user_id)).await?;
    let mut views = Vec::with_capacity(sheets.len());
    for sheet in sheets {
        let person = people.get(&sheet.user_id).filter(|_| !eyes.purchaser);
        views.push(PerformanceSheetView {
            id: sheet.id,
            month: sheet.month.clone(),
            person: person.cloned(),
            total: sheet.total,
            weight: sheet.weight,
            vetoed: sheet.vetoed,
            taken_off: sheet.offs()?.iter().map(|off| off.points).sum(),
            state: sheet.case()?.state,
            n: sheet.n,
            calculated_at: sheet.calculated_at,
            released_at: sheet.released_at,
            rows: rows(inputs.remove(&sheet.id).unwrap_or_default())?,
            version: sheet.version,
        });
    }
    Ok(views)
}

fn offered(of: &Principal, sheet: &row::Model) -> Result<Vec<&'static str>> {
    let case = sheet.case()?;
    let may = |action: Action| case.next(&action).is_ok();
    let mut offered = Vec::new();
    if of.may::<CalculatePerformance>() && case.is_open() {
        offered.push("take_off");
    }
    let own = sheet.calculated_by == Some(of.user_id);
    if of.may::<CheckPerformance>() && may(Action::Check { own }) {
        offered.push("check");
    }
    if of.may::<ReleasePerformance>() {
        if may(Action::Release) {
            offered.push("release");
        }
        if may(Action::Finish) {
            offered.push("finish");
        }
    }
    if of.may::<super::rights::PlanImprovement>() && !case.is_open() {
        offered.push("plan");
    }
    Ok(offered)
}

async fn detail(
    office: &Office,
    (of, eyes): (&Principal, &Eyes),
    sheet: row::Model,
) -> Result<Json<PerformanceSheetDetail>> {
    let conn = office.app.db.read();
    let kept = store::inputs(conn, std::slice::from_ref(&sheet))
        .await?
        .remove(&sheet.id)
        .unwrap_or_default();
    let mut offs = sheet.offs()?;
    let recounted = store::recount(&kept, offs.iter().map(|off| off.points).sum())?.total;
    let calculations = store::calculations(conn, sheet.id).await?;
    let mut ids: Vec<Uuid> = calculations.iter().filter_map(|one| one.by_id).collect();
    ids.extend(sheet.checked_by.into_iter().chain(sheet.released_by));
    let people = organization::colleagues(conn, ids).await?;
    // Who works for the supplier the purchaser does not learn here.
    let person = |id: Option<Uuid>| {
        id.filter(|_| !eyes.purchaser)
            .and_then(|id| people.get(&id).cloned())
    };
    if eyes.purchaser {
        for off in &mut offs {
            off.by = None;
        }
    }
    let view = views(office, eyes, std::slice::from_ref(&sheet))
        .await?
        .pop();
    let calculations = calculations.into_iter().map(|one| PerformanceCalculation {
        n: one.n,
        total: one.total,
        taken_off: one.taken_off,
        by: person(one.by_id),
        at: one.at,
    });
    Ok(Json(PerformanceSheetDetail {
        actions: offered(of, &sheet)?,
        sheet: view.ok_or_else(|| internal("a sheet is shown"))?,
        recounted,
        table_since: sheet.table_since,
        offs,
        calculations: calculations.collect(),
        checked_by: person(sheet.checked_by),
        checked_at: sheet.checked_at,
        released_by: person(sheet.released_by),
        final_at: sheet.final_at,
    }))
}

/// Lists sheets, the latest month first. An agent sees his own once released, the purchaser released ones without names.
#[utoipa::path(
    get, path = "/api/v1/performance-sheets", tag = "analytics", operation_id = "list_performance_sheets",
    params(ListQuery, PerformanceFilter), responses((status = 200, body = Page<PerformanceSheetView>)),
)]
async fn list(
    actor: Actor<ViewPerformance>,
    State(office): State<Office>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<PerformanceFilter>,
) -> Result<Json<Page<PerformanceSheetView>>> {
    let eyes = eyes(&actor);
    let page = store::list(office.app.db.read(), &eyes, &query, &filter).await?;
    let shown = page.shown(async |rows| views(&office, &eyes, &rows).await);
    Ok(Json(shown.await?))
}

/// One sheet with every row, its value and its points.
#[utoipa::path(
    get, path = "/api/v1/performance-sheets/{id}", tag = "analytics", operation_id = "get_performance_sheet",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = PerformanceSheetDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewPerformance>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
) -> Result<Json<PerformanceSheetDetail>> {
    let eyes = eyes(&actor);
    let sheet = store::get(office.app.db.read(), &eyes, id).await?;
    detail(&office, (actor.principal(), &eyes), sheet).await
}

/// Which month.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PerformanceMonth {
    /// `2026-11`
    month: String,
}

/// How many sheets were counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct PerformanceCounted {
    /// `2026-11`
    pub month: String,
    /// Sheets that were counted now.
    pub counted: usize,
}

/// Counts the sheets of a month, again where they are not released yet: every calculation stays to be seen.
#[utoipa::path(
    post, path = "/api/v1/performance-sheets", tag = "analytics", operation_id = "calculate_performance",
    request_body = PerformanceMonth,
    responses((status = 200, body = PerformanceCounted), (status = 422, body = Problem)),
)]
async fn calculate(
    actor: Actor<CalculatePerformance>,
    State(office): State<Office>,
    Json(of): Json<PerformanceMonth>,
) -> Result<Json<PerformanceCounted>> {
    let counted = store::calculate(&office, &actor.who(), &of.month).await?;
    Ok(Json(PerformanceCounted {
        month: of.month,
        counted,
    }))
}

/// Points to be taken off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PointsToTakeOff {
    /// The version that was read.
    version: i64,
    /// In hundredths: 1 to 10,000.
    points: i64,
    /// Why.
    reason: String,
}

fn may_view(principal: &Principal) -> Result<Eyes> {
    let actor = Actor::<ViewPerformance>::of(principal.clone())
        .map_err(|_| forbidden(ViewPerformance::CODE))?;
    Ok(eyes(&actor))
}

/// Takes points off a sheet that is not released, with the reason; nothing of a settlement changes.
#[utoipa::path(
    post, path = "/api/v1/performance-sheets/{id}/deductions", tag = "analytics", operation_id = "take_points_off",
    params(("id" = Uuid, Path)), request_body = PointsToTakeOff,
    responses((status = 200, body = PerformanceSheetDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn take_off(
    actor: Actor<CalculatePerformance>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(off): Json<PointsToTakeOff>,
) -> Result<Json<PerformanceSheetDetail>> {
    let reason = needed("reason", &off.reason)?;
    if !(1..=i64::from(WHOLE) * 100).contains(&off.points) {
        return Err(invalid(
            "points",
            "points_invalid",
            "1 to 10,000 hundredths",
        ));
    }
    let eyes = may_view(actor.principal())?;
    let (db, app, who, seen) = (
        office.app.db.clone(),
        office.app.clone(),
        actor.who(),
        eyes.clone(),
    );
    let sheet = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, &seen, id).await?, off.version)?;
            let off = PointsTakenOff {
                points: off.points,
                reason,
                by: who.user_id,
                at: app.clock.now(),
            };
            store::take_off(&app, &tx, &who, &before, off).await
        })
        .await?;
    detail(&office, (actor.principal(), &eyes), sheet).await
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PerformanceStep {
    /// The version that was read.
    version: i64,
}

/// Checks a sheet that somebody else calculated.
#[utoipa::path(
    post, path = "/api/v1/performance-sheets/{id}/check", tag = "analytics", operation_id = "check_performance_sheet",
    params(("id" = Uuid, Path)), request_body = PerformanceStep,
    responses((status = 200, body = PerformanceSheetDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn check(
    actor: Actor<CheckPerformance>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(step): Json<PerformanceStep>,
) -> Result<Json<PerformanceSheetDetail>> {
    let eyes = may_view(actor.principal())?;
    let (db, app, who, seen) = (
        office.app.db.clone(),
        office.app.clone(),
        actor.who(),
        eyes.clone(),
    );
    let sheet = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, &seen, id).await?, step.version)?;
            let own = before.calculated_by == who.user_id;
            let now = app.clock.now();
            store::act(
                &app,
                &tx,
                &who,
                &before,
                (&Action::Check { own }, "checked"),
                |after| {
                    after.checked_by = who.user_id;
                    after.checked_at = Some(now);
                },
            )
            .await
        })
        .await?;
    detail(&office, (actor.principal(), &eyes), sheet).await
}

/// Releases a checked sheet to its agent; a second time makes it final.
#[utoipa::path(
    post, path = "/api/v1/performance-sheets/{id}/release", tag = "analytics", operation_id = "release_performance_sheet",
    params(("id" = Uuid, Path)), request_body = PerformanceStep,
    responses((status = 200, body = PerformanceSheetDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn release(
    actor: Actor<ReleasePerformance>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(step): Json<PerformanceStep>,
) -> Result<Json<PerformanceSheetDetail>> {
    let eyes = may_view(actor.principal())?;
    let (db, app, who, seen) = (
        office.app.db.clone(),
        office.app.clone(),
        actor.who(),
        eyes.clone(),
    );
    let sheet = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, &seen, id).await?, step.version)?;
            let now = app.clock.now();
            if before.released_at.is_some() {
                let finish = (&Action::Finish, "finished");
                return store::act(&app, &tx, &who, &before, finish, |after| {
                    after.final_at = Some(now);
                })
                .await;
            }
            store::act(
                &app,
                &tx,
                &who,
                &before,
                (&Action::Release, "released"),
                |after| {
                    after.released_by = who.user_id;
                    after.released_at = Some(now);
                },
            )
            .await
        })
        .await?;
    detail(&office, (actor.principal(), &eyes), sheet).await
}
