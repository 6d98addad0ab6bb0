//! A statement as lists and its page show it; the files of it say the same.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::problem::{Result, internal};
use kernel::{App, day};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::adjustment::{self, AdjustmentView};
use super::carry::{self, CarriedView};
use super::checks::CheckView;
use super::draw::{self, Basis};
use super::file::{self, StatementPaperView};
use super::invoice::{self, InvoiceView};
use super::payment::{self, StatementPaymentView};
use super::store::{self, row};
use crate::capital::capital;
use crate::seat_fee::{ProRata, Rules};
use crate::trail::{self, TrailLine};

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
    /// That day passed without a submission.
    pub late: bool,
    /// `draft`, `internal_checked`, `submitted`, `under_review`, `rejected`, `confirmed`, `invoiced`, `payment_due`,
    /// `paid` or `closed`.
    pub state: String,
    /// Sum of the lines in fen, without those that are set aside.
    pub lines_fen: i64,
    /// Sum of what it settles of earlier statements.
    pub adjustment_fen: i64,
    /// Both together.
    pub total_fen: i64,
    /// What was paid of it.
    pub paid_fen: i64,
    /// Sum of the lines that the confirmation set aside.
    pub objected_fen: i64,
    /// What it hands on to the next, below nothing.
    pub carried_fen: i64,
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
#[derive(Debug, Clone, Serialize, ToSchema)]
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
    /// The pro-rata method; none before it is drawn by one.
    pub method: Option<ProRata>,
    /// Fen for a seat and month at the end of the month.
    pub price_fen: i64,
    /// Half days that count.
    pub halves: i64,
    /// Half days of the whole month.
    pub of_halves: i64,
    /// Days that count: `18.5`.
    pub days_present: String,
    /// Days of the whole month: `21`.
    pub days_due: String,
    /// In fen.
    pub amount_fen: i64,
    /// Set aside by the confirmation: not owed, settled by actual afterwards.
    pub objected: bool,
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
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ObjectionView {
    /// The submission it answers.
    pub round: i64,
    /// The month; none for the whole.
    pub month: Option<i64>,
    /// The seat; none for the whole.
    pub seat: Option<i64>,
    /// What he holds to be right, in fen.
    pub amount_fen: Option<i64>,
    /// What.
    pub said: String,
    /// Who.
    pub said_by: Option<String>,
    /// When.
    pub said_at: DateTime<Utc>,
}

/// A statement as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementDetail {
    /// What lists show.
    #[serde(flatten)]
    pub statement: StatementView,
    /// The total in capital numerals (大写).
    pub capital: String,
    /// What was said with the confirmation.
    pub opinion: Option<String>,
    /// Method, price table and what counts as 到岗, as it was counted; null before.
    pub rules: Value,
    /// What it was counted from.
    pub basis: Option<Basis>,
    /// What was not in order when it was submitted.
    pub checks: Option<Vec<CheckView>>,
    /// By month and seat.
    pub lines: Vec<StatementLineView>,
    /// The first round first.
    pub objections: Vec<ObjectionView>,
    /// What it settles of earlier statements.
    pub settles: Vec<AdjustmentView>,
    /// What was carried into it.
    pub carried_in: Vec<CarriedView>,
    /// What changed since it was confirmed.
    pub adjustments: Vec<AdjustmentView>,
    /// The latest last.
    pub invoices: Vec<InvoiceView>,
    /// The first one first.
    pub payments: Vec<StatementPaymentView>,
    /// The frozen files of it.
    pub papers: Vec<StatementPaperView>,
    /// What happened, the oldest first.
    pub history: Vec<TrailLine>,
}

pub(crate) fn view(row: row::Model) -> Result<StatementView> {
    Ok(StatementView {
        from_day: day::read(&row.from_day)?,
        until_day: day::read(&row.until_day)?,
        due_on: day::read(&row.due_on)?,
        id: row.id,
        number: row.number,
        contract_id: row.contract_id,
        half: row.half,
        late: row.late,
        state: row.state,
        lines_fen: row.lines_fen,
        adjustment_fen: row.adjustment_fen,
        total_fen: row.total_fen,
        paid_fen: row.paid_fen,
        objected_fen: row.objected_fen,
        carried_fen: row.carried_fen,
        sha256: row.sha256,
        round: row.round,
        submitted_at: row.submitted_at,
        confirmed_at: row.confirmed_at,
        due_at: row.due_at,
        overdue: row.overdue,
        version: row.version,
    })
}

/// Half days as days: `18.5`.
pub(crate) fn days(halves: i64) -> String {
    let half = if halves % 2 == 0 { "" } else { ".5" };
    format!("{}{half}", halves / 2)
}

/// What a statement was counted by; none before it is drawn.
pub(crate) fn rules(row: &row::Model) -> Result<Option<Rules>> {
    if row.rules.is_null() {
        return Ok(None);
    }
    serde_json::from_value(row.rules.clone())
        .map(Some)
        .map_err(internal)
}

fn line_view(row: &store::line::Model, rules: Option<&Rules>) -> Result<StatementLineView> {
    let line = row.read()?;
    Ok(StatementLineView {
        id: row.id,
        month: row.month,
        from_day: line.month.from,
        until_day: line.month.until,
        seat: row.seat,
        method: rules.map(|rules| rules.on(line.month.from).0),
        price_fen: line.price_fen,
        days_present: days(line.halves),
        days_due: days(line.of_halves),
        halves: line.halves,
        of_halves: line.of_halves,
        amount_fen: row.amount_fen,
        objected: row.objected,
        rule: line.rule,
        short_days: line.short_days,
        people: line.people,
        evidence: line.evidence,
    })
}

/// The lines of a statement by month and seat.
pub(crate) async fn lines(
    conn: &impl ConnectionTrait,
    statement: &row::Model,
) -> Result<Vec<StatementLineView>> {
    let rules = rules(statement)?;
    let rows = store::lines(conn, statement.id).await?;
    rows.iter()
        .map(|row| line_view(row, rules.as_ref()))
        .collect()
}

async fn objections(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<ObjectionView>> {
    let rows = store::objections(conn, id).await?;
    let people = rows.iter().filter_map(|row| row.said_by);
    let people = organization::colleagues(conn, people).await?;
    let views = rows.into_iter().map(|row| ObjectionView {
        round: row.round,
        month: row.month,
        seat: row.seat,
        amount_fen: row.amount_fen,
        said: row.said,
        said_by: row
            .said_by
            .and_then(|id| people.get(&id))
            .map(|person| person.name.clone()),
        said_at: row.said_at,
    });
    Ok(views.collect())
}

/// A statement as its page shows it.
pub(crate) async fn detail(app: &App, id: Uuid) -> Result<StatementDetail> {
    let conn = app.db.read();
    let row = store::get(conn, id).await?;
    let checks = row.checks.clone().map(serde_json::from_value);
    Ok(StatementDetail {
        lines: lines(conn, &row).await?,
        objections: objections(conn, id).await?,
        settles: adjustment::within(conn, id).await?,
        carried_in: carry::within(conn, id).await?,
        adjustments: adjustment::of(conn, id).await?,
        invoices: invoice::views(conn, id).await?,
        payments: payment::views(conn, id).await?,
        papers: file::papers(conn, id).await?,
        history: trail::lines(conn, id).await?,
        capital: capital(row.total_fen),
        opinion: row.opinion.clone(),
        rules: row.rules.clone(),
        basis: draw::basis(&row)?,
        checks: checks.transpose().map_err(internal)?,
        statement: view(row)?,
    })
}
