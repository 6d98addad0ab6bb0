//! Files of call records over HTTP: their columns for who saves them, a dry run, the import, the list of imports.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, State};
use axum::http::header;
use chrono::{DateTime, Utc};
use documents::Unreadable;
use kernel::Actor;
use kernel::attachment::{self, FileForm};
use kernel::http::{Json, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, bad_request, internal, invalid, refused, too_large};
use sea_orm::EntityTrait as _;
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
}

/// Brings call records in: all of them, or with an error in any row none. A call that is there is compared field by
/// field; the same file twice changes nothing. An answered call of a known agent asks him to write it up.
#[utoipa::path(
    post, path = "/api/v1/calls/import", tag = "calls",
    params(ImportQuery),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = CallImportReport), (status = 413, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn import(
    actor: Actor<ImportCalls>,
    State(telephony): State<Telephony>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<CallImportReport>> {
    let (name, bytes) = file(request).await?;
    let app = telephony.app();
    let origin = origin::find(app.db.read(), &query.origin).await?;
    if !origin.active {
        let detail = format!("origin `{}` is not in use", origin.code);
        return Err(refused("origin_not_in_use", detail).with_field("origin"));
    }
    let file = File {
        name,
        sha256: hex::encode(Sha256::digest(&bytes)),
    };
    let read = read(&telephony, origin.clone(), bytes).await?;
    if query.dry_run {
        return Ok(Json(import::look(&telephony, &origin, &read).await?));
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
    let report = import::write(&telephony, &origin, read, file, &actor.who()).await?;
    Ok(Json(report))
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
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses((status = 200, body = CallColumnsView), (status = 422, body = Problem)),
)]
pub(crate) async fn columns(
    _actor: Actor<ImportCalls>,
    State(telephony): State<Telephony>,
    Query(query): Query<ColumnsQuery>,
    request: Request,
) -> Result<Json<CallColumnsView>> {
    let (_, bytes) = file(request).await?;
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
    /// `imported` or `refused`.
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
    /// When.
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
    let conn = telephony.app().db.read();
    let select = import_row::Entity::find();
    let page = paginate(conn, select, &query, &sortable, import_row::Column::Id).await?;
    let importers: Vec<Uuid> = page.items.iter().filter_map(|row| row.by_id).collect();
    let people = organization::colleagues(conn, importers).await?;
    Ok(Json(page.map(|row| {
        CallImportView {
            by: row
                .by_id
                .and_then(|id| people.get(&id))
                .map_or(row.by_name, |person| person.name.clone()),
            id: row.id,
            origin: row.origin,
            file_name: row.file_name,
            sha256: row.sha256,
            state: row.state,
            rows: row.rows,
            new: row.made,
            changed: row.changed,
            unchanged: row.unchanged,
            errors: row.errors,
            at: row.at,
        }
    })))
}

/// The file of a request: the part `file` of a form, or the whole body.
async fn file(request: Request) -> Result<(String, Bytes)> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let form = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
    if form {
        let form = Multipart::from_request(request, &()).await;
        let form = form.map_err(|error| bad_request("form_unreadable", error.body_text()))?;
        return attachment::part(form).await;
    }
    let bytes = Bytes::from_request(request, &()).await;
    let bytes = bytes.map_err(|_| too_large("a table has at most 20 MB"))?;
    if bytes.is_empty() {
        return Err(bad_request("file_missing", "the body is empty").with_field("file"));
    }
    Ok((String::new(), bytes))
}

/// Why a file is no table, with the cell where reading ended.
fn unreadable(why: Unreadable) -> Problem {
    let problem = match why.code {
        "file_too_large" => return too_large(why.detail).with_field("file"),
        code => invalid("file", code, why.detail),
    };
    match why.at {
        Some((row, column)) => problem
            .with("row", row)
            .with("column", documents::letters(column)),
        None => problem,
    }
}
