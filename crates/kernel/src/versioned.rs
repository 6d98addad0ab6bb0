//! Rows that several people may change at once: who was second is told what stands now, and nothing is overwritten.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, ModelTrait,
    QueryFilter,
};

use crate::App;
use crate::problem::{Problem, Result, stale};

type ColumnOf<M> = <<M as ModelTrait>::Entity as EntityTrait>::Column;
type ActiveOf<M> = <<M as ModelTrait>::Entity as EntityTrait>::ActiveModel;

/// A row with an id, a state, a version that rises with each change, and the time of the last one.
/// [`versioned!`](crate::versioned!) makes it of a table that has these columns.
pub trait Versioned:
    ModelTrait<Entity: EntityTrait<Model = Self>> + IntoActiveModel<ActiveOf<Self>> + Clone
{
    /// The columns `id`, `version` and `updated_at`.
    const COLUMNS: (ColumnOf<Self>, ColumnOf<Self>, ColumnOf<Self>);

    /// What a person is told it is: ``ticket `SJ20261123-0001` ``.
    fn what(&self) -> String;
    /// The version read.
    fn version(&self) -> i64;
    /// Where it stands.
    fn state(&self) -> &str;
}

/// [`Versioned`] for the row of a table; the closure says what a person is told it is.
#[macro_export]
macro_rules! versioned {
    ($module:ident, |$row:ident| $what:expr) => {
        impl $crate::versioned::Versioned for $module::Model {
            const COLUMNS: ($module::Column, $module::Column, $module::Column) = (
                $module::Column::Id,
                $module::Column::Version,
                $module::Column::UpdatedAt,
            );

            fn what(&self) -> String {
                let $row = self;
                $what
            }

            fn version(&self) -> i64 {
                self.version
            }

            fn state(&self) -> &str {
                &self.state
            }
        }
    };
}

/// Writes a new row.
pub async fn insert<M>(conn: &impl ConnectionTrait, row: &M) -> Result<()>
where
    M: Versioned,
    ActiveOf<M>: Send,
{
    let made = row.clone().into_active_model().reset_all();
    M::Entity::insert(made).exec_without_returning(conn).await?;
    Ok(())
}

/// Writes `after` over `before` with the next version; 409 where somebody changed the row since it was read.
pub async fn save<M>(app: &App, conn: &impl ConnectionTrait, before: &M, mut after: M) -> Result<M>
where
    M: Versioned,
    ActiveOf<M>: Send,
{
    let (id, version, updated_at) = M::COLUMNS;
    after.set(updated_at, app.clock.now().into());
    after.set(version, (before.version() + 1).into());
    let done = M::Entity::update_many()
        .set(after.clone().into_active_model().reset_all())
        .filter(id.eq(before.get(id)))
        .filter(version.eq(before.version()))
        .exec(conn)
        .await?;
    if done.rows_affected == 0 {
        let found = M::Entity::find().filter(id.eq(before.get(id)));
        let now = found.one(conn).await?;
        return Err(changed_meanwhile(now.as_ref().unwrap_or(before)));
    }
    Ok(after)
}

/// The row, if it is still the version that was read; else 409.
pub fn as_read<M: Versioned>(row: M, version: i64) -> Result<M> {
    if row.version() == version {
        return Ok(row);
    }
    Err(changed_meanwhile(&row))
}

/// 409 for who acts on what he read before somebody else changed it; tells what stands now.
pub fn changed_meanwhile(now: &impl Versioned) -> Problem {
    stale(&now.what())
        .with("version", now.version())
        .with("state", now.state())
}
