//! The way in over HTTP: a file of orders, tried first and then written, and the columns of a file for who
//! sets a platform up.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use chrono::{DateTime, Utc};
use documents::{Table, Unreadable};
use kernel::attachment::BODY;
use kernel::attachment::table::{TableForm, file, plain_name};
use kernel::http::{Json, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::{Actor, App, Principal, Role};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::ImportWorkOrders;
use super::columns::{Column, Field};
use super::dispatch::Owner;
use super::import::{self, Batch, Counts, ImportReport, Origin};
use super::interpret::{self, Interpreted, Terms};
use super::platform::{self, Platform};
use super::store::import_row;
use crate::ticket::{act, limits};
use crate::upload::unreadable;
use crate::{matter, people};

/// Rows of a file that are shown to who maps its columns.
const SAMPLE: usize = 5;

/// The routes that take a file.
pub(super) fn routes(app: &App) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(import))
        .routes(routes!(columns))
        .routes(routes!(imports))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(app.clone())
}

/// What a file is imported as.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// The platform it comes from.
    platform: String,
    /// Only tells what an import would do.
    #[serde(default)]
    dry_run: bool,
    /// The agent or shift lead who answers for what is new until somebody signs it; by the dispatch rules unless
    /// told.
    owner: Option<Uuid>,
    /// The name of the file, where the form does not tell it.
    file_name: Option<String>,
}

/// Brings the orders of a file in: all of them, or with an error in any row none. An order that is there is
/// compared field by field; the same file twice changes nothing.
#[utoipa::path(
    post, path = "/api/v1/work-orders/import", tag = "work orders",
    params(ImportQuery),
    request_body(content = TableForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = ImportReport), (status = 413, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn import(
    actor: Actor<ImportWorkOrders>,
    State(app): State<App>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<ImportReport>> {
    let (name, bytes) = file(request).await?;
    let conn = app.db.read();
    let platform = platform::in_use(conn, &query.platform).await?;
    let owner = owner(conn, query.owner, actor.principal()).await?;
    let mut batch = Batch {
        platform,
        orders: Vec::new(),
        present: Vec::new(),
        counts: Counts::default(),
        owner,
        who: actor.who(),
        origin: Origin {
            source: "file",
            file_name: name
                .or(query.file_name)
                .as_deref()
                .map(plain_name)
                .unwrap_or_default(),
            sha256: hex::encode(Sha256::digest(&bytes)),
        },
    };
    fill(&app, conn, &mut batch, Source::File(bytes)).await?;
    let failed = !batch.counts.errors.is_empty();
    if query.dry_run || failed {
        let report = import::look(&app, conn, &batch).await?;
        if query.dry_run {
            return Ok(Json(report));
        }
        let (db, told) = (app.db.clone(), report.clone());
        db.write(move |tx| async move { import::refused(&app, &tx, &batch, &told).await })
            .await?;
        return Err(with_errors(&report));
    }
    let db = app.db.clone();
    let report = db
        .write(move |tx| async move { Box::pin(import::write(&app, &tx, batch)).await })
        .await?;
    Ok(Json(report))
}

/// Who answers for what is new: who was chosen, or whoever the dispatch rules say, and where they do not, who
/// imports if he is the shift lead, else the first there is.
async fn owner(
    conn: &impl ConnectionTrait,
    chosen: Option<Uuid>,
    importer: &Principal,
) -> Result<Owner> {
    if let Some(owner) = chosen {
        act::must_be_agent(conn, owner)
            .await
            .map_err(|problem| problem.with_field("owner"))?;
        return Ok(Owner::Chosen(owner));
    }
    let fallback = if importer.roles.contains(&Role::ShiftLead) {
        importer.user_id
    } else {
        let leads = organization::colleagues::holders(conn, Role::ShiftLead).await?;
        leads.first().map_or(importer.user_id, |lead| lead.id)
    };
    Ok(Owner::ByRule { fallback })
}

pub(crate) fn with_errors(report: &ImportReport) -> Problem {
    let detail = format!(
        "{} errors in {} rows; nothing was written",
        report.errors_total, report.rows
    );
    let told = serde_json::to_value(report).unwrap_or_default();
    invalid("file", "import_has_errors", detail)
        .with_way_out("mend the cells that are named and send the file again")
        .with("report", told)
}

/// Where the rows come from.
pub(crate) enum Source {
    File(Bytes),
    Table(Table),
}

/// Reads the rows of a source into the batch.
pub(crate) async fn fill(
    app: &App,
    conn: &impl ConnectionTrait,
    batch: &mut Batch,
    source: Source,
) -> Result<()> {
    let matters = matter::leaves(conn).await?;
    let now = app.clock.now();
    let rows = limits::in_force(conn, now).await?;
    let limits_from = rows
        .iter()
        .filter(|row| row.rule.is_for_all())
        .map(|row| row.stamp.effective_from)
        .min();
    let platform = batch.platform.clone();
    // Unpacking and parsing a file of some megabytes would hold the other requests of this thread up.
    let work = move || -> Result<(Interpreted, Vec<Field>), Unreadable> {
        let table = match source {
            Source::File(bytes) => documents::read(&bytes)?,
            Source::Table(table) => table,
        };
        let terms = Terms {
            layout: &platform.columns,
            words: &platform.words,
            matters: &matters,
            now,
            limits_from,
        };
        let heading = interpret::heading(&table, terms.layout);
        let present = heading.into_iter().flat_map(|heading| heading.columns);
        let present = present.filter_map(|(_, field)| field).collect();
        Ok((interpret::interpret(&table, &terms), present))
    };
    let read = tokio::task::spawn_blocking(work).await.map_err(internal)?;
    let (read, present) = read.map_err(unreadable)?;
    batch.take(read);
    batch.present = present;
    Ok(())
}

/// What the columns of a file mean.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ColumnsQuery {
    /// The platform whose saved columns count first.
    platform: Option<String>,
}

/// The heading of a file, for who maps its columns.
#[derive(Debug, Serialize, ToSchema)]
pub struct ColumnsView {
    /// The row of the heading.
    pub heading_row: Option<u32>,
    /// The columns with what they most likely mean.
    pub columns: Vec<Column>,
    /// The first rows below the heading, as text.
    pub sample: Vec<Vec<String>>,
    /// Rows below the heading.
    pub rows: usize,
    /// The words of the type column that no request type is called by, with how often they stand there.
    pub unknown_request_types: HashMap<String, usize>,
}

/// Reads the heading and the first rows of a file and guesses what its columns mean; keeps nothing.
#[utoipa::path(
    post, path = "/api/v1/work-orders/import/columns", tag = "work orders",
    params(ColumnsQuery),
    request_body(content = TableForm, content_type = "multipart/form-data"),
    responses((status = 200, body = ColumnsView), (status = 422, body = Problem)),
)]
pub(crate) async fn columns(
    _actor: Actor<ImportWorkOrders>,
    State(app): State<App>,
    Query(query): Query<ColumnsQuery>,
    request: Request,
) -> Result<Json<ColumnsView>> {
    let (_, bytes) = file(request).await?;
    let platform: Option<Platform> = match &query.platform {
        Some(code) => Some(platform::find(app.db.read(), code).await?),
        None => None,
    };
    let read = tokio::task::spawn_blocking(move || documents::read(&bytes)).await;
    let table = read.map_err(internal)?.map_err(unreadable)?;
    Ok(Json(columns_of(&table, platform.as_ref())))
}

fn columns_of(table: &Table, platform: Option<&Platform>) -> ColumnsView {
    let layout = platform.map(|platform| platform.columns.clone());
    let layout = layout.unwrap_or_default();
    let found = interpret::heading(table, &layout);
    let heading_row = found.as_ref().map(|heading| heading.row);
    // Without a column that means anything, the first row is shown: who maps knows better.
    let row = heading_row.or_else(|| table.rows.first().map(|row| row.number));
    let names = match found {
        Some(heading) => heading.columns,
        None => table
            .rows
            .first()
            .map(|row| row.cells.iter().map(|cell| (cell.text(), None)).collect())
            .unwrap_or_default(),
    };
    let below: Vec<&documents::Row> = table
        .rows
        .iter()
        .filter(|one| row.is_some_and(|row| one.number > row))
        .collect();
    let place = names
        .iter()
        .position(|(_, field)| *field == Some(Field::RequestType));
    let mut unknown_request_types = HashMap::new();
    if let Some(place) = place {
        for one in &below {
            let word = one.cell(place).text();
            let known = platform
                .is_some_and(|platform| platform.words.request_type.contains_key(&word))
                || crate::words::RequestType::parse(&word).is_some();
            if !known && !word.is_empty() && unknown_request_types.len() < 50 {
                *unknown_request_types.entry(word).or_insert(0) += 1;
            }
        }
    }
    ColumnsView {
        heading_row,
        columns: names
            .iter()
            .map(|(name, field)| Column {
                column: name.clone(),
                field: *field,
            })
            .collect(),
        sample: below
            .iter()
            .take(SAMPLE)
            .map(|row| {
                (0..names.len())
                    .map(|place| row.cell(place).text())
                    .collect()
            })
            .collect(),
        rows: below.len(),
        unknown_request_types,
    }
}

/// One import that was made or refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    /// Identifies it.
    pub id: Uuid,
    /// The platform.
    pub platform: String,
    /// `file`, `pull` or `push`.
    pub source: String,
    /// The name of the file.
    pub file_name: String,
    /// SHA-256 of it in hex.
    pub sha256: String,
    /// `imported`, `partly_imported` or `refused`.
    pub state: String,
    /// Rows in it.
    pub rows: i64,
    /// Orders that were new.
    pub new: i64,
    /// Orders that changed.
    pub changed: i64,
    /// Orders as they were.
    pub unchanged: i64,
    /// Errors in it.
    pub errors: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The person's name, or the part of the system.
    pub by: String,
}

/// The imports, the newest first.
#[utoipa::path(
    get, path = "/api/v1/work-orders/imports", tag = "work orders",
    params(ListQuery),
    responses((status = 200, body = Page<ImportView>)),
)]
pub(crate) async fn imports(
    _actor: Actor<ImportWorkOrders>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ImportView>>> {
    let sortable = [("at", import_row::Column::At)];
    let select = import_row::Entity::find();
    let id = import_row::Column::Id;
    let conn = app.db.read();
    let page = paginate(conn, select, &query, &sortable, id).await?;
    let importers: Vec<Uuid> = page.items.iter().filter_map(|row| row.by_id).collect();
    let people = organization::colleagues(conn, importers).await?;
    Ok(Json(page.map(|row| ImportView {
        id: row.id,
        platform: row.platform,
        source: row.source,
        file_name: row.file_name,
        sha256: row.sha256,
        state: row.state,
        rows: row.rows,
        new: row.made,
        changed: row.changed,
        unchanged: row.unchanged,
        errors: row.errors,
        at: row.at,
        by: people::acted(&people, row.by_id, row.by_name),
    })))
}
