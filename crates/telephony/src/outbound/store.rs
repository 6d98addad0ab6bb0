//! The rows of calls that went out and of those that did not.

use chrono::{DateTime, Utc};
use kernel::clock::SHANGHAI;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::Result;
use kernel::{App, Scope, words};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::callback::store::hash_of;
use super::guard::Today;

words! {
    /// Where an outbound call stands.
    OrderState {
        /// Let out, and not placed yet.
        Ordered = "ordered",
        /// On its way.
        Placed = "placed",
        /// Over.
        Ended = "ended",
        /// It could not be placed.
        Failed = "failed",
    }
}

kernel::table! {
    /// A call that was let out.
    pub mod row = "outbound_calls" (id: Uuid) {
        day: String,
        agent_id: Uuid,
        number: String,
        number_hash: String,
        requester_id: Option<Uuid>,
        purpose: String,
        note: Option<String>,
        queue: Option<String>,
        caller_id: String,
        ticket_id: Option<Uuid>,
        item_id: Option<Uuid>,
        callback_id: Option<Uuid>,
        permit_id: Option<Uuid>,
        state: String,
        problem: Option<String>,
        call_id: Option<Uuid>,
        outcome: Option<String>,
        placed_at: DateTimeUtc,
        answered_at: Option<DateTimeUtc>,
        ended_at: Option<DateTimeUtc>,
        within_call: Option<Uuid>,
    }
}

kernel::table! {
    /// A call that was not let out.
    pub mod refusal = "outbound_refusals" (id: Uuid) {
        at: DateTimeUtc,
        day: String,
        agent_id: Uuid,
        code: String,
        purpose: String,
        number: String,
        number_hash: Option<String>,
    }
}

use row::Column;

/// The day in Guangzhou: `2026-11-23`.
pub fn day_of(at: DateTime<Utc>) -> String {
    at.with_timezone(&SHANGHAI).format("%Y-%m-%d").to_string()
}

/// Calls of this day that count for the caps: all but those that could not be placed.
pub(crate) async fn today(
    conn: &impl ConnectionTrait,
    day: &str,
    agent: Uuid,
    hash: &str,
) -> Result<Today> {
    let of_day = || {
        row::Entity::find()
            .filter(Column::Day.eq(day))
            .filter(Column::State.ne(OrderState::Failed.as_str()))
    };
    Ok(Today {
        of_agent: of_day()
            .filter(Column::AgentId.eq(agent))
            .count(conn)
            .await?,
        to_number: of_day()
            .filter(Column::NumberHash.eq(hash))
            .count(conn)
            .await?,
        in_all: of_day().count(conn).await?,
    })
}

pub(crate) async fn by_call(conn: &impl ConnectionTrait, call: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::CallId.eq(call))
        .one(conn)
        .await?)
}

/// Attempts shown with a call-back or an item.
const MOST_ATTEMPTS: u64 = 50;

/// The calls for a call-back or an item, the last first.
pub(crate) async fn of_subject(
    conn: &impl ConnectionTrait,
    column: Column,
    id: Uuid,
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(column.eq(id))
        .order_by_desc(Column::PlacedAt)
        .limit(MOST_ATTEMPTS)
        .all(conn)
        .await?)
}

/// Which outbound calls.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OutboundFilter {
    /// Of this agent.
    pub agent: Option<Uuid>,
    /// For this purpose.
    pub purpose: Option<String>,
    /// `ordered`, `placed`, `ended` or `failed`.
    pub state: Option<String>,
    /// About this ticket.
    pub ticket: Option<Uuid>,
    /// For this missed call.
    pub callback: Option<Uuid>,
    /// For this item of a list.
    pub item: Option<Uuid>,
    /// From this running call: consultations and transfers.
    pub within: Option<Uuid>,
    /// Only those of today, or only others.
    pub today: Option<bool>,
}

pub(crate) async fn list(
    app: &App,
    conn: &impl ConnectionTrait,
    scope: &Scope,
    (query, filter): (&ListQuery, &OutboundFilter),
) -> Result<Page<row::Model>> {
    let day = day_of(app.clock.now());
    let mut all = Condition::all()
        .add_option(filter.agent.map(|agent| Column::AgentId.eq(agent)))
        .add_option(
            filter
                .purpose
                .as_deref()
                .map(|purpose| Column::Purpose.eq(purpose)),
        )
        .add_option(filter.state.as_deref().map(|state| Column::State.eq(state)))
        .add_option(filter.ticket.map(|ticket| Column::TicketId.eq(ticket)))
        .add_option(
            filter
                .callback
                .map(|callback| Column::CallbackId.eq(callback)),
        )
        .add_option(filter.item.map(|item| Column::ItemId.eq(item)))
        .add_option(filter.within.map(|call| Column::WithinCall.eq(call)))
        .add_option(filter.today.map(|today| {
            if today {
                Column::Day.eq(day)
            } else {
                Column::Day.ne(day)
            }
        }));
    if let Some(words) = query.words()? {
        all = all.add(Column::NumberHash.eq(hash_of(app, words)));
    }
    all = match scope {
        Scope::All => all,
        Scope::Own(user) => all.add(Column::AgentId.eq(*user)),
        Scope::Queues(queues) => all.add(Column::Queue.is_in(queues.clone())),
    };
    let select = row::Entity::find().filter(all);
    paginate(
        conn,
        select,
        query,
        &[("placed_at", Column::PlacedAt)],
        Column::Id,
    )
    .await
}

/// Which refused calls.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RefusalFilter {
    /// Of this agent.
    pub agent: Option<Uuid>,
    /// For this reason.
    pub code: Option<String>,
    /// Only those of today, or only others.
    pub today: Option<bool>,
}

pub(crate) async fn refusals(
    app: &App,
    conn: &impl ConnectionTrait,
    scope: &Scope,
    (query, filter): (&ListQuery, &RefusalFilter),
) -> Result<Page<refusal::Model>> {
    use refusal::Column as C;
    let day = day_of(app.clock.now());
    let mut all = Condition::all()
        .add_option(filter.agent.map(|agent| C::AgentId.eq(agent)))
        .add_option(filter.code.as_deref().map(|code| C::Code.eq(code)))
        .add_option(filter.today.map(|today| {
            if today {
                C::Day.eq(day)
            } else {
                C::Day.ne(day)
            }
        }));
    if let Some(words) = query.words()? {
        all = all.add(C::NumberHash.eq(hash_of(app, words)));
    }
    all = match scope {
        Scope::All => all,
        Scope::Own(user) => all.add(C::AgentId.eq(*user)),
        Scope::Queues(_) => all.add(C::Id.is_null()),
    };
    let select = refusal::Entity::find().filter(all);
    paginate(conn, select, query, &[("at", C::At)], C::Id).await
}

/// How many of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromQueryResult, ToSchema)]
pub struct Counted {
    /// The code of the kind.
    pub code: String,
    /// How many.
    pub count: i64,
}

/// Calls of a day by purpose.
pub(crate) async fn placed_on(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    day: &str,
) -> Result<Vec<Counted>> {
    let own = match scope {
        Scope::Own(user) => Some(Column::AgentId.eq(*user)),
        _ => None,
    };
    Ok(row::Entity::find()
        .select_only()
        .column_as(Column::Purpose, "code")
        .column_as(Column::Id.count(), "count")
        .filter(Column::Day.eq(day))
        .filter(Column::State.ne(OrderState::Failed.as_str()))
        .filter(Condition::all().add_option(own))
        .group_by(Column::Purpose)
        .order_by_asc(Column::Purpose)
        .into_model::<Counted>()
        .all(conn)
        .await?)
}

/// Refused calls of a day by reason.
pub(crate) async fn refused_on(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    day: &str,
) -> Result<Vec<Counted>> {
    use refusal::Column as C;
    let own = match scope {
        Scope::Own(user) => Some(C::AgentId.eq(*user)),
        _ => None,
    };
    Ok(refusal::Entity::find()
        .select_only()
        .column_as(C::Code, "code")
        .column_as(C::Id.count(), "count")
        .filter(C::Day.eq(day))
        .filter(Condition::all().add_option(own))
        .group_by(C::Code)
        .order_by_asc(C::Code)
        .into_model::<Counted>()
        .all(conn)
        .await?)
}
