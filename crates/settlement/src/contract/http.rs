//! Contracts over HTTP: the list with price tables and budgets, one with its time line, the draft and the signature.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::NaiveDate;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::must_be_name;
use kernel::{Actor, App, Tx, day, numbers, versioned};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::budget::{self, BudgetView};
use super::counting::{self, CountingView};
use super::{HALF, ServiceContractState, ending, held, price, row, tell, terms};
use crate::rights::{DraftContract, SignContract, ViewSettlement};
use crate::statement::store as statements;
use crate::term;
use crate::trail::{self, TrailLine};

/// The routes of the contract.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, draft))
        .routes(routes!(show))
        .routes(routes!(sign))
        .with_state(app.clone())
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

/// A contract as lists show it.
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
    /// The next day on which its end is to be spoken of.
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
    /// Rises with each change.
    pub version: i64,
}

/// A contract as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceContractDetail {
    /// What lists show.
    #[serde(flatten)]
    pub contract: ServiceContractView,
    /// What it is counted by, the earliest first.
    pub counting: Vec<CountingView>,
    /// What happened, the oldest first.
    pub lines: Vec<TrailLine>,
}

async fn views(
    app: &App,
    conn: &impl ConnectionTrait,
    rows: Vec<row::Model>,
) -> Result<Vec<ServiceContractView>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut budgets = budget::of(app, conn, &rows, None).await?;
    let mut tables = price::of(conn, &ids).await?;
    let reminders = terms::in_force(conn, app.clock.now())
        .await?
        .end_reminder_days;
    let today = day::today(app);
    let views = rows.into_iter().map(|row| {
        let ends_on = day::read(&row.ends_on)?;
        let table = tables.remove(&row.id).unwrap_or_default().into_iter();
        let prices = table.map(|price| {
            Ok(PriceRowView {
                item: "客服人员",
                unit: "元/座席/月",
                from_day: day::read(&price.from_day)?,
                price_fen: price.price_fen,
                quantity: row.seats,
                source: price.source,
            })
        });
        Ok(ServiceContractView {
            prices: prices.collect::<Result<_>>()?,
            budget: budgets.remove(&row.id).unwrap_or_default(),
            begins_on: day::read(&row.begins_on)?,
            ends_on,
            next_reminder_on: term::next_reminder(ends_on, &reminders, today),
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
    });
    views.collect()
}

/// A contract as its page shows it.
pub(crate) async fn detail(app: &App, row: row::Model) -> Result<ServiceContractDetail> {
    let conn = app.db.read();
    let counting = counting::views(conn, &row).await?;
    let lines = trail::lines(conn, row.id).await?;
    let mut shown = views(app, conn, vec![row]).await?;
    Ok(ServiceContractDetail {
        contract: shown.pop().ok_or_else(|| not_found("contract"))?,
        counting,
        lines,
    })
}

/// What a list of contracts may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ContractFilter {
    /// Only drafts, or only those that are signed.
    state: Option<String>,
}

/// The contracts with their price tables and budgets, the latest begun first.
#[utoipa::path(
    get, path = "/api/v1/service-contracts", tag = "settlement", operation_id = "list_service_contracts",
    params(ContractFilter, ListQuery), responses((status = 200, body = Page<ServiceContractView>)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(app): State<App>,
    Query(filter): Query<ContractFilter>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ServiceContractView>>> {
    use row::Column;
    let all = Condition::all()
        .add_option(filter.state.map(|state| Column::State.eq(state)))
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let (conn, select) = (app.db.read(), row::Entity::find().filter(all));
    let sortable = [("begins_on", Column::BeginsOn)];
    let page = paginate(conn, select, &query, &sortable, Column::Id).await?;
    let shown = page.shown(async |rows| views(&app, conn, rows).await);
    Ok(Json(shown.await?))
}

/// One contract.
#[utoipa::path(
    get, path = "/api/v1/service-contracts/{id}", tag = "settlement", operation_id = "get_service_contract",
    params(("id" = Uuid, Path)), responses((status = 200, body = ServiceContractDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewSettlement>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ServiceContractDetail>> {
    let row = super::get(app.db.read(), id).await?;
    detail(&app, row).await.map(Json)
}

/// A contract to be drafted; what is left out is as the terms in force say.
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
    /// Basis points.
    tax_bp: Option<i64>,
    /// Months of the term, in whole half years.
    months: Option<u32>,
    /// Seats.
    seats: Option<i64>,
    /// The cap in fen.
    cap_fen: Option<i64>,
    /// Working days of a review.
    review_days: Option<i64>,
    /// Working days of a payment.
    payment_days: Option<i64>,
    /// The agreed days of the statements, one for each half year; the last day of each half when left out.
    statement_days: Option<Vec<NaiveDate>>,
}

fn yes() -> bool {
    true
}

impl NewServiceContract {
    /// What it says, and where it says nothing what holds.
    fn terms(&self, held: terms::ContractTerms) -> terms::ContractTerms {
        terms::ContractTerms {
            months: self.months.unwrap_or(held.months),
            seats: self.seats.unwrap_or(held.seats),
            cap_fen: self.cap_fen.unwrap_or(held.cap_fen),
            tax_bp: self.tax_bp.unwrap_or(held.tax_bp),
            review_days: self.review_days.unwrap_or(held.review_days),
            payment_days: self.payment_days.unwrap_or(held.payment_days),
            ..held
        }
    }

    /// The agreed days: none before its half year is over, each after the one before.
    fn days(&self, months: u32) -> Result<Vec<NaiveDate>> {
        let ends = (1..=months / HALF).map(|half| {
            let last = term::last_day(self.begins_on, half * HALF);
            last.ok_or_else(|| internal("the term leaves the calendar"))
        });
        let ends: Vec<NaiveDate> = ends.collect::<Result<_>>()?;
        let days = self.statement_days.clone().unwrap_or_else(|| ends.clone());
        let over = days.len() == ends.len() && days.iter().zip(&ends).all(|(day, end)| day >= end);
        if over && days.is_sorted_by(|one, next| one < next) {
            return Ok(days);
        }
        let detail = "a statement is due when its half year is over, each after the one before";
        Err(invalid("statement_days", "statement_day_early", detail))
    }
}

/// Drafts the contract with the first row of its price table.
#[utoipa::path(
    post, path = "/api/v1/service-contracts", tag = "settlement", operation_id = "draft_service_contract",
    request_body = NewServiceContract,
    responses((status = 201, body = ServiceContractDetail), (status = 422, body = Problem)),
)]
async fn draft(
    actor: Actor<DraftContract>,
    State(app): State<App>,
    Json(new): Json<NewServiceContract>,
) -> Result<(StatusCode, Json<ServiceContractDetail>)> {
    must_be_name("title", &new.title)?;
    day::plausible("begins_on", new.begins_on, day::today(&app))?;
    let held = terms::in_force(app.db.read(), app.clock.now()).await?;
    let terms = new.terms(held);
    terms.must_be_sound()?;
    let months = i64::from(terms.months);
    price::must_fit(new.price_fen, terms.cap_fen, terms.seats, months)?;
    if !new.tax_included {
        // The highest price is a limit of what is paid, and that holds the tax.
        let detail = "the limit of the contract holds the tax, so its prices do";
        return Err(invalid("tax_included", "tax_not_included", detail));
    }
    let days = new.days(terms.months)?;
    let ends_on = term::last_day(new.begins_on, terms.months)
        .ok_or_else(|| internal("the term leaves the calendar"))?;
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
                months,
                seats: terms.seats,
                cap_fen: terms.cap_fen,
                tax_included: new.tax_included,
                tax_bp: terms.tax_bp,
                review_days: terms.review_days,
                payment_days: terms.payment_days,
                statement_days: json!(days),
                state: ServiceContractState::Draft.as_str().to_owned(),
                signed_by: None,
                signed_at: None,
                next_reminder_at: None,
                created_by: who.user_id,
                created_at: now,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            let first = price::row::Model {
                id: app.ids.next(),
                contract_id: row.id,
                from_day: day::text(new.begins_on),
                price_fen: new.price_fen,
                source: "中标报价".to_owned(),
                recorded_by: who.user_id,
                recorded_at: now,
            };
            price::insert(&tx, first).await?;
            tell(&app, &tx, &who, &row, "drafted").await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(detail(&done, row).await?)))
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

/// The purchaser signs: its term runs, what it is counted by is kept with it, and the statements of its halves are
/// planned for their agreed days.
#[utoipa::path(
    post, path = "/api/v1/service-contracts/{id}/sign", tag = "settlement", operation_id = "sign_service_contract",
    params(("id" = Uuid, Path)), request_body = SignServiceContract,
    responses((status = 200, body = ServiceContractDetail), (status = 409, body = Problem)),
)]
async fn sign(
    actor: Actor<SignContract>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<SignServiceContract>,
) -> Result<Json<ServiceContractDetail>> {
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
            ending::remind(&app, &tx, &mut after, 0).await?;
            let after = versioned::save(&app, &*tx, &before, after).await?;
            counting::keep(&app, &tx, &who, id, day::read(&after.begins_on)?).await?;
            statements::plan(&app, &tx, &after).await?;
            tell(&app, &tx, &who, &after, "signed").await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await.map(Json)
}
