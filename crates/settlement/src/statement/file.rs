//! The files of a statement: a workbook of its numbers, and the paper that is frozen with its submission and its
//! confirmation. Both leave through the door of exports; the frozen paper leaves byte by byte as it was frozen, so
//! that anybody can compare its digest.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use documents::paper::Document;
use kernel::attachment::download;
use kernel::http::{Path, Query};
use kernel::problem::{Problem, Result, internal, refused, unavailable};
use kernel::{Actor, App, EventHandler, Side, audit, words};
use organization::{ExportPass, Leaving, Trace};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::Desk;
use super::paper::{self, Sealed};
use super::store::{self, row as statement};
use super::view::{self, StatementDetail};
use super::{StatementState, sheet};
use crate::contract;
use crate::rights::ExportStatements;

/// How often a paper is printed anew when its statement changed meanwhile.
const ATTEMPTS: usize = 3;
/// Papers of one statement at most.
const MOST: u64 = 100;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Who lays a paper out as PDF; answered by the server, which knows the fonts of the house.
pub trait Printer: Send + Sync {
    /// The file of a document.
    fn pdf(&self, document: &Document) -> Result<Vec<u8>>;
}

words! {
    /// When a paper was frozen.
    PaperStage {
        /// 提交时
        Submitted = "submitted",
        /// 确认时
        Confirmed = "confirmed",
    }
}

kernel::table! {
    mod row = "statement_papers" (id: Uuid) {
        statement_id: Uuid,
        round: i64,
        stage: String,
        path: String,
        sha256: String,
        total_fen: i64,
        frozen_at: DateTimeUtc,
    }
}

/// A frozen paper.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatementPaperView {
    /// `submitted` or `confirmed`.
    pub stage: String,
    /// The submission.
    pub round: i64,
    /// Of the file.
    pub sha256: String,
    /// The total that stands on it, in fen.
    pub total_fen: i64,
    /// When it was frozen.
    pub frozen_at: DateTime<Utc>,
}

/// The frozen papers of a statement, the first one first.
pub(crate) async fn papers(
    conn: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<StatementPaperView>> {
    let rows = row::Entity::find()
        .filter(row::Column::StatementId.eq(id))
        .order_by_asc(row::Column::FrozenAt)
        .limit(MOST)
        .all(conn)
        .await?;
    let views = rows.into_iter().map(|row| StatementPaperView {
        stage: row.stage,
        round: row.round,
        sha256: row.sha256,
        total_fen: row.total_fen,
        frozen_at: row.frozen_at,
    });
    Ok(views.collect())
}

/// Freezes the paper when a statement was submitted or confirmed.
pub(crate) fn freezer(desk: &Desk) -> EventHandler {
    let desk = desk.clone();
    EventHandler::new(
        "settlement.freeze_papers",
        &["statement.submitted", "statement.confirmed"],
        move |event| {
            let desk = desk.clone();
            async move {
                let id = event.subject_id.parse().map_err(internal)?;
                freeze(&desk, id).await
            }
        },
    )
}

/// At which stage the paper of a statement is to be frozen as it stands.
fn stage(statement: &statement::Model) -> Result<Option<PaperStage>> {
    use StatementState as S;
    let case = statement.case()?;
    Ok(match case.state {
        _ if case.is_confirmed() => Some(PaperStage::Confirmed),
        S::Submitted | S::UnderReview => Some(PaperStage::Submitted),
        _ => None,
    })
}

async fn found(
    conn: &impl ConnectionTrait,
    id: Uuid,
    asked: Condition,
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(asked.add(row::Column::StatementId.eq(id)))
        .order_by_desc(row::Column::FrozenAt)
        .limit(1)
        .one(conn)
        .await?)
}

/// Freezes the paper right after the step, before another one can follow; where it fails the handler does it later.
pub(crate) async fn freeze_now(desk: &Desk, id: Uuid) {
    if let Err(problem) = freeze(desk, id).await {
        tracing::warn!(%id, %problem, "the paper of a statement waits");
    }
}

/// Freezes the paper of a statement as it stands, once for each stage of each round.
async fn freeze(desk: &Desk, id: Uuid) -> Result<()> {
    for _ in 0..ATTEMPTS {
        if freeze_once(desk, id).await? {
            return Ok(());
        }
    }
    let detail = "the statement changed again and again while it was printed";
    Err(unavailable("statement_changes", detail))
}

/// Whether nothing is left to be done; not where the statement changed while it was printed.
async fn freeze_once(desk: &Desk, id: Uuid) -> Result<bool> {
    let conn = desk.app.db.read();
    let statement = store::get(conn, id).await?;
    let Some(stage) = stage(&statement)? else {
        return Ok(true);
    };
    let this = Condition::all()
        .add(row::Column::Round.eq(statement.round))
        .add(row::Column::Stage.eq(stage.as_str()));
    if found(conn, id, this).await?.is_some() {
        return Ok(true);
    }
    let mut shown = view::detail(&desk.app, id).await?;
    if shown.statement.version != statement.version {
        return Ok(false);
    }
    // It is frozen as of its step, however late that happens.
    stage.as_str().clone_into(&mut shown.statement.state);
    let bytes = printed(desk, &statement, &shown).await?;
    let paper = row::Model {
        id: desk.app.ids.next(),
        statement_id: id,
        round: statement.round,
        stage: stage.as_str().to_owned(),
        path: String::new(),
        sha256: hex::encode(Sha256::digest(&bytes)),
        total_fen: statement.total_fen,
        frozen_at: desk.app.clock.now(),
    };
    let paper = row::Model {
        path: format!("statements/{}.pdf", paper.id),
        ..paper
    };
    desk.app.files.put(&paper.path, &bytes).await?;
    keep(&desk.app, statement, paper).await
}

/// Keeps a paper; not where the statement changed while it was printed, or another was faster.
async fn keep(app: &App, printed: statement::Model, paper: row::Model) -> Result<bool> {
    let (services, path) = (app.clone(), paper.path.clone());
    let kept = app
        .db
        .write(move |tx| async move {
            let now = store::get(&*tx, printed.id).await?;
            if now.version != printed.version {
                return Ok(false);
            }
            let details =
                json!({ "round": paper.round, "stage": paper.stage, "sha256": paper.sha256 });
            let written = row::Entity::insert(paper.into_active_model())
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&*tx)
                .await?;
            if written == 0 {
                return Ok(false);
            }
            let who = audit::Who::system("settlement");
            let what = "statement.paper_frozen";
            audit::record(
                &services,
                &*tx,
                &who,
                what,
                "statement",
                printed.id,
                details,
            )
            .await?;
            Ok(true)
        })
        .await?;
    if !kept {
        app.files.remove(&path).await?;
    }
    Ok(kept)
}

async fn printed(
    desk: &Desk,
    statement: &statement::Model,
    shown: &StatementDetail,
) -> Result<Vec<u8>> {
    let conn = desk.app.db.read();
    let contract = contract::get(conn, statement.contract_id).await?;
    let people = [statement.drawn_by, statement.confirmed_by];
    let people = organization::colleagues(conn, people.into_iter().flatten()).await?;
    let name = |id: Option<Uuid>| Some(people.get(&id?)?.name.clone());
    let party = async |side| organization::party_name(conn, side).await;
    let sealed = Sealed {
        purchaser: party(Side::Purchaser).await?.unwrap_or_default(),
        supplier: party(Side::Supplier).await?.unwrap_or_default(),
        contract: format!("{} {}", contract.number, contract.title),
        drawn_by: name(statement.drawn_by).unwrap_or_default(),
        confirmed_by: name(statement.confirmed_by),
        audit_head: audit::head(conn)
            .await?
            .map_or_else(String::new, |head| format!("{} {}", head.seq, head.hash)),
        rules: view::rules(statement)?,
    };
    let document = paper::document(shown, &sealed);
    let printer = desk.printer.clone();
    let made = tokio::task::spawn_blocking(move || printer.pdf(&document)).await;
    made.map_err(internal)?
}

/// The routes of the files.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(export))
        .routes(routes!(pdf))
        .with_state(desk.clone())
}

fn trace(action: &'static str, shown: &StatementDetail) -> Trace {
    Trace {
        action,
        subject_kind: "statement",
        subject: shown.statement.id.to_string(),
        details: json!({ "number": shown.statement.number, "statement_sha256": shown.statement.sha256 }),
    }
}

/// A statement as a workbook, with the numbers of the screen.
#[utoipa::path(
    get, path = "/api/v1/statements/{id}/export", tag = "settlement", operation_id = "export_statement",
    params(("id" = Uuid, Path), ExportPass),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 409, body = Problem),
    ),
)]
async fn export(
    _actor: Actor<ExportStatements>,
    leaving: Leaving,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    let app = &desk.app;
    let shown = view::detail(app, id).await?;
    if shown.lines.is_empty() {
        let detail = "nothing is drawn yet";
        return Err(refused("statement_not_drawn", detail).with_way_out("draw it first"));
    }
    let pages = sheet::pages(app.db.read(), &shown).await?;
    let rows: usize = pages.iter().map(|page| page.rows.len()).sum();
    let pass = leaving.pass(app, rows as u64).await?;
    let mark = pass.line();
    let made =
        tokio::task::spawn_blocking(move || documents::write_book(&pages, Some(&mark))).await;
    let bytes = made.map_err(internal)?.map_err(internal)?;
    let name = format!("{}.xlsx", shown.statement.number);
    pass.taken(app, &bytes, trace("statement.exported", &shown))
        .await?;
    Ok(download(&name, XLSX, bytes.into()))
}

/// Which of the frozen papers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PaperAsked {
    /// As of the submission or of the confirmation; the latest when left out.
    #[param(inline)]
    stage: Option<PaperStage>,
}

/// The paper of a statement as it was frozen with its submission or its confirmation.
#[utoipa::path(
    get, path = "/api/v1/statements/{id}/pdf", tag = "settlement", operation_id = "get_statement_paper",
    params(("id" = Uuid, Path), PaperAsked, ExportPass),
    responses((status = 200, content_type = "application/pdf"), (status = 409, body = Problem)),
)]
async fn pdf(
    _actor: Actor<ExportStatements>,
    leaving: Leaving,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Query(asked): Query<PaperAsked>,
) -> Result<Response> {
    let app = &desk.app;
    // Who asks in the moment of the step waits for the printer, not for the next time it is asked.
    freeze(&desk, id).await?;
    let stage = asked
        .stage
        .map(|stage| row::Column::Stage.eq(stage.as_str()));
    let wanted = Condition::all().add_option(stage);
    let Some(paper) = found(app.db.read(), id, wanted).await? else {
        let detail = "no paper of this stage is frozen";
        return Err(refused("statement_not_frozen", detail).with_way_out("submit the statement"));
    };
    let shown = view::detail(app, id).await?;
    let pass = leaving.pass(app, shown.lines.len() as u64).await?;
    let bytes = app.files.get(&paper.path).await?;
    if hex::encode(Sha256::digest(&bytes)) != paper.sha256 {
        return Err(internal(format!("{} is not what was frozen", paper.path)));
    }
    // The number of the export stands in the name: the bytes are those that were frozen.
    let number = &shown.statement.number;
    let name = format!("{number}-{}-{}.pdf", paper.round, pass.number());
    pass.taken(app, &bytes, trace("statement.paper_exported", &shown))
        .await?;
    Ok(download(&name, "application/pdf", bytes))
}
