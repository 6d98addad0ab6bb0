//! The calendar against the published facts of 2026 and against itself.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod counting;
mod deadlines;
mod service_clock;
mod year_2026;

use calendar::{Calendar, SHANGHAI, ServiceClock, ServiceHours, YearCalendar, YearNotice};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};

fn notice_2026() -> YearNotice {
    serde_json::from_str(calendar::SHIPPED[0]).unwrap()
}

fn calendar_2026() -> Calendar {
    Calendar::new([YearCalendar::from_notice(&notice_2026()).unwrap()])
}

fn clock_2026() -> ServiceClock {
    ServiceClock::new(calendar_2026(), ServiceHours::default())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// `2026-09-18 17:59` as the clock on the wall in Guangzhou shows it.
fn at(text: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    SHANGHAI.from_local_datetime(&local).unwrap().to_utc()
}
