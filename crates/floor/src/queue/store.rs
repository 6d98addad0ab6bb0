//! Rows of queues.

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal, stale};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set};

use super::{AfterClosing, NoAnswerRule, QueueRules};

kernel::table! {
    /// One queue.
    pub mod row = "queues" (code: String) {
        name: String,
        priority: i32,
        skills: Json,
        ring_timeout_s: i32,
        wrap_up_s: i32,
        max_extensions: i32,
        service_level_s: i32,
        short_abandon_s: i32,
        preferred_wait_s: i32,
        max_wait_s: i32,
        no_answer: String,
        widen: Json,
        overflow_to: Option<String>,
        overflow_after_s: i32,
        repeat_priority: i32,
        announce_every_s: i32,
        announce_position: bool,
        announce_wait: bool,
        callback_after_s: Option<i32>,
        caller_id: Option<String>,
        serve_after_closing_s: i32,
        after_closing: String,
        version: i64,
        changed_at: DateTimeUtc,
    }
}

/// The names of all queues by code.
pub async fn names(
    conn: &impl ConnectionTrait,
) -> Result<std::collections::HashMap<String, String>> {
    let rows = row::Entity::find().all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.code, row.name)).collect())
}

/// A queue with its rules and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its code.
    pub code: String,
    /// Its rules.
    pub rules: QueueRules,
    /// Rises with each change.
    pub version: i64,
}

impl TryFrom<row::Model> for Queue {
    type Error = kernel::Problem;

    fn try_from(row: row::Model) -> Result<Self> {
        let count = |value: i32| u32::try_from(value).unwrap_or_default();
        Ok(Self {
            rules: QueueRules {
                name: row.name,
                priority: row.priority,
                skills: serde_json::from_value(row.skills).map_err(internal)?,
                ring_timeout_s: count(row.ring_timeout_s),
                wrap_up_s: count(row.wrap_up_s),
                max_extensions: count(row.max_extensions),
                service_level_s: count(row.service_level_s),
                short_abandon_s: count(row.short_abandon_s),
                preferred_wait_s: count(row.preferred_wait_s),
                max_wait_s: count(row.max_wait_s),
                no_answer: match row.no_answer.as_str() {
                    "skip" => NoAnswerRule::Skip,
                    _ => NoAnswerRule::Break,
                },
                widen: serde_json::from_value(row.widen).map_err(internal)?,
                overflow_to: row.overflow_to,
                overflow_after_s: count(row.overflow_after_s),
                repeat_priority: count(row.repeat_priority),
                announce_every_s: count(row.announce_every_s),
                announce_position: row.announce_position,
                announce_wait: row.announce_wait,
                callback_after_s: row.callback_after_s.map(count),
                caller_id: row.caller_id,
                serve_after_closing_s: count(row.serve_after_closing_s),
                after_closing: AfterClosing::parse(&row.after_closing),
            },
            code: row.code,
            version: row.version,
        })
    }
}

fn to_row(queue: &Queue, now: DateTime<Utc>) -> Result<row::ActiveModel> {
    let rules = &queue.rules;
    let count = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    Ok(row::ActiveModel {
        code: Set(queue.code.clone()),
        name: Set(rules.name.clone()),
        priority: Set(rules.priority),
        skills: Set(serde_json::to_value(&rules.skills).map_err(internal)?),
        ring_timeout_s: Set(count(rules.ring_timeout_s)),
        wrap_up_s: Set(count(rules.wrap_up_s)),
        max_extensions: Set(count(rules.max_extensions)),
        service_level_s: Set(count(rules.service_level_s)),
        short_abandon_s: Set(count(rules.short_abandon_s)),
        preferred_wait_s: Set(count(rules.preferred_wait_s)),
        max_wait_s: Set(count(rules.max_wait_s)),
        no_answer: Set(match rules.no_answer {
            NoAnswerRule::Break => "break".to_owned(),
            NoAnswerRule::Skip => "skip".to_owned(),
        }),
        widen: Set(serde_json::to_value(&rules.widen).map_err(internal)?),
        overflow_to: Set(rules.overflow_to.clone()),
        overflow_after_s: Set(count(rules.overflow_after_s)),
        repeat_priority: Set(count(rules.repeat_priority)),
        announce_every_s: Set(count(rules.announce_every_s)),
        announce_position: Set(rules.announce_position),
        announce_wait: Set(rules.announce_wait),
        callback_after_s: Set(rules.callback_after_s.map(count)),
        caller_id: Set(rules.caller_id.clone()),
        serve_after_closing_s: Set(count(rules.serve_after_closing_s)),
        after_closing: Set(rules.after_closing.as_str().to_owned()),
        version: Set(queue.version),
        changed_at: Set(now),
    })
}

/// Every queue, by code.
pub async fn all(conn: &impl ConnectionTrait) -> Result<Vec<Queue>> {
    let rows = row::Entity::find()
        .order_by_asc(row::Column::Code)
        .all(conn)
        .await?;
    rows.into_iter().map(Queue::try_from).collect()
}

/// One queue.
pub async fn get(conn: &impl ConnectionTrait, code: &str) -> Result<Option<Queue>> {
    row::Entity::find_by_id(code)
        .one(conn)
        .await?
        .map(Queue::try_from)
        .transpose()
}

/// Makes a queue.
pub async fn insert(conn: &impl ConnectionTrait, queue: &Queue, now: DateTime<Utc>) -> Result<()> {
    row::Entity::insert(to_row(queue, now)?)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Changes the rules of a queue; `queue.version` is one more than what was read.
pub async fn update(conn: &impl ConnectionTrait, queue: &Queue, now: DateTime<Utc>) -> Result<()> {
    let changed = row::Entity::update_many()
        .set(to_row(queue, now)?)
        .filter(row::Column::Code.eq(&queue.code))
        .filter(row::Column::Version.eq(queue.version - 1))
        .exec(conn)
        .await?;
    if changed.rows_affected == 0 {
        Err(stale("the queue"))
    } else {
        Ok(())
    }
}
