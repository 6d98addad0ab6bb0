//! The scans of evidence. Opening one is written to the audit trail.

use std::collections::BTreeMap;

use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, not_found, too_large};
use kernel::{Actor, App, attachment, audit};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter, QueryOrder,
};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{evidence, store};
use crate::rights::{ManageStaff, ViewStaff};

/// Files of one piece of evidence.
const MOST: u64 = 20;

kernel::table! {
    pub(crate) mod row = "staff_files" (id: Uuid) {
        evidence_id: Uuid,
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
#[schema(as = StaffFileView)]
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
        }
    }
}

/// The files of these pieces of evidence.
pub(crate) async fn files_of(
    conn: &impl ConnectionTrait,
    evidence: Vec<Uuid>,
) -> Result<BTreeMap<Uuid, Vec<FileView>>> {
    let mut files: BTreeMap<Uuid, Vec<FileView>> = BTreeMap::new();
    if evidence.is_empty() {
        return Ok(files);
    }
    let rows = row::Entity::find()
        .filter(row::Column::EvidenceId.is_in(evidence))
        .order_by_asc(row::Column::At)
        .all(conn)
        .await?;
    for row in rows {
        files.entry(row.evidence_id).or_default().push(row.into());
    }
    Ok(files)
}

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(get))
        .layer(DefaultBodyLimit::max(attachment::BODY))
        .with_state(app.clone())
}

/// Adds a scan to a piece of evidence that is not checked yet. 413 over 20 MB, 415 for a kind that is not taken.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/evidence/{evidence_id}/files", tag = "staff", operation_id = "add_staff_file",
    params(("id" = Uuid, Path), ("evidence_id" = Uuid, Path)),
    request_body(content = attachment::FileForm, content_type = "multipart/form-data"),
    responses((status = 201, body = FileView), (status = 409, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem)),
)]
pub(crate) async fn add(
    actor: Actor<ManageStaff>,
    State(app): State<App>,
    Path((id, evidence_id)): Path<(Uuid, Uuid)>,
    form: Multipart,
) -> Result<(StatusCode, Json<FileView>)> {
    evidence::one(app.db.read(), id, evidence_id).await?;
    let (name, bytes) = attachment::part(form).await?;
    let media_type = attachment::kind_of(&name, &bytes)?;
    let at = app.clock.now();
    let file_id = app.ids.next();
    let file = row::Model {
        id: file_id,
        evidence_id,
        name,
        media_type: media_type.to_owned(),
        bytes: i64::try_from(bytes.len()).map_err(internal)?,
        sha256: hex::encode(Sha256::digest(&bytes)),
        path: format!("staff/{}/{file_id}", at.format("%Y/%m")),
        at,
        by_id: Some(actor.user_id()),
    };
    // The bytes first: a row never points at a file that is not there.
    app.files.put(&file.path, &bytes).await?;
    let (db, who, kept) = (app.db.clone(), actor.who(), file.clone());
    db.write(move |tx| async move {
        let staff = store::held(&tx, id).await?;
        let evidence = evidence::one(&*tx, id, evidence_id).await?;
        if evidence.state != evidence::EvidenceState::Pending.as_str() {
            return Err(kernel::problem::refused(
                "evidence_checked",
                "what was checked does not change",
            )
            .with_way_out("withdraw it and add it anew"));
        }
        let there = row::Entity::find()
            .filter(row::Column::EvidenceId.eq(evidence_id))
            .count(&*tx)
            .await?;
        if there >= MOST {
            return Err(too_large(format!("this evidence has {MOST} files already")));
        }
        let (name, sha256) = (kept.name.clone(), kept.sha256.clone());
        kept.into_active_model().reset_all().insert(&*tx).await?;
        let mut facts = staff.facts();
        facts["evidence_id"] = json!(evidence_id);
        facts["sha256"] = json!(sha256);
        let scribe = staff.scribe(&app, &tx, &who);
        scribe.tell("file_added", Some(&name), facts).await
    })
    .await?;
    Ok((StatusCode::CREATED, Json(file.into())))
}

/// One scan; opening it is written to the audit trail.
#[utoipa::path(
    get, path = "/api/v1/staff/{id}/evidence/{evidence_id}/files/{file_id}", tag = "staff", operation_id = "get_staff_file",
    params(("id" = Uuid, Path), ("evidence_id" = Uuid, Path), ("file_id" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewStaff>,
    State(app): State<App>,
    Path((id, evidence_id, file_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<Response> {
    let conn = app.db.read();
    store::get(conn, actor.scope(), id).await?;
    evidence::one(conn, id, evidence_id).await?;
    let file = row::Entity::find_by_id(file_id)
        .filter(row::Column::EvidenceId.eq(evidence_id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("file"))?;
    let bytes = app.files.get(&file.path).await?;
    let (db, who) = (app.db.clone(), actor.who());
    db.write(move |tx| async move {
        let details = json!({ "evidence_id": evidence_id, "file": file_id });
        audit::record(&app, &*tx, &who, "staff.file_opened", "staff", id, details).await
    })
    .await?;
    Ok(attachment::download(&file.name, &file.media_type, bytes))
}
