//! Rows of works.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::problem::{Result, not_found, refused};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel as _, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::INTERRUPTED;
use crate::day::{Day, day_begins, service_day};

/// Rows of one statement.
const AT_ONCE: usize = 500;

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
        /// The work whose place this call-back took.
        continues: Option<Uuid>,
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

/// The works with these ids, as far as there are any.
pub(crate) async fn many(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Model>> {
    let mut found = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows = row::Entity::find()
            .filter(C::Id.is_in(some.iter().copied()))
            .all(conn)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(found)
}

/// Writes works that are over, over the rows there are. What was done about a call-back stays.
pub(crate) async fn put_past(conn: &impl ConnectionTrait, rows: &[Model]) -> Result<()> {
    let changed = [
        C::Queue,
        C::Subject,
        C::OfferedAt,
        C::AcceptedAt,
        C::InTime,
        C::AgentId,
        C::EndedAt,
        C::Outcome,
        C::Short,
        C::WaitMs,
        C::CallbackDue,
    ];
    for some in rows.chunks(AT_ONCE) {
        let written = some.iter().cloned().map(Model::into_active_model);
        row::Entity::insert_many(written)
            .on_conflict(OnConflict::column(C::Id).update_columns(changed).to_owned())
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}

/// A place that is kept for a call-back, which nobody has taken up yet: it outlives the process.
fn kept() -> Condition {
    Condition::all()
        .add(C::EndedAt.is_null())
        .add(C::AcceptedAt.is_null())
        .add(C::Continues.is_not_null())
        .add(C::Media.eq("voice"))
}

/// Kept places that stand when a process begins.
const MOST_KEPT: u64 = 2_000;

/// The places that wait on, in their order; what is beyond bounds is owed a call.
pub(crate) async fn kept_places(conn: &impl ConnectionTrait) -> Result<Vec<Model>> {
    Ok(row::Entity::find()
        .filter(kept())
        .order_by_asc(C::OfferedAt)
        .order_by_asc(C::Id)
        .limit(MOST_KEPT)
        .all(conn)
        .await?)
}

/// Closes what an earlier process left open, but for the places that are kept for a call-back. Calls nobody had
/// answered are owed a call, and so is who was just being called back.
pub async fn close_interrupted(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64> {
    let standing = kept_places(conn).await?;
    let standing: Vec<Uuid> = standing.into_iter().map(|row| row.id).collect();
    let missed = row::Entity::update_many()
        .col_expr(C::CallbackDue, Expr::value(true))
        .filter(C::EndedAt.is_null())
        .filter(C::Id.is_not_in(standing.iter().copied()))
        .filter(
            Condition::any()
                .add(C::AcceptedAt.is_null())
                .add(C::Continues.is_not_null()),
        )
        .filter(C::Queue.is_not_null())
        .filter(C::Media.eq("voice"));
    missed.exec(conn).await?;
    let closed = row::Entity::update_many()
        .col_expr(C::EndedAt, Expr::value(now))
        .col_expr(C::Outcome, Expr::value(INTERRUPTED))
        .filter(C::EndedAt.is_null())
        .filter(C::Id.is_not_in(standing))
        .exec(conn)
        .await?;
    Ok(closed.rows_affected)
}

/// When a call came, was answered and was written up.
#[derive(Debug, Clone, Copy, sea_orm::FromQueryResult)]
pub struct Offered {
    /// It came into a queue.
    pub offered_at: DateTime<Utc>,
    /// Somebody answered.
    pub accepted_at: Option<DateTime<Utc>>,
    /// It was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Its record was written.
    pub wrap_up_ended_at: Option<DateTime<Utc>>,
}

/// Calls of one day that are read at once.
const MOST_OFFERED: u64 = 200_000;

/// The calls into the queues between the two, the first first; what is called back is counted with its first call.
pub async fn offered_between(
    conn: &impl ConnectionTrait,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Offered>> {
    let called = Condition::any()
        .add(C::Outcome.is_null())
        .add(C::Outcome.ne("callback"));
    Ok(row::Entity::find()
        .select_only()
        .columns([C::OfferedAt, C::AcceptedAt, C::EndedAt, C::WrapUpEndedAt])
        .filter(C::Media.eq("voice"))
        .filter(C::Queue.is_not_null())
        .filter(C::OfferedAt.gte(from))
        .filter(C::OfferedAt.lt(until))
        .filter(called)
        .order_by_asc(C::OfferedAt)
        .limit(MOST_OFFERED)
        .into_model()
        .all(conn)
        .await?)
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
            .filter(
                Condition::any()
                    .add(C::Outcome.is_null())
                    .add(C::Outcome.ne("callback")),
            )
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
