//! What is agreed about exports and about looking at personal values: rows that change without a new program.

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, invalid};
use kernel::rule::{self, Beside, Dated, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ExportKind;
use super::access::AccessKind;

/// The subject of the row that holds where a kind has none of its own.
const ANY: &str = "any";
/// The largest number of rows that can be agreed.
const MOST: u64 = 1_000_000;

/// How many rows somebody may take out without asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportLimit {
    /// `work_orders` …; `any` for the kinds without a row of their own.
    pub kind: String,
    /// Rows of one file.
    pub rows: u64,
    /// Rows of one person in one day, so that many small files are no way around.
    pub rows_a_day: u64,
}

impl Rule for ExportLimit {
    const KIND: &'static str = "export_limit";

    fn subject(&self) -> String {
        self.kind.clone()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        if self.kind != ANY && ExportKind::parse(&self.kind).is_none() {
            let detail = "no such kind of export";
            return Err(invalid("rule.kind", "export_kind_unknown", detail));
        }
        if self.rows <= self.rows_a_day && self.rows_a_day <= MOST {
            return Ok(());
        }
        let detail = "a day has at least the rows of one file, and at most 1,000,000";
        Err(invalid("rule.rows_a_day", "bound_out_of_range", detail))
    }
}

/// The limit of a kind for `person`; nothing may leave unasked where no row says so. Nobody widens his own: whoever
/// recorded a row goes by the one that somebody else recorded, where that is narrower.
pub(super) async fn of(
    conn: &impl ConnectionTrait,
    kind: ExportKind,
    person: Uuid,
    at: DateTime<Utc>,
) -> Result<ExportLimit> {
    let all = rule::all::<ExportLimit>(conn).await?;
    let limit = held(&all, kind, at);
    let others: Vec<_> = all
        .into_iter()
        .filter(|row| row.stamp.recorded_by != Some(person))
        .collect();
    let other = held(&others, kind, at);
    Ok(ExportLimit {
        kind: limit.kind,
        rows: limit.rows.min(other.rows),
        rows_a_day: limit.rows_a_day.min(other.rows_a_day),
    })
}

fn held(rows: &[Dated<ExportLimit>], kind: ExportKind, at: DateTime<Utc>) -> ExportLimit {
    let held = rule::holding(rows, at);
    let of = |subject: &str| held.iter().find(|row| row.rule.kind == subject);
    let found = of(kind.as_str()).or_else(|| of(ANY));
    found.map_or_else(
        || ExportLimit {
            kind: ANY.to_owned(),
            rows: 0,
            rows_a_day: 0,
        },
        |row| row.rule.clone(),
    )
}

/// From how many times a day on looking, taking or printing is unusual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessAlarm {
    /// What is done.
    pub kind: AccessKind,
    /// More than so many times by one person in one day stand out.
    pub most_a_day: u32,
}

impl Rule for AccessAlarm {
    const KIND: &'static str = "access_alarm";

    fn subject(&self) -> String {
        self.kind.as_str().to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        if (1..=10_000).contains(&self.most_a_day) {
            return Ok(());
        }
        let detail = "1 to 10,000 times";
        Err(invalid("rule.most_a_day", "bound_out_of_range", detail))
    }
}

crate::rule_doors! { crate::rights::ViewExports;
    /// How many rows somebody may take out without asking.
    export_limits: super::ExportLimit, "/api/v1/rules/export-limits", crate::rights::SetExportRules;
    /// From how many times a day on looking at personal values, taking out and printing is unusual.
    access_alarms: super::AccessAlarm, "/api/v1/rules/access-alarms", crate::rights::SetExportRules;
}
