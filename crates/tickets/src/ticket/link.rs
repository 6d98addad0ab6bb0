//! What a ticket has to do with others, and who watches it.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::words;
use kernel::{Actor, App, Tx};
use organization::Colleague;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::viewer::Viewer;
use super::{history, store};
use crate::{HandleTickets, ViewTickets};

/// Links and watchers of one ticket; more is a mass incident.
const MOST: u64 = 100;

words! {
    /// How one ticket stands to the other.
    LinkKind {
        /// 关联
        Related = "related",
        /// 父工单: the other one is the larger matter.
        Parent = "parent",
        /// 重复: the other one carries it on.
        Duplicate = "duplicate",
    }
}

kernel::table! {
    mod row = "ticket_links" (ticket_id: Uuid, kind: String, other_id: Uuid) {
        at: DateTimeUtc,
        by_id: Option<Uuid>,
    }
}

kernel::table! {
    pub(crate) mod watcher = "ticket_watchers" (ticket_id: Uuid, user_id: Uuid) {
        at: DateTimeUtc,
    }
}

/// The other end of a link.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkView {
    /// The other ticket.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: String,
    /// `related`, `parent` or `duplicate`.
    pub kind: String,
    /// True when the other ticket says it of this one: it is the child, or the duplicate.
    pub inverse: bool,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// Who watches, and what belongs together.
#[derive(Debug, Serialize, ToSchema)]
pub struct Surroundings {
    /// Linked tickets the viewer may see.
    pub links: Vec<LinkView>,
    /// Who is told of its changes beside its owner.
    pub watchers: Vec<Colleague>,
    /// The one who asks is among them.
    pub watching: bool,
}

/// Notes that one ticket belongs to another, once.
pub(crate) async fn tie(
    app: &App,
    tx: &Tx,
    who: &Who,
    (ticket, kind, other): (&store::row::Model, LinkKind, &store::row::Model),
) -> Result<()> {
    let made = row::ActiveModel {
        ticket_id: Set(ticket.id),
        kind: Set(kind.as_str().to_owned()),
        other_id: Set(other.id),
        at: Set(app.clock.now()),
        by_id: Set(who.user_id),
    };
    let known = OnConflict::columns([
        row::Column::TicketId,
        row::Column::Kind,
        row::Column::OtherId,
    ])
    .do_nothing()
    .to_owned();
    let done = row::Entity::insert(made)
        .on_conflict(known)
        .exec_without_returning(&**tx)
        .await?;
    if done == 0 {
        return Ok(());
    }
    for (one, another) in [(ticket, other), (other, ticket)] {
        let note = format!("{}:{}", kind.as_str(), another.number);
        let told = ("linked", Some(note.as_str()));
        history::write(app, &**tx, who, one, told, vec![history::Change::none()]).await?;
    }
    Ok(())
}

async fn surroundings(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    ticket: Uuid,
) -> Result<Surroundings> {
    let links = row::Entity::find()
        .filter(
            Condition::any()
                .add(row::Column::TicketId.eq(ticket))
                .add(row::Column::OtherId.eq(ticket)),
        )
        .order_by_asc(row::Column::At)
        .limit(MOST)
        .all(conn)
        .await?;
    let other = |link: &row::Model| {
        if link.ticket_id == ticket {
            link.other_id
        } else {
            link.ticket_id
        }
    };
    let others = viewer
        .tickets()
        .filter(store::row::Column::Id.is_in(links.iter().map(other)))
        .all(conn)
        .await?;
    let links = links.iter().filter_map(|link| {
        let shown = others.iter().find(|row| row.id == other(link))?;
        Some(LinkView {
            id: shown.id,
            number: shown.number.clone(),
            title: shown.title.clone(),
            state: shown.state.clone(),
            kind: link.kind.clone(),
            inverse: link.other_id == ticket,
            at: link.at,
        })
    });
    let links = links.collect();
    let watching = watchers_of(conn, ticket).await?;
    let people = organization::colleagues(conn, watching.iter().copied()).await?;
    Ok(Surroundings {
        links,
        watching: watching.contains(&viewer.user_id),
        watchers: watching
            .into_iter()
            .filter_map(|id| people.get(&id).cloned())
            .collect(),
    })
}

/// Who watches a ticket.
pub async fn watchers_of(conn: &impl ConnectionTrait, ticket: Uuid) -> Result<Vec<Uuid>> {
    let rows = watcher::Entity::find()
        .filter(watcher::Column::TicketId.eq(ticket))
        .order_by_asc(watcher::Column::At)
        .limit(MOST)
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}

/// What belongs to a ticket, and who watches it.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/links", tag = "tickets",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = Surroundings), (status = 404, body = Problem)),
)]
pub(crate) async fn show(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<Surroundings>> {
    let (conn, viewer) = (app.db.read(), Viewer::of(&app, &actor).await?);
    let ticket = store::get(conn, &viewer, id).await?;
    Ok(Json(surroundings(conn, &viewer, ticket.id).await?))
}

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// What the other ticket is to this one.
    kind: LinkKind,
    /// The other ticket.
    other_id: Uuid,
}

/// Links a ticket to another.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/links", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = NewLink,
    responses((status = 201, body = Surroundings), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn add(
    actor: Actor<HandleTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewLink>,
) -> Result<(StatusCode, Json<Surroundings>)> {
    if new.other_id == id {
        return Err(invalid(
            "other_id",
            "link_to_itself",
            "a ticket is not linked to itself",
        ));
    }
    let (viewer, who) = (Viewer::of(&app, &actor).await?, actor.who());
    let (db, done, looks) = (app.db.clone(), app.clone(), viewer.clone());
    db.write(move |tx| async move {
        let ticket = store::get(&*tx, &looks, id).await?;
        let other = store::get(&*tx, &looks, new.other_id)
            .await
            .map_err(|problem| problem.with_field("other_id"))?;
        if new.kind == LinkKind::Parent && is_below(&*tx, other.id, ticket.id).await? {
            return Err(refused(
                "link_in_a_circle",
                format!("ticket `{}` is below this one", other.number),
            )
            .with_field("other_id"));
        }
        tie(&app, &tx, &who, (&ticket, new.kind, &other)).await
    })
    .await?;
    let shown = surroundings(done.db.read(), &viewer, id).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// `ticket` has `above` among its parents, however far up.
async fn is_below(conn: &impl ConnectionTrait, ticket: Uuid, above: Uuid) -> Result<bool> {
    let mut at = vec![ticket];
    for _ in 0..MOST {
        if at.is_empty() {
            return Ok(false);
        }
        let rows = row::Entity::find()
            .filter(row::Column::TicketId.is_in(at))
            .filter(row::Column::Kind.eq(LinkKind::Parent.as_str()))
            .limit(MOST)
            .all(conn)
            .await?;
        at = rows.into_iter().map(|row| row.other_id).collect();
        if at.contains(&above) {
            return Ok(true);
        }
    }
    Ok(true)
}

/// Watches a ticket: its changes are told to the one who asks.
#[utoipa::path(
    put, path = "/api/v1/tickets/{id}/watch", tag = "tickets",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub(crate) async fn watch(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let (viewer, db) = (Viewer::of(&app, &actor).await?, app.db.clone());
    db.write(move |tx| async move {
        let ticket = store::get(&*tx, &viewer, id).await?;
        let made = watcher::ActiveModel {
            ticket_id: Set(ticket.id),
            user_id: Set(viewer.user_id),
            at: Set(app.clock.now()),
        };
        let known = OnConflict::columns([watcher::Column::TicketId, watcher::Column::UserId])
            .do_nothing()
            .to_owned();
        watcher::Entity::insert(made)
            .on_conflict(known)
            .exec_without_returning(&*tx)
            .await?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Watches it no longer.
#[utoipa::path(
    delete, path = "/api/v1/tickets/{id}/watch", tag = "tickets",
    params(("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(crate) async fn unwatch(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let user = actor.user_id();
    app.db
        .write(move |tx| async move {
            watcher::Entity::delete_by_id((id, user)).exec(&*tx).await?;
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
