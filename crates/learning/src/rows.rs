//! What every store here does the same way.

use kernel::problem::{Result, not_found};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, ModelTrait, PrimaryKeyTrait,
};

type ActiveOf<M> = <<M as ModelTrait>::Entity as EntityTrait>::ActiveModel;
type KeyOf<E> = <<E as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

/// Writes a new row.
pub(crate) async fn add<M>(conn: &impl ConnectionTrait, row: M) -> Result<()>
where
    M: ModelTrait<Entity: EntityTrait<Model = M>> + IntoActiveModel<ActiveOf<M>>,
    ActiveOf<M>: Send,
{
    let made = row.into_active_model().reset_all();
    M::Entity::insert(made).exec_without_returning(conn).await?;
    Ok(())
}

/// Writes new rows, some at a time.
pub(crate) async fn add_many<M>(conn: &impl ConnectionTrait, rows: Vec<M>) -> Result<()>
where
    M: ModelTrait<Entity: EntityTrait<Model = M>> + IntoActiveModel<ActiveOf<M>>,
    ActiveOf<M>: Send,
{
    /// Rows of one statement.
    const AT_ONCE: usize = 200;
    let mut made: Vec<ActiveOf<M>> = rows
        .into_iter()
        .map(|row| row.into_active_model().reset_all())
        .collect();
    while !made.is_empty() {
        let rest = made.split_off(made.len().min(AT_ONCE));
        M::Entity::insert_many(made)
            .exec_without_returning(conn)
            .await?;
        made = rest;
    }
    Ok(())
}

/// The row with this key; 404 without one.
pub(crate) async fn get<E: EntityTrait>(
    conn: &impl ConnectionTrait,
    key: KeyOf<E>,
    what: &str,
) -> Result<E::Model> {
    E::find_by_id(key)
        .one(conn)
        .await?
        .ok_or_else(|| not_found(what))
}
