//! The supplier's archive of what it has run before: contracts, and how many months of hotlines of public
//! offices they make, what overlaps counted once.
//!
//! Pure: contracts go in, months come out.

pub mod http;

use chrono::{Months, NaiveDate};

/// Days of what is left over that make a month: what is left of one time is less than one.
const DAYS: i64 = 31;

/// Months of these times, first and last day included; a day that several hold counts once. Of each time without a
/// gap whole months count as such, so that three years are 36 whatever their days; what is left over is added up.
pub fn months(times: &[(NaiveDate, NaiveDate)]) -> u32 {
    let mut times: Vec<(NaiveDate, NaiveDate)> = times
        .iter()
        .copied()
        .filter(|(from, until)| from <= until)
        .collect();
    times.sort_unstable();
    let mut whole: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for (from, until) in times {
        match whole.last_mut() {
            Some((_, last)) if last.succ_opt().is_none_or(|next| from <= next) => {
                *last = (*last).max(until);
            }
            _ => whole.push((from, until)),
        }
    }
    let (mut months, mut days) = (0u32, 0i64);
    for (from, until) in whole {
        let (full, left) = of_one(from, until);
        months += full;
        days += left;
    }
    months + u32::try_from(days / DAYS).unwrap_or_default()
}

/// Whole months of one time, and the days left over.
fn of_one(from: NaiveDate, until: NaiveDate) -> (u32, i64) {
    let end = until.succ_opt().unwrap_or(until);
    let mut full = 0u32;
    while from
        .checked_add_months(Months::new(full + 1))
        .is_some_and(|next| next <= end)
    {
        full += 1;
    }
    let begun = from.checked_add_months(Months::new(full)).unwrap_or(end);
    (full, (end - begun).num_days())
}
