//! The screen pop: who calls, and what is known, while it still rings.

use std::time::Duration;

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, not_found};
use kernel::{Actor, App, Scope};
use organization::Colleague;
use requesters::Requester;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ViewContactRecords;
use crate::contact::http::{ContactView, contact_views};
use crate::contact::store::row::Model as ContactRow;
use crate::contact::{events, store as contacts};

use crate::ticket::http::{TicketView, ticket_views};
use crate::ticket::store as tickets;
use crate::ticket::viewer::Viewer;

/// How many earlier contacts are shown.
const LAST: u64 = 5;

/// How long the journal of a call that has just begun is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// A call rings for at most so long after it began: the longest wait of a queue.
const FRESH: TimeDelta = TimeDelta::hours(2);

/// An earlier contact of the requester.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastContact {
    /// The call.
    pub id: Uuid,
    /// `voice` or `chat`.
    pub medium: String,
    /// Where it was taken: `shoujie`, or elsewhere: `freeswitch`, `import`, `form`.
    pub source: String,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// The queue's code.
    pub queue: Option<String>,
    /// Who took it; null when nobody did.
    pub agent: Option<Colleague>,
    /// When it began.
    pub offered_at: DateTime<Utc>,
    /// When an agent took it.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The call's outcome.
    pub outcome: Option<String>,
    /// `draft`, `complete`, `owed` or `missed`.
    pub state: String,
    /// 诉求类型
    pub request_type: Option<String>,
    /// Code of the matter.
    pub matter: Option<String>,
    /// Its name.
    pub matter_name: Option<String>,
    /// 处理结果
    pub result: Option<String>,
    /// 摘要
    pub summary: String,
    /// The ticket it belongs to.
    pub ticket_id: Option<Uuid>,
}

/// What the agent sees while the phone rings.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pop {
    /// Who calls, masked; a number proves nothing by itself.
    pub requester: Requester,
    /// The last five contacts before this one, the newest first.
    pub calls: Vec<PastContact>,
    /// The requester's open tickets, whoever owns them, the newest first.
    pub tickets: Vec<TicketView>,
    /// The record of this contact.
    pub contact_record: ContactView,
}

impl From<ContactView> for PastContact {
    fn from(view: ContactView) -> Self {
        Self {
            id: view.call_id,
            medium: view.medium,
            source: view.source,
            direction: view.direction,
            queue: view.queue,
            agent: view.agent,
            offered_at: view.at,
            answered_at: view.answered_at,
            ended_at: view.ended_at,
            outcome: view.outcome,
            state: view.state,
            request_type: view.request_type,
            matter: view.matter,
            matter_name: view.matter_name,
            result: view.result,
            summary: view.summary,
            ticket_id: view.ticket_id,
        }
    }
}

/// The pop of a call for somebody with `scope`: with `Own` only the agent being rung, or who took it.
///
/// It does not wait for the delivery of the call's events: what was told and not heard yet is heard now. A phone rings
/// before its call is written where the database is slow: of one that has just begun it waits for the journal.
pub async fn for_call(app: &App, viewer: &Viewer, scope: &Scope, call: Uuid) -> Result<Pop> {
    let conn = app.db.read();
    let record = written(app, scope, call).await?;
    let requester = requesters::find(conn, record.requester_id)
        .await?
        .ok_or_else(|| not_found("requester"))?;
    let past = contacts::last_of(conn, record.requester_id, call, LAST).await?;
    let mut tickets = tickets::open_of(conn, record.requester_id).await?;
    // Nobody meets a complaint about himself.
    tickets.retain(|ticket| ticket.complained_agent_id != Some(viewer.user_id));
    let mut contacts = contact_views(conn, [vec![record], past].concat())
        .await?
        .into_iter();
    let contact_record = contacts.next().ok_or_else(|| not_found("contact record"))?;
    // What came in shows a number that anybody can pretend to have.
    let came_in = contact_record.direction == "inbound" && contact_record.medium == "voice";
    Ok(Pop {
        requester: if came_in {
            requester.on_a_call()
        } else {
            requester
        },
        calls: contacts.map(Into::into).collect(),
        tickets: ticket_views(conn, app.clock.now(), viewer, tickets).await?,
        contact_record,
    })
}

async fn written(app: &App, scope: &Scope, call: Uuid) -> Result<ContactRow> {
    let until = app.clock.monotonic() + PATIENCE;
    loop {
        match contacts::get(app.db.read(), scope, call).await {
            Err(problem) if problem.status == 404 => {}
            known => return known,
        }
        events::catch_up(app, call).await?;
        match contacts::get(app.db.read(), scope, call).await {
            Err(problem) if problem.status == 404 => {
                let awaited = is_fresh(app.clock.now(), call) && app.clock.monotonic() < until;
                if !awaited {
                    return Err(problem);
                }
            }
            known => return known,
        }
        app.clock.sleep(LOOK_AGAIN).await;
    }
}

/// Its id, which carries the time it was made at, is of the last minutes; nobody waits for what is not there.
fn is_fresh(now: DateTime<Utc>, call: Uuid) -> bool {
    let made = call
        .get_timestamp()
        .and_then(|made| i64::try_from(made.to_unix().0).ok())
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    made.is_some_and(|made| now - made < FRESH)
}

/// Who calls, with the last five contacts and the open tickets.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/pop", tag = "tickets",
    params(("id" = Uuid, Path, description = "The call")),
    responses((status = 200, body = Pop), (status = 404, body = Problem)),
)]
pub(crate) async fn show(
    actor: Actor<ViewContactRecords>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<Pop>> {
    let viewer = Viewer::of(&app, &actor).await?;
    Ok(Json(for_call(&app, &viewer, actor.scope(), id).await?))
}

/// Who writes, with the last five contacts and the open tickets.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/pop", tag = "tickets",
    params(("id" = Uuid, Path, description = "The conversation")),
    responses((status = 200, body = Pop), (status = 404, body = Problem)),
)]
pub(crate) async fn of_conversation(
    actor: Actor<ViewContactRecords>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<Pop>> {
    let viewer = Viewer::of(&app, &actor).await?;
    Ok(Json(for_call(&app, &viewer, actor.scope(), id).await?))
}
