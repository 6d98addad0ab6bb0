//! Addresses that are not where they say. Desk phones behind NAT name one that nobody reaches: what comes
//! from the very address that a phone registered from gets that address as its Contact, so that BYE and
//! re-INVITE find it; and a small request now and then keeps the way through the NAT open.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rsipstack::dialog::dialog::Dialog;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::{HeadersExt as _, ToTypedHeader as _};
use rsipstack::sip::{Header, Headers, Method, Request, SipMessage};
use rsipstack::transaction::endpoint::TransportEventInspector;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};

use super::guard::Guard;
use super::registrar::Registrar;

/// Between two requests that keep a NAT's way open; most forget a silent one after 30 s.
pub(super) const KEEP_OPEN: Duration = Duration::from_secs(25);

/// The guard, and behind it what makes phones behind NAT reachable.
pub(super) struct Door {
    pub guard: Guard,
    pub registrar: Arc<Registrar>,
}

#[async_trait]
impl TransportEventInspector for Door {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let mut event = self.guard.handle(event).await?;
        if let TransportEvent::Incoming(message, SipConnection::Udp(_), from) = &mut event
            && let Ok(source) = from.get_socketaddr()
        {
            let headers = match message {
                // What it registers as is its own business: we answer with it.
                SipMessage::Request(request) if request.method == Method::Register => None,
                SipMessage::Request(request) => Some(&mut request.headers),
                SipMessage::Response(response) => Some(&mut response.headers),
            };
            if let Some(headers) = headers
                && self.registrar.is_phone(source)
            {
                name_source(headers, from, source);
            }
        }
        Some(event)
    }
}

/// Puts the address a message came from into its Contact. Not behind a proxy that stays in the way: there
/// the Contact is the proxy's to reach.
fn name_source(headers: &mut Headers, from: &SipAddr, source: SocketAddr) {
    let proxied = headers
        .iter()
        .any(|header| matches!(header, Header::RecordRoute(_)));
    let contact = headers.iter().find_map(|header| match header {
        Header::Contact(contact) => contact.clone().typed().ok(),
        _ => None,
    });
    let Some(mut contact) = contact.filter(|_| !proxied) else {
        return;
    };
    let named = SipAddr::from(contact.uri.host_with_port.clone());
    if named.get_socketaddr().is_ok_and(|named| named == source) {
        return;
    }
    contact.uri.host_with_port = from.addr.clone();
    headers.unique_push(contact.into());
}

/// Behind a proxy the far end's Contact is the proxy's to reach, as it stands. The stack adds to it the
/// transport that we and the proxy talk over, and a proxy that believes it looks for the far end's telephone
/// where it does not listen: our BYE would be lost.
pub(super) fn keep_target(request: &Request, dialog: &InviteDialog) {
    let proxied = request
        .headers
        .iter()
        .any(|header| matches!(header, Header::RecordRoute(_)));
    let Some(contact) = request.contact_header().ok().filter(|_| proxied) else {
        return;
    };
    if let Ok(target) = contact.clone().typed() {
        Dialog::Invite(dialog.clone()).set_remote_target(target.uri, Some(contact.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(lines: &str) -> String {
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n{lines}CSeq: 1 INVITE\r\n\r\n"
        );
        let SipMessage::Response(mut response) = SipMessage::try_from(text.as_str()).unwrap()
        else {
            unreachable!("a response");
        };
        let source: SocketAddr = "198.51.100.7:61000".parse().unwrap();
        name_source(&mut response.headers, &source.into(), source);
        response.contact_header().unwrap().value().to_owned()
    }

    #[test]
    fn a_contact_that_nobody_reaches_becomes_the_source() {
        for (lines, named) in [
            (
                "Contact: <sip:a@192.168.1.5:5060;ob>\r\n",
                "198.51.100.7:61000",
            ),
            (
                "Contact: \"A\" <sip:a@198.51.100.7:61000>\r\n",
                "198.51.100.7:61000",
            ),
            ("Contact: <sip:a@phone.invalid>\r\n", "198.51.100.7:61000"),
            (
                "Record-Route: <sip:10.0.0.9;lr>\r\nContact: <sip:a@192.168.1.5>\r\n",
                "192.168.1.5",
            ),
        ] {
            let contact = contact(lines);
            assert!(contact.contains(&format!("sip:a@{named}")), "{contact}");
        }
    }
}
