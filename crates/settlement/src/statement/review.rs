//! The purchaser's review: he begins it, rejects with objections, or confirms. With objections to lines he
//! confirms the others: what is set aside is not owed, and is settled by actual afterwards.

use std::collections::BTreeSet;

use axum::extract::State;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::{checked, needed};
use kernel::{Actor, App, Tx, versioned, words};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::Desk;
use super::store::{self, line, objection, row};
use super::view::{self, StatementDetail, detail};
use super::{Action, draw, file};
use crate::rights::ReviewStatements;

/// Objections of one review, at most.
const OBJECTIONS: usize = 100;

/// The route of the review.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(review))
        .with_state(desk.clone())
}

words! {
    /// What the purchaser does with a statement.
    StatementReview {
        /// 开始审核
        Begin = "begin",
        /// 退回修改
        Reject = "reject",
        /// 确认；有异议的明细除外
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
    /// What he holds to be right, in fen.
    amount_fen: Option<i64>,
    /// What, and why.
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
    /// Objections: at least one of a rejection, at most 100. With a confirmation each names a line, which is set aside.
    #[serde(default)]
    objections: Vec<NewObjection>,
    /// What is said with a confirmation.
    opinion: Option<String>,
}

/// 422 for an objection that names no line of the statement, or an amount no line can have.
fn must_name_lines(
    objections: &[NewObjection],
    lines: &[line::Model],
    highest_fen: i64,
    action: StatementReview,
) -> Result<()> {
    let mut seen = BTreeSet::new();
    for one in objections {
        let field = "objections";
        let line = match (one.month, one.seat) {
            (None, None) if action == StatementReview::Confirm => {
                let detail = "what is set aside is a line; reject the statement for the whole";
                return Err(invalid(field, "objection_needs_line", detail));
            }
            (None, None) => None,
            (Some(month), Some(seat)) => {
                let mut lines = lines.iter();
                let found = lines.find(|line| line.month == month && line.seat == seat);
                if found.is_none() {
                    let detail = format!("no line of month {month} and seat {seat}");
                    return Err(invalid(field, "objection_line_unknown", detail));
                }
                found
            }
            _ => {
                let detail = "both month and seat, or neither";
                return Err(invalid(field, "objection_line_unknown", detail));
            }
        };
        if !seen.insert((one.month, one.seat)) {
            let detail = "a line is objected to once";
            return Err(invalid(field, "objection_twice", detail));
        }
        let Some(amount) = one.amount_fen else {
            continue;
        };
        let most = match line {
            Some(line) => highest_fen.max(line.amount_fen),
            None => lines.iter().map(|line| line.amount_fen).sum(),
        };
        if !(0..=most).contains(&amount) {
            let detail = format!("0 to {most} fen");
            return Err(invalid(field, "objection_amount", detail));
        }
    }
    Ok(())
}

async fn object(
    app: &App,
    tx: &Tx,
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
            amount_fen: one.amount_fen,
            said: one.said,
            said_by: who.user_id,
            said_at: app.clock.now(),
        };
        rows.push(row.into_active_model());
    }
    if rows.is_empty() {
        return Ok(());
    }
    objection::Entity::insert_many(rows)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// A statement without the lines that are objected to.
struct Partial {
    ids: Vec<Uuid>,
    left: usize,
    objected_fen: i64,
    lines_fen: i64,
    total_fen: i64,
    sha256: Option<String>,
}

impl Partial {
    fn of(
        statement: &row::Model,
        lines: &[line::Model],
        objections: &[NewObjection],
    ) -> Result<Self> {
        let named: BTreeSet<(i64, i64)> = objections
            .iter()
            .filter_map(|one| Some((one.month?, one.seat?)))
            .collect();
        let aside = |line: &&line::Model| named.contains(&(line.month, line.seat));
        let objected: Vec<&line::Model> = lines.iter().filter(aside).collect();
        let objected_fen: i64 = objected.iter().map(|line| line.amount_fen).sum();
        let mut after = statement.clone();
        after.lines_fen -= objected_fen;
        after.total_fen -= objected_fen;
        let counted = lines
            .iter()
            .map(line::Model::read)
            .collect::<Result<Vec<_>>>()?;
        let named: Vec<(i64, i64)> = named.into_iter().collect();
        Ok(Self {
            ids: objected.iter().map(|line| line.id).collect(),
            left: lines.len() - objected.len(),
            objected_fen,
            lines_fen: after.lines_fen,
            total_fen: after.total_fen,
            sha256: if named.is_empty() {
                statement.sha256.clone()
            } else {
                Some(draw::digest(&after, &counted, &named))
            },
        })
    }
}

/// Marks the lines that are set aside; what was counted of them stays as it was submitted.
async fn set_aside(tx: &Tx, lines: Vec<Uuid>) -> Result<()> {
    line::Entity::update_many()
        .col_expr(line::Column::Objected, Expr::value(true))
        .filter(line::Column::Id.is_in(lines))
        .exec(&**tx)
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
        let detail = "at most 100";
        return Err(invalid("objections", "objections_out_of_range", detail));
    }
    for one in &request.objections {
        needed("objections.said", &one.said)?;
    }
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let lines = store::lines(&*tx, id).await?;
            let prices = view::rules(&before)?.map_or(Vec::new(), |rules| rules.prices);
            let highest = prices
                .iter()
                .map(|price| price.fen)
                .max()
                .unwrap_or_default();
            must_name_lines(&request.objections, &lines, highest, request.action)?;
            let confirms = request.action == StatementReview::Confirm;
            let partial = Partial::of(&before, &lines, &request.objections)?;
            let items = request.objections.len();
            let (action, what) = match request.action {
                StatementReview::Begin => (Action::Begin, "review_begun"),
                StatementReview::Reject => (Action::Reject { items }, "rejected"),
                StatementReview::Confirm => {
                    let lines = partial.left;
                    (Action::Confirm { lines }, "confirmed")
                }
            };
            let (now, by) = (app.clock.now(), who.user_id);
            let said = Some(opinion.clone()).filter(|said| !said.is_empty());
            let told = (what, Some(opinion.as_str()));
            let after = store::act(&app, &tx, &who, &before, &action, told, |after| {
                if confirms {
                    after.confirmed_by = by;
                    after.confirmed_at = Some(now);
                    after.opinion = said;
                    after.objected_fen = partial.objected_fen;
                    after.lines_fen = partial.lines_fen;
                    after.total_fen = partial.total_fen;
                    after.sha256 = partial.sha256;
                }
            })
            .await?;
            if confirms {
                set_aside(&tx, partial.ids).await?;
            }
            if request.action == StatementReview::Begin {
                return Ok(());
            }
            object(&app, &tx, &who, &after, request.objections).await
        })
        .await?;
    if request.action == StatementReview::Confirm {
        file::freeze_now(&desk, id).await;
    }
    detail(&desk.app, id).await.map(Json)
}
