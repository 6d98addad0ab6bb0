#![doc = include_str!("../README.md")]

mod deadline;
mod hours;
mod service_clock;
mod workdays;
mod year;

use chrono::FixedOffset;

pub use deadline::{Deadline, DeadlineRule, Limit};
pub use hours::{HoursFault, Period, ServiceHours, TimeOfDay};
pub use service_clock::ServiceClock;
pub use workdays::{Calendar, Count, Counted, Day};
pub use year::{DayKind, NoticeFault, OvertimeClass, SpecialDay, YearCalendar, YearNotice};

/// Asia/Shanghai: one offset without summer time since 1991.
pub const SHANGHAI: FixedOffset = match FixedOffset::east_opt(8 * 3600) {
    Some(offset) => offset,
    None => panic!("eight hours is a valid offset"),
};

/// The published calendars that ship, as the JSON text of a [`YearNotice`] each.
pub const SHIPPED: &[&str] = &[include_str!("../data/calendar_2026.json")];
