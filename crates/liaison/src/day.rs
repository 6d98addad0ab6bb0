//! Days as they are kept: text that sorts.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::App;
use kernel::problem::{Result, internal, invalid};

/// A day of the tables.
pub(crate) fn read(text: &str) -> Result<NaiveDate> {
    text.parse()
        .map_err(|error| internal(format!("day `{text}`: {error}")))
}

/// A day of the tables that may be left out.
pub(crate) fn maybe(text: Option<&str>) -> Result<Option<NaiveDate>> {
    text.map(read).transpose()
}

/// As it is kept.
pub(crate) fn text(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}

/// The day in Guangzhou.
pub(crate) fn of(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&calendar::SHANGHAI).date_naive()
}

/// Today in Guangzhou.
pub(crate) fn today(app: &App) -> NaiveDate {
    of(app.clock.now())
}

/// A day that people typed: within a life.
pub(crate) fn plausible(field: &'static str, day: NaiveDate, today: NaiveDate) -> Result<()> {
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
pub(crate) fn past(field: &'static str, day: NaiveDate, today: NaiveDate) -> Result<()> {
    plausible(field, day, today)?;
    if day > today {
        return Err(invalid(field, "day_ahead", "this day is still ahead"));
    }
    Ok(())
}
