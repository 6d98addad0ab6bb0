//! The people behind the ids in other capabilities' rows, as the screens name them.

use std::collections::HashMap;

use kernel::problem::Result;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::rows::user;

/// A colleague, for the screens of both sides; the public hears the staff number only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Colleague {
    /// The user.
    pub id: Uuid,
    /// The person's name.
    pub name: String,
    /// 工号
    pub staff_no: Option<String>,
}

/// The colleagues with these ids, also those who left; an id of nobody is left out.
pub async fn colleagues(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Colleague>> {
    let mut ids: Vec<Uuid> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let users = user::Entity::find()
        .filter(user::Column::Id.is_in(ids))
        .all(conn)
        .await?;
    let named = users.into_iter().map(|user| {
        let colleague = Colleague {
            id: user.id,
            name: user.name,
            staff_no: user.staff_no,
        };
        (user.id, colleague)
    });
    Ok(named.collect())
}
