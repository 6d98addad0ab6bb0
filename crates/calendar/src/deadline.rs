//! When something is due, and by which rule.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::ServiceClock;
use crate::hours::day_of;

/// How long something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Working days; ends when service ends on the last of them.
    WorkingDays(u16),
    /// Minutes in which the line is open.
    ServiceMinutes(u32),
    /// Minutes on the wall, nights and holidays included.
    ClockMinutes(u32),
}

/// A rule that makes deadlines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadlineRule {
    /// Names the rule wherever its deadlines are stored.
    pub id: String,
    /// How long it gives.
    pub limit: Limit,
    /// What comes after closing or on a day off counts as received on the next working day. Matters to
    /// working days only: service minutes do not run before the next opening in any case.
    #[serde(default = "yes")]
    pub late_receipt_is_next_day: bool,
}

fn yes() -> bool {
    true
}

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The last instant that is still in time.
    pub business_due_at: DateTime<Utc>,
    /// The rule that produced it.
    pub rule_id: String,
    /// False when the count touched a year that is 待公布: count again once it is published.
    pub published: bool,
}

impl DeadlineRule {
    /// A rule of `n` working days; late receipt counts as the next working day.
    pub fn working_days(id: impl Into<String>, n: u16) -> Self {
        let limit = Limit::WorkingDays(n);
        Self {
            id: id.into(),
            limit,
            late_receipt_is_next_day: true,
        }
    }

    /// A rule of minutes on the service clock.
    pub fn service_minutes(id: impl Into<String>, minutes: u32) -> Self {
        let limit = Limit::ServiceMinutes(minutes);
        Self {
            id: id.into(),
            limit,
            late_receipt_is_next_day: true,
        }
    }
}

impl ServiceClock {
    /// When what was received at `received_at` is due by `rule`.
    pub fn deadline(&self, rule: &DeadlineRule, received_at: DateTime<Utc>) -> Deadline {
        let received_on = day_of(received_at);
        let business_due_at = match rule.limit {
            Limit::WorkingDays(n) => {
                let start = if rule.late_receipt_is_next_day {
                    self.day_of_receipt(received_at)
                } else {
                    received_on
                };
                let last = self.calendar.add_workdays(start, n).date;
                self.hours.closing_on(self.calendar.on_or_after(last).date)
            }
            Limit::ServiceMinutes(minutes) => {
                self.add(received_at, TimeDelta::minutes(i64::from(minutes)))
            }
            Limit::ClockMinutes(minutes) => received_at + TimeDelta::minutes(i64::from(minutes)),
        };
        // Wall minutes do not ask which days are worked.
        let published = matches!(rule.limit, Limit::ClockMinutes(_))
            || (received_on.year()..=day_of(business_due_at).year())
                .all(|year| self.calendar.is_published(year));
        Deadline {
            business_due_at,
            rule_id: rule.id.clone(),
            published,
        }
    }
}
