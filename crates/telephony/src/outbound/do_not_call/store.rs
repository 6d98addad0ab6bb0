//! The rows of entries and permits.

use chrono::{DateTime, Utc};
use kernel::App;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, not_found};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::State;
use crate::outbound::callback::store::hash_of;
use crate::outbound::guard::Refusal;

kernel::table! {
    /// Somebody who does not want to be called.
    pub mod row = "do_not_call" (id: Uuid) {
        number: String,
        number_hash: String,
        requester_id: Option<Uuid>,
        reason: String,
        entered_by: Uuid,
        entered_at: DateTimeUtc,
        until_at: Option<DateTimeUtc>,
        state: String,
        lifted_by: Option<Uuid>,
        lifted_at: Option<DateTimeUtc>,
        lifted_for: Option<String>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One call that a lead permits all the same.
    pub mod permit = "do_not_call_permits" (id: Uuid) {
        entry_id: Uuid,
        agent_id: Uuid,
        ticket_id: Uuid,
        reason: String,
        given_by: Uuid,
        given_at: DateTimeUtc,
        until_at: DateTimeUtc,
        used_at: Option<DateTimeUtc>,
        used_by: Option<Uuid>,
    }
}

kernel::versioned!(row, |entry| format!("do-not-call entry `{}`", entry.id));

use row::Column;

/// Keeps calls away at `now`.
fn holds(now: DateTime<Utc>) -> Condition {
    let endless = Condition::any()
        .add(Column::UntilAt.is_null())
        .add(Column::UntilAt.gt(now));
    Condition::all()
        .add(Column::State.eq(State::InForce.as_str()))
        .add(endless)
}

/// Which entries.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DoNotCallFilter {
    /// Those that hold now, or all others.
    pub in_force: Option<bool>,
}

/// A page of entries; `q` is a whole number.
pub(crate) async fn list(
    app: &App,
    conn: &impl ConnectionTrait,
    (query, filter): (&ListQuery, &DoNotCallFilter),
) -> Result<Page<row::Model>> {
    let now = app.clock.now();
    let in_force = filter
        .in_force
        .map(|wanted| if wanted { holds(now) } else { holds(now).not() });
    let mut all = Condition::all().add_option(in_force);
    if let Some(words) = query.words()? {
        all = all.add(Column::NumberHash.eq(hash_of(app, words)));
    }
    let select = row::Entity::find().filter(all);
    let sortable = [("entered_at", Column::EnteredAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("entry"))
}

/// The entries that keep calls from this number.
pub(crate) async fn holding(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    hash: &str,
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::NumberHash.eq(hash))
        .filter(holds(now))
        .limit(20)
        .all(conn)
        .await?)
}

/// Permits shown with an entry.
const MOST_PERMITS: u64 = 50;

pub(crate) async fn permits_of(
    conn: &impl ConnectionTrait,
    entry: Uuid,
) -> Result<Vec<permit::Model>> {
    Ok(permit::Entity::find()
        .filter(permit::Column::EntryId.eq(entry))
        .order_by_desc(permit::Column::GivenAt)
        .limit(MOST_PERMITS)
        .all(conn)
        .await?)
}

/// Whether `agent` may call this number. Where it does not want to be called, a permit about `ticket` is used up by
/// the call `order`.
pub(crate) async fn passes(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    hash: &str,
    agent: Uuid,
    ticket: Option<Uuid>,
    order: Uuid,
) -> Result<Result<Option<Uuid>, Refusal>> {
    let entries = holding(conn, now, hash).await?;
    if entries.is_empty() {
        return Ok(Ok(None));
    }
    let Some(ticket) = ticket else {
        return Ok(Err(Refusal::DoNotCall));
    };
    let permit = permit::Entity::find()
        .filter(permit::Column::EntryId.is_in(entries.iter().map(|entry| entry.id)))
        .filter(permit::Column::AgentId.eq(agent))
        .filter(permit::Column::TicketId.eq(ticket))
        .filter(permit::Column::UntilAt.gt(now))
        .filter(permit::Column::UsedAt.is_null())
        .order_by_asc(permit::Column::UntilAt)
        .one(conn)
        .await?;
    let Some(permit) = permit else {
        return Ok(Err(Refusal::DoNotCall));
    };
    let used = permit::Entity::update_many()
        .col_expr(permit::Column::UsedAt, Expr::value(now))
        .col_expr(permit::Column::UsedBy, Expr::value(order))
        .filter(permit::Column::Id.eq(permit.id))
        .filter(permit::Column::UsedAt.is_null())
        .exec(conn)
        .await?;
    Ok(if used.rows_affected == 1 {
        Ok(Some(permit.id))
    } else {
        Err(Refusal::DoNotCall)
    })
}

/// The call it was for was never placed.
pub(crate) async fn give_back(conn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    permit::Entity::update_many()
        .col_expr(permit::Column::UsedAt, Expr::value(None::<DateTime<Utc>>))
        .col_expr(permit::Column::UsedBy, Expr::value(None::<Uuid>))
        .filter(permit::Column::Id.eq(id))
        .exec(conn)
        .await?;
    Ok(())
}
