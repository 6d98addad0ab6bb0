//! The days a report is of: a day, a week from Monday on, a month, half a calendar year. Pure.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// How long the period of a report is.
    ReportPeriodKind {
        /// 日报
        Daily = "daily",
        /// 周报
        Weekly = "weekly",
        /// 月报
        Monthly = "monthly",
        /// 半年报
        HalfYear = "half_year",
    }
}

/// The days of a report, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct ReportPeriod {
    /// How long it is.
    pub kind: ReportPeriodKind,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
}

fn first_of(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default()
}

impl ReportPeriod {
    /// The period of this kind that holds the day.
    pub fn holding(kind: ReportPeriodKind, day: NaiveDate) -> Self {
        use ReportPeriodKind as K;
        let (from, until) = match kind {
            K::Daily => (day, day),
            K::Weekly => {
                let from = day - Days::new(day.weekday().num_days_from_monday().into());
                (from, from + Days::new(6))
            }
            K::Monthly | K::HalfYear => {
                let (month, months) = match kind {
                    K::Monthly => (day.month(), 1),
                    _ if day.month() <= 6 => (1, 6),
                    _ => (7, 6),
                };
                let from = first_of(day.year(), month);
                (from, from + Months::new(months) - Days::new(1))
            }
        };
        Self { kind, from, until }
    }

    /// The one before.
    #[must_use]
    pub fn before(self) -> Self {
        Self::holding(self.kind, self.from - Days::new(1))
    }

    /// The months of it, each with its first and last day.
    pub fn months(self) -> Vec<Self> {
        let mut month = Self::holding(ReportPeriodKind::Monthly, self.from);
        let mut months = Vec::new();
        while month.from <= self.until {
            months.push(Self {
                from: month.from.max(self.from),
                until: month.until.min(self.until),
                ..month
            });
            month = Self::holding(month.kind, month.until + Days::new(1));
        }
        months
    }

    /// As it is named on paper: `2026年11月`.
    pub fn name(self) -> String {
        use ReportPeriodKind as K;
        let day = |day: NaiveDate| format!("{}年{}月{}日", day.year(), day.month(), day.day());
        match self.kind {
            K::Daily => day(self.from),
            K::Weekly => {
                let (from, until) = (self.from, self.until);
                let last = match (until.year() == from.year(), until.month() == from.month()) {
                    (true, true) => format!("{}日", until.day()),
                    (true, false) => format!("{}月{}日", until.month(), until.day()),
                    _ => day(until),
                };
                format!("{}至{last}", day(from))
            }
            K::Monthly => format!("{}年{}月", self.from.year(), self.from.month()),
            K::HalfYear => {
                let half = if self.from.month() <= 6 { "上" } else { "下" };
                format!("{}年{half}半年", self.from.year())
            }
        }
    }
}

impl ReportPeriodKind {
    /// As it is called: 日报.
    pub fn word(self) -> &'static str {
        match self {
            Self::Daily => "日报",
            Self::Weekly => "周报",
            Self::Monthly => "月报",
            Self::HalfYear => "半年报",
        }
    }
}
