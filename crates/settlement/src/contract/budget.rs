//! How much of the cap is used: what is drawn, confirmed and paid, and what the months to come cost at most.

use std::collections::HashMap;

use kernel::audit::Who;
use kernel::problem::{Problem, Result, refused};
use kernel::{App, Tx};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{price, row, terms};
use crate::seat_fee;
use crate::statement::adjustment::{self, Beside};
use crate::statement::store as statements;
use crate::term::{self, Month, Price};

/// A whole in basis points.
const WHOLE_BP: i64 = 10_000;

/// How much of the cap is used, in fen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct BudgetView {
    /// The cap.
    pub cap_fen: i64,
    /// Statements that are drawn and not confirmed.
    pub drawn_fen: i64,
    /// What was confirmed, with what was settled by actual apart from statements.
    pub settled_fen: i64,
    /// What was paid of it.
    pub paid_fen: i64,
    /// Drawn and settled together; never above the cap.
    pub used_fen: i64,
    /// The same in basis points of the cap.
    pub used_bp: i64,
    /// From so many basis points on both sides are warned.
    pub warn_bp: i64,
    /// That line is reached.
    pub warning: bool,
    /// What is still to come at most: the months that no statement holds, each at the price of its last day, lines that
    /// were set aside, and what is agreed beside confirmed lines and settled nowhere.
    pub forecast_fen: i64,
    /// What is left after both; below nothing where the cap would not hold.
    pub left_fen: i64,
    /// The highest price of a seat and month.
    pub highest_price_fen: i64,
}

/// The budgets of these contracts; statement `but` counts for nothing, as when it is drawn anew.
pub(crate) async fn of(
    app: &App,
    conn: &impl ConnectionTrait,
    contracts: &[row::Model],
    but: Option<Uuid>,
) -> Result<HashMap<Uuid, BudgetView>> {
    let ids: Vec<Uuid> = contracts.iter().map(|contract| contract.id).collect();
    let warn_bp = terms::in_force(conn, app.clock.now()).await?.warn_bp;
    let mut of_contract: HashMap<Uuid, Vec<statements::row::Model>> = HashMap::new();
    let mut whose = HashMap::new();
    for statement in statements::of_contracts(conn, &ids).await? {
        whose.insert(statement.id, statement.contract_id);
        if Some(statement.id) != but {
            let mine = of_contract.entry(statement.contract_id).or_default();
            mine.push(statement);
        }
    }
    let mut beside: HashMap<Uuid, Beside> = HashMap::new();
    for (statement, one) in adjustment::beside(conn, whose.keys().copied().collect()).await? {
        if let Some(contract) = whose.get(&statement) {
            let sum = beside.entry(*contract).or_default();
            sum.apart_fen += one.apart_fen;
            sum.ahead_fen += one.ahead_fen;
        }
    }
    let prices = price::of(conn, &ids).await?;
    let mut budgets = HashMap::new();
    for contract in contracts {
        let statements = of_contract.remove(&contract.id).unwrap_or_default();
        let table = price::table(prices.get(&contract.id).map_or(&[][..], Vec::as_slice))?;
        let beside = beside.get(&contract.id).copied().unwrap_or_default();
        let view = counted(contract, &statements, beside, &table, warn_bp)?;
        budgets.insert(contract.id, view);
    }
    Ok(budgets)
}

/// The budget of one contract.
pub(crate) async fn of_one(
    app: &App,
    conn: &impl ConnectionTrait,
    contract: &row::Model,
    but: Option<Uuid>,
) -> Result<BudgetView> {
    let mut all = of(app, conn, std::slice::from_ref(contract), but).await?;
    Ok(all.remove(&contract.id).unwrap_or_default())
}

fn counted(
    contract: &row::Model,
    statements: &[statements::row::Model],
    beside: Beside,
    prices: &[Price],
    warn_bp: i64,
) -> Result<BudgetView> {
    let mut view = BudgetView {
        cap_fen: contract.cap_fen,
        settled_fen: beside.apart_fen,
        paid_fen: beside.apart_fen,
        warn_bp,
        highest_price_fen: term::highest_price(contract.cap_fen, contract.seats, contract.months),
        ..BudgetView::default()
    };
    let mut ahead: Vec<Month> = contract.billing_months()?;
    for statement in statements {
        let case = statement.case()?;
        if case.is_confirmed() {
            // What is carried on is settled where it arrives.
            view.settled_fen += statement.total_fen - statement.carried_fen;
            view.paid_fen += statement.paid_fen;
        } else if case.drawn {
            view.drawn_fen += statement.total_fen;
        } else {
            continue;
        }
        let held = statement.from_month..=statement.until_month;
        ahead.retain(|month| !held.contains(&i64::from(month.n)));
    }
    view.used_fen = view.settled_fen + view.drawn_fen;
    view.used_bp = view.used_fen * WHOLE_BP / contract.cap_fen.max(1);
    view.warning = view.used_bp >= warn_bp;
    let months_fen = seat_fee::forecast(prices, contract.seats, &ahead);
    view.forecast_fen = months_fen + beside.ahead_fen;
    view.left_fen = contract.cap_fen - view.used_fen - view.forecast_fen;
    Ok(view)
}

impl BudgetView {
    /// The refusal, where `more_fen` beside what is used would pass the cap.
    pub(crate) fn exceeded_by(&self, more_fen: i64) -> Option<Problem> {
        (self.used_fen + more_fen > self.cap_fen).then(|| {
            refused("budget_exceeded", "the cap of the contract would not hold")
                .with("cap_fen", self.cap_fen)
                .with("settled_fen", self.settled_fen)
                .with("drawn_fen", self.drawn_fen)
                .with("total_fen", more_fen)
        })
    }
}

/// Warns both sides when a statement that was just drawn takes the contract over the line.
pub(crate) async fn warn(
    app: &App,
    tx: &Tx,
    contract: &row::Model,
    before: &BudgetView,
) -> Result<()> {
    let after = of_one(app, &**tx, contract, None).await?;
    if after.warning && !before.warning {
        let who = Who::system("settlement");
        super::tell(app, tx, &who, contract, "budget_warning").await?;
    }
    Ok(())
}
