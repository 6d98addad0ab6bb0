//! Where the figures of a report come from: the registry of indicators, which alone counts. Units, verdicts and keys are
//! those of the registry; what a reader sees of a value is written here, once for screen, PDF, DOCX and workbook.

use chrono::NaiveDate;
use futures::future::BoxFuture;
use kernel::{Result, words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

words! {
    /// What a value is.
    FigureUnit {
        /// Hundredths of a percent.
        BasisPoints = "basis_points",
        /// Milliseconds.
        Milliseconds = "milliseconds",
        /// How many.
        Count = "count",
        /// Hundredths of a ratio.
        Hundredths = "hundredths",
    }
}

words! {
    /// How a figure stands to what is asked.
    FigureStanding {
        /// 达标
        Met = "met",
        /// 未达标
        Missed = "missed",
        /// 观察
        Watched = "watched",
        /// 无数据
        NoData = "no_data",
    }
}

words! {
    /// Along what a chart or a table goes.
    Along {
        /// 按日
        Day = "day",
        /// 按月
        Month = "month",
        /// 按半小时
        HalfHour = "half_hour",
        /// 按人员
        Person = "person",
        /// 按渠道
        Channel = "channel",
        /// 按队列
        Queue = "queue",
        /// 按事项
        Matter = "matter",
    }
}

impl FigureUnit {
    /// Thousandths of what is shown (percent, seconds, pieces), and with how many decimals.
    pub fn thousandths(self, value: i64) -> (i64, u8) {
        match self {
            Self::BasisPoints | Self::Hundredths => (value.saturating_mul(10), 2),
            Self::Milliseconds => (value, 1),
            Self::Count => (value.saturating_mul(1_000), 0),
        }
    }

    /// What stands behind the number.
    pub fn word(self) -> &'static str {
        match self {
            Self::BasisPoints => "%",
            Self::Milliseconds => "秒",
            Self::Count | Self::Hundredths => "",
        }
    }

    /// The number without its unit, rounded as it is shown; a dash for none.
    pub fn number(self, value: Option<i64>) -> String {
        let Some(value) = value else {
            return "—".to_owned();
        };
        let (thousandths, digits) = self.thousandths(value);
        let step = 10_i64.pow(3 - u32::from(digits));
        // Half away from nothing, as spreadsheets round.
        let rounded = (thousandths.abs() + step / 2) / step;
        let scale = 10_i64.pow(u32::from(digits));
        let sign = if thousandths < 0 && rounded > 0 {
            "-"
        } else {
            ""
        };
        let (whole, rest) = (rounded / scale, rounded % scale);
        if digits == 0 {
            return format!("{sign}{whole}");
        }
        format!("{sign}{whole}.{rest:0>width$}", width = usize::from(digits))
    }

    /// As a reader sees it: `93.12%`, `12.4 秒`, from an hour on `4 小时 05 分`.
    pub fn shown(self, value: Option<i64>) -> String {
        if let (Self::Milliseconds, Some(long)) = (self, value.filter(|long| *long >= HOUR_MS)) {
            let minutes = (long + MINUTE_MS / 2) / MINUTE_MS;
            return format!("{} 小时 {:02} 分", minutes / 60, minutes % 60);
        }
        let number = self.number(value);
        match (value, self) {
            (None, _) | (_, Self::Count | Self::Hundredths) => number,
            (_, Self::BasisPoints) => format!("{number}%"),
            (_, Self::Milliseconds) => format!("{number} 秒"),
        }
    }

    /// As a chart draws it.
    pub fn drawn(self, value: i64) -> f64 {
        let (thousandths, _) = self.thousandths(value);
        thousandths as f64 / 1_000.0
    }
}

/// An indicator with what is asked of it on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Indicator {
    /// `k01`
    pub code: String,
    /// `K-01`
    pub number: String,
    /// Its Chinese name.
    pub name: String,
    /// Its English name.
    pub name_en: String,
    /// What its value is.
    pub unit: FigureUnit,
    /// Its formula in Chinese.
    pub formula: String,
    /// Its formula in English.
    pub formula_en: String,
    /// What it is divided by, in Chinese; empty for a plain count.
    pub base: String,
    /// What is asked, in its unit; null where it is only looked at.
    pub target: Option<i64>,
    /// What is asked, in words: `≥ 90.00%`; empty where nothing is.
    pub target_shown: String,
    /// Along what it can go; along months each can.
    pub alongs: Vec<Along>,
}

/// What an indicator says of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Which.
    pub code: String,
    /// What is above the line.
    pub numerator: i64,
    /// What is below the line; 0 for a plain count.
    pub denominator: i64,
    /// In its unit; none where there is nothing to count.
    pub value: Option<i64>,
    /// How it stands to what is asked.
    pub standing: FigureStanding,
    /// What is above and below the line is time, in milliseconds; the value is a share of it.
    pub of_time: bool,
}

impl Counted {
    /// There was something to count.
    pub fn is_any(&self) -> bool {
        self.denominator > 0 || self.value.is_some_and(|value| value != 0)
    }
}

/// What the indicators say of one day, one person, one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Identifies it: a day, a code, an id.
    pub key: String,
    /// As a reader knows it.
    pub label: String,
    /// In the order they were asked for.
    pub figures: Vec<Counted>,
}

/// A hot or hard topic of a period as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportTopic {
    /// 热点 or 难点, as it is printed.
    pub kind: String,
    /// Its place among those of its kind, from 1 on.
    pub rank: i64,
    /// What it is about.
    pub title: String,
    /// How many contacts.
    pub contacts: i64,
    /// What is done about it.
    pub measure: String,
}

/// Knows what the indicators say.
pub trait Numbers: Send + Sync {
    /// Every indicator, with what is asked of it on the day.
    fn indicators(&self, on: NaiveDate) -> BoxFuture<'_, Result<Vec<Indicator>>>;

    /// What these say of the days from one to the other, both included; in the order they were asked for.
    fn figures(
        &self,
        codes: Vec<String>,
        from: NaiveDate,
        until: NaiveDate,
    ) -> BoxFuture<'_, Result<Vec<Counted>>>;

    /// What they say along something; `Month` is never asked. What an indicator cannot go along is `invalid`.
    fn series(
        &self,
        codes: Vec<String>,
        along: Along,
        from: NaiveDate,
        until: NaiveDate,
    ) -> BoxFuture<'_, Result<Vec<Step>>>;

    /// The topics that were published of these days, at most so many of each kind.
    fn topics(
        &self,
        from: NaiveDate,
        until: NaiveDate,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<ReportTopic>>>;
}

/// Knows under which contract the service runs.
pub trait Agreements: Send + Sync {
    /// Number and title of the contract that holds on the day; none without one.
    fn contract(&self, on: NaiveDate) -> BoxFuture<'_, Result<Option<String>>>;
}
