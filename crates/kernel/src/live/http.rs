//! The stream of live events: `GET /api/v1/events`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Found, Live, Place};
use crate::http::Query;
use crate::problem::{Result, too_many};
use crate::rights::Principal;
use crate::{App, SignedIn};

/// A stream that is silent so long is taken for dead by proxies and browsers.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Entries looked at in one go.
const CHUNK: usize = 256;

/// `/api/v1/events`.
pub fn routes(app: &App) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .with_state(app.clone())
}

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// The last id seen, where no `Last-Event-ID` header can be sent: a page that was loaded again.
    pub last_event_id: Option<String>,
}

/// Live events as a `text/event-stream`.
///
/// Begins with `ready` (or, when the last id seen cannot be resumed, `reset`: read the lists again). Ends
/// after `reset` to a slow reader and after `session_ended`.
#[utoipa::path(get, path = "/api/v1/events", tag = "live", params(EventsQuery),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn events(
    SignedIn(principal): SignedIn,
    State(app): State<App>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let place = app.live.enter(principal.user_id).ok_or_else(|| {
        too_many(
            "too_many_streams",
            "this user holds too many event streams open",
        )
    })?;
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last_id = header.or(query.last_event_id.as_deref());
    let listener = Listener::new(app, principal, place, last_id);
    let stream = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<Event, Infallible>(event), listener))
    });
    let mut response = Sse::new(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    // Proxies of the nginx kind hold a stream back otherwise.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

struct Listener {
    app: App,
    principal: Principal,
    /// The last entry looked at.
    at: u64,
    waiting: VecDeque<Event>,
    ended: bool,
    _place: Place,
}

impl Listener {
    fn new(app: App, principal: Principal, place: Place, last_id: Option<&str>) -> Self {
        let live = &app.live;
        let (at, first) = match last_id.map(|id| live.place(id)) {
            // A place that has left the ring is found out at the first look.
            Some(Some(at)) => (at, named(live, "ready", at)),
            Some(None) => (live.last(), named(live, "reset", live.last())),
            None => (live.last(), named(live, "ready", live.last())),
        };
        Self {
            at,
            waiting: VecDeque::from([first]),
            ended: false,
            _place: place,
            principal,
            app,
        }
    }

    async fn next(&mut self) -> Option<Event> {
        // Subscribed before the look, so that nothing slips between look and wait.
        let mut moved = self.app.live.last.subscribe();
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            moved.borrow_and_update();
            let (app, live) = (&self.app, &self.app.live);
            match live.after(self.at, &self.principal, &app.rights, CHUNK) {
                Found::Lost => {
                    self.ended = true;
                    self.waiting.push_back(named(live, "reset", live.last()));
                }
                Found::Ended => {
                    self.ended = true;
                    self.waiting
                        .push_back(named(live, "session_ended", live.last()));
                }
                Found::Entries(events, at) if at > self.at => {
                    let told = events.into_iter().map(|event| {
                        Event::default()
                            .id(live.id(event.seq))
                            .event(event.kind)
                            .json_data(&*event.data)
                            .unwrap_or_default()
                    });
                    self.waiting.extend(told);
                    self.at = at;
                }
                Found::Entries(..) => tokio::select! {
                    () = app.shutdown.cancelled() => return None,
                    changed = moved.changed() => changed.ok()?,
                    () = live.clock.sleep(KEEP_ALIVE) => {
                        return Some(Event::default().comment(""));
                    }
                },
            }
        }
    }
}

fn named(live: &Live, kind: &str, seq: u64) -> Event {
    Event::default()
        .id(live.id(seq))
        .event(kind)
        .data(json!({}).to_string())
}
