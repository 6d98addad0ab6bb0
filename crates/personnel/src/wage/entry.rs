//! One person in one month: what was paid for his insurances, his payslip; read by who pays, masked for who checks,
//! and his own by himself. Never another agent's.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::{self, Who};
use kernel::http::{Json, Path, ShownOnce};
use kernel::problem::{Problem, Result, invalid, not_found};
use kernel::text::needed;
use kernel::{Actor, App, Principal, Scope, Tx};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::facts::{self, Lack, PersonMonth, WorkedDay};
use super::proof::WageFileView;
use super::rows::{self, insured, payslip};
use super::sums::{JudgedPay, PayFinding, PayItem, PayItemKind, PremiumFault};
use super::{InsuranceItem, Month};
use crate::rights::{ManageWages, RevealPay, ViewPay, ViewWageMonths};
use crate::staff::store as staff;
use crate::trail::Scribe;
use kernel::day;

/// One amount: up to a million yuan.
const LARGEST: i64 = 100_000_000;
/// Days of overtime of one month.
const MOST_DAYS: usize = 62;
const DAY: i64 = 24 * 60;
/// Months of his own that a person sees.
const OWN_MONTHS: u32 = 24;

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(reveal))
        .routes(routes!(insure))
        .routes(routes!(pay))
        .routes(routes!(mine))
        .with_state(app.clone())
}

/// One insurance of one person and month.
#[derive(Debug, Serialize, ToSchema)]
pub struct InsuranceView {
    /// Which.
    pub item: InsuranceItem,
    /// It was written.
    pub recorded: bool,
    /// A file proves it.
    pub proven: bool,
    /// It is paid with the medical insurance.
    pub merged: bool,
    /// Base in fen; null where amounts are not shown.
    pub base_fen: Option<i64>,
    /// What the employer paid.
    pub employer_fen: Option<i64>,
    /// What was taken from the employee.
    pub employee_fen: Option<i64>,
    /// What is wrong with it.
    pub faults: Vec<PremiumFault>,
    /// The version to be changed; null while nothing was written.
    pub version: Option<i64>,
}

/// One person in one month.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonMonthView {
    /// `2026-10`
    pub month: String,
    /// Who.
    pub staff_id: Uuid,
    /// His name.
    pub name: String,
    /// `agent`, `manager`, `substitute` or `support`.
    pub duty: String,
    /// Amounts are hidden from who looks.
    pub masked: bool,
    /// The five insurances.
    pub insurances: Vec<InsuranceView>,
    /// There is a payslip.
    pub has_payslip: bool,
    /// The monthly wage that overtime is reckoned from.
    pub base_fen: Option<i64>,
    /// The lines of the payslip; empty where amounts are not shown.
    pub items: Vec<PayItem>,
    /// Overtime by day.
    pub worked: Vec<WorkedDay>,
    /// Performance pay that the appraisal gave.
    pub performance_due_fen: Option<i64>,
    /// What the bank paid out.
    pub paid_fen: Option<i64>,
    /// When.
    pub paid_on: Option<NaiveDate>,
    /// Its sums and overtime; null where amounts are not shown or nothing was written.
    pub judged: Option<JudgedPay>,
    /// What is wrong with pay; without figures where amounts are not shown.
    pub findings: Vec<PayFinding>,
    /// What is missing.
    pub lacks: Vec<PersonLack>,
    /// The proofs about him.
    pub files: Vec<WageFileView>,
    /// When the payslip was written.
    pub recorded_at: Option<DateTime<Utc>>,
    /// The payslip's version; null while there is none.
    pub version: Option<i64>,
}

/// One thing a person's month lacks.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonLack {
    /// What.
    pub lack: Lack,
    /// Which insurance.
    pub item: Option<InsuranceItem>,
}

/// A finding without its figures.
pub(crate) fn hidden(finding: &PayFinding) -> PayFinding {
    PayFinding {
        due_fen: None,
        paid_fen: None,
        ..*finding
    }
}

/// Pay stands in the clear before who pays; before who checks it only after a reveal.
pub(crate) fn sees_pay(principal: &Principal) -> bool {
    use kernel::rights::Permission as _;
    principal.scope(ViewPay::GRANTS) == Some(Scope::All)
}

pub(crate) fn view(person: &PersonMonth, month: Month, clear: bool) -> Result<PersonMonthView> {
    let proven = person.proven(facts::WageFileKind::Insurance);
    let insurances = InsuranceItem::ALL.iter().map(|item| {
        let found = person.insured.get(item);
        let shown = found.filter(|_| clear).map(|(row, _)| row);
        InsuranceView {
            item: *item,
            recorded: found.is_some(),
            proven: found.is_some() && proven,
            merged: found.is_some_and(|(row, _)| row.merged),
            base_fen: shown.map(|row| row.base_fen),
            employer_fen: shown.map(|row| row.employer_fen),
            employee_fen: shown.map(|row| row.employee_fen),
            faults: found.map(|(_, faults)| faults.clone()).unwrap_or_default(),
            version: found.map(|(row, _)| row.version),
        }
    });
    let slip = person.payslip.as_ref();
    let shown = slip.filter(|_| clear);
    let findings = person.judged.iter().flat_map(|judged| &judged.findings);
    let lacks = person.lacks.iter().map(|(lack, item)| PersonLack {
        lack: *lack,
        item: *item,
    });
    Ok(PersonMonthView {
        month: month.to_string(),
        staff_id: person.staff.id,
        name: person.staff.name.clone(),
        duty: person.duty.as_str().to_owned(),
        masked: !clear,
        insurances: insurances.collect(),
        has_payslip: slip.is_some(),
        base_fen: shown.map(|slip| slip.base_fen),
        items: if clear {
            person.items.clone()
        } else {
            Vec::new()
        },
        worked: person.worked.clone(),
        performance_due_fen: shown.map(|slip| slip.performance_due_fen),
        paid_fen: shown.and_then(|slip| slip.paid_fen),
        paid_on: day::maybe(slip.and_then(|slip| slip.paid_on.as_deref()))?,
        judged: person.judged.clone().filter(|_| clear),
        findings: if clear {
            findings.copied().collect()
        } else {
            findings.map(hidden).collect()
        },
        lacks: lacks.collect(),
        files: person.files.iter().map(WageFileView::of).collect(),
        recorded_at: slip.map(|slip| slip.recorded_at),
        version: slip.map(|slip| slip.version),
    })
}

async fn one(app: &App, month: Month, id: Uuid) -> Result<PersonMonth> {
    let found = facts::of(app.db.read(), &[month], Some(id)).await?;
    let mut people = found.into_iter().flat_map(|month| month.people);
    people
        .next()
        .ok_or_else(|| not_found("person on the project in this month"))
}

/// One person in one month; amounts are hidden from the purchaser until he reveals them.
#[utoipa::path(
    get, path = "/api/v1/wage-months/{month}/people/{staff_id}", tag = "wages", operation_id = "get_person_month",
    params(("month" = String, Path), ("staff_id" = Uuid, Path)),
    responses((status = 200, body = PersonMonthView), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewWageMonths>,
    State(app): State<App>,
    Path((month, id)): Path<(String, Uuid)>,
) -> Result<Json<PersonMonthView>> {
    let month = Month::read("month", &month)?;
    let person = one(&app, month, id).await?;
    Ok(Json(view(&person, month, sees_pay(actor.principal()))?))
}

/// Why pay is read in the clear.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PayReveal {
    /// Why.
    reason: String,
}

/// One person's pay in the clear, with a reason; it is written to the audit trail.
#[utoipa::path(
    post, path = "/api/v1/wage-months/{month}/people/{staff_id}/reveal", tag = "wages", operation_id = "reveal_pay",
    params(("month" = String, Path), ("staff_id" = Uuid, Path)), request_body = PayReveal,
    responses((status = 200, body = PersonMonthView), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn reveal(
    actor: Actor<RevealPay>,
    State(app): State<App>,
    Path((month, id)): Path<(String, Uuid)>,
    Json(request): Json<PayReveal>,
) -> Result<ShownOnce<PersonMonthView>> {
    let reason = needed("reason", &request.reason)?;
    let month = Month::read("month", &month)?;
    let person = one(&app, month, id).await?;
    let shown = view(&person, month, true)?;
    let (db, who) = (app.db.clone(), actor.who());
    db.write(move |tx| async move {
        let details = json!({ "month": month.to_string(), "reason": reason });
        audit::record(&app, &*tx, &who, "pay.revealed", "staff", id, details).await
    })
    .await?;
    Ok(ShownOnce(StatusCode::OK, shown))
}

/// What was paid for one insurance.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InsurancePayment)]
pub(crate) struct Insurance {
    /// Base in fen.
    pub base_fen: i64,
    /// What the employer paid, in fen.
    pub employer_fen: i64,
    /// What was taken from the employee, in fen.
    pub employee_fen: i64,
    /// It is paid with the medical insurance; the maternity insurance alone.
    #[serde(default)]
    pub merged: bool,
    /// The version that was read; left out where nothing was written yet.
    pub version: Option<i64>,
}

fn amount(field: &'static str, fen: i64) -> Result<()> {
    if (0..=LARGEST).contains(&fen) {
        return Ok(());
    }
    let detail = "0 to a million yuan";
    Err(invalid(field, "amount_out_of_range", detail))
}

impl Insurance {
    pub(crate) fn check(&self, item: InsuranceItem) -> Result<()> {
        amount("base_fen", self.base_fen)?;
        amount("employer_fen", self.employer_fen)?;
        amount("employee_fen", self.employee_fen)?;
        if self.merged && item != InsuranceItem::Maternity {
            let detail = "only the maternity insurance is collected with the medical one";
            return Err(invalid("merged", "insurance_not_merged", detail));
        }
        if !self.merged && self.base_fen == 0 {
            return Err(invalid(
                "base_fen",
                "amount_out_of_range",
                "a base is needed",
            ));
        }
        Ok(())
    }
}

/// Says no to who was not on the project in this month.
pub(crate) async fn on_roll(tx: &Tx, month: Month, id: Uuid) -> Result<()> {
    let found = facts::of(&**tx, &[month], Some(id)).await?;
    if found.iter().any(|month| !month.people.is_empty()) {
        return Ok(());
    }
    Err(not_found("person on the project in this month")
        .with_way_out("POST /api/v1/payroll-people for managers and substitutes"))
}

/// Writes what was paid for one insurance, in a month that is open.
pub(crate) async fn put_insurance(
    app: &App,
    tx: &Tx,
    who: &Who,
    (month, staff_id, item): (Month, Uuid, InsuranceItem),
    new: &Insurance,
) -> Result<()> {
    let before = insured::Entity::find()
        .filter(insured::Column::Month.eq(month.to_string()))
        .filter(insured::Column::StaffId.eq(staff_id))
        .filter(insured::Column::Item.eq(item.as_str()))
        .one(&**tx)
        .await?;
    let now = app.clock.now();
    let after = insured::Model {
        id: before.as_ref().map_or_else(|| app.ids.next(), |row| row.id),
        month: month.to_string(),
        staff_id,
        item: item.as_str().to_owned(),
        base_fen: new.base_fen,
        employer_fen: new.employer_fen,
        employee_fen: new.employee_fen,
        merged: new.merged,
        state: "recorded".to_owned(),
        recorded_by: who.user_id,
        recorded_at: now,
        updated_at: now,
        version: 1,
    };
    rows::put(app, tx, before, new.version, after).await?;
    Ok(())
}

/// What the trail of a person says; amounts stay out of it.
pub(crate) async fn told(
    app: &App,
    tx: &Tx,
    who: &Who,
    staff_id: Uuid,
    (action, note): (&str, &str),
    more: Value,
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "wages",
        id: staff_id,
    };
    scribe.tell(action, Some(note), more).await
}

/// Writes what was paid for one insurance of one person and month.
#[utoipa::path(
    put, path = "/api/v1/wage-months/{month}/people/{staff_id}/insurances/{item}", tag = "wages", operation_id = "put_insurance",
    params(("month" = String, Path), ("staff_id" = Uuid, Path), ("item" = InsuranceItem, Path)), request_body = Insurance,
    responses((status = 200, body = PersonMonthView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn insure(
    actor: Actor<ManageWages>,
    State(app): State<App>,
    Path((month, id, item)): Path<(String, Uuid, InsuranceItem)>,
    Json(new): Json<Insurance>,
) -> Result<Json<PersonMonthView>> {
    let month = Month::read("month", &month)?;
    new.check(item)?;
    let (db, writer, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        rows::writable(&writer, &tx, month).await?;
        on_roll(&tx, month, id).await?;
        put_insurance(&writer, &tx, &who, (month, id, item), &new).await?;
        let said = month.to_string();
        let facts = json!({ "item": item.as_str() });
        told(&writer, &tx, &who, id, ("insured", &said), facts).await
    })
    .await?;
    let person = one(&app, month, id).await?;
    Ok(Json(view(&person, month, true)?))
}

/// Pay of one person and month.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPayslip)]
pub(crate) struct Payslip {
    /// The monthly wage that overtime is reckoned from, in fen.
    pub base_fen: i64,
    /// Its lines, each kind once.
    pub items: Vec<PayItem>,
    /// Overtime by day.
    #[serde(default)]
    pub worked: Vec<WorkedDay>,
    /// Performance pay that the appraisal gave, in fen.
    #[serde(default)]
    pub performance_due_fen: i64,
    /// What the bank paid out, in fen.
    pub paid_fen: Option<i64>,
    /// When it was paid.
    pub paid_on: Option<NaiveDate>,
    /// The version that was read; left out where there is no payslip yet.
    pub version: Option<i64>,
}

impl Payslip {
    pub(crate) fn check(
        &self,
        month: Month,
        today: NaiveDate,
        calendar: &calendar::Calendar,
    ) -> Result<()> {
        amount("base_fen", self.base_fen)?;
        amount("performance_due_fen", self.performance_due_fen)?;
        if let Some(paid) = self.paid_fen {
            amount("paid_fen", paid)?;
        }
        if let Some(on) = self.paid_on {
            day::past("paid_on", on, today)?;
        }
        let kinds = PayItemKind::ALL.iter();
        let of = |kind: &PayItemKind| self.items.iter().filter(|item| item.kind == *kind).count();
        if kinds.clone().any(|kind| of(kind) > 1) {
            let detail = "each kind of line stands once";
            return Err(invalid("items", "pay_item_twice", detail));
        }
        if self.items.is_empty() {
            return Err(invalid("items", "payslip_empty", "a payslip has lines"));
        }
        for item in &self.items {
            amount("items", item.amount_fen)?;
        }
        worked_well(month, &self.worked, calendar)
    }
}

/// Says no to overtime outside the month, to more of it than a day has, and to leave for anything but a rest day (Labour Law,
/// article 44).
pub(crate) fn worked_well(
    month: Month,
    worked: &[WorkedDay],
    calendar: &calendar::Calendar,
) -> Result<()> {
    if worked.len() > MOST_DAYS {
        return Err(invalid("worked", "overtime_days_many", "at most 62 lines"));
    }
    for one in worked {
        let of_day = worked.iter().filter(|other| other.day == one.day);
        let whole: i64 = of_day.map(|other| other.minutes.clamp(0, DAY)).sum();
        if Month::of(one.day) != month {
            let detail = format!("{} is not in {month}", one.day);
            return Err(invalid("worked", "overtime_outside_month", detail));
        }
        if !(1..=DAY).contains(&one.minutes) || whole > DAY {
            let detail = format!("1 to 1,440 minutes on {}", one.day);
            return Err(invalid("worked", "overtime_minutes_invalid", detail));
        }
        if one.leave && calendar.overtime(one.day) != calendar::OvertimeClass::RestDay {
            let detail = format!("{} is no rest day: its overtime is paid", one.day);
            return Err(invalid("worked", "overtime_not_compensated", detail));
        }
    }
    Ok(())
}

/// The payslip of one person and month.
pub(crate) async fn slip_of(
    tx: &Tx,
    month: Month,
    staff_id: Uuid,
) -> Result<Option<payslip::Model>> {
    let found = payslip::Entity::find()
        .filter(payslip::Column::Month.eq(month.to_string()))
        .filter(payslip::Column::StaffId.eq(staff_id))
        .one(&**tx)
        .await?;
    Ok(found)
}

/// Writes a payslip, in a month that is open.
pub(crate) async fn put_payslip(
    app: &App,
    tx: &Tx,
    who: &Who,
    (month, staff_id): (Month, Uuid),
    new: &Payslip,
) -> Result<()> {
    let before = slip_of(tx, month, staff_id).await?;
    let now = app.clock.now();
    let after = payslip::Model {
        id: before.as_ref().map_or_else(|| app.ids.next(), |row| row.id),
        month: month.to_string(),
        staff_id,
        base_fen: new.base_fen,
        items: json!(new.items),
        worked: json!(new.worked),
        performance_due_fen: new.performance_due_fen,
        paid_fen: new.paid_fen,
        paid_on: new.paid_on.map(day::text),
        state: "recorded".to_owned(),
        recorded_by: who.user_id,
        recorded_at: now,
        updated_at: now,
        version: 1,
    };
    rows::put(app, tx, before, new.version, after).await?;
    Ok(())
}

/// Writes the payslip of one person and month.
#[utoipa::path(
    put, path = "/api/v1/wage-months/{month}/people/{staff_id}/payslip", tag = "wages", operation_id = "put_payslip",
    params(("month" = String, Path), ("staff_id" = Uuid, Path)), request_body = Payslip,
    responses((status = 200, body = PersonMonthView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn pay(
    actor: Actor<ManageWages>,
    State(app): State<App>,
    Path((month, id)): Path<(String, Uuid)>,
    Json(new): Json<Payslip>,
) -> Result<Json<PersonMonthView>> {
    let month = Month::read("month", &month)?;
    let calendar = organization::service_calendar::load(app.db.read()).await?;
    new.check(month, day::today(&app), &calendar.calendar)?;
    let (db, writer, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        rows::writable(&writer, &tx, month).await?;
        on_roll(&tx, month, id).await?;
        put_payslip(&writer, &tx, &who, (month, id), &new).await?;
        let said = month.to_string();
        told(&writer, &tx, &who, id, ("paid", &said), json!({})).await
    })
    .await?;
    let person = one(&app, month, id).await?;
    Ok(Json(view(&person, month, true)?))
}

/// One's own months.
#[derive(Debug, Serialize, ToSchema)]
struct MyPayslips {
    /// The latest first; months without a payslip or an insurance are left out.
    items: Vec<PersonMonthView>,
}

/// One's own payslips and insurances of the last 24 months (我的工资条).
#[utoipa::path(
    get, path = "/api/v1/my-payslips", tag = "wages", operation_id = "list_my_payslips",
    responses((status = 200, body = MyPayslips)),
)]
async fn mine(actor: Actor<ViewPay>, State(app): State<App>) -> Result<Json<MyPayslips>> {
    let conn = app.db.read();
    let Some(file) = staff::of_user(conn, actor.user_id()).await? else {
        return Ok(Json(MyPayslips { items: Vec::new() }));
    };
    let last = Month::of(day::today(&app));
    let first = last.first() - chrono::Months::new(OWN_MONTHS - 1);
    let months = facts::of(conn, &Month::of(first).until(last), Some(file.id)).await?;
    let mut items = Vec::new();
    for found in months.iter().rev() {
        for person in &found.people {
            if person.payslip.is_some() || !person.insured.is_empty() {
                items.push(view(person, found.month, true)?);
            }
        }
    }
    Ok(Json(MyPayslips { items }))
}
