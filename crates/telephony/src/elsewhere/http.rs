//! Files of call records over HTTP: their columns for who saves them, a dry run, the import, the list of imports.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use documents::Unreadable;
use kernel::Actor;
use kernel::attachment;
use kernel::attachment::table::{self, TableForm};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use sea_orm::{ConnectionTrait, EntityTrait as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::columns::CallColumn;
use super::import::{self, CallImportReport, File, import_row};
use super::interpret::{Interpreted, Terms, heading, interpret};
use super::origin::{self, CallOrigin};
use super::{Extensions, ImportCalls};
use crate::Telephony;

/// Records of one file.
pub const MOST_RECORDS: usize = 50_000;
/// Rows of a file that are shown to who maps its columns.
const SAMPLE: usize = 5;

pub(crate) fn routes(telephony: &Telephony) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(import))
        .routes(routes!(columns))
        .routes(routes!(imports))
        .routes(routes!(one_import))
        .layer(DefaultBodyLimit::max(attachment::BODY))
        .with_state(telephony.clone())
}

/// What a file is imported as.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Code of the origin it comes from.
    origin: String,
    /// Only tells what an import would do.
    #[serde(default)]
    dry_run: bool,
    /// Answers as soon as the file is read, with 202; how it goes on is asked of `/calls/imports/{id}`.
    #[serde(default)]
    background: bool,
}

/// Brings call records in: all of them, or with an error in any row none. A call that is there is compared field by
/// field; the same file twice changes nothing. An answered call of a known agent asks him to write it up. A large file is
/// answered with 202 before all of it is written.
#[utoipa::path(
    post, path = "/api/v1/calls/import", tag = "calls",
    params(ImportQuery),
    request_body(content = TableForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = CallImportReport), (status = 202, body = CallImportReport), (status = 413, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn import(
    actor: Actor<ImportCalls>,
    State(telephony): State<Telephony>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<(StatusCode, Json<CallImportReport>)> {
    let (name, bytes) = table::file(request).await?;
    let app = telephony.app();
    let origin = origin::find(app.db.read(), &query.origin).await?;
    if !origin.active {
        let detail = format!("origin `{}` is not in use", origin.code);
        return Err(refused("origin_not_in_use", detail).with_field("origin"));
    }
    let file = File {
        name: name.as_deref().map(table::plain_name).unwrap_or_default(),
        sha256: hex::encode(Sha256::digest(&bytes)),
    };
    let read = read(&telephony, origin.clone(), bytes).await?;
    if query.dry_run {
        let report = import::look(&telephony, &origin, &read).await?;
        return Ok((StatusCode::OK, Json(report)));
    }
    if read.errors_total > 0 {
        let report = CallImportReport::of(&read);
        import::refused(app, &origin, &file, &report, &actor.who()).await?;
        let detail = format!(
            "{} errors in {} rows; nothing was written",
            report.errors_total, report.rows
        );
        let told = serde_json::to_value(report).unwrap_or_default();
        return Err(invalid("file", "import_has_errors", detail)
            .with_way_out("mend the cells that are named and send the file again")
            .with("report", told));
    }
    let wait = if query.background {
        Duration::ZERO
    } else {
        import::ANSWER_WITHIN
    };
    let report = import::write(&telephony, &origin, read, (file, wait), &actor.who()).await?;
    let status = if report.running {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(report)))
}

async fn read(telephony: &Telephony, origin: CallOrigin, bytes: Bytes) -> Result<Interpreted> {
    let floor = telephony.floor().clone();
    let agents = Extensions::of(&floor, &origin.agents).await?;
    let now = telephony.app().clock.now();
    // Parsing some megabytes would hold the other requests of this thread up.
    let work = move || -> Result<Interpreted, Unreadable> {
        let table = documents::read_up_to(&bytes, MOST_RECORDS)?;
        let terms = Terms {
            columns: &origin.columns,
            words: &origin.words,
            agents: &agents,
            queues: &|queue| floor.queue_rules(queue).is_some(),
            now,
        };
        Ok(interpret(&table, &terms))
    };
    let read = tokio::task::spawn_blocking(work).await.map_err(internal)?;
    read.map_err(unreadable)
}

/// What the columns of a file mean.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ColumnsQuery {
    /// The origin whose saved columns count first.
    origin: Option<String>,
}

/// The heading of a file, for who maps its columns.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallColumnsView {
    /// The row of the heading.
    pub heading_row: Option<u32>,
    /// The columns with what they most likely mean.
    pub columns: Vec<CallColumn>,
    /// The first rows below the heading, as text.
    pub sample: Vec<Vec<String>>,
    /// Rows below the heading.
    pub rows: usize,
}

/// Reads the heading and the first rows of a file and guesses what its columns mean; keeps nothing.
#[utoipa::path(
    post, path = "/api/v1/calls/import/columns", tag = "calls",
    params(ColumnsQuery),
    request_body(content = TableForm, content_type = "multipart/form-data"),
    responses((status = 200, body = CallColumnsView), (status = 422, body = Problem)),
)]
pub(crate) async fn columns(
    _actor: Actor<ImportCalls>,
    State(telephony): State<Telephony>,
    Query(query): Query<ColumnsQuery>,
    request: Request,
) -> Result<Json<CallColumnsView>> {
    let (_, bytes) = table::file(request).await?;
    let saved = match &query.origin {
        Some(code) => origin::find(telephony.app().db.read(), code).await?.columns,
        None => Vec::new(),
    };
    let read = tokio::task::spawn_blocking(move || documents::read_up_to(&bytes, MOST_RECORDS));
    let table = read.await.map_err(internal)?.map_err(unreadable)?;
    let found = heading(&table, &saved);
    let heading_row = found.as_ref().map(|heading| heading.row);
    // Without a column that means anything, the first row is shown: who maps knows better.
    let first = table.rows.first();
    let shown = heading_row.or_else(|| first.map(|row| row.number));
    let columns: Vec<CallColumn> = match found {
        Some(heading) => {
            let columns = heading.columns.into_iter();
            columns
                .map(|(column, field)| CallColumn { column, field })
                .collect()
        }
        None => first.map_or_else(Vec::new, |row| {
            let cells = row.cells.iter();
            cells
                .map(|cell| CallColumn {
                    column: cell.text(),
                    field: None,
                })
                .collect()
        }),
    };
    let below = table
        .rows
        .iter()
        .filter(|row| shown.is_some_and(|shown| row.number > shown));
    let sample = below.clone().take(SAMPLE).map(|row| {
        let places = 0..columns.len();
        places.map(|place| row.cell(place).text()).collect()
    });
    Ok(Json(CallColumnsView {
        heading_row,
        sample: sample.collect(),
        rows: below.count(),
        columns,
    }))
}

/// One import that was made or refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallImportView {
    /// Identifies it.
    pub id: Uuid,
    /// Code of the origin.
    pub origin: String,
    /// The name of the file.
    pub file_name: String,
    /// SHA-256 of it in hex.
    pub sha256: String,
    /// `running`, `imported`, `refused` or `stopped`.
    pub state: String,
    /// Rows in it.
    pub rows: i64,
    /// Calls that were new.
    pub new: i64,
    /// Calls that changed.
    pub changed: i64,
    /// Calls as they were.
    pub unchanged: i64,
    /// Errors in it.
    pub errors: i64,
    /// Why it stopped.
    pub problem: Option<String>,
    /// When it began.
    pub at: DateTime<Utc>,
    /// The person's name.
    pub by: String,
}

/// The imports of call records, the newest first.
#[utoipa::path(
    get, path = "/api/v1/calls/imports", tag = "calls",
    params(ListQuery),
    responses((status = 200, body = Page<CallImportView>)),
)]
pub(crate) async fn imports(
    _actor: Actor<ImportCalls>,
    State(telephony): State<Telephony>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<CallImportView>>> {
    let sortable = [("at", import_row::Column::At)];
    let app = telephony.app();
    let conn = app.db.read();
    let select = import_row::Entity::find();
    let page = paginate(conn, select, &query, &sortable, import_row::Column::Id).await?;
    let shown = page.shown(async |rows| views(conn, app.clock.now(), rows).await);
    Ok(Json(shown.await?))
}

/// One import, and how far it has come: `new`, `changed` and `unchanged` of `rows`.
#[utoipa::path(
    get, path = "/api/v1/calls/imports/{id}", tag = "calls", operation_id = "call_import",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CallImportView), (status = 404, body = Problem)),
)]
pub(crate) async fn one_import(
    _actor: Actor<ImportCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<Json<CallImportView>> {
    let (app, conn) = (telephony.app(), telephony.app().db.read());
    let row = import_row::Entity::find_by_id(id).one(conn).await?;
    let view = views(conn, app.clock.now(), row.into_iter().collect())
        .await?
        .pop();
    Ok(Json(view.ok_or_else(|| not_found("import"))?))
}

async fn views(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    rows: Vec<import_row::Model>,
) -> Result<Vec<CallImportView>> {
    let importers: Vec<Uuid> = rows.iter().filter_map(|row| row.by_id).collect();
    let people = organization::colleagues(conn, importers).await?;
    let view = |row: import_row::Model| CallImportView {
        state: row.stands(now).to_owned(),
        by: row
            .by_id
            .and_then(|id| people.get(&id))
            .map_or(row.by_name, |person| person.name.clone()),
        id: row.id,
        origin: row.origin,
        file_name: row.file_name,
        sha256: row.sha256,
        rows: row.rows,
        new: row.made,
        changed: row.changed,
        unchanged: row.unchanged,
        errors: row.errors,
        problem: row.problem,
        at: row.at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Why a file is no table, with the cell where reading ended.
fn unreadable(why: Unreadable) -> Problem {
    let at = why
        .at
        .map(|(row, column)| (row, documents::letters(column)));
    table::unreadable(why.code, why.detail, at)
}
