//! What somebody is told in the console: unread first, read, done.

pub mod http;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, not_found};
use kernel::{Audience, Live, Tx};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Statement,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::Notices;
use crate::outbox::row as delivery;

kernel::table! {
    /// One notice to one person.
    pub mod row = "notices" (id: Uuid) {
        event_id: Uuid,
        user_id: Uuid,
        kind: String,
        subject_kind: String,
        subject_id: String,
        parameters: Json,
        urgency: String,
        in_console: bool,
        at: DateTimeUtc,
        read_at: Option<DateTimeUtc>,
        done_at: Option<DateTimeUtc>,
        place: String,
    }
}

use row::Column;

/// Rows taken away in one transaction, so that nobody waits long for the writer.
const BATCH: u64 = 500;

/// Where an unread notice of this time stands in the list: before all that were read, the newest first.
pub(crate) fn unread_place(at: DateTime<Utc>) -> String {
    format!("1 {}", at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// What a list of notices may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those not read yet, or only those that were.
    pub unread: Option<bool>,
    /// Only notices of this kind: `ticket_overdue`.
    pub kind: Option<String>,
    /// Only notices about this ticket or call.
    pub subject: Option<String>,
}

fn of(user: Uuid) -> sea_orm::Select<row::Entity> {
    row::Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::InConsole.eq(true))
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    user: Uuid,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let mut select = of(user);
    if let Some(unread) = filter.unread {
        select = select.filter(if unread {
            Column::ReadAt.is_null()
        } else {
            Column::ReadAt.is_not_null()
        });
    }
    if let Some(kind) = &filter.kind {
        select = select.filter(Column::Kind.eq(kind));
    }
    if let Some(subject) = &filter.subject {
        select = select.filter(Column::SubjectId.eq(subject));
    }
    let sortable = &[("place", Column::Place), ("at", Column::At)];
    paginate(conn, select, query, sortable, Column::Id).await
}

/// How many are unread, and how many of them are urgent.
pub(crate) async fn unread(conn: &impl ConnectionTrait, user: Uuid) -> Result<(u64, u64)> {
    let unread = of(user).filter(Column::Place.gte("1"));
    let urgent = unread.clone().filter(Column::Urgency.eq("urgent"));
    Ok((unread.count(conn).await?, urgent.count(conn).await?))
}

/// Marks one as read; a second time changes nothing.
pub(crate) async fn read(
    conn: &impl ConnectionTrait,
    user: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<row::Model> {
    mark_read(conn, user, Some(id), now, now).await?;
    of(user)
        .filter(Column::Id.eq(id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("notice"))
}

/// Marks all as read that came until then; answers how many.
pub(crate) async fn read_all(
    conn: &impl ConnectionTrait,
    user: Uuid,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64> {
    mark_read(conn, user, None, until, now).await
}

async fn mark_read(
    conn: &impl ConnectionTrait,
    user: Uuid,
    id: Option<Uuid>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64> {
    let mut sql = String::from(
        "update notices set read_at = $1, place = '0' || substr(place, 2) \
         where user_id = $2 and at <= $3 and read_at is null",
    );
    let mut values = vec![now.into(), user.into(), until.into()];
    if let Some(id) = id {
        sql.push_str(" and id = $4");
        values.push(id.into());
    }
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.execute_raw(statement).await?.rows_affected())
}

/// Marks the notices of these kinds about a subject as done and read; answers whose they were.
pub(crate) async fn settle(
    conn: &impl ConnectionTrait,
    subject: &str,
    kinds: &[&str],
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let open = row::Entity::find()
        .select_only()
        .columns([Column::Id, Column::UserId])
        .filter(Column::SubjectId.eq(subject))
        .filter(Column::Kind.is_in(kinds.iter().copied()))
        .filter(Column::At.lte(until))
        .filter(Column::DoneAt.is_null())
        .into_tuple::<(Uuid, Uuid)>()
        .all(conn)
        .await?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = open.iter().map(|(id, _)| *id).collect();
    row::Entity::update_many()
        .col_expr(Column::DoneAt, Expr::value(now))
        .filter(Column::Id.is_in(ids.clone()))
        .exec(conn)
        .await?;
    row::Entity::update_many()
        .col_expr(Column::ReadAt, Expr::value(now))
        .col_expr(Column::Place, Expr::cust("'0' || substr(place, 2)"))
        .filter(Column::Id.is_in(ids))
        .filter(Column::ReadAt.is_null())
        .exec(conn)
        .await?;
    let mut people: Vec<Uuid> = open.into_iter().map(|(_, user)| user).collect();
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// Tells the screens of a person that his list changed, once it is on disk.
pub(crate) fn tell_read(live: &Live, tx: &Tx, user: Uuid) {
    let live = live.clone();
    tx.on_commit(move || {
        live.publish(Audience::User(user), "notice", json!({ "what": "read" }));
    });
}

/// Takes away what was read long ago, with what went out of it.
pub(crate) async fn sweep(notices: &Notices) -> Result<()> {
    let app = &notices.app;
    let before = app.clock.now() - TimeDelta::days(notices.settings.keep_days.into());
    loop {
        let gone = app
            .db
            .write(async move |tx| {
                let ids: Vec<Uuid> = row::Entity::find()
                    .select_only()
                    .column(Column::Id)
                    .filter(Column::At.lt(before))
                    .filter(Column::ReadAt.lt(before).or(Column::InConsole.eq(false)))
                    .limit(BATCH)
                    .into_tuple()
                    .all(&*tx)
                    .await?;
                delivery::Entity::delete_many()
                    .filter(delivery::Column::NoticeId.is_in(ids.clone()))
                    .exec(&*tx)
                    .await?;
                let gone = row::Entity::delete_many()
                    .filter(Column::Id.is_in(ids))
                    .exec(&*tx)
                    .await?;
                Ok(gone.rows_affected)
            })
            .await?;
        if gone == 0 {
            return Ok(());
        }
        tracing::info!(gone, "notices swept");
    }
}
