//! What both sides signed, for who settles by it: frozen records by day and seat.

use chrono::NaiveDate;
use kernel::day;
use kernel::problem::{Result, internal};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{AttendanceKind, store};
use crate::leave::LeaveKind;

/// One seat on one day as both sides signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenRecord {
    /// The row; a statement names it.
    pub id: Uuid,
    /// The day.
    pub day: NaiveDate,
    /// The post: `Z1`.
    pub seat: String,
    /// Who held it.
    pub user_id: Option<Uuid>,
    /// How it was held.
    pub kind: AttendanceKind,
    /// The kind of leave, where part of the day or all of it was leave.
    pub leave: Option<LeaveKind>,
    /// Minutes at the seat.
    pub minutes: i64,
    /// Minutes of the whole day.
    pub whole_minutes: i64,
    /// The frozen row it takes the place of.
    pub corrects_id: Option<Uuid>,
    /// Its number in the chain.
    pub seq: i64,
    /// Its digest in the chain.
    pub hash: String,
}

/// The frozen records of days, by day and seat; corrections stand behind what they correct, and both are given: who
/// settled by the first row adjusts by the second.
///
/// # Errors
/// When the database does not answer.
pub async fn frozen(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<FrozenRecord>> {
    let rows = store::records(conn, from, to, true).await?;
    let read = |row: store::record::Model| {
        Ok(FrozenRecord {
            kind: row.attended()?,
            leave: row.leave()?,
            day: day::read(&row.on_day)?,
            id: row.id,
            seat: row.seat,
            user_id: row.user_id,
            minutes: row.minutes,
            whole_minutes: row.whole_minutes,
            corrects_id: row.corrects_id,
            seq: row
                .seq
                .ok_or_else(|| internal("a frozen record has no number"))?,
            hash: row
                .hash
                .ok_or_else(|| internal("a frozen record has no digest"))?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Of records as [`frozen`] gives them those that no later one corrects.
pub fn in_force(rows: &[FrozenRecord]) -> Vec<&FrozenRecord> {
    let corrected: std::collections::HashSet<Uuid> =
        rows.iter().filter_map(|row| row.corrects_id).collect();
    rows.iter()
        .filter(|row| !corrected.contains(&row.id))
        .collect()
}
