//! Statements over HTTP: list, one with its lines and evidence, and the supplier's steps.

use std::sync::Arc;

use axum::extract::State;
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, refused};
use kernel::text::checked;
use kernel::{Actor, App, Tx, versioned, words};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::checks::{self, CheckView, SubmissionFacts};
use super::draw::{self, Frozen};
use super::file::{self, Printer};
use super::store::{self, row};
use super::view::{StatementDetail, StatementView, detail, view};
use super::{Action, carry, payment, round};
use crate::attendance::Attendance;
use crate::contract;
use crate::rights::{CheckStatements, PrepareStatements, ViewSettlement};

/// What the handlers need: the services, and what other capabilities answer.
#[derive(Clone)]
pub(crate) struct Desk {
    pub app: App,
    pub attendance: Arc<dyn Attendance>,
    pub facts: Arc<dyn SubmissionFacts>,
    pub printer: Arc<dyn Printer>,
}

/// The routes of statements.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(prepare))
        .routes(routes!(check))
        .with_state(desk.clone())
}

/// What a list of statements may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatementFilter {
    /// Only those in this state.
    state: Option<String>,
    /// Only those of this contract.
    contract_id: Option<Uuid>,
    /// Only those under way, or only those that are closed.
    open: Option<bool>,
}

/// The statements, the newest first.
#[utoipa::path(
    get, path = "/api/v1/statements", tag = "settlement", operation_id = "list_statements",
    params(StatementFilter, ListQuery), responses((status = 200, body = Page<StatementView>)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(desk): State<Desk>,
    Query(filter): Query<StatementFilter>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<StatementView>>> {
    use row::Column;
    let all = Condition::all()
        .add_option(filter.state.map(|state| Column::State.eq(state)))
        .add_option(filter.contract_id.map(|id| Column::ContractId.eq(id)))
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(query.words_in(&[Column::Number])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("created_at", Column::CreatedAt), ("due_on", Column::DueOn)];
    let page = paginate(desk.app.db.read(), select, &query, &sortable, Column::Id).await?;
    let shown = page.shown(async |rows: Vec<row::Model>| rows.into_iter().map(view).collect());
    Ok(Json(shown.await?))
}

/// One statement with its lines, evidence and rules.
#[utoipa::path(
    get, path = "/api/v1/statements/{id}", tag = "settlement", operation_id = "get_statement",
    params(("id" = Uuid, Path)), responses((status = 200, body = StatementDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewSettlement>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<StatementDetail>> {
    detail(&desk.app, id).await.map(Json)
}

words! {
    /// What the supplier does with a statement.
    Preparation {
        /// 编制
        Draw = "draw",
        /// 提交
        Submit = "submit",
        /// 办结
        Close = "close",
    }
}

/// A step of the supplier's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PrepareStatement {
    /// `draw`, `submit` or `close`.
    action: Preparation,
    /// The version that was read.
    version: i64,
    /// Of the refund, where one below nothing is closed and paid back; left out, the next statement takes it in.
    receipt_no: Option<String>,
}

/// What a step needs that is asked before it is written.
#[derive(Default)]
struct Asked {
    frozen: Frozen,
    found: Vec<CheckView>,
}

impl Asked {
    async fn of(desk: &Desk, statement: &row::Model, action: Preparation) -> Result<Self> {
        Ok(match action {
            Preparation::Draw => Self {
                frozen: draw::frozen(&desk.attendance, statement).await?,
                ..Self::default()
            },
            Preparation::Submit => Self {
                found: checks::of(desk, statement).await?,
                ..Self::default()
            },
            Preparation::Close => Self::default(),
        })
    }
}

/// Draws a statement from frozen attendance, submits it with its digest, or closes it.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/prepare", tag = "settlement", operation_id = "prepare_statement",
    params(("id" = Uuid, Path)), request_body = PrepareStatement,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem)),
)]
async fn prepare(
    actor: Actor<PrepareStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(request): Json<PrepareStatement>,
) -> Result<Json<StatementDetail>> {
    let receipt = checked(
        "receipt_no",
        request.receipt_no.as_deref().unwrap_or_default(),
    )?;
    let statement = store::get(desk.app.db.read(), id).await?;
    let asked = Asked::of(&desk, &statement, request.action).await?;
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            match request.action {
                Preparation::Draw => {
                    draw::draw(&app, &tx, &who, &before, &asked.frozen).await?;
                }
                Preparation::Submit => submit(&app, &tx, &who, &before, &asked.found).await?,
                Preparation::Close => close(&app, &tx, &who, &before, receipt).await?,
            }
            Ok(())
        })
        .await?;
    if request.action == Preparation::Submit {
        file::freeze_now(&desk, id).await;
    }
    detail(&desk.app, id).await.map(Json)
}

async fn submit(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    found: &[CheckView],
) -> Result<()> {
    let now = app.clock.now();
    let told = ("submitted", None);
    // The machine says first whether it stands before this step.
    let after = store::act(app, tx, who, before, &Action::Submit, told, |after| {
        after.round += 1;
        after.submitted_at = Some(now);
        after.checks = Some(json!(found));
    })
    .await?;
    checks::must_pass(found)?;
    round::keep(app, tx, &after).await
}

/// Closes what is paid, or has nothing to be paid: what is below nothing goes into the next statement, or was paid back
/// as the receipt says.
async fn close(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    receipt: String,
) -> Result<()> {
    // Nobody draws the next statement meanwhile.
    contract::held(tx, before.contract_id).await?;
    let owed_fen = before.total_fen - before.paid_fen;
    let action = Action::Close { owed_fen };
    let refunded = owed_fen < 0 && !receipt.is_empty();
    let told = ("closed", None);
    // The machine says first whether it stands before this step.
    let after = store::act(app, tx, who, before, &action, told, |after| {
        if owed_fen < 0 && !refunded {
            after.carried_fen = owed_fen;
        } else {
            after.paid_fen = after.total_fen;
        }
    })
    .await?;
    if refunded {
        return payment::refund(app, tx, who, &after, owed_fen, receipt).await;
    }
    if owed_fen < 0 && carry::into_next(app, tx, &after).await?.is_none() {
        let detail = "no statement comes after it that takes the refund in";
        return Err(refused("refund_receipt_missing", detail)
            .with_way_out("pay it back and send receipt_no"));
    }
    Ok(())
}

/// The internal check.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InternalCheck {
    /// The version that was read.
    version: i64,
    /// It is in order; else it goes back to who drew it.
    passed: bool,
    /// What was said.
    note: Option<String>,
}

/// Another person of the supplier checks a statement before it is submitted.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/check", tag = "settlement", operation_id = "check_statement",
    params(("id" = Uuid, Path)), request_body = InternalCheck,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem)),
)]
async fn check(
    actor: Actor<CheckStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(request): Json<InternalCheck>,
) -> Result<Json<StatementDetail>> {
    let note = checked("note", request.note.as_deref().unwrap_or_default())?;
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let own = before.drawn_by == who.user_id;
            let (action, what) = if request.passed {
                (Action::Check { own }, "checked")
            } else {
                (Action::SendBack, "sent_back")
            };
            let told = (what, Some(note.as_str()));
            store::act(&app, &tx, &who, &before, &action, told, |_| {}).await
        })
        .await?;
    detail(&desk.app, id).await.map(Json)
}
