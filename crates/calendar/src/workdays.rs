//! Several years: counting working days.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use crate::year::{DayKind, OvertimeClass, YearCalendar};

/// The working days of the years that are known; other years answer with weekends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i32, YearCalendar>,
}

/// One day as the calendar knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The date.
    pub date: NaiveDate,
    /// Its kind.
    pub kind: DayKind,
    /// Name of the holiday, empty without one.
    pub name: String,
    /// False when its year is 待公布: the answer may change.
    pub published: bool,
}

/// A date found by counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The date.
    pub date: NaiveDate,
    /// False when the count touched a year that is 待公布: the answer may change.
    pub published: bool,
}

/// How many working days there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Working days.
    pub days: u32,
    /// False when the count touched a year that is 待公布: the answer may change.
    pub published: bool,
}

impl Calendar {
    /// A calendar of these years.
    pub fn new(years: impl IntoIterator<Item = YearCalendar>) -> Self {
        Self {
            years: years.into_iter().map(|year| (year.year(), year)).collect(),
        }
    }

    /// The year has a published calendar.
    pub fn is_published(&self, year: i32) -> bool {
        self.years.get(&year).is_some_and(YearCalendar::published)
    }

    /// The kind of a date.
    pub fn kind(&self, date: NaiveDate) -> DayKind {
        self.special(date)
            .map_or_else(|| DayKind::by_weekday(date), |day| day.kind)
    }

    /// A date with its name and whether its year is published.
    pub fn day(&self, date: NaiveDate) -> Day {
        Day {
            date,
            kind: self.kind(date),
            name: self
                .special(date)
                .map(|day| day.name.clone())
                .unwrap_or_default(),
            published: self.is_published(date.year()),
        }
    }

    fn special(&self, date: NaiveDate) -> Option<&crate::SpecialDay> {
        let of = |year: i32| self.years.get(&year).and_then(|year| year.special(date));
        // The newer notice wins over the older one on the December days it moves.
        of(date.year() + 1).or_else(|| of(date.year()))
    }

    /// People are expected at work.
    pub fn is_workday(&self, date: NaiveDate) -> bool {
        self.kind(date).is_workday()
    }

    /// What overtime on that day is paid with.
    pub fn overtime(&self, date: NaiveDate) -> OvertimeClass {
        self.kind(date).overtime()
    }

    /// The `n`-th working day after `start`, which is not counted (次日起算).
    pub fn add_workdays(&self, start: NaiveDate, n: u16) -> Counted {
        self.walk(start, n, NaiveDate::succ_opt)
    }

    /// The latest working day on which a notice of `n` working days can be given so that it has run out
    /// by `departure` (domain A-46): `add_workdays(notice, n) <= departure`.
    pub fn latest_notice(&self, departure: NaiveDate, n: u16) -> Counted {
        // A term that would end on a day off has to end on the working day before it.
        let end = self.on_or_before(departure);
        let notice = self.walk(end.date, n, NaiveDate::pred_opt);
        Counted {
            published: notice.published && end.published,
            ..notice
        }
    }

    /// The first working day that is `date` or after it.
    pub fn on_or_after(&self, date: NaiveDate) -> Counted {
        self.seek(date, NaiveDate::succ_opt)
    }

    /// The last working day that is `date` or before it.
    pub fn on_or_before(&self, date: NaiveDate) -> Counted {
        self.seek(date, NaiveDate::pred_opt)
    }

    /// The working days from `from` to `to`, both counted.
    pub fn workdays(&self, from: NaiveDate, to: NaiveDate) -> Count {
        let mut count = Count {
            days: 0,
            published: true,
        };
        for date in from.iter_days().take_while(|date| *date <= to) {
            count.days += u32::from(self.is_workday(date));
            count.published &= self.is_published(date.year());
        }
        count
    }

    /// The working days of a month; `None` when there is no such month.
    pub fn workdays_in_month(&self, year: i32, month: u32) -> Option<Count> {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        let next = first.checked_add_months(chrono::Months::new(1))?;
        Some(self.workdays(first, next.pred_opt()?))
    }

    fn seek(&self, date: NaiveDate, step: fn(&NaiveDate) -> Option<NaiveDate>) -> Counted {
        let mut counted = Counted {
            date,
            published: self.is_published(date.year()),
        };
        while !self.is_workday(counted.date) {
            // The end of chrono's time, 260,000 years from now: stay there.
            let Some(next) = step(&counted.date) else {
                break;
            };
            counted.date = next;
            counted.published &= self.is_published(next.year());
        }
        counted
    }

    fn walk(&self, start: NaiveDate, n: u16, step: fn(&NaiveDate) -> Option<NaiveDate>) -> Counted {
        let mut counted = Counted {
            date: start,
            published: self.is_published(start.year()),
        };
        for _ in 0..n {
            let Some(next) = step(&counted.date) else {
                break;
            };
            let reached = self.seek(next, step);
            counted.date = reached.date;
            counted.published &= reached.published;
        }
        counted
    }
}
