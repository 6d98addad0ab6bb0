//! Which published variant an indicator is counted by: agreed, dated, and told with each figure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Kpi;

/// The variant of one indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KpiVariant {
    /// Which.
    pub kpi: Kpi,
    /// `offered` or `without_short` of K-01; `1` to `4` of K-03; `calls` or `numbers` of K-10.
    pub variant: String,
}

impl Rule for KpiVariant {
    const KIND: &'static str = "kpi_variant";

    fn subject(&self) -> String {
        self.kpi.as_str().to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        let known = self.kpi.definition().variants;
        if known.contains(&self.variant.as_str()) {
            return Ok(());
        }
        let detail = format!(
            "{} has these variants: {}",
            self.kpi.number(),
            known.join(", ")
        );
        Err(invalid("rule.variant", "kpi_variant_unknown", detail))
    }
}

/// The variants that hold at a time; of one without a choice the first published.
#[derive(Debug, Clone, Default)]
pub struct Variants(HashMap<Kpi, String>);

impl Variants {
    /// The variant of an indicator; `None` where there is only one way to count it.
    pub fn of(&self, kpi: Kpi) -> Option<&str> {
        let first = kpi.definition().variants.first().copied();
        self.0.get(&kpi).map(String::as_str).or(first)
    }
}

/// The variants in force.
pub async fn in_force(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Variants> {
    let rows = rule::in_force::<KpiVariant>(conn, at).await?;
    let chosen = rows.into_iter().map(|row| (row.kpi, row.variant));
    Ok(Variants(chosen.collect()))
}
