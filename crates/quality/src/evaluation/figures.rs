//! The rows behind the indicators of quality: K-23 质检合格率 is `passed / rows`, K-24 致命差错率 `rows with a kind of
//! fatal error / rows`.

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
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
    let rows: Vec<Row> = Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::AgentId,
            Column::BeganAt,
            Column::FinalAt,
            Column::Kind,
            Column::Channel,
            Column::Tenths,
            Column::Passed,
            Column::Fatal,
        ])
        .filter(Column::FinalAt.gte(from))
        .filter(Column::FinalAt.lt(until))
        .filter(Column::Tenths.is_not_null())
        .order_by_asc(Column::FinalAt)
        .limit(MOST)
        .into_tuple()
        .all(conn)
        .await?;
    let figure = |row: Row| {
        Ok(QualityFigure {
            id: row.0,
            agent: row.1,
            began_at: row.2,
            final_at: row.3,
            kind: row.4,
            channel: row.5,
            tenths: row.6,
            passed: row.7,
            fatal: serde_json::from_value(row.8).map_err(internal)?,
        })
    };
    rows.into_iter().map(figure).collect()
}
