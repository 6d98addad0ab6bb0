//! Queries over users.

use std::collections::HashMap;

use kernel::list::{ListQuery, Page, containing, paginate};
use kernel::problem::Result;
use kernel::{Role, Scope};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use sea_orm::{Order, sea_query::Query};
use uuid::Uuid;

use crate::rows::{session, user, user_role};

/// What a list of users may be narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    /// Holds this role.
    pub role: Option<Role>,
    /// Disabled, or not.
    pub disabled: Option<bool>,
}

/// The user with this sign-in name, in whatever case it was typed.
pub async fn by_username(
    conn: &impl ConnectionTrait,
    username: &str,
) -> Result<Option<user::Model>> {
    // PostgreSQL refuses a null byte in text; nobody has such a name.
    if username.len() > 100 || username.contains('\0') {
        return Ok(None);
    }
    let username = username.trim().to_lowercase();
    Ok(user::Entity::find()
        .filter(user::Column::Username.eq(username))
        .one(conn)
        .await?)
}

/// A user the scope reaches.
pub async fn by_id(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<user::Model>> {
    Ok(user::Entity::find_by_id(id)
        .filter(reach(scope))
        .one(conn)
        .await?)
}

fn reach(scope: &Scope) -> Condition {
    match scope {
        Scope::All => Condition::all(),
        Scope::Own(user_id) => Condition::all().add(user::Column::Id.eq(*user_id)),
        // No permission over users is granted by queue.
        Scope::Queues(_) => Condition::all().add(user::Column::Id.is_null()),
    }
}

/// One page of users.
pub async fn list(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<user::Model>> {
    let mut select = user::Entity::find().filter(reach(scope));
    if let Some(words) = query.words()? {
        select = select.filter(
            Condition::any()
                .add(containing(user::Column::Username, words))
                .add(containing(user::Column::Name, words))
                .add(containing(user::Column::StaffNo, words)),
        );
    }
    if let Some(disabled) = filter.disabled {
        select = select.filter(user::Column::Disabled.eq(disabled));
    }
    if let Some(role) = filter.role {
        let holders = Query::select()
            .column(user_role::Column::UserId)
            .from(user_role::Entity)
            .and_where(user_role::Column::Role.eq(role.as_str()))
            .to_owned();
        select = select.filter(user::Column::Id.in_subquery(holders));
    }
    let sortable = [
        ("created_at", user::Column::CreatedAt),
        ("username", user::Column::Username),
        ("name", user::Column::Name),
    ];
    paginate(conn, select, query, &sortable, user::Column::Id).await
}

/// The roles of one user.
pub async fn roles_of(conn: &impl ConnectionTrait, user_id: Uuid) -> Result<Vec<Role>> {
    Ok(roles_of_all(conn, &[user_id])
        .await?
        .remove(&user_id)
        .unwrap_or_default())
}

/// The roles of several users, in the order of the console.
pub async fn roles_of_all(
    conn: &impl ConnectionTrait,
    users: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Role>>> {
    let rows = user_role::Entity::find()
        .filter(user_role::Column::UserId.is_in(users.iter().copied()))
        .all(conn)
        .await?;
    let mut roles: HashMap<Uuid, Vec<Role>> = HashMap::new();
    for row in rows {
        if let Some(role) = Role::parse(&row.role) {
            roles.entry(row.user_id).or_default().push(role);
        }
    }
    for roles in roles.values_mut() {
        roles.sort();
    }
    Ok(roles)
}

/// Puts exactly these roles in place.
pub(crate) async fn put_roles(
    conn: &impl ConnectionTrait,
    user_id: Uuid,
    roles: &[Role],
) -> Result<()> {
    user_role::Entity::delete_many()
        .filter(user_role::Column::UserId.eq(user_id))
        .exec(conn)
        .await?;
    let rows = roles.iter().map(|role| user_role::ActiveModel {
        user_id: Set(user_id),
        role: Set(role.as_str().to_owned()),
    });
    if !roles.is_empty() {
        user_role::Entity::insert_many(rows)
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}

/// Whether anybody but `user_id` who is not disabled holds the role.
pub(crate) async fn another_holds(
    conn: &impl ConnectionTrait,
    role: Role,
    user_id: Uuid,
) -> Result<bool> {
    let holders: Vec<Uuid> = user_role::Entity::find()
        .filter(user_role::Column::Role.eq(role.as_str()))
        .filter(user_role::Column::UserId.ne(user_id))
        .select_only()
        .column(user_role::Column::UserId)
        .into_tuple()
        .all(conn)
        .await?;
    let one = user::Entity::find()
        .filter(user::Column::Id.is_in(holders))
        .filter(user::Column::Disabled.eq(false))
        .one(conn)
        .await?;
    Ok(one.is_some())
}

/// Which of these users have an open session.
pub async fn signed_in(conn: &impl ConnectionTrait, users: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(session::Entity::find()
        .filter(session::Column::UserId.is_in(users.iter().copied()))
        .filter(session::Column::EndedAt.is_null())
        .select_only()
        .column(session::Column::UserId)
        .distinct()
        .order_by(session::Column::UserId, Order::Asc)
        .into_tuple()
        .all(conn)
        .await?)
}
