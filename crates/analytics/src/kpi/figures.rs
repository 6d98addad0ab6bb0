//! What an indicator says of a period and a cut.

use kernel::problem::Result;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Cut, Kpi, Period};
use crate::Desk;

/// What an indicator says. Integer arithmetic only: `value` is `numerator` over `denominator` in the unit of the
/// indicator, rounded down; whether a target is met is judged by both, not by the rounded value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figure {
    /// Which.
    pub kpi: Kpi,
    /// Which of the published variants it is counted by; null where there is one.
    pub variant: Option<String>,
    /// What is above the line: contacts, milliseconds, minutes.
    pub numerator: i64,
    /// What is below the line.
    pub denominator: i64,
    /// Basis points, milliseconds or a count, as the indicator's unit says; null for an empty period.
    pub value: Option<i64>,
    /// What is published beside it: the response rate of K-19, the kinds of K-24.
    pub beside: Vec<Beside>,
    /// Where the rows behind it are: a path of the API, with its filter.
    pub rows_url: String,
}

/// A figure that stands beside another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Beside {
    /// `response_rate`, `accepted_returns`, `business`, `customer`, `compliance`, `exams_passed`, `leaks` …
    pub code: String,
    /// What is above the line.
    pub numerator: i64,
    /// What is below the line; 0 for a plain count.
    pub denominator: i64,
    /// Basis points or a count; null where there is nothing.
    pub value: Option<i64>,
}

/// The figures that are wanted, in that order.
pub async fn figures(desk: &Desk, wanted: &[Kpi], period: Period, cut: &Cut) -> Result<Vec<Figure>> {
    let _ = (desk, wanted, period, cut);
    todo!("lands with the facts")
}
