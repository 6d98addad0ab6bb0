//! SIP over WebSocket (RFC 7118) on the console's own HTTP server.
//!
//! The session cookie is the authentication, so the page that opens the socket must be ours: a
//! foreign Origin is refused, and the stack's own WebSocket listener is not used.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use kernel::{Actor, Principal, Problem};
use rsipstack::sip::Transport;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::guard::screen::{Verdict, screen};
use super::registrar::SocketUser;
use super::sources::RateLimit;
use super::stack::SipStack;
use super::stream::hand_over;
use crate::{Telephony, UseSoftphone};

/// Largest SIP message from a browser.
const MAX_MESSAGE: usize = 64 * 1024;
/// Messages that wait for a browser that does not read.
const BACKLOG: usize = 256;
/// A browser that takes no message for this long is gone.
const SEND_PATIENCE: Duration = Duration::from_secs(5);
/// Pause between pings; two unanswered ones close the socket.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Open sockets of one session: a page that reloads has two for a moment.
const SOCKETS_PER_SESSION: usize = 8;
/// Messages a second from one browser.
const MESSAGES_PER_SECOND: u32 = 50;

/// Where the HTTP connection comes from, if the server says so.
pub struct PeerAddress(Option<SocketAddr>);

impl<S: Sync> FromRequestParts<S> for PeerAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(
            parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|info| info.0),
        ))
    }
}

/// `GET /sip`: the softphone's WebSocket.
pub async fn sip_socket(
    actor: Actor<UseSoftphone>,
    State(telephony): State<Telephony>,
    PeerAddress(peer): PeerAddress,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let stack = match telephony.stack() {
        Ok(stack) => Arc::clone(stack),
        Err(problem) => return problem.into_response(),
    };
    if !same_origin(&headers) {
        return foreign_origin().into_response();
    }
    let upgrade = upgrade.protocols(["sip"]).max_message_size(MAX_MESSAGE);
    if upgrade.selected_protocol().is_none() {
        return kernel::problem::bad_request(
            "sip_subprotocol",
            "the subprotocol is `sip` (RFC 7118)",
        )
        .into_response();
    }
    let peer = peer.unwrap_or_else(unknown_peer);
    let principal = actor.principal().clone();
    upgrade.on_upgrade(move |socket| bridge(stack, socket, peer, principal))
}

fn foreign_origin() -> Problem {
    Problem::new(
        axum::http::StatusCode::FORBIDDEN,
        "foreign_origin",
        "the softphone's socket may be opened by the console's own page only",
    )
}

/// Whether the page that opens the socket came from this host. A client without an Origin is no page.
fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &axum::http::HeaderValue| value.to_str().ok())
    };
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else {
        return false;
    };
    let origin = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

/// A name for a connection whose address the server does not tell; the port keeps them apart.
fn unknown_peer() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), NEXT.fetch_add(1, Relaxed))
}

/// Carries messages between the browser and the stack until one of them is gone.
async fn bridge(stack: Arc<SipStack>, mut socket: WebSocket, peer: SocketAddr, user: Principal) {
    let clock = stack.clock();
    let Some(leave) = stack.sockets().opened(user.session_id) else {
        tracing::warn!(user = %user.username, %peer, "softphone refused: too many sockets of one session");
        return;
    };
    let address = SipAddr {
        r#type: Some(Transport::Ws),
        addr: peer.into(),
    };
    let closed = CancellationToken::new();
    let (to_stack, from_browser) = mpsc::unbounded_channel();
    let (to_browser, mut from_stack) = mpsc::channel(BACKLOG);
    let connection = ChannelConnection::create_connection_bounded(
        from_browser,
        to_browser,
        address.clone(),
        Some(closed.clone()),
    )
    .await;
    let Ok(connection) = connection else {
        stack.sockets().closed(user.session_id);
        return;
    };
    let connection = SipConnection::Channel(connection);
    stack.registrar().socket_opened(
        address.clone(),
        SocketUser {
            user_id: user.user_id,
            username: user.username.clone(),
            staff_no: user.staff_no.clone().unwrap_or_default(),
        },
    );
    stack
        .dialogs
        .layer()
        .endpoint
        .transport_layer
        .add_connection(connection.clone());
    tracing::info!(user = %user.username, %peer, "softphone connected");
    let mut rate = RateLimit::per_second(MESSAGES_PER_SECOND);
    let mut unanswered = 0;
    let mut ping = Box::pin(clock.sleep(PING_EVERY));
    loop {
        let outgoing = tokio::select! {
            () = closed.cancelled() => break,
            () = leave.cancelled() => break,
            () = &mut ping => {
                ping = Box::pin(clock.sleep(PING_EVERY));
                unanswered += 1;
                if unanswered > 2 {
                    break;
                }
                Message::Ping(bytes::Bytes::new())
            }
            event = from_stack.recv() => match event {
                Some(TransportEvent::Incoming(message, ..)) => Message::Text(message.to_string().into()),
                Some(_) => continue,
                None => break,
            },
            frame = socket.recv() => {
                let Some(Ok(frame)) = frame else { break };
                unanswered = 0;

                match &frame {
                    Message::Text(text) if text.trim().is_empty() => {
                        // Keep-alive of RFC 5626 §4.4.1: a double line end asks for a single one.
                        Message::Text("\r\n".into())
                    }
                    Message::Text(text) => {
                        if !rate.allows(peer.ip(), clock.now()) {
                            break;
                        }
                        match pass_on(text.as_bytes(), peer, &connection, &address, &to_stack) {
                            Some(refusal) => refusal,
                            None => continue,
                        }
                    }
                    Message::Binary(bytes) => {
                        if !rate.allows(peer.ip(), clock.now()) {
                            break;
                        }
                        match pass_on(bytes, peer, &connection, &address, &to_stack) {
                            Some(refusal) => refusal,
                            None => continue,
                        }
                    }
                    Message::Close(_) => break,
                    Message::Ping(_) | Message::Pong(_) => continue,
                }
            }
        };
        let sent = clock.timeout(SEND_PATIENCE, socket.send(outgoing)).await;
        if !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    closed.cancel();
    stack.registrar().connection_closed(&address);
    stack.sockets().closed(user.session_id);
    drop(to_stack);
    let _ = clock
        .timeout(SEND_PATIENCE, socket.send(Message::Close(None)))
        .await;
    tracing::info!(user = %user.username, %peer, "softphone disconnected");
}

/// Hands a message over to the stack; `Some` is what to say to who sent it instead.
fn pass_on(
    bytes: &[u8],
    peer: SocketAddr,
    connection: &SipConnection,
    address: &SipAddr,
    to_stack: &mpsc::UnboundedSender<TransportEvent>,
) -> Option<Message> {
    match screen(bytes, peer) {
        Verdict::Pass(None) => hand_over(bytes, connection, address, to_stack),
        Verdict::Pass(Some(proper)) => hand_over(&proper, connection, address, to_stack),
        Verdict::Refuse(_, response) => {
            return Some(Message::Text(
                String::from_utf8_lossy(&response).into_owned().into(),
            ));
        }
        Verdict::Drop(why) => tracing::debug!(%peer, why, "no SIP message from a softphone"),
    }
    None
}

/// The open sockets by session, so that a session that ends takes its socket along.
#[derive(Debug, Default)]
pub struct Sockets(
    std::sync::Mutex<std::collections::HashMap<uuid::Uuid, (usize, CancellationToken)>>,
);

impl Sockets {
    fn lock(
        &self,
    ) -> std::sync::MutexGuard<'_, std::collections::HashMap<uuid::Uuid, (usize, CancellationToken)>>
    {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes note of one more; `None` when the session has enough.
    fn opened(&self, session: uuid::Uuid) -> Option<CancellationToken> {
        let mut open = self.lock();
        let (count, token) = open.entry(session).or_default();
        if *count >= SOCKETS_PER_SESSION {
            return None;
        }
        *count += 1;
        Some(token.clone())
    }

    fn closed(&self, session: uuid::Uuid) {
        let mut open = self.lock();
        if let Some((count, _)) = open.get_mut(&session) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&session);
            }
        }
    }

    /// Closes the sockets of a session that has ended.
    pub fn close_session(&self, session: uuid::Uuid) {
        if let Some((_, token)) = self.lock().remove(&session) {
            token.cancel();
        }
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.lock().values().map(|(count, _)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&str>, host: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_the_consoles_own_page_may_open_the_socket() {
        assert!(same_origin(&headers(
            Some("http://127.0.0.1:8080"),
            "127.0.0.1:8080"
        )));
        assert!(same_origin(&headers(
            Some("https://Hotline.example"),
            "hotline.example"
        )));
        for (origin, host) in [
            (Some("http://127.0.0.1:8081"), "127.0.0.1:8080"),
            (Some("http://evil.example"), "127.0.0.1:8080"),
            (Some("http://127.0.0.1:8080.evil.example"), "127.0.0.1:8080"),
            (Some("null"), "127.0.0.1:8080"),
            (Some("127.0.0.1:8080"), "127.0.0.1:8080"),
            (None, "127.0.0.1:8080"),
        ] {
            assert!(!same_origin(&headers(origin, host)), "{origin:?}");
        }
    }
    #[test]
    fn one_session_does_not_hold_every_socket() {
        let sockets = Sockets::default();
        let [one, other] = [uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2)];
        for _ in 0..SOCKETS_PER_SESSION {
            assert!(sockets.opened(one).is_some());
        }
        assert!(sockets.opened(one).is_none() && sockets.opened(other).is_some());
        sockets.closed(one);
        assert!(sockets.opened(one).is_some());
    }
}
