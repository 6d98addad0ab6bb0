//! What a conversation asks of the rest of the house; wired in `server`.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::problem::Result;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::standing::Purpose;

/// What a requester left when nobody was there.
#[derive(Debug, Clone)]
pub struct Left {
    /// The conversation, or the form: of one there is one ticket, however often it is asked for.
    pub source: Uuid,
    /// Who wrote.
    pub requester: Uuid,
    /// The channel's code.
    pub channel: String,
    /// Its name, for the ticket's title.
    pub channel_name: String,
    /// Code of the matter, if he chose one.
    pub matter: Option<String>,
    /// What he wrote.
    pub text: String,
    /// Who should have it: the agent he spoke with.
    pub preferred_agent: Option<Uuid>,
}

/// The ticket that stands for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeftTicket {
    /// Identifies it.
    #[serde(skip)]
    pub id: Uuid,
    /// Its number, which the requester is told.
    pub number: String,
    /// When an answer is due.
    pub due_at: DateTime<Utc>,
}

/// A contact that came without a machine.
#[derive(Debug, Clone)]
pub struct Noted {
    /// The channel's code.
    pub channel: String,
    /// The queue it counts in.
    pub queue: Option<String>,
    /// The requester's number.
    pub phone: Option<String>,
    /// His name.
    pub name: Option<String>,
    /// 诉求类型
    pub request_type: Option<String>,
    /// Code of the matter.
    pub matter: Option<String>,
    /// 处理结果
    pub result: String,
    /// 摘要
    pub summary: String,
    /// The open ticket it is attached to.
    pub ticket_id: Option<Uuid>,
}

/// What became of a noted contact.
#[derive(Debug, Clone, Copy)]
pub struct WrittenDown {
    /// Its record.
    pub record: Uuid,
    /// Its ticket.
    pub ticket: Option<Uuid>,
}

/// An approved answer.
#[derive(Debug, Clone)]
pub struct Script {
    /// `<article>@<version>`
    pub reference: String,
    /// What is said.
    pub text: String,
}

/// The rest of the house.
pub trait House: Send + Sync {
    /// The line is open at this time.
    fn is_open(&self, at: DateTime<Utc>) -> bool;
    /// When it opens next; `None` when no calendar says.
    fn next_opening(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>>;
    /// Who takes a repeat contact of the requester.
    fn taker(&self, requester: Uuid) -> BoxFuture<'_, Result<Option<Uuid>>>;
    /// Opens the ticket of what was left, or finds it.
    fn leave(&self, left: Left) -> BoxFuture<'_, Result<LeftTicket>>;
    /// What the requester adds to a ticket of his; `false` when it is over.
    fn add(&self, ticket: Uuid, requester: Uuid, text: String) -> BoxFuture<'_, Result<bool>>;
    /// Writes down a contact that came without a machine, for this agent.
    fn note(&self, who: Who, agent: Uuid, noted: Noted) -> BoxFuture<'_, Result<WrittenDown>>;
    /// 404, 409 unless this version of an article may be said now.
    fn cite<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<()>>;
    /// What an article says now; `None` when it may not be said.
    fn script<'a>(&'a self, article: &'a str) -> BoxFuture<'a, Result<Option<Script>>>;
    /// The script of this purpose that may be said now; `None` while nobody has approved one.
    fn standing(&self, purpose: Purpose) -> BoxFuture<'_, Result<Option<Script>>>;
    /// 409 until the contact's record is written.
    fn is_written(&self, conversation: Uuid) -> BoxFuture<'_, Result<()>>;
    /// The matters a requester may choose from: code and name.
    fn matters(&self) -> BoxFuture<'_, Result<Vec<(String, String)>>>;
}
