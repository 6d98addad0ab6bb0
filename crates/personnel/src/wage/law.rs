//! The law as rows: minimum wage, bases and rates, limits. Each is a parameter with source and who confirmed it; what
//! ships was found in a copy or is from memory, and is 待核实 until somebody here confirms it.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::list::beginning_with;
use kernel::params::{Shipped, parameter};
use kernel::problem::{Result, internal, invalid};
use kernel::{App, Tx};
use sea_orm::{Condition, ConnectionTrait, EntityTrait, QueryFilter};

use super::InsuranceItem;
use super::sums::{Law, PayItemKind, Premium, Provision};

/// What all keys of wages begin with.
pub const PREFIX: &str = "wage.";

/// Total of the contract in fen.
pub const CAP: &str = "wage.contract_cap_fen";
/// Statutory holidays of a year by the text of the contract.
pub const CONTRACT_HOLIDAYS: &str = "wage.contract_holidays";
/// Day of the month from which gaps of the month before are told.
pub const GAP_DAY: &str = "wage.gap_alert_day";

/// Every row of wages and overtime; a few dozen.
#[derive(Debug, Clone)]
pub struct Laws {
    rows: Vec<parameter::Model>,
    /// What was recorded later is not known; everything is where this is none.
    known_at: Option<DateTime<Utc>>,
}

/// A value with what is known of it.
#[derive(Debug, Clone)]
pub struct Value {
    /// The value.
    pub value: i64,
    /// It was confirmed here.
    pub verified: bool,
    /// The document.
    pub source: String,
}

fn begin_of(day: NaiveDate) -> DateTime<Utc> {
    calendar::TimeOfDay::default().on(day)
}

impl Laws {
    /// Reads them.
    pub async fn load(conn: &impl ConnectionTrait) -> Result<Self> {
        let which = Condition::any()
            .add(beginning_with(parameter::Column::Key, PREFIX))
            .add(beginning_with(parameter::Column::Key, "overtime."));
        let rows = parameter::Entity::find().filter(which).all(conn).await?;
        Ok(Self {
            rows,
            known_at: None,
        })
    }

    /// The same as they were known at a moment, so that what was judged then is judged the same today.
    #[must_use]
    pub fn known_at(&self, moment: Option<DateTime<Utc>>) -> Self {
        Self {
            rows: self.rows.clone(),
            known_at: moment,
        }
    }

    fn row(&self, key: &str, day: NaiveDate) -> Result<&parameter::Model> {
        let at = begin_of(day);
        let holding = || {
            let rows = self.rows.iter().filter(|row| row.key == key);
            rows.filter(|row| row.effective_from <= at && row.effective_to.is_none_or(|to| to > at))
        };
        let known =
            holding().filter(|row| self.known_at.is_none_or(|known| row.recorded_at <= known));
        let held = known.max_by_key(|row| (row.effective_from, row.recorded_at, row.id));
        // Of a month that was handed in before the program knew any value, the first that was recorded.
        let held = held.or_else(|| holding().min_by_key(|row| (row.recorded_at, row.id)));
        held.ok_or_else(|| {
            let detail = format!("no value of {key} holds on {day}");
            invalid("month", "wage_law_unknown", detail).with_way_out("POST /api/v1/parameters")
        })
    }

    /// The value that holds on a day.
    pub fn value(&self, key: &str, day: NaiveDate) -> Result<Value> {
        let row = self.row(key, day)?;
        let value = row
            .value
            .trim()
            .parse()
            .map_err(|_| internal(format!("parameter {key} is not readable: {}", row.value)))?;
        Ok(Value {
            value,
            verified: !row.confirm_before_use || row.confirmed_at.is_some(),
            source: row.source_doc_no.clone(),
        })
    }

    fn number(&self, key: &str, day: NaiveDate) -> Result<i64> {
        Ok(self.value(key, day)?.value)
    }

    fn premium(&self, name: &str, day: NaiveDate) -> Result<Premium> {
        let of = |what: &str| self.value(&format!("{PREFIX}{name}.{what}"), day);
        let (lower, upper) = (of("base_lower_fen")?, of("base_upper_fen")?);
        let (employer, employee) = (of("employer_bp")?, of("employee_bp")?);
        Ok(Premium {
            lower_fen: lower.value,
            upper_fen: upper.value,
            employer_bp: employer.value,
            employee_bp: employee.value,
            merged: false,
            // The floor stands on the lowest base and the employer's rate.
            verified: lower.verified && employer.verified,
            source: lower.source,
        })
    }

    /// What holds on a day.
    pub fn on(&self, day: NaiveDate) -> Result<Law> {
        let minimum = self.value("wage.minimum_month_fen", day)?;
        let merged = self.number("wage.maternity.merged", day)? != 0;
        let mut premiums = Vec::new();
        for item in InsuranceItem::ALL {
            let mut premium = self.premium(item.as_str(), day)?;
            if *item == InsuranceItem::Maternity && merged {
                premium.merged = true;
                // It stands in the rate of the medical insurance.
                (premium.employer_bp, premium.employee_bp) = (0, 0);
            }
            premiums.push((*item, premium));
        }
        let rates = [
            self.value("overtime.extended_bp", day)?,
            self.value("overtime.rest_day_bp", day)?,
            self.value("overtime.statutory_holiday_bp", day)?,
        ];
        let not_counted = &self.row("wage.not_counted_items", day)?.value;
        Ok(Law {
            minimum_fen: minimum.value,
            minimum_verified: minimum.verified,
            minimum_source: minimum.source,
            premiums,
            fund: self.premium("fund", day)?,
            paid_days_hundredths: self.number("wage.paid_days_hundredths", day)?,
            day_minutes: self.number("wage.day_minutes", day)?,
            overtime_verified: rates.iter().all(|rate| rate.verified),
            overtime_bp: rates.map(|rate| rate.value),
            provision: Provision {
                extended_minutes: self.number("wage.provision.extended_minutes", day)?,
                rest_day_minutes: self.number("wage.provision.rest_day_minutes", day)?,
                holiday_minutes: self.number("wage.provision.holiday_minutes", day)?,
            },
            not_counted: not_counted
                .split(',')
                .filter_map(|word| PayItemKind::parse(word.trim()))
                .collect(),
            long_day_minutes: self.number("wage.overtime_day_most_minutes", day)?,
            long_month_minutes: self.number("wage.overtime_month_most_minutes", day)?,
        })
    }
}

/// Records what ships; at every start.
pub async fn ship(app: &App) -> Result<()> {
    let params = app.params.clone();
    app.db
        .write(move |tx: Tx| async move { params.ship(&tx, &shipped()).await })
        .await
}

const GOVERNMENT: &str = "https://www.gd.gov.cn/";
const LAWS: &str = "https://flk.npc.gov.cn/";
const REQUIREMENT: &str = "采购需求书";
const COPY: &str = "据转载文本，使用前请核对";
const MEMORY: &str = "未找到公开文本，按通行口径填写，使用前请核对";
const DESIGN: &str = "设计默认值，待双方约定";

/// What ships: key, value, unit, from, document, address, note.
type Line = (
    &'static str,
    &'static str,
    &'static str,
    (i32, u32, u32),
    &'static str,
    &'static str,
    &'static str,
);

#[rustfmt::skip]
const SHIPPED: &[Line] = &[
    ("wage.minimum_month_fen", "230000", "fen", (2021, 12, 1), "广东省 2021 年最低工资通知", GOVERNMENT, COPY),
    ("wage.minimum_month_fen", "250000", "fen", (2025, 3, 1), "粤府函〔2025〕23号", GOVERNMENT, COPY),
    ("wage.minimum_month_fen", "268000", "fen", (2026, 9, 1), "粤府函〔2026〕188号", GOVERNMENT, COPY),
    ("wage.minimum_hour_fen", "2220", "fen", (2021, 12, 1), "广东省 2021 年最低工资通知", GOVERNMENT, COPY),
    ("wage.minimum_hour_fen", "2370", "fen", (2025, 3, 1), "粤府函〔2025〕23号", GOVERNMENT, COPY),
    ("wage.minimum_hour_fen", "2540", "fen", (2026, 9, 1), "粤府函〔2026〕188号", GOVERNMENT, COPY),
    ("wage.pension.base_lower_fen", "551000", "fen", (2021, 12, 1), "粤人社发〔2025〕32号", GOVERNMENT, "2025-07-01 起的下限；更早的月份请录入当期数值；据转载文本，使用前请核对"),
    ("wage.pension.base_upper_fen", "2754900", "fen", (2021, 12, 1), "粤人社发〔2025〕32号", GOVERNMENT, "2025-07-01 起的上限；2026-07 至 2027-06 尚未公布；据转载文本，使用前请核对"),
    ("wage.pension.employer_bp", "1600", "bp", (2021, 12, 1), "企业职工基本养老保险", GOVERNMENT, MEMORY),
    ("wage.pension.employee_bp", "800", "bp", (2021, 12, 1), "企业职工基本养老保险", GOVERNMENT, COPY),
    ("wage.medical.base_lower_fen", "623600", "fen", (2021, 12, 1), "广州市 2025 年度职工医保缴费基数", GOVERNMENT, "转载处标明待核对，使用前请核对"),
    ("wage.medical.base_upper_fen", "3117900", "fen", (2021, 12, 1), "广州市 2025 年度职工医保缴费基数", GOVERNMENT, "转载处标明待核对，使用前请核对"),
    ("wage.medical.employer_bp", "450", "bp", (2021, 12, 1), "职工基本医疗保险（含生育）", GOVERNMENT, "已知范围 4.5 %–6.85 %，含生育 0.85 %，此处取下限；未找到公开文本，使用前请核对"),
    ("wage.medical.employee_bp", "200", "bp", (2021, 12, 1), "职工基本医疗保险", GOVERNMENT, COPY),
    ("wage.injury.base_lower_fen", "0", "fen", (2021, 12, 1), "工伤保险", GOVERNMENT, "0 表示等于当期最低工资；未找到公开文本，使用前请核对"),
    ("wage.injury.base_upper_fen", "0", "fen", (2021, 12, 1), "工伤保险", GOVERNMENT, "0 表示不设上限；未找到公开文本，使用前请核对"),
    ("wage.injury.employer_bp", "20", "bp", (2021, 12, 1), "工伤保险", GOVERNMENT, "按行业 0.2 %–1.4 % 浮动，此处取一类行业；未找到公开文本，使用前请核对"),
    ("wage.injury.employee_bp", "0", "bp", (2021, 12, 1), "工伤保险", GOVERNMENT, MEMORY),
    ("wage.maternity.merged", "1", "", (2021, 12, 1), "生育保险与职工医保合并实施", GOVERNMENT, "1 表示与医疗合并；未找到公开文本，使用前请核对"),
    ("wage.maternity.base_lower_fen", "0", "fen", (2021, 12, 1), "生育保险与职工医保合并实施", GOVERNMENT, MEMORY),
    ("wage.maternity.base_upper_fen", "0", "fen", (2021, 12, 1), "生育保险与职工医保合并实施", GOVERNMENT, MEMORY),
    ("wage.maternity.employer_bp", "85", "bp", (2021, 12, 1), "生育保险与职工医保合并实施", GOVERNMENT, "与医疗合并时不另计；未找到公开文本，使用前请核对"),
    ("wage.maternity.employee_bp", "0", "bp", (2021, 12, 1), "生育保险与职工医保合并实施", GOVERNMENT, MEMORY),
    ("wage.unemployment.base_lower_fen", "0", "fen", (2021, 12, 1), "失业保险", GOVERNMENT, "0 表示等于当期最低工资；据转载文本，使用前请核对"),
    ("wage.unemployment.base_upper_fen", "4111200", "fen", (2021, 12, 1), "失业保险 2025 年度", GOVERNMENT, COPY),
    ("wage.unemployment.employer_bp", "80", "bp", (2021, 12, 1), "失业保险", GOVERNMENT, "0.8 % 或浮动；未找到公开文本，使用前请核对"),
    ("wage.unemployment.employee_bp", "20", "bp", (2021, 12, 1), "失业保险", GOVERNMENT, COPY),
    ("wage.fund.base_lower_fen", "0", "fen", (2021, 12, 1), "住房公积金", GOVERNMENT, "0 表示等于当期最低工资；据转载文本，使用前请核对"),
    ("wage.fund.base_upper_fen", "3982800", "fen", (2021, 12, 1), "住房公积金 2025 年度", GOVERNMENT, COPY),
    ("wage.fund.base_upper_fen", "4169700", "fen", (2026, 7, 1), "住房公积金 2026 年度", GOVERNMENT, COPY),
    ("wage.fund.employer_bp", "500", "bp", (2021, 12, 1), "住房公积金", GOVERNMENT, "5 %–12 %，此处取下限；需求书未要求，填 0 则不计入底线；据转载文本，使用前请核对"),
    ("wage.fund.employee_bp", "500", "bp", (2021, 12, 1), "住房公积金", GOVERNMENT, COPY),
    ("wage.paid_days_hundredths", "2175", "", (2021, 12, 1), "人社部发〔2025〕2号", GOVERNMENT, "月计薪天数 21.75；据转载文本，使用前请核对"),
    ("wage.day_minutes", "480", "minute", (2021, 12, 1), "劳动法 第三十六条", LAWS, COPY),
    ("wage.overtime_day_most_minutes", "180", "minute", (2021, 12, 1), "劳动法 第四十一条", LAWS, COPY),
    ("wage.overtime_month_most_minutes", "2160", "minute", (2021, 12, 1), "劳动法 第四十一条", LAWS, COPY),
    ("wage.not_counted_items", "overtime_extended,overtime_rest_day,overtime_holiday,night,heat,meal,benefit,back_pay", "", (2021, 12, 1), "最低工资规定", GOVERNMENT, "不计入最低工资的项目；未找到公开文本，使用前请核对"),
    ("wage.provision.extended_minutes", "0", "minute", (2021, 12, 1), REQUIREMENT, "", DESIGN),
    ("wage.provision.rest_day_minutes", "240", "minute", (2021, 12, 1), REQUIREMENT, "", "每座席每月 4 小时休息日加班（A-31）；设计默认值，待双方约定"),
    ("wage.provision.holiday_minutes", "0", "minute", (2021, 12, 1), REQUIREMENT, "", DESIGN),
    (CONTRACT_HOLIDAYS, "11", "", (2021, 12, 1), "采购需求书 A-59", "", "合同文本所写天数；现行法定天数按日历计算"),
    (GAP_DAY, "15", "", (2021, 12, 1), REQUIREMENT, "", DESIGN),
    (CAP, "60000000", "fen", (2021, 12, 1), "采购需求书 A-63", "", "最高限价 60 万元"),
];

/// What ships.
pub fn shipped() -> Vec<Shipped> {
    let line = |line: &Line| {
        let (key, value, unit, (year, month, day), source_doc_no, source_url, note) = *line;
        // What the requirement itself says is known; all else is to be confirmed first.
        let known = source_doc_no.starts_with("采购需求书 A-");
        Shipped {
            key,
            value,
            unit,
            effective_from: begin_of(NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()),
            source_doc_no,
            source_url,
            note,
            confirm_before_use: !known,
        }
    };
    SHIPPED.iter().map(line).collect()
}
