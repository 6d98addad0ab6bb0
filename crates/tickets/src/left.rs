//! What a requester left by a channel when nobody was there: a ticket with an owner and a deadline.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::text::checked;
use kernel::{App, Event, Role, Tx};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

use crate::cover;
use crate::matter;
use crate::ticket::act::{self, Hand};
use crate::ticket::draft;
use crate::ticket::life::{Case, Moment, State};
use crate::ticket::limits;
use crate::ticket::store::{of_call, row};
use crate::words::{Priority, RequestType};
use crate::work_order::dispatch::{Dispatcher, Owner};

/// What was left.
#[derive(Debug, Clone)]
pub struct Message {
    /// The conversation or the form; of one there is one ticket.
    pub source: Uuid,
    /// Who left it.
    pub requester: Uuid,
    /// The channel's name.
    pub channel: String,
    /// Code of the matter, if he chose one.
    pub matter: Option<String>,
    /// What he wrote.
    pub text: String,
    /// The agent who should have it, if he can.
    pub agent: Option<Uuid>,
}

/// The longest summary of a ticket, in characters.
const LONGEST: usize = 2_000;
/// Characters of a title that are taken from what was written.
const TITLE: usize = 40;

/// The ticket of what was left, opened when there is none. It waits to be signed: who signs it is its first owner
///
pub async fn leave(app: &App, message: Message) -> Result<row::Model> {
    let (db, app) = (app.db.clone(), app.clone());
    db.write(move |tx| async move { Box::pin(open(&app, &tx, message)).await })
        .await
}

/// What is told when somebody left a message in the message box.
pub(crate) const VOICE_EVENTS: &[&str] = &["call.message_left"];

/// A message in the message box of the hotline: one ticket for each call, however often it is told. Whose
/// it is is told, so that he may hear it.
pub(crate) async fn on_voice(app: App, event: Event) -> Result<()> {
    let text = |key: &str| event.payload.get(key).and_then(Value::as_str);
    let call: Uuid = event.subject_id.parse().map_err(internal)?;
    let known = text("requester_id").and_then(|id| id.parse::<Uuid>().ok());
    let caller = text("caller").unwrap_or_default().to_owned();
    let db = app.db.clone();
    db.write(move |tx| async move {
        if of_call(&*tx, call).await?.is_some() {
            return Ok(());
        }
        let requester = match known {
            Some(id) => id,
            None => {
                requesters::find_or_create_by_number(&app, &*tx, &caller)
                    .await?
                    .id
            }
        };
        let message = Message {
            source: call,
            requester,
            channel: "电话".to_owned(),
            matter: None,
            text: "来电人在语音信箱留言，请收听本次来电的录音并答复。".to_owned(),
            agent: None,
        };
        let ticket = Box::pin(open(&app, &tx, message)).await?;
        let facts = json!({
            "call_id": call,
            "ticket_id": ticket.id,
            "owner_id": ticket.current_owner_id,
        });
        app.events
            .publish(&tx, "ticket.left_by_voice", ticket.id, facts)
            .await
    })
    .await
}

async fn open(app: &App, tx: &Tx, message: Message) -> Result<row::Model> {
    let known = of_call(&**tx, message.source).await?;
    if let Some(known) = &known
        && known.open
        && known.standing()? != State::Draft
    {
        // He wrote again, and again nobody was there: what he says now goes to the ticket there is.
        let who = Who::system("channels");
        let hand = Hand::of(app, tx, &who).await?;
        let said = summary(&message.text)?;
        act::attach(&hand, known, act::Repeat::Said(&said)).await?;
        return Ok(known.clone());
    }
    let now = app.clock.now();
    let section = match &message.matter {
        Some(code) => matter::section_of_leaf(&**tx, code).await?,
        None => None,
    };
    let owner = owner(tx, now, &message, section.as_deref()).await?;
    let who = Who::system("channels");
    let hand = Hand::of(app, tx, &who).await?;
    let request_type = RequestType::Consult;
    let subject = limits::Subject {
        platform: "",
        request_type: request_type.as_str(),
        priority: Priority::Normal.as_str(),
    };
    let rules = limits::find(&**tx, subject, now).await?;
    let moment = Moment {
        by: owner,
        now,
        service: &hand.service,
        rules: &rules,
        covers: false,
    };
    let done = Case::dispatched(owner, now, &moment);
    let blank = draft::blank(app, &**tx, message.requester, owner, now).await?;
    let first: String = message.text.chars().take(TITLE).collect();
    let ticket = row::Model {
        request_type: Some(request_type.as_str().to_owned()),
        matter_code: message.matter,
        section,
        title: format!("{}留言：{}", message.channel, first.replace('\n', " ")),
        summary: summary(&message.text)?,
        // A talk that broke off has its draft; the ticket of what was left stands beside it.
        source_call_id: known.is_none().then_some(message.source),
        rules: serde_json::to_value(&rules).map_err(internal)?,
        ..blank
    };
    hand.begin(ticket, &done.case, done.clock).await
}

/// What was written, in the plain characters a ticket takes.
fn summary(text: &str) -> Result<String> {
    let plain: String = text
        .chars()
        .filter(|char| !char.is_control() || *char == '\n')
        .take(LONGEST)
        .collect();
    checked("summary", &plain)
}

/// The agent he spoke with while he is there; else by the rules of dispatch; else the agent with the fewest open
/// tickets; else the shift lead.
async fn owner(
    tx: &Tx,
    now: DateTime<Utc>,
    message: &Message,
    section: Option<&str>,
) -> Result<Uuid> {
    let absent = cover::store::absent_today(&**tx, now).await?;
    let mut agents: Vec<Uuid> = organization::colleagues::holders(&**tx, Role::Agent)
        .await?
        .into_iter()
        .map(|agent| agent.id)
        .filter(|agent| !absent.contains(agent))
        .collect();
    if let Some(agent) = message.agent.filter(|agent| agents.contains(agent)) {
        return Ok(agent);
    }
    let open = open_of(&**tx, &agents).await?;
    agents.sort_by_key(|agent| (open.get(agent).copied().unwrap_or_default(), *agent));
    let fallback = if let Some(agent) = agents.first() {
        *agent
    } else {
        let leads = organization::colleagues::holders(&**tx, Role::ShiftLead).await?;
        let lead = leads.first().map(|lead| lead.id);
        lead.ok_or_else(|| internal("nobody is there to own what was left"))?
    };
    let by_rule = Owner::ByRule { fallback };
    let mut dispatcher = Dispatcher::take(tx, by_rule, now, 1).await?;
    let given = dispatcher.give_about("", section, message.matter.as_deref());
    dispatcher.keep(tx).await?;
    Ok(given.owner)
}

async fn open_of(conn: &impl ConnectionTrait, agents: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let rows: Vec<(Uuid, i64)> = row::Entity::find()
        .select_only()
        .column(row::Column::CurrentOwnerId)
        .expr(row::Column::Id.count())
        .filter(row::Column::Open.eq(true))
        .filter(row::Column::CurrentOwnerId.is_in(agents.iter().copied()))
        .group_by(row::Column::CurrentOwnerId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Notes on an open ticket what its requester added, and tells its owner; `false` when the ticket is over.
pub async fn add(app: &App, ticket: Uuid, requester: Uuid, text: String) -> Result<bool> {
    let (db, app) = (app.db.clone(), app.clone());
    db.write(move |tx| async move {
        let said = summary(&text)?;
        let ticket = match act::attachable(&*tx, ticket, requester).await {
            Ok(ticket) => ticket,
            Err(problem) if matches!(problem.code, "ticket_not_open" | "not_found") => {
                return Ok(false);
            }
            Err(problem) => return Err(problem),
        };
        let who = Who::system("channels");
        let hand = Hand::of(&app, &tx, &who).await?;
        act::attach(&hand, &ticket, act::Repeat::Said(&said)).await?;
        Ok(true)
    })
    .await
}
