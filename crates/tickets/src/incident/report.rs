//! The one report of an incident: how many, when, by which channel, and what was done. Frozen when it is closed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::link::{contact_row, link_row};
use super::store::row;
use crate::contact::store::row as record_row;
use crate::ticket::store::row as ticket_row;
use crate::trail;

/// Ids asked for in one statement.
const AT_ONCE: usize = 500;

/// How much there was of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// The day `2026-11-23`, the hour `2026-11-23T10`, the channel, or the outcome.
    pub key: String,
    /// Tickets.
    pub tickets: u64,
    /// Contacts.
    pub contacts: u64,
}

/// A line of the time line.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportLine {
    /// When.
    pub at: DateTime<Utc>,
    /// Sign-in name, or the part of the system.
    pub who: String,
    /// `declared`, `linked`, `changed` …
    pub action: String,
    /// What was said about it.
    pub note: Option<String>,
}

/// The report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IncidentReport {
    /// The incident's number.
    pub number: String,
    /// What it was.
    pub title: String,
    /// The one answer.
    pub answer: String,
    /// 原因; null while it is not closed.
    pub cause: Option<String>,
    /// When it was declared.
    pub declared_at: DateTime<Utc>,
    /// When the last ticket was answered; null in a report before the end.
    pub closed_at: Option<DateTime<Utc>>,
    /// Linked tickets.
    pub tickets: u64,
    /// Linked contacts.
    pub contacts: u64,
    /// When the first of them came.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last of them came.
    pub last_at: Option<DateTime<Utc>>,
    /// By day in Guangzhou.
    pub by_day: Vec<Count>,
    /// By hour in Guangzhou.
    pub by_hour: Vec<Count>,
    /// Contacts by medium, tickets by platform; `own` for our own.
    pub by_channel: Vec<Count>,
    /// Tickets by what the closing made of them: `replied`, `pending_review`, `ended_before` …
    pub outcomes: Vec<Count>,
    /// What happened, the oldest line first.
    pub lines: Vec<ReportLine>,
    /// When this was counted.
    pub counted_at: DateTime<Utc>,
}

/// Counts by key: tickets and contacts.
#[derive(Default)]
struct Tally(BTreeMap<String, (u64, u64)>);

impl Tally {
    fn ticket(&mut self, key: String) {
        self.0.entry(key).or_default().0 += 1;
    }

    fn contact(&mut self, key: String) {
        self.0.entry(key).or_default().1 += 1;
    }

    fn counts(self) -> Vec<Count> {
        let counts = self.0.into_iter().map(|(key, (tickets, contacts))| Count {
            key,
            tickets,
            contacts,
        });
        counts.collect()
    }
}

/// The report as it is kept, or as it would be now.
pub(crate) async fn of(
    conn: &impl ConnectionTrait,
    incident: &row::Model,
    now: DateTime<Utc>,
) -> Result<IncidentReport> {
    match &incident.report {
        Some(kept) => serde_json::from_value(kept.clone()).map_err(internal),
        None => write(conn, incident, now).await,
    }
}

/// Counts everything anew.
pub(crate) async fn write(
    conn: &impl ConnectionTrait,
    incident: &row::Model,
    now: DateTime<Utc>,
) -> Result<IncidentReport> {
    let (mut days, mut hours, mut channels, mut outcomes) = (
        Tally::default(),
        Tally::default(),
        Tally::default(),
        Tally::default(),
    );
    let local = |at: DateTime<Utc>, form: &str| {
        at.with_timezone(&calendar::SHANGHAI)
            .format(form)
            .to_string()
    };
    let mut times = Vec::new();
    let links = link_row::Entity::find()
        .filter(link_row::Column::IncidentId.eq(incident.id))
        .all(conn)
        .await?;
    for some in links.chunks(AT_ONCE) {
        let ids: Vec<_> = some.iter().map(|link| link.ticket_id).collect();
        let tickets = ticket_row::Entity::find()
            .filter(ticket_row::Column::Id.is_in(ids))
            .all(conn)
            .await?;
        for ticket in tickets {
            times.push(ticket.opened_at);
            days.ticket(local(ticket.opened_at, "%Y-%m-%d"));
            hours.ticket(local(ticket.opened_at, "%Y-%m-%dT%H"));
            let own = ticket.platform.is_empty();
            channels.ticket(if own {
                "own".to_owned()
            } else {
                ticket.platform
            });
        }
    }
    for link in &links {
        outcomes.ticket(link.outcome.clone().unwrap_or_else(|| "waiting".to_owned()));
    }
    let contacts = contact_row::Entity::find()
        .filter(contact_row::Column::IncidentId.eq(incident.id))
        .all(conn)
        .await?;
    for some in contacts.chunks(AT_ONCE) {
        let ids: Vec<_> = some.iter().map(|contact| contact.call_id).collect();
        let records = record_row::Entity::find()
            .filter(record_row::Column::Id.is_in(ids))
            .all(conn)
            .await?;
        for record in records {
            times.push(record.started_at);
            days.contact(local(record.started_at, "%Y-%m-%d"));
            hours.contact(local(record.started_at, "%Y-%m-%dT%H"));
            channels.contact(record.medium);
        }
    }
    let lines = trail::lines(conn, incident.id).await?.into_iter();
    Ok(IncidentReport {
        number: incident.number.clone(),
        title: incident.title.clone(),
        answer: incident.answer.clone(),
        cause: incident.cause.clone(),
        declared_at: incident.declared_at,
        closed_at: incident.closed_at,
        tickets: links.len() as u64,
        contacts: contacts.len() as u64,
        first_at: times.iter().min().copied(),
        last_at: times.iter().max().copied(),
        by_day: days.counts(),
        by_hour: hours.counts(),
        by_channel: channels.counts(),
        outcomes: outcomes.counts(),
        lines: lines
            .map(|line| ReportLine {
                at: line.at,
                who: line.who,
                action: line.action,
                note: line.note,
            })
            .collect(),
        counted_at: now,
    })
}
