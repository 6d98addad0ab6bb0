//! A month of wages over HTTP: how it stands person by person, handing it in, the purchaser's check, and what a period
//! lacks before it may be settled.

use axum::extract::State;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::{checked, needed};
use kernel::{Actor, App, Principal, Role, Side, Tx, versioned};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::entry::{PersonLack, hidden, sees_pay};
use super::facts::{self, MonthFacts, PersonMonth, WageFileKind, WageReadiness};
use super::law::{CONTRACT_HOLIDAYS, Laws};
use super::rows::{self, month_row};
use super::sums::{PayFinding, PremiumFault};
use super::{Action, Case, InsuranceItem, MOST_MONTHS, Month, WageMonthState};
use crate::rights::{CheckWages, ManageWages, ViewWageMonths};
use crate::trail::{self, SUPPLIER, Scribe, TrailLine};
use kernel::day;

/// Who of the purchaser checks.
pub(crate) const CHECKERS: &[Role] = &[Role::PurchaserAdmin, Role::PurchaserReviewer];
/// Whoever answers for wages on both sides.
pub(crate) const BOTH: &[Role] = &[
    Role::OpsManager,
    Role::HrCompliance,
    Role::PurchaserAdmin,
    Role::PurchaserReviewer,
];
/// Months that are shown unless others are asked for.
const SHOWN: u32 = 6;

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(submit))
        .routes(routes!(decide))
        .routes(routes!(readiness))
        .with_state(app.clone())
}

/// Writes down what happened to a month and tells it.
pub(crate) async fn told(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &month_row::Model,
    (action, note): (&str, Option<&str>),
    to: &[Role],
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "wage_month",
        id: row.id,
    };
    let people = trail::holders(&**tx, to).await?;
    let facts = json!({
        "number": row.month, "state": row.state, "version": row.version, "recipients": people,
    });
    scribe.tell(action, note, facts).await
}

/// One insurance of one person, as the matrix shows it.
#[derive(Debug, Serialize, ToSchema)]
struct InsuranceCell {
    /// Which.
    item: InsuranceItem,
    /// It was written.
    recorded: bool,
    /// A file proves it.
    proven: bool,
    /// It is paid with the medical insurance.
    merged: bool,
    /// What is wrong with it.
    faults: Vec<PremiumFault>,
}

/// One person in the matrix of a month.
#[derive(Debug, Serialize, ToSchema)]
struct WageRow {
    /// His staff file.
    staff_id: Uuid,
    /// His name.
    name: String,
    /// His account with his staff number.
    user: Option<Colleague>,
    /// `agent`, `manager`, `substitute` or `support`.
    duty: String,
    /// The five insurances.
    insurances: Vec<InsuranceCell>,
    /// There is a payslip.
    payslip: bool,
    /// A receipt of the bank proves it.
    receipt: bool,
    /// What is wrong with pay; figures only before who pays.
    findings: Vec<PayFinding>,
    /// What is missing.
    lacks: Vec<PersonLack>,
}

/// The statutory holidays of a year: what the contract's text says, and what the law does.
#[derive(Debug, Serialize, ToSchema)]
struct HolidayDifference {
    /// The year.
    year: i32,
    /// 合同文本
    contract_days: i64,
    /// 现行法定, counted from the calendar.
    law_days: i64,
    /// The two differ.
    differs: bool,
    /// The year's calendar is published; else the count may change.
    published: bool,
    /// The days that the law names.
    days: Vec<NaiveDate>,
}

/// A month as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
struct WageMonthView {
    /// What lists show.
    #[serde(flatten)]
    summary: WageMonthSummary,
    /// Everybody who was on the project.
    people: Vec<WageRow>,
    /// The statutory holidays of its year.
    holidays: HolidayDifference,
    /// `submit`, `confirm`, `return` by who looks.
    actions: Vec<&'static str>,
    /// What was said when it was checked.
    note: Option<String>,
    /// Who checked it.
    decided_by: Option<Colleague>,
    /// The time line, the oldest line first.
    lines: Vec<TrailLine>,
}

/// A month as lists show it.
#[derive(Debug, Serialize, ToSchema)]
struct WageMonthSummary {
    /// `2026-10`
    month: String,
    /// `open`, `submitted` or `confirmed`.
    state: String,
    /// People on the project.
    people_count: usize,
    /// Insurances that are proven, of five for each person.
    insurances_proven: usize,
    /// People whose pay is written and proven.
    paid: usize,
    /// What is missing or wrong.
    missing: usize,
    /// When it was handed in.
    submitted_at: Option<DateTime<Utc>>,
    /// When it was checked.
    decided_at: Option<DateTime<Utc>>,
    /// The version; 0 while nobody wrote anything.
    version: i64,
}

fn summary(facts: &MonthFacts) -> WageMonthSummary {
    let row = facts.row.as_ref();
    let people = &facts.people;
    let proven = |person: &&PersonMonth| person.proven(WageFileKind::Insurance);
    let paid = people
        .iter()
        .filter(|person| person.payslip.is_some() && person.proven(WageFileKind::Receipt));
    WageMonthSummary {
        month: facts.month.to_string(),
        state: row.map_or_else(
            || WageMonthState::Open.as_str().to_owned(),
            |row| row.state.clone(),
        ),
        people_count: people.len(),
        insurances_proven: people
            .iter()
            .filter(proven)
            .map(|person| person.insured.len())
            .sum(),
        paid: paid.count(),
        missing: facts.missing(),
        submitted_at: row.and_then(|row| row.submitted_at),
        decided_at: row.and_then(|row| row.decided_at),
        version: row.map_or(0, |row| row.version),
    }
}

/// The statutory holidays of a year, by the contract and by the calendar.
async fn holidays(conn: &impl ConnectionTrait, month: Month) -> Result<HolidayDifference> {
    let (contract_days, days, published) = holiday_days(conn, month.first()).await?;
    let law_days = days.len() as i64;
    Ok(HolidayDifference {
        year: month.first().year(),
        contract_days,
        law_days,
        differs: law_days != contract_days,
        published,
        days,
    })
}

/// What the contract says, the days of the law, and whether the year is published.
pub(crate) async fn holiday_days(
    conn: &impl ConnectionTrait,
    day: NaiveDate,
) -> Result<(i64, Vec<NaiveDate>, bool)> {
    let calendar = organization::service_calendar::load(conn).await?.calendar;
    let contract = Laws::load(conn).await?.value(CONTRACT_HOLIDAYS, day)?;
    let statutory = |day: &NaiveDate| calendar.kind(*day) == calendar::DayKind::Statutory;
    let days = calendar::YearCalendar::dates(day.year()).filter(statutory);
    Ok((
        contract.value,
        days.collect(),
        calendar.is_published(day.year()),
    ))
}

fn offered(principal: &Principal, facts: &MonthFacts, today: NaiveDate) -> Vec<&'static str> {
    let state = facts.row.as_ref().and_then(|row| row.case().ok());
    let case = state.unwrap_or_else(Case::open);
    let may = |right: bool, action: Action| right && case.next(&action).is_ok();
    let by = Side::Purchaser;
    let mut offered = Vec::new();
    // What is missing is told when it is tried.
    let submit = Action::Submit {
        by: Side::Supplier,
        over: facts.month.last() < today,
        missing: 0,
    };
    if may(principal.may::<ManageWages>(), submit) {
        offered.push("submit");
    }
    if may(principal.may::<CheckWages>(), Action::Confirm { by }) {
        offered.extend(["confirm", "return"]);
    }
    offered
}

async fn detail(app: &App, principal: &Principal, month: Month) -> Result<Json<WageMonthView>> {
    let conn = app.db.read();
    let found = facts::of(conn, &[month], None).await?.pop();
    let facts = found.unwrap_or(MonthFacts {
        month,
        row: None,
        people: Vec::new(),
    });
    let users = facts
        .people
        .iter()
        .filter_map(|person| person.staff.user_id);
    let decided_by = facts.row.as_ref().and_then(|row| row.decided_by);
    let names = organization::colleagues(conn, users.chain(decided_by)).await?;
    let clear = sees_pay(principal);
    let people = facts.people.iter().map(|person| {
        let proven = person.proven(WageFileKind::Insurance);
        let cells = InsuranceItem::ALL.iter().map(|item| {
            let found = person.insured.get(item);
            InsuranceCell {
                item: *item,
                recorded: found.is_some(),
                proven: found.is_some() && proven,
                merged: found.is_some_and(|(row, _)| row.merged),
                faults: found.map(|(_, faults)| faults.clone()).unwrap_or_default(),
            }
        });
        let findings = person.judged.iter().flat_map(|judged| &judged.findings);
        let lacks = person.lacks.iter().map(|(lack, item)| PersonLack {
            lack: *lack,
            item: *item,
        });
        WageRow {
            staff_id: person.staff.id,
            name: person.staff.name.clone(),
            user: person.staff.user_id.and_then(|id| names.get(&id).cloned()),
            duty: person.duty.as_str().to_owned(),
            insurances: cells.collect(),
            payslip: person.payslip.is_some(),
            receipt: person.proven(WageFileKind::Receipt),
            findings: if clear {
                findings.copied().collect()
            } else {
                findings.map(hidden).collect()
            },
            lacks: lacks.collect(),
        }
    });
    let lines = match &facts.row {
        Some(row) => trail::lines(conn, row.id).await?,
        None => Vec::new(),
    };
    Ok(Json(WageMonthView {
        people: people.collect(),
        holidays: holidays(conn, month).await?,
        actions: offered(principal, &facts, day::today(app)),
        note: facts.row.as_ref().and_then(|row| row.note.clone()),
        decided_by: decided_by.and_then(|id| names.get(&id).cloned()),
        lines,
        summary: summary(&facts),
    }))
}

/// Which months.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MonthsAsked {
    /// The first month: `2026-07`; five before the last when left out.
    from: Option<String>,
    /// The last month; the present one when left out.
    to: Option<String>,
}

impl MonthsAsked {
    fn read(&self, app: &App) -> Result<(Month, Month)> {
        let to = match &self.to {
            Some(to) => Month::read("to", to)?,
            None => Month::of(day::today(app)),
        };
        let from = match &self.from {
            Some(from) => Month::read("from", from)?,
            None => Month::of(to.first() - chrono::Months::new(SHOWN - 1)),
        };
        let fits = from <= to && from.until(to).last() == Some(&to);
        if !fits {
            let detail = format!("1 to {MOST_MONTHS} months");
            return Err(invalid("from", "months_out_of_range", detail));
        }
        Ok((from, to))
    }
}

/// Several months.
#[derive(Debug, Serialize, ToSchema)]
struct WageMonths {
    /// The first month first.
    items: Vec<WageMonthSummary>,
}

/// How complete months of wages are, the first month first.
#[utoipa::path(
    get, path = "/api/v1/wage-months", tag = "wages", operation_id = "list_wage_months", params(MonthsAsked),
    responses((status = 200, body = WageMonths), (status = 422, body = Problem)),
)]
async fn list(
    _actor: Actor<ViewWageMonths>,
    State(app): State<App>,
    Query(asked): Query<MonthsAsked>,
) -> Result<Json<WageMonths>> {
    let (from, to) = asked.read(&app)?;
    let found = facts::of(app.db.read(), &from.until(to), None).await?;
    Ok(Json(WageMonths {
        items: found.iter().map(summary).collect(),
    }))
}

/// One month: each person with his insurances, pay, proofs and what is missing.
#[utoipa::path(
    get, path = "/api/v1/wage-months/{month}", tag = "wages", operation_id = "get_wage_month",
    params(("month" = String, Path)), responses((status = 200, body = WageMonthView), (status = 422, body = Problem)),
)]
async fn show(
    actor: Actor<ViewWageMonths>,
    State(app): State<App>,
    Path(month): Path<String>,
) -> Result<Json<WageMonthView>> {
    let month = Month::read("month", &month)?;
    detail(&app, actor.principal(), month).await
}

/// Handing a month in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SubmitMonth {
    /// The version that was read; 0 while nobody wrote anything.
    version: i64,
}

/// Hands a month in (报送): refused while anything is missing, with what.
#[utoipa::path(
    post, path = "/api/v1/wage-months/{month}/submit", tag = "wages", operation_id = "submit_wage_month",
    params(("month" = String, Path)), request_body = SubmitMonth,
    responses((status = 200, body = WageMonthView), (status = 409, body = Problem, description = "`wage_month_incomplete` with `missing`")),
)]
async fn submit(
    actor: Actor<ManageWages>,
    State(app): State<App>,
    Path(month): Path<String>,
    Json(request): Json<SubmitMonth>,
) -> Result<Json<WageMonthView>> {
    let month = Month::read("month", &month)?;
    let (db, writer, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let app = &writer;
        let before = rows::held(app, &tx, month).await?;
        if request.version > 0 {
            versioned::as_read(before.clone(), request.version)?;
        }
        let found = facts::of(&*tx, &[month], None).await?;
        let lacks: Vec<_> = found.iter().flat_map(MonthFacts::lacks).collect();
        let action = Action::Submit {
            by: Side::Supplier,
            over: month.last() < day::today(app),
            missing: lacks.len(),
        };
        let case = before
            .after(&action)
            .map_err(|problem| problem.with("missing", json!(lacks)))?;
        let mut after = before.clone();
        case.state.as_str().clone_into(&mut after.state);
        after.submitted_by = who.user_id;
        after.submitted_at = Some(app.clock.now());
        after.note = None;
        let after = versioned::save(app, &*tx, &before, after).await?;
        told(app, &tx, &who, &after, ("submitted", None), CHECKERS).await
    })
    .await?;
    detail(&app, actor.principal(), month).await
}

kernel::words! {
    /// What the purchaser says of a month.
    WageVerdict {
        /// 核查通过
        Confirm = "confirm",
        /// 退回
        Return = "return",
    }
}

/// The purchaser's check of a month.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecideMonth {
    /// The version that was read.
    version: i64,
    /// Passed, or sent back.
    action: WageVerdict,
    /// What is to be mended; needed when it is sent back.
    note: Option<String>,
}

/// Checks a month that was handed in (核查), or sends it back with what is to be mended.
#[utoipa::path(
    post, path = "/api/v1/wage-months/{month}/decide", tag = "wages", operation_id = "decide_wage_month",
    params(("month" = String, Path)), request_body = DecideMonth,
    responses((status = 200, body = WageMonthView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<CheckWages>,
    State(app): State<App>,
    Path(month): Path<String>,
    Json(request): Json<DecideMonth>,
) -> Result<Json<WageMonthView>> {
    let month = Month::read("month", &month)?;
    let said = request.note.as_deref().unwrap_or_default();
    let by = Side::Purchaser;
    let (action, done, note) = match request.action {
        WageVerdict::Confirm => (Action::Confirm { by }, "confirmed", checked("note", said)?),
        WageVerdict::Return => (Action::Return { by }, "returned", needed("note", said)?),
    };
    let (db, writer, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let app = &writer;
        let before = rows::held(app, &tx, month).await?;
        let before = versioned::as_read(before, request.version)?;
        let case = before.after(&action)?;
        let mut after = before.clone();
        case.state.as_str().clone_into(&mut after.state);
        after.decided_by = who.user_id;
        after.decided_at = Some(app.clock.now());
        after.note = Some(note.clone()).filter(|note| !note.is_empty());
        let after = versioned::save(app, &*tx, &before, after).await?;
        told(app, &tx, &who, &after, (done, Some(&note)), SUPPLIER).await
    })
    .await?;
    detail(&app, actor.principal(), month).await
}

/// What a period lacks before it may be settled: who, which month, what.
#[utoipa::path(
    get, path = "/api/v1/wage-readiness", tag = "wages", operation_id = "get_wage_readiness", params(MonthsAsked),
    responses((status = 200, body = WageReadiness), (status = 422, body = Problem)),
)]
async fn readiness(
    _actor: Actor<ViewWageMonths>,
    State(app): State<App>,
    Query(asked): Query<MonthsAsked>,
) -> Result<Json<WageReadiness>> {
    let (from, to) = asked.read(&app)?;
    Ok(Json(facts::ready(app.db.read(), from, to).await?))
}
