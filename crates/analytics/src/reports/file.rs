//! The files of a report: PDF, DOCX and a workbook with the numbers of the screen. What is released leaves byte by byte as
//! it was frozen, the number of the export in its name; a draft is printed anew with a watermark that says so.

use axum::extract::State;
use axum::response::Response;
use documents::paper::{Document, to_docx};
use kernel::attachment::download;
use kernel::http::Path;
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::{Actor, App, Tx, words};
use organization::{ExportPass, Leaving, Trace};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::content::ReportContent;
use super::http::sees_all;
use super::paper::{self, Seal};
use super::rights::ExportReports;
use super::store::{self, frozen, row};
use super::{ReportDesk, sheet};

/// Who lays a paper out as PDF; answered by the server, which knows the fonts of the house.
pub trait Printer: Send + Sync {
    /// The file of a document.
    fn pdf(&self, document: &Document) -> Result<Vec<u8>>;
}

words! {
    /// What kind of file.
    ReportFormat {
        /// PDF
        Pdf = "pdf",
        /// Word
        Docx = "docx",
        /// Excel
        Xlsx = "xlsx",
    }
}

impl ReportFormat {
    fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// A file that was put away, before its row is written.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    id: Uuid,
    format: ReportFormat,
    path: String,
    sha256: String,
}

/// One file of a content.
async fn made(
    desk: &ReportDesk,
    content: &ReportContent,
    seal: Seal,
    format: ReportFormat,
) -> Result<Vec<u8>> {
    let (printer, content) = (desk.printer.clone(), content.clone());
    let made = tokio::task::spawn_blocking(move || match format {
        ReportFormat::Pdf => printer.pdf(&paper::document(&content, &seal)),
        ReportFormat::Docx => Ok(to_docx(&paper::document(&content, &seal))),
        ReportFormat::Xlsx => {
            let mark = Some(seal.watermark.as_str()).filter(|mark| !mark.is_empty());
            documents::write_book(&sheet::pages(&content, &seal), mark).map_err(internal)
        }
    });
    made.await.map_err(internal)?
}

/// Prints all files of a report that is to be released and puts them away.
pub(crate) async fn print(
    desk: &ReportDesk,
    report: &row::Model,
    sha256: &str,
    audit_head: &str,
) -> Result<Vec<Put>> {
    let content = report.content()?;
    let seal = Seal {
        sha256: sha256.to_owned(),
        audit_head: audit_head.to_owned(),
        watermark: String::new(),
    };
    let mut files = Vec::new();
    for format in ReportFormat::ALL.iter().copied() {
        let bytes = made(desk, &content, seal.clone(), format).await?;
        let id = desk.app.ids.next();
        let put = Put {
            id,
            format,
            path: format!("reports/{id}.{}", format.as_str()),
            sha256: hex::encode(Sha256::digest(&bytes)),
        };
        desk.app.files.put(&put.path, &bytes).await?;
        files.push(put);
    }
    Ok(files)
}

/// Writes down which files were frozen with a release.
pub(crate) async fn keep(app: &App, tx: &Tx, report: &row::Model, files: Vec<Put>) -> Result<()> {
    let rows = files.into_iter().map(|put| {
        let row = frozen::Model {
            id: put.id,
            report_id: report.id,
            format: put.format.as_str().to_owned(),
            path: put.path,
            sha256: put.sha256,
            frozen_at: app.clock.now(),
        };
        row.into_active_model()
    });
    frozen::Entity::insert_many(rows)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// Takes away what was printed for a release that did not come.
pub(crate) async fn forget(app: &App, files: &[Put]) -> Result<()> {
    for put in files {
        app.files.remove(&put.path).await?;
    }
    Ok(())
}

/// The route of the files.
pub(crate) fn routes(desk: &ReportDesk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(file))
        .with_state(desk.clone())
}

/// A report as `pdf`, `docx` or `xlsx`, with the numbers of the screen: frozen once it is released.
#[utoipa::path(
    get, path = "/api/v1/reports/{id}/files/{format}", tag = "reports", operation_id = "get_report_file",
    params(("id" = Uuid, Path), ("format" = inline(ReportFormat), Path), ExportPass),
    responses(
        (status = 200, content_type = "application/octet-stream"),
        (status = 404, body = Problem), (status = 409, body = Problem),
    ),
)]
async fn file(
    actor: Actor<ExportReports>,
    leaving: Leaving,
    State(desk): State<ReportDesk>,
    Path((id, format)): Path<(Uuid, String)>,
) -> Result<Response> {
    let format = ReportFormat::parse(&format).ok_or_else(|| not_found("file of the report"))?;
    let app = &desk.app;
    let conn = app.db.read();
    let report = store::get(conn, id, sees_all(actor.principal())).await?;
    let content = report.content()?;
    let pass = leaving.pass(app, sheet::rows(&content)).await?;
    let kept = store::files(conn, id).await?;
    let kept = kept.into_iter().find(|one| one.format == format.as_str());
    let bytes = if let Some(kept) = kept {
        let bytes = app.files.get(&kept.path).await?;
        if hex::encode(Sha256::digest(&bytes)) != kept.sha256 {
            return Err(internal(format!("{} is not what was frozen", kept.path)));
        }
        bytes
    } else {
        let seal = Seal {
            watermark: format!("未发布　{}", pass.line()),
            ..Seal::default()
        };
        made(&desk, &content, seal, format).await?.into()
    };
    let (number, revision, extension) = (&report.number, report.revision, format.as_str());
    let name = format!("{number}-{revision}-{}.{extension}", pass.number());
    let trace = Trace {
        action: "report.exported",
        subject_kind: "report",
        subject: id.to_string(),
        details: json!({
            "number": number, "revision": revision, "format": extension, "report_sha256": report.sha256,
        }),
    };
    pass.taken(app, &bytes, trace).await?;
    Ok(download(&name, format.media_type(), bytes))
}
