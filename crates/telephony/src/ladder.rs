//! The SIP ladder: the messages of each call, both legs, as they went over the wire.
//!
//! Kept in memory while the call runs, written down compressed a moment after its end. What is kept is bounded in
//! every direction, and a message meets no lock but that of its own dialog's shard.

pub mod http;
mod mask;
mod pcap;
pub(crate) mod store;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use kernel::Clock;
use rsipstack::sip::prelude::{HasHeaders as _, HeadersExt as _};
use rsipstack::sip::{Header, Method, SipMessage};
use rsipstack::transaction::endpoint::MessageInspector;
use rsipstack::transport::{SipAddr, SipConnection};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Shards, each with its own lock.
const SHARDS: usize = 64;
/// Dialogs of one shard; the oldest that no call has claimed goes first.
const DIALOGS: usize = 256;
/// Bytes of text in one shard: 64 MB in all.
const BYTES: usize = 1024 * 1024;
/// Messages of one dialog; the first half and the latest stay.
const MESSAGES: usize = 200;
/// Bytes of one message; an SDP of a browser has about 4 kB.
const LONGEST: usize = 16 * 1024;

/// The header by which an INVITE to a carrier says which call it is for; it is taken off before it leaves.
pub(crate) const MARK: &str = "X-Ladder";

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// When it was seen.
    pub at: DateTime<Utc>,
    /// Where it came from.
    pub from: SocketAddr,
    /// Where it went.
    pub to: SocketAddr,
    /// It came in; else we sent it.
    pub incoming: bool,
    /// `UDP`, `TCP`, `TLS`, `WS`.
    pub transport: String,
    /// Call-ID: which dialog.
    pub dialog: String,
    /// Its place among those of the same moment.
    pub order: u64,
    /// As it went over the wire, without secrets; cut off where it was too long.
    pub text: String,
}

/// The messages of a call in their order, and how many were too many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The messages.
    pub messages: Vec<Message>,
    /// Messages that were not kept.
    pub dropped: u64,
}

#[derive(Debug)]
struct Dialog {
    call: Option<Uuid>,
    peer: SocketAddr,
    messages: Vec<Message>,
    bytes: usize,
    dropped: u64,
}

#[derive(Debug, Default)]
struct Shard {
    dialogs: HashMap<String, Dialog>,
    /// In the order in which they began.
    order: VecDeque<String>,
    bytes: usize,
}

impl Shard {
    fn make_room(&mut self) {
        while self.dialogs.len() >= DIALOGS || self.bytes >= BYTES {
            let unclaimed = self.order.iter().position(|id| {
                self.dialogs
                    .get(id)
                    .is_none_or(|dialog| dialog.call.is_none())
            });
            let Some(oldest) = self.order.remove(unclaimed.unwrap_or(0)) else {
                return;
            };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, id: &str) -> Option<Dialog> {
        let dialog = self.dialogs.remove(id)?;
        self.bytes -= dialog.bytes;
        Some(dialog)
    }
}

/// A handle on what is kept; cheap to clone.
#[derive(Clone, Debug)]
pub struct Ladder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    local: SocketAddr,
    hasher: RandomState,
    next: AtomicU64,
    shards: Vec<Mutex<Shard>>,
}

impl Ladder {
    /// Of a stack that listens here.
    pub(crate) fn new(clock: Clock, local: SocketAddr) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self(Arc::new(Inner {
            clock,
            local,
            hasher: RandomState::new(),
            next: AtomicU64::new(0),
            shards,
        }))
    }

    fn shard(&self, dialog: &str) -> MutexGuard<'_, Shard> {
        // Seeded anew with each process: nobody can aim at one shard.
        let hash = self.0.hasher.hash_one(dialog);
        let shard = &self.0.shards[(hash % SHARDS as u64) as usize];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message that came in.
    pub(crate) fn received(
        &self,
        message: &SipMessage,
        connection: &SipConnection,
        from: &SipAddr,
    ) {
        let source = connection.get_remote_addr().unwrap_or(from);
        self.keep(message, source.get_socketaddr().ok(), true, source, None);
    }

    fn sent(&self, message: &SipMessage, to: Option<&SipAddr>, call: Option<Uuid>) {
        let unknown = SipAddr {
            r#type: None,
            addr: SocketAddr::from(([0, 0, 0, 0], 0)).into(),
        };
        let address = to.and_then(|to| to.get_socketaddr().ok());
        self.keep(message, address, false, to.unwrap_or(&unknown), call);
    }

    fn keep(
        &self,
        message: &SipMessage,
        peer: Option<SocketAddr>,
        incoming: bool,
        address: &SipAddr,
        call: Option<Uuid>,
    ) {
        let begins = match message {
            SipMessage::Request(request) => match request.method {
                Method::Register => return,
                Method::Invite => !matches!(
                    request.to_header().map(rsipstack::sip::To::tag),
                    Ok(Ok(Some(_)))
                ),
                _ => false,
            },
            SipMessage::Response(_) => false,
        };
        let Ok(id) = message.call_id_header() else {
            return;
        };
        let id = id.value();
        let mut shard = self.shard(id);
        if !shard.dialogs.contains_key(id) {
            let Some(peer) = peer.filter(|_| begins) else {
                return;
            };
            shard.make_room();
            shard.order.push_back(id.to_owned());
            let dialog = Dialog {
                call: None,
                peer,
                messages: Vec::new(),
                bytes: 0,
                dropped: 0,
            };
            shard.dialogs.insert(id.to_owned(), dialog);
        }
        let Some(dialog) = shard.dialogs.get_mut(id) else {
            return;
        };
        dialog.call = dialog.call.or(call);
        let peer = peer.unwrap_or(dialog.peer);
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let us = self.0.local;
        let (from, to) = if incoming { (peer, us) } else { (us, peer) };
        let text = without_secrets(message.to_string());
        let bytes = text.len();
        if dialog.messages.len() >= MESSAGES {
            let gone = dialog.messages.remove(MESSAGES / 2);
            dialog.dropped += 1;
            dialog.bytes -= gone.text.len();
            shard.bytes -= gone.text.len();
        }
        let Some(dialog) = shard.dialogs.get_mut(id) else {
            return;
        };
        dialog.messages.push(Message {
            at: self.0.clock.now(),
            from,
            to,
            incoming,
            transport: address
                .r#type
                .map_or_else(|| "UDP".to_owned(), |transport| transport.to_string()),
            dialog: id.to_owned(),
            order: self.0.next.fetch_add(1, Relaxed),
            text,
        });
        dialog.bytes += bytes;
        shard.bytes += bytes;
    }

    /// This dialog belongs to a call.
    pub(crate) fn claim(&self, dialog: &str, call: Uuid) {
        if let Some(dialog) = self.shard(dialog).dialogs.get_mut(dialog) {
            dialog.call = Some(call);
        }
    }

    /// The messages of a call so far.
    pub(crate) fn peek(&self, call: Uuid) -> Taken {
        self.collect(call, false)
    }

    /// The messages of a call, which are forgotten here.
    pub(crate) fn take(&self, call: Uuid) -> Taken {
        self.collect(call, true)
    }

    fn collect(&self, call: Uuid, forget: bool) -> Taken {
        let mut taken = Taken::default();
        for shard in &self.0.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let theirs =
                |(id, dialog): (&String, &Dialog)| (dialog.call == Some(call)).then(|| id.clone());
            let ids: Vec<String> = shard.dialogs.iter().filter_map(theirs).collect();
            for id in ids {
                if forget {
                    shard.order.retain(|other| *other != id);
                    if let Some(dialog) = shard.remove(&id) {
                        taken.dropped += dialog.dropped;
                        taken.messages.extend(dialog.messages);
                    }
                } else if let Some(dialog) = shard.dialogs.get(&id) {
                    taken.dropped += dialog.dropped;
                    taken.messages.extend(dialog.messages.iter().cloned());
                }
            }
        }
        taken
            .messages
            .sort_by_key(|message| (message.at, message.order));
        for message in &mut taken.messages {
            self.name_ourselves(message);
        }
        taken
    }

    /// A listener on every address is, for one far end, the address that routes to it.
    fn name_ourselves(&self, message: &mut Message) {
        let us = self.0.local;
        if !us.ip().is_unspecified() {
            return;
        }
        let ours = |peer: SocketAddr| SocketAddr::new(route_to(peer), us.port());
        if message.from == us {
            message.from = ours(message.to);
        } else {
            message.to = ours(message.from);
        }
    }

    /// Dialogs kept now.
    pub fn dialogs(&self) -> usize {
        let lock = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.dialogs.len()
        };
        self.0.shards.iter().map(lock).sum()
    }
}

impl MessageInspector for Ladder {
    fn before_send(&self, mut message: SipMessage, to: Option<&SipAddr>) -> SipMessage {
        // Our own INVITE says which call it is for; a carrier need not know.
        let call = call_of(&message);
        if call.is_some() {
            message
                .headers_mut()
                .remove_all(|header| named(header, MARK));
        }
        self.sent(&message, to, call);
        message
    }

    /// What comes in is kept by the guard, which sees repetitions too.
    fn after_received(&self, message: SipMessage, _from: Option<&SipAddr>) -> SipMessage {
        message
    }
}

fn route_to(peer: SocketAddr) -> IpAddr {
    let any: IpAddr = if peer.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        [0_u16; 8].into()
    };
    // Sends nothing: connecting a UDP socket only chooses the route.
    let probe = UdpSocket::bind((any, 0)).and_then(|probe| {
        probe.connect(peer)?;
        probe.local_addr()
    });
    probe.map_or(any, |address| address.ip())
}

fn named(header: &Header, wanted: &str) -> bool {
    matches!(header, Header::Other(name, _) if name.eq_ignore_ascii_case(wanted))
}

fn call_of(message: &SipMessage) -> Option<Uuid> {
    let SipMessage::Request(request) = message else {
        return None;
    };
    if request.method != Method::Invite {
        return None;
    }
    let marked = request.headers.iter().find_map(|header| match header {
        Header::Other(_, value) if named(header, MARK) || named(header, "X-Call-Id") => Some(value),
        _ => None,
    });
    marked?.trim().parse().ok()
}

/// The proof of a secret can be guessed at for ever by who has it, and the key of SRTP (RFC 4568) opens what was said:
/// they do not stay. Neither does the end of what is too long.
fn without_secrets(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
    }
    let (proof, key) = ("uthorization:", "a=crypto:");
    if !text.contains(proof) && !text.contains(key) {
        return text;
    }
    let lines = text.split_inclusive('\n').map(|line| {
        if line.starts_with(key) {
            return hidden(line, "inline:", &['|', ' ', '\r', '\n']);
        }
        if line.find(proof).is_some_and(|at| at < 20) {
            return hidden(line, "response=\"", &['"', '\r', '\n']);
        }
        line.to_owned()
    });
    lines.collect()
}

/// The line without what stands between `from` and the next of `ends`.
fn hidden(line: &str, from: &str, ends: &[char]) -> String {
    let Some(at) = line.find(from) else {
        return line.to_owned();
    };
    let (head, rest) = line.split_at(at + from.len());
    let end = rest.find(ends).unwrap_or(rest.len());
    format!("{head}…{}", &rest[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder() -> Ladder {
        Ladder::new(Clock::system(), "192.0.2.1:5060".parse().unwrap())
    }

    fn invite(id: &str, extra: &str) -> SipMessage {
        let text = format!(
            "INVITE sip:12333@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK{id}\r\n\
             From: <sip:13900000001@192.0.2.9>;tag=1\r\nTo: <sip:12333@192.0.2.1>\r\nCall-ID: {id}\r\n\
             CSeq: 1 INVITE\r\n{extra}Content-Length: 0\r\n\r\n"
        );
        SipMessage::try_from(text.as_str()).unwrap()
    }

    fn peer() -> SipAddr {
        SipAddr {
            r#type: Some(rsipstack::sip::Transport::Udp),
            addr: SocketAddr::from(([192, 0, 2, 9], 5062)).into(),
        }
    }

    #[test]
    fn a_call_has_the_messages_of_its_dialogs_and_no_others() {
        let (ladder, call) = (ladder(), Uuid::from_u128(7));
        ladder.keep(
            &invite("in", ""),
            peer().get_socketaddr().ok(),
            true,
            &peer(),
            None,
        );
        ladder.claim("in", call);
        let own = format!("X-Call-Id: {call}\r\n");
        ladder.before_send(invite("out", &own), Some(&peer()));
        // To a carrier the call's name does not go.
        let marked = format!("X-Ladder: {call}\r\n");
        let sent = ladder.before_send(invite("dialled", &marked), Some(&peer()));
        assert!(!sent.to_string().contains("X-Ladder"), "{sent}");
        ladder.sent(&invite("other", ""), Some(&peer()), None);
        let seen = ladder.peek(call);
        assert_eq!(seen.messages.len(), 3);
        assert_eq!(seen.messages[0].from, "192.0.2.9:5062".parse().unwrap());
        assert_eq!(seen.messages[1].from, "192.0.2.1:5060".parse().unwrap());
        assert_eq!(ladder.take(call), seen);
        assert_eq!(ladder.take(call), Taken::default());
        assert_eq!(ladder.dialogs(), 1);
    }

    #[test]
    fn whatever_comes_what_is_kept_has_its_bounds() {
        let (ladder, call) = (ladder(), Uuid::from_u128(7));
        ladder.sent(&invite("mine", ""), Some(&peer()), None);
        ladder.claim("mine", call);
        for _ in 0..1_000 {
            ladder.sent(&invite("mine", ""), Some(&peer()), None);
        }
        for n in 0..50_000 {
            ladder.sent(&invite(&format!("flood{n}"), ""), Some(&peer()), None);
        }
        assert!(ladder.dialogs() <= SHARDS * DIALOGS);
        let mine = ladder.take(call);
        assert_eq!(
            mine.messages.len(),
            MESSAGES,
            "a flood takes no call's messages"
        );
        assert_eq!(mine.dropped, 801);
        for shard in &ladder.0.shards {
            let shard = shard.lock().unwrap();
            let bytes: usize = shard.dialogs.values().map(|dialog| dialog.bytes).sum();
            assert_eq!(shard.bytes, bytes);
            assert_eq!(shard.order.len(), shard.dialogs.len());
        }
    }

    #[test]
    fn the_proof_of_a_secret_does_not_stay() {
        let text = "INVITE sip:x SIP/2.0\r\nProxy-Authorization: Digest username=\"u\", response=\"abc123\", qop=auth\r\n\r\n";
        let kept = without_secrets(text.to_owned());
        assert!(
            !kept.contains("abc123") && kept.contains("response=\"…\", qop=auth\r\n"),
            "{kept}"
        );
        let sdp = "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^31\r\na=sendrecv\r\n";
        let kept = without_secrets(sdp.to_owned());
        assert!(
            !kept.contains("c2VjcmV0") && kept.contains("inline:…|2^31\r\na=sendrecv"),
            "{kept}"
        );
        let long = "é".repeat(LONGEST);
        assert_eq!(without_secrets(long).len(), LONGEST);
    }
}
