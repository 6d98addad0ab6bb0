//! Drawing a statement from frozen attendance: its lines, the rules they were counted by, and its digest.

use std::sync::Arc;

use kernel::audit::Who;
use kernel::problem::{Problem, Result, internal, refused};
use kernel::{App, Tx, day};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::store::{self, line, row};
use super::{Action, adjustment};
use crate::attendance::Attendance;
use crate::contract;
use crate::presence::DayRecord;
use crate::question;
use crate::seat_fee::{self, Line, Rules};
use crate::term::{self, Month};

/// The months of a statement.
pub(crate) async fn months(
    conn: &impl ConnectionTrait,
    statement: &row::Model,
) -> Result<Vec<Month>> {
    let contract = contract::get(conn, statement.contract_id).await?;
    let start = day::read(&contract.begins_on)?;
    (statement.from_month..=statement.until_month)
        .map(|n| {
            let month = term::month(start, u32::try_from(n).map_err(internal)?);
            month.ok_or_else(|| internal("no such month"))
        })
        .collect()
}

/// The lines of `statement` by `rules` and these records.
pub(crate) async fn count(
    conn: &impl ConnectionTrait,
    statement: &row::Model,
    rules: &Rules,
    records: &[DayRecord],
) -> Result<Vec<Line>> {
    let service = organization::service_calendar::load(conn).await?;
    let months = months(conn, statement).await?;
    Ok(seat_fee::lines(&service.calendar, rules, &months, records))
}

/// What holds for the days of a statement.
pub(crate) async fn records(
    attendance: &Arc<dyn Attendance>,
    statement: &row::Model,
) -> Result<Vec<DayRecord>> {
    let from = day::read(&statement.from_day)?;
    attendance
        .frozen(from, day::read(&statement.until_day)?)
        .await
}

fn missing(months: &[Month], records: &[DayRecord]) -> Option<Problem> {
    let without = |month: &&Month| {
        let mut records = records.iter();
        !records.any(|record| (month.from..=month.until).contains(&record.day))
    };
    let missing: Vec<u32> = months.iter().filter(without).map(|month| month.n).collect();
    if missing.is_empty() {
        return None;
    }
    let problem = refused(
        "attendance_missing",
        "months have no attendance that both sides signed",
    );
    Some(
        problem
            .with("months", json!(missing))
            .with_way_out("hand in the attendance sheets and have them signed"),
    )
}

/// Draws the statement anew; what was drawn before and is not confirmed gives way.
pub(crate) async fn draw(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    records: &[DayRecord],
) -> Result<row::Model> {
    if day::read(&before.until_day)? >= day::today(app) {
        let detail = format!("its last day is {}", before.until_day);
        return Err(refused("statement_period_runs", detail));
    }
    // Two halves do not take the same adjustment.
    let contract = contract::held(tx, before.contract_id).await?;
    let months = months(&**tx, before).await?;
    if let Some(problem) = missing(&months, records) {
        return Err(problem);
    }
    let now = app.clock.now();
    let (method, presence) = question::fee_rules(&**tx, now).await?;
    let rules = Rules {
        method,
        seats: contract.seats,
        presence,
        prices: contract::table(&contract::prices(&**tx, contract.id).await?)?,
    };
    let counted = count(&**tx, before, &rules, records).await?;
    let lines_fen = seat_fee::total(&counted);
    let rules = serde_json::to_value(&rules).map_err(internal)?;
    let told = ("drawn", None);
    // The machine says whether it may be drawn before anything is written.
    let after = store::act(app, tx, who, before, &Action::Draw, told, |after| {
        after.rules = rules;
        after.lines_fen = lines_fen;
        after.drawn_by = who.user_id;
        after.drawn_at = Some(now);
    })
    .await?;
    write(app, tx, after.id, &counted).await?;
    let adjustment_fen = adjustment::take(app, tx, &after).await?;
    let total_fen = lines_fen + adjustment_fen;
    let budget = contract::budget(&**tx, &contract, Some(after.id)).await?;
    if budget.settled_fen + total_fen > contract.cap_fen {
        return Err(
            refused("budget_exceeded", "the cap of the contract would not hold")
                .with("cap_fen", contract.cap_fen)
                .with("settled_fen", budget.settled_fen)
                .with("total_fen", total_fen),
        );
    }
    let mut drawn = after.clone();
    drawn.adjustment_fen = adjustment_fen;
    drawn.total_fen = total_fen;
    drawn.sha256 = Some(digest(&drawn, &counted)?);
    kernel::versioned::save(app, &**tx, &after, drawn).await
}

async fn write(app: &App, tx: &Tx, statement: Uuid, counted: &[Line]) -> Result<()> {
    line::Entity::delete_many()
        .filter(line::Column::StatementId.eq(statement))
        .exec(&**tx)
        .await?;
    let mut rows = Vec::new();
    for one in counted {
        let row = line::Model {
            id: app.ids.next(),
            statement_id: statement,
            month: one.month.n.into(),
            seat: one.seat,
            amount_fen: one.amount_fen,
            body: serde_json::to_value(one).map_err(internal)?,
        };
        rows.push(row.into_active_model());
    }
    line::Entity::insert_many(rows)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// Of what both sides speak of: number, days, rules, lines, sums. The same attendance gives the same digest.
fn digest(statement: &row::Model, counted: &[Line]) -> Result<String> {
    let spoken = json!({
        "number": statement.number, "from": statement.from_day, "until": statement.until_day,
        "rules": statement.rules, "lines": counted, "lines_fen": statement.lines_fen,
        "adjustment_fen": statement.adjustment_fen, "total_fen": statement.total_fen,
    });
    let text = serde_json::to_vec(&spoken).map_err(internal)?;
    Ok(hex::encode(Sha256::digest(text)))
}
