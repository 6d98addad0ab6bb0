//! Items over HTTP: which is next, and what came of its call.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid, not_found};
use kernel::text::checked;
use kernel::{Actor, PersonName, Phone, Principal, Role, audit, versioned};
use organization::Colleague;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::AttemptOutcome;
use super::form::{self, Answers};
use super::store::{self, ItemFilter, Told, item_row, list};
use crate::outbound::{ManageFollowUps, Outbound, PlaceCalls, ViewFollowUps, store as orders};

pub(super) fn routes(outbound: &Outbound) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(items))
        .routes(routes!(next))
        .routes(routes!(get))
        .routes(routes!(tell))
        .routes(routes!(assign))
        .with_state(outbound.clone())
}

/// Somebody to be asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpItem {
    /// Identifies it.
    pub id: Uuid,
    /// Its list.
    pub list_id: Uuid,
    /// Its place in the list.
    pub seq: i32,
    /// The number, masked.
    #[schema(value_type = String)]
    pub number: Phone,
    /// The name, masked.
    #[schema(value_type = Option<String>)]
    pub name: Option<PersonName>,
    /// What the agent should know.
    pub note: Option<String>,
    /// The requester it is.
    pub requester_id: Option<Uuid>,
    /// The ticket it is about.
    pub ticket_id: Option<Uuid>,
    /// Who calls.
    pub owner: Option<Colleague>,
    /// `waiting`, `calling`, `reached`, `refused`, `wrong_number` or `unreached`.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// Calls so far.
    pub attempts: i32,
    /// The last of them.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// From when he may be called; null once nobody calls any more, and while an outcome is owed.
    pub next_at: Option<DateTime<Utc>>,
    /// The outcome of the last call.
    pub outcome: Option<String>,
    /// His answers by the codes of the questions.
    #[schema(value_type = Option<Object>)]
    pub answers: Option<Value>,
    /// Rises with each change.
    pub version: i64,
}

/// One call to an item.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpAttempt {
    /// From 1.
    pub n: i32,
    /// Who called.
    pub agent: Option<Colleague>,
    /// When.
    pub at: DateTime<Utc>,
    /// The record of the call.
    pub call_id: Option<Uuid>,
    /// They talked; null while the call runs.
    pub talked: Option<bool>,
    /// `reached`, `busy`, `no_answer`, `wrong_number` or `refused`; null while it is owed.
    pub outcome: Option<String>,
    /// What the agent noted.
    pub note: Option<String>,
}

/// An item with its calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpItemDetail {
    /// What lists show.
    #[serde(flatten)]
    pub item: FollowUpItem,
    /// The calls, the first first.
    pub calls: Vec<FollowUpAttempt>,
}

pub(super) async fn views(
    conn: &impl ConnectionTrait,
    rows: Vec<item_row::Model>,
) -> Result<Vec<FollowUpItem>> {
    let who: Vec<Uuid> = rows.iter().filter_map(|row| row.owner_id).collect();
    let people = organization::colleagues(conn, who).await?;
    let views = rows.into_iter().map(|row| FollowUpItem {
        owner: row.owner_id.and_then(|id| people.get(&id).cloned()),
        id: row.id,
        list_id: row.list_id,
        seq: row.seq,
        number: Phone::new(row.number),
        name: row.name.map(PersonName::new),
        note: row.note,
        requester_id: row.requester_id,
        ticket_id: row.ticket_id,
        state: row.state,
        open: row.open,
        attempts: row.attempts,
        last_attempt_at: row.last_attempt_at,
        next_at: row.next_at,
        outcome: row.outcome,
        answers: row.answers,
        version: row.version,
    });
    Ok(views.collect())
}

async fn detail(outbound: &Outbound, row: item_row::Model) -> Result<FollowUpItemDetail> {
    let (conn, id) = (outbound.app().db.read(), row.id);
    let item = views(conn, vec![row]).await?.pop();
    let item = item.ok_or_else(|| internal("an item has no view"))?;
    let attempts = store::attempts(conn, id).await?;
    let who: Vec<Uuid> = attempts.iter().map(|attempt| attempt.agent_id).collect();
    let people = organization::colleagues(conn, who).await?;
    let placed = orders::of_subject(conn, orders::row::Column::ItemId, id).await?;
    let call_of = |order: Uuid| {
        let found = placed.iter().find(|placed| placed.id == order);
        found.and_then(|placed| placed.call_id)
    };
    let calls = (1..).zip(attempts).map(|(n, attempt)| FollowUpAttempt {
        n,
        agent: people.get(&attempt.agent_id).cloned(),
        at: attempt.at,
        call_id: call_of(attempt.order_id),
        talked: attempt.talked,
        outcome: attempt.outcome,
        note: attempt.note,
    });
    Ok(FollowUpItemDetail {
        item,
        calls: calls.collect(),
    })
}

/// Lists the items of a list in its order; `q` is a whole number or a part of a name.
#[utoipa::path(
    get, path = "/api/v1/follow-up-lists/{id}/items", tag = "follow-ups", operation_id = "list_follow_up_items",
    params(("id" = Uuid, Path), ListQuery, ItemFilter),
    responses((status = 200, body = Page<FollowUpItem>), (status = 404, body = Problem)),
)]
pub(crate) async fn items(
    actor: Actor<ViewFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<ItemFilter>,
) -> Result<Json<Page<FollowUpItem>>> {
    let (app, conn) = (outbound.app(), outbound.app().db.read());
    store::get(conn, actor.scope(), id).await?;
    let asked = (&query, &filter);
    let page = store::items(app, conn, actor.user_id(), id, asked).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// The item that comes next for an agent.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextFollowUp {
    /// The item; null while there is none to be called.
    pub item: Option<FollowUpItemDetail>,
}

/// The item that the actor calls next: first one whose outcome he owes, then one of his that may be called now, then
/// one that nobody has.
#[utoipa::path(
    get, path = "/api/v1/follow-up-lists/{id}/next", tag = "follow-ups", operation_id = "next_follow_up",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = NextFollowUp), (status = 404, body = Problem)),
)]
pub(crate) async fn next(
    actor: Actor<ViewFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
) -> Result<Json<NextFollowUp>> {
    let (app, conn) = (outbound.app(), outbound.app().db.read());
    let list = store::get(conn, actor.scope(), id).await?;
    let found = if list.open {
        store::next_of(conn, id, actor.user_id(), app.clock.now()).await?
    } else {
        None
    };
    let item = match found {
        Some(row) => Some(detail(&outbound, row).await?),
        None => None,
    };
    Ok(Json(NextFollowUp { item }))
}

/// One item, as far as the actor may see its list.
async fn seen(
    conn: &impl ConnectionTrait,
    actor: &Actor<ViewFollowUps>,
    id: Uuid,
) -> Result<item_row::Model> {
    let item = store::item(conn, id).await?;
    store::get(conn, actor.scope(), item.list_id).await?;
    Ok(item)
}

/// One item with its calls.
#[utoipa::path(
    get, path = "/api/v1/follow-up-items/{id}", tag = "follow-ups", operation_id = "get_follow_up_item",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = FollowUpItemDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
) -> Result<Json<FollowUpItemDetail>> {
    let row = seen(outbound.app().db.read(), &actor, id).await?;
    Ok(Json(detail(&outbound, row).await?))
}

/// What came of the last call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TellFollowUp {
    /// The version that was read.
    version: i64,
    /// `reached`, `busy`, `no_answer`, `wrong_number` or `refused`.
    outcome: AttemptOutcome,
    /// His answers by the codes of the questions; only of who was reached.
    #[serde(default)]
    #[schema(value_type = Object)]
    answers: Answers,
    /// What else is to be known.
    note: Option<String>,
}

/// Tells what came of the last call. 409 `follow_up_not_called` where none is open; 422 for answers that do not fit.
#[utoipa::path(
    post, path = "/api/v1/follow-up-items/{id}/result", tag = "follow-ups", operation_id = "tell_follow_up",
    params(("id" = Uuid, Path)),
    request_body = TellFollowUp,
    responses(
        (status = 200, body = FollowUpItemDetail), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    ),
)]
pub(crate) async fn tell(
    actor: Actor<PlaceCalls>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Json(asked): Json<TellFollowUp>,
) -> Result<Json<FollowUpItemDetail>> {
    let app = outbound.app().clone();
    let note = asked.note.as_deref().map(|note| checked("note", note));
    let note = note.transpose()?.filter(|note| !note.is_empty());
    if asked.outcome != AttemptOutcome::Reached && !asked.answers.is_empty() {
        return Err(invalid(
            "answers",
            "answer_unknown",
            "only who was reached can answer",
        ));
    }
    let (who, principal) = (actor.who(), actor.principal().clone());
    let row = app
        .db
        .clone()
        .write(async move |tx| {
            let before = versioned::as_read(store::item(&*tx, id).await?, asked.version)?;
            must_be_his(&before, &principal)?;
            let list = list::Entity::find_by_id(before.list_id).one(&*tx).await?;
            let list = list.ok_or_else(|| not_found("list"))?;
            let answers = match asked.outcome {
                AttemptOutcome::Reached => {
                    Some(json!(form::fitting(&list.form()?, &asked.answers)?))
                }
                _ => None,
            };
            let told = Told {
                outcome: asked.outcome,
                answers,
                note,
            };
            store::tell(&app, &tx, &who, &before, told).await
        })
        .await?;
    Ok(Json(detail(&outbound, row).await?))
}

fn must_be_his(item: &item_row::Model, principal: &Principal) -> Result<()> {
    if item.owner_id == Some(principal.user_id) {
        return Ok(());
    }
    Err(not_found("item of yours"))
}

/// Who is to call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignFollowUp {
    /// The version that was read.
    version: i64,
    /// An agent; null for who takes it.
    owner_id: Option<Uuid>,
}

/// Gives an item to an agent.
#[utoipa::path(
    post, path = "/api/v1/follow-up-items/{id}/assign", tag = "follow-ups", operation_id = "assign_follow_up",
    params(("id" = Uuid, Path)),
    request_body = AssignFollowUp,
    responses((status = 200, body = FollowUpItemDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn assign(
    actor: Actor<ManageFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Json(asked): Json<AssignFollowUp>,
) -> Result<Json<FollowUpItemDetail>> {
    let app = outbound.app().clone();
    if let Some(owner) = asked.owner_id {
        let agent = organization::colleagues::holder(app.db.read(), Role::Agent, owner).await?;
        if agent.is_none() {
            return Err(invalid("owner_id", "not_an_agent", "only agents call"));
        }
    }
    let who = actor.who();
    let row = app
        .db
        .clone()
        .write(async move |tx| {
            let before = versioned::as_read(store::item(&*tx, id).await?, asked.version)?;
            let mut after = before.clone();
            after.owner_id = asked.owner_id;
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let facts = json!({ "owner_id": after.owner_id });
            audit::record(
                &app,
                &*tx,
                &who,
                "follow_up.assigned",
                "follow_up_item",
                id,
                facts,
            )
            .await?;
            Ok(after)
        })
        .await?;
    Ok(Json(detail(&outbound, row).await?))
}
