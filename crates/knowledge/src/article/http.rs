//! Articles and answer scripts over HTTP.

use std::collections::HashMap;

use axum::extract::State as Services;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::{Actor, App};
use organization::{Colleague, colleagues};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::diff::{self, DiffField};
use super::store::{self, Edit, Filter, New, row, version_row};
use super::{ArticleKind, Content, ScriptPurpose, code, split, words};
use crate::approval::http::{ApprovalView, views as approval_views};
use crate::approval::store as approvals;
use crate::rights::{ViewArticles, WriteArticles};

/// The routes of articles.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, edit))
        .routes(routes!(list_versions))
        .routes(routes!(get_version))
        .routes(routes!(show_diff))
        .with_state(app.clone())
}

/// An article as lists show it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleView {
    /// Identifies it.
    pub id: Uuid,
    /// `ZS0001`
    pub number: String,
    /// `article` or `script`
    pub kind: ArticleKind,
    /// Code of the matter.
    pub matter: String,
    /// Code of the purchaser's section that answers for it.
    pub owner_section: Option<String>,
    /// Words it is filed under.
    pub tags: Vec<String>,
    /// What the house says with it by itself: `privacy_notice`, `waiting`, `rating` or `left_message`.
    pub purpose: Option<String>,
    /// What its latest version is called.
    pub title: String,
    /// Where its latest version stands.
    pub state: String,
    /// The version in force.
    pub current: Option<i32>,
    /// The latest version.
    pub latest: i32,
    /// The version in force waits for its ratification.
    pub emergency: bool,
    /// The version in force is to be looked at again.
    pub due_for_review: bool,
    /// When the version in force is to be looked at again.
    pub review_due: Option<DateTime<Utc>>,
    /// Since when it holds.
    pub effective_at: Option<DateTime<Utc>>,
    /// When it ceases to hold by itself.
    pub valid_to: Option<DateTime<Utc>>,
    /// Who began it.
    pub created_by: Option<Colleague>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// What a version says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticleContent {
    /// What it is called: one line of at most 120 characters.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// What agents answer: plain text, a line for each step.
    pub answer: String,
    /// What stands on the public page; left out, nothing does.
    pub public_answer: Option<String>,
    /// Words by which it is found besides; at most 40.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Number of the document it rests on.
    #[serde(default)]
    pub source_no: String,
    /// Title of that document.
    pub source_title: String,
    /// From when it may hold.
    pub valid_from: Option<DateTime<Utc>>,
    /// When it ceases to hold by itself.
    pub valid_to: Option<DateTime<Utc>>,
    /// When it is to be looked at again.
    pub review_due: Option<DateTime<Utc>>,
}

impl From<ArticleContent> for Content {
    fn from(content: ArticleContent) -> Self {
        Self {
            title: content.title,
            question: content.question,
            answer: content.answer,
            public_answer: content.public_answer,
            keywords: content.keywords,
            source_no: content.source_no,
            source_title: content.source_title,
            valid_from: content.valid_from,
            valid_to: content.valid_to,
            review_due: content.review_due,
        }
    }
}

impl From<Content> for ArticleContent {
    fn from(content: Content) -> Self {
        Self {
            title: content.title,
            question: content.question,
            answer: content.answer,
            public_answer: content.public_answer,
            keywords: content.keywords,
            source_no: content.source_no,
            source_title: content.source_title,
            valid_from: content.valid_from,
            valid_to: content.valid_to,
            review_due: content.review_due,
        }
    }
}

/// A version of an article.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VersionView {
    /// 1, 2 …
    pub n: i32,
    /// What an answer cites: `uuid@n`.
    pub citation: String,
    /// What it says.
    #[serde(flatten)]
    pub content: ArticleContent,
    /// Who wrote it.
    pub author: Option<Colleague>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// Where it stands with the purchaser.
    pub approval: ApprovalView,
}

/// An article as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleDetail {
    /// What lists show.
    #[serde(flatten)]
    pub article: ArticleView,
    /// The version that holds.
    pub in_force: Option<VersionView>,
    /// The latest version, where it is another one.
    pub working: Option<VersionView>,
}

/// Versions of one article, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionList {
    /// At most 200.
    pub items: Vec<VersionView>,
}

async fn version_views(
    app: &App,
    conn: &impl ConnectionTrait,
    rows: Vec<version_row::Model>,
) -> Result<Vec<VersionView>> {
    let changes = approvals::many(conn, rows.iter().map(|row| row.approval_id)).await?;
    let changes = approval_views(conn, app.clock.now(), changes).await?;
    let mut changes: HashMap<Uuid, ApprovalView> =
        changes.into_iter().map(|view| (view.id, view)).collect();
    let mut views = Vec::new();
    for row in rows {
        let approval = changes
            .remove(&row.approval_id)
            .ok_or_else(|| internal("a version has no change"))?;
        views.push(VersionView {
            n: row.n,
            citation: format!("{}@{}", row.article_id, row.n),
            content: row.content().into(),
            author: approval.author.clone(),
            created_at: row.created_at,
            approval,
        });
    }
    Ok(views)
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<ArticleView>> {
    let people = colleagues(conn, rows.iter().map(|row| row.author_id)).await?;
    let holding = approvals::in_force(conn, rows.iter().map(|row| row.id)).await?;
    let mut views = Vec::new();
    for row in rows {
        let change = holding.get(&row.id);
        views.push(ArticleView {
            kind: store::kind_of(&row)?,
            tags: split(&row.tags),
            review_due: change.and_then(|change| change.review_at),
            effective_at: change.and_then(|change| change.effective_at),
            valid_to: change.and_then(|change| change.until_at),
            created_by: people.get(&row.author_id).cloned(),
            id: row.id,
            number: row.number,
            matter: row.matter_code,
            owner_section: row.owner_section,
            purpose: row.purpose,
            title: row.title,
            state: row.state,
            current: row.current_n,
            latest: row.latest_n,
            emergency: row.emergency,
            due_for_review: row.due_for_review,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        });
    }
    Ok(views)
}

/// An article as its page shows it.
pub(crate) async fn detail(app: &App, row: row::Model) -> Result<ArticleDetail> {
    let (conn, id) = (app.db.read(), row.id);
    let (current, latest) = (row.current_n, row.latest_n);
    let article = views(conn, vec![row]).await?.pop();
    let mut rows = vec![store::version(conn, id, latest).await?];
    if let Some(current) = current.filter(|current| *current != latest) {
        rows.push(store::version(conn, id, current).await?);
    }
    let (mut in_force, mut working) = (None, None);
    for view in version_views(app, conn, rows).await? {
        if Some(view.n) == current {
            in_force = Some(view);
        } else {
            working = Some(view);
        }
    }
    Ok(ArticleDetail {
        article: article.ok_or_else(|| not_found("article"))?,
        in_force,
        working,
    })
}

/// Lists articles and answer scripts, the last changed first.
#[utoipa::path(
    get, path = "/api/v1/articles", tag = "knowledge", operation_id = "list_articles",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<ArticleView>)),
)]
async fn list(
    _actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<ArticleView>>> {
    let conn = app.db.read();
    let page = store::list(conn, &query, &filter).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// One article: the version that holds, and the one that is being worked on.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}", tag = "knowledge", operation_id = "get_article",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ArticleDetail), (status = 404, body = Problem)),
)]
async fn get(
    _actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ArticleDetail>> {
    let row = store::get(app.db.read(), id).await?;
    Ok(Json(detail(&app, row).await?))
}

/// An article to be begun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewArticle {
    /// `article` or `script`
    kind: ArticleKind,
    /// Code of the matter.
    matter: String,
    /// Code of the purchaser's section that answers for it.
    owner_section: Option<String>,
    /// Words it is filed under.
    #[serde(default)]
    tags: Vec<String>,
    /// What the house is to say with it by itself; of each purpose there is one script, in versions.
    purpose: Option<ScriptPurpose>,
    /// What its first version says.
    content: ArticleContent,
}

/// Begins an article with a draft. Nobody answers with it before the purchaser consents.
#[utoipa::path(
    post, path = "/api/v1/articles", tag = "knowledge", operation_id = "create_article",
    request_body = NewArticle,
    responses((status = 201, body = ArticleDetail), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<WriteArticles>,
    Services(app): Services<App>,
    Json(new): Json<NewArticle>,
) -> Result<(StatusCode, Json<ArticleDetail>)> {
    let section = new.owner_section.as_deref().filter(|code| !code.is_empty());
    let new = New {
        kind: new.kind,
        matter: code("matter", &new.matter)?,
        section: section
            .map(|section| code("owner_section", section))
            .transpose()?,
        tags: words("tags", new.tags)?,
        purpose: new.purpose,
        content: Content::from(new.content).checked(app.clock.now())?,
        author_id: actor.user_id(),
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let article = db
        .write(move |tx| async move { store::create(&app, &tx, &who, new).await })
        .await?;
    Ok((StatusCode::CREATED, Json(detail(&done, article).await?)))
}

/// What is to be changed; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditArticle {
    /// The version of the row that was read.
    version: i64,
    /// The whole content: the draft is written on, or the next version begun where the latest is decided.
    content: Option<ArticleContent>,
    /// Code of the matter.
    matter: Option<String>,
    /// Code of the purchaser's section; empty for none.
    owner_section: Option<String>,
    /// Words it is filed under.
    tags: Option<Vec<String>>,
}

/// Writes on a draft, or begins the next version. What was submitted does not change: 409 `article_under_approval`.
#[utoipa::path(
    patch, path = "/api/v1/articles/{id}", tag = "knowledge", operation_id = "edit_article",
    params(("id" = Uuid, Path)),
    request_body = EditArticle,
    responses((status = 200, body = ArticleDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<WriteArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<EditArticle>,
) -> Result<Json<ArticleDetail>> {
    let now = app.clock.now();
    let content = request
        .content
        .map(|content| Content::from(content).checked(now));
    let section = |section: String| match section.trim() {
        "" => Ok(String::new()),
        section => code("owner_section", section),
    };
    let edit = Edit {
        content: content.transpose()?,
        matter: request
            .matter
            .map(|matter| code("matter", &matter))
            .transpose()?,
        section: request.owner_section.map(section).transpose()?,
        tags: request.tags.map(|tags| words("tags", tags)).transpose()?,
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (scope, user) = (actor.scope().clone(), actor.user_id());
    let article = db
        .write(move |tx| async move {
            store::edit(&app, &tx, (&who, &scope, user), (id, request.version), edit).await
        })
        .await?;
    Ok(Json(detail(&done, article).await?))
}

/// The versions of an article, the newest first.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}/versions", tag = "knowledge", operation_id = "list_article_versions",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = VersionList), (status = 404, body = Problem)),
)]
async fn list_versions(
    _actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<VersionList>> {
    let conn = app.db.read();
    store::get(conn, id).await?;
    let rows = store::versions(conn, id).await?;
    let items = version_views(&app, conn, rows).await?;
    Ok(Json(VersionList { items }))
}

/// One version, as answers cite it.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}/versions/{n}", tag = "knowledge", operation_id = "get_article_version",
    params(("id" = Uuid, Path), ("n" = i32, Path)),
    responses((status = 200, body = VersionView), (status = 404, body = Problem)),
)]
async fn get_version(
    _actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Path((id, n)): Path<(Uuid, i32)>,
) -> Result<Json<VersionView>> {
    let conn = app.db.read();
    let row = store::version(conn, id, n).await?;
    let view = version_views(&app, conn, vec![row]).await?.pop();
    Ok(Json(view.ok_or_else(|| not_found("version"))?))
}

/// Two versions to be compared.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Compared {
    /// The older one.
    from: i32,
    /// The newer one.
    to: i32,
}

/// What changed from one version to another.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleDiff {
    /// The older one.
    pub from: i32,
    /// The newer one.
    pub to: i32,
    /// Every field.
    pub fields: Vec<DiffField>,
}

/// What changed from one version to another, line by line and character by character.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}/diff", tag = "knowledge", operation_id = "diff_article",
    params(("id" = Uuid, Path), Compared),
    responses((status = 200, body = ArticleDiff), (status = 404, body = Problem)),
)]
async fn show_diff(
    _actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Query(Compared { from, to }): Query<Compared>,
) -> Result<Json<ArticleDiff>> {
    let conn = app.db.read();
    let before = store::version(conn, id, from).await?.content();
    let after = store::version(conn, id, to).await?.content();
    let fields = diff::of(&before, &after);
    Ok(Json(ArticleDiff { from, to, fields }))
}
