//! How long the steps of the knowledge may take: rules as rows. What ships is a default of the design, named so in
//! its source, until the purchaser confirms it.

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest term that can be agreed.
const LONGEST: u16 = 60;

/// How many working days one step may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KnowledgeTerm {
    /// The step: `approval.ratify`.
    pub code: String,
    /// 1 to 60.
    pub working_days: u16,
}

impl Rule for KnowledgeTerm {
    const KIND: &'static str = "knowledge_term";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        // The steps are known to the program: each has shipped with a row.
        if beside.before.is_none() {
            return Err(invalid("rule.code", "term_unknown", "no such step"));
        }
        if (1..=LONGEST).contains(&self.working_days) {
            return Ok(());
        }
        Err(invalid(
            "rule.working_days",
            "term_out_of_range",
            "1 to 60 working days",
        ))
    }
}

/// The rule of this code in force at `at`.
pub(crate) async fn rule(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<DeadlineRule> {
    let held = rule::in_force::<KnowledgeTerm>(conn, at).await?;
    let term = held.into_iter().find(|term| term.code == code);
    let term = term.ok_or_else(|| internal(format!("no knowledge term {code} is in force")))?;
    let id = format!("knowledge_terms:{code}");
    Ok(DeadlineRule::working_days(id, term.working_days))
}
