//! Conversations over HTTP.

use std::collections::HashMap;

use axum::extract::State as Shared;
use chrono::{DateTime, Utc};
use kernel::Actor;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, not_found};
use organization::Colleague;
use requesters::Requester;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, Filter, row};
use crate::channel;
use crate::window::{self, ReplyWindow};
use crate::{Channels, ViewConversations};

/// A conversation as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConversationView {
    /// Identifies it, and its contact record.
    pub id: Uuid,
    /// `HH20261126-001`
    pub number: String,
    /// The channel's code.
    pub channel: String,
    /// Its name.
    pub channel_name: String,
    /// Its adapter: `web`, `wechat_oa`, …
    pub channel_kind: String,
    /// The queue's code.
    pub queue: Option<String>,
    /// `waiting`, `active`, `wrap_up`, `left` or `closed`.
    pub state: String,
    /// Who writes, masked.
    pub requester: Option<Requester>,
    /// The name he goes by on the channel.
    pub nickname: Option<String>,
    /// Who has it, or had it last.
    pub agent: Option<Colleague>,
    /// It rings at the actor now.
    pub offered_to_me: bool,
    /// Until when it rings.
    pub offered_until: Option<DateTime<Utc>>,
    /// What it is about, where the requester said so.
    pub subject: Option<String>,
    /// The beginning of the last message.
    pub last_text: String,
    /// When it was said.
    pub last_at: DateTime<Utc>,
    /// The place of the last message.
    pub last_seq: i64,
    /// Messages of the requester that nobody has read.
    pub unread: i64,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Since when it waits, or waited.
    pub waiting_since: DateTime<Utc>,
    /// When it was first taken.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When an agent first answered (K-15).
    pub first_response_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// `requester`, `agent`, `idle`, `abandoned`, `no_agent`, `after_hours` or `blocked`.
    pub end_reason: Option<String>,
    /// Since when a message of the requester waits for an answer.
    pub unanswered_since: Option<DateTime<Utc>>,
    /// What the platform still lets us answer; null where it has no such limit.
    pub window: Option<ReplyWindow>,
    /// When the wrap-up runs out.
    pub wrap_up_ends_at: Option<DateTime<Utc>>,
    /// How often it was extended.
    pub wrap_up_extensions: i32,
    /// How often it can be.
    pub wrap_up_max_extensions: u32,
    /// `satisfied`, `fair` or `dissatisfied`.
    pub satisfaction: Option<String>,
    /// The requester's own words about it.
    pub satisfaction_words: Option<String>,
    /// The ticket that stands for what was left.
    pub ticket_id: Option<Uuid>,
    /// How far the requester has read.
    pub requester_read_seq: i64,
    /// How far the agent has read.
    pub agent_read_seq: i64,
    /// Rises with each change.
    pub version: i64,
}

/// The views of these conversations for somebody.
pub(crate) async fn views(
    channels: &Channels,
    conn: &impl ConnectionTrait,
    actor: Uuid,
    rows: Vec<row::Model>,
) -> Result<Vec<ConversationView>> {
    let now = channels.app().clock.now();
    let known: HashMap<String, channel::row::Model> = channel::all(conn)
        .await?
        .into_iter()
        .map(|row| (row.code.clone(), row))
        .collect();
    let people = organization::colleagues(conn, rows.iter().filter_map(|row| row.agent_id)).await?;
    let ids = rows.iter().map(|row| row.requester_id).collect();
    let who: HashMap<Uuid, Requester> = requesters::find_many(conn, ids)
        .await?
        .into_iter()
        .map(|requester| (requester.id, requester))
        .collect();
    let views = rows.into_iter().map(|row| {
        let channel = known.get(&row.channel);
        let rules = row.queue.as_deref();
        let rules = rules.and_then(|queue| channels.floor().queue_rules(queue));
        ConversationView {
            window: window::view(&row, now),
            requester: who.get(&row.requester_id).cloned(),
            agent: row.agent_id.and_then(|id| people.get(&id).cloned()),
            channel_name: channel.map_or_else(|| row.channel.clone(), |known| known.name.clone()),
            channel_kind: channel.map_or_else(String::new, |known| known.kind.clone()),
            offered_to_me: row.offered_to == Some(actor),
            offered_until: row.offered_until,
            id: row.id,
            number: row.number,
            channel: row.channel,
            queue: row.queue,
            state: row.state,
            nickname: row.nickname,
            subject: row.subject,
            last_text: row.last_text,
            last_at: row.last_at,
            last_seq: row.last_seq,
            unread: row.unread,
            opened_at: row.opened_at,
            waiting_since: row.waiting_since,
            accepted_at: row.accepted_at,
            first_response_at: row.first_response_at,
            ended_at: row.ended_at,
            end_reason: row.end_reason,
            unanswered_since: row.unanswered_since,
            wrap_up_ends_at: row.wrap_up_ends_at,
            wrap_up_extensions: row.wrap_up_extensions,
            wrap_up_max_extensions: rules.map_or(0, |rules| rules.max_extensions),
            satisfaction: row.satisfaction,
            satisfaction_words: row.satisfaction_words,
            ticket_id: row.ticket_id,
            requester_read_seq: row.requester_read_seq,
            agent_read_seq: row.agent_read_seq,
            version: row.version,
        }
    });
    Ok(views.collect())
}

pub(crate) async fn view(
    channels: &Channels,
    actor: Uuid,
    row: row::Model,
) -> Result<Json<ConversationView>> {
    let conn = channels.app().db.read();
    let mut views = views(channels, conn, actor, vec![row]).await?;
    views
        .pop()
        .map(Json)
        .ok_or_else(|| not_found("conversation"))
}

/// Lists conversations, the newest first. `q` is looked for in what was said, too.
#[utoipa::path(
    get, path = "/api/v1/conversations", tag = "conversations",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<ConversationView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewConversations>,
    Shared(channels): Shared<Channels>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<ConversationView>>> {
    let conn = channels.app().db.read();
    let me = actor.user_id();
    let page = store::list(conn, (me, actor.scope()), &query, &filter).await?;
    let shown = page.shown(async |rows| views(&channels, conn, me, rows).await);
    Ok(Json(shown.await?))
}

/// One conversation.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ConversationView), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
) -> Result<Json<ConversationView>> {
    let row = store::get(channels.app().db.read(), actor.scope(), id).await?;
    view(&channels, actor.user_id(), row).await
}
