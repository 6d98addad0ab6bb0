//! What the demo's people are paid: a month that was checked, one with a gap and with overtime that was paid short, two
//! quotations of which the law overtook one. Only `shoujie serve --demo` calls this.

use calendar::Calendar;
use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::{App, versioned};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _};
use uuid::Uuid;

use super::entry::{Insurance, Payslip, put_insurance, put_payslip};
use super::facts::{self, PersonMonth, WageFileKind, WorkedDay, classed};
use super::law::Laws;
use super::proof::{Proof, filed, kept};
use super::quotation::{NewQuotation, judged};
use super::rows::{self, enrolled, month_row, quoted};
use super::sums::{Law, PayItem, PayItemKind, part};
use super::{Duty, InsuranceItem, Month, WageMonthState};
use crate::staff::http::{Person, empty};
use kernel::day;

/// Monthly wages in fen: basic, post, performance, meals.
const WAGE: [(PayItemKind, i64); 4] = [
    (PayItemKind::Basic, 330_000),
    (PayItemKind::Post, 60_000),
    (PayItemKind::Performance, 80_000),
    (PayItemKind::Meal, 30_000),
];
/// The wage that overtime is reckoned from.
const BASE: i64 = 390_000;
/// Minutes of one day of overtime.
const EXTRA: i64 = 240;
/// Whose unemployment insurance of last month is missing, and whose overtime was paid at the rate of a working day.
const GAP: &str = "agent5";
const SHORT: &str = "agent3";

async fn user(app: &App, name: &str) -> Result<Uuid> {
    let found = organization::users::store::by_username(app.db.read(), name).await?;
    Ok(found
        .ok_or_else(|| internal("the demo's people are not there"))?
        .id)
}

/// Writes them where there are none; staff files and posts come first.
pub async fn seed(app: &App) -> Result<()> {
    if month_row::Entity::find().count(app.db.read()).await? > 0 {
        return Ok(());
    }
    let hr = Who {
        user_id: Some(user(app, "hr").await?),
        session_id: None,
        name: "hr".to_owned(),
    };
    let last = Month::of(day::today(app)).before();
    quotations(app, &hr).await?;
    manager(app, &hr, last.before()).await?;
    let (gap, short) = (user(app, GAP).await?, user(app, SHORT).await?);
    for (month, checked) in [(last.before(), true), (last, false)] {
        let odd = if checked {
            (None, None)
        } else {
            (Some(gap), Some(short))
        };
        paid(app, &hr, month, odd).await?;
    }
    let reviewer = user(app, "reviewer").await?;
    confirmed(app, &hr, last.before(), reviewer).await
}

async fn quotations(app: &App, hr: &Who) -> Result<()> {
    let laws = Laws::load(app.db.read()).await?;
    let today = day::today(app);
    let now = Month::of(today);
    let new = |title: &str, price_fen: i64, from: NaiveDate| NewQuotation {
        title: title.to_owned(),
        price_fen,
        seats: None,
        months: None,
        from,
        provision: None,
    };
    let overtaken = now.first() - chrono::Months::new(8);
    let begun = now.before().before().first();
    for quotation in [
        new("试算报价（演示）", 400_000, overtaken),
        new("中标报价（演示）", 833_333, begun),
    ] {
        let row = judged(app, &laws, hr.user_id, quotation)?;
        app.db
            .write(move |tx| async move { versioned::insert::<quoted::Model>(&*tx, &row).await })
            .await?;
    }
    Ok(())
}

/// The manager of the project is paid and insured like everybody.
async fn manager(app: &App, hr: &Who, since: Month) -> Result<()> {
    let person = Person {
        name: Some("项目经理（演示）".to_owned()),
        born_on: NaiveDate::from_ymd_opt(1986, 6, 8),
        ..Person::default()
    };
    let file = person.onto(app, empty(app, hr.user_id))?;
    let row = enrolled::Model {
        id: app.ids.next(),
        staff_id: file.id,
        duty: Duty::Manager.as_str().to_owned(),
        from_day: day::text(since.first()),
        until_day: None,
        note: None,
        added_by: hr.user_id,
        added_at: app.clock.now(),
    };
    app.db
        .write(move |tx| async move {
            versioned::insert(&*tx, &file).await?;
            row.into_active_model().reset_all().insert(&*tx).await?;
            Ok(())
        })
        .await
}

/// One month of everybody with its proofs; `odd` says whose insurance is missing and whose overtime is short.
async fn paid(app: &App, hr: &Who, month: Month, odd: (Option<Uuid>, Option<Uuid>)) -> Result<()> {
    let conn = app.db.read();
    let calendar = organization::service_calendar::load(conn).await?.calendar;
    let law = Laws::load(conn).await?.on(month.first())?;
    let found = facts::of(conn, &[month], None).await?;
    let people: Vec<PersonMonth> = found.into_iter().flat_map(|month| month.people).collect();
    let ids: Vec<Uuid> = people.iter().map(|person| person.staff.id).collect();
    let proof = |name: String| Proof {
        bytes: axum::body::Bytes::from(format!("演示凭证：{name}")),
        media_type: "text/plain; charset=utf-8".to_owned(),
        name,
    };
    let list = proof(format!("社保缴费清单-{month}.txt"));
    let receipt = proof(format!("银行代发回单-{month}.txt"));
    let list = kept(app, month, WageFileKind::Insurance, (list, hr.user_id)).await?;
    let receipt = kept(app, month, WageFileKind::Receipt, (receipt, hr.user_id)).await?;
    let (writer, who) = (app.clone(), hr.clone());
    app.db
        .write(move |tx| async move {
            rows::writable(&writer, &tx, month).await?;
            for (place, person) in people.iter().enumerate() {
                let (id, user) = (person.staff.id, person.staff.user_id);
                for item in InsuranceItem::ALL {
                    if *item == InsuranceItem::Unemployment && user.is_some() && user == odd.0 {
                        continue;
                    }
                    let new = insurance(&law, *item);
                    put_insurance(&writer, &tx, &who, (month, id, *item), &new).await?;
                }
                let short = user.is_some() && user == odd.1;
                let works = place % 2 == 0 || short;
                let worked = overtime(month, place, &calendar, works);
                let new = payslip((&law, &calendar), person, month, worked, short);
                put_payslip(&writer, &tx, &who, (month, id), &new).await?;
            }
            filed(&tx, list, ids.clone()).await?;
            filed(&tx, receipt, ids).await
        })
        .await
}

fn insurance(law: &Law, item: InsuranceItem) -> Insurance {
    let none = Insurance {
        base_fen: 0,
        employer_fen: 0,
        employee_fen: 0,
        merged: true,
        version: None,
    };
    match law.premium(item) {
        Some(premium) if !premium.merged => {
            let base_fen = premium.base(BASE, law.minimum_fen);
            Insurance {
                base_fen,
                employer_fen: part(base_fen, premium.employer_bp, 10_000),
                employee_fen: part(base_fen, premium.employee_bp, 10_000),
                merged: false,
                version: None,
            }
        }
        _ => none,
    }
}

/// Who works overtime does it for four hours on one day off.
fn overtime(month: Month, place: usize, calendar: &Calendar, works: bool) -> Vec<WorkedDay> {
    let days = month
        .first()
        .iter_days()
        .take_while(|day| *day <= month.last());
    let off = days.filter(|day| !calendar.is_workday(*day)).nth(place);
    off.filter(|_| works)
        .map(|day| WorkedDay {
            day,
            minutes: EXTRA,
            leave: false,
        })
        .into_iter()
        .collect()
}

fn payslip(
    (law, calendar): (&Law, &Calendar),
    person: &PersonMonth,
    month: Month,
    worked: Vec<WorkedDay>,
    short: bool,
) -> Payslip {
    let line = |kind: PayItemKind, amount_fen: i64| PayItem { kind, amount_fen };
    let mut items: Vec<PayItem> = WAGE.iter().map(|(kind, fen)| line(*kind, *fen)).collect();
    for one in classed(&worked, calendar) {
        let due = law.overtime(BASE, one.class, one.minutes);
        let half = super::sums::PayClass::Extended;
        let paid = if short {
            law.overtime(BASE, half, one.minutes)
        } else {
            due
        };
        items.push(line(one.class.item(), paid));
    }
    let own = InsuranceItem::ALL
        .iter()
        .map(|item| insurance(law, *item).employee_fen);
    items.push(line(PayItemKind::OwnInsurance, own.sum()));
    let fund = law.fund.base(BASE, law.minimum_fen);
    let fund = part(fund, law.fund.employee_bp, 10_000);
    items.push(line(PayItemKind::OwnFund, fund));
    let net: i64 = items
        .iter()
        .map(|item| {
            if item.kind.is_taken_off() {
                -item.amount_fen
            } else {
                item.amount_fen
            }
        })
        .sum();
    Payslip {
        base_fen: BASE,
        items,
        worked,
        performance_due_fen: 80_000,
        paid_fen: Some(net),
        paid_on: Some(month.next().first() + chrono::Days::new(9)),
        version: person.payslip.as_ref().map(|slip| slip.version),
    }
}

/// The month before last was handed in and checked.
async fn confirmed(app: &App, hr: &Who, month: Month, reviewer: Uuid) -> Result<()> {
    let (writer, submitted_by) = (app.clone(), hr.user_id);
    app.db
        .write(move |tx| async move {
            let before = rows::held(&writer, &tx, month).await?;
            let mut after = before.clone();
            WageMonthState::Confirmed
                .as_str()
                .clone_into(&mut after.state);
            after.submitted_by = submitted_by;
            after.submitted_at = Some(writer.clock.now());
            after.decided_by = Some(reviewer);
            after.decided_at = Some(writer.clock.now());
            versioned::save(&writer, &*tx, &before, after).await?;
            Ok(())
        })
        .await
}
