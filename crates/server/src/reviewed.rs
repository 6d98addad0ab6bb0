//! What quality is shown of the work of the house: the facts of calls, conversations and work orders, what a recording
//! tells, where a corrective action comes from, and a coaching planned.

use std::collections::HashMap;
use std::path::Path;

use channels::conversation::store::row as conversation;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::problem::internal;
use kernel::{App, Result, Scope, Tx};
use learning::coaching;
use liaison::inspection::store::row as inspection;
use quality::corrective::CorrectiveSource;
use quality::recording::{Meter, Signals};
use quality::sampling::WorkKind;
use quality::{Coaching, Contact, Contacts, CorrectiveOrigin, NewCoaching, Spoken};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
};
use telephony::calls::rows::call;
use telephony::media::recorder;
use tickets::contact::store::row as record;
use tickets::ticket::life::Satisfaction;
use tickets::ticket::store::row as ticket;
use tickets::words::RequestType;
use uuid::Uuid;

/// Rows read at a time.
const AT_ONCE: u64 = 2_000;
/// Ids of one statement.
const IDS: usize = 500;
/// The worst two of five are a bad rating.
const BAD_RATING: i32 = 2;

/// The house as quality sees it.
pub struct Reviewed(pub App);

impl Reviewed {
    /// What `listen` hears of a file; none where it was moved to the archive or removed, or is not one of ours.
    async fn heard<T: Send + 'static>(
        &self,
        path: &str,
        listen: impl FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
    ) -> Result<Option<T>> {
        use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
        let path = self.0.files.local_path(path)?;
        let heard = tokio::task::spawn_blocking(move || listen(&path));
        match heard.await.map_err(internal)? {
            Ok(heard) => Ok(Some(heard)),
            Err(error) if matches!(error.kind(), NotFound | InvalidData | UnexpectedEof) => {
                Ok(None)
            }
            Err(error) => Err(internal(error)),
        }
    }
}

impl Contacts for Reviewed {
    fn between(
        &self,
        kind: WorkKind,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        again_within: Option<TimeDelta>,
    ) -> BoxFuture<'_, Result<Vec<Contact>>> {
        Box::pin(async move {
            let conn = self.0.db.read();
            let mut found = match kind {
                WorkKind::Call => calls(conn, over(call::Column::EndedAt, from, until)).await?,
                WorkKind::Conversation => {
                    conversations(conn, over(conversation::Column::EndedAt, from, until)).await?
                }
                WorkKind::WorkOrder => {
                    work_orders(conn, over(ticket::Column::EndedAt, from, until)).await?
                }
            };
            if kind != WorkKind::WorkOrder {
                beside(conn, &mut found).await?;
                if let Some(within) = again_within {
                    again(conn, &mut found, within).await?;
                }
            }
            Ok(found)
        })
    }

    fn one(&self, kind: WorkKind, id: Uuid) -> BoxFuture<'_, Result<Option<Contact>>> {
        Box::pin(async move {
            let conn = self.0.db.read();
            let this = Condition::all();
            let mut found = match kind {
                WorkKind::Call => calls(conn, this.add(call::Column::Id.eq(id))).await?,
                WorkKind::Conversation => {
                    conversations(conn, this.add(conversation::Column::Id.eq(id))).await?
                }
                WorkKind::WorkOrder => {
                    work_orders(conn, this.add(ticket::Column::Id.eq(id))).await?
                }
            };
            if kind != WorkKind::WorkOrder {
                beside(conn, &mut found).await?;
            }
            Ok(found.pop())
        })
    }

    fn measure(&self, id: Uuid) -> BoxFuture<'_, Result<Option<Signals>>> {
        Box::pin(async move {
            let found = telephony::calls::store::get(self.0.db.read(), &Scope::All, id).await;
            let path = match found {
                Ok(call) => call.recording_path,
                Err(problem) if problem.status == 404 => None,
                Err(problem) => return Err(problem),
            };
            let Some(path) = path else { return Ok(None) };
            self.heard(&path, |path| {
                let mut meter = Meter::default();
                recorder::hear(path, |one, other| meter.hear(one, other))?;
                Ok(meter.finish())
            })
            .await
        })
    }

    fn spoken(&self, id: Uuid, most: usize) -> BoxFuture<'_, Result<Spoken>> {
        Box::pin(async move {
            let found = telephony::calls::store::get(self.0.db.read(), &Scope::All, id).await;
            let call = match found {
                Ok(call) => call,
                Err(problem) if problem.status == 404 => return Ok(Spoken::NoRecording),
                Err(problem) => return Err(problem),
            };
            // A withheld number has its hash too; only an erasure takes it away (`telephony::FORGETS`).
            if call.caller_hash.is_empty() {
                return Ok(Spoken::Erased);
            }
            let Some(path) = call.recording_path else {
                return Ok(Spoken::NoRecording);
            };
            let heard = self.heard(&path, move |path| {
                let (mut lanes, mut all) = ([Vec::new(), Vec::new()], 0_usize);
                recorder::hear(path, |one, other| {
                    all += 1;
                    if all <= most {
                        lanes[0].push(one);
                        lanes[1].push(other);
                    }
                })?;
                Ok((lanes, all))
            });
            Ok(match heard.await? {
                None => Spoken::NoRecording,
                Some((_, all)) if all > most => Spoken::TooLong,
                Some((lanes, _)) => Spoken::Lanes(lanes),
            })
        })
    }

    fn origin(
        &self,
        source: CorrectiveSource,
        id: Uuid,
    ) -> BoxFuture<'_, Result<Option<CorrectiveOrigin>>> {
        Box::pin(async move {
            let conn = self.0.db.read();
            match source {
                CorrectiveSource::Complaint => {
                    let found = ticket::Entity::find_by_id(id)
                        .filter(ticket::Column::RequestType.eq(RequestType::Complaint.as_str()))
                        .one(conn)
                        .await?;
                    Ok(found.map(|ticket| CorrectiveOrigin {
                        label: ticket.number,
                        about: ticket.complained_agent_id,
                    }))
                }
                CorrectiveSource::Inspection => {
                    // What the purchaser has not released is not there for the supplier.
                    let found = inspection::Entity::find_by_id(id)
                        .filter(inspection::Column::Hidden.eq(false))
                        .one(conn)
                        .await?;
                    Ok(found.map(|inspection| CorrectiveOrigin {
                        label: inspection.number.unwrap_or(inspection.title),
                        about: None,
                    }))
                }
                CorrectiveSource::Evaluation | CorrectiveSource::ByHand => Ok(None),
            }
        })
    }
}

fn over<C: ColumnTrait>(ended_at: C, from: DateTime<Utc>, until: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(ended_at.gte(from))
        .add(ended_at.lt(until))
}

/// Of every row that matches these columns, some at a time, by id, the first of them.
async fn every<E, M, const N: usize>(
    conn: &impl ConnectionTrait,
    which: Condition,
    columns: [E::Column; N],
    id_of: impl Fn(&M) -> Uuid,
) -> Result<Vec<M>>
where
    E: EntityTrait,
    M: FromQueryResult,
{
    let mut rows: Vec<M> = Vec::new();
    let id = columns[0];
    loop {
        let mut some = E::find()
            .select_only()
            .columns(columns)
            .filter(which.clone())
            .order_by_asc(id)
            .limit(AT_ONCE);
        if let Some(last) = rows.last() {
            some = some.filter(id.gt(id_of(last)));
        }
        let some = some.into_model::<M>().all(conn).await?;
        let more = some.len() as u64 == AT_ONCE;
        rows.extend(some);
        if !more {
            return Ok(rows);
        }
    }
}

/// What people call something that has no number.
fn short(id: Uuid) -> String {
    let text = id.simple().to_string().to_uppercase();
    text.get(24..).unwrap_or_default().to_owned()
}

fn lasted(from: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Option<i64> {
    until.map(|until| (until - from).num_milliseconds())
}

/// What of a call is a fact of its contact.
#[derive(FromQueryResult)]
struct Call {
    id: Uuid,
    queue: Option<String>,
    agent_id: Option<Uuid>,
    arrived_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
    rating: Option<i32>,
    recording_path: Option<String>,
}

async fn calls(conn: &impl ConnectionTrait, which: Condition) -> Result<Vec<Contact>> {
    use call::Column as C;
    let which = which
        .add(C::AgentId.is_not_null())
        .add(C::AnsweredAt.is_not_null());
    let columns = [
        C::Id,
        C::Queue,
        C::AgentId,
        C::ArrivedAt,
        C::AnsweredAt,
        C::EndedAt,
        C::Outcome,
        C::Rating,
        C::RecordingPath,
    ];
    let rows = every::<call::Entity, Call, _>(conn, which, columns, |row| row.id).await?;
    let contact = |row: Call| {
        Some(Contact {
            kind: WorkKind::Call,
            id: row.id,
            label: short(row.id),
            channel: "phone".to_owned(),
            queue: row.queue,
            agent: row.agent_id?,
            complained: None,
            has_complaint: false,
            began_at: row.arrived_at,
            ended_at: row.ended_at,
            duration_ms: lasted(row.answered_at?, row.ended_at),
            outcome: row.outcome,
            satisfaction: row.rating.map(|rating| rating.to_string()),
            dissatisfied: row.rating.is_some_and(|rating| rating <= BAD_RATING),
            again_after_minutes: None,
            recorded: row.recording_path.is_some(),
        })
    };
    Ok(rows.into_iter().filter_map(contact).collect())
}

/// What of a conversation is a fact of its contact.
#[derive(FromQueryResult)]
struct Conversation {
    id: Uuid,
    number: String,
    channel: String,
    queue: Option<String>,
    agent_id: Option<Uuid>,
    opened_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    end_reason: Option<String>,
    satisfaction: Option<String>,
}

async fn conversations(conn: &impl ConnectionTrait, which: Condition) -> Result<Vec<Contact>> {
    use conversation::Column;
    let which = which
        .add(Column::AgentId.is_not_null())
        .add(Column::AcceptedAt.is_not_null());
    let columns = [
        Column::Id,
        Column::Number,
        Column::Channel,
        Column::Queue,
        Column::AgentId,
        Column::OpenedAt,
        Column::AcceptedAt,
        Column::EndedAt,
        Column::EndReason,
        Column::Satisfaction,
    ];
    let rows = every::<conversation::Entity, Conversation, _>(conn, which, columns, |row| row.id);
    let contact = |row: Conversation| {
        Some(Contact {
            kind: WorkKind::Conversation,
            id: row.id,
            label: row.number,
            channel: row.channel,
            queue: row.queue,
            agent: row.agent_id?,
            complained: None,
            has_complaint: false,
            began_at: row.opened_at,
            ended_at: row.ended_at,
            duration_ms: lasted(row.accepted_at?, row.ended_at),
            outcome: row.end_reason,
            dissatisfied: is_bad(row.satisfaction.as_deref()),
            satisfaction: row.satisfaction,
            again_after_minutes: None,
            recorded: false,
        })
    };
    Ok(rows.await?.into_iter().filter_map(contact).collect())
}

fn is_bad(said: Option<&str>) -> bool {
    said == Some(Satisfaction::Dissatisfied.as_str())
}

/// What of a ticket is a fact of its contact.
#[derive(FromQueryResult)]
struct WorkOrder {
    id: Uuid,
    number: String,
    platform: String,
    current_owner_id: Uuid,
    complained_agent_id: Option<Uuid>,
    request_type: Option<String>,
    opened_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    state: String,
    satisfaction: Option<String>,
}

async fn work_orders(conn: &impl ConnectionTrait, which: Condition) -> Result<Vec<Contact>> {
    use ticket::Column;
    // What came to nothing, or is carried on by another, is nobody's work.
    let which = which.add(Column::State.is_not_in(["void", "merged", "returned", "rejected"]));
    let columns = [
        Column::Id,
        Column::Number,
        Column::Platform,
        Column::CurrentOwnerId,
        Column::ComplainedAgentId,
        Column::RequestType,
        Column::OpenedAt,
        Column::EndedAt,
        Column::State,
        Column::Satisfaction,
    ];
    let rows = every::<ticket::Entity, WorkOrder, _>(conn, which, columns, |row| row.id).await?;
    let contact = |row: WorkOrder| Contact {
        kind: WorkKind::WorkOrder,
        id: row.id,
        label: row.number,
        channel: row.platform,
        queue: None,
        agent: row.current_owner_id,
        complained: row.complained_agent_id,
        has_complaint: row.request_type.as_deref() == Some(RequestType::Complaint.as_str()),
        began_at: row.opened_at,
        ended_at: row.ended_at,
        duration_ms: lasted(row.opened_at, row.ended_at),
        outcome: Some(row.state),
        dissatisfied: is_bad(row.satisfaction.as_deref()),
        satisfaction: row.satisfaction,
        again_after_minutes: None,
        recorded: false,
    };
    Ok(rows.into_iter().map(contact).collect())
}

/// What the tickets say of calls and conversations: a complaint, and whom it is about.
async fn beside(conn: &impl ConnectionTrait, contacts: &mut [Contact]) -> Result<()> {
    for some in contacts.chunks_mut(IDS) {
        let ids: Vec<Uuid> = some.iter().map(|contact| contact.id).collect();
        let records: Vec<(Uuid, Option<Uuid>)> = record::Entity::find()
            .select_only()
            .columns([record::Column::Id, record::Column::TicketId])
            .filter(record::Column::Id.is_in(ids.iter().copied()))
            .into_tuple()
            .all(conn)
            .await?;
        // Several contacts may belong to one complaint.
        let mut of_ticket: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for (id, ticket) in records {
            if let Some(ticket) = ticket {
                of_ticket.entry(ticket).or_default().push(id);
            }
        }
        let which = Condition::any()
            .add(ticket::Column::Id.is_in(of_ticket.keys().copied()))
            .add(ticket::Column::SourceCallId.is_in(ids));
        let complaints: Vec<(Uuid, Option<Uuid>, Option<Uuid>)> = ticket::Entity::find()
            .select_only()
            .columns([
                ticket::Column::Id,
                ticket::Column::SourceCallId,
                ticket::Column::ComplainedAgentId,
            ])
            .filter(which)
            .filter(ticket::Column::RequestType.eq(RequestType::Complaint.as_str()))
            .into_tuple()
            .all(conn)
            .await?;
        for (id, source, complained) in complaints {
            let mut of_it = of_ticket.get(&id).cloned().unwrap_or_default();
            of_it.extend(source);
            for one in some.iter_mut().filter(|one| of_it.contains(&one.id)) {
                one.has_complaint = true;
                one.complained = one.complained.or(complained);
            }
        }
    }
    Ok(())
}

/// After how long the same requester came again, where he did within this time; some contacts at a time.
async fn again(
    conn: &impl ConnectionTrait,
    contacts: &mut [Contact],
    within: TimeDelta,
) -> Result<()> {
    use record::Column;
    contacts.sort_unstable_by_key(|contact| contact.ended_at);
    for some in contacts.chunks_mut(IDS) {
        let whose: HashMap<Uuid, Uuid> = record::Entity::find()
            .select_only()
            .columns([Column::Id, Column::RequesterId])
            .filter(Column::Id.is_in(some.iter().map(|contact| contact.id)))
            .into_tuple::<(Uuid, Uuid)>()
            .all(conn)
            .await?
            .into_iter()
            .collect();
        let mut ends = some.iter().filter_map(|contact| contact.ended_at);
        let Some(first) = ends.next() else { continue };
        let last = ends.next_back().unwrap_or(first);
        let mut came: HashMap<Uuid, Vec<DateTime<Utc>>> = HashMap::new();
        let records: Vec<(Uuid, DateTime<Utc>)> = record::Entity::find()
            .select_only()
            .columns([Column::RequesterId, Column::StartedAt])
            .filter(Column::RequesterId.is_in(whose.values().copied()))
            .filter(Column::StartedAt.gt(first))
            .filter(Column::StartedAt.lte(last + within))
            .order_by_asc(Column::StartedAt)
            .into_tuple()
            .all(conn)
            .await?;
        for (requester, at) in records {
            came.entry(requester).or_default().push(at);
        }
        for contact in some {
            let Some(ended_at) = contact.ended_at else {
                continue;
            };
            let times = whose.get(&contact.id).and_then(|who| came.get(who));
            let next = times.and_then(|times| times.iter().find(|at| **at > ended_at));
            let minutes = next.map(|next| (*next - ended_at).num_minutes());
            contact.again_after_minutes = minutes.and_then(|minutes| u64::try_from(minutes).ok());
        }
    }
    Ok(())
}

impl Coaching for Reviewed {
    fn plan<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        wanted: NewCoaching,
    ) -> BoxFuture<'a, Result<Uuid>> {
        let coaching = coaching::Coaching {
            course: "质检辅导".to_owned(),
            person: wanted.person,
            teacher: wanted.teacher,
            starts_at: wanted.starts_at,
            minutes: wanted.minutes,
            place: wanted.place,
            note: wanted.note,
        };
        Box::pin(coaching::plan(&self.0, tx, who, coaching))
    }
}
