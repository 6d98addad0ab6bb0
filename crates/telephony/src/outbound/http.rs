//! Calling out over HTTP, and what went out and what did not.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal};
use kernel::text::checked;
use kernel::{Actor, Phone};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Counted, OutboundFilter, RefusalFilter, refusal, row};
use super::{Asked, Outbound, PlaceCalls, ViewOutbound, place, rules};

pub(crate) fn routes(outbound: &Outbound) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(call_out))
        .routes(routes!(list))
        .routes(routes!(refusals))
        .routes(routes!(figures))
        .with_state(outbound.clone())
}

/// Whom to call, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCall {
    /// The number; that of what the call is about when left out.
    to: Option<String>,
    /// The code of a purpose: `follow_up`, `callback`, `case_work`, `other`.
    purpose: String,
    /// Why, where the purpose needs it.
    note: Option<String>,
    /// The ticket it is about.
    ticket_id: Option<Uuid>,
    /// The item of a list of follow-ups it is for.
    item_id: Option<Uuid>,
    /// The missed call it returns.
    callback_id: Option<Uuid>,
}

/// A call that was let out.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboundCall {
    /// Identifies it.
    pub id: Uuid,
    /// Its record, once it is placed.
    pub call_id: Option<Uuid>,
    /// Who called.
    pub agent: Option<Colleague>,
    /// The number, masked.
    #[schema(value_type = String)]
    pub number: Phone,
    /// The requester it belongs to.
    pub requester_id: Option<Uuid>,
    /// The code of its purpose.
    pub purpose: String,
    /// Why, in the agent's words.
    pub note: Option<String>,
    /// The queue it counts for.
    pub queue: Option<String>,
    /// The number shown over there.
    pub caller_id: String,
    /// The ticket it is about.
    pub ticket_id: Option<Uuid>,
    /// The item of a list it is for.
    pub item_id: Option<Uuid>,
    /// The missed call it returns.
    pub callback_id: Option<Uuid>,
    /// The running call that it is a consultation or a transfer of.
    pub within_call: Option<Uuid>,
    /// It went to somebody who does not want to be called, by a permit.
    pub permitted: bool,
    /// `ordered`, `placed`, `ended` or `failed`.
    pub state: String,
    /// Why it could not be placed: a stable code.
    pub problem: Option<String>,
    /// The outcome of its record.
    pub outcome: Option<String>,
    /// When it was let out.
    pub placed_at: DateTime<Utc>,
    /// When they began to talk.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
}

pub(crate) async fn views(
    conn: &impl ConnectionTrait,
    rows: Vec<row::Model>,
) -> Result<Vec<OutboundCall>> {
    let agents: Vec<Uuid> = rows.iter().map(|row| row.agent_id).collect();
    let people = organization::colleagues(conn, agents).await?;
    let views = rows.into_iter().map(|row| OutboundCall {
        agent: people.get(&row.agent_id).cloned(),
        permitted: row.permit_id.is_some(),
        id: row.id,
        call_id: row.call_id,
        number: Phone::new(row.number),
        requester_id: row.requester_id,
        purpose: row.purpose,
        note: row.note,
        queue: row.queue,
        caller_id: row.caller_id,
        ticket_id: row.ticket_id,
        item_id: row.item_id,
        callback_id: row.callback_id,
        within_call: row.within_call,
        state: row.state,
        problem: row.problem,
        outcome: row.outcome,
        placed_at: row.placed_at,
        answered_at: row.answered_at,
        ended_at: row.ended_at,
    });
    Ok(views.collect())
}

/// Calls somebody: the agent's own device rings first. 409 with the reason when the call may not go out; 503
/// `outbound_not_ready` while there is no line.
#[utoipa::path(
    post, path = "/api/v1/calls", tag = "calls",
    request_body = NewCall,
    responses(
        (status = 201, body = OutboundCall), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 503, body = Problem),
    ),
)]
pub(crate) async fn call_out(
    actor: Actor<PlaceCalls>,
    State(outbound): State<Outbound>,
    Json(new): Json<NewCall>,
) -> Result<(StatusCode, Json<OutboundCall>)> {
    let note = new.note.as_deref().map(|note| checked("note", note));
    let asked = Asked {
        to: new.to.filter(|to| !to.trim().is_empty()),
        purpose: new.purpose,
        note: note.transpose()?.filter(|note| !note.is_empty()),
        ticket_id: new.ticket_id,
        item_id: new.item_id,
        callback_id: new.callback_id,
        desk_phone: false,
    };
    let row = place(&outbound, actor.principal(), asked).await?;
    let view = views(outbound.app().db.read(), vec![row]).await?.pop();
    let view = view.ok_or_else(|| internal("an outbound call has no view"))?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Lists outbound calls, the last first; `q` is a whole number.
#[utoipa::path(
    get, path = "/api/v1/outbound-calls", tag = "calls", operation_id = "list_outbound_calls",
    params(ListQuery, OutboundFilter),
    responses((status = 200, body = Page<OutboundCall>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewOutbound>,
    State(outbound): State<Outbound>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<OutboundFilter>,
) -> Result<Json<Page<OutboundCall>>> {
    let (app, conn) = (outbound.app(), outbound.app().db.read());
    let page = store::list(app, conn, actor.scope(), (&query, &filter)).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// A call that was not let out.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboundRefusal {
    /// Identifies it.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who wanted to call.
    pub agent: Option<Colleague>,
    /// Why it was not let out: a stable code.
    pub code: String,
    /// The purpose that was named.
    pub purpose: String,
    /// The number, masked; empty where there was none.
    pub number: String,
}

/// Lists calls that were not let out, the last first; `q` is a whole number.
#[utoipa::path(
    get, path = "/api/v1/outbound-refusals", tag = "calls", operation_id = "list_outbound_refusals",
    params(ListQuery, RefusalFilter),
    responses((status = 200, body = Page<OutboundRefusal>)),
)]
pub(crate) async fn refusals(
    actor: Actor<ViewOutbound>,
    State(outbound): State<Outbound>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<RefusalFilter>,
) -> Result<Json<Page<OutboundRefusal>>> {
    let (app, conn) = (outbound.app(), outbound.app().db.read());
    let page = store::refusals(app, conn, actor.scope(), (&query, &filter)).await?;
    let shown = page.shown(async |rows: Vec<refusal::Model>| {
        let agents: Vec<Uuid> = rows.iter().map(|row| row.agent_id).collect();
        let people = organization::colleagues(conn, agents).await?;
        let views = rows.into_iter().map(|row| OutboundRefusal {
            agent: people.get(&row.agent_id).cloned(),
            id: row.id,
            at: row.at,
            code: row.code,
            purpose: row.purpose,
            number: row.number,
        });
        Ok(views.collect())
    });
    Ok(Json(shown.await?))
}

/// Today in figures, and what is agreed.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboundFigures {
    /// Calls of today by purpose: the actor's own, or all.
    pub placed: Vec<Counted>,
    /// Calls that were not let out today, by reason.
    pub refused: Vec<Counted>,
    /// Calls of one agent in a day.
    pub most_per_agent: u64,
    /// Calls to one number in a day.
    pub most_per_number: u64,
    /// Calls of everybody in a day.
    pub most_in_all: u64,
    /// From when in a day requesters may be called: `08:30`.
    pub call_from: String,
    /// Until when.
    pub call_to: String,
    /// Also on days off.
    pub on_days_off: bool,
    /// Attempts that an item of a list has.
    pub follow_up_attempts: u32,
    /// Attempts after which a missed call may be given up.
    pub callback_attempts: u32,
    /// Purposes that somebody may be called for now.
    pub purposes: Vec<rules::OutboundPurpose>,
}

/// Today in figures, and what is agreed.
#[utoipa::path(
    get, path = "/api/v1/outbound-figures", tag = "calls", operation_id = "outbound_figures",
    responses((status = 200, body = OutboundFigures)),
)]
pub(crate) async fn figures(
    actor: Actor<ViewOutbound>,
    State(outbound): State<Outbound>,
) -> Result<Json<OutboundFigures>> {
    let (app, conn) = (outbound.app(), outbound.app().db.read());
    let now = app.clock.now();
    let day = store::day_of(now);
    let limits = rules::limits(app, conn).await?;
    let purposes = kernel::rule::in_force::<rules::OutboundPurpose>(conn, now).await?;
    let time = |time: chrono::NaiveTime| time.format("%H:%M").to_string();
    Ok(Json(OutboundFigures {
        placed: store::placed_on(conn, actor.scope(), &day).await?,
        refused: store::refused_on(conn, actor.scope(), &day).await?,
        most_per_agent: limits.most_per_agent,
        most_per_number: limits.most_per_number,
        most_in_all: limits.most_in_all,
        call_from: time(limits.call_from),
        call_to: time(limits.call_to),
        on_days_off: limits.on_days_off,
        follow_up_attempts: limits.follow_up_attempts,
        callback_attempts: limits.callback_attempts,
        purposes: purposes.into_iter().filter(|row| row.active).collect(),
    }))
}
