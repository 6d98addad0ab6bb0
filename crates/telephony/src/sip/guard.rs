//! What stands between the network and the SIP stack: form, size and rate.
//!
//! [`gate`] says how much a source may send, [`frames`] where a message of a stream ends, [`screen`] what is wrong with
//! its bytes, all before the stack's parser reads any. [`Guard`] looks once more at what that parser made of it, and
//! counts INVITEs, before a message reaches a transaction.

pub mod blocked;
pub mod frames;
mod gate;
mod grammar;
mod head;
pub mod screen;
mod text;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kernel::Clock;
use rsipstack::sip::param::Received;
use rsipstack::sip::prelude::{HeadersExt as _, ToTypedHeader as _};
use rsipstack::sip::{Header, Method, Param, Request, Response, SipMessage, StatusCode, Version};
use rsipstack::transaction::endpoint::TransportEventInspector;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};

use super::registrar::Registrar;
use super::sources::RateLimit;
use crate::ladder::Ladder;

pub(in crate::sip) use gate::Gate;
pub use text::{escaped, shown};

/// Longest header value.
const MAX_HEADER: usize = 8 * 1024;
/// Requests outside a dialog that are no INVITE, and INVITEs inside one, in INVITEs' worth.
const OTHER_REQUESTS: u32 = 4;

/// What the guard turned away, for the status page and the metrics.
#[derive(Debug, Default)]
pub struct Turned {
    /// Not well formed.
    pub malformed: AtomicU64,
    /// Over the rate of its source.
    pub too_many: AtomicU64,
    /// From a scanner that says so.
    pub scans: AtomicU64,
}

/// Looks at every message before the stack does.
pub struct Guard {
    clock: Clock,
    invites: Mutex<RateLimit>,
    others: Mutex<RateLimit>,
    turned: Arc<Turned>,
    registrar: Arc<Registrar>,
    gate: Arc<Gate>,
    /// Messages that reached the guard: the UDP reader waits while too many have not.
    seen: Arc<AtomicU64>,
    ladder: Ladder,
}

impl Guard {
    pub(super) fn new(
        clock: Clock,
        invites_per_second: u32,
        registrar: Arc<Registrar>,
        gate: Arc<Gate>,
        turned: Arc<Turned>,
        seen: Arc<AtomicU64>,
        ladder: Ladder,
    ) -> Self {
        Self {
            clock,
            invites: Mutex::new(RateLimit::per_second(invites_per_second)),
            others: Mutex::new(RateLimit::per_second(
                invites_per_second.saturating_mul(OTHER_REQUESTS),
            )),
            turned,
            registrar,
            gate,
            seen,
            ladder,
        }
    }

    /// The status to refuse a request with; `None` lets it pass.
    fn refusal(&self, request: &Request, source: Option<SocketAddr>) -> Option<StatusCode> {
        if let Some(status) = fault(request) {
            self.turned.malformed.fetch_add(1, Relaxed);
            tracing::debug!(?source, %status, "malformed SIP request");
            return Some(status);
        }
        let in_dialog = request
            .to_header()
            .is_ok_and(|to| matches!(to.tag(), Ok(Some(_))));
        let invite = request.method == Method::Invite;
        // Anybody can write a To tag: an INVITE that only looks like one of a dialog is counted too.
        if (in_dialog && !invite) || matches!(request.method, Method::Ack | Method::Cancel) {
            return None;
        }
        let limit = if invite && !in_dialog {
            &self.invites
        } else {
            &self.others
        };
        let allowed = source.is_none_or(|from| {
            limit
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .allows(from.ip(), self.clock.now())
        });
        // How many calls come in at once is a setting also for a trunk peer; what else it sends is its own affair.
        if allowed || (!invite && source.is_some_and(|from| self.gate.knows(from))) {
            return None;
        }
        if let Some(from) = source {
            self.gate.too_many(from.ip());
        }
        Some(StatusCode::ServiceUnavailable)
    }
}

#[async_trait]
impl TransportEventInspector for Guard {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        match event {
            TransportEvent::Incoming(mut message, connection, from) => {
                if matches!(connection, SipConnection::Udp(_)) {
                    self.seen.fetch_add(1, Relaxed);
                    // Without a Via there is nothing to forge; `fault` refuses it below.
                    if let SipMessage::Request(request) = &mut message {
                        let _ = tell_source(request, &from);
                    }
                }
                let source = address_of(&connection, &from);
                let refusal = match &message {
                    SipMessage::Request(request) => self.refusal(request, source).map(|status| {
                        (request.method != Method::Ack).then(|| refuse(request, status))
                    }),
                    SipMessage::Response(response) => {
                        (response.version != Version::V2).then_some(None)
                    }
                };
                match refusal {
                    None => {
                        self.ladder.received(&message, &connection, &from);
                        return Some(TransportEvent::Incoming(message, connection, from));
                    }
                    Some(Some(response)) => {
                        // An answer that cannot be sent is no loss.
                        let _ = connection.send(response.into(), Some(&from)).await;
                    }
                    Some(None) => {}
                }
                None
            }
            TransportEvent::Closed(connection) => {
                if let Some(address) = connection.get_remote_addr() {
                    self.registrar.connection_closed(address);
                }
                Some(TransportEvent::Closed(connection))
            }
            event @ TransportEvent::New(_) => Some(event),
        }
    }
}

/// The address a message came from, whatever its headers say.
pub(super) fn source_of(connection: &SipConnection, from: &SipAddr) -> Option<IpAddr> {
    address_of(connection, from).map(|address| address.ip())
}

fn address_of(connection: &SipConnection, from: &SipAddr) -> Option<SocketAddr> {
    connection
        .get_remote_addr()
        .unwrap_or(from)
        .get_socketaddr()
        .ok()
}

/// Writes the socket's own source into the top Via of a datagram. The stack leaves a `received` that the
/// sender wrote himself when his sent-by is his address, and what is behind us believes it.
fn tell_source(request: &mut Request, from: &SipAddr) -> rsipstack::Result<()> {
    let source = from.get_socketaddr()?;
    request.via_header_mut()?.update_first_value(|via| {
        let mut via = via.typed()?;
        via.params
            .retain(|param| !matches!(param, Param::Received(_)));
        if via.uri.host_with_port != source.into() {
            let host = match source.ip() {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            };
            via.params.push(Param::Received(Received::new(host)));
        }
        Ok(via.into())
    })?;
    Ok(())
}

/// What is wrong with a request (RFC 3261 §8.1.1, §20), as the status to refuse it with.
pub(super) fn fault(request: &Request) -> Option<StatusCode> {
    if request.version != Version::V2 {
        return Some(StatusCode::VersionNotSupported);
    }
    if request.body.len() > screen::MAX_BODY {
        return Some(StatusCode::RequestEntityTooLarge);
    }
    well_formed(request)
        .is_none()
        .then_some(StatusCode::BadRequest)
}

fn well_formed(request: &Request) -> Option<()> {
    let (mut from, mut to, mut call_id, mut cseq) = (0, 0, 0, 0);
    for header in request.headers.iter() {
        let text = header.to_string();
        // Control characters have no place in a header; they end up in logs and screens.
        if text.len() > MAX_HEADER || text.chars().any(|c| c.is_control() && c != '\t') {
            return None;
        }
        match header {
            Header::From(_) => from += 1,
            Header::To(_) => to += 1,
            Header::CallId(id) => {
                call_id += 1;
                if id.value().trim().is_empty() {
                    return None;
                }
            }
            Header::CSeq(_) => cseq += 1,
            Header::ContentLength(length) => {
                let length: usize = length.value().trim().parse().ok()?;
                if length != request.body.len() {
                    return None;
                }
            }
            Header::MaxForwards(hops) => {
                hops.value().trim().parse::<u8>().ok()?;
            }
            _ => {}
        }
    }
    if (from, to, call_id, cseq) != (1, 1, 1, 1) {
        return None;
    }
    request.top_via_header().ok()?.typed().ok()?;
    request.from_header().ok()?.typed().ok()?.tag()?;
    request.to_header().ok()?.typed().ok()?;
    let cseq = request.cseq_header().ok()?;
    // RFC 3261 §8.1.1.5: less than 2^31, and the method of the request line.
    (cseq.seq().ok()? < 1 << 31 && cseq.method().ok()? == request.method).then_some(())
}

/// A response outside any transaction.
pub(super) fn refuse(request: &Request, status: StatusCode) -> Response {
    let mut headers: Vec<Header> = request
        .headers
        .iter()
        .filter(|header| {
            matches!(
                header,
                Header::Via(_)
                    | Header::From(_)
                    | Header::To(_)
                    | Header::CallId(_)
                    | Header::CSeq(_)
            )
        })
        .cloned()
        .collect();
    if status == StatusCode::ServiceUnavailable {
        headers.push(Header::RetryAfter("5".into()));
    }
    headers.push(Header::ContentLength(0.into()));
    Response {
        status_code: status,
        wire_reason: None,
        version: Version::V2,
        headers: headers.into(),
        body: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(change: impl FnOnce(String) -> String) -> Request {
        let text = "INVITE sip:12333@127.0.0.1 SIP/2.0\r\n\
            Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\r\n\
            Max-Forwards: 70\r\n\
            From: \"x\" <sip:13900000001@127.0.0.1>;tag=1\r\n\
            To: <sip:12333@127.0.0.1>\r\n\
            Call-ID: a1@127.0.0.1\r\n\
            CSeq: 1 INVITE\r\n\
            Content-Length: 4\r\n\r\nv=0\n";
        match SipMessage::try_from(change(text.to_owned()).as_str()).unwrap() {
            SipMessage::Request(request) => request,
            SipMessage::Response(_) => unreachable!(),
        }
    }

    #[test]
    fn a_well_formed_request_passes() {
        assert_eq!(fault(&request(|text| text)), None);
    }

    #[test]
    fn what_the_parser_lets_through_is_refused() {
        let cases: [(&str, &str, StatusCode); 12] = [
            (
                "127.0.0.1 SIP/2.0\r\nVia",
                "127.0.0.1 SIP/7.0\r\nVia",
                StatusCode::VersionNotSupported,
            ),
            ("Length: 4", "Length: -999", StatusCode::BadRequest),
            ("Length: 4", "Length: 400", StatusCode::BadRequest),
            ("Length: 4", "Length: four", StatusCode::BadRequest),
            ("1 INVITE", "1 OPTIONS", StatusCode::BadRequest),
            (
                "1 INVITE",
                "36893488147419103232 INVITE",
                StatusCode::BadRequest,
            ),
            ("1 INVITE", "2147483648 INVITE", StatusCode::BadRequest),
            (";tag=1", "", StatusCode::BadRequest),
            (
                "Max-Forwards: 70",
                "Max-Forwards: 300",
                StatusCode::BadRequest,
            ),
            (
                "CSeq: 1 INVITE",
                "CSeq: 1 INVITE\r\nCSeq: 1 INVITE",
                StatusCode::BadRequest,
            ),
            ("Call-ID: a1@127.0.0.1\r\n", "", StatusCode::BadRequest),
            ("\"x\"", "\"x\u{7}\u{1b}[31m\"", StatusCode::BadRequest),
        ];
        for (from, to, status) in cases {
            let request = request(|text| {
                assert!(text.contains(from), "{from}");
                text.replacen(from, to, 1)
            });
            assert_eq!(fault(&request), Some(status), "{from} -> {to}");
        }
    }

    #[test]
    fn a_refusal_goes_back_the_way_the_request_came() {
        let response = refuse(&request(|text| text), StatusCode::BadRequest);
        assert_eq!(
            response.via_header().unwrap().value(),
            "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1"
        );
        assert_eq!(response.cseq_header().unwrap().seq().unwrap(), 1);
    }
}
