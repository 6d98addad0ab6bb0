//! Who signed a row of attendance: of a sheet, who handed it in and who of the purchaser signed it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{row, sheet};

/// Both signatures of a row of attendance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signers {
    /// Who wrote it down and signed first.
    pub written_by: Option<Uuid>,
    /// When.
    pub written_at: Option<DateTime<Utc>>,
    /// Who signed on the other side.
    pub countersigned_by: Option<Uuid>,
    /// When.
    pub countersigned_at: Option<DateTime<Utc>>,
}

/// The signers of those of these rows that stand on sheets.
pub(super) async fn of_sheets(
    conn: &impl ConnectionTrait,
    records: &[Uuid],
) -> Result<HashMap<Uuid, Signers>> {
    let rows = row::Entity::find()
        .filter(row::Column::Id.is_in(records.iter().copied()))
        .all(conn)
        .await?;
    let sheets = sheet::Entity::find()
        .filter(sheet::Column::Id.is_in(rows.iter().map(|row| row.sheet_id)))
        .all(conn)
        .await?;
    let sheets: HashMap<Uuid, sheet::Model> =
        sheets.into_iter().map(|sheet| (sheet.id, sheet)).collect();
    let signed = rows.into_iter().filter_map(|row| {
        let sheet = sheets.get(&row.sheet_id)?;
        let signers = Signers {
            written_by: sheet.submitted_by,
            written_at: Some(sheet.submitted_at),
            countersigned_by: sheet.decided_by,
            countersigned_at: sheet.decided_at,
        };
        Some((row.id, signers))
    });
    Ok(signed.collect())
}
