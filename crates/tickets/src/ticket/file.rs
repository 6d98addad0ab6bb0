//! The files of a ticket: evidence, what the requester sent, what was sent to him.

use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, not_found, too_large};
use kernel::{Actor, App};
use kernel::{attachment, audit};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait as _, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::viewer::Viewer;
use super::{history, store};
use crate::{HandleTickets, ViewTickets};

/// Files of one ticket.
const MOST: u64 = 50;

kernel::table! {
    mod row = "ticket_files" (id: Uuid) {
        ticket_id: Uuid,
        name: String,
        media_type: String,
        bytes: i64,
        sha256: String,
        path: String,
        at: DateTimeUtc,
        by_id: Option<Uuid>,
    }
}

/// A file as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileView {
    /// Identifies it.
    pub id: Uuid,
    /// The name it came with.
    pub name: String,
    /// What it is by its content.
    pub media_type: String,
    /// Size.
    pub bytes: i64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Who brought it.
    pub by_id: Option<Uuid>,
}

impl From<row::Model> for FileView {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            media_type: row.media_type,
            bytes: row.bytes,
            sha256: row.sha256,
            at: row.at,
            by_id: row.by_id,
        }
    }
}

/// The files of a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileViews {
    /// The oldest first.
    pub items: Vec<FileView>,
}

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(get))
        .layer(DefaultBodyLimit::max(attachment::BODY))
        .with_state(app.clone())
}

/// The files of a ticket, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/files", tag = "tickets",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = FileViews), (status = 404, body = Problem)),
)]
pub(crate) async fn list(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<FileViews>> {
    let conn = app.db.read();
    let ticket = store::get(conn, &Viewer::of(&app, &actor).await?, id).await?;
    let rows = row::Entity::find()
        .filter(row::Column::TicketId.eq(ticket.id))
        .order_by_asc(row::Column::At)
        .limit(MOST)
        .all(conn)
        .await?;
    Ok(Json(FileViews {
        items: rows.into_iter().map(FileView::from).collect(),
    }))
}

/// Adds a file to a ticket. 413 over 20 MB, 415 for a kind that is not taken.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/files", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body(content = attachment::FileForm, content_type = "multipart/form-data"),
    responses((status = 201, body = FileView), (status = 413, body = Problem), (status = 415, body = Problem)),
)]
pub(crate) async fn add(
    actor: Actor<HandleTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    form: Multipart,
) -> Result<(StatusCode, Json<FileView>)> {
    let viewer = Viewer::of(&app, &actor).await?;
    store::get(app.db.read(), &viewer, id).await?;
    let (name, bytes) = attachment::part(form).await?;
    let media_type = attachment::kind_of(&name, &bytes)?;
    let file = row::Model {
        id: app.ids.next(),
        ticket_id: id,
        name,
        media_type: media_type.to_owned(),
        bytes: i64::try_from(bytes.len()).map_err(internal)?,
        sha256: hex::encode(Sha256::digest(&bytes)),
        path: String::new(),
        at: app.clock.now(),
        by_id: Some(actor.user_id()),
    };
    let path = format!("tickets/{}/{}", file.at.format("%Y/%m"), file.id);
    // The bytes first: a row never points at a file that is not there.
    app.files.put(&path, &bytes).await?;
    let file = row::Model { path, ..file };
    let (db, who, kept) = (app.db.clone(), actor.who(), file.clone());
    db.write(move |tx| async move {
        let ticket = store::get(&*tx, &viewer, id).await?;
        let there = row::Entity::find()
            .filter(row::Column::TicketId.eq(id))
            .count(&*tx)
            .await?;
        if there >= MOST {
            return Err(too_large(format!(
                "ticket `{}` has {MOST} files already",
                ticket.number
            )));
        }
        let made = row::ActiveModel {
            id: Set(kept.id),
            ticket_id: Set(kept.ticket_id),
            name: Set(kept.name.clone()),
            media_type: Set(kept.media_type),
            bytes: Set(kept.bytes),
            sha256: Set(kept.sha256.clone()),
            path: Set(kept.path),
            at: Set(kept.at),
            by_id: Set(kept.by_id),
        };
        row::Entity::insert(made)
            .exec_without_returning(&*tx)
            .await?;
        let told = ("file_added", Some(kept.name.as_str()));
        history::write(
            &app,
            &*tx,
            &who,
            &ticket,
            told,
            vec![history::Change::none()],
        )
        .await?;
        let details = json!({ "file": kept.id, "sha256": kept.sha256 });
        audit::record(&app, &*tx, &who, "ticket.file_added", "ticket", id, details).await
    })
    .await?;
    Ok((StatusCode::CREATED, Json(file.into())))
}

/// One file; opening it is written to the audit trail.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/files/{file_id}", tag = "tickets",
    params(("id" = Uuid, Path), ("file_id" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path((id, file_id)): Path<(Uuid, Uuid)>,
) -> Result<Response> {
    let conn = app.db.read();
    let ticket = store::get(conn, &Viewer::of(&app, &actor).await?, id).await?;
    let file = row::Entity::find_by_id(file_id)
        .filter(row::Column::TicketId.eq(ticket.id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("file"))?;
    let bytes = app.files.get(&file.path).await?;
    let (db, who) = (app.db.clone(), actor.who());
    db.write(move |tx| async move {
        let details = json!({ "file": file_id });
        audit::record(
            &app,
            &*tx,
            &who,
            "ticket.file_opened",
            "ticket",
            id,
            details,
        )
        .await
    })
    .await?;
    Ok(attachment::download(&file.name, &file.media_type, bytes))
}
