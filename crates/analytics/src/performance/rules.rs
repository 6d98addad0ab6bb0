//! The table by which performance is scored, as rows that are agreed anew (服务质量考核表, §B.4).

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Dated, Rule};
use kernel::text::must_be_code;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kpi::Kpi;

use super::score::{ScoreMethod, ScoreRow, WHOLE};

/// What is measured of a person beside the indicators of the registry.
const MEASURED: [&str; 3] = ["exam", "attendance", "quality"];
/// Rows of a table at most.
const MOST: usize = 30;

/// What counts for how much; the points of all rows are a hundred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreTable {
    /// The rows, in the order of the sheet.
    pub rows: Vec<ScoreRow>,
}

fn wrong(n: usize, field: &str, what: &str) -> kernel::Problem {
    invalid(&format!("rule.rows.{n}.{field}"), "score_row_invalid", what)
}

impl Rule for ScoreTable {
    const KIND: &'static str = "score_table";

    fn subject(&self) -> String {
        "agents".to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        if self.rows.is_empty() || self.rows.len() > MOST {
            return Err(invalid("rule.rows", "score_rows_invalid", "1 to 30 rows"));
        }
        let weight: u32 = self.rows.iter().map(|row| row.weight.min(WHOLE)).sum();
        if weight != WHOLE {
            let detail = format!("the weights are {weight} together, and must be 100");
            return Err(invalid("rule.rows", "score_weights_invalid", detail));
        }
        for (n, row) in self.rows.iter().enumerate() {
            let field = format!("rule.rows.{n}.indicator");
            must_be_code(&field, &row.indicator)?;
            let kpi = Kpi::parse(&row.indicator);
            if let Some(kpi) = kpi.filter(|kpi| !kpi.is_of_people()) {
                let detail = format!("{} says nothing of one person's work", kpi.number());
                return Err(invalid(&field, "score_indicator_not_of_people", detail)
                    .with_way_out("take an indicator that is told of each agent"));
            }
            if !MEASURED.contains(&row.indicator.as_str()) && kpi.is_none() {
                let detail = format!(
                    "`{}` is no indicator: k01 to k32, {}",
                    row.indicator,
                    MEASURED.join(", ")
                );
                return Err(invalid(&field, "score_indicator_unknown", detail));
            }
            if self.rows[..n]
                .iter()
                .any(|other| other.indicator == row.indicator && other.method == row.method)
            {
                return Err(wrong(
                    n,
                    "indicator",
                    "each indicator stands once for each method",
                ));
            }
            let bound = 1_000_000_000_000;
            if row.target.abs() > bound || row.floor.abs() > bound {
                return Err(wrong(n, "target", "out of range"));
            }
            match row.method {
                ScoreMethod::Veto if row.weight != 0 => {
                    return Err(wrong(n, "weight", "a veto has no weight"));
                }
                ScoreMethod::Veto => {}
                _ if row.weight == 0 => return Err(wrong(n, "weight", "1 to 100")),
                ScoreMethod::Linear if row.target == row.floor => {
                    return Err(wrong(n, "floor", "the floor is not the target"));
                }
                ScoreMethod::Linear => {}
                ScoreMethod::Step => {
                    let sound = (1..=10).contains(&row.steps.len())
                        && row
                            .steps
                            .iter()
                            .all(|step| step.percent <= 100 && step.from.abs() <= bound);
                    if !sound {
                        return Err(wrong(n, "steps", "1 to 10 steps of 0 to 100 percent"));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The table that holds at `at`, with since when.
pub(crate) async fn table(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<Dated<ScoreTable>> {
    let rows = rule::all::<ScoreTable>(conn).await?;
    let held = rule::holding(&rows, at).into_iter().next().cloned();
    held.ok_or_else(|| internal("no score table is in force"))
}

organization::rule_doors! { crate::performance::rights::ViewPerformance;
    /// What counts for how much in the performance of an agent.
    score_tables: super::ScoreTable, "/api/v1/rules/score-tables", crate::performance::rights::SetScoreTable;
}
