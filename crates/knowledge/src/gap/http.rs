//! Gaps over HTTP.

use axum::extract::State as Services;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, not_found};
use kernel::text::{checked, needed};
use kernel::{Actor, App, versioned};
use organization::{Colleague, colleagues};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Filter, GapSource, New, row};
use crate::article::http::{ArticleDetail, detail};
use crate::article::{ArticleKind, Content, code, store as articles};
use crate::rights::{HandleGaps, ReportGaps};

/// The longest question that is kept, in characters.
const LONGEST: usize = 200;
/// What stands in a draft where nobody wrote anything yet.
const TO_BE_WRITTEN: &str = "（待起草）";

/// The routes of gaps.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, report))
        .routes(routes!(get))
        .routes(routes!(draft))
        .routes(routes!(close))
        .with_state(app.clone())
}

/// A question without an answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct GapView {
    /// Identifies it.
    pub id: Uuid,
    /// As it was asked first.
    pub query: String,
    /// Code of the matter.
    pub matter: Option<String>,
    /// `open`, `drafted` or `closed`
    pub state: String,
    /// How often it was asked.
    pub asked: i64,
    /// When it was asked first.
    pub first_at: DateTime<Utc>,
    /// When it was asked last.
    pub last_at: DateTime<Utc>,
    /// Who asked last.
    pub last_by: Option<Colleague>,
    /// What was noted last.
    pub note: String,
    /// The draft that is to answer it.
    pub article_id: Option<Uuid>,
    /// Why it was closed.
    pub reason: Option<String>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

/// One time it was asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct GapAsking {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Option<Colleague>,
    /// In which words.
    pub query: String,
    /// `call`, `conversation` or `search`
    pub source: String,
    /// Which call or conversation.
    pub source_id: Option<Uuid>,
    /// What was noted.
    pub note: String,
}

/// A gap as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct GapDetail {
    /// What lists show.
    #[serde(flatten)]
    pub gap: GapView,
    /// The last times it was asked, the newest first.
    pub askings: Vec<GapAsking>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<GapView>> {
    let people = colleagues(conn, rows.iter().map(|row| row.last_by)).await?;
    let view = |row: row::Model| GapView {
        last_by: people.get(&row.last_by).cloned(),
        id: row.id,
        query: row.query,
        matter: row.matter_code,
        state: row.state,
        asked: row.asked,
        first_at: row.first_at,
        last_at: row.last_at,
        note: row.note,
        article_id: row.article_id,
        reason: row.reason,
        closed_at: row.closed_at,
        version: row.version,
    };
    Ok(rows.into_iter().map(view).collect())
}

async fn shown(app: &App, row: row::Model) -> Result<GapDetail> {
    let conn = app.db.read();
    let askings = super::askings(conn, row.id).await?;
    let people = colleagues(conn, askings.iter().map(|asking| asking.by_id)).await?;
    let gap = views(conn, vec![row]).await?.pop();
    let askings = askings.into_iter().map(|asking| GapAsking {
        at: asking.at,
        by: people.get(&asking.by_id).cloned(),
        query: asking.query,
        source: asking.source,
        source_id: asking.source_id,
        note: asking.note,
    });
    Ok(GapDetail {
        gap: gap.ok_or_else(|| not_found("gap"))?,
        askings: askings.collect(),
    })
}

/// Lists what was looked for and not found, the last asked first; `sort=-asked` for what is asked most.
#[utoipa::path(
    get, path = "/api/v1/knowledge-gaps", tag = "knowledge", operation_id = "list_knowledge_gaps",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<GapView>)),
)]
async fn list(
    _actor: Actor<ReportGaps>,
    Services(app): Services<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<GapView>>> {
    let conn = app.db.read();
    let page = super::list(conn, &query, &filter).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// One gap, with the last times it was asked.
#[utoipa::path(
    get, path = "/api/v1/knowledge-gaps/{id}", tag = "knowledge", operation_id = "get_knowledge_gap",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = GapDetail), (status = 404, body = Problem)),
)]
async fn get(
    _actor: Actor<ReportGaps>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<GapDetail>> {
    let row = super::get(app.db.read(), id).await?;
    Ok(Json(shown(&app, row).await?))
}

/// What was looked for and not found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGap {
    /// The question: at most 200 characters.
    query: String,
    /// Code of the matter.
    matter: Option<String>,
    /// Where it was asked; at the search box when left out.
    source: Option<GapSource>,
    /// Which call or conversation.
    source_id: Option<Uuid>,
    /// What else is known.
    note: Option<String>,
}

/// Says that nothing was found. The same question is counted, not listed again.
#[utoipa::path(
    post, path = "/api/v1/knowledge-gaps", tag = "knowledge", operation_id = "report_knowledge_gap",
    request_body = NewGap,
    responses((status = 201, body = GapDetail), (status = 422, body = Problem)),
)]
async fn report(
    actor: Actor<ReportGaps>,
    Services(app): Services<App>,
    Json(new): Json<NewGap>,
) -> Result<(StatusCode, Json<GapDetail>)> {
    let query = needed("query", &new.query)?;
    if query.chars().count() > LONGEST {
        return Err(invalid("query", "text_too_long", "at most 200 characters"));
    }
    let matter = new.matter.as_deref().filter(|code| !code.is_empty());
    let new = New {
        query,
        matter: matter.map(|matter| code("matter", matter)).transpose()?,
        source: new.source.unwrap_or(GapSource::Search),
        source_id: new.source_id,
        note: checked("note", new.note.as_deref().unwrap_or_default())?,
        by: actor.user_id(),
    };
    let who = actor.who();
    let mut tries = 0;
    let gap = loop {
        let (services, who, new) = (app.clone(), who.clone(), new.clone());
        let report = app
            .db
            .write(move |tx| async move { super::report(&services, &tx, &who, new).await })
            .await;
        match report {
            // Somebody asked the same in this very moment: it is counted with his.
            Err(problem)
                if tries < 3 && matches!(problem.code, "already_exists" | "stale_version") =>
            {
                tries += 1;
            }
            done => break done?,
        }
    };
    Ok((StatusCode::CREATED, Json(shown(&app, gap).await?)))
}

/// What the draft begins with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GapToDraft {
    /// The version that was read.
    version: i64,
    /// Code of the matter; that of the gap when left out.
    matter: Option<String>,
    /// `article` when left out.
    kind: Option<ArticleKind>,
}

/// A gap and the draft that is to answer it.
#[derive(Debug, Serialize, ToSchema)]
pub struct GapDrafted {
    /// The gap.
    pub gap: GapDetail,
    /// The draft.
    pub article: ArticleDetail,
}

/// Makes a draft of a gap; the gap closes by itself when the draft takes effect.
#[utoipa::path(
    post, path = "/api/v1/knowledge-gaps/{id}/draft", tag = "knowledge", operation_id = "draft_knowledge_gap",
    params(("id" = Uuid, Path)),
    request_body = GapToDraft,
    responses((status = 201, body = GapDrafted), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn draft(
    actor: Actor<HandleGaps>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<GapToDraft>,
) -> Result<(StatusCode, Json<GapDrafted>)> {
    let matter = request.matter.map(|matter| code("matter", &matter));
    let matter = matter.transpose()?;
    let (db, done, who, by) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let (gap, article) = db
        .write(move |tx| async move {
            let gap = versioned::as_read(super::get(&*tx, id).await?, request.version)?;
            let matter = matter.or_else(|| gap.matter_code.clone());
            let matter =
                matter.ok_or_else(|| invalid("matter", "text_missing", "matter is needed"))?;
            let title: String = gap.query.replace('\n', " ").chars().take(120).collect();
            let content = Content {
                title,
                question: gap.query.clone(),
                answer: TO_BE_WRITTEN.to_owned(),
                public_answer: None,
                keywords: Vec::new(),
                source_no: String::new(),
                source_title: TO_BE_WRITTEN.to_owned(),
                valid_from: None,
                valid_to: None,
                review_due: None,
            };
            let new = articles::New {
                kind: request.kind.unwrap_or(ArticleKind::Article),
                matter,
                section: None,
                tags: Vec::new(),
                purpose: None,
                content,
                author_id: by,
            };
            let article = articles::create(&app, &tx, &who, new).await?;
            let gap = super::drafted(&app, &tx, &who, &gap, article.id).await?;
            Ok((gap, article))
        })
        .await?;
    let drafted = GapDrafted {
        gap: shown(&done, gap).await?,
        article: detail(&done, article).await?,
    };
    Ok((StatusCode::CREATED, Json(drafted)))
}

/// Why a gap is none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GapToClose {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Closes a gap that needs no article.
#[utoipa::path(
    post, path = "/api/v1/knowledge-gaps/{id}/close", tag = "knowledge", operation_id = "close_knowledge_gap",
    params(("id" = Uuid, Path)),
    request_body = GapToClose,
    responses((status = 200, body = GapDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn close(
    actor: Actor<HandleGaps>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<GapToClose>,
) -> Result<Json<GapDetail>> {
    let reason = needed("reason", &request.reason)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let gap = db
        .write(move |tx| async move {
            let gap = versioned::as_read(super::get(&*tx, id).await?, request.version)?;
            super::close(&app, &tx, &who, &gap, reason).await
        })
        .await?;
    Ok(Json(shown(&done, gap).await?))
}
