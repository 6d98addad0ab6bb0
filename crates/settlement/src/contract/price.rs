//! The price table and how it changes: the supplier proposes a price from a day on, the purchaser signs it;
//! neither sets one alone.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::{Actor, App, Tx, day, versioned, words};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::row as contract;
use crate::rights::{DraftContract, SignContract, ViewSettlement};
use crate::term::{self, Price};
use crate::trail::{self, PURCHASER, SUPPLIER, Scribe};

/// Rows of a price table at most.
const MOST: u64 = 50;
/// Rows read for a page of contracts.
const MOST_READ: u64 = 200 * MOST;

kernel::table! {
    /// One row of a price table: what both sides signed.
    pub mod row = "price_rows" (id: Uuid) {
        contract_id: Uuid,
        from_day: String,
        price_fen: i64,
        source: String,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
    }
}

words! {
    /// Where a proposed price stands.
    PriceProposalState {
        /// 待采购人签认
        Proposed = "proposed",
        /// 双方已签认
        Signed = "signed",
        /// 采购人不同意
        Refused = "refused",
        /// 服务商已撤回
        Withdrawn = "withdrawn",
    }
}

kernel::table! {
    /// A price that the supplier proposes; signed, it is a row of the table by the same id.
    pub mod proposal = "price_proposals" (id: Uuid) {
        contract_id: Uuid,
        from_day: String,
        price_fen: i64,
        source: String,
        state: String,
        proposed_by: Option<Uuid>,
        proposed_at: DateTimeUtc,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        note: Option<String>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(proposal, |proposal| format!(
    "price from `{}` on",
    proposal.from_day
));

/// The price tables of these contracts, the earliest row first.
pub(crate) async fn of(
    conn: &impl ConnectionTrait,
    contracts: &[Uuid],
) -> Result<HashMap<Uuid, Vec<row::Model>>> {
    let rows = row::Entity::find()
        .filter(row::Column::ContractId.is_in(contracts.iter().copied()))
        .order_by_asc(row::Column::FromDay)
        .limit(MOST_READ)
        .all(conn)
        .await?;
    let mut tables: HashMap<Uuid, Vec<row::Model>> = HashMap::new();
    for row in rows {
        tables.entry(row.contract_id).or_default().push(row);
    }
    Ok(tables)
}

/// The price table of one contract, the earliest row first.
pub(crate) async fn of_one(
    conn: &impl ConnectionTrait,
    contract: Uuid,
) -> Result<Vec<row::Model>> {
    let mut tables = of(conn, &[contract]).await?;
    Ok(tables.remove(&contract).unwrap_or_default())
}

/// As the fee counts with it.
pub(crate) fn table(rows: &[row::Model]) -> Result<Vec<Price>> {
    let price = |row: &row::Model| {
        let from = day::read(&row.from_day)?;
        let fen = row.price_fen;
        Ok(Price { from, fen })
    };
    rows.iter().map(price).collect()
}

/// 422 for a price that is none, or with which the cap would not hold.
pub(crate) fn must_fit(price_fen: i64, cap_fen: i64, seats: i64, months: i64) -> Result<()> {
    let highest = term::highest_price(cap_fen, seats, months);
    if (1..=highest).contains(&price_fen) {
        return Ok(());
    }
    let detail = format!("1 to {highest} fen for a seat and month");
    Err(invalid("price_fen", "price_over_cap", detail).with("highest_price_fen", highest))
}

/// Puts a signed price into the table; 409 where another holds from that day on.
pub(crate) async fn insert(tx: &Tx, price: row::Model) -> Result<()> {
    let written = row::Entity::insert(price.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&**tx)
        .await?;
    if written == 0 {
        return Err(day_taken());
    }
    Ok(())
}

fn day_taken() -> Problem {
    refused(
        "price_day_taken",
        "another price holds or is proposed from that day on",
    )
}

/// The routes of prices.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(propose))
        .routes(routes!(decide))
        .routes(routes!(withdraw))
        .with_state(app.clone())
}

/// A proposed price.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceProposalView {
    /// Identifies it, and the row of the price table it becomes.
    pub id: Uuid,
    /// Its contract.
    pub contract_id: Uuid,
    /// Number of the contract.
    pub contract_number: String,
    /// The first day it is to hold.
    pub from_day: NaiveDate,
    /// Fen for a seat and month.
    pub price_fen: i64,
    /// The agreement it stands in.
    pub source: String,
    /// `proposed`, `signed`, `refused` or `withdrawn`.
    pub state: String,
    /// Who of the supplier proposed it.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Who of the purchaser decided, or who withdrew it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why it was refused.
    pub note: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

async fn views(
    conn: &impl ConnectionTrait,
    rows: Vec<proposal::Model>,
) -> Result<Vec<PriceProposalView>> {
    let contracts = contract::Entity::find()
        .filter(contract::Column::Id.is_in(rows.iter().map(|row| row.contract_id)))
        .all(conn)
        .await?;
    let numbers: HashMap<Uuid, String> = contracts
        .into_iter()
        .map(|row| (row.id, row.number))
        .collect();
    let people = rows.iter().flat_map(|row| [row.proposed_by, row.decided_by]);
    let people: Vec<Uuid> = people.flatten().collect();
    let people = organization::colleagues(conn, people).await?;
    let name = |id: Option<Uuid>| Some(people.get(&id?)?.name.clone());
    let views = rows.into_iter().map(|row| {
        Ok(PriceProposalView {
            contract_number: numbers.get(&row.contract_id).cloned().unwrap_or_default(),
            from_day: day::read(&row.from_day)?,
            proposed_by: name(row.proposed_by),
            decided_by: name(row.decided_by),
            id: row.id,
            contract_id: row.contract_id,
            price_fen: row.price_fen,
            source: row.source,
            state: row.state,
            proposed_at: row.proposed_at,
            decided_at: row.decided_at,
            note: row.note,
            version: row.version,
        })
    });
    views.collect()
}

async fn view(app: &App, row: proposal::Model) -> Result<PriceProposalView> {
    let mut shown = views(app.db.read(), vec![row]).await?;
    shown.pop().ok_or_else(|| not_found("price proposal"))
}

/// What a list of proposed prices may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ProposalFilter {
    /// Only those of this contract.
    contract_id: Option<Uuid>,
    /// Only those in this state.
    state: Option<String>,
}

/// Proposed prices, the newest first.
#[utoipa::path(
    get, path = "/api/v1/price-proposals", tag = "settlement", operation_id = "list_price_proposals",
    params(ProposalFilter, ListQuery), responses((status = 200, body = Page<PriceProposalView>)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(app): State<App>,
    Query(filter): Query<ProposalFilter>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<PriceProposalView>>> {
    use proposal::Column;
    let all = Condition::all()
        .add_option(filter.contract_id.map(|id| Column::ContractId.eq(id)))
        .add_option(filter.state.map(|state| Column::State.eq(state)));
    let select = proposal::Entity::find().filter(all);
    let sortable = [("proposed_at", Column::ProposedAt)];
    let conn = app.db.read();
    let page = paginate(conn, select, &query, &sortable, Column::Id).await?;
    Ok(Json(page.shown(async |rows| views(conn, rows).await).await?))
}

/// A price from a day on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPriceProposal {
    /// The first day it is to hold.
    from_day: NaiveDate,
    /// Fen for a seat and month.
    price_fen: i64,
    /// The agreement it stands in.
    source: String,
}

async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    contract: &contract::Model,
    (row, what): (&proposal::Model, &str),
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "price_proposal",
        id: row.id,
    };
    let told = if what == "proposed" {
        PURCHASER
    } else {
        SUPPLIER
    };
    let told = trail::holders(&**tx, told).await?;
    let facts = json!({
        "number": contract.number, "contract_id": contract.id, "state": row.state,
        "version": row.version, "recipients": told,
    });
    scribe.tell(what, row.note.as_deref(), facts).await
}

/// The supplier proposes a price; refused for days of a statement that is confirmed.
#[utoipa::path(
    post, path = "/api/v1/service-contracts/{id}/price-proposals", tag = "settlement", operation_id = "propose_service_price",
    params(("id" = Uuid, Path)), request_body = NewPriceProposal,
    responses((status = 201, body = PriceProposalView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn propose(
    actor: Actor<DraftContract>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewPriceProposal>,
) -> Result<(StatusCode, Json<PriceProposalView>)> {
    let source = needed("source", &new.source)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let contract = super::held(&tx, id).await?;
            contract.must_be_signed()?;
            must_fit(new.price_fen, contract.cap_fen, contract.seats, contract.months)?;
            let (from, until) = (day::read(&contract.begins_on)?, day::read(&contract.ends_on)?);
            if !(from..=until).contains(&new.from_day) {
                return Err(invalid("from_day", "day_outside_term", "a day of the term"));
            }
            must_be_open(&tx, id, &day::text(new.from_day)).await?;
            let now = app.clock.now();
            let row = proposal::Model {
                id: app.ids.next(),
                contract_id: id,
                from_day: day::text(new.from_day),
                price_fen: new.price_fen,
                source,
                state: PriceProposalState::Proposed.as_str().to_owned(),
                proposed_by: who.user_id,
                proposed_at: now,
                decided_by: None,
                decided_at: None,
                note: None,
                updated_at: now,
                version: 1,
            };
            let written = proposal::Entity::insert(row.clone().into_active_model())
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&*tx)
                .await?;
            if written == 0 {
                return Err(day_taken());
            }
            tell(&app, &tx, &who, &contract, (&row, "proposed")).await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(view(&done, row).await?)))
}

/// 409 where the price of that day cannot change any more.
async fn must_be_open(tx: &Tx, contract: Uuid, from: &str) -> Result<()> {
    let table = of_one(&**tx, contract).await?;
    if table.iter().any(|row| row.from_day == from) {
        return Err(day_taken());
    }
    if table.len() as u64 >= MOST {
        let detail = format!("a price table has at most {MOST} rows");
        return Err(refused("prices_full", detail));
    }
    for statement in crate::statement::store::of_contract(&**tx, contract).await? {
        if statement.until_day.as_str() >= from && statement.case()?.is_confirmed() {
            super::must_be_free(&statement)?;
        }
    }
    Ok(())
}

async fn waiting(tx: &Tx, id: Uuid, version: i64) -> Result<(proposal::Model, contract::Model)> {
    let found = proposal::Entity::find_by_id(id).one(&**tx).await?;
    let found = found.ok_or_else(|| not_found("price proposal"))?;
    let contract = super::held(tx, found.contract_id).await?;
    let before = versioned::as_read(found, version)?;
    if before.state != PriceProposalState::Proposed.as_str() {
        return Err(
            refused("price_step_not_next", "this price is decided on already")
                .with("state", before.state.as_str()),
        );
    }
    Ok((before, contract))
}

/// What the purchaser says to a proposed price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PriceDecision {
    /// The version that was read.
    version: i64,
    /// Signed; else refused.
    sign: bool,
    /// Why it is refused.
    note: Option<String>,
}

/// The purchaser signs a proposed price, which holds from then on, or refuses it.
#[utoipa::path(
    post, path = "/api/v1/price-proposals/{id}/decide", tag = "settlement", operation_id = "decide_price_proposal",
    params(("id" = Uuid, Path)), request_body = PriceDecision,
    responses((status = 200, body = PriceProposalView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<SignContract>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(said): Json<PriceDecision>,
) -> Result<Json<PriceProposalView>> {
    let note = checked("note", said.note.as_deref().unwrap_or_default())?;
    if !said.sign {
        needed("note", &note)?;
    }
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let (before, contract) = waiting(&tx, id, said.version).await?;
            let now = app.clock.now();
            let mut after = before.clone();
            after.decided_by = who.user_id;
            after.decided_at = Some(now);
            after.note = Some(note).filter(|note| !note.is_empty());
            let what = if said.sign {
                super::redraw_from(&app, &tx, contract.id, &before.from_day).await?;
                let signed = row::Model {
                    id,
                    contract_id: contract.id,
                    from_day: before.from_day.clone(),
                    price_fen: before.price_fen,
                    source: before.source.clone(),
                    recorded_by: who.user_id,
                    recorded_at: now,
                };
                insert(&tx, signed).await?;
                PriceProposalState::Signed
            } else {
                PriceProposalState::Refused
            };
            what.as_str().clone_into(&mut after.state);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &who, &contract, (&after, what.as_str())).await?;
            if said.sign {
                super::tell(&app, &tx, &who, &contract, "price_added").await?;
            }
            Ok(after)
        })
        .await?;
    view(&done, row).await.map(Json)
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PriceWithdrawal {
    /// The version that was read.
    version: i64,
}

/// The supplier takes a proposed price back.
#[utoipa::path(
    post, path = "/api/v1/price-proposals/{id}/withdraw", tag = "settlement", operation_id = "withdraw_price_proposal",
    params(("id" = Uuid, Path)), request_body = PriceWithdrawal,
    responses((status = 200, body = PriceProposalView), (status = 409, body = Problem)),
)]
async fn withdraw(
    actor: Actor<DraftContract>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(said): Json<PriceWithdrawal>,
) -> Result<Json<PriceProposalView>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let (before, contract) = waiting(&tx, id, said.version).await?;
            let mut after = before.clone();
            after.decided_by = who.user_id;
            after.decided_at = Some(app.clock.now());
            PriceProposalState::Withdrawn
                .as_str()
                .clone_into(&mut after.state);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &who, &contract, (&after, "withdrawn")).await?;
            Ok(after)
        })
        .await?;
    view(&done, row).await.map(Json)
}
