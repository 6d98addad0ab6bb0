//! Drawing a statement from frozen attendance: its lines, the rules they were counted by, what they were
//! counted from, and its digest.

use std::collections::BTreeSet;
use std::sync::Arc;

use calendar::Calendar;
use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::problem::{Problem, Result, internal, refused};
use kernel::{App, Tx, day};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, line, row};
use super::{Action, adjustment, carry, days};
use crate::attendance::{Attendance, ChainHead};
use crate::contract::{self, budget, counting};
use crate::presence::DayRecord;
use crate::seat_fee::{self, Line};
use crate::term::{self, Month};

/// Rows put into a table at once: SQLite takes 32,766 values in a statement.
pub(crate) const AT_ONCE: usize = 500;

/// What a statement was counted from; it is kept, so that years later the same comes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = StatementBasis)]
pub struct Basis {
    /// Of the days that are worked.
    pub calendar_sha256: String,
    /// The days of its months that are worked.
    pub workdays: BTreeSet<NaiveDate>,
    /// Of the rows of attendance, by their digests.
    pub attendance_sha256: String,
    /// How many rows of attendance.
    pub records: usize,
    /// The end of the chain of attendance when it was drawn; none where no day is kept in the product.
    pub attendance_seq: Option<i64>,
    /// The digest at the end of that chain.
    pub attendance_head: Option<String>,
}

impl Basis {
    fn of(calendar: &Calendar, months: &[Month], frozen: &Frozen) -> Self {
        let all = months
            .iter()
            .flat_map(|month| month.from.iter_days().take_while(|day| *day <= month.until));
        let workdays: BTreeSet<NaiveDate> = all.filter(|day| calendar.is_workday(*day)).collect();
        Self {
            calendar_sha256: sha256(&json!(workdays)),
            attendance_sha256: attendance_sha256(&frozen.records),
            records: frozen.records.len(),
            attendance_seq: frozen.chain.as_ref().map(|head| head.seq),
            attendance_head: frozen.chain.as_ref().map(|head| head.hash.clone()),
            workdays,
        }
    }
}

/// Of rows of attendance by their ids and digests, in whatever order they come.
pub(crate) fn attendance_sha256(records: &[DayRecord]) -> String {
    let digests: BTreeSet<(Uuid, &str)> = records
        .iter()
        .map(|record| (record.id, record.sha256.as_str()))
        .collect();
    sha256(&json!(digests))
}

/// The frozen attendance of a statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frozen {
    /// What holds for every seat and day.
    pub records: Vec<DayRecord>,
    /// The end of their chain.
    pub chain: Option<ChainHead>,
}

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

/// The lines of a confirmed statement by the rules and working days it has kept, and these records.
pub(crate) async fn count_again(
    conn: &impl ConnectionTrait,
    statement: &row::Model,
    records: &[DayRecord],
) -> Result<Vec<Line>> {
    let rules = serde_json::from_value(statement.rules.clone()).map_err(internal)?;
    let months = months(conn, statement).await?;
    let Some(basis) = basis(statement)? else {
        let service = organization::service_calendar::load(conn).await?;
        return Ok(seat_fee::lines(&service.calendar, &rules, &months, records));
    };
    Ok(seat_fee::lines(&basis.workdays, &rules, &months, records))
}

/// What a statement was counted from; none of those drawn before it was kept.
pub(crate) fn basis(statement: &row::Model) -> Result<Option<Basis>> {
    let basis = statement.basis.clone().map(serde_json::from_value);
    basis.transpose().map_err(internal)
}

/// What holds for the days of a statement.
pub(crate) async fn frozen(
    attendance: &Arc<dyn Attendance>,
    statement: &row::Model,
) -> Result<Frozen> {
    let from = day::read(&statement.from_day)?;
    let until = day::read(&statement.until_day)?;
    Ok(Frozen {
        chain: attendance.chain().await?,
        records: attendance.frozen(from, until).await?,
    })
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
    frozen: &Frozen,
) -> Result<row::Model> {
    if day::read(&before.until_day)? >= day::today(app) {
        let detail = format!("its last day is {}", before.until_day);
        return Err(refused("statement_period_runs", detail));
    }
    // Two halves do not take the same adjustment.
    let contract = contract::held(tx, before.contract_id).await?;
    let months = months(&**tx, before).await?;
    if let Some(problem) = missing(&months, &frozen.records) {
        return Err(problem);
    }
    let rules = counting::rules(&**tx, &contract, &months).await?;
    let service = organization::service_calendar::load(&**tx).await?;
    let counted = seat_fee::lines(&service.calendar, &rules, &months, &frozen.records);
    let basis = Basis::of(&service.calendar, &months, frozen);
    let lines_fen = seat_fee::total(&counted);
    let stood = budget::of_one(app, &**tx, &contract, None).await?;
    let (kept, from) = (json!(rules), json!(basis));
    let told = ("drawn", None);
    // The machine says whether it may be drawn before anything is written.
    let after = store::act(app, tx, who, before, &Action::Draw, told, |after| {
        after.rules = kept;
        after.basis = Some(from);
        after.checks = None;
        after.lines_fen = lines_fen;
        after.drawn_by = who.user_id;
        after.drawn_at = Some(app.clock.now());
    })
    .await?;
    let lines = write(app, tx, after.id, &counted).await?;
    days::write(app, tx, after.id, &lines, &rules, &frozen.records).await?;
    let settled = adjustment::take(app, tx, &after).await?;
    let adjustment_fen = settled + carry::take(app, tx, &after).await?;
    let total_fen = lines_fen + adjustment_fen;
    let others = budget::of_one(app, &**tx, &contract, Some(after.id)).await?;
    if let Some(problem) = others.exceeded_by(total_fen) {
        return Err(problem);
    }
    let mut drawn = after.clone();
    drawn.adjustment_fen = adjustment_fen;
    drawn.total_fen = total_fen;
    drawn.sha256 = Some(digest(&drawn, &counted, &[]));
    let drawn = kernel::versioned::save(app, &**tx, &after, drawn).await?;
    budget::warn(app, tx, &contract, &stood).await?;
    Ok(drawn)
}

async fn write(app: &App, tx: &Tx, statement: Uuid, counted: &[Line]) -> Result<Vec<line::Model>> {
    days::clear(tx, statement).await?;
    line::Entity::delete_many()
        .filter(line::Column::StatementId.eq(statement))
        .exec(&**tx)
        .await?;
    let mut rows = Vec::with_capacity(counted.len());
    for one in counted {
        rows.push(line::Model {
            id: app.ids.next(),
            statement_id: statement,
            month: one.month.n.into(),
            seat: one.seat,
            amount_fen: one.amount_fen,
            body: serde_json::to_value(one).map_err(internal)?,
            objected: false,
        });
    }
    for some in rows.chunks(AT_ONCE) {
        let some = some.iter().cloned().map(IntoActiveModel::into_active_model);
        line::Entity::insert_many(some)
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(rows)
}

/// Of what both sides speak of: number, days, rules, lines, sums, and the lines that are set aside. The same attendance
/// gives the same digest.
pub(crate) fn digest(statement: &row::Model, counted: &[Line], objected: &[(i64, i64)]) -> String {
    let mut spoken = json!({
        "number": statement.number, "from": statement.from_day, "until": statement.until_day,
        "rules": statement.rules, "lines": counted, "lines_fen": statement.lines_fen,
        "adjustment_fen": statement.adjustment_fen, "total_fen": statement.total_fen,
    });
    if !objected.is_empty() {
        spoken["objected"] = json!(objected);
    }
    sha256(&spoken)
}

fn sha256(value: &serde_json::Value) -> String {
    hex::encode(Sha256::digest(value.to_string()))
}
