//! Over which days, and of what.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeDelta, Utc};
use kernel::problem::{Result, invalid};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Guangzhou is ahead of UTC by this; without summer time since 1991.
const GUANGZHOU: TimeDelta = TimeDelta::hours(8);
/// The longest period that is asked for at once.
const LONGEST_DAYS: i64 = 800;

/// Civil days of the service's zone (Guangzhou), both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

impl Period {
    /// From a day to a day. 422 `period_backwards`, `period_too_long`.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self> {
        if to < from {
            return Err(invalid(
                "to",
                "period_backwards",
                "the period ends before it begins",
            ));
        }
        if (to - from).num_days() >= LONGEST_DAYS {
            return Err(invalid(
                "to",
                "period_too_long",
                "a period has at most 800 days",
            ));
        }
        Ok(Self { from, to })
    }

    /// One day.
    pub fn day(day: NaiveDate) -> Self {
        Self { from: day, to: day }
    }

    /// The calendar month of a day.
    pub fn month(day: NaiveDate) -> Self {
        let from = day.with_day(1).unwrap_or(day);
        let next = from
            .checked_add_months(chrono::Months::new(1))
            .unwrap_or(from);
        Self {
            from,
            to: next.pred_opt().unwrap_or(from),
        }
    }

    /// How many days.
    pub fn days(self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// The instant it begins.
    pub fn begins(self) -> DateTime<Utc> {
        self.from.and_time(NaiveTime::MIN).and_utc() - GUANGZHOU
    }

    /// The instant after it.
    pub fn ends(self) -> DateTime<Utc> {
        self.to.and_time(NaiveTime::MIN).and_utc() - GUANGZHOU + TimeDelta::days(1)
    }

    /// Each of its days.
    pub fn each(self) -> impl Iterator<Item = NaiveDate> {
        self.from.iter_days().take_while(move |day| *day <= self.to)
    }
}

/// What is counted; what is left out narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The code of a channel: `voice`, `web`, `wechat_oa` …; of tickets the platform.
    pub channel: Option<String>,
    /// The code of a queue.
    pub queue: Option<String>,
    /// The code of a matter; a main class takes its sub-classes in.
    pub matter: Option<String>,
    /// A person: who first answered the contact, who first owned the ticket, whose roster, sample, course it is.
    pub person: Option<Uuid>,
}

impl Cut {
    /// Of everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Of one person.
    pub fn of_person(person: Uuid) -> Self {
        Self {
            person: Some(person),
            ..Self::default()
        }
    }
}
