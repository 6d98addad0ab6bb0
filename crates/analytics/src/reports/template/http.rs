//! Templates over HTTP: the list, one with all its versions, a new one, a new version.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result};
use kernel::text::{checked, needed};
use kernel::{Actor, App, Tx, day, versioned};
use organization::Colleague;
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, edition, row};
use super::{DraftSchedule, IN_USE, RETIRED, TemplateBlock, must_be_sound};
use crate::reports::ReportDesk;
use crate::reports::numbers::Indicator;
use crate::reports::period::ReportPeriodKind;
use crate::reports::rights::{PrepareReports, ViewReports};

/// The routes of templates.
pub(crate) fn routes(desk: &ReportDesk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show))
        .routes(routes!(change))
        .routes(routes!(indicators))
        .with_state(desk.clone())
}

/// A template in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportTemplateView {
    /// Identifies it.
    pub id: Uuid,
    /// What reports of it are called.
    pub name: String,
    /// How long their period is: `daily`, `weekly`, `monthly`, `half_year`.
    pub period: String,
    /// `in_use` or `retired`.
    pub state: String,
    /// When one is drafted by itself.
    pub schedule: DraftSchedule,
    /// When the next one is.
    pub next_draft_at: Option<DateTime<Utc>>,
    /// Its latest version.
    pub latest: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The version that was read, for the next change.
    pub version: i64,
}

/// A template with its blocks and versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportTemplateDetail {
    /// What the list shows of it.
    #[serde(flatten)]
    pub template: ReportTemplateView,
    /// The blocks of its latest version.
    pub blocks: Vec<TemplateBlock>,
    /// All versions, the newest first.
    pub versions: Vec<ReportTemplateVersion>,
}

/// One version of a template.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportTemplateVersion {
    /// Its number, from 1 on.
    pub number: i64,
    /// What reports of it are called.
    pub name: String,
    /// Its blocks.
    pub blocks: Vec<TemplateBlock>,
    /// Why it was made.
    pub note: String,
    /// Who made it; null for what ships.
    pub recorded_by: Option<Colleague>,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

/// A new template, or a new version of one.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TemplateDraft {
    /// What its reports are called, 1 to 60 characters: 热线运营月报.
    name: String,
    /// Its blocks in order, 1 to 60.
    blocks: Vec<TemplateBlock>,
    /// When a report is drafted by itself.
    schedule: DraftSchedule,
    /// Why.
    note: Option<String>,
}

/// A new template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTemplate {
    /// How long the period of its reports is.
    period: ReportPeriodKind,
    /// What it says.
    template: TemplateDraft,
}

/// A new version of a template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeTemplate {
    /// The version that was read.
    version: i64,
    /// No report is made of it any more.
    #[serde(default)]
    retired: bool,
    /// What it says from now on.
    template: TemplateDraft,
}

/// What a list of templates may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TemplateFilter {
    /// Only those of this period.
    period: Option<String>,
    /// Only those in this state: `in_use`, `retired`.
    state: Option<String>,
}

fn view(row: &row::Model) -> Result<ReportTemplateView> {
    Ok(ReportTemplateView {
        id: row.id,
        name: row.name.clone(),
        period: row.period_kind.clone(),
        state: row.state.clone(),
        schedule: row.schedule()?,
        next_draft_at: row.next_draft_at,
        latest: row.latest,
        updated_at: row.updated_at,
        version: row.version,
    })
}

/// The templates.
#[utoipa::path(
    get, path = "/api/v1/report-templates", tag = "reports", operation_id = "list_report_templates",
    params(TemplateFilter, ListQuery), responses((status = 200, body = Page<ReportTemplateView>)),
)]
async fn list(
    _actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Query(filter): Query<TemplateFilter>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ReportTemplateView>>> {
    use row::Column;
    let all = Condition::all()
        .add_option(filter.period.map(|kind| Column::PeriodKind.eq(kind)))
        .add_option(filter.state.map(|state| Column::State.eq(state)))
        .add_option(query.words_in(&[Column::Name])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("created_at", Column::CreatedAt), ("name", Column::Name)];
    let page = paginate(desk.app.db.read(), select, &query, &sortable, Column::Id).await?;
    let shown = page.shown(async |rows: Vec<row::Model>| rows.iter().map(view).collect());
    Ok(Json(shown.await?))
}

/// One template with its versions.
#[utoipa::path(
    get, path = "/api/v1/report-templates/{id}", tag = "reports", operation_id = "get_report_template",
    params(("id" = Uuid, Path)), responses((status = 200, body = ReportTemplateDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
) -> Result<Json<ReportTemplateDetail>> {
    detail(&desk, id).await.map(Json)
}

async fn detail(desk: &ReportDesk, id: Uuid) -> Result<ReportTemplateDetail> {
    let conn = desk.app.db.read();
    let row = store::get(conn, id).await?;
    let versions = store::versions(conn, id).await?;
    let people = versions.iter().filter_map(|one| one.recorded_by);
    let people = organization::colleagues(conn, people).await?;
    let shown = versions.into_iter().map(|one| {
        Ok(ReportTemplateVersion {
            number: one.number,
            blocks: one.blocks()?,
            name: one.name,
            note: one.note,
            recorded_by: one.recorded_by.and_then(|id| people.get(&id).cloned()),
            recorded_at: one.recorded_at,
        })
    });
    let versions: Vec<ReportTemplateVersion> = shown.collect::<Result<_>>()?;
    Ok(ReportTemplateDetail {
        template: view(&row)?,
        blocks: versions
            .first()
            .map(|latest| latest.blocks.clone())
            .unwrap_or_default(),
        versions,
    })
}

/// 422 for what no report can be made from.
async fn sound(desk: &ReportDesk, draft: &TemplateDraft) -> Result<String> {
    kernel::text::must_be_name("name", &draft.name)?;
    draft.schedule.must_be_sound()?;
    let today = day::today(&desk.app);
    must_be_sound(&draft.blocks, &desk.numbers.indicators(today).await?)?;
    checked("note", draft.note.as_deref().unwrap_or_default())
}

/// Makes a template.
#[utoipa::path(
    post, path = "/api/v1/report-templates", tag = "reports", operation_id = "create_report_template",
    request_body = NewTemplate,
    responses((status = 201, body = ReportTemplateDetail), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Json(new): Json<NewTemplate>,
) -> Result<(StatusCode, Json<ReportTemplateDetail>)> {
    let note = sound(&desk, &new.template).await?;
    let (app, who) = (desk.app.clone(), actor.who());
    let id = app.ids.next();
    desk.app
        .db
        .write(move |tx| async move {
            let now = app.clock.now();
            let service = organization::service_calendar::load(&*tx).await?;
            let schedule = new.template.schedule;
            let row = row::Model {
                id,
                name: new.template.name.clone(),
                period_kind: new.period.as_str().to_owned(),
                state: IN_USE.to_owned(),
                schedule: json!(schedule),
                latest: 1,
                next_draft_at: schedule.next(new.period, &service.calendar, now),
                created_at: now,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            record(&app, &tx, &who, &row, new.template, note).await
        })
        .await?;
    Ok((StatusCode::CREATED, Json(detail(&desk, id).await?)))
}

/// Makes a new version of a template: reports drafted from now on are made from it. What was made stays as it is.
#[utoipa::path(
    post, path = "/api/v1/report-templates/{id}/versions", tag = "reports", operation_id = "change_report_template",
    params(("id" = Uuid, Path)), request_body = ChangeTemplate,
    responses((status = 200, body = ReportTemplateDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn change(
    actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
    Json(new): Json<ChangeTemplate>,
) -> Result<Json<ReportTemplateDetail>> {
    let note = sound(&desk, &new.template).await?;
    needed("note", &note)?;
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, new.version)?;
            let service = organization::service_calendar::load(&*tx).await?;
            let schedule = new.template.schedule;
            let next = schedule.next(before.kind()?, &service.calendar, app.clock.now());
            let after = row::Model {
                name: new.template.name.clone(),
                state: if new.retired { RETIRED } else { IN_USE }.to_owned(),
                schedule: json!(schedule),
                latest: before.latest + 1,
                next_draft_at: next.filter(|_| !new.retired),
                ..before.clone()
            };
            let after = versioned::save(&app, &*tx, &before, after).await?;
            record(&app, &tx, &who, &after, new.template, note).await
        })
        .await?;
    detail(&desk, id).await.map(Json)
}

/// Writes the latest version of a template down.
async fn record(
    app: &App,
    tx: &Tx,
    who: &Who,
    template: &row::Model,
    draft: TemplateDraft,
    note: String,
) -> Result<()> {
    let edition = edition::Model {
        template_id: template.id,
        number: template.latest,
        name: draft.name,
        blocks: json!(draft.blocks),
        note,
        recorded_by: who.user_id,
        recorded_at: app.clock.now(),
    };
    edition::Entity::insert(edition.into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    let details = json!({ "latest": template.latest, "state": template.state, "schedule": template.schedule });
    let (action, kind) = ("report_template.changed", "report_template");
    audit::record(app, &**tx, who, action, kind, template.id, details.clone()).await?;
    app.events.publish(tx, action, template.id, details).await
}

/// The indicators that a template may name.
#[derive(Debug, Serialize, ToSchema)]
struct ReportIndicators {
    /// All of them, with what is asked today.
    items: Vec<Indicator>,
}

/// The indicators that a template may name, with formula and target of today.
#[utoipa::path(
    get, path = "/api/v1/report-indicators", tag = "reports", operation_id = "list_report_indicators",
    responses((status = 200, body = ReportIndicators)),
)]
async fn indicators(
    _actor: Actor<ViewReports>,
    State(desk): State<ReportDesk>,
) -> Result<Json<ReportIndicators>> {
    let items = desk.numbers.indicators(day::today(&desk.app)).await?;
    Ok(Json(ReportIndicators { items }))
}
