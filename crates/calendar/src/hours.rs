//! The periods of a service day.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::SHANGHAI;

/// Minutes in a day.
const DAY: u16 = 24 * 60;

/// A time of day to the minute, `08:30`; `24:00` is the end of the day, the default its beginning.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "String", try_from = "String")]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// `hour:minute`; `None` beyond 24:00.
    pub const fn new(hour: u16, minute: u16) -> Option<Self> {
        if minute < 60 && hour <= 24 && hour * 60 + minute <= DAY {
            Some(Self(hour * 60 + minute))
        } else {
            None
        }
    }

    /// Minutes since midnight, 0 to 1440.
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// This time on a day in Shanghai.
    pub fn on(self, date: NaiveDate) -> DateTime<Utc> {
        let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc();
        let offset = TimeDelta::seconds(i64::from(SHANGHAI.local_minus_utc()));
        midnight - offset + TimeDelta::minutes(i64::from(self.0))
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a time of day such as 08:30");
        let two_digits = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse().ok() } else { None }
        };
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let (hour, minute) = two_digits(hour).zip(two_digits(minute)).ok_or_else(wrong)?;
        Self::new(hour, minute).ok_or_else(wrong)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A stretch in which the line is open: from `from` until just before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Opens.
    pub from: TimeOfDay,
    /// Closes.
    pub to: TimeOfDay,
}

/// The periods of every working day, in order, none touching the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ServiceHours {
    periods: Vec<Period>,
}

/// Periods that make no service day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoursFault {
    /// There is not one period.
    None,
    /// The period at this place (from 0) ends before it begins.
    Backward(usize),
    /// The period at this place (from 0) begins before or when the one before it ends.
    Overlapping(usize),
}

impl fmt::Display for HoursFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("a service day has at least one period"),
            Self::Backward(at) => write!(f, "period {} ends before it begins", at + 1),
            Self::Overlapping(at) => {
                write!(
                    f,
                    "period {} begins before or when the one before it ends",
                    at + 1
                )
            }
        }
    }
}

impl ServiceHours {
    /// Hours of these periods, given in order.
    pub fn new(periods: Vec<Period>) -> Result<Self, HoursFault> {
        if periods.is_empty() {
            return Err(HoursFault::None);
        }
        if let Some(at) = periods.iter().position(|period| period.from >= period.to) {
            return Err(HoursFault::Backward(at));
        }
        if let Some(at) = periods
            .windows(2)
            .position(|pair| pair[1].from <= pair[0].to)
        {
            return Err(HoursFault::Overlapping(at + 1));
        }
        Ok(Self { periods })
    }

    /// The periods in order; at least one.
    pub fn periods(&self) -> &[Period] {
        &self.periods
    }

    /// Minutes of service in a day.
    pub fn minutes_a_day(&self) -> u32 {
        self.periods
            .iter()
            .map(|period| u32::from(period.to.0 - period.from.0))
            .sum()
    }

    /// The last closing of a day in Shanghai.
    pub fn closing_on(&self, date: NaiveDate) -> DateTime<Utc> {
        let end = self
            .periods
            .last()
            .map_or(TimeOfDay(DAY), |period| period.to);
        end.on(date)
    }
}

impl Default for ServiceHours {
    /// 08:30–12:00, 13:30–18:00: eight hours a working day (domain A-30).
    fn default() -> Self {
        let morning = Period {
            from: TimeOfDay(8 * 60 + 30),
            to: TimeOfDay(12 * 60),
        };
        let afternoon = Period {
            from: TimeOfDay(13 * 60 + 30),
            to: TimeOfDay(18 * 60),
        };
        Self {
            periods: vec![morning, afternoon],
        }
    }
}

/// The day in Shanghai on which `at` falls.
pub(crate) fn day_of(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&SHANGHAI).date_naive()
}

/// The day after; stays at the end of chrono's time.
pub(crate) fn next_day(date: NaiveDate) -> NaiveDate {
    date.checked_add_days(Days::new(1)).unwrap_or(date)
}
