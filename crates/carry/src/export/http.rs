//! Handing everything over, over HTTP.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use kernel::audit;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, not_found, refused};
use kernel::text::{checked, needed};
use kernel::{Actor, App};
use organization::{Colleague, colleagues};
use sea_orm::{ConnectionTrait, EntityTrait as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::request::{self, ExportState, row};
use super::{MANIFEST, Manifest, Written, folder_of};
use crate::rights::{DecideExports, RequestExports, ViewCarried};

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(show))
        .routes(routes!(decide))
        .routes(routes!(again))
        .routes(routes!(take))
        .with_state(app.clone())
}

/// A handing over of everything.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportView {
    /// Identifies it.
    pub id: Uuid,
    /// `YJ-20261123-001`
    pub number: String,
    /// Why.
    pub reason: String,
    /// `requested`, `running`, `done`, `rejected` or `failed`.
    pub state: String,
    /// Who asked.
    pub requested_by: Option<Colleague>,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// Who of the purchaser decided.
    pub decided_by: Option<Colleague>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What was said with it.
    pub opinion: Option<String>,
    /// When it was written whole, or failed.
    pub ended_at: Option<DateTime<Utc>>,
    /// What is being written.
    pub progress: Option<String>,
    /// Why it failed.
    pub problem: Option<String>,
    /// SHA-256 of the manifest.
    pub manifest_sha256: Option<String>,
    /// Records in it.
    pub rows: i64,
    /// Files in it.
    pub files: i64,
    /// Its size.
    pub bytes: i64,
    /// Rises with each change.
    pub version: i64,
}

/// One kind of record of a handing over.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportRecords {
    /// Its name.
    pub name: String,
    /// The same in Chinese.
    pub title: String,
    /// How many.
    pub rows: u64,
}

/// One file of a handing over.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportFile {
    /// Its path.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// A handing over with what is in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportDetail {
    /// What lists show.
    #[serde(flatten)]
    pub export: ExportView,
    /// The kinds of records, once it is whole.
    pub records: Vec<ExportRecords>,
    /// Its files but recordings and attachments, which the manifest lists.
    pub parts: Vec<ExportFile>,
    /// Recordings and attachments in it.
    pub attachments: usize,
    /// Files that records name and that are not there any more.
    pub missing: usize,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<ExportView>> {
    let mut ids: Vec<Uuid> = rows.iter().filter_map(|row| row.requested_by).collect();
    ids.extend(rows.iter().filter_map(|row| row.decided_by));
    let people = colleagues(conn, ids).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let views = rows.into_iter().map(|row| ExportView {
        requested_by: person(row.requested_by),
        decided_by: person(row.decided_by),
        id: row.id,
        number: row.number,
        reason: row.reason,
        state: row.state,
        requested_at: row.requested_at,
        decided_at: row.decided_at,
        opinion: row.opinion,
        ended_at: row.ended_at,
        progress: row.progress,
        problem: row.problem,
        manifest_sha256: row.manifest_sha256,
        rows: row.rows,
        files: row.files,
        bytes: row.bytes,
        version: row.version,
    });
    Ok(views.collect())
}

/// The manifest of what was written whole, while its folder is there.
pub(crate) async fn manifest_of(app: &App, row: &row::Model) -> Result<Option<Manifest>> {
    if row.state != ExportState::Done.as_str() {
        return Ok(None);
    }
    let place = folder_of(app, row.id)?.join(MANIFEST);
    match tokio::fs::read(&place).await {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).map_err(internal)?)),
        // The folder was taken away from this machine; what is known of it stands in the row.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(internal(error)),
    }
}

async fn detail(app: &App, row: row::Model) -> Result<Json<ExportDetail>> {
    let manifest = manifest_of(app, &row).await?;
    let export = views(app.db.read(), vec![row]).await?.pop();
    let part = |file: &Written| ExportFile {
        path: file.path.clone(),
        bytes: file.bytes,
        sha256: file.sha256.clone(),
    };
    let records = manifest.iter().flat_map(|manifest| &manifest.records);
    let parts = manifest.iter().flat_map(|manifest| {
        let records = manifest.records.iter().flat_map(|records| &records.files);
        records.chain(&manifest.others)
    });
    Ok(Json(ExportDetail {
        export: export.ok_or_else(|| not_found("export"))?,
        records: records
            .clone()
            .map(|records| ExportRecords {
                name: records.name.clone(),
                title: records.title.clone(),
                rows: records.rows,
            })
            .collect(),
        parts: parts.map(part).collect(),
        attachments: manifest.as_ref().map_or(0, |manifest| manifest.files.len()),
        missing: manifest
            .as_ref()
            .map_or(0, |manifest| manifest.missing.len()),
    }))
}

/// Every handing over, the newest first.
#[utoipa::path(
    get, path = "/api/v1/exports", tag = "carry", operation_id = "list_exports",
    params(ListQuery),
    responses((status = 200, body = Page<ExportView>)),
)]
async fn list(
    _actor: Actor<ViewCarried>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ExportView>>> {
    let conn = app.db.read();
    let sortable = [("requested_at", row::Column::RequestedAt)];
    let page = paginate(
        conn,
        row::Entity::find(),
        &query,
        &sortable,
        row::Column::Id,
    )
    .await?;
    Ok(Json(
        page.shown(async |rows| views(conn, rows).await).await?,
    ))
}

/// Why everything is to go out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExport {
    /// Such as the end of the contract.
    reason: String,
}

/// Asks the purchaser to have everything handed over.
#[utoipa::path(
    post, path = "/api/v1/exports", tag = "carry", operation_id = "request_export",
    request_body = NewExport,
    responses((status = 201, body = ExportDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn ask(
    actor: Actor<RequestExports>,
    State(app): State<App>,
    Json(new): Json<NewExport>,
) -> Result<(StatusCode, Json<ExportDetail>)> {
    let reason = needed("reason", &new.reason)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move { request::ask(&app, &tx, &who, reason).await })
        .await?;
    Ok((StatusCode::CREATED, detail(&done, row).await?))
}

/// A handing over with its parts and their hashes.
#[utoipa::path(
    get, path = "/api/v1/exports/{id}", tag = "carry", operation_id = "get_export",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ExportDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewCarried>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ExportDetail>> {
    let row = request::get(app.db.read(), id).await?;
    detail(&app, row).await
}

/// Yes or no.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportDecision {
    /// The version that was read.
    version: i64,
    /// It may be handed over.
    yes: bool,
    /// What is said with it.
    opinion: Option<String>,
}

/// The purchaser allows or rejects it; what is allowed is written at once.
#[utoipa::path(
    post, path = "/api/v1/exports/{id}/decide", tag = "carry", operation_id = "decide_export",
    params(("id" = Uuid, Path)), request_body = ExportDecision,
    responses((status = 200, body = ExportDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn decide(
    actor: Actor<DecideExports>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(decision): Json<ExportDecision>,
) -> Result<Json<ExportDetail>> {
    let opinion = checked("opinion", decision.opinion.as_deref().unwrap_or_default())?;
    let said = (
        decision.yes,
        Some(opinion).filter(|opinion| !opinion.is_empty()),
    );
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            request::decide(&app, &tx, &who, (id, decision.version), said).await
        })
        .await?;
    detail(&done, row).await
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportAgain {
    /// Of the handing over.
    version: i64,
}

/// Writes one that failed anew.
#[utoipa::path(
    post, path = "/api/v1/exports/{id}/again", tag = "carry", operation_id = "repeat_export",
    params(("id" = Uuid, Path)), request_body = ExportAgain,
    responses((status = 200, body = ExportDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn again(
    actor: Actor<RequestExports>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ExportAgain>,
) -> Result<Json<ExportDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(
            move |tx| async move { request::again(&app, &tx, &who, (id, request.version)).await },
        )
        .await?;
    detail(&done, row).await
}

/// Which file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PartQuery {
    /// Its path as the manifest has it; `manifest.json` for the manifest itself.
    path: String,
}

/// Takes one file of it away; each time is in the audit trail.
#[utoipa::path(
    get, path = "/api/v1/exports/{id}/file", tag = "carry", operation_id = "take_export_file",
    params(("id" = Uuid, Path), PartQuery),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)),
)]
async fn take(
    actor: Actor<RequestExports>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<PartQuery>,
) -> Result<Response> {
    let row = request::get(app.db.read(), id).await?;
    let manifest = manifest_of(&app, &row).await?;
    let manifest = manifest.ok_or_else(|| refused("export_not_done", "its folder is not there"))?;
    // Only what the manifest names: a path from outside opens nothing else.
    let known = query.path == MANIFEST || manifest.all().any(|file| file.path == query.path);
    if !known {
        return Err(not_found("file"));
    }
    let place = folder_of(&app, id)?.join(&query.path);
    let file = tokio::fs::File::open(&place)
        .await
        .map_err(|_| not_found("file"))?;
    let (db, who, path) = (app.db.clone(), actor.who(), query.path.clone());
    db.write(move |tx| async move {
        let details = json!({ "path": path });
        audit::record(
            &app,
            &*tx,
            &who,
            "export.taken",
            "carry_export",
            id,
            details,
        )
        .await
    })
    .await?;
    let name = query.path.rsplit('/').next().unwrap_or("file");
    let plain: String = name
        .chars()
        .map(|char| {
            if char.is_ascii_graphic() && char != '"' {
                char
            } else {
                '_'
            }
        })
        .collect();
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    let named = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\""));
    headers.insert(header::CONTENT_DISPOSITION, named.map_err(internal)?);
    Ok((headers, Body::from_stream(chunks(file))).into_response())
}

/// A file, piece by piece.
fn chunks(file: tokio::fs::File) -> impl futures::Stream<Item = std::io::Result<Vec<u8>>> {
    futures::stream::try_unfold(file, async |mut file| {
        let mut chunk = vec![0; 64 << 10];
        let read = tokio::io::AsyncReadExt::read(&mut file, &mut chunk).await?;
        chunk.truncate(read);
        Ok((read > 0).then_some((chunk, file)))
    })
}
