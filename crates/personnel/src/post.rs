//! The six exclusive posts: who holds which on which day, and since when one is open. Pure.

pub mod http;
pub mod store;

use calendar::Calendar;
use chrono::{Days, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody held a post, both days counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// The first day.
    pub from: NaiveDate,
    /// The last day; none while he holds it.
    pub until: Option<NaiveDate>,
}

impl Holding {
    /// The post was held on that day.
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

/// How long a post has been open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Vacancy {
    /// The first day without anybody.
    pub since: NaiveDate,
    /// Days of the calendar until `day`, which is counted.
    pub calendar_days: i64,
    /// Working days among them.
    pub working_days: i64,
}

/// Since when nobody holds a post that is to be held from `opens_on`; none when somebody does on `day`, or nobody
/// has to yet.
pub fn vacancy(
    calendar: &Calendar,
    opens_on: Option<NaiveDate>,
    holdings: &[Holding],
    day: NaiveDate,
) -> Option<Vacancy> {
    let opens_on = opens_on.filter(|opens| *opens <= day)?;
    if holdings.iter().any(|holding| holding.covers(day)) {
        return None;
    }
    let ended = holdings
        .iter()
        .filter_map(|holding| holding.until)
        .filter(|until| *until < day)
        .map(|until| until + Days::new(1))
        .max();
    let since = ended.map_or(opens_on, |ended| ended.max(opens_on));
    Some(Vacancy {
        since,
        calendar_days: (day - since).num_days() + 1,
        working_days: i64::from(calendar.workdays(since, day).days),
    })
}
