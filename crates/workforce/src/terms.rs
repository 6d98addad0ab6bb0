//! What both sides agree about attendance and overtime, as rows that are agreed anew without a new program.

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Limits of attendance and overtime. What ships is a default of the design; the caps of overtime are those of
/// 劳动法 第四十一条.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkforceTerms {
    /// Minutes that are neither late nor early. 5 unless agreed.
    pub late_grace_minutes: u16,
    /// Seconds by which a device's clock may differ from the server's. 120 unless agreed.
    pub clock_skew_seconds: u16,
    /// Within so many minutes two people on one device stand out. 30 unless agreed.
    pub same_device_minutes: u16,
    /// Within so many minutes of a punch the softphone is to be signed in. 15 unless agreed.
    pub floor_minutes: u16,
    /// Overtime of one person and day, in minutes. 180 by the law.
    pub overtime_day_minutes: u16,
    /// Overtime of one person and month, in minutes. 2,160 by the law.
    pub overtime_month_minutes: u16,
}

impl Default for WorkforceTerms {
    fn default() -> Self {
        Self {
            late_grace_minutes: 5,
            clock_skew_seconds: 120,
            same_device_minutes: 30,
            floor_minutes: 15,
            overtime_day_minutes: 180,
            overtime_month_minutes: 2_160,
        }
    }
}

impl Rule for WorkforceTerms {
    const KIND: &'static str = "workforce_terms";

    fn subject(&self) -> String {
        "all".to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        let fits = self.late_grace_minutes <= 60
            && self.clock_skew_seconds <= 3_600
            && self.same_device_minutes <= 720
            && self.floor_minutes <= 120
            && (1..=720).contains(&self.overtime_day_minutes)
            && (1..=6_000).contains(&self.overtime_month_minutes);
        if fits {
            return Ok(());
        }
        Err(invalid(
            "rule",
            "terms_out_of_range",
            "a limit is out of its range",
        ))
    }
}

/// The terms that hold at `at`.
pub(crate) async fn in_force(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<WorkforceTerms> {
    let held = rule::in_force::<WorkforceTerms>(conn, at).await?;
    Ok(held.into_iter().next().unwrap_or_default())
}
