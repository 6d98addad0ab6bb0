//! Papers over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result};
use kernel::versioned::as_read;
use kernel::{Actor, App, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Blueprint;
use super::store::{self, PaperFilter, row};
use crate::question::store as questions;
use crate::rights::{ManagePapers, ViewExams};

/// The routes of papers.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, edit))
        .with_state(app.clone())
}

/// A paper.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperView {
    /// Identifies it.
    pub id: Uuid,
    /// `SJ001`
    pub number: String,
    /// What it is called.
    pub title: String,
    /// The latest version of its rules.
    pub n: i32,
    /// `active` or `retired`
    pub state: String,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

impl From<row::Model> for PaperView {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            number: row.number,
            title: row.title,
            n: row.n,
            state: row.state,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

/// A paper with its rules, and whether the bank can fill it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperDetail {
    /// The paper.
    #[serde(flatten)]
    pub paper: PaperView,
    /// Its rules.
    pub rules: Blueprint,
    /// How many questions it has.
    pub questions: u32,
    /// The points there are.
    pub total: i32,
    /// For each part how many questions of the bank it could take.
    pub available: Vec<usize>,
    /// The bank can fill all of it.
    pub can_be_drawn: bool,
}

/// A paper as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperEntry {
    /// The version that was read; left out for a new one.
    version: Option<i64>,
    /// What it is called.
    title: String,
    /// `active` or `retired`; active when left out.
    state: Option<String>,
    /// Its rules.
    rules: Blueprint,
}

async fn detail(app: &App, row: row::Model) -> Result<PaperDetail> {
    let conn = app.db.read();
    let rules = store::version(conn, row.id, row.n).await?.blueprint()?;
    let pool = questions::pool(conn).await?;
    Ok(PaperDetail {
        questions: rules.questions(),
        total: rules.total(),
        available: rules.available(&pool),
        can_be_drawn: rules.draw(&pool, "check", Uuid::nil(), 1).is_some(),
        rules,
        paper: row.into(),
    })
}

/// Papers, what changed last first.
#[utoipa::path(
    get, path = "/api/v1/papers", tag = "exams", operation_id = "list_papers",
    params(ListQuery, PaperFilter),
    responses((status = 200, body = Page<PaperView>)),
)]
async fn list(
    _actor: Actor<ViewExams>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<PaperFilter>,
) -> Result<Json<Page<PaperView>>> {
    let page = store::list(app.db.read(), &query, &filter).await?;
    Ok(Json(page.map(PaperView::from)))
}

/// A paper with its rules, and what the bank has for each part.
#[utoipa::path(
    get, path = "/api/v1/papers/{id}", tag = "exams", operation_id = "get_paper",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = PaperDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewExams>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<PaperDetail>> {
    let row = store::get(app.db.read(), id).await?;
    Ok(Json(detail(&app, row).await?))
}

/// Writes the rules of a paper.
#[utoipa::path(
    post, path = "/api/v1/papers", tag = "exams", operation_id = "create_paper",
    request_body = PaperEntry,
    responses((status = 201, body = PaperDetail), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<ManagePapers>,
    State(app): State<App>,
    Json(entry): Json<PaperEntry>,
) -> Result<(StatusCode, Json<PaperDetail>)> {
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let said = (
            entry.title.as_str(),
            entry.state.as_deref().unwrap_or("active"),
        );
        store::put(&services, &tx, &who, None, said, entry.rules).await
    };
    let row = app.db.write(work).await?;
    Ok((StatusCode::CREATED, Json(detail(&app, row).await?)))
}

/// Writes the next version of the rules; exams that are set keep theirs.
#[utoipa::path(
    put, path = "/api/v1/papers/{id}", tag = "exams", operation_id = "edit_paper",
    params(("id" = Uuid, Path)),
    request_body = PaperEntry,
    responses((status = 200, body = PaperDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<ManagePapers>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(entry): Json<PaperEntry>,
) -> Result<Json<PaperDetail>> {
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let before = as_read(
            store::get(&*tx, id).await?,
            entry.version.unwrap_or_default(),
        )?;
        let state = before.state.clone();
        let said = (
            entry.title.as_str(),
            entry.state.as_deref().unwrap_or(&state),
        );
        store::put(&services, &tx, &who, Some(before), said, entry.rules).await
    };
    let row = app.db.write(work).await?;
    Ok(Json(detail(&app, row).await?))
}
