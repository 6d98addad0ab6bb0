//! Until when a drafted report is to be released: a rule that is agreed anew without a new program.

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Terms;
use super::period::ReportPeriodKind;

/// Working days from a draft to its release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportDue {
    /// Of reports of this period.
    pub period: ReportPeriodKind,
    /// Working days, 1 to 60.
    pub working_days: u16,
}

impl Rule for ReportDue {
    const KIND: &'static str = "report_due";

    fn subject(&self) -> String {
        self.period.as_str().to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        if (1..=60).contains(&self.working_days) {
            return Ok(());
        }
        let detail = "1 to 60 working days";
        Err(invalid("rule.working_days", "days_out_of_range", detail))
    }
}

/// What holds for reports of a period at `at`.
pub(crate) async fn terms(
    conn: &impl ConnectionTrait,
    period: ReportPeriodKind,
    at: DateTime<Utc>,
) -> Result<Terms> {
    let held = rule::in_force::<ReportDue>(conn, at).await?;
    let found = held.into_iter().find(|due| due.period == period);
    let due = found.ok_or_else(|| internal("no time of release holds"))?;
    Ok(Terms {
        release: DeadlineRule::working_days("report:A-16", due.working_days),
    })
}

organization::rule_doors! { crate::reports::rights::ViewReports;
    /// Until when a drafted report is to be released.
    report_dues: crate::reports::due::ReportDue, "/api/v1/rules/report-dues", crate::reports::rights::ReleaseReports;
}
