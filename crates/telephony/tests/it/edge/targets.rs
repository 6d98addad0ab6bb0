//! What a fuzzer or the mutator does with an input. Also the body of `fuzz/fuzz_targets`.

use std::net::SocketAddr;

use rsipstack::sip::prelude::{HeadersExt as _, ToTypedHeader as _};
use rsipstack::sip::{SipMessage, Transport};
use rsipstack::transport::SipConnection;
use telephony::media::rtp::{self, Event, KeyPresses, Sequence};
use telephony::media::sdp;
use telephony::media::srtp::{MasterKey, Srtp};
use telephony::sip::digest::Credentials;
use telephony::sip::guard::escaped;
use telephony::sip::guard::frames::{Frame, frame};
use telephony::sip::guard::screen::{Verdict, screen};

const SOURCE: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)),
    5060,
);

/// A datagram, or what a stream has read.
pub fn sip(data: &[u8]) {
    match frame(data) {
        Frame::Message(octets) | Frame::Blank(octets) => {
            assert!(octets > 0 && octets <= data.len());
        }
        Frame::Ping | Frame::Part | Frame::Broken => {}
    }
    let rewritten = match screen(data, SOURCE) {
        Verdict::Drop(_) => return,
        Verdict::Refuse(status, response) => {
            assert!((400..700).contains(&status));
            // One response and nothing behind it, whatever stood in the request.
            let end = response.windows(4).position(|window| window == b"\r\n\r\n");
            assert_eq!(end, Some(response.len() - 4));
            assert!(response.starts_with(b"SIP/2.0 "));
            return;
        }
        Verdict::Pass(rewritten) => rewritten,
    };
    let bytes = rewritten.as_deref().unwrap_or(data);
    if rewritten.is_some() {
        assert_eq!(
            screen(bytes, SOURCE),
            Verdict::Pass(None),
            "what is handed on needs nothing more"
        );
    }
    let Ok(message) = SipMessage::try_from(bytes) else {
        return;
    };
    let Ok(message) = SipConnection::update_msg_received(message, SOURCE, Transport::Udp) else {
        return;
    };
    // What anybody behind reads, writes and logs.
    let _ = (message.to_bytes(), format!("{message:?}"));
    let head = match &message {
        SipMessage::Request(request) => {
            let _ = (
                request.uri.user(),
                request.uri.to_string(),
                request.destination(),
            );
            let _ = (request.authorization_header())
                .and_then(|header| Credentials::parse(header.value()));
            let _ = request.p_asserted_identity_header();
            let _ = request.diversion_entries();
            let _ = (
                request.typed_contact_headers(),
                request.typed_record_route_headers(),
            );
            let _ = request.top_via_header().and_then(|via| via.typed());
            let _ = SipConnection::parse_target_from_via(request.via_header().unwrap());
            sdp_text(&request.body);
            request.headers.to_string()
        }
        SipMessage::Response(response) => {
            let _ = (
                response.typed_contact_headers(),
                response.typed_record_route_headers(),
            );
            sdp_text(&response.body);
            response.headers.to_string()
        }
    };
    for line in head.split("\r\n") {
        assert_eq!(escaped(line), line, "no log line or screen is driven by it");
    }
    let _ = (
        message
            .from_header()
            .and_then(rsipstack::sip::ToTypedHeader::typed),
        message
            .to_header()
            .and_then(rsipstack::sip::ToTypedHeader::typed),
    );
}

/// A session description, and our answer to it.
pub fn sdp_text(data: &[u8]) {
    let _ = sdp::wants_webrtc(data);
    let Ok(offer) = sdp::parse(data) else { return };
    let local = sdp::Local {
        address: SOURCE,
        codecs: offer.audio.codecs.iter().copied().take(1).collect(),
        event_type: offer.audio.event_type,
        direction: offer.audio.direction.mirrored(),
        crypto: offer.audio.crypto,
        id: 1,
        version: 1,
    };
    let answer = local.answer(&offer);
    assert!(answer.lines().count() < 4 * data.len() + 20);
    if !local.codecs.is_empty() && (offer.audio.is_plain() || offer.audio.is_secured()) {
        assert!(
            sdp::parse(answer.as_bytes()).is_ok(),
            "our answer is read by ourselves: {answer:?}"
        );
    }
}

/// Datagrams on a voice port, one behind the other: two octets of length before each.
pub fn rtp_stream(data: &[u8]) {
    let (mut sequence, mut keys, mut rest) = (Sequence::default(), KeyPresses::default(), data);
    let mut secured = Srtp::new(&MasterKey([7; 30]));
    let mut count = 0_u64;
    while let [high, low, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
        let (datagram, after) = behind.split_at(length);
        rest = after;
        count += 1;
        assert_eq!(
            secured.unprotect(&mut datagram.to_vec()),
            None,
            "nobody has the key"
        );
        if let Some((header, range)) = rtp::parse(datagram) {
            assert!(range.start >= 12 && range.end <= datagram.len());
            let payload = &datagram[range];
            let _ = sequence.note(&header);
            let _ = keys.note(&header, payload);
            if let Some(event) = Event::parse(payload) {
                let _ = (event.digit(), event.build());
            }
        }
    }
    assert!(
        sequence.lost() <= count * 3000,
        "nobody makes us count for ever"
    );
}
