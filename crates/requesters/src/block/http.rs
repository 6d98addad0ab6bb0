//! The block list over HTTP.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::text::{checked, must_be_code, needed};
use kernel::{Actor, App, Scope, versioned};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Action;
use super::store::{self, Filter, New, row};
use crate::requester::store as requesters;
use crate::{AskBlocks, DecideBlocks, Requester, ViewBlocks};

/// Channels that one block names.
const MOST_CHANNELS: usize = 10;

pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(get))
        .routes(routes!(approve))
        .routes(routes!(decline))
        .routes(routes!(lift))
        .with_state(app.clone())
}

/// A block as the list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequesterBlock {
    /// Identifies it.
    pub id: Uuid,
    /// Who, masked.
    pub requester: Option<Requester>,
    /// The channels it names; none means every written one. `voice` is covered only where it is named.
    pub channels: Vec<String>,
    /// Why.
    pub reason: String,
    /// What shows it: messages, calls, tickets.
    pub evidence: String,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
    /// `requested`, `approved`, `declined`, `lifted` or `over`.
    pub state: String,
    /// It is asked for or holds.
    pub open: bool,
    /// It keeps him away now.
    pub in_force: bool,
    /// Who asked for it.
    pub asked_by: Option<Colleague>,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// Who approved or declined it.
    pub decided_by: Option<Colleague>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What he said to it.
    pub decision: Option<String>,
    /// Who lifted it.
    pub lifted_by: Option<Colleague>,
    /// When.
    pub lifted_at: Option<DateTime<Utc>>,
    /// Why.
    pub lifted_for: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

async fn views(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    rows: Vec<row::Model>,
) -> Result<Vec<RequesterBlock>> {
    let who = rows.iter().flat_map(|row| {
        [Some(row.asked_by), row.decided_by, row.lifted_by]
            .into_iter()
            .flatten()
    });
    let people = organization::colleagues(conn, who.collect::<Vec<_>>()).await?;
    let one = |id: Option<Uuid>| people.get(&id?).cloned();
    let ids = rows.iter().map(|row| row.requester_id).collect();
    let known = crate::find_many(conn, ids).await?;
    let known: HashMap<Uuid, Requester> =
        known.into_iter().map(|known| (known.id, known)).collect();
    rows.into_iter()
        .map(|row| {
            Ok(RequesterBlock {
                in_force: row.case()?.holds_at(now),
                channels: row.named(),
                requester: known.get(&row.requester_id).cloned(),
                asked_by: one(Some(row.asked_by)),
                decided_by: one(row.decided_by),
                lifted_by: one(row.lifted_by),
                id: row.id,
                reason: row.reason,
                evidence: row.evidence,
                from: row.from_at,
                until: row.until_at,
                state: row.state,
                open: row.open,
                asked_at: row.asked_at,
                decided_at: row.decided_at,
                decision: row.decision,
                lifted_at: row.lifted_at,
                lifted_for: row.lifted_for,
                version: row.version,
            })
        })
        .collect()
}

async fn one(app: &App, row: row::Model) -> Result<RequesterBlock> {
    let views = views(app.db.read(), app.clock.now(), vec![row]).await?;
    views
        .into_iter()
        .next()
        .ok_or_else(|| internal("a block has no view"))
}

/// Lists blocks, those asked for last first.
#[utoipa::path(
    get, path = "/api/v1/requester-blocks", tag = "requester-blocks", operation_id = "list_requester_blocks",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<RequesterBlock>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewBlocks>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<RequesterBlock>>> {
    let (conn, now) = (app.db.read(), app.clock.now());
    let page = store::list(conn, now, actor.scope(), (&query, &filter)).await?;
    let shown = page.shown(async |rows| views(conn, now, rows).await);
    Ok(Json(shown.await?))
}

/// One block.
#[utoipa::path(
    get, path = "/api/v1/requester-blocks/{id}", tag = "requester-blocks", operation_id = "get_requester_block",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = RequesterBlock), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewBlocks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<RequesterBlock>> {
    let row = store::get(app.db.read(), actor.scope(), id).await?;
    Ok(Json(one(&app, row).await?))
}

/// Whom to block, where, why and until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRequesterBlock {
    /// Who; the whole person is blocked.
    requester_id: Uuid,
    /// Codes of the channels; every written one when left out. The telephone only as `voice`.
    #[serde(default)]
    channels: Vec<String>,
    /// Why.
    reason: String,
    /// What shows it: messages, calls, tickets.
    evidence: String,
    /// From when; at once when left out.
    from: Option<DateTime<Utc>>,
    /// Until when.
    until: DateTime<Utc>,
}

/// Asks for a block; somebody else decides.
#[utoipa::path(
    post, path = "/api/v1/requester-blocks", tag = "requester-blocks", operation_id = "ask_requester_block",
    request_body = NewRequesterBlock,
    responses((status = 201, body = RequesterBlock), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn ask(
    actor: Actor<AskBlocks>,
    State(app): State<App>,
    Json(mut request): Json<NewRequesterBlock>,
) -> Result<(StatusCode, Json<RequesterBlock>)> {
    request.channels.sort_unstable();
    request.channels.dedup();
    if request.channels.len() > MOST_CHANNELS {
        return Err(invalid(
            "channels",
            "too_many_channels",
            "at most 10 channels",
        ));
    }
    for channel in &request.channels {
        must_be_code("channels", channel)?;
    }
    let new = New {
        requester_id: request.requester_id,
        channels: request.channels,
        reason: needed("reason", &request.reason)?,
        evidence: needed("evidence", &request.evidence)?,
        from: request.from,
        until: request.until,
    };
    let (db, writer) = (app.db.clone(), app.clone());
    let asked = db
        .write(async move |tx| {
            requesters::get(&*tx, &Scope::All, new.requester_id).await?;
            store::ask(&writer, &tx, &actor.who(), actor.user_id(), new).await
        })
        .await?;
    Ok((StatusCode::CREATED, Json(one(&app, asked).await?)))
}

/// A decision about a block.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockDecision {
    /// The version that was read.
    version: i64,
    /// What is said to it; needed to decline and to lift.
    #[serde(default)]
    note: String,
}

async fn decide(
    app: App,
    who: Who,
    (id, version): (Uuid, i64),
    done: (Action, Option<String>),
) -> Result<Json<RequesterBlock>> {
    let (db, writer) = (app.db.clone(), app.clone());
    let after = db
        .write(async move |tx| {
            let row = store::get(&*tx, &Scope::All, id).await?;
            let row = versioned::as_read(row, version)?;
            store::act(&writer, &tx, &who, &row, done).await
        })
        .await?;
    Ok(Json(one(&app, after).await?))
}

/// Approves a block that somebody else asked for.
#[utoipa::path(
    post, path = "/api/v1/requester-blocks/{id}/approve", tag = "requester-blocks", operation_id = "approve_requester_block",
    params(("id" = Uuid, Path)),
    request_body = BlockDecision,
    responses((status = 200, body = RequesterBlock), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn approve(
    actor: Actor<DecideBlocks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<BlockDecision>,
) -> Result<Json<RequesterBlock>> {
    let note = checked("note", &request.note)?;
    let by = actor.user_id();
    let done = (
        Action::Approve { by },
        Some(note).filter(|note| !note.is_empty()),
    );
    decide(app, actor.who(), (id, request.version), done).await
}

/// Declines a block, with the reason.
#[utoipa::path(
    post, path = "/api/v1/requester-blocks/{id}/decline", tag = "requester-blocks", operation_id = "decline_requester_block",
    params(("id" = Uuid, Path)),
    request_body = BlockDecision,
    responses((status = 200, body = RequesterBlock), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn decline(
    actor: Actor<DecideBlocks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<BlockDecision>,
) -> Result<Json<RequesterBlock>> {
    let done = (Action::Decline, Some(needed("note", &request.note)?));
    decide(app, actor.who(), (id, request.version), done).await
}

/// Lifts a block before its time, with the reason.
#[utoipa::path(
    post, path = "/api/v1/requester-blocks/{id}/lift", tag = "requester-blocks", operation_id = "lift_requester_block",
    params(("id" = Uuid, Path)),
    request_body = BlockDecision,
    responses((status = 200, body = RequesterBlock), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn lift(
    actor: Actor<DecideBlocks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<BlockDecision>,
) -> Result<Json<RequesterBlock>> {
    let done = (Action::Lift, Some(needed("note", &request.note)?));
    decide(app, actor.who(), (id, request.version), done).await
}
