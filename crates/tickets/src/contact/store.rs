//! The rows of contact records: who may see which, and the changes that need no judgement.

use chrono::{DateTime, Utc};
use kernel::list::{ListQuery, Page, containing, paginate};
use kernel::problem::{Result, internal, not_found, refused, stale};
use kernel::{App, Scope};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{State, WrapUp};
use crate::incident;
use crate::words::{ContactResult, RequestType};

kernel::table! {
    /// One contact record; `id` is the call's.
    pub mod row = "contact_records" (id: Uuid) {
        medium: String,
        channel: String,
        direction: String,
        queue: Option<String>,
        requester_id: Uuid,
        agent_id: Option<Uuid>,
        started_at: DateTimeUtc,
        answered_at: Option<DateTimeUtc>,
        ended_at: Option<DateTimeUtc>,
        outcome: Option<String>,
        wrap_up_began_at: Option<DateTimeUtc>,
        wrap_up_ms: Option<i64>,
        state: String,
        request_type: Option<String>,
        matter_code: Option<String>,
        result: Option<String>,
        summary: String,
        articles: Json,
        ticket_id: Option<Uuid>,
        owed_since: Option<DateTimeUtc>,
        late: bool,
        completed_at: Option<DateTimeUtc>,
        completed_by: Option<Uuid>,
        version: i64,
        source: String,
    }
}

use row::Column;

impl row::Model {
    /// How far the writing has come.
    pub fn standing(&self) -> Result<State> {
        State::parse(&self.state)
            .ok_or_else(|| internal(format!("contact record {} has no valid state", self.id)))
    }

    /// The wrap-up clock runs: it began after whatever made the record a debt, and has not ended.
    pub fn in_wrap_up(&self) -> bool {
        self.wrap_up_ms.is_none()
            && self
                .wrap_up_began_at
                .is_some_and(|began| Some(began) >= self.owed_since)
    }

    /// What is written so far.
    pub fn wrap_up(&self) -> WrapUp {
        WrapUp {
            request_type: self.request_type.as_deref().and_then(RequestType::parse),
            matter: self.matter_code.clone(),
            result: self.result.as_deref().and_then(ContactResult::parse),
            summary: self.summary.clone(),
            articles: serde_json::from_value(self.articles.clone()).unwrap_or_default(),
            ticket_id: self.ticket_id,
        }
    }
}

/// What a list of contact records may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only debts (待补录), or only records that are none.
    pub owed: Option<bool>,
    /// Only records of the actor's own calls.
    pub mine: Option<bool>,
    /// `draft`, `complete`, `owed` or `missed`.
    pub state: Option<String>,
    /// Only records of this agent.
    pub agent: Option<Uuid>,
    /// Only records of the person that this requester is.
    pub requester: Option<Uuid>,
    /// Only contacts that belong to this ticket.
    pub ticket: Option<Uuid>,
    /// Only contacts that belong to this incident.
    pub incident: Option<Uuid>,
    /// Only contacts by this channel.
    pub channel: Option<String>,
    /// Only records that cite an approved answer, or only those that do not.
    pub cited: Option<bool>,
    /// Only contacts taken here, or there: `shoujie`, `freeswitch`, `import`, `form`.
    pub source: Option<String>,
    /// Only records of this queue.
    pub queue: Option<String>,
    /// Only records with this result.
    pub result: Option<String>,
    /// Only records of this request type.
    pub request_type: Option<String>,
    /// Only records of this matter.
    pub matter: Option<String>,
    /// Only contacts that began at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Only contacts that began before this time.
    pub to: Option<DateTime<Utc>>,
    /// Only records that were written after their time had run out, or only those in time.
    pub late: Option<bool>,
}

/// The records an actor may see: with `Own` those of the contacts that he has or is rung with, and those that he had
/// and handed on.
pub(crate) fn visible(scope: &Scope) -> Select<row::Entity> {
    match scope {
        Scope::All => row::Entity::find(),
        Scope::Own(user) => {
            let had = floor::work_item::parts::works_of(*user);
            row::Entity::find().filter(
                Condition::any()
                    .add(Column::AgentId.eq(*user))
                    .add(Column::Id.in_subquery(had)),
            )
        }
        Scope::Queues(queues) => {
            row::Entity::find().filter(Column::Queue.is_in(queues.iter().cloned()))
        }
    }
}

pub(crate) async fn list(
    app: &App,
    conn: &impl ConnectionTrait,
    scope: &Scope,
    actor: Uuid,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let mut select = visible(scope);
    let owed = State::Owed.as_str();
    let texts = [
        (Column::State, &filter.state),
        (Column::Queue, &filter.queue),
        (Column::Channel, &filter.channel),
        (Column::Source, &filter.source),
        (Column::Result, &filter.result),
        (Column::RequestType, &filter.request_type),
        (Column::MatterCode, &filter.matter),
    ];
    for (column, text) in texts {
        if let Some(text) = text {
            select = select.filter(column.eq(text));
        }
    }
    let ids = [
        (Column::AgentId, filter.agent),
        (
            Column::AgentId,
            (filter.mine == Some(true)).then_some(actor),
        ),
        (Column::TicketId, filter.ticket),
    ];
    for (column, id) in ids {
        if let Some(id) = id {
            select = select.filter(column.eq(id));
        }
    }
    if let Some(requester) = filter.requester {
        let person = requesters::ids_of_person(requester);
        select = select.filter(Column::RequesterId.in_subquery(person));
    }
    if let Some(incident) = filter.incident {
        select = select.filter(Column::Id.in_subquery(incident::link::contacts_of(incident)));
    }
    if let Some(is_owed) = filter.owed {
        select = select.filter(if is_owed {
            Column::State.eq(owed)
        } else {
            Column::State.ne(owed)
        });
    }
    if let Some(cited) = filter.cited {
        let none = Expr::col(Column::Articles).cast_as("text").eq("[]");
        select = select.filter(if cited { none.not() } else { none });
    }
    if let Some(late) = filter.late {
        select = select.filter(Column::Late.eq(late));
    }
    if let Some(from) = filter.from {
        select = select.filter(Column::StartedAt.gte(from));
    }
    if let Some(to) = filter.to {
        select = select.filter(Column::StartedAt.lt(to));
    }
    if let Some(words) = query.words()? {
        select = match requesters::by_number(app, conn, words).await? {
            Some(requester) => {
                let person = requesters::same_person(conn, requester.id).await?;
                select.filter(Column::RequesterId.is_in(person))
            }
            None => select.filter(containing(Column::Summary, words)),
        };
    }
    paginate(
        conn,
        select,
        query,
        &[("started_at", Column::StartedAt)],
        Column::Id,
    )
    .await
}

/// The record of one call within the actor's scope.
pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    call: Uuid,
) -> Result<row::Model> {
    visible(scope)
        .filter(Column::Id.eq(call))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("contact record"))
}

/// The record of one call that the actor may write. Who handed it on reads it and writes no more: 409
/// `contact_record_handed_on`.
pub(crate) async fn to_write(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    call: Uuid,
) -> Result<row::Model> {
    let record = get(conn, scope, call).await?;
    match scope {
        Scope::Own(user) if record.agent_id != Some(*user) => Err(refused(
            "contact_record_handed_on",
            "the contact was handed on, and its record with it",
        )
        .with_way_out("tell whoever has it now; a shift lead may write it too")
        .with("agent_id", json!(record.agent_id))),
        _ => Ok(record),
    }
}

/// The record of one call, for this crate's own rules.
pub(crate) async fn find(conn: &impl ConnectionTrait, call: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find_by_id(call).one(conn).await?)
}

/// The last contacts of a person before this one, the newest first; for the pop.
pub(crate) async fn last_of(
    conn: &impl ConnectionTrait,
    requester: Uuid,
    but: Uuid,
    count: u64,
) -> Result<Vec<row::Model>> {
    let person = requesters::same_person(conn, requester).await?;
    Ok(row::Entity::find()
        .filter(Column::RequesterId.is_in(person))
        .filter(Column::Id.ne(but))
        .order_by_desc(Column::StartedAt)
        .order_by_desc(Column::Id)
        .limit(count)
        .all(conn)
        .await?)
}

/// What a new record begins with.
#[derive(Debug, Clone)]
pub(crate) struct Beginning {
    pub call: Uuid,
    pub medium: String,
    pub channel: String,
    pub direction: String,
    pub queue: Option<String>,
    pub requester: Uuid,
    pub at: DateTime<Utc>,
    /// Where it was taken.
    pub source: String,
}

/// Makes the record of a call unless it is there.
pub(crate) async fn begin(tx: &impl ConnectionTrait, beginning: Beginning) -> Result<()> {
    let made = row::ActiveModel {
        id: Set(beginning.call),
        medium: Set(beginning.medium),
        channel: Set(beginning.channel),
        direction: Set(beginning.direction),
        queue: Set(beginning.queue),
        requester_id: Set(beginning.requester),
        agent_id: Set(None),
        started_at: Set(beginning.at),
        answered_at: Set(None),
        ended_at: Set(None),
        outcome: Set(None),
        wrap_up_began_at: Set(None),
        wrap_up_ms: Set(None),
        state: Set(State::Draft.as_str().to_owned()),
        request_type: Set(None),
        matter_code: Set(None),
        result: Set(None),
        summary: Set(String::new()),
        articles: Set(serde_json::json!([])),
        ticket_id: Set(None),
        owed_since: Set(None),
        late: Set(false),
        completed_at: Set(None),
        completed_by: Set(None),
        version: Set(1),
        source: Set(beginning.source),
    };
    row::Entity::insert(made)
        .on_conflict(OnConflict::column(Column::Id).do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Sets one column where `only` holds, without a judgement and without a new version: what a call tells of
/// itself does not collide with what the agent writes.
pub(crate) async fn note<V: Into<sea_orm::Value>>(
    tx: &impl ConnectionTrait,
    call: Uuid,
    column: Column,
    value: V,
    only: Option<sea_orm::Condition>,
) -> Result<bool> {
    let mut update = row::Entity::update_many()
        .col_expr(column, Expr::value(value))
        .filter(Column::Id.eq(call));
    if let Some(only) = only {
        update = update.filter(only);
    }
    Ok(update.exec(tx).await?.rows_affected > 0)
}

/// Turns records that are still drafts into debts; false when the record was none.
pub(crate) async fn owe(
    tx: &impl ConnectionTrait,
    call: Uuid,
    since: DateTime<Utc>,
) -> Result<bool> {
    let done = row::Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Owed.as_str()))
        .col_expr(Column::OwedSince, Expr::value(since))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::Id.eq(call))
        .filter(Column::State.eq(State::Draft.as_str()))
        .filter(Column::AnsweredAt.is_not_null())
        .exec(tx)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Answered drafts whose talk ended before `limit`, and whose wrap-up, if it began, did too: a call that is written
/// by hand may have ended long ago.
pub(crate) async fn forgotten(app: &App, limit: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let rows = row::Entity::find()
        .filter(Column::State.eq(State::Draft.as_str()))
        .filter(Column::AnsweredAt.is_not_null())
        .filter(Column::EndedAt.lt(limit))
        .filter(
            Condition::any()
                .add(Column::WrapUpBeganAt.is_null())
                .add(Column::WrapUpBeganAt.lt(limit)),
        )
        .limit(1000)
        .all(app.db.read())
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Writes what the agent wrote over `before`, if nobody changed the record since.
pub(crate) async fn save(
    tx: &impl ConnectionTrait,
    before: &row::Model,
    mut after: row::Model,
) -> Result<row::Model> {
    after.version = before.version + 1;
    let done = row::Entity::update_many()
        .col_expr(Column::State, Expr::value(after.state.clone()))
        .col_expr(Column::RequestType, Expr::value(after.request_type.clone()))
        .col_expr(Column::MatterCode, Expr::value(after.matter_code.clone()))
        .col_expr(Column::Result, Expr::value(after.result.clone()))
        .col_expr(Column::Summary, Expr::value(after.summary.clone()))
        .col_expr(Column::Articles, Expr::value(after.articles.clone()))
        .col_expr(Column::TicketId, Expr::value(after.ticket_id))
        .col_expr(Column::Late, Expr::value(after.late))
        .col_expr(Column::CompletedAt, Expr::value(after.completed_at))
        .col_expr(Column::CompletedBy, Expr::value(after.completed_by))
        .col_expr(Column::Version, Expr::value(after.version))
        .filter(Column::Id.eq(before.id))
        .filter(Column::Version.eq(before.version))
        .exec(tx)
        .await?;
    if done.rows_affected == 0 {
        Err(stale("the contact record"))
    } else {
        Ok(after)
    }
}
