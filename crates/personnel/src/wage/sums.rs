//! Sums of wages, pure: the law of a day and what was paid go in; amounts in fen, rounded half up, and what is wrong
//! come out.

use std::collections::BTreeMap;

use calendar::OvertimeClass;
use chrono::NaiveDate;
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::InsuranceItem;

words! {
    /// What a line of a payslip is.
    PayItemKind {
        /// 基本工资
        Basic = "basic",
        /// 岗位工资
        Post = "post",
        /// 绩效工资
        Performance = "performance",
        /// 平日加班费
        OvertimeExtended = "overtime_extended",
        /// 休息日加班费
        OvertimeRestDay = "overtime_rest_day",
        /// 法定节假日加班费
        OvertimeHoliday = "overtime_holiday",
        /// 夜班津贴
        Night = "night",
        /// 高温津贴
        Heat = "heat",
        /// 餐补
        Meal = "meal",
        /// 法定福利
        Benefit = "benefit",
        /// 补发
        BackPay = "back_pay",
        /// 其他应发
        Other = "other",
        /// 个人社保
        OwnInsurance = "own_insurance",
        /// 个人公积金
        OwnFund = "own_fund",
        /// 个人所得税
        Tax = "tax",
        /// 其他扣款
        Deduction = "deduction",
    }
}

impl PayItemKind {
    /// It is taken off what is paid.
    pub fn is_taken_off(self) -> bool {
        matches!(
            self,
            Self::OwnInsurance | Self::OwnFund | Self::Tax | Self::Deduction
        )
    }
}

words! {
    /// The class of overtime by the day it was worked on.
    PayClass {
        /// 150 %
        Extended = "extended",
        /// 200 %
        RestDay = "rest_day",
        /// 300 %
        StatutoryHoliday = "statutory_holiday",
    }
}

impl From<OvertimeClass> for PayClass {
    fn from(class: OvertimeClass) -> Self {
        match class {
            OvertimeClass::Extended => Self::Extended,
            OvertimeClass::RestDay => Self::RestDay,
            OvertimeClass::StatutoryHoliday => Self::StatutoryHoliday,
        }
    }
}

impl PayClass {
    /// The line of the payslip it is paid with.
    pub fn item(self) -> PayItemKind {
        match self {
            Self::Extended => PayItemKind::OvertimeExtended,
            Self::RestDay => PayItemKind::OvertimeRestDay,
            Self::StatutoryHoliday => PayItemKind::OvertimeHoliday,
        }
    }
}

/// `amount` × `over` ÷ `under`, rounded half up.
pub fn part(amount: i64, over: i64, under: i64) -> i64 {
    let under = i128::from(under.max(1));
    let exact = i128::from(amount) * i128::from(over);
    let rounded = (2 * exact + under).div_euclid(2 * under);
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

/// What one insurance asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Premium {
    /// The lowest base; 0 where it is the minimum wage.
    pub lower_fen: i64,
    /// The highest base; 0 where none is known.
    pub upper_fen: i64,
    /// The employer's rate in basis points.
    pub employer_bp: i64,
    /// The employee's rate in basis points.
    pub employee_bp: i64,
    /// It is collected with the medical insurance (与医疗合并).
    pub merged: bool,
    /// Each value of it was confirmed here.
    pub verified: bool,
    /// The document of the base.
    pub source: String,
}

impl Premium {
    /// The lowest base where the minimum wage is `minimum_fen`.
    pub fn lowest(&self, minimum_fen: i64) -> i64 {
        if self.lower_fen > 0 {
            self.lower_fen
        } else {
            minimum_fen
        }
    }

    /// The base of a wage: not under the lowest, not over the highest.
    pub fn base(&self, wage_fen: i64, minimum_fen: i64) -> i64 {
        let base = wage_fen.max(self.lowest(minimum_fen));
        if self.upper_fen > 0 {
            base.min(self.upper_fen.max(self.lowest(minimum_fen)))
        } else {
            base
        }
    }
}

/// Minutes of overtime of each class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OvertimeProvision)]
pub struct Provision {
    /// Beyond the shift on working days, minutes a seat and month.
    pub extended_minutes: i64,
    /// On rest days.
    pub rest_day_minutes: i64,
    /// On statutory holidays.
    pub holiday_minutes: i64,
}

impl Provision {
    /// By class.
    pub fn of(&self, class: PayClass) -> i64 {
        match class {
            PayClass::Extended => self.extended_minutes,
            PayClass::RestDay => self.rest_day_minutes,
            PayClass::StatutoryHoliday => self.holiday_minutes,
        }
    }
}

/// What holds on a day, as sums need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Law {
    /// Minimum wage of a month.
    pub minimum_fen: i64,
    /// It was confirmed here.
    pub minimum_verified: bool,
    /// The document of the minimum wage.
    pub minimum_source: String,
    /// Each insurance, in the order of [`InsuranceItem::ALL`].
    pub premiums: Vec<(InsuranceItem, Premium)>,
    /// 住房公积金
    pub fund: Premium,
    /// Paid days of a month in hundredths: 2175.
    pub paid_days_hundredths: i64,
    /// Minutes of a working day: 480.
    pub day_minutes: i64,
    /// Rates of overtime in basis points, by class.
    pub overtime_bp: [i64; 3],
    /// Each rate was confirmed here.
    pub overtime_verified: bool,
    /// Overtime that a price provides for unless the quotation says more.
    pub provision: Provision,
    /// Lines that do not count towards the minimum wage.
    pub not_counted: Vec<PayItemKind>,
    /// Overtime of one working day above which it is told, in minutes.
    pub long_day_minutes: i64,
    /// Overtime of a month above which it is told, in minutes.
    pub long_month_minutes: i64,
}

impl Law {
    /// The rate of a class in basis points.
    pub fn rate_bp(&self, class: PayClass) -> i64 {
        self.overtime_bp[class as usize]
    }

    /// What so many minutes of a class are worth on a monthly base: base ÷ 21.75 ÷ 8 × hours × rate, rounded once.
    pub fn overtime(&self, base_fen: i64, class: PayClass, minutes: i64) -> i64 {
        let over = minutes
            .saturating_mul(self.rate_bp(class))
            .saturating_mul(100);
        let under = self
            .paid_days_hundredths
            .saturating_mul(self.day_minutes)
            .saturating_mul(10_000);
        part(base_fen, over, under)
    }

    /// What an insurance asks for.
    pub fn premium(&self, item: InsuranceItem) -> Option<&Premium> {
        let found = self.premiums.iter().find(|(of, _)| *of == item);
        found.map(|(_, premium)| premium)
    }
}

/// One part of the floor of a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FloorLine {
    /// `minimum_wage`, an insurance, `fund`, or a class of overtime.
    pub code: String,
    /// What it is reckoned from.
    pub base_fen: i64,
    /// The rate in basis points; null for the minimum wage itself.
    pub rate_bp: Option<i64>,
    /// Minutes of overtime.
    pub minutes: Option<i64>,
    /// The amount.
    pub amount_fen: i64,
    /// It stands in another line: 生育 in 医疗.
    pub merged: bool,
    /// 已核实; else 待核实.
    pub verified: bool,
    /// The document.
    pub source: String,
}

/// The least a seat costs a month, and how a price stands to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotationFloor {
    /// The day whose law it follows.
    pub on: NaiveDate,
    /// Its parts.
    pub lines: Vec<FloorLine>,
    /// Their sum.
    pub floor_fen: i64,
    /// The price of a seat and month.
    pub price_fen: i64,
    /// The price less the floor.
    pub margin_fen: i64,
    /// 合理: not under the floor.
    pub sound: bool,
    /// Every value in it was confirmed here.
    pub verified: bool,
}

/// The floor of a price: minimum wage, the employer's insurances and fund on it, the overtime provided for.
pub fn floor(law: &Law, on: NaiveDate, price_fen: i64, provision: &Provision) -> QuotationFloor {
    let wage = law.minimum_fen;
    let mut lines = vec![FloorLine {
        code: "minimum_wage".to_owned(),
        base_fen: wage,
        rate_bp: None,
        minutes: None,
        amount_fen: wage,
        merged: false,
        verified: law.minimum_verified,
        source: law.minimum_source.clone(),
    }];
    let named = law
        .premiums
        .iter()
        .map(|(item, premium)| (item.as_str(), premium));
    for (code, premium) in named.chain([("fund", &law.fund)]) {
        let base = premium.base(wage, wage);
        lines.push(FloorLine {
            code: code.to_owned(),
            base_fen: base,
            rate_bp: Some(premium.employer_bp),
            minutes: None,
            amount_fen: part(base, premium.employer_bp, 10_000),
            merged: premium.merged,
            verified: premium.verified && (premium.lower_fen > 0 || law.minimum_verified),
            source: premium.source.clone(),
        });
    }
    for class in PayClass::ALL {
        let minutes = provision.of(*class);
        if minutes > 0 {
            lines.push(FloorLine {
                code: class.item().as_str().to_owned(),
                base_fen: wage,
                rate_bp: Some(law.rate_bp(*class)),
                minutes: Some(minutes),
                amount_fen: law.overtime(wage, *class, minutes),
                merged: false,
                verified: law.overtime_verified,
                source: String::new(),
            });
        }
    }
    let floor_fen = lines.iter().map(|line| line.amount_fen).sum();
    QuotationFloor {
        on,
        floor_fen,
        price_fen,
        margin_fen: price_fen - floor_fen,
        sound: price_fen >= floor_fen,
        verified: lines.iter().all(|line| line.verified),
        lines,
    }
}

words! {
    /// What is wrong with what was paid for an insurance.
    PremiumFault {
        /// 基数低于下限
        BaseBelow = "base_below",
        /// 单位未缴费
        Unpaid = "unpaid",
        /// 基数高于上限
        BaseAbove = "base_above",
        /// 单位缴费与费率不符
        EmployerDiffers = "employer_differs",
        /// 个人缴费与费率不符
        EmployeeDiffers = "employee_differs",
    }
}

impl PremiumFault {
    /// The month is not complete with it; a difference from a rate is told and looked into.
    pub fn blocks(self) -> bool {
        matches!(self, Self::BaseBelow | Self::Unpaid)
    }
}

/// What is wrong with one payment; what is paid with the medical insurance is asked nothing of its own.
pub fn premium_faults(
    law: &Law,
    item: InsuranceItem,
    base_fen: i64,
    (employer_fen, employee_fen): (i64, i64),
    merged: bool,
) -> Vec<PremiumFault> {
    let Some(premium) = law.premium(item) else {
        return Vec::new();
    };
    if merged {
        return Vec::new();
    }
    let mut faults = Vec::new();
    if base_fen < premium.lowest(law.minimum_fen) {
        faults.push(PremiumFault::BaseBelow);
    }
    if premium.upper_fen > 0 && base_fen > premium.upper_fen {
        faults.push(PremiumFault::BaseAbove);
    }
    // A rate that ships as zero is not known: nothing is measured by it.
    let differs = |paid: i64, bp: i64| bp > 0 && paid != part(base_fen, bp, 10_000);
    // A proof beside a premium of zero proves no payment.
    if employer_fen == 0 && premium.employer_bp > 0 {
        faults.push(PremiumFault::Unpaid);
    } else if differs(employer_fen, premium.employer_bp) {
        faults.push(PremiumFault::EmployerDiffers);
    }
    if differs(employee_fen, premium.employee_bp) {
        faults.push(PremiumFault::EmployeeDiffers);
    }
    faults
}

/// A line of a payslip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayItem {
    /// What it is.
    pub kind: PayItemKind,
    /// In fen; what is taken off too is written without a sign.
    pub amount_fen: i64,
}

/// Overtime of one day with its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worked {
    /// The day.
    pub day: NaiveDate,
    /// The class of the day.
    pub class: PayClass,
    /// Minutes.
    pub minutes: i64,
    /// Compensated by leave (补休): not paid.
    pub leave: bool,
}

/// A payslip as its checks see it.
#[derive(Debug, Clone, Copy)]
pub struct Slip<'a> {
    /// The monthly wage that overtime is reckoned from.
    pub base_fen: i64,
    /// Its lines.
    pub items: &'a [PayItem],
    /// Overtime.
    pub worked: &'a [Worked],
    /// Performance pay that the appraisal gave.
    pub performance_due_fen: i64,
    /// What the bank paid out.
    pub paid_fen: Option<i64>,
    /// Working days he was employed, of those of the month.
    pub share: (i64, i64),
}

words! {
    /// What is wrong with pay.
    PayFault {
        /// 低于最低工资
        BelowMinimum = "below_minimum",
        /// 加班费少付
        OvertimeShort = "overtime_short",
        /// 绩效工资少付
        PerformanceShort = "performance_short",
        /// 实发与应付不符
        PaidDiffers = "paid_differs",
        /// 计算基数低于最低工资
        BaseBelow = "base_below_minimum",
        /// 单日加班超过上限
        LongDay = "overtime_long_day",
        /// 当月加班超过上限
        LongMonth = "overtime_long_month",
    }
}

impl PayFault {
    /// The month is not complete with it.
    pub fn blocks(self) -> bool {
        !matches!(self, Self::BaseBelow | Self::LongDay | Self::LongMonth)
    }
}

/// One thing wrong with pay, with its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PayFinding {
    /// What.
    pub fault: PayFault,
    /// Of which class of overtime.
    pub class: Option<PayClass>,
    /// What was due; null where amounts are not shown.
    pub due_fen: Option<i64>,
    /// What was paid.
    pub paid_fen: Option<i64>,
    /// Minutes of overtime.
    pub minutes: Option<i64>,
    /// The month is not complete with it.
    pub blocks: bool,
}

/// Overtime of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct OvertimeLine {
    /// The class.
    pub class: PayClass,
    /// Minutes to be paid.
    pub minutes: i64,
    /// Minutes compensated by leave.
    pub leave_minutes: i64,
    /// The rate in basis points.
    pub rate_bp: i64,
    /// What is due.
    pub due_fen: i64,
    /// What the payslip has.
    pub paid_fen: i64,
}

/// A payslip with its sums and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct JudgedPay {
    /// 应发
    pub gross_fen: i64,
    /// 应付: what is left after what is taken off.
    pub net_fen: i64,
    /// What counts towards the minimum wage.
    pub counted_fen: i64,
    /// The minimum wage for the days he was employed.
    pub minimum_fen: i64,
    /// Overtime by class.
    pub overtime: Vec<OvertimeLine>,
    /// What is wrong.
    pub findings: Vec<PayFinding>,
}

fn amount(items: &[PayItem], which: impl Fn(PayItemKind) -> bool) -> i64 {
    items
        .iter()
        .filter(|item| which(item.kind))
        .map(|item| item.amount_fen)
        .sum()
}

/// Checks a payslip.
pub fn judge(law: &Law, slip: &Slip<'_>) -> JudgedPay {
    let (days, of) = slip.share;
    let minimum_fen = if of > 0 {
        part(law.minimum_fen, days, of)
    } else {
        law.minimum_fen
    };
    let gross_fen = amount(slip.items, |kind| !kind.is_taken_off());
    let net_fen = gross_fen - amount(slip.items, PayItemKind::is_taken_off);
    // His own insurances and taxes are part of his wage; what else was taken off is not.
    let counts = |kind: PayItemKind| !kind.is_taken_off() && !law.not_counted.contains(&kind);
    let counted_fen =
        amount(slip.items, counts) - amount(slip.items, |kind| kind == PayItemKind::Deduction);
    let finding = |fault: PayFault, due: Option<i64>, paid: Option<i64>| PayFinding {
        fault,
        class: None,
        due_fen: due,
        paid_fen: paid,
        minutes: None,
        blocks: fault.blocks(),
    };
    let mut findings = Vec::new();
    if counted_fen < minimum_fen {
        let below = finding(PayFault::BelowMinimum, Some(minimum_fen), Some(counted_fen));
        findings.push(below);
    }
    if slip.base_fen < law.minimum_fen {
        let (due, paid) = (Some(law.minimum_fen), Some(slip.base_fen));
        findings.push(finding(PayFault::BaseBelow, due, paid));
    }
    let performance = amount(slip.items, |kind| kind == PayItemKind::Performance);
    if performance < slip.performance_due_fen {
        let (due, paid) = (Some(slip.performance_due_fen), Some(performance));
        findings.push(finding(PayFault::PerformanceShort, due, paid));
    }
    // Nobody's overtime is reckoned from less than the minimum wage.
    let base = slip.base_fen.max(law.minimum_fen);
    let mut overtime = Vec::new();
    for class in PayClass::ALL {
        let of_class = || slip.worked.iter().filter(|worked| worked.class == *class);
        let minutes = |leave: bool| -> i64 {
            let those = of_class().filter(|worked| worked.leave == leave);
            those.map(|worked| worked.minutes).sum()
        };
        let line = OvertimeLine {
            class: *class,
            minutes: minutes(false),
            leave_minutes: minutes(true),
            rate_bp: law.rate_bp(*class),
            due_fen: law.overtime(base, *class, minutes(false)),
            paid_fen: amount(slip.items, |kind| kind == class.item()),
        };
        if line.paid_fen < line.due_fen {
            findings.push(PayFinding {
                class: Some(*class),
                minutes: Some(line.minutes),
                ..finding(
                    PayFault::OvertimeShort,
                    Some(line.due_fen),
                    Some(line.paid_fen),
                )
            });
        }
        if line.minutes + line.leave_minutes + line.paid_fen > 0 {
            overtime.push(line);
        }
    }
    let long = |fault: PayFault, minutes: i64| PayFinding {
        minutes: Some(minutes),
        ..finding(fault, None, None)
    };
    // A day may stand in several lines: what was paid, and what leave makes up for.
    let mut days: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for worked in slip.worked {
        if worked.class == PayClass::Extended {
            *days.entry(worked.day).or_default() += worked.minutes;
        }
    }
    if let Some(longest) = days.into_values().max()
        && longest > law.long_day_minutes
    {
        findings.push(long(PayFault::LongDay, longest));
    }
    let all: i64 = slip.worked.iter().map(|worked| worked.minutes).sum();
    if all > law.long_month_minutes {
        findings.push(long(PayFault::LongMonth, all));
    }
    if let Some(paid) = slip.paid_fen.filter(|paid| *paid != net_fen) {
        findings.push(finding(PayFault::PaidDiffers, Some(net_fen), Some(paid)));
    }
    JudgedPay {
        gross_fen,
        net_fen,
        counted_fen,
        minimum_fen,
        overtime,
        findings,
    }
}
