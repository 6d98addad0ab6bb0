//! Emergencies over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, not_found};
use kernel::text::needed;
use kernel::{Actor, App};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, New, row};
use super::{Action, agreed, arrival};
use crate::contact::documents as contact;
use crate::people;
use crate::rights::{RaiseEmergencies, ReportEmergencies, ViewEmergencies};
use crate::trail::{self, CaseLine, CaseNotice};

/// The routes of emergencies.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, raise))
        .routes(routes!(get))
        .routes(routes!(report))
        .routes(routes!(arrived))
        .routes(routes!(categories))
        .with_state(app.clone())
}

/// An emergency as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmergencyView {
    /// Identifies it.
    pub id: Uuid,
    /// `SJ-J20261123-001`
    pub number: String,
    /// Code of its category.
    pub category: String,
    /// The category's name.
    pub category_name: Option<String>,
    /// What happened.
    pub what: String,
    /// Where.
    #[serde(rename = "where")]
    pub place: String,
    /// The call it was raised in.
    pub call_id: Option<Uuid>,
    /// Who reported it.
    pub reported_by: Option<Colleague>,
    /// When it was discovered.
    pub discovered_at: DateTime<Utc>,
    /// When it was reported.
    pub raised_at: DateTime<Utc>,
    /// The first report came later after the discovery than agreed.
    pub first_report_late: bool,
    /// `raised`, `followed_up` or `closed`.
    pub state: String,
    /// The final report is owed.
    pub open: bool,
    /// When the next report is due; null once it is over.
    pub due_at: Option<DateTime<Utc>>,
    /// The next report is late.
    pub overdue: bool,
    /// Reports so far, the first included.
    pub reports: i32,
    /// 终报
    pub final_report: Option<String>,
    /// When it was over.
    pub closed_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

/// An emergency as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmergencyDetail {
    /// What lists show.
    #[serde(flatten)]
    pub emergency: EmergencyView,
    /// The time line with all reports, the oldest line first.
    pub lines: Vec<CaseLine>,
    /// The deliveries: one for each recipient, way and report.
    pub deliveries: Vec<CaseNotice>,
}

async fn views(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    rows: Vec<row::Model>,
) -> Result<Vec<EmergencyView>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.reported_by).collect();
    let people = organization::colleagues(conn, ids).await?;
    let categories = agreed::categories(conn, now).await?;
    let views = rows.into_iter().map(|row| EmergencyView {
        category_name: categories
            .iter()
            .find(|category| category.code == row.category)
            .map(|category| category.name.clone()),
        reported_by: people::one(&people, Some(row.reported_by)),
        overdue: row.open && row.due_at.is_some_and(|due| due < now),
        id: row.id,
        number: row.number,
        category: row.category,
        what: row.what,
        place: row.place,
        call_id: row.call_id,
        discovered_at: row.discovered_at,
        raised_at: row.raised_at,
        first_report_late: row.first_report_late,
        state: row.state,
        open: row.open,
        due_at: row.due_at,
        reports: row.reports,
        final_report: row.final_report,
        closed_at: row.closed_at,
        version: row.version,
    });
    Ok(views.collect())
}

async fn detail(app: &App, row: row::Model) -> Result<Json<EmergencyDetail>> {
    let (conn, id) = (app.db.read(), row.id);
    let emergency = views(conn, app.clock.now(), vec![row])
        .await?
        .pop()
        .ok_or_else(|| not_found("emergency"))?;
    Ok(Json(EmergencyDetail {
        emergency,
        lines: trail::lines(conn, id).await?,
        deliveries: trail::notices(conn, id).await?,
    }))
}

/// Lists emergencies, the newest first.
#[utoipa::path(
    get, path = "/api/v1/emergencies", tag = "emergencies",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<EmergencyView>)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewEmergencies>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<EmergencyView>>> {
    let conn = app.db.read();
    let page = store::list(conn, &query, &filter).await?;
    let shown = page.shown(async |rows| views(conn, app.clock.now(), rows).await);
    Ok(Json(shown.await?))
}

/// One emergency, with its reports and the proof of their arrival.
#[utoipa::path(
    get, path = "/api/v1/emergencies/{id}", tag = "emergencies",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = EmergencyDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    _actor: Actor<ViewEmergencies>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<EmergencyDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, row).await
}

/// What happened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmergency {
    /// Code of a category.
    category: String,
    /// What happened, 1 to 2,000 characters.
    what: String,
    /// Where.
    #[serde(rename = "where", default)]
    place: String,
    /// The call in which it was told.
    #[serde(default)]
    call_id: Option<Uuid>,
    /// When it was discovered; now when left out.
    discovered_at: Option<DateTime<Utc>>,
}

/// Raises an emergency: it is on the screens of everybody who has to know when this answers.
#[utoipa::path(
    post, path = "/api/v1/emergencies", tag = "emergencies",
    request_body = NewEmergency,
    responses((status = 201, body = EmergencyDetail), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn raise(
    actor: Actor<RaiseEmergencies>,
    State(app): State<App>,
    Json(new): Json<NewEmergency>,
) -> Result<(StatusCode, Json<EmergencyDetail>)> {
    if let Some(call) = new.call_id {
        let calls = contact::heard_of(&app, &actor, Some(call)).await?;
        contact::of_call(app.db.read(), calls.as_ref(), call).await?;
    }
    let new = New {
        category: new.category,
        what: needed("what", &new.what)?,
        place: kernel::text::checked("where", &new.place)?,
        call_id: new.call_id,
        discovered_at: new.discovered_at,
        reported_by: actor.user_id(),
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let raised = db
        .write(move |tx| async move { store::raise(&app, &tx, &who, new).await })
        .await?;
    Ok((StatusCode::CREATED, detail(&done, raised).await?))
}

/// A follow-up report, or the final one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    /// The version that was read.
    version: i64,
    /// What is known now, 1 to 2,000 characters.
    text: String,
    /// 终报: it is over.
    #[serde(default, rename = "final")]
    is_final: bool,
}

/// Writes a follow-up report, or the final one.
#[utoipa::path(
    post, path = "/api/v1/emergencies/{id}/reports", tag = "emergencies",
    params(("id" = Uuid, Path)),
    request_body = Report,
    responses((status = 200, body = EmergencyDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn report(
    actor: Actor<ReportEmergencies>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(report): Json<Report>,
) -> Result<Json<EmergencyDetail>> {
    let text = needed("text", &report.text)?;
    let action = if report.is_final {
        Action::Close
    } else {
        Action::FollowUp
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let scope = actor.scope().clone();
    let emergency = db
        .write(move |tx| async move {
            let before = store::reportable(&*tx, &scope, (id, report.version)).await?;
            store::act(&app, &tx, &who, &before, &action, Some(&text)).await
        })
        .await?;
    detail(&done, emergency).await
}

/// How it arrived.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrived {
    /// The person himself says that he has it; else the console showed it.
    #[serde(default)]
    acknowledged: bool,
}

/// The console tells that it showed an emergency to the actor, or the actor that he has it: the proof of arrival.
#[utoipa::path(
    post, path = "/api/v1/emergencies/{id}/arrived", tag = "emergencies",
    params(("id" = Uuid, Path)),
    request_body = Arrived,
    responses((status = 204, description = "noted"), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn arrived(
    actor: Actor<ViewEmergencies>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<Arrived>,
) -> Result<StatusCode> {
    let (db, who, user) = (app.db.clone(), actor.who(), actor.user_id());
    db.write(move |tx| async move {
        arrival::arrived(&app, &tx, &who, (id, user), request.acknowledged).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A kind of emergency.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryView {
    /// `system_outage`
    pub code: String,
    /// 系统中断
    pub name: String,
}

/// The kinds of emergencies in use.
#[derive(Debug, Serialize, ToSchema)]
pub struct Categories {
    /// In the order of the console.
    pub items: Vec<CategoryView>,
}

/// The kinds of emergencies in use.
#[utoipa::path(
    get, path = "/api/v1/emergency-categories", tag = "emergencies",
    responses((status = 200, body = Categories)),
)]
pub(crate) async fn categories(
    _actor: Actor<ViewEmergencies>,
    State(app): State<App>,
) -> Result<Json<Categories>> {
    let known = agreed::categories(app.db.read(), app.clock.now()).await?;
    let in_use = known.into_iter().filter(|category| category.active);
    let items = in_use.map(|row| CategoryView {
        code: row.code,
        name: row.name,
    });
    Ok(Json(Categories {
        items: items.collect(),
    }))
}
