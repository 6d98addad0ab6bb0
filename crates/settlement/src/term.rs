//! Term and money of the contract, pure: months that run from its first day, the highest price of a
//! seat and month, and which price holds on a day.

use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One billing month: from a day of the contract on, both days counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BillingMonth)]
pub struct Month {
    /// 1 is the first month of the contract.
    pub n: u32,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
}

/// The `n`-th billing month of a contract that begins on `start`; each is counted from `start`, so that a contract of
/// the 31st does not slip to the 28th. `None` outside of the calendar.
pub fn month(start: NaiveDate, n: u32) -> Option<Month> {
    let from = start.checked_add_months(Months::new(n.checked_sub(1)?))?;
    let until = start.checked_add_months(Months::new(n))?.pred_opt()?;
    Some(Month { n, from, until })
}

/// The last day of a contract of so many months.
pub fn last_day(start: NaiveDate, months: u32) -> Option<NaiveDate> {
    month(start, months).map(|last| last.until)
}

/// The highest price in fen of a seat and month, so that all of them stay within the cap: 8,333.33 yuan at 600,000 for
/// 6 seats and 12 months. Cut, not rounded.
pub fn highest_price(cap_fen: i64, seats: i64, months: i64) -> i64 {
    cap_fen / (seats * months).max(1)
}

/// A row of the price table: 客服人员, 元/座席/月.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PriceFrom)]
pub struct Price {
    /// The first day it holds.
    pub from: NaiveDate,
    /// Fen for a seat and month.
    pub fen: i64,
}

/// A stretch of days with one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
    /// Fen for a seat and month.
    pub price_fen: i64,
}

/// The stretches of `month` by the prices; days before the first price have none.
pub fn stretches(prices: &[Price], month: &Month) -> Vec<Stretch> {
    let mut rows: Vec<Price> = prices.to_vec();
    rows.sort_by_key(|price| price.from);
    let mut found = Vec::new();
    for (at, price) in rows.iter().enumerate() {
        let ends = rows.get(at + 1).and_then(|next| next.from.pred_opt());
        let from = price.from.max(month.from);
        let until = ends.map_or(month.until, |ends| ends.min(month.until));
        if from <= until {
            found.push(Stretch {
                from,
                until,
                price_fen: price.fen,
            });
        }
    }
    found
}

/// The next day on or after `today` on which the end of the term is to be spoken of, so many days before it.
pub fn next_reminder(last: NaiveDate, days_before: &[u64], today: NaiveDate) -> Option<NaiveDate> {
    let days = days_before
        .iter()
        .filter_map(|days| last.checked_sub_days(Days::new(*days)));
    days.filter(|day| *day >= today).min()
}
