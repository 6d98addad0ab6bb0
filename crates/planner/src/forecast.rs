//! How many calls come when: a day's total by a regression on the calendar, times the decayed profile of its weekday.
//!
//! Closed days are absent from the history, not zero. What has been learnt is tried on the history itself, week by week,
//! beside the naive ways; the intervals are as wide as those trials were wrong.

mod history;
mod model;
mod trial;

pub use history::{BinDay, History, HistoryError, OPEN_SHARE};
pub use model::{Event, Forecast, Interval, Model, intraday};
pub use trial::{Trial, Way, try_out};
