//! Which requesters are one person.

use kernel::problem::Result;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect as _,
};
use uuid::Uuid;

use crate::requester::store::row;

/// Every requester of the person that this one is, itself among them.
pub async fn same_person(conn: &impl ConnectionTrait, requester_id: Uuid) -> Result<Vec<Uuid>> {
    let root: Option<Option<Uuid>> = row::Entity::find_by_id(requester_id)
        .select_only()
        .column(row::Column::PersonId)
        .into_tuple()
        .one(conn)
        .await?;
    let root = root.flatten().unwrap_or(requester_id);
    let mut ids: Vec<Uuid> = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(
            Condition::any()
                .add(row::Column::Id.eq(root))
                .add(row::Column::PersonId.eq(root)),
        )
        .into_tuple()
        .all(conn)
        .await?;
    if !ids.contains(&requester_id) {
        ids.push(requester_id);
    }
    Ok(ids)
}
