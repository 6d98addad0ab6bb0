//! What waits for somebody's decision about money: the purchaser's reviews, signatures, answers and payments, and the
//! supplier's statements, checks and invoices.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use kernel::waiting::{MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result, day};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::attendance::{AttendanceSheetState, sheet};
use crate::contract::price::{PriceProposalState, proposal};
use crate::contract::{ServiceContractState, row as contract, terms};
use crate::question;
use crate::rights::{
    AnswerQuestions, CheckStatements, DecideAdjustments, PayStatements, PrepareStatements,
    ReviewStatements, SignAttendance, SignContract,
};
use crate::statement::StatementState as S;
use crate::statement::adjustment::{AdjustmentState, SettlementSide, row as adjustment};
use crate::statement::store::{late_at, row as statement};

const CONTRACT: &str = "service_contract";
const PRICE: &str = "price_proposal";
const SHEET: &str = "attendance_sheet";
const QUESTION: &str = "open_question";
const ADJUSTMENT: &str = "adjustment";
const REVIEW: &str = "statement_review";
const PAYMENT: &str = "statement_payment";
const DUE: &str = "statement_due";
const CHECK: &str = "statement_check";
const INVOICE: &str = "statement_invoice";

/// A kind whose teller is a function of the services and the person.
macro_rules! kind {
    ($app:ident, $code:ident, $tell:ident) => {{
        let app = $app.clone();
        WaitingKind::new($code, move |person: Principal| {
            let app = app.clone();
            async move { $tell(&app, &person).await }
        })
    }};
}

/// The kinds of decisions about money.
pub(crate) fn kinds(app: &App) -> Vec<WaitingKind> {
    vec![
        kind!(app, CONTRACT, contracts),
        kind!(app, PRICE, prices),
        kind!(app, SHEET, sheets),
        kind!(app, QUESTION, questions),
        kind!(app, ADJUSTMENT, adjustments),
        kind!(app, REVIEW, reviews),
        kind!(app, PAYMENT, payments),
        kind!(app, DUE, due),
        kind!(app, CHECK, checks),
        kind!(app, INVOICE, invoices),
    ]
}

/// Something that waits, with its page.
fn waits(
    kind: &'static str,
    (id, number, title): (Uuid, Option<String>, String),
    since: DateTime<Utc>,
    due_at: Option<DateTime<Utc>>,
    page: String,
) -> Waiting {
    Waiting {
        kind,
        id,
        number,
        title,
        section: None,
        since,
        due_at,
        page,
        consent: None,
    }
}

async fn contracts(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<SignContract>() {
        return Ok(Vec::new());
    }
    let rows = contract::Entity::find()
        .filter(contract::Column::State.eq(ServiceContractState::Draft.as_str()))
        .order_by_asc(contract::Column::CreatedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| {
        let page = format!("/service-contracts/{}", row.id);
        let named = (row.id, Some(row.number), row.title);
        waits(CONTRACT, named, row.created_at, None, page)
    });
    Ok(waiting.collect())
}

async fn prices(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<SignContract>() {
        return Ok(Vec::new());
    }
    let rows = proposal::Entity::find()
        .filter(proposal::Column::State.eq(PriceProposalState::Proposed.as_str()))
        .order_by_asc(proposal::Column::ProposedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| {
        let page = format!("/service-contracts/{}", row.contract_id);
        let named = (row.id, None, row.source);
        waits(PRICE, named, row.proposed_at, None, page)
    });
    Ok(waiting.collect())
}

async fn sheets(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<SignAttendance>() {
        return Ok(Vec::new());
    }
    let rows = sheet::Entity::find()
        .filter(sheet::Column::State.eq(AttendanceSheetState::Submitted.as_str()))
        .order_by_asc(sheet::Column::SubmittedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| {
        let title = format!("{}–{}", row.from_day, row.until_day);
        let page = format!("/attendance-sheets/{}", row.id);
        waits(SHEET, (row.id, None, title), row.submitted_at, None, page)
    });
    Ok(waiting.collect())
}

/// The questions nobody answered, as one thing to do.
async fn questions(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<AnswerQuestions>() {
        return Ok(Vec::new());
    }
    let open = question::unanswered(app.db.read(), app.clock.now()).await?;
    let Some(since) = open.iter().map(|one| one.since).min() else {
        return Ok(Vec::new());
    };
    let clauses: BTreeSet<&str> = open.iter().map(|one| one.clause).collect();
    let clauses: Vec<&str> = clauses.into_iter().collect();
    let named = (Uuid::nil(), None, clauses.join(" "));
    let page = "/open-questions".to_owned();
    Ok(vec![waits(QUESTION, named, since, None, page)])
}

async fn adjustments(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<DecideAdjustments>() {
        return Ok(Vec::new());
    }
    let rows = adjustment::Entity::find()
        .filter(adjustment::Column::State.eq(AdjustmentState::Proposed.as_str()))
        .filter(adjustment::Column::ProposedSide.ne(SettlementSide::of(person).as_str()))
        .order_by_asc(adjustment::Column::ProposedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| {
        let page = format!("/statements/{}", row.statement_id);
        waits(
            ADJUSTMENT,
            (row.id, None, row.reason),
            row.proposed_at,
            None,
            page,
        )
    });
    Ok(waiting.collect())
}

async fn statements(
    app: &App,
    kind: &'static str,
    which: Condition,
    due: impl Fn(&statement::Model) -> Result<Option<DateTime<Utc>>>,
) -> Result<Vec<Waiting>> {
    let rows = statement::Entity::find()
        .filter(which)
        .order_by_asc(statement::Column::DueOn)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| {
        let due_at = due(&row)?;
        let title = format!("{}–{}", row.from_day, row.until_day);
        let page = format!("/statements/{}", row.id);
        let named = (row.id, Some(row.number), title);
        Ok(waits(kind, named, row.updated_at, due_at, page))
    });
    waiting.collect()
}

fn in_states(states: &[S]) -> Condition {
    let codes = states.iter().map(|state| state.as_str());
    Condition::all().add(statement::Column::State.is_in(codes))
}

/// Statements by the clock that runs for them.
async fn on_clock(app: &App, kind: &'static str, which: Condition) -> Result<Vec<Waiting>> {
    statements(app, kind, which, |row| Ok(row.due_at)).await
}

async fn reviews(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<ReviewStatements>() {
        return Ok(Vec::new());
    }
    let which = in_states(&[S::Submitted, S::UnderReview]);
    on_clock(app, REVIEW, which).await
}

/// An invoice that is to be received, or a statement that is to be paid.
async fn payments(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<PayStatements>() {
        return Ok(Vec::new());
    }
    let which = in_states(&[S::Invoiced, S::PaymentDue]);
    on_clock(app, PAYMENT, which).await
}

/// Statements whose half year is over, or whose agreed day is near; rejected ones at once.
async fn due(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<PrepareStatements>() {
        return Ok(Vec::new());
    }
    let conn = app.db.read();
    let terms = terms::in_force(conn, app.clock.now()).await?;
    let near = day::today(app) + chrono::Days::new(terms.statement_lead_days);
    let ahead = Condition::any()
        .add(statement::Column::UntilDay.lt(day::text(day::today(app))))
        .add(statement::Column::DueOn.lte(day::text(near)));
    let which = in_states(&[S::Draft, S::InternalChecked, S::Rejected]).add(ahead);
    let service = organization::service_calendar::load(conn).await?;
    let late = |row: &statement::Model| late_at(&service, &terms, row).map(Some);
    statements(app, DUE, which, late).await
}

/// Drawn statements, for who checks and did not draw them.
async fn checks(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<CheckStatements>() {
        return Ok(Vec::new());
    }
    let which = in_states(&[S::Draft])
        .add(statement::Column::DrawnAt.is_not_null())
        .add(statement::Column::DrawnBy.ne(person.user_id));
    on_clock(app, CHECK, which).await
}

/// Confirmed statements that are to be invoiced, or closed where there is nothing to be paid; issued invoices that are
/// to be handed in.
async fn invoices(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<PrepareStatements>() {
        return Ok(Vec::new());
    }
    let which = in_states(&[S::Confirmed, S::Invoiced]);
    on_clock(app, INVOICE, which).await
}
