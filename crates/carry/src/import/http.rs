//! The way in over HTTP: what can be brought, templates, columns, a try, the import, what was brought.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use documents::sheet::{self, Column, Kind, Layout};
use documents::{Cell, Table};
use kernel::attachment::BODY;
use kernel::attachment::table::{TableForm, file, plain_name, unreadable};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, not_found, too_large};
use kernel::{Actor, App};
use organization::{Colleague, colleagues};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, import_row};
use super::{
    ANSWER_WITHIN, Brought, File, LARGEST, MOST_ROWS, Report, keep_refused, with_errors, write,
};
use crate::kind::CarryKind;
use crate::rights::{ImportCarried, ViewCarried};

/// Rows of a file that are shown to who maps its columns.
const SAMPLE: usize = 5;
/// Columns of a saved layout.
const MOST_COLUMNS: usize = 256;

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(bring))
        .routes(routes!(columns, save_columns))
        .layer(DefaultBodyLimit::max(BODY))
        .routes(routes!(kinds))
        .routes(routes!(template))
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(errors))
        .with_state(app.clone())
}

/// A column of a template.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarryField {
    /// Its name on the wire.
    pub code: &'static str,
    /// Its heading.
    pub name: &'static str,
    /// No row is without it.
    pub needed: bool,
    /// It tells of a person.
    pub personal: bool,
    /// The words that may stand in it; empty where anything may.
    pub words: Vec<&'static str>,
}

/// A kind of what is handed over, and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarryKindView {
    /// The kind.
    pub kind: CarryKind,
    /// Its columns.
    pub fields: Vec<CarryField>,
    /// Who looks may bring it.
    pub may_bring: bool,
    /// Rows that came over.
    pub held: u64,
    /// The latest file.
    pub latest: Option<CarryImportView>,
}

/// Everything that can be brought in.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarryKinds {
    /// In the order in which they are brought.
    pub items: Vec<CarryKindView>,
}

/// One import as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarryImportView {
    /// Identifies it.
    pub id: Uuid,
    /// `CJ-20261123-001`
    pub number: String,
    /// What came in.
    pub kind: String,
    /// The transition on whose board it stands.
    pub transition_id: Option<Uuid>,
    /// Name of the file.
    pub file_name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its size.
    pub bytes: i64,
    /// `running`, `imported`, `refused` or `stopped`.
    pub state: String,
    /// Rows of the file.
    pub rows: i64,
    /// Rows that were not there.
    pub new: i64,
    /// Rows that said something else.
    pub changed: i64,
    /// Rows as they were.
    pub unchanged: i64,
    /// New tickets without an owner.
    pub ownerless: i64,
    /// Errors for which it was refused.
    pub errors: i64,
    /// Why it stopped.
    pub problem: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// Who brought it.
    pub by: Option<Colleague>,
}

async fn views(app: &App, rows: Vec<import_row::Model>) -> Result<Vec<CarryImportView>> {
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.by_id).collect();
    let people = colleagues(app.db.read(), ids).await?;
    let view = |row: import_row::Model| view(app, &people, row);
    Ok(rows.into_iter().map(view).collect())
}

async fn one(app: &App, row: import_row::Model) -> Result<CarryImportView> {
    let view = views(app, vec![row]).await?.pop();
    view.ok_or_else(|| internal("one row, one view"))
}

fn view(app: &App, people: &HashMap<Uuid, Colleague>, row: import_row::Model) -> CarryImportView {
    CarryImportView {
        state: row.stands(app.clock.now()).to_owned(),
        id: row.id,
        number: row.number,
        kind: row.kind,
        transition_id: row.transition_id,
        file_name: row.file_name,
        sha256: row.sha256,
        bytes: row.bytes,
        rows: row.rows,
        new: row.made,
        changed: row.changed,
        unchanged: row.unchanged,
        ownerless: row.ownerless,
        errors: row.errors,
        problem: row.problem,
        at: row.at,
        by: row.by_id.and_then(|id| people.get(&id).cloned()),
    }
}

fn kind_of(code: &str) -> Result<CarryKind> {
    CarryKind::parse(code).ok_or_else(|| not_found("kind of import"))
}

/// What can be brought in from a predecessor, with the state of each.
#[utoipa::path(
    get, path = "/api/v1/carry", tag = "carry", operation_id = "list_carry_kinds",
    responses((status = 200, body = CarryKinds)),
)]
async fn kinds(actor: Actor<ViewCarried>, State(app): State<App>) -> Result<Json<CarryKinds>> {
    let conn = app.db.read();
    let mut items = Vec::new();
    for kind in CarryKind::ALL.iter().copied() {
        let fields = kind.fields().into_iter().map(|field| CarryField {
            code: field.code,
            name: field.names.first().copied().unwrap_or(field.code),
            needed: field.needed,
            personal: field.personal,
            words: match field.kind {
                Kind::Word(words) => words.iter().map(|(word, _)| *word).collect(),
                _ => Vec::new(),
            },
        });
        items.push(CarryKindView {
            kind,
            fields: fields.collect(),
            may_bring: actor.principal().may::<ImportCarried>()
                && kind.may_bring(actor.principal()),
            held: store::held(conn, kind).await?,
            latest: match store::latest(conn, kind).await? {
                Some(row) => Some(one(&app, row).await?),
                None => None,
            },
        });
    }
    Ok(Json(CarryKinds { items }))
}

fn xlsx(name: &str, bytes: Vec<u8>) -> Result<Response> {
    const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TYPE));
    let named = format!("attachment; filename=\"{name}\"");
    let named = HeaderValue::from_str(&named).map_err(internal)?;
    headers.insert(header::CONTENT_DISPOSITION, named);
    Ok((headers, bytes).into_response())
}

/// The empty sheet of a kind: a star at what is needed.
#[utoipa::path(
    get, path = "/api/v1/carry/{kind}/template", tag = "carry", operation_id = "get_carry_template",
    params(("kind" = String, Path)),
    responses((
        status = 200,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )),
)]
async fn template(_actor: Actor<ViewCarried>, Path(kind): Path<String>) -> Result<Response> {
    let kind = kind_of(&kind)?;
    let bytes = sheet::template(kind.name(), &kind.fields()).map_err(internal)?;
    xlsx(&format!("{}.xlsx", kind.as_str()), bytes)
}

async fn table(request: Request) -> Result<(File, Table)> {
    let (name, bytes) = file(request).await?;
    if bytes.len() > LARGEST {
        return Err(too_large("a file that is handed over has at most 10 MB").with_field("file"));
    }
    let file = File {
        name: name.as_deref().map(plain_name).unwrap_or_default(),
        sha256: hex::encode(Sha256::digest(&bytes)),
        bytes: bytes.len(),
    };
    // Parsing some megabytes would hold the other requests of this thread up.
    let work = move || documents::read_up_to(&bytes, MOST_ROWS);
    let read = tokio::task::spawn_blocking(work).await.map_err(internal)?;
    let table = read.map_err(|why| {
        let at = why
            .at
            .map(|(row, column)| (row, documents::letters(column)));
        unreadable(why.code, why.detail, at)
    })?;
    Ok((file, table))
}

/// The heading of a file, for who maps its columns.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarryColumns {
    /// The row of the heading; null where none was found.
    pub heading_row: Option<u32>,
    /// The columns with what they most likely mean.
    pub columns: Vec<Column>,
    /// The first rows below the heading, as text.
    pub sample: Vec<Vec<String>>,
    /// Rows below the heading.
    pub rows: usize,
}

/// Reads the heading and the first rows of a file and guesses what its columns mean; keeps nothing.
#[utoipa::path(
    post, path = "/api/v1/carry/{kind}/columns", tag = "carry", operation_id = "read_carry_columns",
    params(("kind" = String, Path)),
    request_body(content = TableForm, content_type = "multipart/form-data"),
    responses((status = 200, body = CarryColumns), (status = 413, body = Problem), (status = 422, body = Problem)),
)]
async fn columns(
    actor: Actor<ImportCarried>,
    State(app): State<App>,
    Path(kind): Path<String>,
    request: Request,
) -> Result<Json<CarryColumns>> {
    let kind = kind_of(&kind)?;
    kind.must_be_his(actor.principal())?;
    let layout = store::layout(app.db.read(), kind).await?;
    let (_, table) = table(request).await?;
    let heading = sheet::heading(&table, &kind.fields(), &layout);
    let heading_row = heading.as_ref().map(|heading| heading.row);
    // Without a column that means anything, the first row is shown: who maps knows better.
    let first = table.rows.first();
    let shown = heading_row.or_else(|| first.map(|row| row.number));
    let columns = match heading {
        Some(heading) => heading.columns,
        None => first.map_or_else(Vec::new, |row| {
            let cells = (0..).zip(row.cells.iter());
            cells
                .map(|(place, cell)| Column {
                    column: documents::letters(place),
                    heading: cell.text(),
                    field: None,
                })
                .collect()
        }),
    };
    let below = table.rows.iter().filter(|row| Some(row.number) > shown);
    let sample = below.clone().take(SAMPLE);
    Ok(Json(CarryColumns {
        heading_row,
        columns,
        sample: sample
            .map(|row| row.cells.iter().map(Cell::text).collect())
            .collect(),
        rows: below.count(),
    }))
}

/// What columns mean, by their headings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CarryLayout)]
struct NewLayout {
    /// The field's code by the heading; an empty code for a column that is passed over.
    columns: Layout,
}

/// Saves what the columns of a kind of file mean; it counts for every file of it from now on.
#[utoipa::path(
    put, path = "/api/v1/carry/{kind}/columns", tag = "carry", operation_id = "save_carry_columns",
    params(("kind" = String, Path)), request_body = NewLayout,
    responses((status = 204), (status = 422, body = Problem)),
)]
async fn save_columns(
    actor: Actor<ImportCarried>,
    State(app): State<App>,
    Path(kind): Path<String>,
    Json(new): Json<NewLayout>,
) -> Result<StatusCode> {
    let kind = kind_of(&kind)?;
    kind.must_be_his(actor.principal())?;
    if new.columns.len() > MOST_COLUMNS {
        return Err(invalid("columns", "too_many_columns", "at most 256"));
    }
    let fields = kind.fields();
    let mut layout = Layout::new();
    for (heading, code) in new.columns {
        if !code.is_empty() && !fields.iter().any(|field| field.code == code) {
            let detail = format!("`{code}` is no field of this kind");
            return Err(invalid("columns", "field_unknown", detail));
        }
        layout.insert(sheet::plain(&heading), code);
    }
    let (db, who) = (app.db.clone(), actor.who());
    db.write(move |tx| async move { store::save_layout(&app, &tx, &who, kind, &layout).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a file is brought in.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BringQuery {
    /// Only tells what an import would do.
    #[serde(default)]
    dry_run: bool,
    /// The transition on whose board it stands.
    transition: Option<Uuid>,
    /// Answers before it is written.
    #[serde(default)]
    background: bool,
}

/// Brings a file of a predecessor in: all of it, or with an error in any row nothing. What came over before is known by
/// its foreign number and compared field by field; the same file twice changes nothing. A large file is answered with
/// 202 before all of it is written.
#[utoipa::path(
    post, path = "/api/v1/carry/{kind}/import", tag = "carry", operation_id = "bring_carried",
    params(("kind" = String, Path), BringQuery),
    request_body(content = TableForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Report), (status = 202, body = Report), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem),
    ),
)]
async fn bring(
    actor: Actor<ImportCarried>,
    State(app): State<App>,
    Path(kind): Path<String>,
    Query(query): Query<BringQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Report>)> {
    let kind = kind_of(&kind)?;
    kind.must_be_his(actor.principal())?;
    let conn = app.db.read();
    if let Some(transition) = query.transition {
        personnel::transition::verbs::must_be_open(conn, transition).await?;
    }
    let (file, table) = table(request).await?;
    let layout = store::layout(conn, kind).await?;
    let fields = kind.fields();
    let read = {
        let fields = fields.clone();
        move || sheet::read(&table, &fields, &layout, kind.key())
    };
    let (sheet, heading) = tokio::task::spawn_blocking(read).await.map_err(internal)?;
    let brought = Brought {
        kind,
        fields,
        sheet,
        heading,
        terms: kind.terms(&app, conn).await?,
        transition_id: query.transition,
        file,
    };
    let mut report = brought.look(&app, conn).await?;
    if query.dry_run {
        return Ok((StatusCode::OK, Json(report)));
    }
    let who = actor.who();
    if report.errors_total > 0 {
        let id = keep_refused(&app, &who, &brought, &report).await?;
        report.import_id = Some(id);
        return Err(with_errors(&report));
    }
    let wait = if query.background {
        Duration::ZERO
    } else {
        ANSWER_WITHIN
    };
    let report = write(&app, who, brought, report, wait).await?;
    let status = if report.running {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(report)))
}

/// What the list of imports may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportFilter {
    /// Only those of this kind.
    kind: Option<String>,
    /// Only those on the board of this transition.
    transition: Option<Uuid>,
}

/// What was brought in or refused, the newest first: the evidence of a transition.
#[utoipa::path(
    get, path = "/api/v1/carry-imports", tag = "carry", operation_id = "list_carry_imports",
    params(ListQuery, ImportFilter),
    responses((status = 200, body = Page<CarryImportView>)),
)]
async fn list(
    _actor: Actor<ViewCarried>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<ImportFilter>,
) -> Result<Json<Page<CarryImportView>>> {
    use import_row::Column;
    let all = Condition::all()
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind)))
        .add_option(filter.transition.map(|id| Column::TransitionId.eq(id)))
        .add_option(query.words_in(&[Column::Number, Column::FileName])?);
    let select = import_row::Entity::find().filter(all);
    let sortable = [("at", Column::At)];
    let page = paginate(app.db.read(), select, &query, &sortable, Column::Id).await?;
    Ok(Json(
        page.shown(async |rows| views(&app, rows).await).await?,
    ))
}

/// One import with its report.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarryImportDetail {
    /// What lists show.
    #[serde(flatten)]
    pub import: CarryImportView,
    /// What the file was found to do: errors and changes by row.
    #[schema(value_type = Report)]
    pub report: serde_json::Value,
}

/// One import with its report, also while it is written.
#[utoipa::path(
    get, path = "/api/v1/carry-imports/{id}", tag = "carry", operation_id = "get_carry_import",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CarryImportDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewCarried>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<CarryImportDetail>> {
    let row = store::get(app.db.read(), id).await?;
    let mut report = row.report.clone();
    // What stands in a ticket or an article is not for everybody who sees how the import went.
    let his = CarryKind::parse(&row.kind).is_some_and(|kind| kind.may_bring(actor.principal()));
    if !his && let Some(changes) = report["changes"].as_array_mut() {
        for change in changes {
            change["before"] = serde_json::Value::Null;
            change["after"] = serde_json::Value::Null;
        }
    }
    Ok(Json(CarryImportDetail {
        import: one(&app, row).await?,
        report,
    }))
}

/// The errors of a refused file as a sheet, to be mended beside it.
#[utoipa::path(
    get, path = "/api/v1/carry-imports/{id}/errors", tag = "carry", operation_id = "export_carry_errors",
    params(("id" = Uuid, Path)),
    responses((
        status = 200,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ), (status = 404, body = Problem)),
)]
async fn errors(
    _actor: Actor<ViewCarried>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    let row = store::get(app.db.read(), id).await?;
    let told = row.report["errors"].as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let rows = told.iter().map(|error| {
        ["row", "column", "heading", "code", "detail"]
            .map(|key| text(&error[key]))
            .to_vec()
    });
    let heading = ["行", "列", "列名", "代码", "说明"];
    let bytes = documents::write("错误", heading, rows).map_err(internal)?;
    xlsx(&format!("{}-errors.xlsx", row.number), bytes)
}
