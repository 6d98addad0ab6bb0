//! The levels of escalation in force: who answers, and how long he has. Rules as rows.

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::problem::{Result, invalid};
use kernel::rule::{self, Beside, Dated, Rule};
use kernel::{Permission as _, Role, Tx};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Ladder, Level};
use crate::rights::AnswerEscalations;
use crate::terms;
use crate::ticket::limits::must_be_within;
use crate::trail::InForce;

/// Who answers an escalation at one level, and how long he has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationLevel {
    /// 1 is the lowest, at most 9.
    pub level: u8,
    /// Who answers.
    pub role: Role,
    /// How many minutes he has, counted while the line is open.
    pub service_minutes: u32,
    /// False: there is no such level any more, what is on it goes to the next below.
    pub active: bool,
}

impl Rule for EscalationLevel {
    const KIND: &'static str = "escalation_level";

    fn subject(&self) -> String {
        self.level.to_string()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        must_be_within("rule.level", u32::from(self.level), 1, 9)?;
        must_be_within("rule.service_minutes", self.service_minutes, 1, 10_000)?;
        let answers = |role: Role| {
            AnswerEscalations::GRANTS
                .iter()
                .any(|(may, _)| *may == role)
        };
        if !answers(self.role) {
            return Err(invalid(
                "rule.role",
                "role_cannot_answer",
                "who holds this role may not answer escalations",
            ));
        }
        let mut others = beside.others.iter().filter(|other| other.active);
        if !self.active && others.next().is_none() {
            return Err(invalid(
                "rule.active",
                "level_is_needed",
                "without any level nobody would be asked",
            ));
        }
        Ok(())
    }
}

/// The levels in force at `at` with their stamps, the lowest first.
pub(crate) async fn levels(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<Vec<Dated<EscalationLevel>>> {
    let rows = rule::all::<EscalationLevel>(conn).await?;
    let held = rule::holding(&rows, at).into_iter();
    Ok(held.filter(|row| row.rule.active).cloned().collect())
}

/// The levels in force at `at`.
pub(crate) async fn ladder(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Ladder> {
    let levels = levels(conn, at)
        .await?
        .into_iter()
        .map(|Dated { rule, .. }| {
            let id = format!("escalation_levels:{}", rule.level);
            Level {
                level: rule.level,
                role: rule.role,
                rule: DeadlineRule::service_minutes(id, rule.service_minutes),
            }
        });
    Ok(Ladder {
        levels: levels.collect(),
        close: terms::rule(conn, "escalation.close", at).await?,
    })
}

impl InForce for Ladder {
    async fn at(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Self> {
        ladder(conn, at).await
    }
}
