//! What conversations and contact records ask of other capabilities, answered.

use std::sync::Arc;

use channels::house::{Left, LeftTicket, Noted, Script, WrittenDown};
use channels::{House, Purpose};
use chrono::{DateTime, Utc};
use floor::WrapUpGate;
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::{App, Result};
use knowledge::ScriptPurpose;
use organization::Organization;
use sea_orm::EntityTrait as _;
use tickets::words::RequestType;
use tickets::{Answers, contact, left};
use uuid::Uuid;

/// The house as conversations see it.
pub struct TheHouse {
    app: App,
    organization: Organization,
    always_open: bool,
    gate: Arc<dyn WrapUpGate>,
}

impl TheHouse {
    /// With the calendar of `organization`.
    pub fn new(app: &App, organization: &Organization, always_open: bool) -> Self {
        Self {
            app: app.clone(),
            organization: organization.clone(),
            always_open,
            gate: tickets::wrap_up_gate(app),
        }
    }
}

impl House for TheHouse {
    fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.always_open || self.organization.service_clock().is_open(at)
    }

    fn next_opening(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.organization.service_clock().next_opening(at)
    }

    fn taker(&self, requester: Uuid) -> BoxFuture<'_, Result<Option<Uuid>>> {
        let now = self.app.clock.now();
        Box::pin(tickets::ticket::repeat::taker(
            self.app.db.read(),
            now,
            requester,
        ))
    }

    fn leave(&self, left: Left) -> BoxFuture<'_, Result<LeftTicket>> {
        Box::pin(async move {
            let message = left::Message {
                source: left.source,
                requester: left.requester,
                channel: left.channel_name,
                matter: left.matter,
                text: left.text,
                agent: left.preferred_agent,
            };
            let ticket = left::leave(&self.app, message).await?;
            Ok(LeftTicket {
                id: ticket.id,
                number: ticket.number,
                due_at: ticket.due_at,
            })
        })
    }

    fn add(&self, ticket: Uuid, requester: Uuid, text: String) -> BoxFuture<'_, Result<bool>> {
        Box::pin(left::add(&self.app, ticket, requester, text))
    }

    fn note(&self, who: Who, agent: Uuid, noted: Noted) -> BoxFuture<'_, Result<WrittenDown>> {
        Box::pin(async move {
            let noted = contact::manual::Noted {
                channel: noted.channel,
                queue: noted.queue,
                phone: noted.phone,
                name: noted.name,
                request_type: noted.request_type,
                matter: noted.matter,
                result: noted.result,
                summary: noted.summary,
                ticket_id: noted.ticket_id,
            };
            let record = contact::manual::note(&self.app, who, agent, noted).await?;
            Ok(WrittenDown {
                record: record.id,
                ticket: record.ticket_id,
            })
        })
    }

    fn cite<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(cited(&self.app, reference))
    }

    fn script<'a>(&'a self, article: &'a str) -> BoxFuture<'a, Result<Option<Script>>> {
        Box::pin(async move {
            use knowledge::article::store::{row, version_row};
            let conn = self.app.db.read();
            let Ok(id) = article.parse::<Uuid>() else {
                return Ok(None);
            };
            let found = row::Entity::find_by_id(id).one(conn).await?;
            let Some(n) = found.and_then(|row| row.current_n) else {
                return Ok(None);
            };
            let reference = format!("{id}@{n}");
            let now = self.app.clock.now();
            if !knowledge::article::cited(conn, &reference, now)
                .await?
                .in_force
            {
                return Ok(None);
            }
            let version = version_row::Entity::find_by_id((id, n)).one(conn).await?;
            Ok(version.map(|version| Script {
                reference,
                text: version.public_answer.unwrap_or(version.answer),
            }))
        })
    }

    fn standing(&self, purpose: Purpose) -> BoxFuture<'_, Result<Option<Script>>> {
        Box::pin(async move {
            let Some(purpose) = ScriptPurpose::parse(purpose.as_str()) else {
                return Ok(None);
            };
            let now = self.app.clock.now();
            let said = knowledge::script_for(self.app.db.read(), purpose, now).await?;
            Ok(said.map(|said| Script {
                reference: said.reference,
                text: said.text,
            }))
        })
    }

    fn is_written(&self, conversation: Uuid) -> BoxFuture<'_, Result<()>> {
        self.gate.check(conversation)
    }

    fn matters(&self) -> BoxFuture<'_, Result<Vec<(String, String)>>> {
        Box::pin(tickets::matter_choices(self.app.db.read()))
    }
}

/// Contact records ask the knowledge whether what they cite may be said.
pub struct Approved(pub App);

impl Answers for Approved {
    fn cite<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(cited(&self.0, reference))
    }
}

async fn cited(app: &App, reference: &str) -> Result<()> {
    let now = app.clock.now();
    knowledge::article::cite(app.db.read(), reference, now).await?;
    Ok(())
}

/// Summaries choose from the words of tickets.
pub struct Closed(pub App);

impl knowledge::assist::Choices for Closed {
    fn request_types(&self) -> Vec<&'static str> {
        RequestType::ALL.iter().map(|word| word.as_str()).collect()
    }

    fn matters(&self) -> BoxFuture<'_, Result<Vec<(String, String)>>> {
        Box::pin(tickets::matter_choices(self.0.db.read()))
    }
}
