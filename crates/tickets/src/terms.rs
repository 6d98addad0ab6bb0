//! How long the steps of escalations, instructions, emergencies and incidents may take: rules as rows. What ships
//! is a default of the design, named so in its source, until the purchaser confirms it.

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ticket::limits::{Span, Unit, limit, must_be_time, must_be_within};

/// How long one step may take, or how many of what it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseTerm {
    /// The step: `instruction.reply`.
    pub code: String,
    /// How long.
    pub span: Span,
}

impl Rule for CaseTerm {
    const KIND: &'static str = "case_term";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        // The steps are known to the program: each has shipped with a row.
        let Some(before) = &beside.before else {
            return Err(invalid("rule.code", "term_unknown", "no such step"));
        };
        match (before.span.unit, self.span.unit) {
            (Unit::Count, Unit::Count) => must_be_within("rule.span", self.span.n, 1, 10_000),
            (Unit::Count, _) | (_, Unit::Count) => Err(invalid(
                "rule.span",
                "unit_of_another_kind",
                "a number of things is no time",
            )),
            _ => must_be_time("rule.span", self.span),
        }
    }
}

async fn find(conn: &impl ConnectionTrait, code: &str, at: DateTime<Utc>) -> Result<Span> {
    let held = rule::in_force::<CaseTerm>(conn, at).await?;
    let term = held.into_iter().find(|term| term.code == code);
    term.map(|term| term.span)
        .ok_or_else(|| internal(format!("no case term {code} is in force")))
}

/// The rule of this code in force at `at`.
pub(crate) async fn rule(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<DeadlineRule> {
    let span = find(conn, code, at).await?;
    let n = i32::try_from(span.n).map_err(internal)?;
    let limit = limit(span.unit.as_str(), n)
        .ok_or_else(|| internal(format!("case term {code}: {span:?}")))?;
    Ok(DeadlineRule {
        id: format!("case_terms:{code}"),
        limit,
        late_receipt_is_next_day: true,
    })
}

/// The bare number of this code in force at `at`.
pub(crate) async fn number(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    Ok(u64::from(find(conn, code, at).await?.n))
}
