//! Walks through fault trees: kept as they were, for the ticket they belong to. Rows are only added.

use axum::extract::State as Services;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, refused};
use kernel::text::checked;
use kernel::{Actor, App, Scope, audit};
use organization::{Colleague, colleagues};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store;
use super::{FaultOutcome, FaultStep, WalkedStep};
use crate::rights::{ViewWalks, WalkFaultTrees};

kernel::table! {
    /// One walk.
    pub mod row = "fault_tree_walks" (id: Uuid) {
        tree_id: Uuid,
        tree_number: String,
        n: i32,
        title: String,
        path: Json,
        outcome: Option<String>,
        outcome_text: String,
        article_id: Option<Uuid>,
        note: String,
        call_id: Option<Uuid>,
        conversation_id: Option<Uuid>,
        ticket_id: Option<Uuid>,
        at: DateTimeUtc,
        by_id: Uuid,
    }
}

use row::Column;

/// The routes of walks.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(keep))
        .routes(routes!(list))
        .with_state(app.clone())
}

/// A walk as it was.
#[derive(Debug, Serialize, ToSchema)]
pub struct WalkView {
    /// Identifies it.
    pub id: Uuid,
    /// The tree.
    pub tree_id: Uuid,
    /// Its number.
    pub tree_number: String,
    /// Its version.
    pub n: i32,
    /// What that version was called.
    pub title: String,
    /// The way: what was asked and answered.
    pub path: Vec<WalkedStep>,
    /// `solved`, `article` or `escalate`; null for a walk that was broken off.
    pub outcome: Option<String>,
    /// What was said at the end; the open question of a walk that was broken off.
    pub outcome_text: String,
    /// The article that said the rest.
    pub article_id: Option<Uuid>,
    /// What else was noted.
    pub note: String,
    /// The call it was walked in.
    pub call_id: Option<Uuid>,
    /// The conversation it was walked in.
    pub conversation_id: Option<Uuid>,
    /// The ticket it belongs to.
    pub ticket_id: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
    /// Who walked it.
    pub by: Option<Colleague>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<WalkView>> {
    let people = colleagues(conn, rows.iter().map(|row| row.by_id)).await?;
    let view = |row: row::Model| {
        Ok(WalkView {
            path: serde_json::from_value(row.path).map_err(internal)?,
            by: people.get(&row.by_id).cloned(),
            id: row.id,
            tree_id: row.tree_id,
            tree_number: row.tree_number,
            n: row.n,
            title: row.title,
            outcome: row.outcome,
            outcome_text: row.outcome_text,
            article_id: row.article_id,
            note: row.note,
            call_id: row.call_id,
            conversation_id: row.conversation_id,
            ticket_id: row.ticket_id,
            at: row.at,
        })
    };
    rows.into_iter().map(view).collect()
}

/// A walk to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWalk {
    /// The version of the tree that was walked.
    n: i32,
    /// The way, from the first node on.
    steps: Vec<FaultStep>,
    /// It was broken off before its end.
    #[serde(default)]
    broken_off: bool,
    /// The call it was walked in.
    call_id: Option<Uuid>,
    /// The conversation it was walked in.
    conversation_id: Option<Uuid>,
    /// The ticket it belongs to.
    ticket_id: Option<Uuid>,
    /// What else was noted.
    note: Option<String>,
}

/// Keeps a walk through the version in force. The way is walked again here: what cannot have been is not kept.
#[utoipa::path(
    post, path = "/api/v1/fault-trees/{id}/walks", tag = "fault_trees", operation_id = "keep_walk",
    params(("id" = Uuid, Path)),
    request_body = NewWalk,
    responses((status = 201, body = WalkView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn keep(
    actor: Actor<WalkFaultTrees>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewWalk>,
) -> Result<(StatusCode, Json<WalkView>)> {
    let note = checked("note", new.note.as_deref().unwrap_or_default())?;
    let (db, done, who, by) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let row = db
        .write(move |tx| async move {
            let tree = store::get(&*tx, id).await?;
            let what = format!("walk through `{}`", tree.number);
            if tree.current_n != Some(new.n) {
                let detail = format!("version {} of {} does not hold", new.n, tree.number);
                return Err(refused("fault_tree_not_in_force", detail)
                    .with_way_out("walk the version in force"));
            }
            let version = store::version(&*tx, id, new.n).await?;
            let nodes = version.tree()?;
            let walked = nodes
                .walk(&new.steps)
                .map_err(|refusal| refusal.about(&what))?;
            let outcome = walked.at.outcome;
            if outcome.is_none() && !new.broken_off {
                let detail = format!("{what} has not come to its end");
                return Err(refused("walk_unfinished", detail)
                    .with_way_out("answer on, or say that it was broken off"));
            }
            let row = row::Model {
                id: app.ids.next(),
                tree_id: id,
                tree_number: tree.number,
                n: new.n,
                title: version.title,
                path: serde_json::to_value(&walked.path).map_err(internal)?,
                outcome: outcome.map(|outcome| FaultOutcome::as_str(outcome).to_owned()),
                outcome_text: walked.at.text.clone(),
                article_id: walked.at.article_id,
                note,
                call_id: new.call_id,
                conversation_id: new.conversation_id,
                ticket_id: new.ticket_id,
                at: app.clock.now(),
                by_id: by,
            };
            let kept = row::ActiveModel {
                id: Set(row.id),
                tree_id: Set(row.tree_id),
                tree_number: Set(row.tree_number.clone()),
                n: Set(row.n),
                title: Set(row.title.clone()),
                path: Set(row.path.clone()),
                outcome: Set(row.outcome.clone()),
                outcome_text: Set(row.outcome_text.clone()),
                article_id: Set(row.article_id),
                note: Set(row.note.clone()),
                call_id: Set(row.call_id),
                conversation_id: Set(row.conversation_id),
                ticket_id: Set(row.ticket_id),
                at: Set(row.at),
                by_id: Set(row.by_id),
            };
            row::Entity::insert(kept)
                .exec_without_returning(&*tx)
                .await?;
            let details = json!({ "tree": row.tree_number, "n": row.n, "outcome": row.outcome });
            let action = "fault_tree.walked";
            audit::record(&app, &*tx, &who, action, "fault_tree_walk", row.id, details).await?;
            let facts = json!({
                "walk_id": row.id, "tree_id": id, "number": row.tree_number, "n": row.n, "title": row.title,
                "outcome": row.outcome, "outcome_text": row.outcome_text, "article_id": row.article_id,
                "call_id": row.call_id, "conversation_id": row.conversation_id, "ticket_id": row.ticket_id,
                "by": by, "at": row.at,
            });
            app.events.publish(&tx, action, row.id, facts).await?;
            Ok(row)
        })
        .await?;
    let mut views = views(done.db.read(), vec![row]).await?;
    let view = views.pop().ok_or_else(|| internal("a walk is gone"))?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// What walks may be narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WalkFilter {
    /// Only those of this ticket.
    ticket: Option<Uuid>,
    /// Only those of this call.
    call: Option<Uuid>,
    /// Only those of this conversation.
    conversation: Option<Uuid>,
    /// Only those through this tree.
    tree: Option<Uuid>,
    /// Only those that this person walked.
    agent: Option<Uuid>,
    /// `solved`, `article` or `escalate`; `broken_off` for those that did not come to an end.
    outcome: Option<String>,
    /// Only those walked at this time or later.
    from: Option<DateTime<Utc>>,
    /// Only those walked before this time.
    to: Option<DateTime<Utc>>,
}

/// Walks, the newest first: of a ticket, a call, a tree. Who reaches only his own sees those he walked, and those of
/// the ticket, call or conversation he asks for.
#[utoipa::path(
    get, path = "/api/v1/fault-tree-walks", tag = "fault_trees", operation_id = "list_walks",
    params(ListQuery, WalkFilter),
    responses((status = 200, body = Page<WalkView>)),
)]
async fn list(
    actor: Actor<ViewWalks>,
    Services(app): Services<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<WalkFilter>,
) -> Result<Json<Page<WalkView>>> {
    // Who has a ticket or is on the line goes on where somebody else was.
    let named = filter.ticket.or(filter.call).or(filter.conversation);
    let own = match actor.scope() {
        Scope::All => None,
        _ => named.is_none().then_some(actor.user_id()),
    };
    let conn = app.db.read();
    let all = Condition::all()
        .add_option(own.map(|user| Column::ById.eq(user)))
        .add_option(filter.ticket.map(|id| Column::TicketId.eq(id)))
        .add_option(filter.call.map(|id| Column::CallId.eq(id)))
        .add_option(filter.conversation.map(|id| Column::ConversationId.eq(id)))
        .add_option(filter.tree.map(|id| Column::TreeId.eq(id)))
        .add_option(filter.agent.map(|id| Column::ById.eq(id)))
        .add_option(filter.outcome.map(|outcome| match outcome.as_str() {
            "broken_off" => Column::Outcome.is_null(),
            outcome => Column::Outcome.eq(outcome),
        }))
        .add_option(filter.from.map(|from| Column::At.gte(from)))
        .add_option(filter.to.map(|to| Column::At.lt(to)))
        .add_option(query.words_in(&[Column::TreeNumber, Column::Title, Column::Note])?);
    let select = row::Entity::find().filter(all);
    let page = paginate(conn, select, &query, &[("at", Column::At)], Column::Id).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}
