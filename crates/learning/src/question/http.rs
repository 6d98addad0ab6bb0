//! The question bank over HTTP. No door here is open to who sits exams.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::attachment::table::TableForm;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::text::must_be_code;
use kernel::versioned::as_read;
use kernel::{Actor, App};
use organization::{Colleague, ExportPass, Leaving, Trace, colleagues};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::sheet::{self, QuestionImport};
use super::stats::{self, QuestionStats};
use super::store::{self, QuestionFilter, Written, row};
use super::{Difficulty, QuestionContent, QuestionKind};
use crate::rights::{ManageQuestions, ViewQuestions};
use crate::sources::{SourceArticle, Sources};
use crate::{Learning, files};

/// The routes of the question bank.
pub(crate) fn routes(learning: &Learning) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(import))
        .layer(DefaultBodyLimit::max(kernel::attachment::BODY))
        .routes(routes!(list, create))
        .routes(routes!(show, edit))
        .routes(routes!(set_active))
        .routes(routes!(export))
        .with_state(learning.clone())
}

/// A question of the bank.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionView {
    /// Identifies it.
    pub id: Uuid,
    /// `T0001`
    pub number: String,
    /// How it is asked.
    pub kind: QuestionKind,
    /// Code of its matter.
    pub matter: String,
    /// How hard it is.
    pub difficulty: Difficulty,
    /// Its latest version.
    pub n: i32,
    /// What is asked.
    pub text: String,
    /// `uuid@n` of the article it comes from.
    pub source: Option<String>,
    /// That article's number and title.
    pub source_name: String,
    /// It may be drawn.
    pub active: bool,
    /// How it did.
    pub stats: QuestionStats,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// A version of a question.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionVersion {
    /// Which.
    pub n: i32,
    /// How hard it was.
    pub difficulty: String,
    /// What it says.
    pub content: QuestionContent,
    /// Who wrote it.
    pub by: Option<Colleague>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A question with all its versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionDetail {
    /// The question.
    #[serde(flatten)]
    pub question: QuestionView,
    /// What it says now.
    pub content: QuestionContent,
    /// Its versions, the newest first; at most 200.
    pub versions: Vec<QuestionVersion>,
}

/// A question as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionEntry {
    /// The version that was read; left out for a new one.
    version: Option<i64>,
    /// How it is asked; stays for good.
    kind: QuestionKind,
    /// Code of its matter.
    matter: String,
    /// How hard it is.
    difficulty: Difficulty,
    /// What it says.
    content: QuestionContent,
    /// `uuid@n` of the article it comes from.
    source: Option<String>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<QuestionView>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let stats = stats::of(conn, &ids).await?;
    let view = |row: row::Model| {
        Ok(QuestionView {
            kind: row.kind()?,
            difficulty: row.difficulty()?,
            source: row
                .source_article
                .zip(row.source_n)
                .map(|(id, n)| format!("{id}@{n}")),
            stats: stats.get(&row.id).copied().unwrap_or_default(),
            id: row.id,
            number: row.number,
            matter: row.matter_code,
            n: row.n,
            text: row.text,
            source_name: row.source_name,
            active: row.active,
            updated_at: row.updated_at,
            version: row.version,
        })
    };
    rows.into_iter().map(view).collect()
}

async fn detail(app: &App, row: row::Model) -> Result<QuestionDetail> {
    let conn = app.db.read();
    let rows = store::versions(conn, row.id).await?;
    let people = colleagues(conn, rows.iter().map(|version| version.by_id)).await?;
    let version = |version: store::version_row::Model| {
        Ok(QuestionVersion {
            content: version.content()?,
            by: people.get(&version.by_id).cloned(),
            n: version.n,
            difficulty: version.difficulty,
            at: version.at,
        })
    };
    let versions = rows.into_iter().map(version).collect::<Result<Vec<_>>>()?;
    let content = versions.first().map(|version| version.content.clone());
    let question = views(conn, vec![row]).await?.pop();
    let none = || internal("a question has a version");
    Ok(QuestionDetail {
        question: question.ok_or_else(none)?,
        content: content.ok_or_else(none)?,
        versions,
    })
}

/// The article that is named; says no to what is none.
pub(crate) async fn source(
    sources: &Arc<dyn Sources>,
    reference: Option<&str>,
) -> Result<Option<SourceArticle>> {
    let Some(reference) = reference
        .map(str::trim)
        .filter(|reference| !reference.is_empty())
    else {
        return Ok(None);
    };
    let found = sources.article(reference).await?;
    let unknown = || invalid("source", "article_unknown", "no such article and version");
    found.ok_or_else(unknown).map(Some)
}

/// Says no where the recording that is to be heard is not there.
pub(crate) async fn must_be_heard(
    sources: &Arc<dyn Sources>,
    content: &QuestionContent,
) -> Result<()> {
    match content.recording {
        Some(call) if !sources.has_recording(call).await? => Err(invalid(
            "recording",
            "recording_unknown",
            "there is no recording of this call",
        )),
        _ => Ok(()),
    }
}

async fn written(learning: &Learning, entry: QuestionEntry) -> Result<Written> {
    let content = entry.content.checked(entry.kind)?;
    must_be_code("matter", &entry.matter)?;
    must_be_heard(&learning.sources, &content).await?;
    Ok(Written {
        kind: entry.kind,
        matter: entry.matter,
        difficulty: entry.difficulty,
        source: source(&learning.sources, entry.source.as_deref()).await?,
        content,
    })
}

/// The question bank, what changed last first, with how each question did.
#[utoipa::path(
    get, path = "/api/v1/questions", tag = "question bank", operation_id = "list_questions",
    params(ListQuery, QuestionFilter),
    responses((status = 200, body = Page<QuestionView>)),
)]
async fn list(
    _actor: Actor<ViewQuestions>,
    State(learning): State<Learning>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<QuestionFilter>,
) -> Result<Json<Page<QuestionView>>> {
    let conn = learning.app.db.read();
    let page = store::list(conn, &query, &filter).await?;
    Ok(Json(
        page.shown(async |rows| views(conn, rows).await).await?,
    ))
}

/// A question with what is right and all its versions.
#[utoipa::path(
    get, path = "/api/v1/questions/{id}", tag = "question bank", operation_id = "get_question",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = QuestionDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewQuestions>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
) -> Result<Json<QuestionDetail>> {
    let row = store::get(learning.app.db.read(), id).await?;
    Ok(Json(detail(&learning.app, row).await?))
}

/// Writes a question.
#[utoipa::path(
    post, path = "/api/v1/questions", tag = "question bank", operation_id = "create_question",
    request_body = QuestionEntry,
    responses((status = 201, body = QuestionDetail), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<ManageQuestions>,
    State(learning): State<Learning>,
    Json(entry): Json<QuestionEntry>,
) -> Result<(StatusCode, Json<QuestionDetail>)> {
    let written = written(&learning, entry).await?;
    let (app, who) = (learning.app.clone(), actor.who());
    let row = learning
        .app
        .db
        .write(move |tx| async move { store::create(&app, &tx, &who, written).await })
        .await?;
    Ok((StatusCode::CREATED, Json(detail(&learning.app, row).await?)))
}

/// Writes the next version of a question; exams that are set keep the one they have.
#[utoipa::path(
    put, path = "/api/v1/questions/{id}", tag = "question bank", operation_id = "edit_question",
    params(("id" = Uuid, Path)),
    request_body = QuestionEntry,
    responses((status = 200, body = QuestionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<ManageQuestions>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
    Json(entry): Json<QuestionEntry>,
) -> Result<Json<QuestionDetail>> {
    let read = entry.version.unwrap_or_default();
    let written = written(&learning, entry).await?;
    let (app, who) = (learning.app.clone(), actor.who());
    let work = move |tx: kernel::Tx| async move {
        let before = as_read(store::get(&*tx, id).await?, read)?;
        store::edit(&app, &tx, &who, before, written).await
    };
    let row = learning.app.db.write(work).await?;
    Ok(Json(detail(&learning.app, row).await?))
}

/// Whether a question may be drawn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QuestionActive {
    /// The version that was read.
    version: i64,
    /// It may be drawn.
    active: bool,
}

/// Takes a question out of what is drawn, or back in; it is never deleted.
#[utoipa::path(
    put, path = "/api/v1/questions/{id}/active", tag = "question bank", operation_id = "set_question_active",
    params(("id" = Uuid, Path)),
    request_body = QuestionActive,
    responses((status = 200, body = QuestionDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn set_active(
    actor: Actor<ManageQuestions>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
    Json(wish): Json<QuestionActive>,
) -> Result<Json<QuestionDetail>> {
    let (app, who) = (learning.app.clone(), actor.who());
    let work = move |tx: kernel::Tx| async move {
        let before = as_read(store::get(&*tx, id).await?, wish.version)?;
        store::set_active(&app, &tx, &who, before, wish.active).await
    };
    let row = learning.app.db.write(work).await?;
    Ok(Json(detail(&learning.app, row).await?))
}

/// How a file is brought in.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// Only tells what an import would do.
    #[serde(default)]
    dry_run: bool,
}

/// Brings questions in from a file: all of them, or with an error in any row nothing.
#[utoipa::path(
    post, path = "/api/v1/questions/import", tag = "question bank", operation_id = "import_questions",
    params(ImportQuery),
    request_body(content = TableForm, content_type = "multipart/form-data"),
    responses((status = 200, body = QuestionImport), (status = 413, body = Problem), (status = 422, body = Problem)),
)]
async fn import(
    actor: Actor<ManageQuestions>,
    State(learning): State<Learning>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<QuestionImport>> {
    let table = files::table(request).await?;
    let known = store::texts(learning.app.db.read()).await?;
    let (plan, mut report) = sheet::plan(&table, &known, &learning.sources).await?;
    if query.dry_run {
        return Ok(Json(report));
    }
    if report.errors_total > 0 {
        return Err(sheet::with_errors(&report));
    }
    let (app, who) = (learning.app.clone(), actor.who());
    let write = move |tx: kernel::Tx| async move {
        store::create_many(&app, &tx, &who, plan).await?;
        Ok(())
    };
    learning.app.db.write(write).await?;
    report.dry_run = false;
    Ok(Json(report))
}

/// Takes the bank out, in the template that is brought in; with right answers, so each time is in the trail.
#[utoipa::path(
    get, path = "/api/v1/questions/export", tag = "question bank", operation_id = "export_questions",
    params(ListQuery, QuestionFilter, ExportPass),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 409, body = Problem),
    ),
)]
async fn export(
    _actor: Actor<ManageQuestions>,
    leaving: Leaving,
    State(learning): State<Learning>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<QuestionFilter>,
) -> Result<Response> {
    let app = learning.app.clone();
    let rows = sheet::rows(app.db.read(), &query, &filter).await?;
    let pass = leaving.pass(&app, rows.len() as u64).await?;
    let mark = pass.line();
    let bytes = documents::write_marked("题库", sheet::HEADING, rows, Some(&mark));
    let bytes = bytes.map_err(internal)?;
    let trace = Trace {
        action: "question.exported",
        subject_kind: "question_bank",
        subject: "all".to_owned(),
        details: json!({}),
    };
    pass.taken(&app, &bytes, trace).await?;
    Ok(files::sheet("questions.xlsx", bytes))
}
