//! Facts made from the rows of those who own them: the floor's works, the calls, the conversations, the contact
//! records, the tickets.

use std::collections::{HashMap, HashSet};

use channels::conversation::store::row as conversation;
use chrono::{DateTime, Timelike as _, Utc};
use floor::work_item::parts::{self, Part};
use floor::work_item::store::row as work;
use kernel::problem::Result;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use telephony::calls::rows::call;
use tickets::contact::store::row as record;
use tickets::ticket::history::first_closings;
use tickets::ticket::life::State;
use tickets::ticket::store::row as ticket;
use uuid::Uuid;

use super::between;
use super::contact::Contact;
use super::ticket::Ticket;

/// Chats that end so asked for nobody.
const ASKED_NOBODY: [&str; 4] = ["after_hours", "self_service", "code", "blocked"];

/// The rows of some contacts.
struct Rows {
    works: HashMap<Uuid, work::Model>,
    parts: HashMap<Uuid, Vec<Part>>,
    calls: HashMap<Uuid, call::Model>,
    chats: HashMap<Uuid, conversation::Model>,
    records: HashMap<Uuid, record::Model>,
    tickets: HashMap<Uuid, ticket::Model>,
    /// The ticket that a call opened.
    opened: HashMap<Uuid, ticket::Model>,
    mailboxes: HashSet<String>,
}

/// The contacts with these ids as their rows tell them, as far as there are any. Whether the requester came again is
/// not known here.
pub(super) async fn contacts(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Contact>> {
    let rows = read(conn, ids).await?;
    let made = ids.iter().filter_map(|id| Some((*id, rows.contact(*id)?)));
    Ok(made.collect())
}

async fn read(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Rows> {
    let some = || ids.iter().copied();
    let works = work::Entity::find()
        .filter(work::Column::Id.is_in(some()))
        .all(conn)
        .await?;
    let calls = call::Entity::find()
        .filter(call::Column::Id.is_in(some()))
        .all(conn)
        .await?;
    let chats = conversation::Entity::find()
        .filter(conversation::Column::Id.is_in(some()))
        .all(conn)
        .await?;
    let records = record::Entity::find()
        .filter(record::Column::Id.is_in(some()))
        .all(conn)
        .await?;
    let named: HashSet<Uuid> = records
        .iter()
        .filter_map(|row| row.ticket_id)
        .chain(chats.iter().filter_map(|row| row.ticket_id))
        .collect();
    let tickets = ticket::Entity::find()
        .filter(ticket::Column::Id.is_in(named))
        .all(conn)
        .await?;
    let opened = ticket::Entity::find()
        .filter(ticket::Column::SourceCallId.is_in(some()))
        .all(conn)
        .await?;
    let mut by_work: HashMap<Uuid, Vec<Part>> = HashMap::new();
    for part in parts::of_all(conn, ids).await? {
        by_work.entry(part.work_id).or_default().push(part);
    }
    let mailboxes = if chats.is_empty() {
        HashSet::new()
    } else {
        channels::channel::of_kind(conn, "email").await?
    };
    Ok(Rows {
        works: works.into_iter().map(|row| (row.id, row)).collect(),
        parts: by_work,
        calls: calls.into_iter().map(|row| (row.id, row)).collect(),
        chats: chats.into_iter().map(|row| (row.id, row)).collect(),
        records: records.into_iter().map(|row| (row.id, row)).collect(),
        tickets: tickets.into_iter().map(|row| (row.id, row)).collect(),
        opened: opened
            .into_iter()
            .filter_map(|row| Some((row.source_call_id?, row)))
            .collect(),
        mailboxes,
    })
}

impl Rows {
    fn contact(&self, id: Uuid) -> Option<Contact> {
        let mut fact = if let Some(chat) = self.chats.get(&id) {
            self.chat(chat)
        } else if self.calls.contains_key(&id) || self.is_call(id) {
            self.call(id)?
        } else {
            noted(self.records.get(&id)?)
        };
        if let Some(record) = self.records.get(&id) {
            fact.matter.clone_from(&record.matter_code);
            fact.request_type.clone_from(&record.request_type);
            fact.ticket_id = fact.ticket_id.or(record.ticket_id);
            fact.requester_id = Some(record.requester_id);
        }
        let ticket = fact.ticket_id.and_then(|id| self.tickets.get(&id));
        fact.reopened = ticket.is_some_and(|ticket| ticket.reopenings > 0);
        Some(fact)
    }

    fn is_call(&self, id: Uuid) -> bool {
        self.works
            .get(&id)
            .is_some_and(|work| work.media == "voice")
    }

    fn call(&self, id: Uuid) -> Option<Contact> {
        let (work, call) = (self.works.get(&id), self.calls.get(&id));
        let offered_at = work
            .map(|work| work.offered_at)
            .or_else(|| call.map(|call| call.arrived_at))?;
        let mut fact = blank(id, "voice", "voice", offered_at);
        if let Some(call) = call {
            fact.direction.clone_from(&call.direction);
            fact.queue.clone_from(&call.queue);
            fact.requester_id = call.requester_id;
            fact.agent_id = call.agent_id.filter(|_| call.answered_at.is_some());
            fact.answered_at = call.answered_at;
            fact.ended_at = call.ended_at;
            fact.outcome.clone_from(&call.outcome);
            fact.hold_ms = call.held_ms;
            fact.satisfaction = call.rating.map(|stars| said(stars).to_owned());
            fact.message = call.outcome.as_deref() == Some("message_left");
            let reply = self.opened.get(&id).and_then(|row| row.answered_at);
            fact.reply_ms = reply
                .filter(|_| fact.message)
                .map(|at| between(call.arrived_at, at));
            let rung = call.rung_at.zip(call.answered_at);
            fact.ring_ms = rung.map_or(0, |(rung, answered)| between(rung, answered));
        }
        if let Some(work) = work {
            fact.queued = floor::work_item::counts(work);
            fact.queue = work.queue.clone().or(fact.queue);
            fact.answered_at = work.accepted_at;
            fact.ended_at = work.ended_at;
            fact.outcome = work.outcome.clone().or(fact.outcome);
            fact.in_time = work.in_time == Some(true);
            fact.agent_id = work.agent_id.filter(|_| work.accepted_at.is_some());
            if call.is_none() {
                let rung = work.first_rung_at.zip(work.accepted_at);
                fact.ring_ms = rung.map_or(0, |(rung, answered)| between(rung, answered));
            }
            let waited = work.accepted_at.or(work.ended_at);
            fact.wait_ms = waited.map_or(0, |until| between(work.offered_at, until));
        }
        fact.last_agent_id = fact.agent_id;
        if let Some(parts) = self.parts.get(&id) {
            let first = parts.iter().min_by_key(|part| part.number);
            let last = parts.iter().max_by_key(|part| part.number);
            fact.agent_id = first.map(|part| part.agent_id).or(fact.agent_id);
            fact.last_agent_id = last.map(|part| part.agent_id).or(fact.last_agent_id);
            fact.transfers = i32::try_from(parts.len().saturating_sub(1)).unwrap_or(i32::MAX);
            fact.acw_ms = parts.iter().map(wrapped_up).sum();
        }
        if let (Some(answered), Some(ended)) = (fact.answered_at, fact.ended_at) {
            fact.talk_ms = (between(answered, ended) - fact.hold_ms).max(0);
        }
        Some(fact)
    }

    fn chat(&self, row: &conversation::Model) -> Contact {
        let mut fact = blank(row.id, "chat", &row.channel, row.opened_at);
        let nobody = row
            .end_reason
            .as_deref()
            .is_some_and(|why| ASKED_NOBODY.contains(&why));
        fact.message = row.ticket_id.is_some() || self.mailboxes.contains(&row.channel);
        fact.queue.clone_from(&row.queue);
        fact.queued = row.queue.is_some() && !fact.message && !nobody;
        fact.requester_id = Some(row.requester_id);
        fact.agent_id = row.first_agent_id;
        fact.last_agent_id = row.agent_id.or(row.first_agent_id);
        fact.ticket_id = row.ticket_id;
        fact.answered_at = row.accepted_at;
        fact.ended_at = row.ended_at;
        fact.outcome = if row.accepted_at.is_some() {
            Some("answered".to_owned())
        } else {
            row.end_reason.clone()
        };
        let first = row.first_response_at;
        fact.wait_ms = row.accepted_at.map_or(0, |at| between(row.opened_at, at));
        if fact.message {
            let ticket = row.ticket_id.and_then(|id| self.tickets.get(&id));
            let replied = [first, ticket.and_then(|ticket| ticket.answered_at)];
            let replied = replied.into_iter().flatten().min();
            fact.reply_ms = replied.map(|at| between(row.opened_at, at));
        } else {
            fact.response_ms = first.map(|at| between(row.opened_at, at));
        }
        if let (Some(answered), Some(ended)) = (row.accepted_at, row.ended_at) {
            fact.talk_ms = between(answered, ended);
        }
        let record = self.records.get(&row.id);
        fact.acw_ms = record.and_then(|record| record.wrap_up_ms).unwrap_or(0);
        fact.satisfaction.clone_from(&row.satisfaction);
        fact
    }
}

/// What came without a machine.
fn noted(row: &record::Model) -> Contact {
    let mut fact = blank(row.id, &row.medium, &row.channel, row.started_at);
    fact.direction.clone_from(&row.direction);
    fact.queue.clone_from(&row.queue);
    fact.agent_id = row.agent_id.filter(|_| row.answered_at.is_some());
    fact.last_agent_id = fact.agent_id;
    fact.answered_at = row.answered_at;
    fact.ended_at = row.ended_at;
    fact.outcome.clone_from(&row.outcome);
    fact
}

fn blank(id: Uuid, medium: &str, channel: &str, offered_at: DateTime<Utc>) -> Contact {
    let there = offered_at.with_timezone(&calendar::SHANGHAI);
    let half = there.hour() * 2 + u32::from(there.minute() >= 30);
    Contact {
        id,
        medium: medium.to_owned(),
        channel: channel.to_owned(),
        direction: "inbound".to_owned(),
        queue: None,
        queued: false,
        matter: None,
        request_type: None,
        requester_id: None,
        agent_id: None,
        last_agent_id: None,
        ticket_id: None,
        day: kernel::day::text(there.date_naive()),
        half_hour: i32::try_from(half).unwrap_or_default(),
        offered_at,
        answered_at: None,
        ended_at: None,
        outcome: None,
        in_time: false,
        wait_ms: 0,
        ring_ms: 0,
        talk_ms: 0,
        hold_ms: 0,
        acw_ms: 0,
        transfers: 0,
        response_ms: None,
        message: false,
        reply_ms: None,
        satisfaction: None,
        repeated: false,
        reopened: false,
        version: 1,
    }
}

fn wrapped_up(part: &Part) -> i64 {
    let times = part.wrap_up_began_at.zip(part.wrap_up_ended_at);
    times.map_or(0, |(began, ended)| between(began, ended))
}

/// What a rating by telephone says: 5 and 4 满意, 3 基本满意.
fn said(stars: i32) -> &'static str {
    match stars {
        4.. => "satisfied",
        3 => "fair",
        _ => "dissatisfied",
    }
}

/// The tickets with these ids as their rows tell them; a draft and what needed no ticket are none.
pub(super) async fn tickets(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Ticket>> {
    let rows = ticket::Entity::find()
        .filter(ticket::Column::Id.is_in(ids.iter().copied()))
        .all(conn)
        .await?;
    let closings = first_closings(conn, ids).await?;
    let mut made = HashMap::new();
    for row in rows {
        let state = row.standing()?;
        if matches!(state, State::Draft | State::Void) {
            continue;
        }
        let (case, rules) = (row.case()?, row.its_rules()?);
        let owes = !matches!(state, State::Returned | State::Rejected | State::Merged);
        let platform = row.platform.clone();
        let fact = Ticket {
            id: row.id,
            dispatched: !platform.is_empty(),
            platform,
            matter: row.matter_code.clone(),
            owner_id: row.first_owner_id.unwrap_or(row.current_owner_id),
            state: row.state.clone(),
            opened_at: row.opened_at,
            returned: case.returns > 0,
            return_accepted: state == State::Returned,
            due_at: case.clock.as_ref().map(|_| row.due_at).filter(|_| owes),
            answered_at: row.answered_at,
            closed_at: closings.get(&row.id).copied(),
            reopened: row.reopenings > 0,
            asked: rules.revisit,
            satisfaction: row.satisfaction.clone(),
            version: 1,
        };
        made.insert(row.id, fact);
    }
    Ok(made)
}
