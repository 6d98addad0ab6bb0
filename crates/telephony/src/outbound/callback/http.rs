//! Call-backs over HTTP.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid, not_found};
use kernel::text::needed;
use kernel::{Actor, Phone, Role, versioned};
use organization::Colleague;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Action;
use super::store::{self, CallbackFilter, row};
use crate::outbound::http::{OutboundCall, views as calls};
use crate::outbound::store::{of_subject, row as order};
use crate::outbound::{CloseCallbacks, Outbound, PlaceCalls, ViewCallbacks};

pub(crate) fn routes(outbound: &Outbound) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(assign))
        .routes(routes!(give_up))
        .routes(routes!(settle))
        .routes(routes!(figures))
        .with_state(outbound.clone())
}

/// A call-back.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallbackView {
    /// Identifies it.
    pub id: Uuid,
    /// The number, masked; empty when it was withheld.
    #[schema(value_type = String)]
    pub number: Phone,
    /// The requester it belongs to.
    pub requester_id: Option<Uuid>,
    /// The queue of the first missed call.
    pub queue: Option<String>,
    /// `open`, `reached`, `called_in`, `unreached` or `no_number`.
    pub state: String,
    /// Somebody owes a call.
    pub open: bool,
    /// Who calls back; null while nobody is there.
    pub owner: Option<Colleague>,
    /// Calls missed.
    pub missed: i32,
    /// The first of them.
    pub first_missed_at: DateTime<Utc>,
    /// The last of them.
    pub last_missed_at: DateTime<Utc>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// It was over its time before anybody called.
    pub breached: bool,
    /// Calls that got as far as the requester's telephone.
    pub attempts: i32,
    /// He was called in time; null while that is not settled, and where it does not count.
    pub in_time: Option<bool>,
    /// When it was over.
    pub closed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub closed_by: Option<Colleague>,
    /// The call that closed it.
    pub closing_call: Option<Uuid>,
    /// Why it was given up, or how it was settled.
    pub note: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

/// A missed call.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissedCall {
    /// The call.
    pub call_id: Uuid,
    /// When it came.
    pub missed_at: DateTime<Utc>,
    /// Why nobody answered: `abandoned`, `no_agent_answer`, `interrupted`.
    pub outcome: Option<String>,
    /// How long the requester waited, in milliseconds; null when that is not known.
    pub wait_ms: Option<i64>,
}

/// A call-back with its calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallbackDetail {
    /// What lists show.
    #[serde(flatten)]
    pub callback: CallbackView,
    /// The missed calls, the last first.
    pub missed_calls: Vec<MissedCall>,
    /// The calls to the requester, the last first.
    pub calls: Vec<OutboundCall>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<CallbackView>> {
    let who: Vec<Uuid> = rows
        .iter()
        .flat_map(|row| [row.owner_id, row.closed_by])
        .flatten()
        .collect();
    let people = organization::colleagues(conn, who).await?;
    let one = |id: Option<Uuid>| people.get(&id?).cloned();
    let views = rows.into_iter().map(|row| CallbackView {
        owner: one(row.owner_id),
        closed_by: one(row.closed_by),
        id: row.id,
        number: Phone::new(row.number),
        requester_id: row.requester_id,
        queue: row.queue,
        state: row.state,
        open: row.open,
        missed: row.missed,
        first_missed_at: row.first_missed_at,
        last_missed_at: row.last_missed_at,
        due_at: row.due_at,
        breached: row.breached,
        attempts: row.attempts,
        in_time: row.in_time,
        closed_at: row.closed_at,
        closing_call: row.closing_call,
        note: row.note,
        version: row.version,
    });
    Ok(views.collect())
}

async fn detail(outbound: &Outbound, row: row::Model) -> Result<Json<CallbackDetail>> {
    let (conn, id) = (outbound.app().db.read(), row.id);
    let callback = views(conn, vec![row]).await?.pop();
    let callback = callback.ok_or_else(|| internal("a call-back has no view"))?;
    let missed = store::missed_of(conn, id).await?;
    let missed_calls = missed.into_iter().map(|missed| MissedCall {
        call_id: missed.work_id,
        missed_at: missed.missed_at,
        outcome: missed.outcome,
        wait_ms: missed.wait_ms,
    });
    let orders = of_subject(conn, order::Column::CallbackId, id).await?;
    Ok(Json(CallbackDetail {
        callback,
        missed_calls: missed_calls.collect(),
        calls: calls(conn, orders).await?,
    }))
}

/// Lists call-backs, the last missed first; `sort=due_at` puts the one that is due next first. `q` is a whole number.
#[utoipa::path(
    get, path = "/api/v1/callbacks", tag = "callbacks", operation_id = "list_callbacks",
    params(ListQuery, CallbackFilter),
    responses((status = 200, body = Page<CallbackView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewCallbacks>,
    State(outbound): State<Outbound>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<CallbackFilter>,
) -> Result<Json<Page<CallbackView>>> {
    let (app, conn) = (outbound.app(), outbound.app().db.read());
    let page = store::list(app, conn, actor.user_id(), (&query, &filter)).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// One call-back with its missed calls and the calls to the requester.
#[utoipa::path(
    get, path = "/api/v1/callbacks/{id}", tag = "callbacks", operation_id = "get_callback",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CallbackDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    _actor: Actor<ViewCallbacks>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
) -> Result<Json<CallbackDetail>> {
    let row = store::get(outbound.app().db.read(), id).await?;
    detail(&outbound, row).await
}

/// Who is to call back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignCallback {
    /// The version that was read.
    version: i64,
    /// An agent.
    owner_id: Uuid,
}

/// Gives a call-back to an agent.
#[utoipa::path(
    post, path = "/api/v1/callbacks/{id}/assign", tag = "callbacks", operation_id = "assign_callback",
    params(("id" = Uuid, Path)),
    request_body = AssignCallback,
    responses((status = 200, body = CallbackDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn assign(
    actor: Actor<CloseCallbacks>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Json(asked): Json<AssignCallback>,
) -> Result<Json<CallbackDetail>> {
    let conn = outbound.app().db.read();
    let agent = organization::colleagues::holder(conn, Role::Agent, asked.owner_id).await?;
    if agent.is_none() {
        return Err(invalid("owner_id", "not_an_agent", "only agents call back"));
    }
    let action = Action::Assign { to: asked.owner_id };
    step(&outbound, actor.who(), (id, asked.version), action, None).await
}

/// Why a call-back is over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndCallback {
    /// The version that was read.
    version: i64,
    /// Why it is given up, or how the requester was reached.
    reason: String,
}

/// Gives a call-back up: its owner after all attempts that are agreed. 409 `callback_attempts_left`; 404 for the
/// call-back of somebody else.
#[utoipa::path(
    post, path = "/api/v1/callbacks/{id}/give-up", tag = "callbacks", operation_id = "give_up_callback",
    params(("id" = Uuid, Path)),
    request_body = EndCallback,
    responses((status = 200, body = CallbackDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn give_up(
    actor: Actor<ViewCallbacks>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Json(asked): Json<EndCallback>,
) -> Result<Json<CallbackDetail>> {
    let principal = actor.principal();
    let lead = principal.may::<CloseCallbacks>();
    if !lead {
        // Who may not call has nothing to give up.
        Actor::<PlaceCalls>::of(principal.clone())?;
        let row = store::get(outbound.app().db.read(), id).await?;
        if row.owner_id != Some(actor.user_id()) {
            return Err(not_found("callback of yours"));
        }
    }
    let reason = needed("reason", &asked.reason)?;
    let action = Action::GiveUp { lead };
    let version = (id, asked.version);
    step(&outbound, actor.who(), version, action, Some(reason)).await
}

/// Closes a call-back whose requester was reached another way.
#[utoipa::path(
    post, path = "/api/v1/callbacks/{id}/settle", tag = "callbacks", operation_id = "settle_callback",
    params(("id" = Uuid, Path)),
    request_body = EndCallback,
    responses((status = 200, body = CallbackDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn settle(
    actor: Actor<CloseCallbacks>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Json(asked): Json<EndCallback>,
) -> Result<Json<CallbackDetail>> {
    let reason = needed("reason", &asked.reason)?;
    let version = (id, asked.version);
    step(
        &outbound,
        actor.who(),
        version,
        Action::Settle,
        Some(reason),
    )
    .await
}

async fn step(
    outbound: &Outbound,
    who: kernel::audit::Who,
    (id, version): (Uuid, i64),
    action: Action,
    note: Option<String>,
) -> Result<Json<CallbackDetail>> {
    let app = outbound.app().clone();
    let db = app.db.clone();
    let (row, works) = db
        .write(async move |tx| {
            let before = versioned::as_read(store::get(&*tx, id).await?, version)?;
            let more = |after: &mut row::Model| {
                if note.is_some() {
                    after.note = note;
                }
            };
            store::act(&app, &tx, &who, &before, (action, more)).await
        })
        .await?;
    for work in works {
        outbound.floor().callback_done(work).await?;
    }
    detail(outbound, row).await
}

/// Which days.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackSpan {
    /// Missed first at or after; since ever when left out.
    from: Option<DateTime<Utc>>,
    /// Missed first before.
    to: Option<DateTime<Utc>>,
}

/// How missed calls are returned.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallbackFigures {
    /// Call-backs that count: called, or due and not called. Not those who called in before, or withheld their number.
    pub due: u64,
    /// Called within the time.
    pub in_time: u64,
    /// `in_time` of `due` in basis points; null while nothing was due.
    pub rate_bp: Option<u64>,
    /// The rate in words.
    pub formula: &'static str,
    /// Talked with.
    pub reached: u64,
    /// Called in themselves, and were answered.
    pub called_in: u64,
    /// Given up.
    pub unreached: u64,
    /// Withheld their number.
    pub no_number: u64,
    /// Owed now.
    pub open: u64,
    /// Owed now, and not called within the time.
    pub overdue: u64,
}

const FORMULA: &str = "时限内首次回拨的漏接来电 ÷ 应回拨的漏接来电（同一号码合并；未回拨前自行来电接通的、无号码的不计）";

/// How missed calls are returned: the call-back rate and what it is made of. Each figure is a filter of the list.
#[utoipa::path(
    get, path = "/api/v1/callback-figures", tag = "callbacks", operation_id = "callback_figures",
    params(CallbackSpan),
    responses((status = 200, body = CallbackFigures)),
)]
pub(crate) async fn figures(
    _actor: Actor<ViewCallbacks>,
    State(outbound): State<Outbound>,
    Query(span): Query<CallbackSpan>,
) -> Result<Json<CallbackFigures>> {
    use row::Column as C;
    let conn = outbound.app().db.read();
    let count = async |condition: Condition| -> Result<u64> {
        let condition = condition
            .add_option(span.from.map(|from| C::FirstMissedAt.gte(from)))
            .add_option(span.to.map(|to| C::FirstMissedAt.lt(to)));
        Ok(row::Entity::find().filter(condition).count(conn).await?)
    };
    let all = Condition::all;
    let in_state = |state: &'static str| all().add(C::State.eq(state));
    let due = count(all().add(C::InTime.is_not_null())).await?;
    let in_time = count(all().add(C::InTime.eq(true))).await?;
    Ok(Json(CallbackFigures {
        due,
        in_time,
        rate_bp: (in_time * 10_000).checked_div(due),
        formula: FORMULA,
        reached: count(in_state("reached")).await?,
        called_in: count(in_state("called_in")).await?,
        unreached: count(in_state("unreached")).await?,
        no_number: count(in_state("no_number")).await?,
        open: count(in_state("open")).await?,
        overdue: count(in_state("open").add(C::InTime.eq(false))).await?,
    }))
}
