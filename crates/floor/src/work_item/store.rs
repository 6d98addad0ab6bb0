//! Rows of works.

use chrono::{DateTime, Utc};
use kernel::problem::{Result, not_found, refused};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::INTERRUPTED;
use crate::day::{Day, day_begins, service_day};

kernel::table! {
    /// One work.
    pub mod row = "work_items" (id: Uuid) {
        media: String,
        queue: Option<String>,
        priority: i32,
        subject: Json,
        offered_at: DateTimeUtc,
        first_rung_at: Option<DateTimeUtc>,
        rings: i32,
        accepted_at: Option<DateTimeUtc>,
        in_time: Option<bool>,
        agent_id: Option<Uuid>,
        ended_at: Option<DateTimeUtc>,
        outcome: Option<String>,
        short: bool,
        wait_ms: Option<i64>,
        wrap_up_began_at: Option<DateTimeUtc>,
        wrap_up_ended_at: Option<DateTimeUtc>,
        wrap_up_extensions: i32,
        wrap_up_expired: bool,
        callback_due: bool,
        callback_done_at: Option<DateTimeUtc>,
        callback_done_by: Option<Uuid>,
        callback_note: Option<String>,
    }
}

use row::Column as C;
pub use row::Model;

/// Writes a work as it stands. What was done about its call-back is not touched: a person writes that.
pub async fn put(conn: &impl ConnectionTrait, work: Model) -> Result<()> {
    let changed = [
        C::FirstRungAt,
        C::Rings,
        C::AcceptedAt,
        C::InTime,
        C::AgentId,
        C::EndedAt,
        C::Outcome,
        C::Short,
        C::WaitMs,
        C::WrapUpBeganAt,
        C::WrapUpEndedAt,
        C::WrapUpExtensions,
        C::WrapUpExpired,
        C::CallbackDue,
    ];
    row::Entity::insert(work.into_active_model())
        .on_conflict(OnConflict::column(C::Id).update_columns(changed).to_owned())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// One work.
pub async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>> {
    Ok(row::Entity::find_by_id(id).one(conn).await?)
}

/// Closes what an earlier process left open. Calls nobody had answered are owed a call-back.
pub async fn close_interrupted(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64> {
    let missed = row::Entity::update_many()
        .col_expr(C::CallbackDue, Expr::value(true))
        .filter(C::EndedAt.is_null())
        .filter(C::AcceptedAt.is_null())
        .filter(C::Queue.is_not_null())
        .filter(C::Media.eq("voice"));
    missed.exec(conn).await?;
    let closed = row::Entity::update_many()
        .col_expr(C::EndedAt, Expr::value(now))
        .col_expr(C::Outcome, Expr::value(INTERRUPTED))
        .filter(C::EndedAt.is_null())
        .exec(conn)
        .await?;
    Ok(closed.rows_affected)
}

/// Counts the day of `at` from the rows; what the task keeps must be the same.
pub async fn recount(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Day> {
    let from = day_begins(service_day(at));
    let until = from + chrono::TimeDelta::days(1);
    let calls = || {
        row::Entity::find()
            .filter(C::Media.eq("voice"))
            .filter(C::Queue.is_not_null())
            .filter(C::OfferedAt.gte(from))
            .filter(C::OfferedAt.lt(until))
    };
    let lost = |outcomes: &[&'static str]| {
        calls()
            .filter(C::AcceptedAt.is_null())
            .filter(C::Outcome.is_in(outcomes.iter().copied()))
    };
    Ok(Day {
        day: service_day(at),
        offered: calls().count(conn).await?,
        answered: calls()
            .filter(C::AcceptedAt.is_not_null())
            .count(conn)
            .await?,
        in_time: calls().filter(C::InTime.eq(true)).count(conn).await?,
        abandoned: lost(&["abandoned", "short_abandoned"]).count(conn).await?,
        short: lost(&["short_abandoned"]).count(conn).await?,
        lost: lost(&["no_agent_answer", INTERRUPTED]).count(conn).await?,
    })
}

fn callbacks() -> Select<row::Entity> {
    row::Entity::find()
        .filter(C::CallbackDue.eq(true))
        .filter(C::CallbackDoneAt.is_null())
}

/// How many missed calls nobody returned yet.
pub async fn count_callbacks(conn: &impl ConnectionTrait) -> Result<u64> {
    Ok(callbacks().count(conn).await?)
}

/// The oldest of them, at most `most`: when they were offered, and which.
pub async fn callbacks_due(
    conn: &impl ConnectionTrait,
    most: u64,
) -> Result<Vec<(DateTime<Utc>, Uuid)>> {
    let rows: Vec<(DateTime<Utc>, Uuid)> = callbacks()
        .select_only()
        .column(C::OfferedAt)
        .column(C::Id)
        .order_by_asc(C::OfferedAt)
        .limit(most)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows)
}

/// Marks a missed call as returned. 409 `callback_done_before`.
pub async fn callback_done(
    conn: &impl ConnectionTrait,
    id: Uuid,
    by: Option<Uuid>,
    at: DateTime<Utc>,
    note: Option<String>,
) -> Result<()> {
    let done = row::Entity::update_many()
        .col_expr(C::CallbackDoneAt, Expr::value(at))
        .col_expr(C::CallbackDoneBy, Expr::value(by))
        .col_expr(C::CallbackNote, Expr::value(note))
        .filter(C::Id.eq(id))
        .filter(C::CallbackDue.eq(true))
        .filter(C::CallbackDoneAt.is_null())
        .exec(conn)
        .await?;
    if done.rows_affected == 1 {
        return Ok(());
    }
    match get(conn, id).await? {
        Some(work) if work.callback_due => Err(refused(
            "callback_done_before",
            "this missed call was returned before",
        )),
        _ => Err(not_found("callback")),
    }
}
