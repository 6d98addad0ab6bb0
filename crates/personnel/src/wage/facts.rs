//! What is known of months, put together and judged: who was on the project, what was paid for him, what proves it,
//! what is missing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use calendar::Calendar;
use chrono::NaiveDate;
use kernel::problem::{Result, internal};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::law::Laws;
use super::rows::{enrolled, file, file_person, insured, month_row, payslip};
use super::sums::{JudgedPay, PayItem, PremiumFault, Slip, Worked, judge, premium_faults};
use super::{Duty, InsuranceItem, MOST_MONTHS, Month};
use crate::post::store as posts;
use crate::staff::store::{self as staff, row as staff_row};
use kernel::day;

/// People of one month that are put together: a house has tens.
const MOST_PEOPLE: usize = 500;
/// Files of the months asked for.
const MOST_FILES: u64 = 2_000;

kernel::words! {
    /// What a proof is.
    WageFileKind {
        /// 社保缴费凭证
        Insurance = "insurance",
        /// 银行回单
        Receipt = "receipt",
        /// 工资条
        Payslip = "payslip",
    }
}

kernel::words! {
    /// What is missing or wrong in a month.
    Lack {
        /// 缺少险种记录
        InsuranceMissing = "insurance_missing",
        /// 缺少社保凭证
        InsuranceUnproven = "insurance_unproven",
        /// 单位未缴费
        InsuranceUnpaid = "insurance_unpaid",
        /// 缴费基数低于下限
        InsuranceBaseLow = "insurance_base_low",
        /// 缺少工资条
        PayslipMissing = "payslip_missing",
        /// 缺少银行回单
        ReceiptMissing = "receipt_missing",
        /// 未写实发
        PaidMissing = "paid_missing",
        /// 低于最低工资
        BelowMinimum = "below_minimum",
        /// 加班费少付
        OvertimeShort = "overtime_short",
        /// 绩效工资少付
        PerformanceShort = "performance_short",
        /// 实发与应付不符
        PaidDiffers = "paid_differs",
    }
}

/// One thing that is missing, of whom and when; settlement asks for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WageLack {
    /// The month: `2026-10`.
    pub month: String,
    /// Who.
    pub staff_id: Uuid,
    /// His name.
    pub name: String,
    /// What.
    pub lack: Lack,
    /// Which insurance.
    pub item: Option<InsuranceItem>,
}

/// Overtime as it is kept with a payslip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkedDay {
    /// The day.
    pub day: NaiveDate,
    /// Minutes.
    pub minutes: i64,
    /// Compensated by leave (补休).
    #[serde(default)]
    pub leave: bool,
}

/// One person in one month.
#[derive(Debug, Clone)]
pub(crate) struct PersonMonth {
    pub staff: staff_row::Model,
    pub duty: Duty,
    pub insured: BTreeMap<InsuranceItem, (insured::Model, Vec<PremiumFault>)>,
    pub payslip: Option<payslip::Model>,
    pub items: Vec<PayItem>,
    pub worked: Vec<WorkedDay>,
    pub judged: Option<JudgedPay>,
    /// The proofs about him, each with how many people it is about.
    pub files: Vec<(file::Model, usize)>,
    pub lacks: Vec<(Lack, Option<InsuranceItem>)>,
}

impl PersonMonth {
    pub(crate) fn proven(&self, kind: WageFileKind) -> bool {
        self.files
            .iter()
            .any(|(file, _)| file.kind == kind.as_str())
    }
}

/// One month.
#[derive(Debug, Clone)]
pub(crate) struct MonthFacts {
    pub month: Month,
    pub row: Option<month_row::Model>,
    pub people: Vec<PersonMonth>,
}

impl MonthFacts {
    pub(crate) fn missing(&self) -> usize {
        self.people.iter().map(|person| person.lacks.len()).sum()
    }

    pub(crate) fn lacks(&self) -> impl Iterator<Item = WageLack> + '_ {
        self.people.iter().flat_map(|person| {
            person.lacks.iter().map(|(lack, item)| WageLack {
                month: self.month.to_string(),
                staff_id: person.staff.id,
                name: person.staff.name.clone(),
                lack: *lack,
                item: *item,
            })
        })
    }
}

/// Somebody was on the project for a stretch.
struct Stretch {
    staff_id: Uuid,
    duty: Duty,
    from: NaiveDate,
    until: Option<NaiveDate>,
}

/// Whoever holds a post is on the roll by that alone: nobody on the line can be forgotten.
async fn stretches(conn: &impl ConnectionTrait, first: Month) -> Result<Vec<Stretch>> {
    let mut all = Vec::new();
    for row in posts::holdings(conn, Some(first.first())).await? {
        let days = row.days()?;
        all.push(Stretch {
            staff_id: row.staff_id,
            duty: Duty::Agent,
            from: days.from,
            until: days.until,
        });
    }
    let rows = enrolled::Entity::find()
        .order_by_asc(enrolled::Column::FromDay)
        .all(conn)
        .await?;
    for row in rows {
        all.push(Stretch {
            staff_id: row.staff_id,
            duty: Duty::parse(&row.duty).unwrap_or(Duty::Support),
            from: day::read(&row.from_day)?,
            until: day::maybe(row.until_day.as_deref())?,
        });
    }
    Ok(all)
}

/// The days of `month` on which somebody was on the project, with what he did; by person.
fn roll(month: Month, all: &[Stretch]) -> BTreeMap<Uuid, (Duty, BTreeSet<NaiveDate>)> {
    let mut people: BTreeMap<Uuid, (Duty, BTreeSet<NaiveDate>)> = BTreeMap::new();
    for one in all {
        let from = one.from.max(month.first());
        let until = one.until.unwrap_or(month.last()).min(month.last());
        if from > until || people.len() >= MOST_PEOPLE {
            continue;
        }
        let entry = people
            .entry(one.staff_id)
            .or_insert((one.duty, BTreeSet::new()));
        entry
            .1
            .extend(from.iter_days().take_while(|day| *day <= until));
    }
    people
}

/// These months with everybody in them, or with one person.
pub(crate) async fn of(
    conn: &impl ConnectionTrait,
    months: &[Month],
    only: Option<Uuid>,
) -> Result<Vec<MonthFacts>> {
    let months = &months[..months.len().min(MOST_MONTHS)];
    let Some(first) = months.iter().min() else {
        return Ok(Vec::new());
    };
    let calendar = organization::service_calendar::load(conn).await?.calendar;
    let laws = Laws::load(conn).await?;
    let all = stretches(conn, *first).await?;
    let names: Vec<String> = months.iter().map(Month::to_string).collect();
    let rows = month_row::Entity::find()
        .filter(month_row::Column::Month.is_in(names.clone()))
        .all(conn)
        .await?;
    let mut paid = insured::Entity::find().filter(insured::Column::Month.is_in(names.clone()));
    let mut slips = payslip::Entity::find().filter(payslip::Column::Month.is_in(names.clone()));
    if let Some(staff) = only {
        paid = paid.filter(insured::Column::StaffId.eq(staff));
        slips = slips.filter(payslip::Column::StaffId.eq(staff));
    }
    let (paid, slips) = (paid.all(conn).await?, slips.all(conn).await?);
    let proofs = proofs(conn, names).await?;
    let mut ids: BTreeSet<Uuid> = all.iter().map(|one| one.staff_id).collect();
    if let Some(staff) = only {
        ids.retain(|id| *id == staff);
    }
    let people = staff::by_ids(conn, ids).await?;
    let mut facts = Vec::new();
    for month in months {
        let name = month.to_string();
        let row = rows.iter().find(|row| row.month == name).cloned();
        // What was checked was judged by the law that was known when it was checked.
        let then = row.as_ref().filter(|row| row.is_confirmed());
        let laws = laws.known_at(then.and_then(|row| row.decided_at));
        let mut there = Vec::new();
        for (id, (duty, days)) in roll(*month, &all) {
            let Some(staff) = people.get(&id) else {
                continue;
            };
            let of_his = |month: &str, staff: Uuid| month == name && staff == id;
            let found = Found {
                staff: staff.clone(),
                duty,
                paid: paid
                    .iter()
                    .filter(|row| of_his(&row.month, row.staff_id))
                    .cloned()
                    .collect(),
                slip: slips
                    .iter()
                    .find(|row| of_his(&row.month, row.staff_id))
                    .cloned(),
                files: proofs.get(&(name.clone(), id)).cloned().unwrap_or_default(),
            };
            there.push(found.judged(*month, &days, &calendar, &laws)?);
        }
        there.sort_by(|one, other| {
            (one.duty, &one.staff.name).cmp(&(other.duty, &other.staff.name))
        });
        facts.push(MonthFacts {
            month: *month,
            row,
            people: there,
        });
    }
    Ok(facts)
}

async fn proofs(
    conn: &impl ConnectionTrait,
    months: Vec<String>,
) -> Result<HashMap<(String, Uuid), Vec<(file::Model, usize)>>> {
    let files = file::Entity::find()
        .filter(file::Column::Month.is_in(months))
        .order_by_asc(file::Column::At)
        .limit(MOST_FILES)
        .all(conn)
        .await?;
    let mut by_person: HashMap<(String, Uuid), Vec<(file::Model, usize)>> = HashMap::new();
    if files.is_empty() {
        return Ok(by_person);
    }
    let ids: Vec<Uuid> = files.iter().map(|file| file.id).collect();
    let about = file_person::Entity::find()
        .filter(file_person::Column::FileId.is_in(ids))
        .all(conn)
        .await?;
    let mut people: HashMap<Uuid, usize> = HashMap::new();
    for link in &about {
        *people.entry(link.file_id).or_default() += 1;
    }
    for link in about {
        if let Some(file) = files.iter().find(|file| file.id == link.file_id) {
            let whose = (file.month.clone(), link.staff_id);
            let of = people.get(&file.id).copied().unwrap_or_default();
            by_person.entry(whose).or_default().push((file.clone(), of));
        }
    }
    Ok(by_person)
}

/// What was found of one person and month.
struct Found {
    staff: staff_row::Model,
    duty: Duty,
    paid: Vec<insured::Model>,
    slip: Option<payslip::Model>,
    files: Vec<(file::Model, usize)>,
}

impl Found {
    fn judged(
        self,
        month: Month,
        days: &BTreeSet<NaiveDate>,
        calendar: &Calendar,
        laws: &Laws,
    ) -> Result<PersonMonth> {
        let law = laws.on(month.first())?;
        let mut insured = BTreeMap::new();
        for row in self.paid {
            let Some(item) = InsuranceItem::parse(&row.item) else {
                continue;
            };
            let paid = (row.employer_fen, row.employee_fen);
            let faults = premium_faults(&law, item, row.base_fen, paid, row.merged);
            insured.insert(item, (row, faults));
        }
        let (mut items, mut worked) = (Vec::new(), Vec::new());
        let mut judged = None;
        if let Some(slip) = &self.slip {
            items = serde_json::from_value(slip.items.clone()).map_err(internal)?;
            worked =
                serde_json::from_value::<Vec<WorkedDay>>(slip.worked.clone()).map_err(internal)?;
            let classed = classed(&worked, calendar);
            let employed = days.iter().filter(|day| calendar.is_workday(**day)).count();
            let of = calendar.workdays(month.first(), month.last()).days;
            judged = Some(judge(
                &law,
                &Slip {
                    base_fen: slip.base_fen,
                    items: &items,
                    worked: &classed,
                    performance_due_fen: slip.performance_due_fen,
                    paid_fen: slip.paid_fen,
                    share: (employed as i64, i64::from(of)),
                },
            ));
        }
        let mut person = PersonMonth {
            staff: self.staff,
            duty: self.duty,
            insured,
            payslip: self.slip,
            items,
            worked,
            judged,
            files: self.files,
            lacks: Vec::new(),
        };
        person.lacks = lacks(&person);
        Ok(person)
    }
}

/// Overtime with the class of its day.
pub(crate) fn classed(worked: &[WorkedDay], calendar: &Calendar) -> Vec<Worked> {
    let class = |one: &WorkedDay| Worked {
        day: one.day,
        class: calendar.overtime(one.day).into(),
        minutes: one.minutes,
        leave: one.leave,
    };
    worked.iter().map(class).collect()
}

fn lacks(person: &PersonMonth) -> Vec<(Lack, Option<InsuranceItem>)> {
    let mut lacks = Vec::new();
    let proven = person.proven(WageFileKind::Insurance);
    for item in InsuranceItem::ALL {
        match person.insured.get(item) {
            None => lacks.push((Lack::InsuranceMissing, Some(*item))),
            Some(_) if !proven => lacks.push((Lack::InsuranceUnproven, Some(*item))),
            Some((_, faults)) if faults.contains(&PremiumFault::Unpaid) => {
                lacks.push((Lack::InsuranceUnpaid, Some(*item)));
            }
            Some((_, faults)) if faults.iter().any(|fault| fault.blocks()) => {
                lacks.push((Lack::InsuranceBaseLow, Some(*item)));
            }
            Some(_) => {}
        }
    }
    let Some(judged) = &person.judged else {
        lacks.push((Lack::PayslipMissing, None));
        return lacks;
    };
    if !person.proven(WageFileKind::Receipt) {
        lacks.push((Lack::ReceiptMissing, None));
    }
    if person
        .payslip
        .as_ref()
        .is_some_and(|slip| slip.paid_fen.is_none())
    {
        lacks.push((Lack::PaidMissing, None));
    }
    let blocking = judged.findings.iter().filter(|finding| finding.blocks);
    lacks.extend(blocking.filter_map(|finding| Some((Lack::parse(finding.fault.as_str())?, None))));
    lacks
}

/// What a period lacks before it may be settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WageReadiness {
    /// Nothing is missing.
    pub ready: bool,
    /// Months whose check by the purchaser is still owed.
    pub unchecked: Vec<String>,
    /// What is missing, who and when.
    pub missing: Vec<WageLack>,
}

/// The checklist of wages and insurance of a period, both months counted; for who settles.
pub async fn ready(conn: &impl ConnectionTrait, from: Month, to: Month) -> Result<WageReadiness> {
    let facts = of(conn, &from.until(to), None).await?;
    let missing: Vec<WageLack> = facts.iter().flat_map(MonthFacts::lacks).collect();
    let checked = |month: &MonthFacts| {
        month
            .row
            .as_ref()
            .is_some_and(month_row::Model::is_confirmed)
    };
    let unchecked = facts.iter().filter(|month| !checked(month));
    Ok(WageReadiness {
        ready: missing.is_empty() && !facts.is_empty(),
        unchecked: unchecked.map(|month| month.month.to_string()).collect(),
        missing,
    })
}
