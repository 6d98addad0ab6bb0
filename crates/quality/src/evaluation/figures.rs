//! The rows behind the indicators of quality: K-23 质检合格率 is `passed / rows`, K-24 致命差错率 `rows with a kind of
//! fatal error / rows`.

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Serialize;
use uuid::Uuid;

use super::store::row::{Column, Entity};
use crate::card::FatalKind;

/// Rows answered at most: a year of three sites.
const MOST: u64 = 100_000;

/// An evaluation that is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QualityFigure {
    /// The evaluation.
    pub id: Uuid,
    /// The call, the conversation or the work order.
    pub contact: Uuid,
    /// Whose work it is.
    pub agent: Uuid,
    /// When the contact began.
    pub began_at: DateTime<Utc>,
    /// When it became final.
    pub final_at: DateTime<Utc>,
    /// `call`, `conversation` or `work_order`.
    pub kind: String,
    /// By which way it came.
    pub channel: String,
    /// Tenths of a point.
    pub tenths: i32,
    /// 合格: no fatal error, and at least the pass mark.
    pub passed: bool,
    /// Kinds of fatal errors.
    pub fatal: Vec<FatalKind>,
}

type Row = (
    Uuid,
    Uuid,
    Uuid,
    DateTime<Utc>,
    DateTime<Utc>,
    String,
    String,
    i32,
    bool,
    serde_json::Value,
);

/// The evaluations that became final from `from` on and before `until`, the first first; a score that was settled
/// afterwards stands with the day it became final.
///
/// # Errors
/// When the database does not answer.
pub async fn figures(
    conn: &impl ConnectionTrait,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<QualityFigure>> {
    let within = Condition::all()
        .add(Column::FinalAt.gte(from))
        .add(Column::FinalAt.lt(until));
    read(conn, within).await
}

/// The final evaluations of these contacts, at most a few hundred of them.
///
/// # Errors
/// When the database does not answer.
pub async fn figures_of(
    conn: &impl ConnectionTrait,
    contacts: &[Uuid],
) -> Result<Vec<QualityFigure>> {
    let of = Condition::all()
        .add(Column::ContactId.is_in(contacts.iter().copied()))
        .add(Column::FinalAt.is_not_null());
    read(conn, of).await
}

async fn read(conn: &impl ConnectionTrait, which: Condition) -> Result<Vec<QualityFigure>> {
    let rows: Vec<Row> = Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::ContactId,
            Column::AgentId,
            Column::BeganAt,
            Column::FinalAt,
            Column::Kind,
            Column::Channel,
            Column::Tenths,
            Column::Passed,
            Column::Fatal,
        ])
        .filter(which)
        .filter(Column::Tenths.is_not_null())
        .order_by_asc(Column::FinalAt)
        .limit(MOST)
        .into_tuple()
        .all(conn)
        .await?;
    let figure = |row: Row| {
        Ok(QualityFigure {
            id: row.0,
            contact: row.1,
            agent: row.2,
            began_at: row.3,
            final_at: row.4,
            kind: row.5,
            channel: row.6,
            tenths: row.7,
            passed: row.8,
            fatal: serde_json::from_value(row.9).map_err(internal)?,
        })
    };
    rows.into_iter().map(figure).collect()
}
