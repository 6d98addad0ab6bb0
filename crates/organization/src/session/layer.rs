//! The sign-in layer: puts the [`Principal`](kernel::Principal) of the session into the request and
//! refuses changes that another site asks for.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use kernel::problem::{Problem, Result};

use super::{SignedInAs, bearer_of, password_change_required};
use crate::Organization;

/// A request that a program makes by itself carries `x-shoujie-background: 1`: it does not keep the
/// session from idling out.
const BACKGROUND: &str = "x-shoujie-background";

/// Put into the request when its session is over: the reason.
#[derive(Debug, Clone)]
pub struct EndedSession(pub String);

/// The layer: `axum::middleware::from_fn_with_state(organization, sign_in_layer)` around all routes.
pub async fn sign_in_layer(
    State(organization): State<Organization>,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    let headers = request.headers();
    // A WebSocket upgrade is a GET that browsers let other sites make.
    if !request.method().is_safe() || headers.contains_key(header::UPGRADE) {
        refuse_other_origin(headers, request.uri().authority().map(Authority::as_str))?;
    }
    let event_stream = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"));
    let activity = !event_stream && !headers.contains_key(BACKGROUND);
    match organization.authenticate(headers, activity).await? {
        SignedInAs::User(principal) => {
            if principal.must_change_password && !is_open_during_change(&request) {
                return Err(password_change_required());
            }
            request.extensions_mut().insert(*principal);
        }
        SignedInAs::Ended(reason) => {
            request.extensions_mut().insert(EndedSession(reason));
        }
        SignedInAs::Nobody => {}
    }
    Ok(next.run(request).await)
}

/// What a user may ask before the first password is changed: the session itself, and the console's files.
fn is_open_during_change(request: &Request) -> bool {
    let path = request.uri().path();
    let own = path == "/api/v1/session" || path == "/api/v1/session/password";
    own || !(path.starts_with("/api/v1/") || path == "/sip")
}

/// 403 for a change that a page of another origin asks for (CSRF). `SameSite=Strict` keeps the cookie
/// from other sites already; another port of this host is the same site, but not the same origin. Who
/// sends a bearer token is no browser that was lured here.
pub(crate) fn refuse_other_origin(headers: &HeaderMap, authority: Option<&str>) -> Result<()> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    if bearer_of(headers).is_some() {
        return Ok(());
    }
    let host = authority.or_else(|| headers.get(header::HOST)?.to_str().ok());
    let origin_host = origin
        .to_str()
        .ok()
        .and_then(|origin| Some(origin.split_once("://")?.1));
    if host.is_some() && origin_host == host {
        return Ok(());
    }
    let detail = "the request comes from a page of another origin";
    Err(Problem::new(StatusCode::FORBIDDEN, "other_origin", detail))
}

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Client {
    /// The address; behind a proxy on this machine the one that the proxy names last.
    pub address: Option<IpAddr>,
    /// `User-Agent`, at most 200 characters.
    pub user_agent: String,
    /// The browser speaks HTTPS, so that its cookie may be `Secure`.
    pub https: bool,
}

impl Client {
    pub(crate) fn address_text(&self) -> String {
        self.address
            .map(|address| address.to_string())
            .unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let text = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip().to_canonical());
        let named = || {
            text("x-forwarded-for")?
                .rsplit(',')
                .next()?
                .trim()
                .parse()
                .ok()
        };
        let address = match peer {
            Some(peer) if peer.is_loopback() => named().or(Some(peer)),
            peer => peer,
        };
        let https = text("origin").is_some_and(|origin| origin.starts_with("https://"))
            || text("x-forwarded-proto") == Some("https");
        let user_agent = text("user-agent")
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        Ok(Self {
            address,
            user_agent,
            https,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_pages_of_our_own_origin_may_ask_for_changes() {
        let refused = |pairs: &[_]| refuse_other_origin(&headers(pairs), None).is_err();
        let host = ("host", "127.0.0.1:8080");
        assert!(!refused(&[host]), "no browser");
        assert!(!refused(&[host, ("origin", "http://127.0.0.1:8080")]));
        assert!(
            refused(&[host, ("origin", "http://127.0.0.1:3000")]),
            "another port"
        );
        assert!(
            refused(&[host, ("origin", "http://localhost:8080")]),
            "another name"
        );
        assert!(refused(&[host, ("origin", "null")]), "a sandboxed frame");
        assert!(refused(&[
            host,
            ("origin", "http://evil.example/127.0.0.1:8080")
        ]));
        assert!(!refused(&[
            host,
            ("origin", "http://evil.example"),
            ("authorization", "Bearer 00")
        ]));
        assert!(
            refused(&[("origin", "http://127.0.0.1:8080")]),
            "no host to compare with"
        );
    }
}
