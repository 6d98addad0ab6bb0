//! What both sides agree about quality, as rows that change without a new program: how long scoring, appeals and
//! corrective actions may take, how far two scores may lie apart.

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use kernel::{Tx, words};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::evaluation::Terms;

words! {
    /// What is agreed.
    QualityTermCode {
        /// 评分期限, in working days from the draw on.
        Scoring = "scoring",
        /// 公布期限, in working days from the score on.
        Release = "release",
        /// 提醒提前量, in working days before scoring or release is due.
        Reminder = "reminder",
        /// 申诉期限, in working days from the release on.
        Appeal = "appeal",
        /// 申诉答复期限, in working days.
        AppealAnswer = "appeal_answer",
        /// 评分允许差, in tenths of a point.
        Difference = "difference",
        /// 整改期限, in working days unless another day is said.
        Corrective = "corrective",
    }
}

/// A term or a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QualityTerm {
    /// What is agreed.
    pub code: QualityTermCode,
    /// 1 to 60 working days, or 1 to 1,000 tenths of a point.
    pub amount: u16,
}

impl Rule for QualityTerm {
    const KIND: &'static str = "quality_term";

    fn subject(&self) -> String {
        self.code.as_str().to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        let most = match self.code {
            QualityTermCode::Difference => 1_000,
            _ => 60,
        };
        if (1..=most).contains(&self.amount) {
            return Ok(());
        }
        let detail = format!("1 to {most}");
        Err(invalid("rule.amount", "term_out_of_range", detail))
    }
}

fn amount(held: &[QualityTerm], code: QualityTermCode) -> Result<u16> {
    let term = held.iter().find(|term| term.code == code);
    let missing = || internal(format!("no quality term {} is in force", code.as_str()));
    Ok(term.ok_or_else(missing)?.amount)
}

fn days(held: &[QualityTerm], code: QualityTermCode) -> Result<DeadlineRule> {
    let id = format!("quality_terms:{}", code.as_str());
    Ok(DeadlineRule::working_days(id, amount(held, code)?))
}

/// What holds for evaluations at `at`.
pub(crate) async fn terms(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Terms> {
    let held = rule::in_force::<QualityTerm>(conn, at).await?;
    Ok(Terms {
        scoring: days(&held, QualityTermCode::Scoring)?,
        release: days(&held, QualityTermCode::Release)?,
        reminder: amount(&held, QualityTermCode::Reminder)?,
        appeal: days(&held, QualityTermCode::Appeal)?,
        answer: days(&held, QualityTermCode::AppealAnswer)?,
        difference_tenths: amount(&held, QualityTermCode::Difference)?,
    })
}

/// How long a corrective action may take at `at`.
pub(crate) async fn corrective(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<DeadlineRule> {
    let held = rule::in_force::<QualityTerm>(conn, at).await?;
    days(&held, QualityTermCode::Corrective)
}
