//! The contract of the service: its term, its cap, its price table, the agreed days of its
//! statements, and how much of the cap is used.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{must_be_name, needed};
use kernel::versioned;
use kernel::{Actor, App, Tx, day, numbers, words};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::rights::{DraftContract, SignContract, ViewSettlement};
use crate::seat_fee;
use crate::statement::{StatementState, store as statements};
use crate::term::{self, Price};
use crate::trail::{self, BOTH, Scribe, SettlementLine};

/// Contracts shown, and rows of a price table, at most.
const MOST: u64 = 50;
/// Months of one statement (每半年).
pub(crate) const HALF: u32 = 6;

words! {
    /// Where a contract stands.
    ServiceContractState {
        /// 草拟
        Draft = "draft",
        /// 已签订
        Signed = "signed",
    }
}

kernel::table! {
    /// One contract.
    pub mod row = "service_contracts" (id: Uuid) {
        number: String,
        title: String,
        begins_on: String,
        ends_on: String,
        months: i64,
        seats: i64,
        cap_fen: i64,
        tax_included: bool,
        tax_bp: i64,
        review_days: i64,
        payment_days: i64,
        statement_days: Json,
        state: String,
        signed_by: Option<Uuid>,
        signed_at: Option<DateTimeUtc>,
        created_by: Option<Uuid>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |contract| format!("contract `{}`", contract.number));

kernel::table! {
    /// One row of a price table.
    pub mod price = "price_rows" (id: Uuid) {
        contract_id: Uuid,
        from_day: String,
        price_fen: i64,
        source: String,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
    }
}

/// The routes of the contract.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, draft))
        .routes(routes!(show))
        .routes(routes!(sign))
        .routes(routes!(add_price))
        .with_state(app.clone())
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("contract"))
}

/// Holds the contract: who moves money of it waits for who does already.
pub(crate) async fn held(tx: &Tx, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| not_found("contract"))
}

/// The price table, the earliest row first.
pub(crate) async fn prices(
    conn: &impl ConnectionTrait,
    contract: Uuid,
) -> Result<Vec<price::Model>> {
    Ok(price::Entity::find()
        .filter(price::Column::ContractId.eq(contract))
        .order_by_asc(price::Column::FromDay)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// As the fee counts with it.
pub(crate) fn table(rows: &[price::Model]) -> Result<Vec<Price>> {
    let price = |row: &price::Model| {
        let from = day::read(&row.from_day)?;
        let fen = row.price_fen;
        Ok(Price { from, fen })
    };
    rows.iter().map(price).collect()
}

/// How much of the cap is used, in fen.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetView {
    /// The cap.
    pub cap_fen: i64,
    /// What was confirmed, with what was settled by actual afterwards.
    pub settled_fen: i64,
    /// What the other months cost at most by the latest price.
    pub forecast_fen: i64,
    /// What is left after both; below nothing where the cap would not hold.
    pub left_fen: i64,
    /// The highest price of a seat and month.
    pub highest_price_fen: i64,
}

/// A row of the price table.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceRowView {
    /// 客服人员
    pub item: &'static str,
    /// 元/座席/月
    pub unit: &'static str,
    /// The first day it holds.
    pub from_day: NaiveDate,
    /// In fen.
    pub price_fen: i64,
    /// Seats.
    pub quantity: i64,
    /// Where it stands.
    pub source: String,
}

/// A contract.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceContractView {
    /// Identifies it.
    pub id: Uuid,
    /// `HT-20261126-001`
    pub number: String,
    /// What it is called.
    pub title: String,
    /// `draft` or `signed`.
    pub state: String,
    /// The first day.
    pub begins_on: NaiveDate,
    /// The last day.
    pub ends_on: NaiveDate,
    /// The next day on which its end is to be spoken of: 90, 60 and 30 days before.
    pub next_reminder_on: Option<NaiveDate>,
    /// Months.
    pub months: i64,
    /// Seats.
    pub seats: i64,
    /// Prices hold the tax.
    pub tax_included: bool,
    /// Basis points.
    pub tax_bp: i64,
    /// Working days of a review.
    pub review_days: i64,
    /// Working days of a payment.
    pub payment_days: i64,
    /// Agreed days of the statements.
    pub statement_days: Vec<NaiveDate>,
    /// The price table.
    pub prices: Vec<PriceRowView>,
    /// How much of the cap is used.
    pub budget: BudgetView,
    /// What happened, the oldest first.
    pub lines: Vec<SettlementLine>,
    /// Rises with each change.
    pub version: i64,
}

/// How much of the cap is used by these statements; `but` is left out.
pub(crate) async fn budget(
    conn: &impl ConnectionTrait,
    contract: &row::Model,
    but: Option<Uuid>,
) -> Result<BudgetView> {
    let statements = statements::of_contract(conn, contract.id).await?;
    let mut settled = statements::settled_apart(conn, contract.id).await?;
    let mut months_left = contract.months;
    for statement in statements {
        if Some(statement.id) != but && statement.case()?.is_confirmed() {
            settled += statement.total_fen;
            months_left -= statement.until_month - statement.from_month + 1;
        }
    }
    let latest = prices(conn, contract.id).await?;
    let latest = latest.last().map_or(0, |row| row.price_fen);
    let forecast_fen = seat_fee::forecast(latest, contract.seats, months_left);
    Ok(BudgetView {
        cap_fen: contract.cap_fen,
        settled_fen: settled,
        forecast_fen,
        left_fen: contract.cap_fen - settled - forecast_fen,
        highest_price_fen: term::highest_price(contract.cap_fen, contract.seats, contract.months),
    })
}

async fn view(app: &App, row: row::Model) -> Result<ServiceContractView> {
    let conn = app.db.read();
    let ends_on = day::read(&row.ends_on)?;
    let mut shown = Vec::new();
    for price in prices(conn, row.id).await? {
        shown.push(PriceRowView {
            item: "客服人员",
            unit: "元/座席/月",
            from_day: day::read(&price.from_day)?,
            price_fen: price.price_fen,
            quantity: row.seats,
            source: price.source,
        });
    }
    Ok(ServiceContractView {
        prices: shown,
        budget: budget(conn, &row, None).await?,
        lines: trail::lines(conn, row.id).await?,
        begins_on: day::read(&row.begins_on)?,
        ends_on,
        next_reminder_on: term::next_reminder(ends_on, day::today(app)),
        statement_days: serde_json::from_value(row.statement_days).map_err(internal)?,
        id: row.id,
        number: row.number,
        title: row.title,
        state: row.state,
        months: row.months,
        seats: row.seats,
        tax_included: row.tax_included,
        tax_bp: row.tax_bp,
        review_days: row.review_days,
        payment_days: row.payment_days,
        version: row.version,
    })
}

/// The contracts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceContracts {
    /// The latest begun first, at most 50.
    pub items: Vec<ServiceContractView>,
}

/// The contracts with their price tables and budgets.
#[utoipa::path(
    get, path = "/api/v1/service-contracts", tag = "settlement", operation_id = "list_service_contracts",
    responses((status = 200, body = ServiceContracts)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(app): State<App>,
) -> Result<Json<ServiceContracts>> {
    let rows = row::Entity::find()
        .order_by_desc(row::Column::BeginsOn)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let mut items = Vec::new();
    for row in rows {
        items.push(view(&app, row).await?);
    }
    Ok(Json(ServiceContracts { items }))
}

/// One contract.
#[utoipa::path(
    get, path = "/api/v1/service-contracts/{id}", tag = "settlement", operation_id = "get_service_contract",
    params(("id" = Uuid, Path)), responses((status = 200, body = ServiceContractView), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewSettlement>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ServiceContractView>> {
    let row = get(app.db.read(), id).await?;
    view(&app, row).await.map(Json)
}

/// A contract to be drafted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewServiceContract {
    /// What it is called.
    title: String,
    /// The first day: of the signature.
    begins_on: NaiveDate,
    /// Fen for a seat and month.
    price_fen: i64,
    /// Prices hold the tax.
    #[serde(default = "yes")]
    tax_included: bool,
    /// Basis points; 600 when left out.
    #[serde(default = "six_percent")]
    tax_bp: i64,
    /// The two agreed days of the statements; the last day of each half when left out.
    statement_days: Option<[NaiveDate; 2]>,
}

fn yes() -> bool {
    true
}

fn six_percent() -> i64 {
    600
}

/// What the requirement fixes: 12 months, 6 seats, 600,000 yuan, 10 and 30 working days.
const MONTHS: u32 = 12;
const SEATS: i64 = 6;
const CAP_FEN: i64 = 60_000_000;
const REVIEW_DAYS: i64 = 10;
const PAYMENT_DAYS: i64 = 30;

/// 422 for a price that is none, or with which the cap would not hold.
fn must_fit(price_fen: i64, cap_fen: i64, seats: i64, months: i64) -> Result<()> {
    let highest = term::highest_price(cap_fen, seats, months);
    if (1..=highest).contains(&price_fen) {
        return Ok(());
    }
    let detail = format!("1 to {highest} fen for a seat and month");
    Err(invalid("price_fen", "price_over_cap", detail).with("highest_price_fen", highest))
}

/// Drafts the contract with the first row of its price table.
#[utoipa::path(
    post, path = "/api/v1/service-contracts", tag = "settlement", operation_id = "draft_service_contract",
    request_body = NewServiceContract,
    responses((status = 201, body = ServiceContractView), (status = 422, body = Problem)),
)]
async fn draft(
    actor: Actor<DraftContract>,
    State(app): State<App>,
    Json(new): Json<NewServiceContract>,
) -> Result<(StatusCode, Json<ServiceContractView>)> {
    must_be_name("title", &new.title)?;
    must_fit(new.price_fen, CAP_FEN, SEATS, i64::from(MONTHS))?;
    day::plausible("begins_on", new.begins_on, day::today(&app))?;
    if !new.tax_included {
        // The highest price is a limit of what is paid, and that holds the tax.
        let detail = "the limit of the contract holds the tax, so its prices do";
        return Err(invalid("tax_included", "tax_not_included", detail));
    }
    if !(0..=1_300).contains(&new.tax_bp) {
        return Err(invalid("tax_bp", "tax_out_of_range", "0 to 1,300"));
    }
    let ends = |months| {
        let last = term::last_day(new.begins_on, months);
        last.ok_or_else(|| internal("the term leaves the calendar"))
    };
    let (half, ends_on) = (ends(HALF)?, ends(MONTHS)?);
    let days = new.statement_days.unwrap_or([half, ends_on]);
    if days[0] < half || days[1] < ends_on || days[1] <= days[0] {
        let detail = "a statement is due when its half year is over";
        return Err(invalid("statement_days", "statement_day_early", detail));
    }
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let row = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "HT-", now).await?,
                title: new.title,
                begins_on: day::text(new.begins_on),
                ends_on: day::text(ends_on),
                months: MONTHS.into(),
                seats: SEATS,
                cap_fen: CAP_FEN,
                tax_included: new.tax_included,
                tax_bp: new.tax_bp,
                review_days: REVIEW_DAYS,
                payment_days: PAYMENT_DAYS,
                statement_days: json!(days),
                state: ServiceContractState::Draft.as_str().to_owned(),
                signed_by: None,
                signed_at: None,
                created_by: who.user_id,
                created_at: now,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            let first = (new.begins_on, new.price_fen, "中标报价".to_owned());
            insert_price(&app, &tx, &who, row.id, first).await?;
            tell(&app, &tx, &who, &row, "drafted").await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(view(&done, row).await?)))
}

async fn tell(app: &App, tx: &Tx, who: &Who, row: &row::Model, what: &str) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "service_contract",
        id: row.id,
    };
    let told = trail::holders(&**tx, BOTH).await?;
    let facts = json!({ "number": row.number, "state": row.state, "version": row.version, "recipients": told });
    scribe.tell(what, None, facts).await
}

async fn insert_price(
    app: &App,
    tx: &Tx,
    who: &Who,
    contract: Uuid,
    (from, price_fen, source): (NaiveDate, i64, String),
) -> Result<()> {
    let price = price::Model {
        id: app.ids.next(),
        contract_id: contract,
        from_day: day::text(from),
        price_fen,
        source,
        recorded_by: who.user_id,
        recorded_at: app.clock.now(),
    };
    let written = price::Entity::insert(price.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&**tx)
        .await?;
    if written == 0 {
        return Err(refused(
            "price_day_taken",
            "another price holds from that day on",
        ));
    }
    Ok(())
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignServiceContract {
    /// The version that was read.
    version: i64,
}

/// The same days are not paid by two contracts.
async fn must_be_alone(tx: &Tx, contract: &row::Model) -> Result<()> {
    let twin = row::Entity::find()
        .filter(row::Column::State.eq(ServiceContractState::Signed.as_str()))
        .filter(row::Column::BeginsOn.lte(&contract.ends_on))
        .filter(row::Column::EndsOn.gte(&contract.begins_on))
        .one(&**tx)
        .await?;
    match twin {
        None => Ok(()),
        Some(twin) => {
            let detail = format!("contract {} runs on the same days", twin.number);
            Err(refused("contract_overlaps", detail))
        }
    }
}

/// The purchaser signs: its term runs, and the statements of its halves are planned for their agreed days.
#[utoipa::path(
    post, path = "/api/v1/service-contracts/{id}/sign", tag = "settlement", operation_id = "sign_service_contract",
    params(("id" = Uuid, Path)), request_body = SignServiceContract,
    responses((status = 200, body = ServiceContractView), (status = 409, body = Problem)),
)]
async fn sign(
    actor: Actor<SignContract>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<SignServiceContract>,
) -> Result<Json<ServiceContractView>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(held(&tx, id).await?, request.version)?;
            if before.state != ServiceContractState::Draft.as_str() {
                return Err(refused("contract_signed", "this contract is signed"));
            }
            must_be_alone(&tx, &before).await?;
            let mut after = before.clone();
            after.state = ServiceContractState::Signed.as_str().to_owned();
            after.signed_by = who.user_id;
            after.signed_at = Some(app.clock.now());
            let after = versioned::save(&app, &*tx, &before, after).await?;
            statements::plan(&app, &tx, &after).await?;
            tell(&app, &tx, &who, &after, "signed").await?;
            Ok(after)
        })
        .await?;
    view(&done, row).await.map(Json)
}

/// A statement that is on its way keeps the prices it was drawn by; one that is still a draft is drawn again.
async fn free_for_price(app: &App, tx: &Tx, statement: statements::row::Model) -> Result<()> {
    use StatementState as S;
    let case = statement.case()?;
    if case.is_confirmed() {
        let detail = format!("statement {} is confirmed", statement.number);
        return Err(refused("statement_confirmed", detail));
    }
    if matches!(
        case.state,
        S::InternalChecked | S::Submitted | S::UnderReview
    ) {
        let detail = format!("statement {} is drawn by other prices", statement.number);
        return Err(
            refused("statement_under_way", detail).with_way_out("send it back or reject it first")
        );
    }
    if case.drawn {
        let mut after = statement.clone();
        after.drawn_at = None;
        versioned::save(app, &**tx, &statement, after).await?;
    }
    Ok(())
}

/// A price from a day on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPriceRow {
    /// The first day it holds.
    from_day: NaiveDate,
    /// Fen for a seat and month.
    price_fen: i64,
    /// The agreement it stands in.
    source: String,
}

/// Adds a price that was agreed; refused for days of a statement that is confirmed.
#[utoipa::path(
    post, path = "/api/v1/service-contracts/{id}/prices", tag = "settlement", operation_id = "add_service_price",
    params(("id" = Uuid, Path)), request_body = NewPriceRow,
    responses((status = 200, body = ServiceContractView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn add_price(
    actor: Actor<SignContract>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewPriceRow>,
) -> Result<Json<ServiceContractView>> {
    let source = needed("source", &new.source)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let row = held(&tx, id).await?;
            must_fit(new.price_fen, row.cap_fen, row.seats, row.months)?;
            let (from, until) = (day::read(&row.begins_on)?, day::read(&row.ends_on)?);
            if !(from..=until).contains(&new.from_day) {
                return Err(invalid("from_day", "day_outside_term", "a day of the term"));
            }
            for statement in statements::of_contract(&*tx, id).await? {
                if day::text(new.from_day) <= statement.until_day {
                    free_for_price(&app, &tx, statement).await?;
                }
            }
            if prices(&*tx, id).await?.len() as u64 >= MOST {
                let detail = format!("a price table has at most {MOST} rows");
                return Err(refused("prices_full", detail));
            }
            let price = (new.from_day, new.price_fen, source);
            insert_price(&app, &tx, &who, id, price).await?;
            tell(&app, &tx, &who, &row, "price_added").await?;
            Ok(row)
        })
        .await?;
    view(&done, row).await.map(Json)
}
