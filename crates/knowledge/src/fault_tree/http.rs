//! Fault trees over HTTP.

use std::collections::HashMap;

use axum::extract::State as Services;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::text::{checked, needed};
use kernel::{Actor, App};
use organization::{Colleague, colleagues};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Content, Filter, New, row, version_row};
use super::{FaultNode, Tree, TreeFault};
use crate::approval::http::{ApprovalView, views as approval_views};
use crate::approval::store as approvals;
use crate::article::code;
use crate::rights::{ViewArticles, WriteArticles};

/// The routes of fault trees.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, edit))
        .routes(routes!(list_versions))
        .routes(routes!(check))
        .with_state(app.clone())
}

/// A tree as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TreeView {
    /// Identifies it.
    pub id: Uuid,
    /// `GZ0001`
    pub number: String,
    /// Code of the matter.
    pub matter: String,
    /// Code of the purchaser's section that answers for it.
    pub owner_section: Option<String>,
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
    /// Who began it.
    pub created_by: Option<Colleague>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// What a version of a tree says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeContent {
    /// What it is called: one line of at most 120 characters.
    pub title: String,
    /// By what one knows the fault.
    #[serde(default)]
    pub symptom: String,
    /// Its nodes; a walk begins at the first.
    pub nodes: Vec<FaultNode>,
}

/// A version of a tree.
#[derive(Debug, Serialize, ToSchema)]
pub struct TreeVersionView {
    /// 1, 2 …
    pub n: i32,
    /// What it says.
    #[serde(flatten)]
    pub content: TreeContent,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// Where it stands with the purchaser.
    pub approval: ApprovalView,
}

/// A tree as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TreeDetail {
    /// What lists show.
    #[serde(flatten)]
    pub tree: TreeView,
    /// The version that holds.
    pub in_force: Option<TreeVersionView>,
    /// The latest version, where it is another one.
    pub working: Option<TreeVersionView>,
}

/// Versions of one tree, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TreeVersionList {
    /// At most 200.
    pub items: Vec<TreeVersionView>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<TreeView>> {
    let people = colleagues(conn, rows.iter().map(|row| row.author_id)).await?;
    let view = |row: row::Model| TreeView {
        created_by: people.get(&row.author_id).cloned(),
        id: row.id,
        number: row.number,
        matter: row.matter_code,
        owner_section: row.owner_section,
        title: row.title,
        state: row.state,
        current: row.current_n,
        latest: row.latest_n,
        emergency: row.emergency,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    };
    Ok(rows.into_iter().map(view).collect())
}

async fn version_views(
    app: &App,
    conn: &impl ConnectionTrait,
    rows: Vec<version_row::Model>,
) -> Result<Vec<TreeVersionView>> {
    let changes = approvals::many(conn, rows.iter().map(|row| row.approval_id)).await?;
    let changes = approval_views(conn, app.clock.now(), changes).await?;
    let mut changes: HashMap<Uuid, ApprovalView> =
        changes.into_iter().map(|view| (view.id, view)).collect();
    let view = |row: version_row::Model| {
        let nodes = row.tree()?.0;
        let approval = changes.remove(&row.approval_id);
        Ok(TreeVersionView {
            n: row.n,
            content: TreeContent {
                title: row.title,
                symptom: row.symptom,
                nodes,
            },
            created_at: row.created_at,
            approval: approval.ok_or_else(|| internal("a version has no change"))?,
        })
    };
    rows.into_iter().map(view).collect()
}

async fn detail(app: &App, row: row::Model) -> Result<TreeDetail> {
    let (conn, id) = (app.db.read(), row.id);
    let (current, latest) = (row.current_n, row.latest_n);
    let tree = views(conn, vec![row]).await?.pop();
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
    Ok(TreeDetail {
        tree: tree.ok_or_else(|| internal("a tree is gone"))?,
        in_force,
        working,
    })
}

fn content(content: TreeContent) -> Result<Content> {
    let title = needed("title", &content.title)?;
    if title.chars().count() > 120 || title.contains('\n') {
        let detail = "at most 120 characters on one line";
        return Err(invalid("title", "text_too_long", detail));
    }
    Ok(Content {
        title,
        symptom: checked("symptom", &content.symptom)?,
        tree: Tree(content.nodes),
    })
}

/// Lists fault trees, the last changed first; `in_force=true` for those that can be walked.
#[utoipa::path(
    get, path = "/api/v1/fault-trees", tag = "fault_trees", operation_id = "list_fault_trees",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<TreeView>)),
)]
async fn list(
    _actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<TreeView>>> {
    let conn = app.db.read();
    let page = store::list(conn, &query, &filter).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// One tree: the version that holds, and the one that is being worked on.
#[utoipa::path(
    get, path = "/api/v1/fault-trees/{id}", tag = "fault_trees", operation_id = "get_fault_tree",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TreeDetail), (status = 404, body = Problem)),
)]
async fn get(
    _actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<TreeDetail>> {
    let row = store::get(app.db.read(), id).await?;
    Ok(Json(detail(&app, row).await?))
}

/// The versions of a tree, the newest first.
#[utoipa::path(
    get, path = "/api/v1/fault-trees/{id}/versions", tag = "fault_trees", operation_id = "list_fault_tree_versions",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TreeVersionList), (status = 404, body = Problem)),
)]
async fn list_versions(
    _actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<TreeVersionList>> {
    let conn = app.db.read();
    store::get(conn, id).await?;
    let rows = store::versions(conn, id).await?;
    let items = version_views(&app, conn, rows).await?;
    Ok(Json(TreeVersionList { items }))
}

/// A tree to be begun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTree {
    /// Code of the matter.
    matter: String,
    /// Code of the purchaser's section that answers for it.
    owner_section: Option<String>,
    /// What its first version says.
    content: TreeContent,
}

/// Begins a tree with a draft; nobody walks it before the purchaser consents.
#[utoipa::path(
    post, path = "/api/v1/fault-trees", tag = "fault_trees", operation_id = "create_fault_tree",
    request_body = NewTree,
    responses((status = 201, body = TreeDetail), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<WriteArticles>,
    Services(app): Services<App>,
    Json(new): Json<NewTree>,
) -> Result<(StatusCode, Json<TreeDetail>)> {
    let section = new.owner_section.as_deref().filter(|code| !code.is_empty());
    let new = New {
        matter: code("matter", &new.matter)?,
        section: section
            .map(|section| code("owner_section", section))
            .transpose()?,
        content: content(new.content)?,
        author_id: actor.user_id(),
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let tree = db
        .write(move |tx| async move { store::create(&app, &tx, &who, new).await })
        .await?;
    Ok((StatusCode::CREATED, Json(detail(&done, tree).await?)))
}

/// What a tree is to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditTree {
    /// The version of the row that was read.
    version: i64,
    /// The whole content.
    content: TreeContent,
}

/// Writes on a draft, or begins the next version. What was submitted does not change.
#[utoipa::path(
    patch, path = "/api/v1/fault-trees/{id}", tag = "fault_trees", operation_id = "edit_fault_tree",
    params(("id" = Uuid, Path)),
    request_body = EditTree,
    responses((status = 200, body = TreeDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<WriteArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<EditTree>,
) -> Result<Json<TreeDetail>> {
    let content = content(request.content)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (scope, user) = (actor.scope().clone(), actor.user_id());
    let tree = db
        .write(move |tx| async move {
            let seen = (id, request.version);
            store::edit(&app, &tx, (&who, &scope, user), seen, content).await
        })
        .await?;
    Ok(Json(detail(&done, tree).await?))
}

/// What is wrong with a tree.
#[derive(Debug, Serialize, ToSchema)]
pub struct TreeCheck {
    /// Nothing for a tree that can be walked.
    pub faults: Vec<TreeFault>,
}

/// Tells what is wrong with a tree while it is drawn; nothing is written.
#[utoipa::path(
    post, path = "/api/v1/fault-trees/check", tag = "fault_trees", operation_id = "check_fault_tree",
    request_body = TreeContent,
    responses((status = 200, body = TreeCheck), (status = 422, body = Problem)),
)]
async fn check(
    _actor: Actor<WriteArticles>,
    Json(content): Json<TreeContent>,
) -> Result<Json<TreeCheck>> {
    let faults = Tree(content.nodes).faults();
    Ok(Json(TreeCheck { faults }))
}
