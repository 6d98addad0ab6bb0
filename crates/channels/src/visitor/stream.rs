//! What happens to a visitor's conversation, as it happens; resumed behind the last message seen.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use kernel::http::Query;
use kernel::problem::{Problem, Result};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::http::{From, Front, place_of};
use super::hub::News;
use super::view::{PAGE, SHOWN, VisitorMessage, shown, view};
use crate::Channels;
use crate::conversation::store;
use crate::message::store::{self as messages, Part, row as message_row};

/// The stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What happens to the visitor's conversation, as it happens: `message` (its id is the message's place), `state`,
/// `typing`, `read`. Begins with the messages behind the last one seen.
#[utoipa::path(
    get, path = "/api/v1/chat/events", tag = "chat", params(From),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 401, body = Problem)),
)]
pub(super) async fn events(
    State(front): State<Front>,
    headers: HeaderMap,
    Query(from): Query<From>,
) -> Result<Response> {
    let visitor = front.visitor(&headers, from.token.as_deref()).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let (conversation, seen) = last.or(from.after.as_deref()).map_or((None, 0), place_of);
    let channels = front.channels.clone();
    let identity = visitor.identity_id;
    let screen = Screen {
        news: channels.hub().listen(identity),
        seen,
        conversation,
        waiting: Vec::new(),
        begun: false,
        identity,
        channels,
    };
    let stream = stream::unfold(screen, |mut screen| async move {
        let event = screen.next().await?;
        Some((Ok::<Event, Infallible>(event), screen))
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let mut response = Sse::new(stream).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

/// One screen that listens.
struct Screen {
    channels: Channels,
    identity: Uuid,
    news: broadcast::Receiver<News>,
    /// The conversation shown, and the last message of it that was told.
    conversation: Option<Uuid>,
    seen: i64,
    waiting: Vec<Event>,
    begun: bool,
}

impl Screen {
    async fn next(&mut self) -> Option<Event> {
        let shutdown = self.channels.app().shutdown.clone();
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(event);
            }
            if !self.begun {
                self.begun = true;
                self.catch_up().await?;
                continue;
            }
            let news = tokio::select! {
                () = shutdown.cancelled() => return None,
                news = self.news.recv() => news,
            };
            match news {
                Ok(News::Message(message)) => self.message(*message).await?,
                Ok(News::State) => self.state().await?,
                Ok(News::Typing(until)) => self.tell("typing", &json!({ "until": until })),
                Ok(News::Read(seq)) => self.tell("read", &json!({ "seq": seq })),
                Err(RecvError::Lagged(_)) => self.catch_up().await?,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn tell(&mut self, kind: &'static str, data: &Value) {
        let event = Event::default().event(kind).data(data.to_string());
        self.waiting.insert(0, event);
    }

    /// The state, and what was said since the last message seen. The stream ends when it cannot be read: the browser
    /// comes back.
    async fn catch_up(&mut self) -> Option<()> {
        self.tail().await?;
        self.state().await?;
        let Some(conversation) = self.conversation else {
            return Some(());
        };
        loop {
            let conn = self.channels.app().db.read().clone();
            let part = Part::After(self.seen);
            let found = messages::list(&conn, &[conversation], part, Some(&SHOWN), PAGE).await;
            let (rows, more) = found.ok()?;
            for view in shown(&conn, rows).await.ok()? {
                self.show(&view);
            }
            if !more {
                return Some(());
            }
        }
    }

    /// What was said at the end of the conversation that the screen shows, when another one has begun since.
    async fn tail(&mut self) -> Option<()> {
        let conn = self.channels.app().db.read().clone();
        let Some(shows) = self.conversation else {
            return Some(());
        };
        let newest = store::newest_of(&conn, self.identity).await.ok()?;
        if newest.is_none_or(|newest| newest.id == shows) {
            return Some(());
        }
        let own = store::find(&conn, shows).await.ok()?;
        if own.is_none_or(|own| own.identity_id != self.identity) {
            return Some(());
        }
        let part = Part::After(self.seen);
        let found = messages::list(&conn, &[shows], part, Some(&SHOWN), PAGE).await;
        for view in shown(&conn, found.ok()?.0).await.ok()? {
            self.show(&view);
        }
        Some(())
    }

    async fn state(&mut self) -> Option<()> {
        let view = view(&self.channels, self.identity).await.ok()?;
        if view.id != self.conversation {
            // Places are those of one conversation.
            if self.conversation.is_some() {
                self.seen = 0;
            }
            self.conversation = view.id;
        }
        self.tell("state", &json!(view));
        Some(())
    }

    async fn message(&mut self, message: message_row::Model) -> Option<()> {
        let other = self.conversation != Some(message.conversation_id);
        if other || message.seq != self.seen + 1 {
            if message.seq <= self.seen && !other {
                return Some(());
            }
            // Another conversation, or a line between that is not the visitor's.
            return self.catch_up().await;
        }
        let conn = self.channels.app().db.read().clone();
        for view in shown(&conn, vec![message]).await.ok()? {
            self.show(&view);
        }
        Some(())
    }

    fn show(&mut self, view: &VisitorMessage) {
        self.seen = self.seen.max(view.seq);
        let event = Event::default()
            .event("message")
            .id(format!("{}.{}", view.conversation_id, view.seq))
            .data(json!(view).to_string());
        self.waiting.insert(0, event);
    }
}
