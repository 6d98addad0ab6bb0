//! The roster of a month: its cells, what is found in them, publishing, and every change after it.

pub mod ask;
pub(crate) mod book;
pub mod draft;
pub mod edit;
pub mod http;
pub mod ics;
pub mod own;
pub mod store;
pub mod template;
pub mod terms;
pub mod view;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use kernel::problem::{Result, invalid};
use kernel::{App, words};
use utoipa_axum::router::OpenApiRouter;

pub(crate) use book::Book;

/// The routes of rosters.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(template::routes(app))
        .merge(http::routes(app))
        .merge(ask::routes(app))
        .merge(draft::routes(app))
        .merge(own::routes(app))
}

words! {
    /// Where the roster of a month stands.
    RosterState {
        /// 草稿
        Draft = "draft",
        /// 已发布
        Published = "published",
    }
}

words! {
    /// Why a cell of a published roster is as it is.
    RosterCause {
        /// 发布
        Published = "published",
        /// 调整
        Edit = "edit",
        /// 换班
        Swap = "swap",
        /// 请假
        Leave = "leave",
    }
}

/// A month of a roster: `2026-09`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// The month of a day.
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// What people ask for, within ten years of `today`.
    ///
    /// # Errors
    /// `month_invalid`.
    pub fn parse(text: &str, today: NaiveDate) -> Result<Self> {
        let first = format!("{text}-01").parse::<NaiveDate>().ok();
        let near = |day: &NaiveDate| (day.year() - today.year()).abs() <= 10;
        // `2026-9` and `+2026-09` are months too for the parser; one month has one name.
        let month = first.filter(near).map(Self);
        month
            .filter(|month| month.text() == text)
            .ok_or_else(|| invalid("month", "month_invalid", "a month such as 2026-09"))
    }

    /// Its first day.
    pub fn first(self) -> NaiveDate {
        self.0
    }

    /// Its last day.
    pub fn last(self) -> NaiveDate {
        let next = self.0.checked_add_months(Months::new(1));
        let last = next.and_then(|day| day.checked_sub_days(Days::new(1)));
        last.unwrap_or(self.0)
    }

    /// As it is kept and asked for.
    pub fn text(self) -> String {
        self.0.format("%Y-%m").to_string()
    }

    /// It holds the day.
    pub fn has(self, day: NaiveDate) -> bool {
        Self::of(day) == self
    }
}
