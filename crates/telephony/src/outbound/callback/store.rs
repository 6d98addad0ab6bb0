//! The rows of call-backs, and what follows from each step.

use calendar::{DeadlineRule, ServiceClock};
use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::masked::keyed_hash;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Audience, Permission as _, Role, Tx};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel as _,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, Moment, State, Terms};
use crate::outbound::{ViewCallbacks, rules};

kernel::table! {
    /// One call-back. What the rules see of it is a [`Case`].
    pub mod row = "callbacks" (id: Uuid) {
        number: String,
        number_hash: Option<String>,
        requester_id: Option<Uuid>,
        queue: Option<String>,
        state: String,
        open: bool,
        owner_id: Option<Uuid>,
        assigned_at: Option<DateTimeUtc>,
        missed: i32,
        first_missed_at: DateTimeUtc,
        last_missed_at: DateTimeUtc,
        warn_at: DateTimeUtc,
        due_at: DateTimeUtc,
        warned: bool,
        breached: bool,
        attempts: i32,
        first_attempt_at: Option<DateTimeUtc>,
        in_time: Option<bool>,
        closed_at: Option<DateTimeUtc>,
        closed_by: Option<Uuid>,
        closing_call: Option<Uuid>,
        note: Option<String>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// A missed call of a call-back.
    pub mod missed_row = "callback_calls" (work_id: Uuid) {
        callback_id: Uuid,
        missed_at: DateTimeUtc,
        outcome: Option<String>,
        wait_ms: Option<i64>,
    }
}

kernel::versioned!(row, |callback| format!("callback `{}`", callback.id));

use row::Column;

/// The present, for the steps of one transaction.
pub(crate) struct Present {
    now: DateTime<Utc>,
    service: ServiceClock,
    terms: Terms,
}

impl Present {
    pub(crate) async fn read(app: &App, conn: &impl ConnectionTrait) -> Result<Self> {
        let limits = rules::limits(app, conn).await?;
        let minutes = |minutes| DeadlineRule::service_minutes("outbound.callback", minutes);
        let before = limits
            .callback_minutes
            .saturating_sub(limits.callback_warning);
        Ok(Self {
            now: app.clock.now(),
            service: organization::service_calendar::load(conn).await?,
            terms: Terms {
                within: minutes(limits.callback_minutes),
                warning: minutes(before),
                attempts: limits.callback_attempts,
            },
        })
    }

    pub(crate) fn moment(&self) -> Moment<'_> {
        Moment {
            now: self.now,
            service: &self.service,
            rules: &self.terms,
        }
    }
}

impl row::Model {
    /// The call-back as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = State::parse(&self.state)
            .ok_or_else(|| internal(format!("{} has no valid state", self.what())))?;
        Ok(Case {
            state,
            owner: self.owner_id,
            missed: u32::try_from(self.missed).map_err(internal)?,
            warn_at: self.warn_at,
            due_at: self.due_at,
            warned: self.warned,
            breached: self.breached,
            attempts: u32::try_from(self.attempts).map_err(internal)?,
            first_attempt_at: self.first_attempt_at,
            look_at: self.next_alarm_at.filter(|_| self.owner_id.is_none()),
        })
    }

    pub(crate) fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.owner_id = case.owner;
        self.missed = case.missed as i32;
        self.warn_at = case.warn_at;
        self.due_at = case.due_at;
        self.warned = case.warned;
        self.breached = case.breached;
        self.attempts = case.attempts as i32;
        self.first_attempt_at = case.first_attempt_at;
        self.in_time = case.in_time();
        self.next_alarm_at = case.alarm_at();
        self
    }

    /// What events and screens are told of it.
    pub(crate) fn facts(&self, what: &str) -> Value {
        json!({
            "id": self.id,
            "callback_id": self.id,
            "what": what,
            "state": self.state,
            "queue": self.queue,
            "requester_id": self.requester_id,
            "owner_id": self.owner_id,
            "missed": self.missed,
            "attempts": self.attempts,
            "due_at": self.due_at,
            "in_time": self.in_time,
            "closing_call": self.closing_call,
            "version": self.version,
        })
    }
}

/// Which call-backs.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackFilter {
    /// Those that somebody owes, or those that are over.
    pub open: Option<bool>,
    /// `open`, `reached`, `called_in`, `unreached` or `no_number`.
    pub state: Option<String>,
    /// Those of the actor.
    pub mine: Option<bool>,
    /// Those of this agent.
    pub owner: Option<Uuid>,
    /// Those of this queue.
    pub queue: Option<String>,
    /// Those called in time, or those that were not.
    pub in_time: Option<bool>,
    /// Those that count in the rate.
    pub counted: Option<bool>,
    /// Missed first at or after.
    pub from: Option<DateTime<Utc>>,
    /// Missed first before.
    pub to: Option<DateTime<Utc>>,
}

/// Those that count in the rate: called, or due and not called.
fn counted() -> Condition {
    Condition::all().add(Column::InTime.is_not_null())
}

impl CallbackFilter {
    fn condition(&self, user: Uuid) -> Condition {
        Condition::all()
            .add_option(self.open.map(|open| Column::Open.eq(open)))
            .add_option(self.state.as_deref().map(|state| Column::State.eq(state)))
            .add_option(
                self.mine
                    .filter(|mine| *mine)
                    .map(|_| Column::OwnerId.eq(user)),
            )
            .add_option(self.owner.map(|owner| Column::OwnerId.eq(owner)))
            .add_option(self.queue.as_deref().map(|queue| Column::Queue.eq(queue)))
            .add_option(self.in_time.map(|in_time| Column::InTime.eq(in_time)))
            .add_option(self.counted.filter(|asked| *asked).map(|_| counted()))
            .add_option(self.from.map(|from| Column::FirstMissedAt.gte(from)))
            .add_option(self.to.map(|to| Column::FirstMissedAt.lt(to)))
    }
}

/// A page of call-backs; `q` is a whole number.
pub(crate) async fn list(
    app: &App,
    conn: &impl ConnectionTrait,
    user: Uuid,
    (query, filter): (&ListQuery, &CallbackFilter),
) -> Result<Page<row::Model>> {
    let mut all = filter.condition(user);
    if let Some(words) = query.words()? {
        all = all.add(Column::NumberHash.eq(hash_of(app, words)));
    }
    let sortable = [
        ("first_missed_at", Column::FirstMissedAt),
        ("due_at", Column::DueAt),
    ];
    let select = row::Entity::find().filter(all);
    paginate(conn, select, query, &sortable, Column::Id).await
}

/// The keyed hash of a number in its stored form.
pub(crate) fn hash_of(app: &App, number: &str) -> String {
    let text = requesters::normalise(number).map_or(String::new(), |number| number.text);
    keyed_hash(app.key.bytes(), &text)
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("callback"))
}

/// The open one of a number.
pub(crate) async fn open_of(conn: &impl ConnectionTrait, hash: &str) -> Result<Option<row::Model>> {
    let found = row::Entity::find()
        .filter(Column::NumberHash.eq(hash))
        .filter(Column::Open.eq(true));
    Ok(found.one(conn).await?)
}

/// Missed calls shown with a call-back: who calls all day is shown as he called last.
const MOST_MISSED: u64 = 100;

pub(crate) async fn missed_of(
    conn: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<missed_row::Model>> {
    Ok(missed_row::Entity::find()
        .filter(missed_row::Column::CallbackId.eq(id))
        .order_by_desc(missed_row::Column::MissedAt)
        .limit(MOST_MISSED)
        .all(conn)
        .await?)
}

pub(crate) async fn add_missed(tx: &Tx, missed: missed_row::Model) -> Result<()> {
    missed_row::Entity::insert(missed.into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// The agent on duty who got a call-back longest ago; none while nobody is there.
pub(crate) async fn whose_turn(conn: &impl ConnectionTrait) -> Result<Option<Uuid>> {
    #[derive(FromQueryResult)]
    struct Last {
        owner_id: Uuid,
        last: DateTime<Utc>,
    }
    let there = on_duty(conn).await?;
    let last = row::Entity::find()
        .select_only()
        .column(Column::OwnerId)
        .column_as(Column::AssignedAt.max(), "last")
        .filter(Column::OwnerId.is_in(there.iter().copied()))
        .filter(Column::AssignedAt.is_not_null())
        .group_by(Column::OwnerId)
        .into_model::<Last>()
        .all(conn)
        .await?;
    let last_of = |agent: &Uuid| {
        let found = last.iter().find(|last| last.owner_id == *agent);
        found.map(|last| last.last)
    };
    Ok(there
        .into_iter()
        .min_by_key(|agent| (last_of(agent), *agent)))
}

/// States of an agent who is on post.
const ON_POST: [&str; 5] = ["ready", "ringing", "talking", "held", "wrap_up"];

/// The agents who are on duty: on post, whatever they do just now.
pub(crate) async fn on_duty(conn: &impl ConnectionTrait) -> Result<Vec<Uuid>> {
    let sessions = floor::agent_state::store::open_sessions(conn).await?;
    let there: Vec<Uuid> = sessions
        .into_iter()
        .filter(|session| ON_POST.contains(&session.state.as_str()))
        .map(|session| session.agent_id)
        .collect();
    let agents = organization::colleagues::holders(conn, Role::Agent).await?;
    let mut on_duty: Vec<Uuid> = agents
        .into_iter()
        .map(|agent| agent.id)
        .filter(|agent| there.contains(agent))
        .collect();
    on_duty.dedup();
    Ok(on_duty)
}

/// Does `action` to a call-back as it was read, and tells whom it concerns. Works of the floor that are done with it
/// are marked here; whoever calls this tells the floor of them after the commit.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    (action, more): (Action, impl FnOnce(&mut row::Model)),
) -> Result<(row::Model, Vec<Uuid>)> {
    let present = Present::read(app, &**tx).await?;
    let case = before
        .case()?
        .next(&action, &present.moment())
        .map_err(|refusal| refusal.about(&before.what()))?;
    let mut after = before.clone().with_case(&case);
    if matches!(action, Action::Assign { .. }) {
        after.assigned_at = Some(present.now);
    }
    if !after.open {
        after.closed_at = Some(present.now);
        after.closed_by = who.user_id;
    }
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    let what = match action {
        Action::NobodyThere => return Ok((after, Vec::new())),
        Action::Miss => "missed",
        Action::Assign { .. } => "assigned",
        Action::Sign if after.breached => "overdue",
        Action::Sign => "warned",
        Action::Attempt { .. } if after.open => "attempted",
        Action::Attempt { .. } | Action::Settle => "reached",
        Action::CallIn => "called_in",
        Action::GiveUp { .. } => "given_up",
        Action::Erased => "erased",
    };
    tell(app, tx, who, &after, what).await?;
    let works = if after.open {
        Vec::new()
    } else {
        returned(app, tx, who, &after).await?
    };
    Ok((after, works))
}

/// The floor's rows of the missed calls; gives those that were due until now.
pub(crate) async fn returned(
    app: &App,
    tx: &Tx,
    who: &Who,
    callback: &row::Model,
) -> Result<Vec<Uuid>> {
    let missed = missed_row::Entity::find()
        .filter(missed_row::Column::CallbackId.eq(callback.id))
        .all(&**tx)
        .await?;
    let mut works = Vec::new();
    for work in missed.into_iter().map(|missed| missed.work_id) {
        let note = callback.note.clone();
        let done =
            floor::work_item::store::callback_done(&**tx, work, who.user_id, app.clock.now(), note);
        match done.await {
            Ok(()) => works.push(work),
            // Talked after all, or marked before.
            Err(problem) if matches!(problem.code, "callback_done_before" | "not_found") => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(works)
}

/// Audit trail, event, and the screens.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    callback: &row::Model,
    what: &str,
) -> Result<()> {
    let kind = format!("callback.{what}");
    let facts = callback.facts(what);
    audit::record(
        app,
        &**tx,
        who,
        &kind,
        "callback",
        callback.id,
        facts.clone(),
    )
    .await?;
    app.events
        .publish(tx, &kind, callback.id, facts.clone())
        .await?;
    let audience = Audience::Permission(ViewCallbacks::CODE);
    app.live.publish_after(tx, audience, "callback", facts);
    Ok(())
}

/// The call-backs, as the timer sees them.
pub(crate) struct Callbacks;

impl Alarmed for Callbacks {
    type Entity = row::Entity;
    const HANDLER: &'static str = "telephony.wake_callbacks";
    const KINDS: &'static [&'static str] = &["callback.missed", "callback.assigned"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("callbacks");
        for mut callback in due {
            let case = callback.case()?;
            if case.owner.is_none() && case.look_at.is_some_and(|at| at <= app.clock.now()) {
                let action = match whose_turn(&*tx).await? {
                    Some(to) => Action::Assign { to },
                    None => Action::NobodyThere,
                };
                (callback, _) = act(&app, &tx, &who, &callback, (action, |_| {})).await?;
            }
            let present = Present::read(&app, &*tx).await?;
            if callback
                .case()?
                .next(&Action::Sign, &present.moment())
                .is_ok()
            {
                act(&app, &tx, &who, &callback, (Action::Sign, |_| {})).await?;
            }
        }
        Ok(())
    }
}
