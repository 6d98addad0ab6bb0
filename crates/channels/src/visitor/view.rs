//! What a visitor sees: staff numbers, never names; what was said to him, never notes nor what happened in the house.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::problem::Result;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Channels;
use crate::conversation::State as Standing;
use crate::conversation::store::{self, row};
use crate::message::store::{self as messages, row as message_row};
use crate::message::{Direction, MessageFile};

/// Messages of one page.
pub(super) const PAGE: u64 = 200;
/// How long after its end a talk can be rated.
const RATED_WITHIN: TimeDelta = TimeDelta::hours(24);

/// The agent as the public knows him.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicAgent {
    /// 工号
    pub staff_no: Option<String>,
}

/// A conversation as its visitor sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitorConversation {
    /// Identifies it; null before the first word.
    pub id: Option<Uuid>,
    /// `none`, `waiting`, `active`, `ended` or `left`.
    pub state: &'static str,
    /// The place in the queue while it waits; 1 is next.
    pub place: Option<u64>,
    /// Who answers.
    pub agent: Option<PublicAgent>,
    /// The line is open.
    pub open: bool,
    /// The place of the last message.
    pub last_seq: i64,
    /// How far the agent has read.
    pub agent_read_seq: i64,
    /// It can be rated.
    pub may_rate: bool,
    /// `satisfied`, `fair` or `dissatisfied`.
    pub satisfaction: Option<String>,
}

/// A message as a visitor sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitorMessage {
    /// Identifies it.
    pub id: Uuid,
    /// The conversation it stands in.
    pub conversation_id: Uuid,
    /// Its place there.
    pub seq: i64,
    /// `me`, `agent` or `system`.
    pub from: &'static str,
    /// `text`, `image`, `voice`, `video` or `file`.
    pub kind: String,
    /// The words.
    pub text: String,
    /// The file.
    pub file: Option<MessageFile>,
    /// When it was stored.
    pub at: DateTime<Utc>,
    /// The visitor's own id of it.
    pub client_id: Option<String>,
}

/// What a visitor sees of a conversation: no notes, and of what happened only what concerns him.
pub(super) const SHOWN: [Direction; 2] = [Direction::In, Direction::Out];

pub(super) async fn shown(
    conn: &impl ConnectionTrait,
    rows: Vec<message_row::Model>,
) -> Result<Vec<VisitorMessage>> {
    let files = messages::files_of(conn, &rows).await?;
    let views = rows.into_iter().map(|row| VisitorMessage {
        from: match Direction::parse(&row.direction) {
            Some(Direction::In) => "me",
            Some(Direction::Out) if row.author_id.is_some() => "agent",
            _ => "system",
        },
        file: row.file_id.and_then(|id| files.get(&id).cloned()),
        id: row.id,
        conversation_id: row.conversation_id,
        seq: row.seq,
        kind: row.kind,
        text: row.text,
        at: row.at,
        client_id: row.client_id,
    });
    Ok(views.collect())
}

pub(super) async fn view(channels: &Channels, identity: Uuid) -> Result<VisitorConversation> {
    let (app, conn) = (channels.app(), channels.app().db.read());
    let now = app.clock.now();
    let open = channels.house()?.is_open(now);
    let Some(row) = store::newest_of(conn, identity).await? else {
        return Ok(VisitorConversation {
            id: None,
            state: "none",
            place: None,
            agent: None,
            open,
            last_seq: 0,
            agent_read_seq: 0,
            may_rate: false,
            satisfaction: None,
        });
    };
    let standing = row.standing()?;
    let place = match standing {
        Standing::Waiting => Some(store::place(conn, &row).await?),
        _ => None,
    };
    let agent = match row.agent_id {
        Some(id) => organization::colleagues(conn, [id]).await?.remove(&id),
        None => None,
    };
    Ok(VisitorConversation {
        id: Some(row.id),
        state: match standing {
            Standing::Waiting => "waiting",
            Standing::Active => "active",
            Standing::Left => "left",
            Standing::WrapUp | Standing::Closed => "ended",
        },
        place,
        agent: agent.map(|agent| PublicAgent {
            staff_no: agent.staff_no,
        }),
        open,
        last_seq: row.last_seq,
        agent_read_seq: row.agent_read_seq,
        may_rate: may_rate(&row, now),
        satisfaction: row.satisfaction,
    })
}

pub(crate) fn may_rate(row: &row::Model, now: DateTime<Utc>) -> bool {
    let over = matches!(row.state.as_str(), "wrap_up" | "closed");
    let lately = row.ended_at.is_some_and(|at| now - at < RATED_WITHIN);
    over && lately && row.accepted_at.is_some() && row.satisfaction.is_none()
}
