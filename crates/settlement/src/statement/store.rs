//! The rows of statements, and who is told of each step.

use calendar::DeadlineRule;
use kernel::audit::Who;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Tx, day, numbers};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::{Action, Case, Moment, StatementState, Terms};
use crate::contract::{self, HALF};
use crate::seat_fee::Line;
use crate::term;
use crate::trail::{self, BOTH, PURCHASER, SUPPLIER, Scribe};

kernel::table! {
    /// One statement. What the rules see of it is a [`Case`].
    pub mod row = "statements" (id: Uuid) {
        contract_id: Uuid,
        number: String,
        half: i64,
        from_month: i64,
        until_month: i64,
        from_day: String,
        until_day: String,
        due_on: String,
        state: String,
        open: bool,
        rules: Json,
        lines_fen: i64,
        adjustment_fen: i64,
        total_fen: i64,
        paid_fen: i64,
        sha256: Option<String>,
        round: i64,
        drawn_by: Option<Uuid>,
        drawn_at: Option<DateTimeUtc>,
        submitted_at: Option<DateTimeUtc>,
        confirmed_by: Option<Uuid>,
        confirmed_at: Option<DateTimeUtc>,
        opinion: Option<String>,
        due_at: Option<DateTimeUtc>,
        overdue: bool,
        next_alarm_at: Option<DateTimeUtc>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |statement| format!("statement `{}`", statement.number));

kernel::table! {
    /// One line: a [`Line`] with its place.
    pub mod line = "statement_lines" (id: Uuid) {
        statement_id: Uuid,
        month: i64,
        seat: i64,
        amount_fen: i64,
        body: Json,
    }
}

kernel::table! {
    /// What the purchaser objects to.
    pub mod objection = "statement_objections" (id: Uuid) {
        statement_id: Uuid,
        round: i64,
        month: Option<i64>,
        seat: Option<i64>,
        said: String,
        said_by: Option<Uuid>,
        said_at: DateTimeUtc,
    }
}

/// Lines of a statement: 6 months of 6 seats.
pub(crate) const LINES: u64 = 500;

impl row::Model {
    /// The statement as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = StatementState::parse(&self.state)
            .ok_or_else(|| internal(format!("statement {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            drawn: self.drawn_at.is_some(),
            due_at: self.due_at,
            overdue: self.overdue,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.state != StatementState::Closed;
        if !case.drawn {
            self.drawn_at = None;
        }
        self.due_at = case.due_at;
        self.overdue = case.overdue;
        self.next_alarm_at = case.due_at.filter(|_| !case.overdue);
        self
    }
}

impl line::Model {
    /// What was counted.
    pub fn read(&self) -> Result<Line> {
        serde_json::from_value(self.body.clone()).map_err(internal)
    }
}

/// Plans the statements of a signed contract: one for each half, due on its agreed day.
pub(crate) async fn plan(app: &App, tx: &Tx, contract: &contract::row::Model) -> Result<()> {
    let start = day::read(&contract.begins_on)?;
    let days: Vec<chrono::NaiveDate> =
        serde_json::from_value(contract.statement_days.clone()).map_err(internal)?;
    let service = organization::service_calendar::load(&**tx).await?;
    for (half, due_on) in (1..).zip(days) {
        let (from_month, until_month) = ((half - 1) * HALF + 1, half * HALF);
        let of = |n| term::month(start, n).ok_or_else(|| internal("no such month"));
        let now = app.clock.now();
        let reminder = due_on - chrono::Days::new(7);
        let row = row::Model {
            id: app.ids.next(),
            contract_id: contract.id,
            number: numbers::next_of_day(&**tx, "JS-", now).await?,
            half: half.into(),
            from_month: from_month.into(),
            until_month: until_month.into(),
            from_day: day::text(of(from_month)?.from),
            until_day: day::text(of(until_month)?.until),
            due_on: day::text(due_on),
            state: StatementState::Draft.as_str().to_owned(),
            open: true,
            rules: json!(null),
            lines_fen: 0,
            adjustment_fen: 0,
            total_fen: 0,
            paid_fen: 0,
            sha256: None,
            round: 0,
            drawn_by: None,
            drawn_at: None,
            submitted_at: None,
            confirmed_by: None,
            confirmed_at: None,
            opinion: None,
            due_at: None,
            overdue: false,
            next_alarm_at: Some(service.hours.closing_on(reminder)).filter(|at| *at > now),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        versioned::insert(&**tx, &row).await?;
        let who = Who::system("settlement");
        tell(app, tx, &who, &row, ("planned", None)).await?;
    }
    Ok(())
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("statement"))
}

/// The statements of a contract, the first half first.
pub(crate) async fn of_contract(
    conn: &impl ConnectionTrait,
    contract: Uuid,
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::ContractId.eq(contract))
        .order_by_asc(row::Column::Half)
        .limit(LINES)
        .all(conn)
        .await?)
}

/// What was settled by refund or supplement, outside of a statement, in fen.
pub(crate) async fn settled_apart(conn: &impl ConnectionTrait, contract: Uuid) -> Result<i64> {
    let of: Vec<Uuid> = of_contract(conn, contract)
        .await?
        .into_iter()
        .map(|row| row.id)
        .collect();
    super::adjustment::apart(conn, of).await
}

/// The lines, by month and seat.
pub(crate) async fn lines(
    conn: &impl ConnectionTrait,
    statement: Uuid,
) -> Result<Vec<line::Model>> {
    Ok(line::Entity::find()
        .filter(line::Column::StatementId.eq(statement))
        .order_by_asc(line::Column::Month)
        .order_by_asc(line::Column::Seat)
        .limit(LINES)
        .all(conn)
        .await?)
}

/// The objections, the first round first.
pub(crate) async fn objections(
    conn: &impl ConnectionTrait,
    statement: Uuid,
) -> Result<Vec<objection::Model>> {
    Ok(objection::Entity::find()
        .filter(objection::Column::StatementId.eq(statement))
        .order_by_asc(objection::Column::Round)
        .order_by_asc(objection::Column::Id)
        .limit(LINES)
        .all(conn)
        .await?)
}

async fn terms(tx: &Tx, contract: Uuid) -> Result<Terms> {
    let contract = contract::get(&**tx, contract).await?;
    let days = |days: i64| u16::try_from(days).map_err(internal);
    // Both run from a day, whatever its hour.
    let from_day = |clause, days| DeadlineRule {
        late_receipt_is_next_day: false,
        ..DeadlineRule::working_days(clause, days)
    };
    Ok(Terms {
        review: from_day("contract:A-66", days(contract.review_days)?),
        payment: from_day("contract:A-67", days(contract.payment_days)?),
    })
}

/// Does `action` to a statement as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    told: (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(tx, before.contract_id).await?;
    let moment: Moment<'_> = Moment {
        now: app.clock.now(),
        service: &service,
        rules: &rules,
    };
    let case = before.case()?.next(action, &moment);
    let case = case.map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(&case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, told).await?;
    Ok(after)
}

/// Writes a step down and tells whom it concerns.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    statement: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let told = match what {
        "submitted" | "invoiced" | "recounted" => trail::holders(&**tx, PURCHASER).await?,
        "rejected" | "confirmed" | "invoice_returned" | "invoice_received" | "paid" | "due" => {
            trail::holders(&**tx, SUPPLIER).await?
        }
        "overdue" => trail::holders(&**tx, BOTH).await?,
        _ => Vec::new(),
    };
    let facts = json!({
        "number": statement.number, "state": statement.state, "version": statement.version,
        "due_at": statement.due_at, "sha256": statement.sha256, "total_fen": statement.total_fen,
        "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "statement",
        id: statement.id,
    };
    scribe.tell(what, note, facts).await
}

/// The statements, as the timer sees them: a reminder before the agreed day, a sign when review or payment is overdue.
pub(crate) struct Statements;

impl Alarmed for Statements {
    type Entity = row::Entity;
    const HANDLER: &'static str = "settlement.wake_statements";
    const KINDS: &'static [&'static str] = &[
        "statement.planned",
        "statement.submitted",
        "statement.invoice_received",
    ];
    const ID: row::Column = row::Column::Id;
    const AT: row::Column = row::Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("settlement");
        for statement in due {
            if statement.due_at.is_some() {
                let told = ("overdue", None);
                act(&app, &tx, &who, &statement, &Action::Lapse, told, |_| {}).await?;
            } else {
                let mut after = statement.clone();
                after.next_alarm_at = None;
                let after = versioned::save(&app, &*tx, &statement, after).await?;
                tell(&app, &tx, &who, &after, ("due", None)).await?;
            }
        }
        Ok(())
    }
}
