//! The rows of messages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::App;
use kernel::problem::Result;
use organization::Colleague;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Delivery, Direction, Kind, MessageFile, MessageView, file};
use crate::conversation::store::row as conversation;

kernel::table! {
    /// One message.
    pub mod row = "conversation_messages" (conversation_id: Uuid, seq: i64) {
        id: Uuid,
        channel: String,
        direction: String,
        kind: String,
        text: String,
        external_id: Option<String>,
        client_id: Option<String>,
        author_id: Option<Uuid>,
        article: Option<String>,
        media_ref: Option<String>,
        media_name: Option<String>,
        file_id: Option<Uuid>,
        at: DateTimeUtc,
        platform_at: Option<DateTimeUtc>,
        delivery: Option<String>,
        delivery_error: Option<String>,
        attempts: i32,
        due_at: Option<DateTimeUtc>,
        reply_ref: Option<String>,
        reply_seq: i32,
    }
}

use row::Column;

/// What is said.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub direction: Direction,
    pub kind: Kind,
    pub text: String,
    pub external_id: Option<String>,
    pub client_id: Option<String>,
    pub author_id: Option<Uuid>,
    pub article: Option<String>,
    pub media_ref: Option<String>,
    pub media_name: Option<String>,
    /// A file whose bytes are on disk.
    pub file: Option<file::row::Model>,
    pub platform_at: Option<DateTime<Utc>>,
    pub delivery: Option<Delivery>,
    /// When the next step of it is due: to be sent, or its file to be fetched.
    pub due_at: Option<DateTime<Utc>>,
}

impl New {
    pub(crate) fn of(direction: Direction, kind: Kind, text: impl Into<String>) -> Self {
        Self {
            direction,
            kind,
            text: text.into(),
            external_id: None,
            client_id: None,
            author_id: None,
            article: None,
            media_ref: None,
            media_name: None,
            file: None,
            platform_at: None,
            delivery: None,
            due_at: None,
        }
    }

    /// A line about what happened: a code that the screens translate.
    pub(crate) fn system(code: &str) -> Self {
        Self::of(Direction::System, Kind::Text, code)
    }
}

/// Characters of the last message that lists show.
const PREVIEW: usize = 80;

/// Appends to a conversation that the transaction holds; what changes in its row is the caller's to save.
pub(crate) async fn append(
    app: &App,
    conn: &impl ConnectionTrait,
    to: &mut conversation::Model,
    new: New,
) -> Result<row::Model> {
    let now = app.clock.now();
    to.last_seq += 1;
    match new.direction {
        Direction::In => {
            to.inbound += 1;
            to.unread += 1;
            to.unanswered_since.get_or_insert(now);
        }
        Direction::Out => {
            if new.author_id.is_some() {
                to.first_response_at.get_or_insert(now);
                to.unanswered_since = None;
            }
            to.window_seq += 1;
        }
        Direction::Note | Direction::System => {}
    }
    if matches!(new.direction, Direction::In | Direction::Out) {
        to.last_text = match new.kind {
            Kind::Text => new.text.chars().take(PREVIEW).collect(),
            other => format!("[{}]", other.as_str()),
        };
        to.last_at = now;
    }
    let file_id = new.file.as_ref().map(|file| file.id);
    if let Some(kept) = new.file {
        let kept = file::row::Model {
            conversation_id: to.id,
            ..kept
        };
        file::keep(conn, kept).await?;
    }
    let row = row::Model {
        conversation_id: to.id,
        seq: to.last_seq,
        id: app.ids.next(),
        channel: to.channel.clone(),
        direction: new.direction.as_str().to_owned(),
        kind: new.kind.as_str().to_owned(),
        text: new.text,
        external_id: new.external_id,
        client_id: new.client_id,
        author_id: new.author_id,
        article: new.article,
        media_ref: new.media_ref,
        media_name: new.media_name,
        file_id,
        at: now,
        platform_at: new.platform_at,
        delivery: new.delivery.map(|step| step.as_str().to_owned()),
        delivery_error: None,
        attempts: 0,
        due_at: new.due_at,
        reply_ref: to.window_ref.clone(),
        reply_seq: to.window_seq,
    };
    row::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(conn)
        .await?;
    Ok(row)
}

/// A message was stored before: the platform sent it again.
pub(crate) async fn is_known(
    conn: &impl ConnectionTrait,
    channel: &str,
    external_id: &str,
) -> Result<bool> {
    let found: Option<Uuid> = row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Channel.eq(channel))
        .filter(Column::ExternalId.eq(external_id))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found.is_some())
}

/// The message a sender has sent before under this id of his own.
pub(crate) async fn by_client_id(
    conn: &impl ConnectionTrait,
    conversation: Uuid,
    client_id: &str,
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::ConversationId.eq(conversation))
        .filter(Column::ClientId.eq(client_id))
        .one(conn)
        .await?)
}

/// A message by its id.
pub(crate) async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::Id.eq(id))
        .one(conn)
        .await?)
}

/// Which messages of a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// The newest.
    Newest,
    /// Those before this place, the nearest.
    Before(i64),
    /// Those behind this place, the nearest.
    After(i64),
}

/// Messages in their order, at most `limit`; and whether there are more on that side.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    conversations: &[Uuid],
    part: Part,
    directions: Option<&[Direction]>,
    limit: u64,
) -> Result<(Vec<row::Model>, bool)> {
    let mut select = row::Entity::find()
        .filter(Column::ConversationId.is_in(conversations.iter().copied()))
        .limit(limit + 1);
    if let Some(directions) = directions {
        let words = directions.iter().map(|direction| direction.as_str());
        select = select.filter(Column::Direction.is_in(words));
    }
    select = match part {
        Part::Newest => select.order_by_desc(Column::Seq),
        Part::Before(seq) => select
            .filter(Column::Seq.lt(seq))
            .order_by_desc(Column::Seq),
        Part::After(seq) => select.filter(Column::Seq.gt(seq)).order_by_asc(Column::Seq),
    };
    let mut rows = select.all(conn).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if !matches!(part, Part::After(_)) {
        rows.reverse();
    }
    Ok((rows, more))
}

/// Messages as agents see them.
pub(crate) async fn views(
    conn: &impl ConnectionTrait,
    rows: Vec<row::Model>,
) -> Result<Vec<MessageView>> {
    let authors: Vec<Uuid> = rows.iter().filter_map(|row| row.author_id).collect();
    let people = if authors.is_empty() {
        HashMap::new()
    } else {
        organization::colleagues(conn, authors).await?
    };
    let files = files_of(conn, &rows).await?;
    let views = rows.into_iter().map(|row| {
        let author = row.author_id.and_then(|id| people.get(&id).cloned());
        view(row, author, &files)
    });
    Ok(views.collect())
}

/// The files of these messages.
pub(crate) async fn files_of(
    conn: &impl ConnectionTrait,
    rows: &[row::Model],
) -> Result<HashMap<Uuid, MessageFile>> {
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.file_id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = file::row::Entity::find()
        .filter(file::row::Column::Id.is_in(ids))
        .all(conn)
        .await?;
    Ok(found.into_iter().map(|row| (row.id, row.into())).collect())
}

pub(crate) fn view(
    row: row::Model,
    author: Option<Colleague>,
    files: &HashMap<Uuid, MessageFile>,
) -> MessageView {
    MessageView {
        file: row.file_id.and_then(|id| files.get(&id).cloned()),
        id: row.id,
        seq: row.seq,
        direction: row.direction,
        text: if row.kind == Kind::Code.as_str() {
            String::new()
        } else {
            row.text
        },
        kind: row.kind,
        author,
        at: row.at,
        delivery: row.delivery,
        delivery_error: row.delivery_error,
        article: row.article,
        client_id: row.client_id,
    }
}

/// Writes what became of a message on its way.
pub(crate) async fn set_delivery(
    conn: &impl ConnectionTrait,
    message: &row::Model,
    delivery: Delivery,
    error: Option<String>,
    due_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let change = row::ActiveModel {
        delivery: Set(Some(delivery.as_str().to_owned())),
        delivery_error: Set(error),
        attempts: Set(message.attempts + 1),
        due_at: Set(due_at),
        ..Default::default()
    };
    row::Entity::update_many()
        .set(change)
        .filter(Column::ConversationId.eq(message.conversation_id))
        .filter(Column::Seq.eq(message.seq))
        .exec(conn)
        .await?;
    Ok(())
}

/// Writes what became of the file of a message.
pub(crate) async fn set_fetched(
    conn: &impl ConnectionTrait,
    message: &row::Model,
    file: Option<Uuid>,
    error: Option<&str>,
    due_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let change = row::ActiveModel {
        file_id: Set(file),
        delivery_error: Set(error.map(str::to_owned)),
        attempts: Set(message.attempts + 1),
        due_at: Set(due_at),
        ..Default::default()
    };
    row::Entity::update_many()
        .set(change)
        .filter(Column::ConversationId.eq(message.conversation_id))
        .filter(Column::Seq.eq(message.seq))
        .exec(conn)
        .await?;
    Ok(())
}

/// The message a channel knows under this id.
pub(crate) async fn by_external_id(
    conn: &impl ConnectionTrait,
    channel: &str,
    external_id: &str,
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::Channel.eq(channel))
        .filter(Column::ExternalId.eq(external_id))
        .one(conn)
        .await?)
}

/// How many messages the requester wrote behind this place.
pub(crate) async fn inbound_after(
    conn: &impl ConnectionTrait,
    conversation: Uuid,
    seq: i64,
) -> Result<i64> {
    use sea_orm::PaginatorTrait as _;
    let count = row::Entity::find()
        .filter(Column::ConversationId.eq(conversation))
        .filter(Column::Direction.eq(Direction::In.as_str()))
        .filter(Column::Seq.gt(seq))
        .count(conn)
        .await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}
