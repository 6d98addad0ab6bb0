//! Days of the calendar in Guangzhou, kept as text that sorts (`2026-11-26`).

use chrono::{DateTime, NaiveDate, Utc};

use crate::App;
use crate::problem::{Result, internal, invalid};

/// A day of the tables.
///
/// # Errors
/// When it is none; the row was not written by this program.
pub fn read(text: &str) -> Result<NaiveDate> {
    text.parse()
        .map_err(|error| internal(format!("day `{text}`: {error}")))
}

/// A day of the tables that may be left out.
///
/// # Errors
/// As [`read`].
pub fn maybe(text: Option<&str>) -> Result<Option<NaiveDate>> {
    text.map(read).transpose()
}

/// As it is kept.
pub fn text(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}

/// The day in Guangzhou.
pub fn of(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&calendar::SHANGHAI).date_naive()
}

/// Today in Guangzhou.
pub fn today(app: &App) -> NaiveDate {
    of(app.clock.now())
}

/// A day that people typed: within a life.
///
/// # Errors
/// `day_implausible`.
pub fn plausible(field: &'static str, day: NaiveDate, today: NaiveDate) -> Result<()> {
    let years = chrono::Days::new(100 * 366);
    let near = today
        .checked_sub_days(years)
        .is_some_and(|first| day >= first)
        && today
            .checked_add_days(years)
            .is_some_and(|last| day <= last);
    if near {
        return Ok(());
    }
    Err(invalid(
        field,
        "day_implausible",
        "a day within a hundred years",
    ))
}

/// A day that is not ahead.
///
/// # Errors
/// `day_implausible`, `day_ahead`.
pub fn past(field: &'static str, day: NaiveDate, today: NaiveDate) -> Result<()> {
    plausible(field, day, today)?;
    if day > today {
        return Err(invalid(field, "day_ahead", "this day is still ahead"));
    }
    Ok(())
}
