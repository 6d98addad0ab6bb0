//! The parameters of working time and service that ship: laws and targets as rows with their source, which
//! the purchaser's administrator confirms or replaces under `/api/v1/parameters`.

use calendar::OvertimeClass;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::params::{Params, Shipped};
use kernel::problem::Result;

const LABOUR_LAW: &str = "劳动法 第四十四条";
const LABOUR_LAW_URL: &str = "https://flk.npc.gov.cn/";
const SERVICE_STANDARD: &str = "GB/T 33358-2016";
const SERVICE_STANDARD_URL: &str = "https://openstd.samr.gov.cn/";

/// The parameter that holds the rate of a class, in basis points of the hourly base.
fn overtime_key(class: OvertimeClass) -> &'static str {
    match class {
        OvertimeClass::Extended => "overtime.extended_bp",
        OvertimeClass::RestDay => "overtime.rest_day_bp",
        OvertimeClass::StatutoryHoliday => "overtime.statutory_holiday_bp",
    }
}

/// Least pay of overtime on that day, in basis points of the hourly base.
pub async fn overtime_rate_bp(
    params: &Params,
    class: OvertimeClass,
    day: NaiveDate,
) -> Result<i64> {
    params.get_i64(overtime_key(class), begin_of(day)).await
}

/// What ships.
pub fn shipped() -> Vec<Shipped> {
    let overtime = |class, value, note| Shipped {
        key: overtime_key(class),
        value,
        unit: "bp",
        effective_from: begin_of(NaiveDate::from_ymd_opt(1995, 1, 1).unwrap_or_default()),
        source_doc_no: LABOUR_LAW,
        source_url: LABOUR_LAW_URL,
        note,
        confirm_before_use: true,
    };
    let target = |key, value, note| Shipped {
        key,
        value,
        unit: "bp",
        effective_from: begin_of(NaiveDate::from_ymd_opt(2017, 7, 1).unwrap_or_default()),
        source_doc_no: SERVICE_STANDARD,
        source_url: SERVICE_STANDARD_URL,
        note,
        confirm_before_use: true,
    };
    vec![
        overtime(
            OvertimeClass::Extended,
            "15000",
            "延长工作时间，不低于 150 %；据转载文本，使用前请核对",
        ),
        overtime(
            OvertimeClass::RestDay,
            "20000",
            "休息日且未补休，不低于 200 %；据转载文本，使用前请核对",
        ),
        overtime(
            OvertimeClass::StatutoryHoliday,
            "30000",
            "法定节假日，不低于 300 %；据转载文本，使用前请核对",
        ),
        target(
            "service.k01_answered_target_bp",
            "9500",
            "K-01 呼叫接通率，不低于 95 %；据转载文本，使用前请核对",
        ),
        target(
            "service.k02_answered_in_15_s_target_bp",
            "8500",
            "K-02 15 秒接通率，不低于 85 %；15 秒据转载文本，85 % 为本产品建议值，使用前请核对",
        ),
    ]
}

fn begin_of(day: NaiveDate) -> DateTime<Utc> {
    calendar::TimeOfDay::default().on(day)
}
