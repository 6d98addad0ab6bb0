//! The score of a month, in whole hundredths of a point: pure, so that it can be counted again from what was kept.

use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The points of all rows together.
pub const WHOLE: u32 = 100;

words! {
    /// How a value becomes points.
    ScoreMethod {
        /// 线性: all points at the target, none at the floor, in between by its distance.
        Linear = "linear",
        /// 分档: the share of the best step that is reached.
        Step = "step",
        /// 一票否决: beyond the floor the whole score is nothing.
        Veto = "veto",
    }
}

/// One step: from this value on that share of the points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreStep {
    /// A value that is reached, in the unit of the indicator.
    pub from: i64,
    /// Percent of the points; 0 to 100.
    pub percent: u32,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreRow {
    /// Code of an indicator: `k09`, `exam`, `attendance`, `quality`.
    pub indicator: String,
    /// Its points of a hundred; 0 with a veto.
    pub weight: u32,
    /// Where all points are given, in the unit of the indicator. A target below the floor means that less is better.
    pub target: i64,
    /// Where none are.
    pub floor: i64,
    /// How.
    pub method: ScoreMethod,
    /// The steps of a step method.
    #[serde(default)]
    pub steps: Vec<ScoreStep>,
}

impl ScoreRow {
    /// More is better.
    pub fn rises(&self) -> bool {
        self.target >= self.floor
    }

    /// `value` is at least as good as `bound`.
    pub fn reaches(&self, value: i64, bound: i64) -> bool {
        if self.rises() {
            value >= bound
        } else {
            value <= bound
        }
    }

    /// The points of a value, in hundredths; a veto gives none and takes none.
    pub fn points(&self, value: i64) -> i64 {
        let all = i64::from(self.weight) * 100;
        match self.method {
            ScoreMethod::Veto => 0,
            ScoreMethod::Step => {
                let reached = self
                    .steps
                    .iter()
                    .filter(|step| self.reaches(value, step.from));
                let percent = reached.map(|step| step.percent).max().unwrap_or(0);
                all * i64::from(percent) / 100
            }
            ScoreMethod::Linear => {
                if self.reaches(value, self.target) {
                    return all;
                }
                if !self.reaches(value, self.floor) || value == self.floor {
                    return 0;
                }
                let (part, whole) = ((value - self.floor).abs(), (self.target - self.floor).abs());
                // Half a hundredth counts as one.
                (2 * all * part + whole) / (2 * whole)
            }
        }
    }

    /// A veto that is hit.
    pub fn vetoes(&self, value: i64) -> bool {
        self.method == ScoreMethod::Veto && !self.reaches(value, self.floor)
    }
}

/// A row with what was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The row of the table.
    pub row: ScoreRow,
    /// What was measured; none where nothing was.
    pub value: Option<i64>,
}

/// A score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Points of each row in hundredths; none where nothing was measured.
    pub points: Vec<Option<i64>>,
    /// Points of the rows that were measured, of a hundred.
    pub weight: u32,
    /// A veto was hit.
    pub vetoed: bool,
    /// In hundredths, of ten thousand: the points of what was measured, as if it were all, without what was taken off.
    pub total: i64,
}

/// The score of rows with what was measured, and of what was taken off by hand (hundredths). What was not measured is
/// left out, and the rest counts for all: nobody loses points for what nobody knows.
pub fn score(rows: &[Measured], taken_off: i64) -> Score {
    let points: Vec<Option<i64>> = rows
        .iter()
        .map(|one| one.value.map(|value| one.row.points(value)))
        .collect();
    let measured = rows.iter().filter(|one| one.value.is_some());
    let weight: u32 = measured.map(|one| one.row.weight).sum();
    let vetoed = rows
        .iter()
        .any(|one| one.value.is_some_and(|value| one.row.vetoes(value)));
    let sum: i64 = points.iter().flatten().sum();
    let whole = if weight == 0 {
        0
    } else {
        let (part, of) = (sum * i64::from(WHOLE), i64::from(weight));
        (2 * part + of) / (2 * of)
    };
    let total = if vetoed {
        0
    } else {
        (whole - taken_off).max(0)
    };
    Score {
        points,
        weight,
        vetoed,
        total,
    }
}
