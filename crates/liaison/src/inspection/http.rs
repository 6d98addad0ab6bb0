//! Inspections over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result};
use kernel::text::needed;
use kernel::versioned;
use kernel::{Actor, App, Principal};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, row};
use super::{Action, Case, InspectionKind, InspectionState};
use crate::files::{self, LiaisonFileView};
use crate::rectification::http::{RectificationView, view as rectification};
use crate::rectification::store as rectifications;
use crate::rights::{Inspect, ViewInspections};
use crate::side;
use crate::trail::{self, TrailLine};
use kernel::day;

/// The routes of inspections.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, record))
        .routes(routes!(show, edit))
        .routes(routes!(step))
        .with_state(app.clone())
}

/// An inspection as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InspectionView {
    /// Identifies it.
    pub id: Uuid,
    /// `JC-20261126-001`; null until the supplier may know of it.
    pub number: Option<String>,
    /// `announced`, `spot` or `unannounced`.
    pub kind: String,
    /// What was looked at.
    pub title: String,
    /// Where.
    pub place: String,
    /// When.
    pub inspected_on: NaiveDate,
    /// Something is to be put right.
    pub problems: bool,
    /// `hidden`, `released` or `closed`.
    pub state: String,
    /// When the supplier was told.
    pub released_at: Option<DateTime<Utc>>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// An inspection as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InspectionDetail {
    /// What lists show.
    #[serde(flatten)]
    pub inspection: InspectionView,
    /// Who looked.
    pub inspectors: String,
    /// What was found.
    pub findings: String,
    /// Who recorded it.
    pub recorded_by: Option<Colleague>,
    /// What is to be put right.
    pub rectifications: Vec<RectificationView>,
    /// Pictures and papers.
    pub files: Vec<LiaisonFileView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

fn view(row: &row::Model) -> Result<InspectionView> {
    Ok(InspectionView {
        id: row.id,
        number: row.number.clone(),
        kind: row.kind.clone(),
        title: row.title.clone(),
        place: row.place.clone(),
        inspected_on: day::read(&row.inspected_on)?,
        problems: row.problems,
        state: row.state.clone(),
        released_at: row.released_at,
        created_at: row.created_at,
        version: row.version,
    })
}

fn offered(principal: &Principal, row: &row::Model) -> Vec<&'static str> {
    if !principal.may::<Inspect>() {
        return Vec::new();
    }
    match InspectionState::parse(&row.state) {
        Some(InspectionState::Hidden) => vec!["edit", "release"],
        Some(InspectionState::Released) => vec!["demand", "close"],
        _ => Vec::new(),
    }
}

async fn detail(
    app: &App,
    principal: &Principal,
    row: row::Model,
) -> Result<Json<InspectionDetail>> {
    let conn = app.db.read();
    let people = organization::colleagues(conn, row.recorded_by).await?;
    let demanded = rectifications::of_inspection(conn, row.id).await?;
    Ok(Json(InspectionDetail {
        inspection: view(&row)?,
        recorded_by: people.into_values().next(),
        rectifications: demanded.iter().map(rectification).collect(),
        files: files::of(conn, row.id).await?,
        actions: offered(principal, &row),
        lines: trail::lines(conn, row.id, side::of(principal)).await?,
        inspectors: row.inspectors,
        findings: row.findings,
    }))
}

/// Lists inspections, the newest first; the supplier sees those that are released.
#[utoipa::path(
    get, path = "/api/v1/inspections", tag = "liaison", operation_id = "list_inspections",
    params(ListQuery, Filter), responses((status = 200, body = Page<InspectionView>)),
)]
async fn list(
    actor: Actor<ViewInspections>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<InspectionView>>> {
    let of = side::of(actor.principal());
    let page = store::list(app.db.read(), of, &query, &filter).await?;
    let shown = page.shown(async |rows| rows.iter().map(view).collect());
    Ok(Json(shown.await?))
}

/// One inspection with what is to be put right.
#[utoipa::path(
    get, path = "/api/v1/inspections/{id}", tag = "liaison", operation_id = "get_inspection",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = InspectionDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewInspections>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<InspectionDetail>> {
    let row = store::get(app.db.read(), side::of(actor.principal()), id).await?;
    detail(&app, actor.principal(), row).await
}

/// What was looked at and found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInspection {
    /// Announced, or not: then it is the purchaser's alone until he releases it.
    kind: InspectionKind,
    /// What was looked at.
    title: String,
    /// Where.
    place: String,
    /// When.
    inspected_on: NaiveDate,
    /// Who looked.
    inspectors: String,
    /// What was found.
    findings: String,
    /// Something is to be put right.
    problems: bool,
}

/// Records an inspection.
#[utoipa::path(
    post, path = "/api/v1/inspections", tag = "liaison", operation_id = "record_inspection",
    request_body = NewInspection,
    responses((status = 201, body = InspectionDetail), (status = 422, body = Problem)),
)]
async fn record(
    actor: Actor<Inspect>,
    State(app): State<App>,
    Json(new): Json<NewInspection>,
) -> Result<(StatusCode, Json<InspectionDetail>)> {
    day::past("inspected_on", new.inspected_on, day::today(&app))?;
    let (title, place) = (needed("title", &new.title)?, needed("place", &new.place)?);
    let inspectors = needed("inspectors", &new.inspectors)?;
    let findings = needed("findings", &new.findings)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let case = Case::recorded(new.kind);
            let mut row = row::Model {
                id: app.ids.next(),
                number: None,
                kind: new.kind.as_str().to_owned(),
                title,
                place,
                inspected_on: day::text(new.inspected_on),
                inspectors,
                findings,
                problems: new.problems,
                hidden: true,
                recorded_by: who.user_id,
                released_by: None,
                released_at: None,
                state: String::new(),
                created_at: now,
                updated_at: now,
                version: 1,
            }
            .with_case(case);
            store::number(&app, &tx, &mut row).await?;
            versioned::insert(&*tx, &row).await?;
            store::tell(&app, &tx, &who, &row, "recorded").await?;
            Ok(row)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// What was found, all of it, with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InspectionEdit {
    /// The version that was read.
    version: i64,
    /// What was found.
    findings: String,
    /// Something is to be put right.
    problems: bool,
}

/// Writes on an inspection that is not released.
#[utoipa::path(
    put, path = "/api/v1/inspections/{id}", tag = "liaison", operation_id = "edit_inspection",
    params(("id" = Uuid, Path)), request_body = InspectionEdit,
    responses((status = 200, body = InspectionDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn edit(
    actor: Actor<Inspect>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(edit): Json<InspectionEdit>,
) -> Result<Json<InspectionDetail>> {
    let findings = needed("findings", &edit.findings)?;
    let by = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, by, id).await?, edit.version)?;
            store::act(&app, &tx, &who, &before, &Action::Edit, "edited", |after| {
                after.findings = findings;
                after.problems = edit.problems;
            })
            .await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// A step of an inspection.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum InspectionVerb {
    /// 公开: the supplier is told.
    Release {},
    /// 办结
    Close {},
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = InspectionStep)]
struct Step {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    verb: InspectionVerb,
}

/// Releases an inspection to the supplier, or closes it.
#[utoipa::path(
    post, path = "/api/v1/inspections/{id}/steps", tag = "liaison", operation_id = "step_inspection",
    params(("id" = Uuid, Path)), request_body = Step,
    responses((status = 200, body = InspectionDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn step(
    actor: Actor<Inspect>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(step): Json<Step>,
) -> Result<Json<InspectionDetail>> {
    let by = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, by, id).await?, step.version)?;
            let now = app.clock.now();
            match step.verb {
                InspectionVerb::Release {} => {
                    let action = Action::Release;
                    store::act(&app, &tx, &who, &before, &action, "released", |after| {
                        after.released_by = who.user_id;
                        after.released_at = Some(now);
                    })
                    .await
                }
                InspectionVerb::Close {} => {
                    let demanded = rectifications::of_inspection(&*tx, id).await?;
                    let open = demanded.iter().filter(|one| one.open).count() as u64;
                    let action = Action::Close { open };
                    store::act(&app, &tx, &who, &before, &action, "closed", |_| {}).await
                }
            }
        })
        .await?;
    detail(&done, actor.principal(), row).await
}
