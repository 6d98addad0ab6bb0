//! What a statement below nothing hands on (A-68, 多退少补): the supplier owes it, and the next statement takes it in.

use kernel::problem::Result;
use kernel::{App, Tx, versioned};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, row};

/// What an earlier statement handed on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CarriedView {
    /// The closed statement.
    pub statement_id: Uuid,
    /// Its number.
    pub number: String,
    /// In fen, below nothing.
    pub amount_fen: i64,
}

/// Whether a statement of the contract comes that can take it in.
pub(crate) async fn has_next(tx: &Tx, closed: &row::Model) -> Result<bool> {
    let all = store::of_contract(&**tx, closed.contract_id).await?;
    for one in all.iter().filter(|one| one.half > closed.half) {
        if !one.case()?.is_confirmed() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes in what earlier statements handed on; answers its sum.
pub(crate) async fn take(app: &App, tx: &Tx, drawn: &row::Model) -> Result<i64> {
    let mut sum = 0;
    for before in store::of_contract(&**tx, drawn.contract_id).await? {
        let free = before.carried_into.is_none_or(|into| into == drawn.id);
        if before.carried_fen == 0 || !free {
            continue;
        }
        sum += before.carried_fen;
        let mut after = before.clone();
        after.carried_into = Some(drawn.id);
        versioned::save(app, &**tx, &before, after).await?;
    }
    Ok(sum)
}

/// What was taken into a statement.
pub(crate) async fn within(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<CarriedView>> {
    let rows = row::Entity::find()
        .filter(row::Column::CarriedInto.eq(id))
        .order_by_asc(row::Column::Half)
        .limit(store::LINES)
        .all(conn)
        .await?;
    let views = rows.into_iter().map(|row| CarriedView {
        statement_id: row.id,
        number: row.number,
        amount_fen: row.carried_fen,
    });
    Ok(views.collect())
}
