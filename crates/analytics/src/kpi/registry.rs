//! The indicators as they are published (domain B.4).

use serde::Serialize;
use utoipa::ToSchema;

use super::Kpi;

kernel::words! {
    /// What a value is.
    Unit {
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

kernel::words! {
    /// Which way is better.
    Direction {
        /// Not less than the target.
        AtLeast = "at_least",
        /// Not more than the target.
        AtMost = "at_most",
        /// From the target to the upper bound.
        Within = "within",
        /// Only looked at (观察).
        Watched = "watched",
    }
}

/// An indicator as it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KpiDefinition {
    /// Which.
    pub kpi: Kpi,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Its English name.
    pub en: &'static str,
    /// What its value is.
    pub unit: Unit,
    /// Its formula in Chinese.
    pub formula_zh: &'static str,
    /// Its formula in English.
    pub formula_en: &'static str,
    /// What it is divided by, in Chinese.
    pub denominator_zh: &'static str,
    /// What it is divided by, in English.
    pub denominator_en: &'static str,
    /// Where formula and target come from.
    pub source: &'static str,
    /// Which way is better.
    pub direction: Direction,
    /// What is asked by default, in the unit; null where it is only looked at.
    pub target: Option<i64>,
    /// The upper bound of what is asked, where it is `within`.
    pub upper: Option<i64>,
    /// The variants it may be counted by, the default first.
    pub variants: &'static [&'static str],
}
