//! What agents say leaves for the platforms, in order within a conversation; files that people sent are fetched.

use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use kernel::metrics::{self, IntCounterVec};
use kernel::problem::{Result, internal};
use kernel::{App, Clock, Tx, lease};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde_json::json;

use crate::Channels;
use crate::channel::{self, row as channel_row};
use crate::conversation::store as conversations;
use crate::message::store::{self as messages, New, row, row::Column};
use crate::message::{Delivery, Direction, file};
use crate::platform::{MediaKind, Outgoing, OutgoingFile, Sent, adapter};

static ATTEMPTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    // outcome: sent, failed (to be tried again), dead, fetched
    let labels = &["channel", "outcome"];
    metrics::counters(
        "shoujie_channel_messages_total",
        "Messages sent to platforms and files fetched from them",
        labels,
    )
});

/// Conversations served at the same time.
const AT_ONCE: u64 = 16;
/// How long one message may take: a file of 20 MB over a slow line.
const LIMIT: Duration = Duration::from_secs(100);
/// One node sends; it takes over from one that is silent so long.
const LEASE: TimeDelta = TimeDelta::seconds(180);
/// The longest sleep: on `PostgreSQL` another node may have written.
const LONGEST: TimeDelta = TimeDelta::seconds(5);
/// The pause after a problem, so that a database that is gone is not pressed.
const AFTER_PROBLEM: TimeDelta = TimeDelta::seconds(1);
/// The pause before the second attempt; it doubles with each, up to the longest.
const RETRY: (i64, i64) = (5, 900);

/// How a message to the requester starts on its way: at once on the website, by the outbox to a platform.
pub(crate) fn address(channels: &Channels, channel: &channel_row::Model, new: &mut New) {
    if channel.kind == channel::WEB {
        new.delivery = Some(Delivery::Sent);
    } else {
        new.delivery = Some(Delivery::Pending);
        new.due_at = Some(channels.app().clock.now());
    }
}

/// Sends and fetches until the process stops.
pub(crate) async fn run(channels: Channels) {
    let app = channels.app().clone();
    loop {
        let pause = match work(&channels).await {
            Ok(next) => {
                let longest = app.clock.now() + LONGEST;
                next.map_or(longest, |next| next.min(longest))
            }
            Err(problem) => {
                tracing::error!(%problem, "messages wait");
                app.clock.now() + AFTER_PROBLEM
            }
        };
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = channels.inner.outgoing.notified() => {}
            () = app.clock.sleep_until(pause) => {}
        }
    }
}

/// Does all that is due; answers when the next attempt is.
async fn work(channels: &Channels) -> Result<Option<DateTime<Utc>>> {
    let app = channels.app();
    while !app.shutdown.is_cancelled() {
        let now = app.clock.now();
        let due = due(app.db.read(), now).await?;
        if due.is_empty() {
            break;
        }
        let (node, conn) = (app.node.clone(), app.db.clone());
        let ours = conn
            .write(async move |tx| lease::hold(&*tx, "channels.outbox", &node, now, LEASE).await)
            .await?;
        if !ours {
            return Ok(Some(now + LONGEST));
        }
        let each = due.into_iter().map(|message| step(channels, message));
        for outcome in join_all(each).await {
            outcome?;
        }
    }
    next(app.db.read()).await
}

/// The first message of its conversation and direction that waits: what stands behind it waits for it.
fn heads() -> Select<row::Entity> {
    row::Entity::find().filter(Expr::cust(
        "not exists (select 1 from conversation_messages as earlier \
         where earlier.conversation_id = conversation_messages.conversation_id \
         and earlier.direction = conversation_messages.direction \
         and earlier.seq < conversation_messages.seq and earlier.due_at is not null)",
    ))
}

/// Those whose time has come.
async fn due(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<row::Model>> {
    Ok(heads()
        .filter(Column::DueAt.lte(now))
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Seq)
        .limit(AT_ONCE)
        .all(conn)
        .await?)
}

async fn next(conn: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>> {
    let next: Option<Option<DateTime<Utc>>> = heads()
        .select_only()
        .column(Column::DueAt)
        .filter(Column::DueAt.is_not_null())
        .order_by_asc(Column::DueAt)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(next.flatten())
}

async fn step(channels: &Channels, message: row::Model) -> Result<()> {
    if message.direction == Direction::In.as_str() {
        fetch(channels, message).await
    } else {
        send(channels, message).await
    }
}

fn pause(attempts: i32) -> TimeDelta {
    let (first, longest) = RETRY;
    let doubled = first.saturating_mul(1 << attempts.clamp(0, 16));
    TimeDelta::seconds(doubled.min(longest))
}

async fn send(channels: &Channels, message: row::Model) -> Result<()> {
    let app = channels.app();
    let conn = app.db.read();
    let channel = channel::row_of(conn, &message.channel).await?;
    let sent = match Clock::guard(LIMIT, try_send(channels, &channel, &message)).await {
        Ok(Ok(sent)) => sent,
        Ok(Err(problem)) if problem.status == 503 => return Err(problem),
        // What is wrong with this one (its file is gone, the secrets cannot be read) is its own.
        Ok(Err(problem)) => Sent::Later {
            code: problem.code.to_owned(),
        },
        Err(_elapsed) => Sent::Later {
            code: "unreachable".to_owned(),
        },
    };
    let last = message.attempts + 1 >= channels.settings().attempts;
    let (delivery, code, due_at) = match &sent {
        Sent::Taken(_) => (Delivery::Sent, None, None),
        Sent::Later { code } if !last => {
            let again = app.clock.now() + pause(message.attempts);
            (Delivery::Failed, Some(code.clone()), Some(again))
        }
        Sent::Later { code } | Sent::WindowClosed { code } | Sent::Refused { code } => {
            (Delivery::Dead, Some(code.clone()), None)
        }
    };
    ATTEMPTS
        .with_label_values(&[channel.code.as_str(), delivery.as_str()])
        .inc();
    if delivery == Delivery::Dead {
        tracing::warn!(channel = %channel.code, message = %message.id, ?code, "a message did not arrive");
    }
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            messages::set_delivery(&*tx, &message, delivery, code.clone(), due_at).await?;
            if let Sent::WindowClosed { .. } = sent {
                // The platform knows better than our count.
                let before = conversations::locked(&tx, message.conversation_id).await?;
                let mut after = before.clone();
                after.window_left = Some(0);
                kernel::versioned::save(&services, &*tx, &before, after).await?;
            }
            tell(&services, &tx, &message, delivery, code.as_deref()).await
        })
        .await
}

/// Tells the screens what became of a message.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    message: &row::Model,
    delivery: Delivery,
    code: Option<&str>,
) -> Result<()> {
    let Some(row) = conversations::find(&**tx, message.conversation_id).await? else {
        return Ok(());
    };
    let news = json!({ "message_id": message.id, "message_seq": message.seq, "delivery": delivery,
        "delivery_error": code });
    conversations::tell_screens(app, tx, &row, "delivery", news);
    Ok(())
}

async fn try_send(
    channels: &Channels,
    channel: &channel_row::Model,
    message: &row::Model,
) -> Result<Sent> {
    let app = channels.app();
    let conn = app.db.read();
    let Some(adapter) = adapter(&channel.kind) else {
        return Ok(Sent::Refused {
            code: "channel_without_adapter".to_owned(),
        });
    };
    if !channel.enabled {
        return Ok(Sent::Later {
            code: "channel_disabled".to_owned(),
        });
    }
    let to = conversations::find(conn, message.conversation_id)
        .await?
        .ok_or_else(conversations::unknown)?;
    let file = match message.file_id {
        None => None,
        Some(id) => {
            let row = file::find(conn, id).await?;
            let bytes = app.files.get(&row.path).await?;
            Some(OutgoingFile {
                kind: outgoing_kind(&row.media_type),
                name: row.name,
                media_type: row.media_type,
                bytes,
            })
        }
    };
    let outgoing = Outgoing {
        id: message.id,
        external_user: to.external_user,
        external_group: to.external_group,
        reply_ref: message.reply_ref.clone(),
        reply_seq: u32::try_from(message.reply_seq).map_err(internal)?,
        text: (!message.text.is_empty()).then(|| message.text.clone()),
        file,
        subject: to.subject,
        automatic: message.author_id.is_none(),
    };
    Ok(adapter.send(app, &channel.account(app)?, &outgoing).await)
}

fn outgoing_kind(media_type: &str) -> MediaKind {
    match media_type.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Voice,
        Some("video") => MediaKind::Video,
        _ => MediaKind::File,
    }
}

/// Fetches the file of a message from its platform, which keeps it for days only.
async fn fetch(channels: &Channels, message: row::Model) -> Result<()> {
    let app = channels.app();
    let fetched = match Clock::guard(LIMIT, try_fetch(channels, &message)).await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(problem)) => Err(problem.code),
        Err(_elapsed) => Err("unreachable"),
    };
    let last = message.attempts + 1 >= channels.settings().attempts;
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let (file, error, due_at) = match fetched {
                Ok(file) => (Some(file), None, None),
                // What is too large, or of a kind that is not taken, stays so.
                Err(code)
                    if last
                        || matches!(code, "too_large" | "file_kind_not_taken" | "media_gone") =>
                {
                    (None, Some(code), None)
                }
                Err(code) => {
                    let again = services.clock.now() + pause(message.attempts);
                    (None, Some(code), Some(again))
                }
            };
            let id = file.as_ref().map(|file| file.id);
            if let Some(file) = file {
                file::keep(&*tx, file).await?;
            }
            messages::set_fetched(&*tx, &message, id, error, due_at).await?;
            let Some(row) = conversations::find(&*tx, message.conversation_id).await? else {
                return Ok(());
            };
            let changed = messages::find(&*tx, message.id).await?;
            let shown = messages::views(&*tx, changed.into_iter().collect()).await?;
            let news = json!({ "message": shown.into_iter().next() });
            conversations::tell_screens(&services, &tx, &row, "message", news);
            Ok(())
        })
        .await
}

async fn try_fetch(channels: &Channels, message: &row::Model) -> Result<file::row::Model> {
    let app = channels.app();
    let channel = channel::row_of(app.db.read(), &message.channel).await?;
    let adapter = adapter(&channel.kind)
        .ok_or_else(|| internal(format!("channel {} has no adapter", channel.code)))?;
    let media_ref = message.media_ref.as_deref().unwrap_or_default();
    let got = adapter
        .fetch(app, &channel.account(app)?, media_ref)
        .await?;
    let name = got
        .name
        .or_else(|| message.media_name.clone())
        .and_then(|name| kernel::attachment::plain_name(&name).ok())
        .unwrap_or_else(|| message.kind.clone());
    let bytes: Bytes = got.bytes;
    let file = file::put(app, name, &bytes).await?;
    Ok(file::row::Model {
        conversation_id: message.conversation_id,
        ..file
    })
}
