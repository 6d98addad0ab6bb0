//! What both sides signed, for who settles by it: frozen records by day and seat.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::day;
use kernel::problem::{Result, internal};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
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

/// Who signed a record: of a day as it was closed the lead and the purchaser, of a correction its writer and the side
/// that agreed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signatures {
    /// Who wrote it down and signed first.
    pub written_by: Option<Uuid>,
    /// When.
    pub written_at: Option<DateTime<Utc>>,
    /// Who signed on the other side.
    pub countersigned_by: Option<Uuid>,
    /// When.
    pub countersigned_at: Option<DateTime<Utc>>,
}

/// The signatures of those of these records that are kept here.
///
/// # Errors
/// When the database does not answer.
pub async fn signatures(
    conn: &impl ConnectionTrait,
    records: &[Uuid],
) -> Result<HashMap<Uuid, Signatures>> {
    let rows = store::record::Entity::find()
        .filter(store::record::Column::Id.is_in(records.iter().copied()))
        .all(conn)
        .await?;
    let days = store::row::Entity::find()
        .filter(store::row::Column::OnDay.is_in(rows.iter().map(|row| row.on_day.clone())))
        .all(conn)
        .await?;
    let days: HashMap<String, store::row::Model> = days
        .into_iter()
        .map(|day| (day.on_day.clone(), day))
        .collect();
    let signed = rows.into_iter().map(|row| {
        let signatures = match days.get(&row.on_day) {
            Some(day) if row.corrects_id.is_none() => Signatures {
                written_by: day.closed_by,
                written_at: day.closed_at,
                countersigned_by: day.confirmed_by,
                countersigned_at: day.confirmed_at,
            },
            _ => Signatures {
                written_by: row.written_by,
                written_at: Some(row.written_at),
                countersigned_by: row.decided_by,
                countersigned_at: row.decided_at,
            },
        };
        (row.id, signatures)
    });
    Ok(signed.collect())
}
