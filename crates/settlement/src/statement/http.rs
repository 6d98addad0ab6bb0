//! Statements over HTTP: list, one with its lines and evidence, and the steps up to the confirmation.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::{checked, needed};
use kernel::{Actor, App, day, versioned, words};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::adjustment::{self, AdjustmentView};
use super::money::{self, InvoiceView, StatementPaymentView};
use super::store::{self, objection, row};
use super::{Action, draw};
use crate::attendance::Attendance;
use crate::rights::{CheckStatements, PrepareStatements, ReviewStatements, ViewSettlement};
use crate::trail::{self, SettlementLine};

/// Objections of one rejection, at most.
const OBJECTIONS: usize = 100;

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct Desk {
    pub app: App,
    pub attendance: Arc<dyn Attendance>,
}

/// The routes of statements.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(prepare))
        .routes(routes!(check))
        .routes(routes!(review))
        .with_state(desk.clone())
}

/// A statement as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementView {
    /// Identifies it.
    pub id: Uuid,
    /// `JS-20261126-001`
    pub number: String,
    /// Its contract.
    pub contract_id: Uuid,
    /// 1 or 2.
    pub half: i64,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last day.
    pub until_day: NaiveDate,
    /// The agreed day on which it is due.
    pub due_on: NaiveDate,
    /// `draft`, `internal_checked`, `submitted`, `under_review`, `rejected`, `confirmed`, `invoiced`, `payment_due`,
    /// `paid` or `closed`.
    pub state: String,
    /// Sum of the lines in fen.
    pub lines_fen: i64,
    /// Sum of what it settles of earlier statements.
    pub adjustment_fen: i64,
    /// Both together.
    pub total_fen: i64,
    /// What was paid of it.
    pub paid_fen: i64,
    /// Of lines, rules and sums; the same attendance gives the same.
    pub sha256: Option<String>,
    /// How often it was submitted.
    pub round: i64,
    /// When it was submitted last.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When the purchaser confirmed it.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When review or payment is due.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed; silence is no consent.
    pub overdue: bool,
    /// Rises with each change.
    pub version: i64,
}

/// A line with its evidence.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementLineView {
    /// Identifies it.
    pub id: Uuid,
    /// The month of the contract.
    pub month: i64,
    /// Its first day.
    pub from_day: NaiveDate,
    /// Its last day.
    pub until_day: NaiveDate,
    /// The seat.
    pub seat: i64,
    /// Fen for a seat and month at the end of the month.
    pub price_fen: i64,
    /// Half days that count.
    pub halves: i64,
    /// Half days of the whole month.
    pub of_halves: i64,
    /// In fen.
    pub amount_fen: i64,
    /// How it was counted: `(833333×28)/42`.
    pub rule: String,
    /// Days on which the seat was not fully on post.
    pub short_days: Vec<NaiveDate>,
    /// Who filled it.
    pub people: Vec<String>,
    /// Rows of attendance it was made of.
    pub evidence: Vec<Uuid>,
}

/// What the purchaser objects to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectionView {
    /// The submission it answers.
    pub round: i64,
    /// The month; none for the whole.
    pub month: Option<i64>,
    /// The seat; none for the whole.
    pub seat: Option<i64>,
    /// What.
    pub said: String,
    /// When.
    pub said_at: DateTime<Utc>,
}

/// A statement as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementDetail {
    /// What lists show.
    #[serde(flatten)]
    pub statement: StatementView,
    /// What was said with the confirmation.
    pub opinion: Option<String>,
    /// Method, price table and what counts as 到岗, as it was counted; null before.
    pub rules: Value,
    /// By month and seat.
    pub lines: Vec<StatementLineView>,
    /// The first round first.
    pub objections: Vec<ObjectionView>,
    /// What it settles of earlier statements.
    pub settles: Vec<AdjustmentView>,
    /// What changed since it was confirmed.
    pub adjustments: Vec<AdjustmentView>,
    /// The latest last.
    pub invoices: Vec<InvoiceView>,
    /// The first one first.
    pub payments: Vec<StatementPaymentView>,
    /// What happened, the oldest first.
    pub history: Vec<SettlementLine>,
}

fn view(row: row::Model) -> Result<StatementView> {
    Ok(StatementView {
        from_day: day::read(&row.from_day)?,
        until_day: day::read(&row.until_day)?,
        due_on: day::read(&row.due_on)?,
        id: row.id,
        number: row.number,
        contract_id: row.contract_id,
        half: row.half,
        state: row.state,
        lines_fen: row.lines_fen,
        adjustment_fen: row.adjustment_fen,
        total_fen: row.total_fen,
        paid_fen: row.paid_fen,
        sha256: row.sha256,
        round: row.round,
        submitted_at: row.submitted_at,
        confirmed_at: row.confirmed_at,
        due_at: row.due_at,
        overdue: row.overdue,
        version: row.version,
    })
}

fn line_view(row: &store::line::Model) -> Result<StatementLineView> {
    let line = row.read()?;
    Ok(StatementLineView {
        id: row.id,
        month: row.month,
        from_day: line.month.from,
        until_day: line.month.until,
        seat: row.seat,
        price_fen: line.price_fen,
        halves: line.halves,
        of_halves: line.of_halves,
        amount_fen: row.amount_fen,
        rule: line.rule,
        short_days: line.short_days,
        people: line.people,
        evidence: line.evidence,
    })
}

pub(crate) async fn detail(desk: &Desk, id: Uuid) -> Result<Json<StatementDetail>> {
    let conn = desk.app.db.read();
    let row = store::get(conn, id).await?;
    let objections = store::objections(conn, id).await?.into_iter();
    let lines = store::lines(conn, id).await?;
    Ok(Json(StatementDetail {
        lines: lines.iter().map(line_view).collect::<Result<_>>()?,
        objections: objections
            .map(|row| ObjectionView {
                round: row.round,
                month: row.month,
                seat: row.seat,
                said: row.said,
                said_at: row.said_at,
            })
            .collect(),
        settles: adjustment::within(conn, id).await?,
        adjustments: adjustment::of(conn, id).await?,
        invoices: money::invoices(conn, id).await?,
        payments: money::payments(conn, id).await?,
        history: trail::lines(conn, id).await?,
        opinion: row.opinion.clone(),
        rules: row.rules.clone(),
        statement: view(row)?,
    }))
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
    detail(&desk, id).await
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
    let found = store::get(desk.app.db.read(), id).await?;
    let records = match request.action {
        Preparation::Draw => draw::records(&desk.attendance, &found).await?,
        _ => Vec::new(),
    };
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let now = app.clock.now();
            match request.action {
                Preparation::Draw => draw::draw(&app, &tx, &who, &before, &records).await,
                Preparation::Submit => {
                    let told = ("submitted", None);
                    store::act(&app, &tx, &who, &before, &Action::Submit, told, |after| {
                        after.round += 1;
                        after.submitted_at = Some(now);
                    })
                    .await
                }
                Preparation::Close => {
                    let told = ("closed", None);
                    store::act(&app, &tx, &who, &before, &Action::Close, told, |_| {}).await
                }
            }
        })
        .await?;
    detail(&desk, id).await
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
            store::act(
                &app,
                &tx,
                &who,
                &before,
                &action,
                (what, Some(&note)),
                |_| {},
            )
            .await
        })
        .await?;
    detail(&desk, id).await
}

words! {
    /// What the purchaser does with a statement.
    StatementReview {
        /// 开始审核
        Begin = "begin",
        /// 退回修改
        Reject = "reject",
        /// 确认
        Confirm = "confirm",
    }
}

/// An objection to a line, or to the whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewObjection {
    /// The month; none for the whole.
    month: Option<i64>,
    /// The seat; none for the whole.
    seat: Option<i64>,
    /// What.
    said: String,
}

/// A step of the purchaser's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReviewStep {
    /// `begin`, `reject` or `confirm`.
    action: StatementReview,
    /// The version that was read.
    version: i64,
    /// Objections of a rejection: at least one, at most 100.
    #[serde(default)]
    objections: Vec<NewObjection>,
    /// What is said with a confirmation.
    opinion: Option<String>,
}

async fn object(
    app: &App,
    tx: &kernel::Tx,
    who: &Who,
    statement: &row::Model,
    objections: Vec<NewObjection>,
) -> Result<()> {
    let mut rows = Vec::new();
    for one in objections {
        let row = objection::Model {
            id: app.ids.next(),
            statement_id: statement.id,
            round: statement.round,
            month: one.month,
            seat: one.seat,
            said: one.said,
            said_by: who.user_id,
            said_at: app.clock.now(),
        };
        rows.push(row.into_active_model());
    }
    objection::Entity::insert_many(rows)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// The purchaser begins the review, rejects with objections, or confirms; what he confirmed is frozen.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/review", tag = "settlement", operation_id = "review_statement",
    params(("id" = Uuid, Path)), request_body = ReviewStep,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn review(
    actor: Actor<ReviewStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(request): Json<ReviewStep>,
) -> Result<Json<StatementDetail>> {
    let opinion = checked("opinion", request.opinion.as_deref().unwrap_or_default())?;
    if request.objections.len() > OBJECTIONS {
        return Err(invalid(
            "objections",
            "objections_out_of_range",
            "at most 100",
        ));
    }
    for one in &request.objections {
        needed("objections.said", &one.said)?;
    }
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let items = request.objections.len();
            let (action, what) = match request.action {
                StatementReview::Begin => (Action::Begin, "review_begun"),
                StatementReview::Reject => (Action::Reject { items }, "rejected"),
                StatementReview::Confirm => (Action::Confirm, "confirmed"),
            };
            let (now, by) = (app.clock.now(), who.user_id);
            let said = opinion.clone();
            let told = (what, Some(opinion.as_str()));
            let after = store::act(&app, &tx, &who, &before, &action, told, |after| {
                if request.action == StatementReview::Confirm {
                    after.confirmed_by = by;
                    after.confirmed_at = Some(now);
                    after.opinion = Some(said).filter(|said| !said.is_empty());
                }
            })
            .await?;
            if request.action == StatementReview::Reject {
                object(&app, &tx, &who, &after, request.objections).await?;
            }
            Ok(())
        })
        .await?;
    detail(&desk, id).await
}
