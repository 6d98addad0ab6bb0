//! Queries of call records. Every one that returns rows takes the actor's scope.

use chrono::{DateTime, Utc};
use kernel::list::{ListQuery, Page, paginate};
use kernel::masked::keyed_hash;
use kernel::problem::{Result, not_found};
use kernel::{App, Scope};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::rows::{call, event};
use crate::elsewhere::Source;

/// What a list of calls may be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Calls of this agent.
    pub agent: Option<Uuid>,
    /// Calls that this agent has, had or handed over.
    pub mine: Option<Uuid>,
    /// Calls of this queue.
    pub queue: Option<String>,
    /// Calls in this state now.
    pub state: Option<String>,
    /// Calls with this outcome; `open` for those that run.
    pub outcome: Option<String>,
    /// Calls taken here, or there: `shoujie`, `freeswitch`, `import`, `form`.
    pub source: Option<String>,
    /// Calls of this requester.
    pub requester: Option<Uuid>,
    /// Arrived at or after.
    pub from: Option<DateTime<Utc>>,
    /// Arrived before.
    pub to: Option<DateTime<Utc>>,
}

/// The calls an actor may see. It may be an alternative: add it to other conditions, never those to it.
pub(super) fn visible(scope: &Scope) -> Condition {
    match scope {
        Scope::All => Condition::all(),
        // And the messages whose tickets he has.
        Scope::Own(user) => {
            let messages = crate::line::store::messages_of(*user);
            had_by(*user).add(call::Column::Id.in_subquery(messages))
        }
        Scope::Queues(queues) => Condition::all().add(call::Column::Queue.is_in(queues.clone())),
    }
}

/// The calls that this agent has or had: also those he handed over or that were taken over from him.
pub(super) fn had_by(agent: Uuid) -> Condition {
    Condition::any()
        .add(call::Column::AgentId.eq(agent))
        .add(call::Column::Id.in_subquery(floor::work_item::parts::works_of(agent)))
}

/// The calls of a number: the whole of it, or its last four digits as `*1234`.
pub(super) fn numbered(app: &App, words: &str) -> Condition {
    if let Some(digits) = requesters::last_digits(words) {
        // As in the index `calls_last_digits`.
        let end = Expr::cust("substr(calls.caller, length(calls.caller) - 3)");
        return Condition::all().add(end.eq(digits));
    }
    let number = requesters::normalise(words).map_or(String::new(), |number| number.text);
    Condition::all().add(call::Column::CallerHash.eq(keyed_hash(app.key.bytes(), &number)))
}

/// One page of calls, the latest first. `q` looks for a caller's whole number, or for its last four digits.
pub async fn list(
    app: &App,
    conn: &impl ConnectionTrait,
    scope: &Scope,
    filter: &Filter,
    query: &ListQuery,
) -> Result<Page<call::Model>> {
    use call::Column;
    let mut found = Condition::all()
        .add(visible(scope))
        .add_option(filter.mine.map(had_by))
        .add_option(filter.agent.map(|agent| Column::AgentId.eq(agent)))
        .add_option(
            filter
                .queue
                .as_ref()
                .map(|queue| Column::Queue.eq(queue.as_str())),
        )
        .add_option(
            filter
                .source
                .as_ref()
                .map(|source| Column::Source.eq(source.as_str())),
        )
        .add_option(filter.requester.map(|requester| {
            let person = requesters::ids_of_person(requester);
            Condition::any()
                .add(Column::RequesterId.eq(requester))
                .add(Column::RequesterId.in_subquery(person))
        }))
        .add_option(
            filter
                .state
                .as_ref()
                .map(|state| Column::State.eq(state.as_str())),
        )
        .add_option(filter.from.map(|from| Column::ArrivedAt.gte(from)))
        .add_option(filter.to.map(|to| Column::ArrivedAt.lt(to)));
    found = match filter.outcome.as_deref() {
        None => found,
        Some("open") => found.add(Column::Outcome.is_null()),
        Some(outcome) => found.add(Column::Outcome.eq(outcome)),
    };
    if let Some(number) = query.words()? {
        found = found.add(numbered(app, number));
    }
    let select = call::Entity::find().filter(found);
    paginate(
        conn,
        select,
        query,
        &[("arrived_at", Column::ArrivedAt)],
        Column::Id,
    )
    .await
}

/// One call; 404 also for one outside the scope.
pub async fn get(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<call::Model> {
    call::Entity::find_by_id(id)
        .filter(visible(scope))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("call"))
}

/// Lines of a journal that are read at most. A call writes far fewer: keys, which anybody can press for
/// hours, are counted by call-control.
const LINES: u64 = 1000;

/// The journal of a call whose record the actor may see; its first 1,000 lines.
pub async fn events(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<Vec<event::Model>> {
    get(conn, scope, id).await?;
    let lines = event::Entity::find()
        .filter(event::Column::CallId.eq(id))
        .order_by_asc(event::Column::Seq)
        .limit(LINES)
        .all(conn)
        .await?;
    Ok(lines)
}

/// Calls of this system without an outcome: what a killed process left behind. Those of an exchange go on without
/// us; whoever follows it asks what became of them.
pub(crate) async fn left_open(conn: &impl ConnectionTrait) -> Result<Vec<call::Model>> {
    Ok(call::Entity::find()
        .filter(call::Column::Outcome.is_null())
        .filter(call::Column::Source.eq(Source::Shoujie.as_str()))
        .all(conn)
        .await?)
}

/// A call-back may take the place of a call-back; longer chains are nobody's.
const LONGEST_CHAIN: usize = 100;

/// Whether a call of this id was ever made.
pub(crate) async fn has_record(conn: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
    let found = call::Entity::find_by_id(id).one(conn).await?;
    Ok(found.is_some())
}

/// The call in which was asked for the call-back that continues this work of the floor.
pub(crate) async fn asked_in(
    conn: &impl ConnectionTrait,
    work: Uuid,
) -> Result<Option<call::Model>> {
    let mut id = work;
    for _ in 0..LONGEST_CHAIN {
        if let Some(call) = call::Entity::find_by_id(id).one(conn).await? {
            return Ok(Some(call));
        }
        let work = floor::work_item::store::get(conn, id).await?;
        let Some(before) = work.and_then(|work| work.continues) else {
            break;
        };
        id = before;
    }
    Ok(None)
}

/// Ended calls whose recording was not entered: the process died between the two.
pub(crate) async fn not_measured(conn: &impl ConnectionTrait) -> Result<Vec<call::Model>> {
    let rows = call::Entity::find()
        .filter(call::Column::Outcome.is_not_null())
        .filter(call::Column::RecordingState.eq("running"))
        .all(conn)
        .await?;
    Ok(rows)
}

/// When the last line of a call's journal was written.
pub(crate) async fn last_event_at(
    conn: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<DateTime<Utc>>> {
    let line = event::Entity::find()
        .filter(event::Column::CallId.eq(id))
        .order_by_desc(event::Column::Seq)
        .one(conn)
        .await?;
    Ok(line.map(|line| line.at))
}
