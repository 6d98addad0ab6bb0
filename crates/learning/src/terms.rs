//! What is agreed about exams and typing: rules as rows.

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The share of the points that passes an exam, unless its paper says another.
pub const PASS_PERCENT: &str = "exam.pass_percent";
/// How far two markers may differ, in percent of the points of the question.
pub const MARK_DIFFERENCE: &str = "exam.mark_difference_percent";
/// How long a typing test lasts.
pub const TYPING_MINUTES: &str = "typing.minutes";
/// Right characters a minute that pass.
pub const TYPING_CPM: &str = "typing.pass_cpm";
/// Share of right characters that passes; 0 asks for none.
pub const TYPING_ACCURACY: &str = "typing.pass_accuracy_percent";
/// Characters that one event may add: what an input method commits at once.
pub const TYPING_AT_ONCE: &str = "typing.most_at_once";
/// Characters a minute that a person can type.
pub const TYPING_MOST_CPM: &str = "typing.most_cpm";

/// One number that is agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LearningRule {
    /// What it says: `exam.pass_percent`.
    pub code: String,
    /// How much.
    pub value: i32,
}

impl LearningRule {
    fn range(&self) -> std::ops::RangeInclusive<i32> {
        match self.code.as_str() {
            PASS_PERCENT => 1..=100,
            // A typing test of less than 3 minutes proves nothing.
            TYPING_MINUTES => 3..=30,
            TYPING_CPM => 1..=300,
            TYPING_AT_ONCE => 5..=100,
            TYPING_MOST_CPM => 100..=1_000,
            _ => 0..=100,
        }
    }
}

impl Rule for LearningRule {
    const KIND: &'static str = "learning_rule";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        // The program knows what it asks for: each has shipped with a row.
        if beside.before.is_none() {
            return Err(invalid("rule.code", "rule_unknown", "no such rule"));
        }
        let range = self.range();
        if range.contains(&self.value) {
            return Ok(());
        }
        let detail = format!("{} to {}", range.start(), range.end());
        Err(invalid("rule.value", "rule_out_of_range", detail))
    }
}

/// The rules that hold at one moment.
pub(crate) struct Agreed(Vec<LearningRule>);

impl Agreed {
    pub(crate) async fn at(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Self> {
        Ok(Self(rule::in_force::<LearningRule>(conn, at).await?))
    }

    pub(crate) fn value(&self, code: &str) -> Result<i32> {
        let held = self.0.iter().find(|rule| rule.code == code);
        let held = held.ok_or_else(|| internal(format!("no learning rule {code} is in force")))?;
        Ok(held.value)
    }
}
