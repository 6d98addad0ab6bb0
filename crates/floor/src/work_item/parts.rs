//! Who had a work, one row for each time an agent had it: the first owner stays to be seen after a transfer.

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _, QueryFilter, QueryOrder,
    QuerySelect as _, QueryTrait as _,
};
use uuid::Uuid;

use super::INTERRUPTED;

/// The agent passed the work on.
pub const PASSED: &str = "passed";
/// The agent handed it over in a talk.
pub const HANDED_OVER: &str = "handed_over";
/// The agent was sent away and it went back to its queue.
pub const SENT_BACK: &str = "sent_back";
/// The work was over.
pub const OVER: &str = "over";

kernel::table! {
    /// An agent's part of a work.
    pub mod row = "work_parts" (id: Uuid) {
        work_id: Uuid,
        number: i32,
        queue: Option<String>,
        agent_id: Uuid,
        began_at: DateTimeUtc,
        ended_at: Option<DateTimeUtc>,
        ended_as: Option<String>,
        wrap_up_began_at: Option<DateTimeUtc>,
        wrap_up_ended_at: Option<DateTimeUtc>,
        wrap_up_extensions: i32,
        wrap_up_expired: bool,
    }
}

use row::Column as C;
pub use row::Model as Part;

/// Writes a part as it stands.
pub async fn put(conn: &impl ConnectionTrait, part: Part) -> Result<()> {
    let changed = [
        C::EndedAt,
        C::EndedAs,
        C::WrapUpBeganAt,
        C::WrapUpEndedAt,
        C::WrapUpExtensions,
        C::WrapUpExpired,
    ];
    row::Entity::insert(part.into_active_model())
        .on_conflict(OnConflict::column(C::Id).update_columns(changed).to_owned())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// The works that this agent had, for who asks which records are his too.
pub fn works_of(agent: Uuid) -> sea_orm::sea_query::SelectStatement {
    row::Entity::find()
        .select_only()
        .column(C::WorkId)
        .filter(C::AgentId.eq(agent))
        .into_query()
}

/// The agents of a work, the first owner first.
pub async fn of(conn: &impl ConnectionTrait, work: Uuid) -> Result<Vec<Part>> {
    Ok(row::Entity::find()
        .filter(C::WorkId.eq(work))
        .order_by_asc(C::Number)
        .all(conn)
        .await?)
}

/// The agents of many works.
pub async fn of_all(conn: &impl ConnectionTrait, works: &[Uuid]) -> Result<Vec<Part>> {
    Ok(row::Entity::find()
        .filter(C::WorkId.is_in(works.iter().copied()))
        .all(conn)
        .await?)
}

/// Closes what an earlier process left open.
pub async fn close_interrupted(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<()> {
    row::Entity::update_many()
        .col_expr(C::EndedAt, Expr::value(now))
        .col_expr(C::EndedAs, Expr::value(INTERRUPTED))
        .filter(C::EndedAt.is_null())
        .exec(conn)
        .await?;
    Ok(())
}
