//! What a statement below nothing hands on (A-68, 多退少补): the supplier owes it, and the next statement takes it in.

use kernel::problem::Result;
use kernel::{App, Tx, versioned};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, row};
use crate::contract;

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

/// The statement that takes in what `closed` hands on; none where no statement comes after it. A draft of it is drawn
/// anew; 409 for one that is on its way, which would be confirmed without it.
pub(crate) async fn into_next(
    app: &App,
    tx: &Tx,
    closed: &row::Model,
) -> Result<Option<row::Model>> {
    let all = store::of_contract(&**tx, closed.contract_id).await?;
    for next in all.into_iter().filter(|one| one.half > closed.half) {
        if next.case()?.is_confirmed() {
            continue;
        }
        contract::must_be_free(&next)?;
        let mut after = next.clone();
        after.drawn_at = None;
        return versioned::save(app, &**tx, &next, after).await.map(Some);
    }
    Ok(None)
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
