//! What is said about a ticket among those who handle it, and with its requester: two kinds that nobody may
//! mistake for each other.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result};
use kernel::text::needed;
use kernel::words;
use kernel::{Actor, App, Tx};
use organization::Colleague;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store;
use super::viewer::Viewer;
use crate::people;
use crate::{HandleTickets, ViewTickets};

words! {
    /// Whom a note is for.
    NoteKind {
        /// 内部备注: never leaves the house.
        Internal = "internal",
        /// 与诉求人往来: what the requester was told or said.
        Requester = "requester",
        /// 批复: a binding answer of the purchaser to a 请示.
        Instruction = "instruction",
    }
}

kernel::table! {
    mod row = "ticket_notes" (id: Uuid) {
        ticket_id: Uuid,
        kind: String,
        body: String,
        at: DateTimeUtc,
        by_id: Option<Uuid>,
        by_name: String,
    }
}

/// A note as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoteView {
    /// Identifies it.
    pub id: Uuid,
    /// `internal`, `requester` or `instruction`.
    pub kind: String,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Who wrote it; null for the system itself.
    pub by_id: Option<Uuid>,
    /// The person's name, or the part of the system.
    pub by: String,
}

impl NoteView {
    fn of(row: row::Model, people: &HashMap<Uuid, Colleague>) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            body: row.body,
            at: row.at,
            by: people::acted(people, row.by_id, row.by_name),
            by_id: row.by_id,
        }
    }
}

async fn writers(
    conn: &impl ConnectionTrait,
    notes: &[row::Model],
) -> Result<HashMap<Uuid, Colleague>> {
    let ids: Vec<Uuid> = notes.iter().filter_map(|note| note.by_id).collect();
    organization::colleagues(conn, ids).await
}

/// Writes a note beside whatever else happens in the transaction.
pub(crate) async fn write(
    app: &App,
    tx: &Tx,
    who: &Who,
    ticket: Uuid,
    kind: NoteKind,
    body: String,
) -> Result<NoteView> {
    let note = row::Model {
        id: app.ids.next(),
        ticket_id: ticket,
        kind: kind.as_str().to_owned(),
        body,
        at: app.clock.now(),
        by_id: who.user_id,
        by_name: who.name.clone(),
    };
    let made = row::ActiveModel {
        id: Set(note.id),
        ticket_id: Set(note.ticket_id),
        kind: Set(note.kind.clone()),
        body: Set(note.body.clone()),
        at: Set(note.at),
        by_id: Set(note.by_id),
        by_name: Set(note.by_name.clone()),
    };
    row::Entity::insert(made)
        .exec_without_returning(&**tx)
        .await?;
    let facts =
        json!({ "ticket_id": ticket, "note_id": note.id, "kind": note.kind, "by": note.by_id });
    app.events
        .publish(tx, "ticket.noted", ticket, facts)
        .await?;
    let people = writers(&**tx, std::slice::from_ref(&note)).await?;
    Ok(NoteView::of(note, &people))
}

/// What notes may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoteFilter {
    /// Only notes of this kind.
    kind: Option<NoteKind>,
}

/// The notes on a ticket, the newest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/notes", tag = "tickets",
    params(("id" = Uuid, Path), ListQuery, NoteFilter),
    responses((status = 200, body = Page<NoteView>), (status = 404, body = Problem)),
)]
pub(crate) async fn list(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<NoteFilter>,
) -> Result<Json<Page<NoteView>>> {
    let conn = app.db.read();
    let ticket = store::get(conn, &Viewer::of(&app, &actor).await?, id).await?;
    let mut select = row::Entity::find().filter(row::Column::TicketId.eq(ticket.id));
    if let Some(kind) = filter.kind {
        select = select.filter(row::Column::Kind.eq(kind.as_str()));
    }
    let sortable = [("at", row::Column::At)];
    let page = paginate(conn, select, &query, &sortable, row::Column::Id).await?;
    let people = writers(conn, &page.items).await?;
    Ok(Json(page.map(|note| NoteView::of(note, &people))))
}

/// A note to be written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    /// `internal` or `requester`.
    kind: NoteKind,
    /// What it says, 1 to 2,000 characters.
    body: String,
}

/// Writes a note on a ticket, also on one that is over: what is known does not end with it.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/notes", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = NewNote,
    responses((status = 201, body = NoteView), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn add(
    actor: Actor<HandleTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(note): Json<NewNote>,
) -> Result<(StatusCode, Json<NoteView>)> {
    if note.kind == NoteKind::Instruction {
        return Err(kernel::problem::invalid(
            "kind",
            "note_kind_reserved",
            "an instruction comes with the purchaser's answer to a request for it",
        ));
    }
    let body = needed("body", &note.body)?;
    let viewer = Viewer::of(&app, &actor).await?;
    let who = actor.who();
    let db = app.db.clone();
    let written = db
        .write(move |tx| async move {
            let ticket = store::get(&*tx, &viewer, id).await?;
            write(&app, &tx, &who, ticket.id, note.kind, body).await
        })
        .await?;
    Ok((StatusCode::CREATED, Json(written)))
}
