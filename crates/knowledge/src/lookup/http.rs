//! Look-up tables over HTTP: the same doors for each. The supplier reads, the purchaser writes.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::App;
use kernel::audit::Who;
use kernel::http::Json;
use kernel::list::{ListQuery, Page};
use kernel::problem::Result;
use organization::{Colleague, Leaving, Trace, colleagues};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::sheet::{self, LookupImport};
use super::store::{self, Filter, past, row};
use super::{Entry, Facts, LookupWindow};
use crate::upload;

/// A row of a look-up table.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LookupView<F> {
    /// Names it for good.
    pub code: String,
    /// The year it is valid for.
    pub year: i32,
    /// What it is called.
    pub name: String,
    /// It is shown.
    pub active: bool,
    /// What it says.
    pub fields: F,
    /// The names of the fields that the public sees.
    pub public: Vec<String>,
    /// What is coming, open and over now.
    pub windows: Vec<LookupWindow>,
    /// Who wrote it last.
    pub updated_by: Option<Colleague>,
    /// When.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// The versions of a row, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LookupHistory<F> {
    /// At most 200.
    pub items: Vec<LookupView<F>>,
}

/// A row as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupEntry<F> {
    /// The version that was read; 0 or left out for a new row.
    #[serde(default)]
    pub version: i64,
    /// The year it is valid for.
    pub year: i32,
    /// What it is called.
    pub name: String,
    /// It is shown; it is when left out.
    pub active: Option<bool>,
    /// What it says; what is left out says nothing.
    pub fields: F,
    /// The names of the fields that the public sees.
    #[serde(default)]
    pub public: Vec<String>,
}

/// How a file is brought in.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LookupImportQuery {
    /// Only tells what an import would do.
    #[serde(default)]
    pub dry_run: bool,
}

async fn views<F: Facts>(
    app: &App,
    conn: &impl ConnectionTrait,
    rows: Vec<row::Model>,
) -> Result<Vec<LookupView<F>>> {
    let people = colleagues(conn, rows.iter().filter_map(|row| row.updated_by)).await?;
    let now = app.clock.now();
    let view = |row: row::Model| {
        let entry = row.entry::<F>()?;
        Ok(LookupView {
            windows: entry.windows(now, None)?,
            code: entry.code,
            year: entry.year,
            name: entry.name,
            active: entry.active,
            fields: entry.facts,
            public: entry.public,
            updated_by: row.updated_by.and_then(|id| people.get(&id).cloned()),
            updated_at: row.updated_at,
            version: row.version,
        })
    };
    rows.into_iter().map(view).collect()
}

async fn one<F: Facts>(app: &App, row: row::Model) -> Result<Json<LookupView<F>>> {
    let mut views = views(app, app.db.read(), vec![row]).await?;
    let view = views.pop();
    Ok(Json(view.ok_or_else(|| kernel::problem::not_found("row"))?))
}

/// A page of a table.
pub(super) async fn listed<F: Facts>(
    app: &App,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Json<Page<LookupView<F>>>> {
    let conn = app.db.read();
    let page = store::list(conn, F::KIND, query, filter).await?;
    let shown = page.shown(async |rows| views(app, conn, rows).await);
    Ok(Json(shown.await?))
}

/// One row.
pub(super) async fn got<F: Facts>(app: &App, code: &str) -> Result<Json<LookupView<F>>> {
    let row = store::get(app.db.read(), F::KIND, code).await?;
    one(app, row).await
}

/// Every version of one row.
pub(super) async fn past_of<F: Facts>(app: &App, code: &str) -> Result<Json<LookupHistory<F>>> {
    let conn = app.db.read();
    let row = store::get(conn, F::KIND, code).await?;
    let as_row = |past: past::Model| row::Model {
        year: past.year,
        name: past.name,
        active: past.active,
        facts: past.facts,
        public_fields: past.public_fields,
        updated_by: past.by_id,
        updated_at: past.at,
        version: past.version,
        ..row.clone()
    };
    let rows = store::history(conn, row.id).await?;
    let items = views(app, conn, rows.into_iter().map(as_row).collect()).await?;
    Ok(Json(LookupHistory { items }))
}

/// Writes a row.
pub(super) async fn written<F: Facts>(
    app: App,
    who: Who,
    code: String,
    new: LookupEntry<F>,
) -> Result<Json<LookupView<F>>> {
    let seen = new.version;
    let entry = Entry {
        code,
        year: new.year,
        name: new.name,
        active: new.active.unwrap_or(true),
        facts: new.fields,
        public: new.public,
    };
    let entry = entry.checked()?;
    let (db, services) = (app.db.clone(), app.clone());
    let row = db
        .write(move |tx| async move { store::put(&services, &tx, &who, seen, entry).await })
        .await?;
    one(&app, row).await
}

/// Brings a table in: all of it, or with an error in any row nothing.
pub(super) async fn imported<F: Facts>(
    app: App,
    who: Who,
    dry_run: bool,
    request: Request<Body>,
) -> Result<Json<LookupImport>> {
    let table = upload::table(request).await?;
    if dry_run {
        let known = store::all(app.db.read(), F::KIND).await?;
        return Ok(Json(sheet::plan::<F>(&table, &known)?.1));
    }
    let db = app.db.clone();
    let report = db
        .write(move |tx| async move {
            let known = store::all(&*tx, F::KIND).await?;
            let (plan, mut report) = sheet::plan::<F>(&table, &known)?;
            let too_many = (known.len() + report.new.len()) as u64 > store::MOST;
            if too_many {
                let detail = "a table has at most 5,000 rows";
                return Err(kernel::problem::invalid("file", "too_many_rows", detail));
            }
            if report.errors_total > 0 {
                return Err(sheet::with_errors(&report));
            }
            report.dry_run = false;
            for (seen, entry) in plan {
                store::put(&app, &tx, &who, seen, entry).await?;
            }
            Ok(report)
        })
        .await?;
    Ok(Json(report))
}

/// The table as a file.
pub(super) async fn exported<F: Facts>(app: &App, leaving: Leaving) -> Result<Response> {
    let rows = store::all(app.db.read(), F::KIND).await?;
    let pass = leaving.pass(app, rows.len() as u64).await?;
    let bytes = sheet::written::<F>(&rows, &pass.line())?;
    let trace = Trace {
        action: "lookups.exported",
        subject_kind: "lookup",
        subject: F::KIND.to_string(),
        details: serde_json::json!({}),
    };
    pass.taken(app, &bytes, trace).await?;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"table.xlsx\""),
    );
    Ok((headers, bytes).into_response())
}

/// The doors of each table: its description, name, type and paths.
macro_rules! lookup_doors {
    ($(#[doc = $what:literal] $name:ident: $facts:ty, $list:literal, $one:literal, $history:literal, $import:literal, $export:literal;)*) => {
        $(mod $name {
            use axum::extract::{Request, State};
            use axum::response::Response;
            use kernel::http::{Json, Path, Query};
            use kernel::list::{ListQuery, Page};
            use kernel::problem::{Problem, Result};
            use kernel::{Actor, App};

            use super::{Filter, LookupEntry, LookupHistory, LookupImport, LookupImportQuery, LookupView};
            use crate::rights::{MaintainLookups, ViewLookups};
            use kernel::attachment::table::TableForm;

            #[doc = $what]
            #[utoipa::path(
                get, path = $list, tag = "lookups", operation_id = concat!("list_", stringify!($name)),
                params(ListQuery, Filter),
                responses((status = 200, body = Page<LookupView<$facts>>)),
            )]
            pub(super) async fn list(
                _actor: Actor<ViewLookups>,
                State(app): State<App>,
                Query(query): Query<ListQuery>,
                Query(filter): Query<Filter>,
            ) -> Result<Json<Page<LookupView<$facts>>>> {
                super::listed(&app, &query, &filter).await
            }

            #[doc = concat!("One row. ", $what)]
            #[utoipa::path(
                get, path = $one, tag = "lookups", operation_id = concat!("get_", stringify!($name)),
                params(("code" = String, Path)),
                responses((status = 200, body = LookupView<$facts>), (status = 404, body = Problem)),
            )]
            pub(super) async fn get(
                _actor: Actor<ViewLookups>,
                State(app): State<App>,
                Path(code): Path<String>,
            ) -> Result<Json<LookupView<$facts>>> {
                super::got(&app, &code).await
            }

            #[doc = concat!("Writes a row, new or over the version that was read. ", $what)]
            #[utoipa::path(
                put, path = $one, tag = "lookups", operation_id = concat!("put_", stringify!($name)),
                params(("code" = String, Path)),
                request_body = LookupEntry<$facts>,
                responses((status = 200, body = LookupView<$facts>), (status = 409, body = Problem), (status = 422, body = Problem)),
            )]
            pub(super) async fn put(
                actor: Actor<MaintainLookups>,
                State(app): State<App>,
                Path(code): Path<String>,
                Json(entry): Json<LookupEntry<$facts>>,
            ) -> Result<Json<LookupView<$facts>>> {
                super::written(app, actor.who(), code, entry).await
            }

            #[doc = concat!("Every version of one row, the newest first. ", $what)]
            #[utoipa::path(
                get, path = $history, tag = "lookups", operation_id = concat!("list_history_of_", stringify!($name)),
                params(("code" = String, Path)),
                responses((status = 200, body = LookupHistory<$facts>), (status = 404, body = Problem)),
            )]
            pub(super) async fn history(
                _actor: Actor<ViewLookups>,
                State(app): State<App>,
                Path(code): Path<String>,
            ) -> Result<Json<LookupHistory<$facts>>> {
                super::past_of(&app, &code).await
            }

            #[doc = concat!("Brings the table in from a file: all of it, or with an error in any row nothing. What is there is changed by its code, and nothing is ever deleted. ", $what)]
            #[utoipa::path(
                post, path = $import, tag = "lookups", operation_id = concat!("import_", stringify!($name)),
                params(LookupImportQuery),
                request_body(content = TableForm, content_type = "multipart/form-data"),
                responses((status = 200, body = LookupImport), (status = 413, body = Problem), (status = 422, body = Problem)),
            )]
            pub(super) async fn import(
                actor: Actor<MaintainLookups>,
                State(app): State<App>,
                Query(query): Query<LookupImportQuery>,
                request: Request,
            ) -> Result<Json<LookupImport>> {
                super::imported::<$facts>(app, actor.who(), query.dry_run, request).await
            }

            #[doc = concat!("Takes the whole table out, in the template that is brought in. ", $what)]
            #[utoipa::path(
                get, path = $export, tag = "lookups", operation_id = concat!("export_", stringify!($name)),
                params(organization::ExportPass),
                responses(
                    (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                    (status = 409, body = Problem),
                ),
            )]
            pub(super) async fn export(
                _actor: Actor<ViewLookups>,
                leaving: organization::Leaving,
                State(app): State<App>,
            ) -> Result<Response> {
                super::exported::<$facts>(&app, leaving).await
            }
        })*

        /// The routes of look-up tables.
        pub(crate) fn routes(app: &App) -> OpenApiRouter {
            OpenApiRouter::new()
                $(.routes(utoipa_axum::routes!($name::import)))*
                .layer(axum::extract::DefaultBodyLimit::max(kernel::attachment::BODY))
                $(
                    .routes(utoipa_axum::routes!($name::list))
                    .routes(utoipa_axum::routes!($name::get, $name::put))
                    .routes(utoipa_axum::routes!($name::history))
                    .routes(utoipa_axum::routes!($name::export))
                )*
                .with_state(app.clone())
        }
    };
}

lookup_doors! {
    /// Examination plans: registration, printing, examination, scores, review.
    exam_plans: super::super::ExamPlan, "/api/v1/exam-plans", "/api/v1/exam-plans/{code}", "/api/v1/exam-plans/{code}/history", "/api/v1/exam-plans/import", "/api/v1/exam-plans/export";
    /// Rounds of title evaluations: application, acceptance, evaluation, publication.
    title_batches: super::super::TitleBatch, "/api/v1/title-batches", "/api/v1/title-batches/{code}", "/api/v1/title-batches/{code}/history", "/api/v1/title-batches/import", "/api/v1/title-batches/export";
}
