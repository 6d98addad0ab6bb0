//! What calls and the floor tell of a contact, in whatever order and however often it arrives.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::{App, Audience, Event, Tx};
use sea_orm::{ColumnTrait, Condition};
use serde_json::{Value, json};
use uuid::Uuid;

use super::State;
use super::store::{self, Beginning, row};
use crate::ticket::act::Hand;
use crate::ticket::draft;
use row::Column;

/// What the crate hears about calls and conversations: what is told of the one is told of the other by the same words.
pub(crate) const CONTACT_EVENTS: &[&str] = &[
    "call.offered",
    "call.ringing",
    "call.answered",
    "call.ended",
    "call.abandoned",
    "call.interrupted",
    "call.entered",
    "conversation.offered",
    "conversation.ringing",
    "conversation.answered",
    "conversation.handed_on",
    "conversation.resumed",
    "conversation.ended",
    "conversation.abandoned",
    "conversation.left",
    "conversation.closed",
    "conversation.wrap_up_expired",
];

/// What the crate hears about the floor's wrap-up clock.
pub(crate) const WRAP_UP_EVENTS: &[&str] = &[
    "work.wrap_up_began",
    "work.wrap_up_ended",
    "work.wrap_up_expired",
];

/// What the crate hears about a call that goes on with another agent. The floor says so, for it asks the record of who
/// had the call last; a supervisor who takes a call over has no wrap-up, and the record stays where it is.
pub(crate) const PART_EVENTS: &[&str] = &["work.accepted", "work.handed_over"];

/// A draft this long after the end of its call has lost its wrap-up clock, for instance with a restart.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(30);

/// The part of an event's payload that this crate reads.
struct Facts {
    call: Uuid,
    at: DateTime<Utc>,
    agent: Option<Uuid>,
    requester: Option<Uuid>,
    caller: Option<String>,
    queue: Option<String>,
    direction: String,
    medium: String,
    channel: String,
    outcome: Option<String>,
    source: String,
    /// Of a call that was over when it was told.
    past: Past,
}

/// The times of a call that was taken elsewhere and told afterwards.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_field_names, reason = "each is a time of its own")]
struct Past {
    started_at: Option<DateTime<Utc>>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// When what it opens begins: no clock runs over before anybody knew.
    opens_at: Option<DateTime<Utc>>,
}

impl Facts {
    fn of(event: &Event) -> Result<Self> {
        let text = |key: &str| {
            event
                .payload
                .get(key)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let id = |key: &str| text(key).and_then(|text| text.parse::<Uuid>().ok());
        let time = |key: &str| text(key).and_then(|text| text.parse::<DateTime<Utc>>().ok());
        let call = event.subject_id.parse().map_err(|_| {
            internal(format!(
                "{} about `{}`, which is no call",
                event.kind, event.subject_id
            ))
        })?;
        Ok(Self {
            call,
            at: text("at")
                .and_then(|at| at.parse().ok())
                .unwrap_or(event.occurred_at),
            agent: id("agent").or_else(|| id("agent_id")),
            requester: id("requester_id"),
            caller: text("caller"),
            queue: text("queue"),
            direction: text("direction").unwrap_or_else(|| "inbound".to_owned()),
            medium: text("medium")
                .or_else(|| text("media"))
                .unwrap_or_else(|| "voice".to_owned()),
            channel: text("channel").unwrap_or_else(|| "voice".to_owned()),
            outcome: text("outcome"),
            source: text("source").unwrap_or_else(|| "shoujie".to_owned()),
            past: Past {
                started_at: time("started_at"),
                answered_at: time("answered_at"),
                ended_at: time("ended_at"),
                opens_at: None,
            },
        })
    }
}

/// Keeps the contact record of a call, and opens its draft ticket when an agent takes it.
pub(crate) async fn on_call(app: App, event: Event) -> Result<()> {
    let facts = Facts::of(&event)?;
    if facts.direction == "internal" {
        return Ok(());
    }
    let db = app.db.clone();
    db.write(move |tx| async move { Box::pin(keep(&app, &tx, &event.kind, facts)).await })
        .await
}

/// The record of a call as its events tell it, also those that are not delivered yet.
pub(crate) async fn caught_up(app: &App, call: Uuid) -> Result<Option<row::Model>> {
    let record = store::find(app.db.read(), call).await?;
    if record
        .as_ref()
        .is_some_and(|record| record.answered_at.is_some())
    {
        return Ok(record);
    }
    catch_up(app, call).await?;
    store::find(app.db.read(), call).await
}

/// The floor, and the agent who hears a voice, know of an answer before the call's journal has it on disk: so often the
/// record is looked at again.
const LOOKS: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(50);

/// The record of a call, with the answer that may still be on its way to the disk.
pub(crate) async fn until_answered(app: &App, call: Uuid) -> Result<Option<row::Model>> {
    let mut record = caught_up(app, call).await?;
    for _ in 0..LOOKS {
        match &record {
            Some(begun) if begun.answered_at.is_none() && begun.standing()? == State::Draft => {
                app.clock.sleep(BETWEEN).await;
                record = caught_up(app, call).await?;
            }
            _ => break,
        }
    }
    Ok(record)
}

/// Hears now what is told of a call; hearing it again does no harm.
pub(crate) async fn catch_up(app: &App, call: Uuid) -> Result<()> {
    let told = app
        .events
        .of_subject(app.db.read(), &call.to_string())
        .await?;
    for event in told
        .into_iter()
        .filter(|event| CONTACT_EVENTS.contains(&event.kind.as_str()))
    {
        on_call(app.clone(), event).await?;
    }
    Ok(())
}

async fn keep(app: &App, tx: &Tx, kind: &str, facts: Facts) -> Result<()> {
    let call = facts.call;
    // Nobody can be asked what was said in a talk of nobody we know.
    let nobody = facts.past.answered_at.is_some() && facts.agent.is_none();
    if kind == "call.entered" && nobody {
        return Ok(());
    }
    if store::find(&**tx, call).await?.is_none() {
        let Some(requester) = requester_of(app, tx, kind, &facts).await? else {
            return Ok(());
        };
        let beginning = Beginning {
            call,
            medium: facts.medium.clone(),
            channel: facts.channel.clone(),
            direction: facts.direction.clone(),
            queue: facts.queue.clone(),
            requester,
            at: facts.past.started_at.unwrap_or(facts.at),
            source: facts.source.clone(),
        };
        store::begin(&**tx, beginning).await?;
    }
    let untaken = || Some(Condition::all().add(Column::AnsweredAt.is_null()));
    match kind {
        "call.ringing" | "conversation.ringing" => {
            if let Some(agent) = facts.agent {
                store::note(&**tx, call, Column::AgentId, agent, untaken()).await?;
            }
        }
        "call.answered" | "conversation.answered" => answered(app, tx, &facts).await?,
        "conversation.handed_on" => handed_on(app, tx, &facts).await?,
        "conversation.resumed" => goes_on(tx, &facts).await?,
        "call.ended"
        | "call.abandoned"
        | "call.interrupted"
        | "conversation.ended"
        | "conversation.abandoned"
        | "conversation.left" => {
            ended(app, tx, kind, &facts).await?;
        }
        "call.entered" => entered(app, tx, facts).await?,
        "conversation.closed" | "conversation.wrap_up_expired" => {
            written_up(app, tx, &facts).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Who is on the line. From the ring on the record must be there, also when the look-up of the number was
/// slower than the ring, or the number is withheld.
async fn requester_of(app: &App, tx: &Tx, kind: &str, facts: &Facts) -> Result<Option<Uuid>> {
    if facts.requester.is_some() {
        return Ok(facts.requester);
    }
    let Some(caller) = &facts.caller else {
        return Ok(None);
    };
    if let Some(known) = requesters::by_number(app, &**tx, caller).await? {
        return Ok(Some(known.id));
    }
    if !matches!(kind, "call.ringing" | "call.answered") {
        return Ok(None);
    }
    Ok(Some(
        requesters::find_or_create_by_number(app, &**tx, caller)
            .await?
            .id,
    ))
}

async fn answered(app: &App, tx: &Tx, facts: &Facts) -> Result<()> {
    let Some(agent) = facts.agent else {
        return Err(internal(format!(
            "call {} was answered by nobody",
            facts.call
        )));
    };
    let untaken = Some(Condition::all().add(Column::AnsweredAt.is_null()));
    if !store::note(&**tx, facts.call, Column::AnsweredAt, facts.at, untaken).await? {
        return Ok(());
    }
    if facts.medium == "chat" {
        goes_on(tx, facts).await?;
    }
    store::note(&**tx, facts.call, Column::AgentId, agent, None).await?;
    if let Some(queue) = &facts.queue {
        let unknown = Some(Condition::all().add(Column::Queue.is_null()));
        store::note(&**tx, facts.call, Column::Queue, queue.clone(), unknown).await?;
    }
    // The end of the call may have arrived before its beginning.
    let missed = Some(Condition::all().add(Column::State.eq(State::Missed.as_str())));
    store::note(
        &**tx,
        facts.call,
        Column::State,
        State::Draft.as_str(),
        missed,
    )
    .await?;
    let record = store::find(&**tx, facts.call)
        .await?
        .ok_or_else(|| internal("the contact record is gone"))?;
    let origin = draft::Origin {
        call: facts.call,
        requester: record.requester_id,
        agent,
        at: facts.past.opens_at.unwrap_or(facts.at),
    };
    let who = Who::system("tickets");
    let hand = Hand::of(app, tx, &who).await?;
    draft::open(&hand, origin).await?;
    tell(app, tx, &record);
    Ok(())
}

/// A conversation that was over, or left, goes on: its end is to come.
async fn goes_on(tx: &Tx, facts: &Facts) -> Result<()> {
    let before = || Some(Condition::all().add(Column::EndedAt.lt(facts.at)));
    let none = || None::<String>;
    store::note(&**tx, facts.call, Column::Outcome, none(), before()).await?;
    let no_time = None::<DateTime<Utc>>;
    store::note(&**tx, facts.call, Column::EndedAt, no_time, before()).await?;
    Ok(())
}

/// A conversation goes on with another agent.
async fn handed_on(app: &App, tx: &Tx, facts: &Facts) -> Result<()> {
    if facts.agent.is_some() {
        goes_on(tx, facts).await?;
    }
    passes_to(app, tx, facts).await
}

/// Another agent writes it up. Its ticket stays with who took it first.
async fn passes_to(app: &App, tx: &Tx, facts: &Facts) -> Result<()> {
    let Some(agent) = facts.agent else {
        return Ok(());
    };
    let before = store::find(&**tx, facts.call).await?;
    let unwritten = Condition::all().add(Column::State.eq(State::Draft.as_str()));
    store::note(&**tx, facts.call, Column::AgentId, agent, Some(unwritten)).await?;
    let Some(record) = store::find(&**tx, facts.call).await? else {
        return Ok(());
    };
    tell(app, tx, &record);
    // Whose it was sees at once that he writes no more.
    if let Some(before) = before.and_then(|before| before.agent_id)
        && record.agent_id != Some(before)
    {
        let live = app.live.clone();
        let data = told(&record);
        tx.on_commit(move || live.publish(Audience::User(before), "contact_record", data));
    }
    Ok(())
}

/// The time to write a conversation up is over: what is still a draft is a debt.
async fn written_up(app: &App, tx: &Tx, facts: &Facts) -> Result<()> {
    if let Some(record) = store::find(&**tx, facts.call).await?
        && let Some(ended) = record.ended_at
    {
        let ms = (facts.at - ended).num_milliseconds().max(0);
        let unknown = Some(Condition::all().add(Column::WrapUpMs.is_null()));
        store::note(&**tx, facts.call, Column::WrapUpMs, ms, unknown).await?;
    }
    owe(app, tx, facts.call, facts.at).await
}

async fn ended(app: &App, tx: &Tx, kind: &str, facts: &Facts) -> Result<()> {
    let call = facts.call;
    let running = Some(Condition::all().add(Column::EndedAt.is_null()));
    store::note(&**tx, call, Column::EndedAt, facts.at, running).await?;
    let outcome = facts.outcome.clone().or_else(|| match kind {
        "call.abandoned" | "conversation.abandoned" => Some("abandoned".to_owned()),
        "call.interrupted" => Some("interrupted".to_owned()),
        _ => None,
    });
    if let Some(outcome) = &outcome {
        store::note(&**tx, call, Column::Outcome, outcome.clone(), None).await?;
    }
    if outcome.as_deref() != Some("answered") {
        let untaken = Condition::all()
            .add(Column::AnsweredAt.is_null())
            .add(Column::State.eq(State::Draft.as_str()));
        store::note(
            &**tx,
            call,
            Column::State,
            State::Missed.as_str(),
            Some(untaken),
        )
        .await?;
    }
    if outcome.as_deref() == Some("interrupted") {
        // No wrap-up clock survives the process that died: it is a debt at once.
        owe(app, tx, call, facts.at).await?;
    }
    Ok(())
}

/// A call that was taken elsewhere and is over when it is told. Who writes it by hand writes it up at once; of one that
/// came in a file the record is owed.
async fn entered(app: &App, tx: &Tx, mut facts: Facts) -> Result<()> {
    let (call, told_at) = (facts.call, facts.at);
    if let Some(at) = facts.past.answered_at {
        facts.at = at;
        facts.past.opens_at = (facts.source == "import").then_some(told_at);
        answered(app, tx, &facts).await?;
    }
    facts.at = facts.past.ended_at.unwrap_or(told_at);
    ended(app, tx, "call.ended", &facts).await?;
    if facts.source == "import" {
        return owe(app, tx, call, told_at).await;
    }
    let unknown = Some(Condition::all().add(Column::WrapUpBeganAt.is_null()));
    store::note(&**tx, call, Column::WrapUpBeganAt, told_at, unknown).await?;
    Ok(())
}

/// Measures the wrap-up; a record that is no more than a draft at its end is a debt.
pub(crate) async fn on_wrap_up(app: App, event: Event) -> Result<()> {
    let facts = Facts::of(&event)?;
    // The handler of calls may be behind; what the call told must be there to be measured.
    caught_up(&app, facts.call).await?;
    let db = app.db.clone();
    db.write(move |tx| async move {
        let Some(record) = store::find(&*tx, facts.call).await? else {
            return Ok(());
        };
        if event.kind == "work.wrap_up_began" {
            let unknown = Some(Condition::all().add(Column::WrapUpBeganAt.is_null()));
            store::note(&*tx, facts.call, Column::WrapUpBeganAt, facts.at, unknown).await?;
            return Ok(());
        }
        if let Some(began) = record.wrap_up_began_at.or(record.ended_at) {
            let ms = (facts.at - began).num_milliseconds().max(0);
            let unknown = Some(Condition::all().add(Column::WrapUpMs.is_null()));
            store::note(&*tx, facts.call, Column::WrapUpMs, ms, unknown).await?;
        }
        owe(&app, &tx, facts.call, facts.at).await
    })
    .await
}

/// A call was taken by another agent after the first, or handed to him in a talk.
pub(crate) async fn on_part(app: App, event: Event) -> Result<()> {
    let mut facts = Facts::of(&event)?;
    if event.kind == "work.handed_over" {
        let to = event.payload.get("to").and_then(Value::as_str);
        facts.agent = to.and_then(|to| to.parse().ok());
    } else if event.payload.get("part").and_then(Value::as_i64) <= Some(1) {
        return Ok(());
    }
    // A conversation tells it by itself.
    if facts.medium != "voice" {
        return Ok(());
    }
    caught_up(&app, facts.call).await?;
    let db = app.db.clone();
    db.write(move |tx| async move { passes_to(&app, &tx, &facts).await })
        .await
}

/// Turns drafts without a wrap-up clock into debts, so that none is lost with a restart.
pub(crate) async fn owe_forgotten(app: App) -> Result<()> {
    let now = app.clock.now();
    let limit = now - TimeDelta::from_std(FORGOTTEN_AFTER).unwrap_or_default();
    for call in store::forgotten(&app, limit).await? {
        let (db, app) = (app.db.clone(), app.clone());
        db.write(move |tx| async move { owe(&app, &tx, call, now).await })
            .await?;
    }
    Ok(())
}

async fn owe(app: &App, tx: &Tx, call: Uuid, since: DateTime<Utc>) -> Result<()> {
    if !store::owe(&**tx, call, since).await? {
        return Ok(());
    }
    let record = store::find(&**tx, call)
        .await?
        .ok_or_else(|| internal("the contact record is gone"))?;
    app.events
        .publish(tx, "contact.owed", call, facts(&record))
        .await?;
    tell(app, tx, &record);
    Ok(())
}

/// What other crates need to know of a contact record.
pub(crate) fn facts(record: &row::Model) -> Value {
    json!({
        "call_id": record.id,
        "medium": record.medium,
        "channel": record.channel,
        "direction": record.direction,
        "queue": record.queue,
        "agent": record.agent_id,
        "requester_id": record.requester_id,
        "state": record.state,
        "request_type": record.request_type,
        "matter": record.matter_code,
        "result": record.result,
        "ticket_id": record.ticket_id,
        "late": record.late,
    })
}

/// Tells the screens of the agent and of the lead that the record changed, once it is on disk.
pub(crate) fn tell(app: &App, tx: &Tx, record: &row::Model) {
    let Some(agent) = record.agent_id else { return };
    let (live, data) = (app.live.clone(), told(record));
    tx.on_commit(move || {
        live.publish(Audience::User(agent), "contact_record", data.clone());
        live.publish(
            Audience::Permission("tickets:dispatch"),
            "contact_record",
            data,
        );
    });
}

fn told(record: &row::Model) -> Value {
    json!({ "call_id": record.id, "state": record.state, "agent_id": record.agent_id })
}
