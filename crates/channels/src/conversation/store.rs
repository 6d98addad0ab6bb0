//! The rows of conversations, and what follows from each step.

use chrono::{DateTime, TimeDelta, Utc};
use floor::queue::QueueRules;
use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, beginning_with, containing, paginate};
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::versioned;
use kernel::{App, Audience, Permission as _, Scope, Tx};
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait as _, QueryFilter,
    QueryOrder, QuerySelect, Select,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, EndReason, Moment, Refusal, State};
use crate::message::Kind;
use crate::message::store::row as message_row;
use crate::settings::Settings;
use crate::{SuperviseConversations, ViewConversations};

kernel::table! {
    /// One conversation. What its rules see of it is a [`Case`].
    pub mod row = "conversations" (id: Uuid) {
        number: String,
        channel: String,
        identity_id: Uuid,
        external_user: String,
        external_group: Option<String>,
        requester_id: Uuid,
        nickname: Option<String>,
        queue: Option<String>,
        state: String,
        open: bool,
        agent_id: Option<Uuid>,
        first_agent_id: Option<Uuid>,
        preferred_agent_id: Option<Uuid>,
        work_id: Option<Uuid>,
        offered_to: Option<Uuid>,
        offered_until: Option<DateTimeUtc>,
        subject: Option<String>,
        last_text: String,
        last_at: DateTimeUtc,
        last_seq: i64,
        inbound: i64,
        agent_read_seq: i64,
        requester_read_seq: i64,
        unread: i64,
        opened_at: DateTimeUtc,
        waiting_since: DateTimeUtc,
        accepted_at: Option<DateTimeUtc>,
        first_response_at: Option<DateTimeUtc>,
        ended_at: Option<DateTimeUtc>,
        end_reason: Option<String>,
        unanswered_since: Option<DateTimeUtc>,
        window_trigger: Option<String>,
        window_ends_at: Option<DateTimeUtc>,
        window_left: Option<i32>,
        window_ref: Option<String>,
        window_seq: i32,
        wrap_up_ends_at: Option<DateTimeUtc>,
        wrap_up_extensions: i32,
        satisfaction: Option<String>,
        satisfaction_words: Option<String>,
        rated_at: Option<DateTimeUtc>,
        ticket_id: Option<Uuid>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |row| format!("conversation `{}`", row.number));

use row::Column;

impl row::Model {
    /// Where it stands.
    pub fn standing(&self) -> Result<State> {
        State::parse(&self.state)
            .ok_or_else(|| internal(format!("conversation {} has no valid state", self.number)))
    }

    /// The conversation as its rules see it.
    pub fn case(&self) -> Result<Case> {
        Ok(Case {
            state: self.standing()?,
            agent: self.agent_id,
            reason: self.end_reason.as_deref().and_then(EndReason::parse),
            due_at: self.next_alarm_at,
            extensions: u32::try_from(self.wrap_up_extensions).unwrap_or_default(),
        })
    }

    pub(crate) fn set_case(&mut self, case: &Case) {
        self.state = case.state.as_str().to_owned();
        self.open = case.is_open();
        self.agent_id = case.agent;
        self.end_reason = case.reason.map(|reason| reason.as_str().to_owned());
        self.next_alarm_at = case.due_at;
        self.wrap_up_extensions = i32::try_from(case.extensions).unwrap_or(i32::MAX);
        self.wrap_up_ends_at = case.due_at.filter(|_| case.state == State::WrapUp);
        if case.state != State::Waiting {
            self.offered_to = None;
            self.offered_until = None;
        }
    }

    /// The refusal of a conversation's rules.
    pub(crate) fn said_no(&self, refusal: Refusal) -> Problem {
        refusal
            .about(&format!("conversation `{}`", self.number))
            .with("state", self.state.as_str())
    }
}

/// What a list of conversations may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `waiting`, `active`, `wrap_up`, `left` or `closed`.
    pub state: Option<String>,
    /// Only those that are not over, or only those that are.
    pub open: Option<bool>,
    /// Only those of this channel.
    pub channel: Option<String>,
    /// Only those of this queue.
    pub queue: Option<String>,
    /// Only those of this agent.
    pub agent: Option<Uuid>,
    /// Only those the actor has or had, or that ring at him.
    pub mine: Option<bool>,
    /// Only those of this requester.
    pub requester: Option<Uuid>,
    /// `satisfied`, `fair` or `dissatisfied`.
    pub satisfaction: Option<String>,
    /// Only those opened at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Only those opened before this time.
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    fn condition(&self, actor: Uuid) -> Condition {
        let equals =
            |column: Column, asked: &Option<String>| asked.as_deref().map(|asked| column.eq(asked));
        Condition::all()
            .add_option(equals(Column::State, &self.state))
            .add_option(self.open.map(|open| Column::Open.eq(open)))
            .add_option(equals(Column::Channel, &self.channel))
            .add_option(equals(Column::Queue, &self.queue))
            .add_option(self.agent.map(|agent| Column::AgentId.eq(agent)))
            .add_option((self.mine == Some(true)).then(|| of(actor)))
            .add_option(self.requester.map(|id| Column::RequesterId.eq(id)))
            .add_option(equals(Column::Satisfaction, &self.satisfaction))
            .add_option(self.from.map(|from| Column::OpenedAt.gte(from)))
            .add_option(self.to.map(|to| Column::OpenedAt.lt(to)))
    }
}

/// The conversations an agent has, had first, or that ring at him.
fn of(agent: Uuid) -> Condition {
    Condition::any()
        .add(Column::AgentId.eq(agent))
        .add(Column::FirstAgentId.eq(agent))
        .add(Column::OfferedTo.eq(agent))
}

/// The conversations an actor may see.
pub(crate) fn visible(scope: &Scope) -> Select<row::Entity> {
    match scope {
        Scope::All => row::Entity::find(),
        // What was left is for whoever has the time.
        Scope::Own(user) => {
            row::Entity::find().filter(of(*user).add(Column::State.eq(State::Left.as_str())))
        }
        Scope::Queues(queues) => {
            row::Entity::find().filter(Column::Queue.is_in(queues.iter().cloned()))
        }
    }
}

/// One page; words are looked for in number, nickname, subject and what was said.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    (actor, scope): (Uuid, &Scope),
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let mut select = visible(scope).filter(filter.condition(actor));
    if let Some(words) = query.words()? {
        let said = Query::select()
            .column(message_row::Column::ConversationId)
            .from(message_row::Entity)
            .cond_where(containing(message_row::Column::Text, words))
            // A one-time code is for the requester alone.
            .and_where(message_row::Column::Kind.ne(Kind::Code.as_str()))
            .to_owned();
        select = select.filter(
            Condition::any()
                .add(beginning_with(Column::Number, words))
                .add(containing(Column::Nickname, words))
                .add(containing(Column::Subject, words))
                .add(Column::Id.in_subquery(said)),
        );
    }
    let sortable = [
        ("opened_at", Column::OpenedAt),
        ("last_at", Column::LastAt),
        ("waiting_since", Column::WaitingSince),
    ];
    paginate(conn, select, query, &sortable, Column::Id).await
}

/// One conversation, within the actor's scope.
pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<row::Model> {
    visible(scope)
        .filter(Column::Id.eq(id))
        .one(conn)
        .await?
        .ok_or_else(unknown)
}

pub(crate) fn unknown() -> Problem {
    not_found("conversation")
}

/// One conversation, for the house itself.
pub(crate) async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find_by_id(id).one(conn).await?)
}

/// One conversation, held against others who would change it (`PostgreSQL`; `SQLite` has one writer).
pub(crate) async fn locked(tx: &Tx, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(unknown)
}

/// What a work of the floor is about, held against others.
pub(crate) async fn of_work(tx: &Tx, work: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::WorkId.eq(work))
        .filter(Column::Open.eq(true))
        .lock_exclusive()
        .one(&**tx)
        .await?)
}

/// The open conversation of somebody on a channel, held against others.
pub(crate) async fn open_of(tx: &Tx, identity: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::IdentityId.eq(identity))
        .filter(Column::Open.eq(true))
        .lock_exclusive()
        .one(&**tx)
        .await?)
}

/// The newest conversation of somebody on a channel.
pub(crate) async fn newest_of(
    conn: &impl ConnectionTrait,
    identity: Uuid,
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::IdentityId.eq(identity))
        .order_by_desc(Column::OpenedAt)
        .order_by_desc(Column::Id)
        .one(conn)
        .await?)
}

/// The most conversations that are given to the floor at a start.
const MOST_AT_THE_FLOOR: u64 = 10_000;

/// Every conversation that the floor has to know of: those that wait, and those an agent has.
pub(crate) async fn at_the_floor(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    let states = [State::Waiting, State::Active, State::WrapUp];
    Ok(row::Entity::find()
        .filter(Column::State.is_in(states.map(State::as_str)))
        .filter(Column::Open.eq(true))
        .order_by_asc(Column::WaitingSince)
        .limit(MOST_AT_THE_FLOOR)
        .all(conn)
        .await?)
}

/// Conversations that were left and in which somebody wrote what their ticket may not know yet.
pub(crate) async fn left_untold(conn: &impl ConnectionTrait) -> Result<Vec<Uuid>> {
    Ok(row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::State.eq(State::Left.as_str()))
        .filter(Column::Open.eq(true))
        .filter(Expr::col(Column::AgentReadSeq).lt(Expr::col(Column::LastSeq)))
        .order_by_asc(Column::OpenedAt)
        .limit(MOST_AT_THE_FLOOR)
        .into_tuple()
        .all(conn)
        .await?)
}

/// Its place in its queue; 1 is next.
pub(crate) async fn place(conn: &impl ConnectionTrait, row: &row::Model) -> Result<u64> {
    let before = row::Entity::find()
        .filter(Column::State.eq(State::Waiting.as_str()))
        .filter(Column::Open.eq(true))
        .filter(Column::Queue.eq(row.queue.clone()))
        .filter(Column::WaitingSince.lt(row.waiting_since));
    Ok(before.count(conn).await? + 1)
}

/// What a queue gives for writing up; nothing where no talk ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WrapUpRule {
    /// How long, in seconds.
    pub seconds: u32,
    /// How often longer.
    pub extensions: u32,
}

/// What the queue of a conversation gives for writing it up, whoever ends it.
pub(crate) async fn wrap_up_rule(
    conn: &impl ConnectionTrait,
    row: &row::Model,
) -> Result<WrapUpRule> {
    let queue = match row.queue.as_deref() {
        Some(code) => floor::queue::store::get(conn, code).await?,
        None => None,
    };
    let rules = queue.map_or_else(|| QueueRules::usual(""), |queue| queue.rules);
    Ok(WrapUpRule {
        seconds: rules.wrap_up_s,
        extensions: rules.max_extensions,
    })
}

/// The present, and how long steps may take by the settings and the queue.
pub(crate) fn moment(app: &App, settings: &Settings, wrap_up: WrapUpRule) -> Moment {
    Moment {
        now: app.clock.now(),
        wrap_up: TimeDelta::seconds(wrap_up.seconds.into()),
        max_extensions: wrap_up.extensions,
        idle: TimeDelta::minutes(settings.idle_minutes.into()),
        left: TimeDelta::hours(settings.left_hours.into()),
    }
}

/// Does `action`; writes and tells what follows from it.
pub(crate) async fn act(
    (app, tx, who): (&App, &Tx, &Who),
    before: row::Model,
    action: Action,
    moment: &Moment,
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let case = before
        .case()?
        .next(action, moment)
        .map_err(|refusal| before.said_no(refusal))?;
    let mut after = before.clone();
    after.set_case(&case);
    let now = moment.now;
    match action {
        Action::Take(agent) => {
            after.accepted_at.get_or_insert(now);
            after.first_agent_id.get_or_insert(agent);
            after.ended_at = None;
        }
        Action::PutBack | Action::Resume => {
            after.waiting_since = now;
            after.ended_at = None;
        }
        Action::End(_) | Action::Leave(_) => after.ended_at = Some(now),
        Action::Extend => {}
        Action::Close | Action::RunOut => {
            after.ended_at.get_or_insert(now);
        }
    }
    more(&mut after);
    let saved = versioned::save(app, &**tx, &before, after).await?;
    let details =
        json!({ "version": saved.version, "state": saved.state, "reason": saved.end_reason });
    let name = format!("conversation.{}", action.code());
    audit::record(app, &**tx, who, &name, "conversation", saved.id, details).await?;
    tell_house(app, tx, kind_of(&before, action), &saved).await?;
    tell_screens(app, tx, &saved, "state", Value::Null);
    Ok(saved)
}

/// What other capabilities are told.
fn kind_of(before: &row::Model, action: Action) -> &'static str {
    match action {
        Action::Take(_) if before.first_agent_id.is_some() => "conversation.handed_on",
        Action::Take(_) => "conversation.answered",
        Action::PutBack | Action::Resume => "conversation.put_back",
        Action::End(EndReason::Abandoned) => "conversation.abandoned",
        Action::End(_) => "conversation.ended",
        Action::Leave(_) => "conversation.left",
        Action::Extend => "conversation.wrap_up_extended",
        Action::RunOut if before.state == State::WrapUp.as_str() => "conversation.wrap_up_expired",
        Action::Close | Action::RunOut => "conversation.closed",
    }
}

pub(crate) async fn tell_house(
    app: &App,
    tx: &Tx,
    kind: &'static str,
    row: &row::Model,
) -> Result<()> {
    tell_house_of(app, tx, kind, row, row.agent_id).await
}

/// The same of an agent who does not have it yet.
pub(crate) async fn tell_house_of(
    app: &App,
    tx: &Tx,
    kind: &'static str,
    row: &row::Model,
    agent: Option<Uuid>,
) -> Result<()> {
    let payload = json!({
        "medium": "chat", "channel": row.channel, "direction": "inbound", "queue": row.queue,
        "requester_id": row.requester_id, "agent": agent, "owner_id": agent,
        "number": row.number, "outcome": outcome(row), "at": app.clock.now(),
    });
    app.events.publish(tx, kind, row.id, payload).await
}

fn outcome(row: &row::Model) -> Option<&'static str> {
    match row.state.as_str() {
        "waiting" | "active" => None,
        _ if row.accepted_at.is_some() => Some("answered"),
        _ if row.end_reason.as_deref() == Some(EndReason::Abandoned.as_str()) => Some("abandoned"),
        _ => Some("no_agent_answer"),
    }
}

/// Tells the screens of whoever has it, or it rings at; in brief those who supervise; and what is said, all who may see
/// it.
pub(crate) fn tell_screens(app: &App, tx: &Tx, row: &row::Model, what: &'static str, more: Value) {
    let brief = json!({
        "id": row.id, "what": what, "state": row.state, "agent_id": row.agent_id,
        "channel": row.channel, "seq": row.last_seq,
    });
    let mut data = brief.clone();
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    if matches!(what, "message" | "delivery") {
        let audience = Audience::Reach {
            permission: ViewConversations::CODE,
            queue: row.queue.clone(),
            people: concerned(row),
        };
        app.live.publish_after(tx, audience, "conversation", data);
        return;
    }
    for person in concerned(row) {
        let audience = Audience::User(person);
        app.live
            .publish_after(tx, audience, "conversation", data.clone());
    }
    if what == "state" {
        let audience = Audience::Permission(SuperviseConversations::CODE);
        app.live.publish_after(tx, audience, "conversation", brief);
    }
}

/// Whose screens show it.
pub(crate) fn concerned(row: &row::Model) -> Vec<Uuid> {
    let mut people: Vec<Uuid> = [row.agent_id, row.offered_to]
        .into_iter()
        .flatten()
        .collect();
    people.dedup();
    people
}
