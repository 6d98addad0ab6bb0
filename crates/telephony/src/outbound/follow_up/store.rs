//! The rows of lists, items and attempts, and what follows from each step.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found, refused};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Audience, Permission as _, Scope, Tx};
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel as _, QueryFilter,
    QueryOrder, QuerySelect, Select,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::form::Question;
use super::{Action, AttemptOutcome, Case, Moment, State, Terms};
use crate::outbound::callback::store::hash_of;
use crate::outbound::{ViewFollowUps, rules};

kernel::table! {
    /// A list of follow-ups.
    pub mod list = "follow_up_lists" (id: Uuid) {
        name: String,
        purpose: String,
        script: Option<String>,
        script_title: Option<String>,
        questions: Json,
        state: String,
        open: bool,
        items: i32,
        made_by: Uuid,
        made_at: DateTimeUtc,
        closed_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// An agent who calls for a list.
    pub mod owner = "follow_up_owners" (list_id: Uuid, agent_id: Uuid) {
        place: i32,
    }
}

kernel::table! {
    /// Somebody to be asked. What the rules see of it is a [`Case`].
    pub mod item_row = "follow_up_items" (id: Uuid) {
        list_id: Uuid,
        seq: i32,
        number: String,
        number_hash: String,
        name: Option<String>,
        note: Option<String>,
        requester_id: Option<Uuid>,
        ticket_id: Option<Uuid>,
        owner_id: Option<Uuid>,
        state: String,
        open: bool,
        attempts: i32,
        last_attempt_at: Option<DateTimeUtc>,
        next_at: Option<DateTimeUtc>,
        outcome: Option<String>,
        answers: Option<Json>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One call to an item.
    pub mod attempt = "follow_up_attempts" (id: Uuid) {
        item_id: Uuid,
        n: i32,
        order_id: Uuid,
        agent_id: Uuid,
        at: DateTimeUtc,
        talked: Option<bool>,
        outcome: Option<String>,
        note: Option<String>,
        told_at: Option<DateTimeUtc>,
    }
}

kernel::versioned!(list, |list| format!("list `{}`", list.name));
kernel::versioned!(item_row, |item| format!("item {}", item.seq));

use item_row::Column as I;
use list::Column as L;

impl list::Model {
    /// What is asked.
    pub fn form(&self) -> Result<Vec<Question>> {
        serde_json::from_value(self.questions.clone()).map_err(internal)
    }
}

impl item_row::Model {
    /// The item as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = State::parse(&self.state)
            .ok_or_else(|| internal(format!("{} has no valid state", self.what())))?;
        Ok(Case {
            state,
            attempts: u32::try_from(self.attempts).map_err(internal)?,
            last: self.last_attempt_at,
            next_at: self.next_at,
        })
    }

    pub(super) fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.attempts = case.attempts as i32;
        self.last_attempt_at = case.last;
        self.next_at = case.next_at;
        self
    }
}

/// Lists somebody may see: with `Own` those he calls for.
fn visible(scope: &Scope) -> Select<list::Entity> {
    match scope {
        Scope::All => list::Entity::find(),
        Scope::Own(user) => list::Entity::find().filter(
            L::Id.in_subquery(
                Query::select()
                    .column(owner::Column::ListId)
                    .from(owner::Entity)
                    .and_where(owner::Column::AgentId.eq(*user))
                    .to_owned(),
            ),
        ),
        Scope::Queues(_) => list::Entity::find().filter(L::Id.is_null()),
    }
}

/// Which lists.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FollowUpFilter {
    /// Those that are called now, or those that are closed.
    pub open: Option<bool>,
}

pub(super) async fn lists(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    (query, filter): (&ListQuery, &FollowUpFilter),
) -> Result<Page<list::Model>> {
    let all = Condition::all()
        .add_option(filter.open.map(|open| L::Open.eq(open)))
        .add_option(query.words_in(&[L::Name])?);
    let select = visible(scope).filter(all);
    paginate(conn, select, query, &[("made_at", L::MadeAt)], L::Id).await
}

pub(super) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<list::Model> {
    visible(scope)
        .filter(L::Id.eq(id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("list"))
}

/// The agents who call for these lists, in their order.
pub(super) async fn owners(
    conn: &impl ConnectionTrait,
    lists: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<Uuid>>> {
    let mut owners: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    if lists.is_empty() {
        return Ok(owners);
    }
    let rows = owner::Entity::find()
        .filter(owner::Column::ListId.is_in(lists))
        .order_by_asc(owner::Column::Place)
        .all(conn)
        .await?;
    for row in rows {
        owners.entry(row.list_id).or_default().push(row.agent_id);
    }
    Ok(owners)
}

/// Which items.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ItemFilter {
    /// `waiting`, `calling`, `reached`, `refused`, `wrong_number` or `unreached`.
    pub state: Option<String>,
    /// Those that somebody owes a step on, or those that are over.
    pub open: Option<bool>,
    /// Those of the actor.
    pub mine: Option<bool>,
    /// Those of this agent.
    pub owner: Option<Uuid>,
    /// Those that may be called now.
    pub due: Option<bool>,
}

/// A page of items in the order of the list; `q` is a whole number, or a part of a name.
pub(super) async fn items(
    app: &App,
    conn: &impl ConnectionTrait,
    user: Uuid,
    list: Uuid,
    (query, filter): (&ListQuery, &ItemFilter),
) -> Result<Page<item_row::Model>> {
    let mine = filter.mine.filter(|mine| *mine);
    let due = filter.due.filter(|due| *due);
    let mut all = Condition::all()
        .add(I::ListId.eq(list))
        .add_option(filter.state.as_deref().map(|state| I::State.eq(state)))
        .add_option(filter.open.map(|open| I::Open.eq(open)))
        .add_option(mine.map(|_| I::OwnerId.eq(user)))
        .add_option(filter.owner.map(|owner| I::OwnerId.eq(owner)))
        .add_option(due.map(|_| I::NextAt.lte(app.clock.now())));
    if let Some(words) = query.words()? {
        let named = query.words_in(&[I::Name])?.unwrap_or_else(Condition::all);
        all = all.add(
            Condition::any()
                .add(I::NumberHash.eq(hash_of(app, words)))
                .add(named),
        );
    }
    let query = ListQuery {
        sort: query.sort.clone().or_else(|| Some("seq".to_owned())),
        ..query.clone()
    };
    let select = item_row::Entity::find().filter(all);
    paginate(conn, select, &query, &[("seq", I::Seq)], I::Id).await
}

/// The item that this agent calls next: first one whose outcome he owes, then one of his that may be called now, then
/// one that nobody has.
pub(super) async fn next_of(
    conn: &impl ConnectionTrait,
    list: Uuid,
    agent: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<item_row::Model>> {
    let of_list = || item_row::Entity::find().filter(I::ListId.eq(list));
    let due = || {
        of_list()
            .filter(I::State.eq(State::Waiting.as_str()))
            .filter(I::NextAt.lte(now))
    };
    let owed = of_list()
        .filter(I::State.eq(State::Calling.as_str()))
        .filter(I::OwnerId.eq(agent));
    let asked = [
        owed,
        due().filter(I::OwnerId.eq(agent)),
        due().filter(I::OwnerId.is_null()),
    ];
    for select in asked {
        let first = select.order_by_asc(I::NextAt).order_by_asc(I::Seq);
        if let Some(item) = first.one(conn).await? {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

pub(crate) async fn item(conn: &impl ConnectionTrait, id: Uuid) -> Result<item_row::Model> {
    item_row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("item"))
}

/// Attempts of one item; the rule allows far fewer.
const MOST_ATTEMPTS: u64 = 50;

/// The calls to an item, the first first.
pub(super) async fn attempts(
    conn: &impl ConnectionTrait,
    item: Uuid,
) -> Result<Vec<attempt::Model>> {
    Ok(attempt::Entity::find()
        .filter(attempt::Column::ItemId.eq(item))
        .order_by_asc(attempt::Column::At)
        .limit(MOST_ATTEMPTS)
        .all(conn)
        .await?)
}

/// Does `action` to an item as it was read.
async fn act(
    app: &App,
    tx: &Tx,
    before: &item_row::Model,
    action: &Action,
    more: impl FnOnce(&mut item_row::Model),
) -> Result<item_row::Model> {
    let limits = rules::limits(app, &**tx).await?;
    let service = organization::service_calendar::load(&**tx).await?;
    let moment = Moment {
        now: app.clock.now(),
        service: &service,
        rules: &Terms {
            attempts: limits.follow_up_attempts,
        },
    };
    let case = before.case()?.next(action, &moment).map_err(|refusal| {
        let problem = refusal.about(&before.what());
        match before.next_at {
            Some(next) => problem.with("next_at", next.to_rfc3339()),
            None => problem,
        }
    })?;
    let mut after = before.clone().with_case(&case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    let news = json!({ "list_id": after.list_id, "item_id": after.id, "state": after.state });
    let audience = Audience::Permission(ViewFollowUps::CODE);
    app.live.publish_after(tx, audience, "follow_up", news);
    Ok(after)
}

/// The item is called: its agent has it from now on.
pub(crate) async fn called(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &item_row::Model,
    order: Uuid,
) -> Result<()> {
    let of_list = list::Entity::find_by_id(before.list_id).one(&**tx).await?;
    if !of_list.is_some_and(|list| list.open) {
        let detail = "this list is closed: nobody is called for it";
        return Err(refused("follow_up_list_closed", detail));
    }
    let agent = who.user_id.unwrap_or_default();
    let take = |after: &mut item_row::Model| after.owner_id = Some(agent);
    let after = act(app, tx, before, &Action::Call, take).await?;
    let made = attempt::Model {
        id: app.ids.next(),
        item_id: after.id,
        n: after.attempts,
        order_id: order,
        agent_id: agent,
        at: app.clock.now(),
        talked: None,
        outcome: None,
        note: None,
        told_at: None,
    };
    attempt::Entity::insert(made.into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// The call is over. One that did not arrive at his telephone is no attempt.
pub(crate) async fn call_over(
    app: &App,
    tx: &Tx,
    who: &Who,
    (id, order): (Uuid, Uuid),
    (arrived, talked): (bool, bool),
) -> Result<()> {
    let found = attempt::Entity::find()
        .filter(attempt::Column::OrderId.eq(order))
        .one(&**tx)
        .await?;
    let Some(made) = found else {
        return Ok(());
    };
    if arrived || made.outcome.is_some() {
        let changed = attempt::ActiveModel {
            id: sea_orm::Set(made.id),
            talked: sea_orm::Set(Some(talked)),
            ..Default::default()
        };
        attempt::Entity::update(changed).exec(&**tx).await?;
        return Ok(());
    }
    attempt::Entity::delete_by_id(made.id).exec(&**tx).await?;
    let item = item(&**tx, id).await?;
    let before = attempts(&**tx, id).await?.last().map(|last| last.at);
    act(app, tx, &item, &Action::NotPlaced { before }, |_| {}).await?;
    let facts = json!({ "item_id": id, "order_id": order });
    audit::record(
        app,
        &**tx,
        who,
        "follow_up.not_placed",
        "follow_up_item",
        id,
        facts,
    )
    .await
}

/// What came of the last call.
pub(super) struct Told {
    pub outcome: AttemptOutcome,
    pub answers: Option<serde_json::Value>,
    pub note: Option<String>,
}

pub(super) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &item_row::Model,
    told: Told,
) -> Result<item_row::Model> {
    let Told {
        outcome,
        answers,
        note,
    } = told;
    let more = |after: &mut item_row::Model| {
        after.outcome = Some(outcome.as_str().to_owned());
        after.answers = answers;
    };
    let after = act(app, tx, before, &Action::Tell(outcome), more).await?;
    let made = attempts(&**tx, after.id).await?;
    if let Some(last) = made.last() {
        let changed = attempt::ActiveModel {
            id: sea_orm::Set(last.id),
            outcome: sea_orm::Set(Some(outcome.as_str().to_owned())),
            note: sea_orm::Set(note),
            told_at: sea_orm::Set(Some(app.clock.now())),
            ..Default::default()
        };
        attempt::Entity::update(changed).exec(&**tx).await?;
    }
    let facts = json!({ "outcome": outcome, "attempts": after.attempts, "state": after.state });
    audit::record(
        app,
        &**tx,
        who,
        "follow_up.told",
        "follow_up_item",
        after.id,
        facts,
    )
    .await?;
    Ok(after)
}
