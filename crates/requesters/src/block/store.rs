//! The rows of the block list.

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder as _};
use uuid::Uuid;

use crate::person::store::same_person;

kernel::table! {
    /// One block, from being asked for to its end. `channels` names those it covers; none means every written one.
    pub mod row = "requester_blocks" (id: Uuid) {
        requester_id: Uuid,
        channels: Json,
        reason: String,
        evidence: String,
        from_at: DateTimeUtc,
        until_at: DateTimeUtc,
        state: String,
        open: bool,
        asked_by: Uuid,
        asked_at: DateTimeUtc,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        decision: Option<String>,
        lifted_by: Option<Uuid>,
        lifted_at: Option<DateTimeUtc>,
        lifted_for: Option<String>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

/// The telephone, which a block covers only where it names it: whoever is in danger can call.
pub const VOICE: &str = "voice";

/// A block in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// The block.
    pub block_id: Uuid,
    /// Whom it was approved for; another requester of the same person may be.
    pub requester_id: Uuid,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// The block that keeps this person from this channel now; the one that lasts longest.
pub async fn blocked(
    conn: &impl ConnectionTrait,
    requester_id: Uuid,
    channel: &str,
    now: DateTime<Utc>,
) -> Result<Option<Blocked>> {
    let person = same_person(conn, requester_id).await?;
    let rows = row::Entity::find()
        .filter(row::Column::RequesterId.is_in(person))
        .filter(row::Column::Open.eq(true))
        .filter(row::Column::State.eq("approved"))
        .filter(row::Column::FromAt.lte(now))
        .filter(row::Column::UntilAt.gt(now))
        .order_by_desc(row::Column::UntilAt)
        .all(conn)
        .await?;
    let found = rows.into_iter().find(|row| covers(row, channel));
    Ok(found.map(|row| Blocked {
        block_id: row.id,
        requester_id: row.requester_id,
        reason: row.reason,
        until: row.until_at,
    }))
}

fn covers(row: &row::Model, channel: &str) -> bool {
    match row.channels.as_array().filter(|named| !named.is_empty()) {
        Some(named) => named.iter().any(|named| named.as_str() == Some(channel)),
        None => channel != VOICE,
    }
}
