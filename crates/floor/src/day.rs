//! The figures of today, kept as works come and go, and rebuilt from the rows at start.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// Asia/Shanghai is ahead of UTC by this; without summer time since 1991.
const SHANGHAI: TimeDelta = TimeDelta::hours(8);

/// The service day of an instant, in Asia/Shanghai.
pub fn service_day(at: DateTime<Utc>) -> NaiveDate {
    (at + SHANGHAI).date_naive()
}

/// When a service day begins.
pub fn day_begins(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() - SHANGHAI
}

/// What became of today's calls into the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub day: NaiveDate,
    /// Calls offered today (今日来电).
    pub offered: u64,
    /// Of them answered by an agent.
    pub answered: u64,
    /// Of them answered within the queue's service level.
    pub in_time: u64,
    /// Of them given up by the requester, the short ones included.
    pub abandoned: u64,
    /// Of them given up within the queue's short-abandon threshold.
    pub short: u64,
    /// Of them lost otherwise: nobody answered in the longest wait, or the system was interrupted.
    pub lost: u64,
}

impl Day {
    /// The empty day of `at`.
    pub fn of(at: DateTime<Utc>) -> Self {
        let day = service_day(at);
        Self {
            day,
            offered: 0,
            answered: 0,
            in_time: 0,
            abandoned: 0,
            short: 0,
            lost: 0,
        }
    }

    /// Calls of today whose wait is over.
    pub fn decided(&self) -> u64 {
        self.answered + self.abandoned + self.lost
    }

    /// 15-second answer rate (K-02) in basis points: answered in time of all whose wait is over, short
    /// abandons included; `None` before the first. At the end of the day this is `A15 / O`.
    pub fn in_time_bp(&self) -> Option<u64> {
        (self.in_time * 10_000).checked_div(self.decided())
    }
}
