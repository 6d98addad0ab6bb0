//! A repeat contact: by whatever channel a requester comes again, he meets who answers for his open ticket.
//!
//! A channel asks [`taker`] before it offers a contact to somebody. What comes without a call is noted on the open
//! ticket here; a second ticket about the same matter is opened only by who says that it is another one.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, refused};
use kernel::text::needed;
use kernel::{Actor, App};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::act::{self, Hand, Repeat};
use super::life::State as Standing;
use super::store::{self, row, row::Column};
use super::viewer::Viewer;
use crate::cover::{self, http::CoveredBy};
use crate::{HandleTickets, people};

/// Who takes a repeat contact of the requester, whatever channel it comes by: the owner of his newest open ticket
/// while he is there, else who stands in for him. `None` when nothing is open.
pub async fn taker(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    requester: Uuid,
) -> Result<Option<Uuid>> {
    let open = store::open_of(conn, requester).await?;
    let Some(ticket) = open.first() else {
        return Ok(None);
    };
    let service = act::service_clock(conn).await?;
    let duty = cover::store::duty(conn, now, &service).await?;
    let owner = ticket.current_owner_id;
    let cover = duty.cover_of(owner, ticket.complained_agent_id);
    Ok(Some(cover.map_or(owner, |(cover, _)| cover)))
}

/// The person's newest open ticket about this matter.
pub(crate) async fn open_alike(
    conn: &impl ConnectionTrait,
    requester: Uuid,
    matter: &str,
) -> Result<Option<row::Model>> {
    let person = requesters::same_person(conn, requester).await?;
    Ok(row::Entity::find()
        .filter(Column::RequesterId.is_in(person))
        .filter(Column::Open.eq(true))
        .filter(Column::MatterCode.eq(matter))
        .filter(Column::State.ne(Standing::Draft.as_str()))
        .order_by_desc(Column::OpenedAt)
        .one(conn)
        .await?)
}

/// Refuses a second ticket where `open` is about the same matter, and says whose it is. Where the actor may not
/// know of it nothing is said: its owner is told instead.
pub(crate) async fn refuse_second(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    open: &row::Model,
) -> Result<()> {
    if open.complained_agent_id == Some(viewer.user_id) || !viewer.may_know_requester(open) {
        return Ok(());
    }
    let owner = open.current_owner_id;
    let known = organization::colleagues(conn, [owner]).await?;
    let name = known.get(&owner).map(|person| person.name.clone());
    let problem = refused(
        "open_ticket_exists",
        format!(
            "ticket `{}` of this requester about this matter is open",
            open.number
        ),
    );
    Err(problem
        .with_way_out(format!(
            "POST /api/v1/tickets/{}/contacts notes the contact on it; `anyway` opens another ticket",
            open.id
        ))
        .with("ticket_id", open.id.to_string())
        .with("number", open.number.as_str())
        .with("owner_id", owner.to_string())
        .with("owner", name))
}

/// A contact that came without a call: a visit, a letter, a colleague's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewContact {
    /// The requester's number: who knows it may add to the ticket, whoever owns it.
    phone: Option<String>,
    /// The requester, where he is known already: he wrote.
    requester_id: Option<Uuid>,
    /// What was said, 1 to 2,000 characters.
    summary: String,
}

/// Who was told of a repeat contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactTaken {
    /// The ticket.
    pub ticket_id: Uuid,
    /// Its number.
    pub number: String,
    /// Who answers for it.
    pub owner: Option<organization::Colleague>,
    /// Who stands in for him, and was told as well; null while he is there.
    pub covered_by: Option<CoveredBy>,
}

/// Notes a repeat contact on an open ticket of the same requester and tells its owner, or who stands in for him.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/contacts", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = NewContact,
    responses((status = 201, body = ContactTaken), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn add(
    actor: Actor<HandleTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewContact>,
) -> Result<(StatusCode, Json<ContactTaken>)> {
    let said = needed("summary", &new.summary)?;
    let (db, done, who, agent) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let (ticket, cover) = db
        .write(move |tx| async move {
            let requester = match (new.requester_id, &new.phone) {
                (Some(known), _) => known,
                (None, Some(phone)) => {
                    let known = requesters::by_number(&app, &*tx, phone).await?;
                    known.ok_or_else(|| act::unknown(id))?.id
                }
                (None, None) => return Err(act::unknown(id)),
            };
            let ticket = act::attachable(&*tx, id, requester).await?;
            // Nobody meets a complaint about himself.
            if ticket.complained_agent_id == Some(agent) {
                return Err(act::unknown(id));
            }
            let hand = Hand::of(&app, &tx, &who).await?;
            let cover = act::attach(&hand, &ticket, Repeat::Said(&said)).await?;
            Ok((ticket, cover))
        })
        .await?;
    let owner = ticket.current_owner_id;
    let asked = [Some(owner), cover.map(|(cover, _)| cover)];
    let known = organization::colleagues(done.db.read(), asked.into_iter().flatten()).await?;
    let covered_by = cover.and_then(|(cover, reason)| {
        let person = people::one(&known, Some(cover))?;
        Some(CoveredBy { person, reason })
    });
    let taken = ContactTaken {
        ticket_id: ticket.id,
        number: ticket.number,
        owner: people::one(&known, Some(owner)),
        covered_by,
    };
    Ok((StatusCode::CREATED, Json(taken)))
}
