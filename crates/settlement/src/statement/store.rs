//! The rows of statements, and who is told of each step.

use calendar::{DeadlineRule, ServiceClock};
use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Tx, day, numbers};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::{Action, Case, Moment, StatementState, Terms};
use crate::contract::{self, HALF, terms};
use crate::seat_fee::Line;
use crate::term;
use crate::trail::{self, BOTH, CHECKERS, PURCHASER, SUPPLIER, Scribe};

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
        basis: Option<Json>,
        checks: Option<Json>,
        lines_fen: i64,
        adjustment_fen: i64,
        total_fen: i64,
        paid_fen: i64,
        /// Of lines that were set aside by the confirmation.
        objected_fen: i64,
        /// What a closed one hands on, below nothing.
        carried_fen: i64,
        carried_into: Option<Uuid>,
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
        /// The agreed day passed without a submission.
        late: bool,
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
        /// Set aside by the confirmation: not owed, settled by actual afterwards.
        objected: bool,
    }
}

kernel::table! {
    /// What the purchaser objects to.
    pub mod objection = "statement_objections" (id: Uuid) {
        statement_id: Uuid,
        round: i64,
        month: Option<i64>,
        seat: Option<i64>,
        amount_fen: Option<i64>,
        said: String,
        said_by: Option<Uuid>,
        said_at: DateTimeUtc,
    }
}

/// Lines of a statement at most: 6 months of 200 seats.
pub(crate) const LINES: u64 = 1_200;
/// Statements read for a page of contracts: 36 months of 200 contracts.
const MOST_READ: u64 = 1_200;

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
    let terms = terms::in_force(&**tx, app.clock.now()).await?;
    for (half, due_on) in (1..).zip(days) {
        let (from_month, until_month) = ((half - 1) * HALF + 1, half * HALF);
        let of = |n| term::month(start, n).ok_or_else(|| internal("no such month"));
        let now = app.clock.now();
        let reminder = due_on - chrono::Days::new(terms.statement_lead_days);
        let mut row = row::Model {
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
            basis: None,
            checks: None,
            lines_fen: 0,
            adjustment_fen: 0,
            total_fen: 0,
            paid_fen: 0,
            objected_fen: 0,
            carried_fen: 0,
            carried_into: None,
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
            late: false,
            next_alarm_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let signs = [service.hours.closing_on(reminder), late_at(&service, &terms, &row)?];
        row.next_alarm_at = signs.into_iter().find(|at| *at > now);
        versioned::insert(&**tx, &row).await?;
        let who = Who::system("settlement");
        tell(app, tx, &who, &row, ("planned", None)).await?;
    }
    Ok(())
}

/// When a statement that is not submitted is late: the end of its agreed day, but never before the working days
/// are over in which it can be drawn after its half year, or after the contract was signed.
pub(crate) fn late_at(
    service: &ServiceClock,
    terms: &terms::ContractTerms,
    statement: &row::Model,
) -> Result<DateTime<Utc>> {
    let rule = from_day("contract:A-65", terms.statement_grace_days);
    let after = |at| service.deadline(&rule, at).business_due_at;
    let closing = |text: &str| Ok::<_, Problem>(service.hours.closing_on(day::read(text)?));
    let drawable = after(closing(&statement.until_day)?);
    let agreed = closing(&statement.due_on)?;
    Ok(agreed.max(drawable).max(after(statement.created_at)))
}

/// So many working days from a day on, whatever its hour.
fn from_day(clause: &str, days: u16) -> DeadlineRule {
    DeadlineRule {
        late_receipt_is_next_day: false,
        ..DeadlineRule::working_days(clause, days)
    }
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

/// The statements of these contracts.
pub(crate) async fn of_contracts(
    conn: &impl ConnectionTrait,
    contracts: &[Uuid],
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::ContractId.is_in(contracts.iter().copied()))
        .order_by_asc(row::Column::FromDay)
        .limit(MOST_READ)
        .all(conn)
        .await?)
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

async fn agreed(tx: &Tx, contract: Uuid) -> Result<Terms> {
    let contract = contract::get(&**tx, contract).await?;
    let days = |days: i64| u16::try_from(days).map_err(internal);
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
    let rules = agreed(tx, before.contract_id).await?;
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
    after.next_alarm_at = next_alarm(app, tx, before, &case).await?;
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, told).await?;
    Ok(after)
}

/// When the next sign of a statement is: before its submission the agreed day, after it a reminder and then the end of
/// review or payment.
async fn next_alarm(
    app: &App,
    tx: &Tx,
    before: &row::Model,
    case: &Case,
) -> Result<Option<DateTime<Utc>>> {
    use StatementState as S;
    match case.due_at {
        _ if case.overdue => Ok(None),
        Some(due) if before.due_at != Some(due) => {
            let now = app.clock.now();
            let soon = terms::in_force(&**tx, now).await?.soon_days;
            let reminder = due - chrono::Days::new(soon);
            Ok(Some(if reminder > now { reminder } else { due }))
        }
        None if !matches!(case.state, S::Draft | S::InternalChecked) => Ok(None),
        _ => Ok(before.next_alarm_at),
    }
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
        "submitted" | "invoiced" | "handed_in" | "review_due_soon" | "payment_due_soon" => {
            trail::holders(&**tx, PURCHASER).await?
        }
        "drawn" => trail::holders(&**tx, CHECKERS).await?,
        "rejected" | "confirmed" | "invoice_returned" | "invoice_received" | "paid"
        | "paid_in_part" | "due" | "sent_back" => trail::holders(&**tx, SUPPLIER).await?,
        "overdue" | "late" => trail::holders(&**tx, BOTH).await?,
        _ => Vec::new(),
    };
    tell_to(app, tx, who, statement, (what, note), told).await
}

/// Writes a step down and tells these people.
pub(crate) async fn tell_to(
    app: &App,
    tx: &Tx,
    who: &Who,
    statement: &row::Model,
    (what, note): (&str, Option<&str>),
    told: Vec<Uuid>,
) -> Result<()> {
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

/// The statements, as the timer sees them: reminders before the agreed day and before the end of review and payment, a
/// sign when they passed.
pub(crate) struct Statements;

impl Alarmed for Statements {
    type Entity = row::Entity;
    const HANDLER: &'static str = "settlement.wake_statements";
    const KINDS: &'static [&'static str] = &[
        "statement.planned",
        "statement.submitted",
        "statement.handed_in",
        "statement.invoice_received",
    ];
    const ID: row::Column = row::Column::Id;
    const AT: row::Column = row::Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("settlement");
        let service = organization::service_calendar::load(&*tx).await?;
        let now = app.clock.now();
        let terms = terms::in_force(&*tx, now).await?;
        for statement in due {
            let mut after = statement.clone();
            let ends = match statement.due_at {
                Some(ends) => ends,
                None => late_at(&service, &terms, &statement)?,
            };
            let what = match (statement.due_at.is_some(), ends <= now) {
                (true, true) => {
                    let told = ("overdue", None);
                    act(&app, &tx, &who, &statement, &Action::Lapse, told, |_| {}).await?;
                    continue;
                }
                (true, false) if statement.case()?.is_confirmed() => "payment_due_soon",
                (true, false) => "review_due_soon",
                (false, true) => "late",
                (false, false) => "due",
            };
            after.late |= what == "late";
            after.next_alarm_at = Some(ends).filter(|ends| *ends > now);
            let after = versioned::save(&app, &*tx, &statement, after).await?;
            tell(&app, &tx, &who, &after, (what, None)).await?;
        }
        Ok(())
    }
}
