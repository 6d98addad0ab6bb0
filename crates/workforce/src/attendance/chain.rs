//! The chain of frozen records: each holds the digest of the one before it, so that none can be changed, taken out or
//! put in between without showing. Pure but for the row of its head.

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use sea_orm::{ActiveModelTrait as _, ConnectionTrait, EntityTrait, IntoActiveModel as _, QuerySelect, Set};
use sha2::{Digest as _, Sha256};

use super::store::record;

kernel::table! {
    /// The end of the chain; one row.
    pub(crate) mod head = "attendance_chain" (id: String) {
        seq: i64,
        hash: String,
    }
}

/// What the chain begins with.
pub const BEGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The end of the chain: how many records are in it, and its digest; for who settles by them.
///
/// # Errors
/// When the database does not answer.
pub async fn end(conn: &impl ConnectionTrait) -> Result<(i64, String)> {
    let end = head::Entity::find_by_id("attendance".to_owned())
        .one(conn)
        .await?
        .ok_or_else(|| internal("the chain of attendance has no head"))?;
    Ok((end.seq, end.hash))
}

/// The digest of a record behind `before`: SHA-256 over its number, what was signed, and who signed it when, field by
/// field.
pub fn digest(before: &str, row: &record::Model) -> String {
    let moment = |at: DateTime<Utc>| at.timestamp_millis().to_string();
    let when = |at: &Option<DateTime<Utc>>| at.map_or_else(String::new, moment);
    let id = |id: &Option<uuid::Uuid>| id.map_or_else(String::new, |id| id.to_string());
    let fields = [
        before.to_owned(),
        row.seq.map_or_else(String::new, |seq| seq.to_string()),
        row.id.to_string(),
        row.on_day.clone(),
        row.seat.clone(),
        id(&row.user_id),
        row.kind.clone(),
        row.leave_kind.clone().unwrap_or_default(),
        row.minutes.to_string(),
        row.whole_minutes.to_string(),
        row.late_minutes.to_string(),
        row.early_minutes.to_string(),
        when(&row.came_at),
        when(&row.left_at),
        row.findings.clone(),
        row.reason.clone().unwrap_or_default(),
        id(&row.corrects_id),
        id(&row.written_by),
        moment(row.written_at),
        id(&row.decided_by),
        when(&row.decided_at),
    ];
    let mut hash = Sha256::new();
    for field in fields {
        // The length before each field, so that no two rows read the same.
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// Freezes records in their order behind the end of the chain, signed by `who`; who freezes at the same time waits.
pub(crate) async fn freeze(
    tx: &Tx,
    (who, now): (&Who, DateTime<Utc>),
    rows: Vec<record::Model>,
) -> Result<Vec<record::Model>> {
    let end = head::Entity::find_by_id("attendance".to_owned())
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| internal("the chain of attendance has no head"))?;
    let (mut seq, mut before) = (end.seq, end.hash.clone());
    let mut frozen = Vec::with_capacity(rows.len());
    for mut row in rows {
        seq += 1;
        row.seq = Some(seq);
        row.decided_by = who.user_id;
        row.decided_at = Some(now);
        let hash = digest(&before, &row);
        row.before_hash = Some(std::mem::replace(&mut before, hash.clone()));
        row.hash = Some(hash);
        "frozen".clone_into(&mut row.state);
        frozen.push(row);
    }
    let mut end = end.into_active_model();
    end.seq = Set(seq);
    end.hash = Set(before);
    end.update(&**tx).await?;
    Ok(frozen)
}

/// The number of the first record, of those in the order of their numbers behind number `last` with the digest `before`,
/// that is not what it was when it was frozen.
pub fn first_broken((mut last, mut before): (i64, String), rows: &[record::Model]) -> Option<i64> {
    for row in rows {
        last += 1;
        let holds = row.seq == Some(last)
            && row.before_hash.as_deref() == Some(before.as_str())
            && row.hash.as_deref() == Some(digest(&before, row).as_str());
        if !holds {
            return Some(last);
        }
        before = row.hash.clone().unwrap_or_default();
    }
    None
}
