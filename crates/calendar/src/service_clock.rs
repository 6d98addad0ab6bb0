//! When the line is open, and time counted only while it is.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use crate::hours::{day_of, next_day};
use crate::{Calendar, ServiceHours};

/// The calendar and the service hours together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceClock {
    /// Which days are worked.
    pub calendar: Calendar,
    /// When the line is open on them.
    pub hours: ServiceHours,
}

/// One open stretch.
struct Open {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl ServiceClock {
    /// Service at these hours on the working days of this calendar.
    pub fn new(calendar: Calendar, hours: ServiceHours) -> Self {
        Self { calendar, hours }
    }

    /// The line is open; at the very minute of closing it is not.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.closing(at).is_some()
    }

    /// The end of the period in which `at` falls; `None` while the line is closed.
    pub fn closing(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.open_on(day_of(at))
            .find(|open| open.from <= at && at < open.to)
            .map(|open| open.to)
    }

    /// The start of the next period after `at`, also while the line is open.
    pub fn next_opening(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.open_from(day_of(at))
            .map(|open| open.from)
            .find(|from| *from > at)
    }

    /// The first opening on a working day after the day of `at`.
    pub fn next_day_opening(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.open_from(next_day(day_of(at)))
            .map(|open| open.from)
            .next()
    }

    /// The answer for the day of `at` rests on a published calendar.
    pub fn is_published(&self, at: DateTime<Utc>) -> bool {
        self.calendar.is_published(day_of(at).year())
    }

    /// The working day on which something received at `at` counts as received: what comes after the
    /// last closing or on a day off counts as the next working day's (domain B.3).
    pub fn day_of_receipt(&self, at: DateTime<Utc>) -> NaiveDate {
        let day = day_of(at);
        let late = at >= self.hours.closing_on(day) && self.calendar.is_workday(day);
        self.calendar
            .on_or_after(if late { next_day(day) } else { day })
            .date
    }

    /// The instant at which `open_for` of service has passed since `from`. It is a closing, not the
    /// opening after it, when it ends with a period.
    pub fn add(&self, from: DateTime<Utc>, open_for: TimeDelta) -> DateTime<Utc> {
        let mut left = open_for;
        let mut reached = from;
        if left <= TimeDelta::zero() {
            return from;
        }
        for open in self.open_from(day_of(from)) {
            let begin = open.from.max(from);
            if open.to <= begin {
                continue;
            }
            if open.to - begin >= left {
                return begin + left;
            }
            left -= open.to - begin;
            reached = open.to;
        }
        reached
    }

    /// Service time between two instants; zero when `to` is not after `from`.
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        self.open_from(day_of(from))
            .take_while(|open| open.from < to)
            .map(|open| (open.to.min(to) - open.from.max(from)).max(TimeDelta::zero()))
            .sum()
    }

    fn open_on(&self, date: NaiveDate) -> impl Iterator<Item = Open> + '_ {
        let periods: &[_] = if self.calendar.is_workday(date) {
            self.hours.periods()
        } else {
            &[]
        };
        periods.iter().map(move |period| Open {
            from: period.from.on(date),
            to: period.to.on(date),
        })
    }

    fn open_from(&self, date: NaiveDate) -> impl Iterator<Item = Open> + '_ {
        date.iter_days().flat_map(move |date| self.open_on(date))
    }
}
