//! Changes of policy as the versions of articles record them (K-32): a version that takes another's place and holds from
//! a day of its own says that the policy changes on that day.

use std::collections::{HashMap, HashSet};

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::problem::{Result, too_large};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::store::version_row::{self, Column};
use crate::approval::ChangeState;
use crate::approval::store::row as change;
use crate::terms;

/// Versions that are read at once: a year's.
const MOST: u64 = 20_000;
/// Ids of one statement.
const IDS: usize = 500;

/// An article that a policy changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyChange {
    /// The article.
    pub article: Uuid,
    /// The version that says what holds from then on.
    pub n: i32,
    /// From when the policy holds.
    pub from: DateTime<Utc>,
    /// When that version took effect, or will; none while it is not consented to.
    pub effective_at: Option<DateTime<Utc>>,
}

/// Within what a new version is to be in force after a policy changed, by the rule that holds at `at`.
///
/// # Errors
/// When the database does not answer.
pub async fn term(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<DeadlineRule> {
    terms::rule(conn, "policy.update", at).await
}

/// What changes from `from` on and before `until`, the first first. What an article said first is no update, and what was
/// given up before it took effect changes nothing.
///
/// # Errors
/// When the database does not answer, or the time has more than 20,000 versions.
pub async fn changes(
    conn: &impl ConnectionTrait,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<PolicyChange>> {
    let touched: Vec<Uuid> = version_row::Entity::find()
        .select_only()
        .column(Column::ArticleId)
        .filter(Column::ValidFrom.gte(from))
        .filter(Column::ValidFrom.lt(until))
        .filter(Column::N.gt(1))
        .limit(MOST + 1)
        .into_tuple()
        .all(conn)
        .await?;
    if touched.len() as u64 > MOST {
        return Err(too_large(
            "more than 20,000 versions of articles are not read at once",
        ));
    }
    let touched: HashSet<Uuid> = touched.into_iter().collect();
    let touched: Vec<Uuid> = touched.into_iter().collect();
    let mut found = Vec::new();
    for some in touched.chunks(IDS) {
        let versions = version_row::Entity::find()
            .filter(Column::ArticleId.is_in(some.iter().copied()))
            .order_by_asc(Column::ArticleId)
            .order_by_asc(Column::N)
            .all(conn)
            .await?;
        let changes = change::Entity::find()
            .filter(change::Column::SubjectId.is_in(some.iter().copied()))
            .all(conn)
            .await?;
        let changes: HashMap<Uuid, change::Model> =
            changes.into_iter().map(|row| (row.id, row)).collect();
        let mut before: Option<(Uuid, Option<DateTime<Utc>>)> = None;
        for version in versions {
            let Some(change) = changes.get(&version.approval_id) else {
                continue;
            };
            let given_up = change.standing()? == ChangeState::Withdrawn;
            if given_up && change.effective_at.is_none() {
                continue;
            }
            let stood = before.replace((version.article_id, version.valid_from));
            let Some((_, last)) = stood.filter(|(article, _)| *article == version.article_id)
            else {
                continue;
            };
            let anew = version.valid_from.filter(|at| last != Some(*at));
            if let Some(at) = anew.filter(|at| (from..until).contains(at)) {
                found.push(PolicyChange {
                    article: version.article_id,
                    n: version.n,
                    from: at,
                    effective_at: change.effective_at,
                });
            }
        }
    }
    found.sort_by_key(|one| (one.from, one.article));
    Ok(found)
}
