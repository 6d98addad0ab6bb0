//! What came in so far, by day and bin.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Timelike as _, Weekday};

/// A weekday is one that is open when so large a share of those in the history were.
pub const OPEN_SHARE: f64 = 0.5;

/// One day's bins.
#[derive(Debug, Clone, PartialEq)]
pub struct BinDay {
    /// The day.
    pub date: NaiveDate,
    /// Calls of each bin from [`History::first_bin`] on.
    pub calls: Vec<f64>,
}

impl BinDay {
    /// Calls of the day.
    pub fn total(&self) -> f64 {
        self.calls.iter().sum()
    }
}

/// Why a history cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryError {
    /// The bin is not a divisor of a day in minutes.
    Bin,
    /// Fewer than two weeks.
    TooShort,
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bin => "a bin must divide the day: 5, 15, 30 or 60 minutes",
            Self::TooShort => "a forecast needs at least ten open days",
        })
    }
}

impl std::error::Error for HistoryError {}

/// The open days of a past, all with the same bins.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Length of a bin in minutes.
    pub bin: u32,
    /// The first bin of the day that ever had a call.
    pub first_bin: usize,
    /// The open days in their order.
    pub days: Vec<BinDay>,
}

impl History {
    /// Sums up counts by bins of so many minutes.
    pub fn of(
        counts: impl IntoIterator<Item = (NaiveDateTime, f64)>,
        bin: u32,
    ) -> Result<Self, HistoryError> {
        if bin == 0 || 1_440 % bin != 0 {
            return Err(HistoryError::Bin);
        }
        let mut days: BTreeMap<NaiveDate, Vec<f64>> = BTreeMap::new();
        let bins = (1_440 / bin) as usize;
        for (at, calls) in counts {
            let minute = at.hour() * 60 + at.minute();
            days.entry(at.date()).or_insert_with(|| vec![0.0; bins])[(minute / bin) as usize] +=
                calls;
        }
        days.retain(|_, calls| calls.iter().any(|&calls| calls > 0.0));
        if days.len() < 10 {
            return Err(HistoryError::TooShort);
        }
        let busy = |at: usize| days.values().any(|calls| calls[at] > 0.0);
        let first = (0..bins).find(|&at| busy(at)).unwrap_or(0);
        let last = (0..bins).rev().find(|&at| busy(at)).unwrap_or(bins - 1);
        let days = days.into_iter().map(|(date, calls)| BinDay {
            date,
            calls: calls[first..=last].to_vec(),
        });
        Ok(Self {
            bin,
            first_bin: first,
            days: days.collect(),
        })
    }

    /// Bins of a day.
    pub fn bins(&self) -> usize {
        self.days.first().map_or(0, |day| day.calls.len())
    }

    /// When a bin begins on a day.
    pub fn start(&self, date: NaiveDate, bin: usize) -> NaiveDateTime {
        let minutes = (self.first_bin + bin) as i64 * i64::from(self.bin);
        date.and_time(chrono::NaiveTime::MIN) + chrono::TimeDelta::minutes(minutes)
    }

    /// The weekdays that are open.
    pub fn open_weekdays(&self) -> [bool; 7] {
        let (Some(first), Some(last)) = (self.days.first(), self.days.last()) else {
            return [false; 7];
        };
        let mut all = [0_u32; 7];
        let mut open = [0_u32; 7];
        for date in first.date.iter_days().take_while(|&date| date <= last.date) {
            all[at(date.weekday())] += 1;
        }
        for day in &self.days {
            open[at(day.date.weekday())] += 1;
        }
        std::array::from_fn(|day| {
            all[day] > 0 && f64::from(open[day]) >= OPEN_SHARE * f64::from(all[day])
        })
    }

    /// The days before a date.
    #[must_use]
    pub fn until(&self, date: NaiveDate) -> Self {
        let days = self
            .days
            .iter()
            .filter(|day| day.date < date)
            .cloned()
            .collect();
        Self { days, ..*self }
    }
}

pub(super) fn at(weekday: Weekday) -> usize {
    weekday.num_days_from_monday() as usize
}
