//! What is settled by actual after a confirmation (据实结算，多退少补, A-68): each difference is a row that refers to
//! the confirmed line, which stays as it is. The other side agrees; it goes into the next statement, or apart as a
//! refund or supplement.

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, not_found, refused};
use kernel::text::{checked, needed};
use kernel::{Actor, App, Principal, Role, Tx, versioned, words};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draw;
use super::http::Desk;
use super::store::{self, LINES, row as statement};
use super::view::{StatementDetail, detail};
use crate::contract::{self, budget};
use crate::rights::{
    DecideAdjustments, PayStatements, RecountStatements, ReviewStatements, ViewSettlement,
};
use crate::seat_fee::Line;
use crate::trail::{self, BOTH, PURCHASER, SUPPLIER, Scribe};

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
        /// 已重新计算，由新的差额取代
        Superseded = "superseded",
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
        proposed_side: String,
        proposed_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

impl row::Model {
    /// The other side agreed to it, whether or not it is settled.
    fn is_agreed(&self) -> bool {
        let state = AdjustmentState::parse(&self.state);
        matches!(
            state,
            Some(AdjustmentState::Agreed | AdjustmentState::Settled)
        )
    }
}

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

words! {
    /// The two sides of the contract.
    SettlementSide {
        /// 服务商
        Supplier = "supplier",
        /// 采购人
        Purchaser = "purchaser",
    }
}

impl SettlementSide {
    /// The side somebody acts for.
    pub(crate) fn of(person: &Principal) -> Self {
        if person.may::<ReviewStatements>() {
            Self::Purchaser
        } else {
            Self::Supplier
        }
    }

    /// Who of the other side is told.
    fn other(self) -> &'static [Role] {
        match self {
            Self::Supplier => PURCHASER,
            Self::Purchaser => SUPPLIER,
        }
    }
}

/// A difference to a confirmed line.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdjustmentView {
    /// Identifies it.
    pub id: Uuid,
    /// The confirmed statement.
    pub statement_id: Uuid,
    /// Its number.
    pub statement_number: String,
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
    /// Who proposed it.
    pub proposed_by: Option<String>,
    /// The side that did; the other one decides.
    pub proposed_side: String,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

async fn views(
    conn: &impl ConnectionTrait,
    rows: Vec<row::Model>,
) -> Result<Vec<AdjustmentView>> {
    let of = statement::Entity::find()
        .filter(statement::Column::Id.is_in(rows.iter().map(|row| row.statement_id)))
        .all(conn)
        .await?;
    let numbers: HashMap<Uuid, String> = of.into_iter().map(|row| (row.id, row.number)).collect();
    let people = rows.iter().filter_map(|row| row.proposed_by);
    let people = organization::colleagues(conn, people).await?;
    let views = rows.into_iter().map(|row| AdjustmentView {
        statement_number: numbers.get(&row.statement_id).cloned().unwrap_or_default(),
        proposed_by: row
            .proposed_by
            .and_then(|id| people.get(&id))
            .map(|person| person.name.clone()),
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
        proposed_side: row.proposed_side,
        proposed_at: row.proposed_at,
        version: row.version,
    });
    Ok(views.collect())
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
    views(conn, rows(conn, vec![id]).await?).await
}

/// Adjustments that a statement settles.
pub(crate) async fn within(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<AdjustmentView>> {
    let found = row::Entity::find()
        .filter(Column::SettledIn.eq(id))
        .order_by_asc(Column::Id)
        .limit(LINES)
        .all(conn)
        .await?;
    views(conn, found).await
}

/// What stands beside the total of a statement, in fen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beside {
    /// Settled apart, as a refund or supplement.
    pub apart_fen: i64,
    /// Still to come: what is agreed and settled nowhere, and lines that were set aside and not counted again.
    pub ahead_fen: i64,
}

/// What stands beside the totals of these statements.
pub(crate) async fn beside(
    conn: &impl ConnectionTrait,
    of: Vec<Uuid>,
) -> Result<HashMap<Uuid, Beside>> {
    let agreed = [AdjustmentState::Agreed, AdjustmentState::Settled].map(AdjustmentState::as_str);
    let rows = row::Entity::find()
        .filter(Column::StatementId.is_in(of.iter().copied()))
        .filter(Column::State.is_in(agreed))
        .limit(LINES * 4)
        .all(conn)
        .await?;
    let objected = store::line::Entity::find()
        .filter(store::line::Column::StatementId.is_in(of))
        .filter(store::line::Column::Objected.eq(true))
        .limit(LINES * 4)
        .all(conn)
        .await?;
    let counted: BTreeSet<Uuid> = rows.iter().map(|row| row.line_id).collect();
    let mut sums: HashMap<Uuid, Beside> = HashMap::new();
    for row in rows {
        let sum = sums.entry(row.statement_id).or_default();
        if row.state == AdjustmentState::Settled.as_str() {
            sum.apart_fen += row.delta_fen;
        } else if row.settled_in.is_none() {
            sum.ahead_fen += row.delta_fen;
        }
    }
    for line in objected.iter().filter(|line| !counted.contains(&line.id)) {
        sums.entry(line.statement_id).or_default().ahead_fen += line.amount_fen;
    }
    Ok(sums)
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

/// What a list of adjustments may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AdjustmentFilter {
    /// Only those in this state.
    state: Option<String>,
    /// Only those of this statement.
    statement_id: Option<Uuid>,
}

/// The adjustments, the newest first.
#[utoipa::path(
    get, path = "/api/v1/settlement-adjustments", tag = "settlement", operation_id = "list_settlement_adjustments",
    params(AdjustmentFilter, ListQuery), responses((status = 200, body = Page<AdjustmentView>)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(desk): State<Desk>,
    Query(filter): Query<AdjustmentFilter>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AdjustmentView>>> {
    let all = Condition::all()
        .add_option(filter.state.map(|state| Column::State.eq(state)))
        .add_option(filter.statement_id.map(|id| Column::StatementId.eq(id)));
    let sortable = [("proposed_at", Column::ProposedAt)];
    let (conn, select) = (desk.app.db.read(), row::Entity::find().filter(all));
    let page = paginate(conn, select, &query, &sortable, Column::Id).await?;
    Ok(Json(page.shown(async |rows| views(conn, rows).await).await?))
}

/// Why it is counted again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Recount {
    /// The version of the statement that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Either side counts a confirmed statement again by the attendance that holds now; every difference is a proposed
/// adjustment, on which the other side decides.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/recount", tag = "settlement", operation_id = "recount_statement",
    params(("id" = Uuid, Path)), request_body = Recount,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem)),
)]
async fn recount(
    actor: Actor<RecountStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(request): Json<Recount>,
) -> Result<Json<StatementDetail>> {
    let reason = needed("reason", &request.reason)?;
    let side = SettlementSide::of(actor.principal());
    let (worker, who) = (desk.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let app = &worker.app;
            let found = store::get(&*tx, id).await?;
            contract::held(&tx, found.contract_id).await?;
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            if !before.case()?.is_confirmed() {
                let detail = "what is not confirmed is drawn anew";
                return Err(refused("statement_not_confirmed", detail));
            }
            // Read behind the lock: of two who count at once the second sees what the first found.
            let frozen = draw::frozen(&worker.attendance, &before).await?;
            let counted = draw::count_again(&*tx, &before, &frozen.records).await?;
            let known = rows(&*tx, vec![id]).await?;
            let found = differences(&tx, &before, &known, &counted).await?;
            let open = |one: &&row::Model| one.state == AdjustmentState::Proposed.as_str();
            let open: Vec<row::Model> = known.iter().filter(open).cloned().collect();
            if says_the_same(&open, &found) {
                let detail = "the attendance gives the same lines";
                return Err(refused("nothing_changed", detail));
            }
            // What was proposed and not decided gives way: differences do not build on each other.
            supersede(app, &tx, &who, open).await?;
            let decides = if found.is_empty() {
                Vec::new()
            } else {
                trail::holders(&*tx, side.other()).await?
            };
            propose(app, &tx, &who, side, (&reason, found)).await?;
            let after = versioned::save(app, &*tx, &before, before.clone()).await?;
            let what = ("recounted", Some(reason.as_str()));
            store::tell_to(app, &tx, &who, &after, what, decides).await?;
            all_decided(app, &tx, &who, id).await
        })
        .await?;
    detail(&desk.app, id).await.map(Json)
}

/// A line with what stood until now and what is due by actual.
struct Difference {
    line: store::line::Model,
    before_fen: i64,
    now: Line,
}

/// Where the count of now differs from the confirmed lines with what was agreed since; of a line that was set aside
/// nothing stood.
async fn differences(
    tx: &Tx,
    statement: &statement::Model,
    known: &[row::Model],
    counted: &[Line],
) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    for line in store::lines(&**tx, statement.id).await? {
        let known = known.iter().filter(|one| one.line_id == line.id && one.is_agreed());
        let confirmed = if line.objected { 0 } else { line.amount_fen };
        let before_fen = confirmed + known.map(|one| one.delta_fen).sum::<i64>();
        let mut counted = counted.iter();
        let now =
            counted.find(|one| i64::from(one.month.n) == line.month && one.seat == line.seat);
        if let Some(now) = now.filter(|now| now.amount_fen != before_fen).cloned() {
            found.push(Difference {
                line,
                before_fen,
                now,
            });
        }
    }
    Ok(found)
}

/// What is open already says nothing else.
fn says_the_same(open: &[row::Model], found: &[Difference]) -> bool {
    let of_open: BTreeSet<(Uuid, i64)> =
        open.iter().map(|one| (one.line_id, one.after_fen)).collect();
    let of_found = found.iter().map(|one| (one.line.id, one.now.amount_fen));
    of_found.collect::<BTreeSet<_>>() == of_open
}

/// Takes what was proposed back in favour of a newer count.
async fn supersede(app: &App, tx: &Tx, who: &Who, open: Vec<row::Model>) -> Result<()> {
    for before in open {
        let mut after = before.clone();
        AdjustmentState::Superseded
            .as_str()
            .clone_into(&mut after.state);
        let after = versioned::save(app, &**tx, &before, after).await?;
        tell(app, tx, who, &after, ("superseded", "")).await?;
    }
    Ok(())
}

async fn propose(
    app: &App,
    tx: &Tx,
    who: &Who,
    side: SettlementSide,
    (reason, found): (&str, Vec<Difference>),
) -> Result<()> {
    let at = app.clock.now();
    let mut rows = Vec::with_capacity(found.len());
    for one in found {
        let row = row::Model {
            id: app.ids.next(),
            statement_id: one.line.statement_id,
            line_id: one.line.id,
            month: one.line.month,
            seat: one.line.seat,
            before_fen: one.before_fen,
            after_fen: one.now.amount_fen,
            delta_fen: one.now.amount_fen - one.before_fen,
            body: serde_json::to_value(one.now).map_err(internal)?,
            reason: reason.to_owned(),
            state: AdjustmentState::Proposed.as_str().to_owned(),
            settled_in: None,
            receipt_no: None,
            proposed_by: who.user_id,
            proposed_side: side.as_str().to_owned(),
            proposed_at: at,
            updated_at: at,
            version: 1,
        };
        rows.push(row.into_active_model());
    }
    for some in rows.chunks(draw::AT_ONCE) {
        row::Entity::insert_many(some.to_vec())
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

/// What the other side says to an adjustment.
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

/// The adjustment as it was read, where it stands before this step.
async fn stands(
    tx: &Tx,
    (id, version): (Uuid, i64),
    from: AdjustmentState,
) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id).one(&**tx).await?;
    let found = found.ok_or_else(|| not_found("adjustment"))?;
    let before = versioned::as_read(found, version)?;
    if before.state != from.as_str() || before.settled_in.is_some() {
        let detail = "this adjustment does not stand before this step";
        return Err(
            refused("adjustment_step_not_next", detail).with("state", before.state.as_str())
        );
    }
    Ok(before)
}

async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, &str),
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "adjustment",
        id: row.id,
    };
    let number = store::get(&**tx, row.statement_id).await?.number;
    let told = trail::holders(&**tx, BOTH).await?;
    let facts = json!({
        "number": number, "state": row.state, "version": row.version, "recipients": told,
    });
    scribe.tell(what, Some(note), facts).await
}

/// 409 where the supplement would take the contract over its cap.
async fn must_hold(app: &App, tx: &Tx, adjustment: &row::Model) -> Result<()> {
    let statement = store::get(&**tx, adjustment.statement_id).await?;
    let contract = contract::held(tx, statement.contract_id).await?;
    let budget = budget::of_one(app, &**tx, &contract, None).await?;
    match budget.exceeded_by(adjustment.delta_fen) {
        Some(problem) if adjustment.delta_fen > 0 => Err(problem),
        _ => Ok(()),
    }
}

/// The side that did not propose an adjustment agrees to it or refuses it.
#[utoipa::path(
    post, path = "/api/v1/settlement-adjustments/{id}/decide", tag = "settlement", operation_id = "decide_settlement_adjustment",
    params(("id" = Uuid, Path)), request_body = AdjustmentDecision,
    responses((status = 200, body = AdjustmentView), (status = 409, body = Problem)),
)]
async fn decide(
    actor: Actor<DecideAdjustments>,
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
    let side = SettlementSide::of(actor.principal());
    let (app, who) = (desk.app.clone(), actor.who());
    let row = desk
        .app
        .db
        .write(move |tx| async move {
            let before = stands(&tx, (id, said.version), AdjustmentState::Proposed).await?;
            if before.proposed_side == side.as_str() {
                let detail = "nobody decides on what his own side proposed";
                return Err(refused("adjustment_own_side", detail)
                    .with_way_out("the other side decides"));
            }
            if said.agree {
                must_hold(&app, &tx, &before).await?;
            }
            let mut after = before.clone();
            state.as_str().clone_into(&mut after.state);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &who, &after, (what, &note)).await?;
            all_decided(&app, &tx, &who, after.statement_id).await?;
            Ok(after)
        })
        .await?;
    shown(&desk, row).await
}

/// Says of a statement that nothing of it waits for a decision any more.
async fn all_decided(app: &App, tx: &Tx, who: &Who, id: Uuid) -> Result<()> {
    let waits = row::Entity::find()
        .filter(Column::StatementId.eq(id))
        .filter(Column::State.eq(AdjustmentState::Proposed.as_str()))
        .one(&**tx)
        .await?;
    if waits.is_some() {
        return Ok(());
    }
    let statement = store::get(&**tx, id).await?;
    let told = ("adjustments_decided", None);
    store::tell_to(app, tx, who, &statement, told, Vec::new()).await
}

async fn shown(desk: &Desk, row: row::Model) -> Result<Json<AdjustmentView>> {
    let mut views = views(desk.app.db.read(), vec![row]).await?;
    views
        .pop()
        .map(Json)
        .ok_or_else(|| not_found("adjustment"))
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
    let (app, who) = (desk.app.clone(), actor.who());
    let row = desk
        .app
        .db
        .write(move |tx| async move {
            let before = stands(&tx, (id, request.version), AdjustmentState::Agreed).await?;
            must_hold(&app, &tx, &before).await?;
            let mut after = before.clone();
            AdjustmentState::Settled
                .as_str()
                .clone_into(&mut after.state);
            after.receipt_no = Some(receipt);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &who, &after, ("settled", "")).await?;
            Ok(after)
        })
        .await?;
    shown(&desk, row).await
}
