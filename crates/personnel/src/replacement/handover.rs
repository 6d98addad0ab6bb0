//! The open tickets of who leaves: offered to colleagues, each of whom accepts before it becomes his.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, not_found, refused};
use kernel::text::needed;
use kernel::{Actor, App, Audience, Role, Tx};
use organization::Colleague;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait,
    IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::{Office, ReplacementDetail, detail};
use super::store as replacements;
use crate::rights::{AnswerHandovers, OfferHandovers};
use crate::staff::store as staff;
use crate::trail::Scribe;

/// Handovers of one list.
const SHOWN: u64 = 500;

/// An open ticket of who leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenTicket {
    /// Identifies it.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
}

/// Where the open tickets of somebody are known and given to somebody else. Wired in `server`.
pub trait OpenTickets: Send + Sync {
    /// The open tickets this user owns.
    fn of_owner(&self, user: Uuid) -> BoxFuture<'_, Result<Vec<OpenTicket>>>;
    /// Gives a ticket to this user, who said yes.
    fn give<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        given: (Uuid, Uuid),
        reason: &'a str,
    ) -> BoxFuture<'a, Result<()>>;
}

kernel::table! {
    pub(crate) mod row = "handovers" (id: Uuid) {
        replacement_id: Uuid,
        ticket_id: Uuid,
        number: String,
        title: String,
        to_id: Uuid,
        offered_by: Option<Uuid>,
        offered_at: DateTimeUtc,
        accepted_at: Option<DateTimeUtc>,
        declined_at: Option<DateTimeUtc>,
        note: Option<String>,
    }
}

/// A ticket that is handed over.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandoverView {
    /// Identifies it.
    pub id: Uuid,
    /// The replacement.
    pub replacement_id: Uuid,
    /// The ticket.
    pub ticket_id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Who is to take it.
    pub to: Option<Colleague>,
    /// When it was offered.
    pub offered_at: DateTime<Utc>,
    /// When he accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When he declined.
    pub declined_at: Option<DateTime<Utc>>,
    /// Why he declined; null where it was offered to somebody else instead.
    pub note: Option<String>,
}

/// Handovers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Handovers {
    /// The oldest first.
    pub items: Vec<HandoverView>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<HandoverView>> {
    let people = organization::colleagues(conn, rows.iter().map(|row| row.to_id)).await?;
    let view = |row: row::Model| HandoverView {
        to: people.get(&row.to_id).cloned(),
        id: row.id,
        replacement_id: row.replacement_id,
        ticket_id: row.ticket_id,
        number: row.number,
        title: row.title,
        offered_at: row.offered_at,
        accepted_at: row.accepted_at,
        declined_at: row.declined_at,
        note: row.note,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// What was offered to whom in one replacement, the oldest first.
pub(crate) async fn of_replacement(
    conn: &impl ConnectionTrait,
    replacement: Uuid,
) -> Result<Vec<HandoverView>> {
    let rows = row::Entity::find()
        .filter(row::Column::ReplacementId.eq(replacement))
        .order_by_asc(row::Column::OfferedAt)
        .limit(SHOWN)
        .all(conn)
        .await?;
    views(conn, rows).await
}

/// The routes of handovers.
pub(crate) fn routes(office: &Office) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(offer))
        .routes(routes!(mine))
        .routes(routes!(accept))
        .routes(routes!(decline))
        .with_state(office.clone())
}

/// A ticket for somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandoverOffer)]
struct Offer {
    /// The ticket.
    ticket_id: Uuid,
    /// Who is to take it.
    to_id: Uuid,
}

/// Offers an open ticket of who leaves to a colleague; it stays where it is until he accepts.
#[utoipa::path(
    post, path = "/api/v1/replacements/{id}/handovers", tag = "staffing", operation_id = "offer_handover",
    params(("id" = Uuid, Path)), request_body = Offer,
    responses((status = 201, body = ReplacementDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn offer(
    actor: Actor<OfferHandovers>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(offer): Json<Offer>,
) -> Result<(StatusCode, Json<ReplacementDetail>)> {
    let app = office.app.clone();
    let replacement = replacements::get(app.db.read(), id).await?;
    if !replacement.open || replacement.notice_on.is_none() {
        return Err(super::Refusal::NotNow.about(&replacement.number));
    }
    let leaves = staff::by_ids(app.db.read(), [replacement.staff_id]).await?;
    let leaves = leaves
        .get(&replacement.staff_id)
        .and_then(|person| person.user_id);
    let owned = match leaves {
        Some(user) => office.tickets.of_owner(user).await?,
        None => Vec::new(),
    };
    let ticket = owned
        .into_iter()
        .find(|ticket| ticket.id == offer.ticket_id);
    let ticket = ticket.ok_or_else(|| not_found("open ticket of who leaves"))?;
    let taker = organization::colleagues::holder(app.db.read(), Role::Agent, offer.to_id).await?;
    if taker.is_none() || Some(offer.to_id) == leaves {
        return Err(
            refused("handover_to_agent", "a ticket goes to another agent").with_field("to_id"),
        );
    }
    let (db, who) = (app.db.clone(), actor.who());
    db.write(move |tx| async move {
        let waiting = row::Entity::find()
            .filter(row::Column::ReplacementId.eq(id))
            .filter(row::Column::TicketId.eq(offer.ticket_id))
            .filter(row::Column::AcceptedAt.is_null())
            .filter(row::Column::DeclinedAt.is_null())
            .all(&*tx)
            .await?;
        // Who was asked before is not asked any more.
        for row in waiting {
            let mut row = row.into_active_model();
            row.declined_at = Set(Some(app.clock.now()));
            row.note = Set(None);
            row.update(&*tx).await?;
        }
        let row = row::Model {
            id: app.ids.next(),
            replacement_id: id,
            ticket_id: ticket.id,
            number: ticket.number,
            title: ticket.title,
            to_id: offer.to_id,
            offered_by: who.user_id,
            offered_at: app.clock.now(),
            accepted_at: None,
            declined_at: None,
            note: None,
        };
        row.clone()
            .into_active_model()
            .reset_all()
            .insert(&*tx)
            .await?;
        tell(&app, &tx, &who, &row, ("offered", None)).await
    })
    .await?;
    Ok((
        StatusCode::CREATED,
        detail(&office, actor.principal(), replacement).await?,
    ))
}

async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "handover",
        id: row.id,
    };
    let facts: Value = json!({
        "number": row.number, "ticket_id": row.ticket_id, "receiver_id": row.to_id, "originator_id": row.offered_by,
        "replacement_id": row.replacement_id,
    });
    scribe.tell(what, note, facts).await?;
    let news = json!({ "kind": "handover", "id": row.id, "what": what });
    let audience = Audience::User(row.to_id);
    app.live.publish_after(tx, audience, "staffing", news);
    Ok(())
}

/// What is offered to me and waits for my answer.
#[utoipa::path(
    get, path = "/api/v1/my-handovers", tag = "staffing", operation_id = "list_my_handovers",
    responses((status = 200, body = Handovers)),
)]
async fn mine(
    actor: Actor<AnswerHandovers>,
    State(office): State<Office>,
) -> Result<Json<Handovers>> {
    let conn = office.app.db.read();
    let rows = row::Entity::find()
        .filter(row::Column::ToId.eq(actor.user_id()))
        .filter(row::Column::AcceptedAt.is_null())
        .filter(row::Column::DeclinedAt.is_null())
        .order_by_asc(row::Column::OfferedAt)
        .limit(SHOWN)
        .all(conn)
        .await?;
    Ok(Json(Handovers {
        items: views(conn, rows).await?,
    }))
}

/// What is offered to this user, held until the end of the transaction.
async fn offered(tx: &Tx, user: Uuid, id: Uuid) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id)
        .filter(row::Column::ToId.eq(user))
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| not_found("handover"))?;
    if found.accepted_at.is_some() || found.declined_at.is_some() {
        return Err(refused(
            "handover_answered",
            format!("ticket `{}` is answered", found.number),
        ));
    }
    Ok(found)
}

/// Accepts a ticket: it is mine from now on.
#[utoipa::path(
    post, path = "/api/v1/my-handovers/{id}/accept", tag = "staffing", operation_id = "accept_handover",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = HandoverView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn accept(
    actor: Actor<AnswerHandovers>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
) -> Result<Json<HandoverView>> {
    let (db, who, user) = (office.app.db.clone(), actor.who(), actor.user_id());
    let desk = office.clone();
    let row = db
        .write(move |tx| async move {
            let app = &desk.app;
            let before = offered(&tx, user, id).await?;
            let replacement = replacements::get(&*tx, before.replacement_id).await?;
            let given = (before.ticket_id, user);
            desk.tickets
                .give(&tx, &who, given, &replacement.number)
                .await?;
            let mut row = before.into_active_model();
            row.accepted_at = Set(Some(app.clock.now()));
            let row = row.update(&*tx).await?;
            tell(app, &tx, &who, &row, ("accepted", None)).await?;
            Ok(row)
        })
        .await?;
    one(&office.app, row).await
}

async fn one(app: &App, row: row::Model) -> Result<Json<HandoverView>> {
    let view = views(app.db.read(), vec![row]).await?.pop();
    view.map(Json).ok_or_else(|| not_found("handover"))
}

/// Why not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandoverDecline)]
struct Decline {
    /// Why.
    reason: String,
}

/// Declines a ticket: it is offered to somebody else.
#[utoipa::path(
    post, path = "/api/v1/my-handovers/{id}/decline", tag = "staffing", operation_id = "decline_handover",
    params(("id" = Uuid, Path)), request_body = Decline,
    responses((status = 200, body = HandoverView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn decline(
    actor: Actor<AnswerHandovers>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(request): Json<Decline>,
) -> Result<Json<HandoverView>> {
    let reason = needed("reason", &request.reason)?;
    let (app, who, user) = (office.app.clone(), actor.who(), actor.user_id());
    let row = office
        .app
        .db
        .write(move |tx| async move {
            let mut row = offered(&tx, user, id).await?.into_active_model();
            row.declined_at = Set(Some(app.clock.now()));
            row.note = Set(Some(reason.clone()));
            let row = row.update(&*tx).await?;
            tell(&app, &tx, &who, &row, ("declined", Some(&reason))).await?;
            Ok(row)
        })
        .await?;
    one(&office.app, row).await
}
