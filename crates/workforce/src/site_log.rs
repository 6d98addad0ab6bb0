//! The log of the site (现场日志, A-12): what the lead saw on his rounds and what happened. Entries are only added: what was
//! wrong is said in another one.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use kernel::http::{Json, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::needed;
use kernel::{Actor, App, audit, day, words};
use organization::Colleague;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::rights::{ViewSiteLog, WriteSiteLog};
use crate::site::midnight;

/// Something may be written down so long after it happened.
const LATE: TimeDelta = TimeDelta::days(7);

words! {
    /// What an entry is about.
    SiteLogKind {
        /// 卫生巡查
        Hygiene = "hygiene",
        /// 安全巡查
        Safety = "safety",
        /// 突发情况
        Incident = "incident",
        /// 设备网络
        Equipment = "equipment",
        /// 人员出勤
        Attendance = "attendance",
        /// 话务排队
        Queue = "queue",
    }
}

kernel::table! {
    /// One entry; never changed.
    mod row = "site_log" (id: Uuid) {
        kind: String,
        happened_at: DateTimeUtc,
        said: String,
        written_by: Option<Uuid>,
        written_at: DateTimeUtc,
    }
}

/// The routes of the log.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, write))
        .with_state(app.clone())
}

/// One entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteLogEntry {
    /// Identifies it.
    pub id: Uuid,
    /// `hygiene`, `safety`, `incident`, `equipment`, `attendance` or `queue`.
    pub kind: String,
    /// When it happened, or was seen.
    pub happened_at: DateTime<Utc>,
    /// What.
    pub said: String,
    /// Who wrote it down.
    pub by: Option<Colleague>,
    /// When it was written down.
    pub written_at: DateTime<Utc>,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<SiteLogEntry>> {
    let people = rows.iter().filter_map(|row| row.written_by);
    let people = organization::colleagues(app.db.read(), people).await?;
    let entries = rows.into_iter().map(|row| SiteLogEntry {
        by: row.written_by.and_then(|id| people.get(&id).cloned()),
        id: row.id,
        kind: row.kind,
        happened_at: row.happened_at,
        said: row.said,
        written_at: row.written_at,
    });
    Ok(entries.collect())
}

/// What the log may be narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only entries of this kind.
    kind: Option<SiteLogKind>,
    /// From this day on.
    from: Option<NaiveDate>,
    /// Until this day, it included.
    to: Option<NaiveDate>,
}

/// Lists the log, the newest first; `q` looks in what was said.
#[utoipa::path(
    get, path = "/api/v1/site-log", tag = "workforce", operation_id = "list_site_log",
    params(ListQuery, Filter), responses((status = 200, body = Page<SiteLogEntry>), (status = 422, body = Problem)),
)]
async fn list(
    _actor: Actor<ViewSiteLog>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<SiteLogEntry>>> {
    let today = day::today(&app);
    for (field, on) in [("from", filter.from), ("to", filter.to)] {
        on.map_or(Ok(()), |on| day::plausible(field, on, today))?;
    }
    let after = filter.to.and_then(|to| to.checked_add_days(Days::new(1)));
    let which = Condition::all()
        .add_option(filter.kind.map(|kind| row::Column::Kind.eq(kind.as_str())))
        .add_option(
            filter
                .from
                .map(|on| row::Column::HappenedAt.gte(midnight(on))),
        )
        .add_option(after.map(|on| row::Column::HappenedAt.lt(midnight(on))))
        .add_option(query.words_in(&[row::Column::Said])?);
    let select = row::Entity::find().filter(which);
    let sortable = [("happened_at", row::Column::HappenedAt)];
    let page = paginate(app.db.read(), select, &query, &sortable, row::Column::Id).await?;
    Ok(Json(
        page.shown(async |rows| views(&app, rows).await).await?,
    ))
}

/// An entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSiteLogEntry {
    /// What it is about.
    kind: SiteLogKind,
    /// When it happened, at most a week ago; now when left out.
    happened_at: Option<DateTime<Utc>>,
    /// What was seen or happened, and what was done.
    said: String,
}

/// Writes an entry into the log (记现场日志).
#[utoipa::path(
    post, path = "/api/v1/site-log", tag = "workforce", operation_id = "write_site_log",
    request_body = NewSiteLogEntry,
    responses((status = 201, body = SiteLogEntry), (status = 422, body = Problem)),
)]
async fn write(
    actor: Actor<WriteSiteLog>,
    State(app): State<App>,
    Json(new): Json<NewSiteLogEntry>,
) -> Result<(StatusCode, Json<SiteLogEntry>)> {
    let said = needed("said", &new.said)?;
    let now = app.clock.now();
    let happened_at = new.happened_at.unwrap_or(now);
    if happened_at > now || happened_at < now - LATE {
        let detail = "what happened in the last seven days";
        return Err(invalid("happened_at", "moment_out_of_range", detail));
    }
    let (db, writer, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let row = row::Model {
                id: writer.ids.next(),
                kind: new.kind.as_str().to_owned(),
                happened_at,
                said,
                written_by: who.user_id,
                written_at: now,
            };
            row.clone()
                .into_active_model()
                .reset_all()
                .insert(&*tx)
                .await?;
            let facts = json!({ "kind": row.kind });
            let action = "site_log.written";
            audit::record(&writer, &*tx, &who, action, "site_log", row.id, facts).await?;
            Ok(row)
        })
        .await?;
    let mut shown = views(&app, vec![row]).await?;
    let entry = shown
        .pop()
        .ok_or_else(|| kernel::problem::not_found("entry of the log"))?;
    Ok((StatusCode::CREATED, Json(entry)))
}
