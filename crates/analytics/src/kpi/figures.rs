//! What an indicator says of a period and a cut.

use kernel::problem::Result;
use serde::Serialize;
use utoipa::ToSchema;

use super::ratio::{is_summed, of_sums};
use super::variant::{self, Variants};
use super::{Cut, Kpi, Period, gather, rare};
use crate::Desk;
use crate::facts::Sums;

/// What an indicator says. Integer arithmetic only: `value` is `numerator` over `denominator` in the unit of the
/// indicator, rounded down; whether a target is met is judged by both, not by the rounded value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = KpiBareFigure)]
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
#[schema(as = KpiBeside)]
pub struct Beside {
    /// `response_rate`, `accepted_returns`, `business`, `customer`, `compliance`, `exams_passed`, `upheld_complaints` …
    pub code: String,
    /// What is above the line.
    pub numerator: i64,
    /// What is below the line; 0 for a plain count.
    pub denominator: i64,
    /// Basis points or a count; null where there is nothing.
    pub value: Option<i64>,
}

/// The figures that are wanted, in that order.
pub async fn figures(
    desk: &Desk,
    wanted: &[Kpi],
    period: Period,
    cut: &Cut,
) -> Result<Vec<Figure>> {
    let conn = desk.app.db.read();
    let variants = variant::in_force(conn, desk.app.clock.now().min(period.ends())).await?;
    let (mut sums, mut open) = (Sums::default(), 0);
    if wanted.iter().any(|kpi| is_summed(*kpi)) {
        let found = gather::sums(conn, None, period, cut).await?;
        sums = found.into_values().next().unwrap_or_default();
    }
    if wanted.contains(&Kpi::K20) {
        open = still_open(desk, period, cut, sums.due_open).await?;
    }
    let mut figures = Vec::with_capacity(wanted.len());
    for kpi in wanted {
        let chosen = variants.of(*kpi);
        let ratio = match of_sums(*kpi, chosen, &sums, open) {
            Some(ratio) => ratio,
            None => rare::ratio(desk, (*kpi, chosen), period, cut).await?,
        };
        figures.push(ratio.figure(*kpi, chosen, rows_url(*kpi, period, cut)));
    }
    Ok(figures)
}

/// The figures that these sums tell.
pub(crate) fn of(
    wanted: &[Kpi],
    variants: &Variants,
    sums: &Sums,
    open: i64,
    (period, cut): (Period, &Cut),
) -> Vec<Figure> {
    let figure = |kpi: &Kpi| {
        let chosen = variants.of(*kpi);
        let ratio = of_sums(*kpi, chosen, sums, open).unwrap_or_default();
        ratio.figure(*kpi, chosen, rows_url(*kpi, period, cut))
    };
    wanted.iter().map(figure).collect()
}

/// What is due today may still be answered in time: it counts from tomorrow on.
async fn still_open(desk: &Desk, period: Period, cut: &Cut, all: i64) -> Result<i64> {
    let today = kernel::day::today(&desk.app);
    if period.to < today || all == 0 {
        return Ok(all);
    }
    let Some(yesterday) = today.pred_opt().filter(|day| *day >= period.from) else {
        return Ok(0);
    };
    let over = Period {
        from: period.from,
        to: yesterday,
    };
    let found = gather::sums(desk.app.db.read(), None, over, cut).await?;
    Ok(found.into_values().next().unwrap_or_default().due_open)
}

/// Where the rows behind a figure are.
pub(crate) fn rows_url(kpi: Kpi, period: Period, cut: &Cut) -> String {
    let mut url = format!(
        "/api/v1/kpi-rows?kpi={}&from={}&to={}",
        kpi.as_str(),
        kernel::day::text(period.from),
        kernel::day::text(period.to)
    );
    let person = cut.person.map(|person| person.to_string());
    let parts = [
        ("channel", cut.channel.as_deref()),
        ("queue", cut.queue.as_deref()),
        ("matter", cut.matter.as_deref()),
        ("person", person.as_deref()),
    ];
    for (name, value) in parts {
        if let Some(value) = value {
            url.push('&');
            url.push_str(name);
            url.push('=');
            url.push_str(value);
        }
    }
    url
}
