//! The people behind the ids in other capabilities' rows, as the screens name them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use kernel::{Role, Side};
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::parties::parse_side;
use crate::rows::{party, session, user, user_role};

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

impl From<user::Model> for Colleague {
    fn from(user: user::Model) -> Self {
        Self {
            id: user.id,
            name: user.name,
            staff_no: user.staff_no,
        }
    }
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
    Ok(users
        .into_iter()
        .map(|user| (user.id, user.into()))
        .collect())
}

/// Everybody who holds a role and is not disabled, by staff number.
pub async fn holders(conn: &impl ConnectionTrait, role: Role) -> Result<Vec<Colleague>> {
    let users = holding(&[role])
        .order_by_asc(user::Column::StaffNo)
        .all(conn)
        .await?;
    Ok(users.into_iter().map(Colleague::from).collect())
}

/// Everybody who holds one of these roles and is not disabled.
pub async fn of_roles(conn: &impl ConnectionTrait, roles: &[Role]) -> Result<Vec<Uuid>> {
    let people = holding(roles)
        .select_only()
        .column(user::Column::Id)
        .order_by_asc(user::Column::Id)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(people)
}

/// One of them; `None` when this user does not hold the role or is disabled.
pub async fn holder(
    conn: &impl ConnectionTrait,
    role: Role,
    id: Uuid,
) -> Result<Option<Colleague>> {
    let user = holding(&[role])
        .filter(user::Column::Id.eq(id))
        .one(conn)
        .await?;
    Ok(user.map(Colleague::from))
}

/// Whose user this is; none for an id of nobody.
pub async fn side_of(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Side>> {
    let found = user::Entity::find_by_id(id).one(conn).await?;
    let Some(user) = found else { return Ok(None) };
    let party = party::Entity::find_by_id(user.party_id).one(conn).await?;
    Ok(party.map(|party| parse_side(&party.side)))
}

/// Somebody of either side, as people pick him.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SidePerson {
    /// The user.
    pub id: Uuid,
    /// The person's name.
    pub name: String,
    /// 工号
    pub staff_no: Option<String>,
    /// For whom he works.
    pub side: Side,
    /// 部门、科室
    pub department: String,
}

/// People of both sides at most: a contract has tens.
const MOST_PEOPLE: u64 = 2_000;

/// Everybody of both sides who is not disabled, by department and name; the administrators stand with their party.
pub async fn both_sides(conn: &impl ConnectionTrait) -> Result<Vec<SidePerson>> {
    let parties = party::Entity::find().all(conn).await?;
    let sides: HashMap<Uuid, Side> = parties
        .into_iter()
        .map(|party| (party.id, parse_side(&party.side)))
        .collect();
    let users = user::Entity::find()
        .filter(user::Column::Disabled.eq(false))
        .order_by_asc(user::Column::Department)
        .order_by_asc(user::Column::Name)
        .limit(MOST_PEOPLE)
        .all(conn)
        .await?;
    let people = users.into_iter().filter_map(|user| {
        Some(SidePerson {
            side: *sides.get(&user.party_id)?,
            id: user.id,
            name: user.name,
            staff_no: user.staff_no,
            department: user.department,
        })
    });
    Ok(people.collect())
}

/// Whether there is anybody at all; set-up is for a database without people.
pub async fn anybody(conn: &impl ConnectionTrait) -> Result<bool> {
    Ok(user::Entity::find().one(conn).await?.is_some())
}

fn holding(roles: &[Role]) -> Select<user::Entity> {
    let holders = Query::select()
        .column(user_role::Column::UserId)
        .from(user_role::Entity)
        .and_where(user_role::Column::Role.is_in(roles.iter().map(|role| role.as_str())))
        .to_owned();
    user::Entity::find()
        .filter(user::Column::Disabled.eq(false))
        .filter(user::Column::Id.in_subquery(holders))
}

/// Whether the user has a session that is not over at `now`.
pub async fn has_session(
    conn: &impl ConnectionTrait,
    user_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let open = session::Entity::find()
        .filter(session::Column::UserId.eq(user_id))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now));
    Ok(open.one(conn).await?.is_some())
}
