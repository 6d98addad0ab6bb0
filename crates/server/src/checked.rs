//! The indicators of quality (K-23 to K-25, K-31), asked of the evaluations that are final, of what was cited in them, and
//! of corrective actions.

use std::collections::HashMap;
use std::sync::Arc;

use analytics::kpi::{Cut, Period};
use analytics::{Answered, Desk, Grave, Sampled, Samples};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use kernel::{App, Result};
use quality::corrective::{CorrectiveSource, CorrectiveState};
use quality::{QualityCheck, QualitySum};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tickets::contact::store::row as record;
use tickets::ticket::store::row as ticket;
use tickets::words::ContactResult;
use uuid::Uuid;

/// Who knows the checks.
pub struct Checked(pub App);

/// What indicators are counted with.
pub fn desk(app: &App) -> Desk {
    Desk {
        app: app.clone(),
        samples: Arc::new(Checked(app.clone())),
    }
}

impl Samples for Checked {
    fn sampled<'a>(
        &'a self,
        period: Period,
        cut: &'a Cut,
    ) -> BoxFuture<'a, Result<Option<Sampled>>> {
        Box::pin(async move {
            // Evaluations know neither.
            if cut.queue.is_some() || cut.matter.is_some() {
                return Ok(None);
            }
            let conn = self.0.db.read();
            let period = (period.begins(), period.ends());
            let rows = quality::sums(conn, period, cut.person).await?;
            let mut told = Sampled::default();
            let meant =
                |row: &&QualitySum| cut.channel.as_ref().is_none_or(|one| *one == row.channel);
            for row in rows.iter().filter(meant) {
                told.samples += row.evaluations;
                told.passed += row.passed;
                told.fatal += row.fatal;
                told.fatal_business += row.business;
                told.fatal_customer += row.user;
                told.fatal_compliance += row.compliance;
            }
            Ok(Some(told))
        })
    }

    fn answered<'a>(
        &'a self,
        period: Period,
        cut: &'a Cut,
    ) -> BoxFuture<'a, Result<Option<Answered>>> {
        Box::pin(async move {
            if cut.queue.is_some() || cut.matter.is_some() {
                return Ok(None);
            }
            let conn = self.0.db.read();
            let period = (period.begins(), period.ends());
            let mut told = Answered::default();
            let mut checks = quality::checks(period, cut.person, false);
            while let Some(mut some) = checks.next(conn).await? {
                // The answer of a work order is signed off, and cites nothing.
                some.retain(|row| {
                    let meant = cut.channel.as_ref().is_none_or(|one| *one == row.channel);
                    meant && row.kind != "work_order"
                });
                let found = answers(conn, &some).await?;
                told.answers += found.answers;
                told.cited += found.cited;
            }
            Ok(Some(told))
        })
    }

    fn grave(&self, period: Period, person: Option<Uuid>) -> BoxFuture<'_, Result<Option<Grave>>> {
        Box::pin(async move {
            let conn = self.0.db.read();
            let upheld = Upheld::until(conn, period.ends()).await?;
            let days = (period.begins(), period.ends());
            let mut errors = 0;
            let mut checks = quality::checks(days, person, true);
            while let Some(some) = checks.next(conn).await? {
                let told = |row: &&QualityCheck| upheld.told_of(row.contact, row.final_at);
                errors += some.len() - some.iter().filter(told).count();
            }
            let new = upheld.complaints.iter().filter(|one| {
                let about = person.is_none() || one.about == person;
                one.at >= period.begins() && about
            });
            let new: Vec<&Complaint> = new.collect();
            let mut complaints = new.len();
            for some in new.chunks(IDS) {
                let contacts: Vec<Uuid> = (some.iter())
                    .flat_map(|one| one.contacts.iter().copied())
                    .collect();
                // A complaint may be written up with several contacts.
                let mut checked = Vec::new();
                for ids in contacts.chunks(IDS) {
                    checked.extend(quality::checks_of(conn, ids).await?);
                }
                let known = some.iter().filter(|one| {
                    checked.iter().any(|row| {
                        row.fatal && row.final_at <= one.at && one.contacts.contains(&row.contact)
                    })
                });
                complaints -= known.count();
            }
            Ok(Some(Grave {
                errors: i64::try_from(errors).unwrap_or(i64::MAX),
                complaints: i64::try_from(complaints).unwrap_or(i64::MAX),
            }))
        })
    }
}

/// Ids of one statement.
const IDS: usize = 500;
/// Corrective actions of complaints that are read: all there will be.
const MOST: u64 = 100_000;

/// How many of these contacts, a statement's at most, were answered at once, and how many of the answers cite what held.
async fn answers(conn: &impl ConnectionTrait, checks: &[QualityCheck]) -> Result<Answered> {
    use channels::message::store::row as message;
    let ids: Vec<Uuid> = checks.iter().map(|row| row.contact).collect();
    let mut told = Answered::default();
    for some in ids.chunks(IDS) {
        let records = record::Entity::find()
            .filter(record::Column::Id.is_in(some.iter().copied()))
            .filter(record::Column::Result.eq(ContactResult::Answered.as_str()))
            .all(conn)
            .await?;
        let said: Vec<(Uuid, String, DateTime<Utc>)> = message::Entity::find()
            .select_only()
            .columns([
                message::Column::ConversationId,
                message::Column::Article,
                message::Column::At,
            ])
            .filter(message::Column::ConversationId.is_in(some.iter().copied()))
            .filter(message::Column::Article.is_not_null())
            // What the machine said is not the agent's answer.
            .filter(message::Column::AuthorId.is_not_null())
            .into_tuple()
            .all(conn)
            .await?;
        let mut whose: Vec<Uuid> = Vec::new();
        let mut citations: Vec<(String, DateTime<Utc>)> = Vec::new();
        let mut cite = |contact: Uuid, reference: String, at: DateTime<Utc>| {
            whose.push(contact);
            citations.push((reference, at));
        };
        for record in &records {
            let at = record.completed_at.or(record.ended_at);
            for reference in record.wrap_up().articles {
                cite(record.id, reference, at.unwrap_or(record.started_at));
            }
        }
        for (contact, reference, at) in said {
            cite(contact, reference, at);
        }
        let held = knowledge::held(conn, &citations).await?;
        let mut of: HashMap<Uuid, bool> = HashMap::new();
        for (contact, held) in whose.into_iter().zip(held) {
            *of.entry(contact).or_insert(true) &= held;
        }
        for record in &records {
            told.answers += 1;
            told.cited += i64::from(of.get(&record.id) == Some(&true));
        }
    }
    Ok(told)
}

/// A complaint that was upheld.
struct Complaint {
    /// When its first corrective action was opened.
    at: DateTime<Utc>,
    /// Whose work it is about.
    about: Option<Uuid>,
    /// What it is about: the ticket, its call, the contacts it was written up with.
    contacts: Vec<Uuid>,
}

/// The complaints that were upheld.
struct Upheld {
    complaints: Vec<Complaint>,
    /// When the first of a contact was.
    first: HashMap<Uuid, DateTime<Utc>>,
}

impl Upheld {
    async fn until(conn: &impl ConnectionTrait, until: DateTime<Utc>) -> Result<Self> {
        use quality::corrective::store::row::{Column, Entity};
        let rows: Vec<(Option<Uuid>, Option<Uuid>, DateTime<Utc>)> = Entity::find()
            .select_only()
            .columns([Column::SourceId, Column::AboutId, Column::OpenedAt])
            .filter(Column::Source.eq(CorrectiveSource::Complaint.as_str()))
            .filter(Column::State.ne(CorrectiveState::Withdrawn.as_str()))
            .filter(Column::OpenedAt.lt(until))
            .order_by_asc(Column::OpenedAt)
            .limit(MOST)
            .into_tuple()
            .all(conn)
            .await?;
        // Of one complaint several may come: the first says that it was upheld.
        let mut of_ticket: HashMap<Uuid, Complaint> = HashMap::new();
        for (ticket, about, at) in rows {
            let Some(ticket) = ticket else { continue };
            of_ticket.entry(ticket).or_insert_with(|| Complaint {
                at,
                about,
                contacts: vec![ticket],
            });
        }
        let tickets: Vec<Uuid> = of_ticket.keys().copied().collect();
        for some in tickets.chunks(IDS) {
            let written: Vec<(Uuid, Option<Uuid>)> = record::Entity::find()
                .select_only()
                .columns([record::Column::Id, record::Column::TicketId])
                .filter(record::Column::TicketId.is_in(some.iter().copied()))
                .into_tuple()
                .all(conn)
                .await?;
            let came: Vec<(Option<Uuid>, Uuid)> = ticket::Entity::find()
                .select_only()
                .columns([ticket::Column::SourceCallId, ticket::Column::Id])
                .filter(ticket::Column::Id.is_in(some.iter().copied()))
                .into_tuple()
                .all(conn)
                .await?;
            let written = written
                .into_iter()
                .filter_map(|(id, ticket)| Some((id, ticket?)));
            let came = came
                .into_iter()
                .filter_map(|(id, ticket)| Some((id?, ticket)));
            for (contact, ticket) in written.chain(came) {
                if let Some(complaint) = of_ticket.get_mut(&ticket) {
                    complaint.contacts.push(contact);
                }
            }
        }
        let complaints: Vec<Complaint> = of_ticket.into_values().collect();
        let mut first: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
        for complaint in &complaints {
            for contact in &complaint.contacts {
                let at = first.entry(*contact).or_insert(complaint.at);
                *at = (*at).min(complaint.at);
            }
        }
        Ok(Self { complaints, first })
    }

    /// A complaint about the contact was upheld before.
    fn told_of(&self, contact: Uuid, before: DateTime<Utc>) -> bool {
        self.first.get(&contact).is_some_and(|at| *at < before)
    }
}
