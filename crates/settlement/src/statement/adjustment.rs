//! What is settled by actual after a confirmation (据实结算，多退少补, A-68): each difference is a row that refers to
//! the confirmed line, which stays as it is. The purchaser agrees; it goes into the next statement, or apart as a
//! refund or supplement.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, not_found, refused};
use kernel::text::{checked, needed};
use kernel::{Actor, App, Tx, versioned, words};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draw;
use super::http::{Desk, StatementDetail, detail};
use super::store::{self, LINES, row as statement};
use crate::contract;
use crate::rights::{PayStatements, PrepareStatements, ReviewStatements, ViewSettlement};
use crate::trail::{self, BOTH, Scribe};

words! {
    /// Where an adjustment stands.
    AdjustmentState {
        /// 待采购人同意
        Proposed = "proposed",
        /// 已同意，待结算
        Agreed = "agreed",
        /// 不同意
        Refused = "refused",
        /// 已另行退补
        Settled = "settled",
    }
}

kernel::table! {
    pub(crate) mod row = "settlement_adjustments" (id: Uuid) {
        statement_id: Uuid,
        line_id: Uuid,
        month: i64,
        seat: i64,
        before_fen: i64,
        after_fen: i64,
        delta_fen: i64,
        body: Json,
        reason: String,
        state: String,
        settled_in: Option<Uuid>,
        receipt_no: Option<String>,
        proposed_by: Option<Uuid>,
        proposed_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |one| format!(
    "adjustment of month {} seat {}",
    one.month, one.seat
));

/// The routes of adjustments.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(recount))
        .routes(routes!(decide))
        .routes(routes!(settle))
        .with_state(desk.clone())
}

/// A difference to a confirmed line.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdjustmentView {
    /// Identifies it.
    pub id: Uuid,
    /// The confirmed statement.
    pub statement_id: Uuid,
    /// Its line.
    pub line_id: Uuid,
    /// The month of the contract.
    pub month: i64,
    /// The seat.
    pub seat: i64,
    /// What stood until now, in fen.
    pub before_fen: i64,
    /// What is due by actual.
    pub after_fen: i64,
    /// Above nothing a supplement, below it a refund.
    pub delta_fen: i64,
    /// The count it comes from: half days, rule, people, rows of attendance.
    pub count: Value,
    /// Why.
    pub reason: String,
    /// `proposed`, `agreed`, `refused` or `settled`.
    pub state: String,
    /// The statement it was taken into.
    pub settled_in: Option<Uuid>,
    /// The receipt, where it was settled apart.
    pub receipt_no: Option<String>,
    /// When it was proposed.
    pub proposed_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

fn view(row: row::Model) -> AdjustmentView {
    AdjustmentView {
        id: row.id,
        statement_id: row.statement_id,
        line_id: row.line_id,
        month: row.month,
        seat: row.seat,
        before_fen: row.before_fen,
        after_fen: row.after_fen,
        delta_fen: row.delta_fen,
        count: row.body,
        reason: row.reason,
        state: row.state,
        settled_in: row.settled_in,
        receipt_no: row.receipt_no,
        proposed_at: row.proposed_at,
        version: row.version,
    }
}

async fn rows(conn: &impl ConnectionTrait, of: Vec<Uuid>) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::StatementId.is_in(of))
        .order_by_asc(Column::ProposedAt)
        .order_by_asc(Column::Id)
        .limit(LINES * 4)
        .all(conn)
        .await?)
}

/// Adjustments of the lines of a statement.
pub(crate) async fn of(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<AdjustmentView>> {
    Ok(rows(conn, vec![id]).await?.into_iter().map(view).collect())
}

/// Adjustments that a statement settles.
pub(crate) async fn within(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<AdjustmentView>> {
    let found = row::Entity::find()
        .filter(Column::SettledIn.eq(id))
        .order_by_asc(Column::Id)
        .limit(LINES)
        .all(conn)
        .await?;
    Ok(found.into_iter().map(view).collect())
}

/// What was settled apart of these statements, in fen.
pub(crate) async fn apart(conn: &impl ConnectionTrait, of: Vec<Uuid>) -> Result<i64> {
    let rows = rows(conn, of).await?.into_iter();
    let apart = rows.filter(|row| row.state == AdjustmentState::Settled.as_str());
    Ok(apart.map(|row| row.delta_fen).sum())
}

/// Takes what is agreed and not settled into a statement that is drawn; answers its sum.
pub(crate) async fn take(app: &App, tx: &Tx, drawn: &statement::Model) -> Result<i64> {
    let statements = store::of_contract(&**tx, drawn.contract_id).await?;
    let others = statements.iter().filter(|one| one.id != drawn.id);
    let mut sum = 0;
    for before in rows(&**tx, others.map(|one| one.id).collect()).await? {
        if before.state != AdjustmentState::Agreed.as_str()
            || before.settled_in.is_some_and(|taken| taken != drawn.id)
        {
            continue;
        }
        sum += before.delta_fen;
        let mut after = before.clone();
        after.settled_in = Some(drawn.id);
        versioned::save(app, &**tx, &before, after).await?;
    }
    Ok(sum)
}

/// The adjustments, the newest first.
#[utoipa::path(
    get, path = "/api/v1/settlement-adjustments", tag = "settlement", operation_id = "list_settlement_adjustments",
    params(ListQuery), responses((status = 200, body = Page<AdjustmentView>)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(desk): State<Desk>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AdjustmentView>>> {
    let sortable = [("proposed_at", Column::ProposedAt)];
    let (conn, select) = (desk.app.db.read(), row::Entity::find());
    let page = paginate(conn, select, &query, &sortable, Column::Id).await?;
    Ok(Json(page.map(view)))
}

/// Why it is counted again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Recount {
    /// Why.
    reason: String,
}

/// Counts a confirmed statement again by the attendance that holds now; every difference is a proposed adjustment.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/recount", tag = "settlement", operation_id = "recount_statement",
    params(("id" = Uuid, Path)), request_body = Recount,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem)),
)]
async fn recount(
    actor: Actor<PrepareStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(request): Json<Recount>,
) -> Result<Json<StatementDetail>> {
    let reason = needed("reason", &request.reason)?;
    let found = store::get(desk.app.db.read(), id).await?;
    let records = draw::records(&desk.attendance, &found).await?;
    let (app, who) = (desk.app.clone(), actor.who());
    let writer = app.clone();
    app.db
        .write(move |tx| async move {
            let app = writer;
            contract::held(&tx, found.contract_id).await?;
            let confirmed = store::get(&*tx, id).await?;
            if !confirmed.case()?.is_confirmed() {
                let detail = "what is not confirmed is drawn anew";
                return Err(refused("statement_not_confirmed", detail));
            }
            let rules = serde_json::from_value(confirmed.rules.clone()).map_err(internal)?;
            let counted = draw::count(&*tx, &confirmed, &rules, &records).await?;
            let known = rows(&*tx, vec![id]).await?;
            let mut found = 0;
            for line in store::lines(&*tx, id).await? {
                let known = known.iter().filter(|one| {
                    one.line_id == line.id && one.state != AdjustmentState::Refused.as_str()
                });
                let before_fen = line.amount_fen + known.map(|one| one.delta_fen).sum::<i64>();
                let now = counted
                    .iter()
                    .find(|one| i64::from(one.month.n) == line.month && one.seat == line.seat);
                let Some(now) = now.filter(|now| now.amount_fen != before_fen) else {
                    continue;
                };
                found += 1;
                let at = app.clock.now();
                let row = row::Model {
                    id: app.ids.next(),
                    statement_id: id,
                    line_id: line.id,
                    month: line.month,
                    seat: line.seat,
                    before_fen,
                    after_fen: now.amount_fen,
                    delta_fen: now.amount_fen - before_fen,
                    body: serde_json::to_value(now).map_err(internal)?,
                    reason: reason.clone(),
                    state: AdjustmentState::Proposed.as_str().to_owned(),
                    settled_in: None,
                    receipt_no: None,
                    proposed_by: who.user_id,
                    proposed_at: at,
                    updated_at: at,
                    version: 1,
                };
                row::Entity::insert(row.into_active_model())
                    .exec_without_returning(&*tx)
                    .await?;
            }
            if found == 0 {
                return Err(refused(
                    "nothing_changed",
                    "the attendance gives the same lines",
                ));
            }
            store::tell(&app, &tx, &who, &confirmed, ("recounted", Some(&reason))).await
        })
        .await?;
    detail(&desk, id).await
}

/// What the purchaser says to an adjustment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdjustmentDecision {
    /// The version that was read.
    version: i64,
    /// Agreed; else refused.
    agree: bool,
    /// Why not.
    note: Option<String>,
}

async fn changed(
    desk: &Desk,
    who: kernel::audit::Who,
    (id, version): (Uuid, i64),
    from: AdjustmentState,
    (what, note): (&'static str, Option<String>),
    more: impl FnOnce(&mut row::Model) + Send + 'static,
) -> Result<Json<AdjustmentView>> {
    let app = desk.app.clone();
    let row = desk
        .app
        .db
        .write(move |tx| async move {
            let found = row::Entity::find_by_id(id).one(&*tx).await?;
            let found = found.ok_or_else(|| not_found("adjustment"))?;
            let before = versioned::as_read(found, version)?;
            if before.state != from.as_str() || before.settled_in.is_some() {
                let detail = "this adjustment does not stand before this step";
                return Err(refused("adjustment_step_not_next", detail)
                    .with("state", before.state.as_str()));
            }
            let mut after = before.clone();
            more(&mut after);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let scribe = Scribe {
                app: &app,
                tx: &tx,
                who: &who,
                kind: "adjustment",
                id,
            };
            let told = trail::holders(&*tx, BOTH).await?;
            let facts =
                json!({ "state": after.state, "version": after.version, "recipients": told });
            scribe.tell(what, note.as_deref(), facts).await?;
            Ok(after)
        })
        .await?;
    Ok(Json(view(row)))
}

/// The purchaser agrees to an adjustment or refuses it.
#[utoipa::path(
    post, path = "/api/v1/settlement-adjustments/{id}/decide", tag = "settlement", operation_id = "decide_settlement_adjustment",
    params(("id" = Uuid, Path)), request_body = AdjustmentDecision,
    responses((status = 200, body = AdjustmentView), (status = 409, body = Problem)),
)]
async fn decide(
    actor: Actor<ReviewStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(said): Json<AdjustmentDecision>,
) -> Result<Json<AdjustmentView>> {
    let note = checked("note", said.note.as_deref().unwrap_or_default())?;
    let (state, what) = if said.agree {
        (AdjustmentState::Agreed, "agreed")
    } else {
        needed("note", &note)?;
        (AdjustmentState::Refused, "refused")
    };
    let read = (id, said.version);
    let told = (what, Some(note));
    changed(
        &desk,
        actor.who(),
        read,
        AdjustmentState::Proposed,
        told,
        move |row| {
            row.state = state.as_str().to_owned();
        },
    )
    .await
}

/// The receipt of a refund or supplement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdjustmentReceipt {
    /// The version that was read.
    version: i64,
    /// Number of the receipt.
    receipt_no: String,
}

/// Settles an agreed adjustment apart, as a refund or supplement: where no statement comes after it.
#[utoipa::path(
    post, path = "/api/v1/settlement-adjustments/{id}/settle", tag = "settlement", operation_id = "settle_settlement_adjustment",
    params(("id" = Uuid, Path)), request_body = AdjustmentReceipt,
    responses((status = 200, body = AdjustmentView), (status = 409, body = Problem)),
)]
async fn settle(
    actor: Actor<PayStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(request): Json<AdjustmentReceipt>,
) -> Result<Json<AdjustmentView>> {
    let receipt = needed("receipt_no", &request.receipt_no)?;
    let read = (id, request.version);
    let told = ("settled", None);
    changed(
        &desk,
        actor.who(),
        read,
        AdjustmentState::Agreed,
        told,
        move |row| {
            row.state = AdjustmentState::Settled.as_str().to_owned();
            row.receipt_no = Some(receipt);
        },
    )
    .await
}
