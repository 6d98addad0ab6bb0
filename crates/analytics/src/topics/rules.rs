//! What counts as a topic, as rows that are agreed anew.

use kernel::problem::{Result, invalid};
use kernel::rule::{self, Beside, Rule};
use kernel::{Tx, problem};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// From when something is a topic (K-26, K-27).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicTerms {
    /// The least contacts, and people, of a topic; 2 to 1,000.
    pub least: u32,
    /// 热点指数 from which a topic is hot, in percent of the weeks before; 110 to 1,000.
    pub ratio_percent: u32,
    /// Topics told of a period at most; 5 to 100.
    pub most: u32,
}

impl Rule for TopicTerms {
    const KIND: &'static str = "topic_terms";

    fn subject(&self) -> String {
        "topics".to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        let bounds = [
            ("rule.least", self.least, 2, 1_000),
            ("rule.ratio_percent", self.ratio_percent, 110, 1_000),
            ("rule.most", self.most, 5, 100),
        ];
        for (field, value, least, most) in bounds {
            if !(least..=most).contains(&value) {
                return Err(invalid(
                    field,
                    "topic_term_out_of_range",
                    format!("{least} to {most}"),
                ));
            }
        }
        Ok(())
    }
}

/// What holds at `at`.
pub(crate) async fn terms(
    conn: &impl ConnectionTrait,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<TopicTerms> {
    let held = rule::in_force::<TopicTerms>(conn, at).await?;
    held.into_iter()
        .next()
        .ok_or_else(|| problem::internal("no topic terms are in force"))
}

organization::rule_doors! { crate::topics::rights::ViewTopics;
    /// From when something is a hot or hard topic.
    topic_terms: super::TopicTerms, "/api/v1/rules/topic-terms", crate::topics::rights::SetTopicRules;
}
