//! WebRTC to a browser: ICE, DTLS-SRTP and RTP by str0m, driven over our own sockets.
//!
//! We are ICE-lite: the browser checks, we answer, so that one round trip connects a LAN. Its own
//! candidates are not needed for that; they are not even read (many are mDNS names nobody resolves).

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{Codec as WebCodec, FormatParams};
use str0m::media::{Direction as WebDirection, Frequency, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use super::super::codec::Codec;
use super::super::plane::{MediaConfig, MediaError};
use super::super::ports::{PortLease, Ports};
use super::super::rtp::{Header, Stamp};
use super::super::sdp::{self, Direction, Local};
use super::{Answer, Negotiated, Peer, Received, local_ip};

/// A browser sends voice all the time, and a check every 2.5 s even when it is on hold: nothing at all
/// for this long means that it is gone.
const GONE_AFTER: Duration = Duration::from_secs(5);
/// Far enough for a timer that must not fire.
const NEVER: Duration = Duration::from_hours(24);
/// Payload type of telephone-event in our offers; the one Chrome uses for 8000 Hz.
const EVENT_TYPE: u8 = 126;

/// The process's DTLS certificate and crypto. One for all legs: a browser checks it against the SDP.
#[derive(Clone)]
pub(in super::super) struct Identity {
    provider: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

impl Identity {
    pub(in super::super) fn new() -> Result<Self, MediaError> {
        let provider = str0m::crypto::from_feature_flags();
        let certificate = provider.dtls_provider.generate_certificate();
        let certificate =
            certificate.ok_or_else(|| MediaError::WebRtc("no DTLS certificate".into()))?;
        Ok(Self {
            provider: Arc::new(provider),
            certificate,
        })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

pub(super) struct Web {
    rtc: Rtc,
    sockets: Vec<Socket>,
    local: Local,
    codecs: Vec<Codec>,
    mid: Option<Mid>,
    pending: Option<SdpPendingOffer>,
    fingerprint: Option<String>,
    arrived: VecDeque<Arrived>,
    /// When str0m wants to be called next.
    due: Instant,
    state: State,
    connect_within: Duration,
    /// When anything was last taken from the browser.
    heard: Instant,
    pub(super) foreign: u64,
}

#[derive(Debug)]
struct Socket {
    lease: PortLease,
    /// The address of our candidate; behind 1:1 NAT not the bound one.
    announced: SocketAddr,
}

enum Arrived {
    Rtp(Box<RtpPacket>),
    Up,
    Down(super::LostReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not negotiated yet.
    Idle,
    /// Must connect until then.
    Connecting(Instant),
    Connected,
    /// Quiet for too long; may come back.
    Gone,
    Ended,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web")
            .field("local", &self.local)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Web {
    pub(super) fn new(
        config: &MediaConfig,
        ports: &Ports,
        identity: &Identity,
        peer: Peer,
    ) -> Result<Self, MediaError> {
        let now = super::super::now();
        let mut settings = RtcConfig::new()
            .set_crypto_provider(Arc::clone(&identity.provider))
            .set_dtls_cert(identity.certificate.clone())
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .clear_codecs()
            .clear_extension_map();
        for codec in &config.codecs {
            match codec {
                Codec::Pcma => settings.codec_config().enable_pcma(true, false),
                Codec::Pcmu => settings.codec_config().enable_pcmu(true, false),
                Codec::G722 => settings.codec_config().enable_g722(true, false),
            }
        }
        let keys = FormatParams::default();
        let event = (EVENT_TYPE.into(), WebCodec::Tele, Frequency::EIGHT_KHZ);
        settings
            .codec_config()
            .add_config(event.0, None, event.1, event.2, None, keys);
        let mut rtc = settings.build(now);
        let mut sockets = Vec::new();
        for ip in candidate_ips(config.web_bind, peer.ip)? {
            let lease = ports.bind(ip)?;
            let told = config.advertise.filter(|_| !ip.is_loopback());
            let announced = SocketAddr::new(told.unwrap_or(ip), lease.port());
            let candidate = Candidate::host(announced, "udp").map_err(refused)?;
            rtc.add_local_candidate(candidate);
            sockets.push(Socket { lease, announced });
        }
        let address = sockets
            .first()
            .map(|socket| socket.announced)
            .ok_or(MediaError::NoPort)?;
        let codecs = config
            .codecs
            .iter()
            .map(|codec| (codec.static_type(), *codec))
            .collect();
        let local = Local {
            address,
            codecs,
            event_type: Some(EVENT_TYPE),
            direction: Direction::SendRecv,
            crypto: None,
            id: 0,
            version: 0,
        };
        Ok(Self {
            rtc,
            sockets,
            local,
            codecs: config.codecs.clone(),
            mid: None,
            pending: None,
            fingerprint: None,
            arrived: VecDeque::new(),
            due: now + NEVER,
            state: State::Idle,
            connect_within: config.connect_within,
            heard: now,
            foreign: 0,
        })
    }

    pub(super) fn local_address(&self) -> SocketAddr {
        self.local.address
    }

    pub(super) fn offer(&mut self) -> Result<String, MediaError> {
        let mut change = self.rtc.sdp_api();
        let mid = change.add_media(MediaKind::Audio, WebDirection::SendRecv, None, None, None);
        if self.mid.is_some() {
            return Err(MediaError::OutOfOrder);
        }
        let (offer, pending) = change.apply().ok_or(MediaError::OutOfOrder)?;
        self.mid = Some(mid);
        self.pending = Some(pending);
        Ok(offer.to_sdp_string())
    }

    pub(super) fn accept(
        &mut self,
        answer: &[u8],
        negotiated: &mut Negotiated,
    ) -> Result<(), MediaError> {
        let pending = self.pending.take().ok_or(MediaError::OutOfOrder)?;
        let theirs = sdp::parse(answer)?.audio;
        let parsed = SdpAnswer::from_sdp_string(&without_candidates(answer)).map_err(refused)?;
        self.rtc
            .sdp_api()
            .accept_answer(pending, parsed)
            .map_err(refused)?;
        self.negotiated(&theirs, negotiated)
    }

    pub(super) fn answer(
        &mut self,
        offer: &[u8],
        negotiated: &mut Negotiated,
    ) -> Result<Answer, MediaError> {
        let mut theirs = sdp::parse(offer)?.audio;
        // RFC 8842 §5.5: a new certificate would need a new DTLS association. That is a new leg here.
        if self.fingerprint.is_some() && self.fingerprint != theirs.fingerprint {
            return Err(MediaError::WebRtc("the fingerprint changed".into()));
        }
        let parsed = SdpOffer::from_sdp_string(&without_candidates(offer)).map_err(refused)?;
        let answer = self.rtc.sdp_api().accept_offer(parsed).map_err(refused)?;
        let answer = answer.to_sdp_string();
        let ours = sdp::parse(answer.as_bytes())?.audio;
        let wanted = negotiated
            .send
            .map(|(_, codec)| codec)
            .into_iter()
            .chain(self.codecs.iter().copied());
        let mut common = wanted.filter_map(|codec| ours.codecs.iter().find(|(_, c)| *c == codec));
        let chosen = *common.next().ok_or(MediaError::NoCodec)?;
        let held = !theirs.direction.receives();
        self.local.codecs.clone_from(&ours.codecs);
        self.local.event_type = ours.event_type;
        theirs.codecs = vec![chosen];
        self.negotiated(&theirs, negotiated)?;
        Ok(Answer { sdp: answer, held })
    }

    fn negotiated(
        &mut self,
        theirs: &sdp::Audio,
        negotiated: &mut Negotiated,
    ) -> Result<(), MediaError> {
        // The address of a browser's SDP means nothing (it is 0.0.0.0 or a guess): ICE finds it.
        negotiated.settle(&self.local, theirs, theirs.direction.receives())?;
        self.fingerprint.clone_from(&theirs.fingerprint);
        let now = super::super::now();
        self.due = now;
        self.heard = now;
        if self.state == State::Idle {
            self.state = State::Connecting(now + self.connect_within);
        }
        Ok(())
    }

    pub(super) fn deadline(&self) -> Instant {
        match self.state {
            State::Connecting(until) => self.due.min(until),
            State::Connected => self.due.min(self.heard + GONE_AFTER),
            State::Idle | State::Gone | State::Ended => self.due,
        }
    }

    pub(super) fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        self.sockets.iter().map(|socket| &socket.lease.socket)
    }

    pub(super) fn receive(&mut self, now: Instant, buffer: &mut [u8]) -> Received {
        loop {
            match self.arrived.pop_front() {
                Some(Arrived::Rtp(packet)) => {
                    if let Some(range) = copy(&packet.payload, buffer) {
                        return Received::Rtp(header(&packet), range);
                    }
                }
                Some(Arrived::Up) => return Received::Up,
                Some(Arrived::Down(reason)) => return Received::Down(reason),
                None => {
                    if !self.read(now, buffer) && !self.check(now) {
                        return Received::Nothing;
                    }
                }
            }
        }
    }

    /// Throws away the voice the sockets hold, but not the work on the connection.
    pub(super) fn drain(&mut self, now: Instant, buffer: &mut [u8]) {
        while self.read(now, buffer) {}
        self.arrived
            .retain(|arrived| !matches!(arrived, Arrived::Rtp(_)));
    }

    /// Reads one datagram. False when there is none.
    fn read(&mut self, now: Instant, buffer: &mut [u8]) -> bool {
        if self.state == State::Idle || self.state == State::Ended {
            // Checks that come before the answer wait in the socket.
            return false;
        }
        let read = self.sockets.iter().find_map(|socket| {
            let (length, from) = socket.lease.socket.recv_from(buffer).ok()?;
            Some((length, from, socket.announced))
        });
        let Some((length, source, destination)) = read else {
            return false;
        };
        let Ok(contents) = buffer[..length].try_into() else {
            return true;
        };
        let input = Input::Receive(
            now,
            Receive {
                proto: Protocol::Udp,
                source,
                destination,
                contents,
            },
        );
        // Else anybody who finds the port could break the connection with a bad record.
        if !self.rtc.accepts(&input) {
            self.foreign += 1;
            return true;
        }
        self.heard = now;
        if self.state == State::Gone {
            self.state = State::Connected;
            self.arrived.push_back(Arrived::Up);
        }
        if self.rtc.handle_input(input).is_err() && !self.rtc.is_alive() {
            self.end(super::LostReason::Security);
        }
        self.work();
        true
    }

    /// The clock's part. True when there is something new.
    fn check(&mut self, now: Instant) -> bool {
        let quiet = now.saturating_duration_since(self.heard) >= GONE_AFTER;
        match self.state {
            State::Idle | State::Ended => return false,
            State::Connecting(until) if now >= until => self.end(super::LostReason::NotConnected),
            State::Connected if quiet => {
                self.state = State::Gone;
                self.arrived
                    .push_back(Arrived::Down(super::LostReason::Disconnected));
            }
            _ => {}
        }
        if self.due <= now && self.state != State::Ended {
            if self.rtc.handle_input(Input::Timeout(now)).is_err() {
                self.end(super::LostReason::Security);
            }
            self.work();
        }
        !self.arrived.is_empty()
    }

    /// Takes everything str0m wants done.
    fn work(&mut self) {
        while self.state != State::Ended {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => {
                    self.due = due;
                    if !self.rtc.is_alive() {
                        self.end(super::LostReason::Closed);
                    }
                    return;
                }
                Ok(Output::Transmit(transmit)) => {
                    let socket = self
                        .sockets
                        .iter()
                        .find(|socket| socket.announced == transmit.source);
                    if let Some(socket) = socket {
                        socket.lease.send(&transmit.contents, transmit.destination);
                    }
                }
                Ok(Output::Event(event)) => self.event(event),
                Err(error) => {
                    tracing::warn!(%error, "WebRTC leg failed");
                    self.end(super::LostReason::Security);
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Connected => {
                self.state = State::Connected;
                self.arrived.push_back(Arrived::Up);
            }
            Event::MediaAdded(media) if self.mid.is_none() => self.mid = Some(media.mid),
            Event::RtpPacket(packet) => self.arrived.push_back(Arrived::Rtp(Box::new(packet))),
            Event::Closed => self.end(super::LostReason::Closed),
            _ => {}
        }
    }

    fn end(&mut self, reason: super::LostReason) {
        if self.state != State::Ended {
            self.state = State::Ended;
            self.due = super::super::now() + NEVER;
            self.arrived.push_back(Arrived::Down(reason));
        }
    }

    pub(super) fn send(
        &mut self,
        now: Instant,
        payload_type: u8,
        stamp: Stamp,
        payload: &[u8],
    ) -> bool {
        if self.state != State::Connected {
            return false;
        }
        let Some(mid) = self.mid else { return false };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else {
            return false;
        };
        let write = RtpWrite::new(
            payload_type.into(),
            stamp.sequence.into(),
            stamp.timestamp,
            now,
            payload,
        );
        stream.write_rtp(write.marker(stamp.marker));
        if self.rtc.handle_input(Input::Timeout(now)).is_err() {
            self.end(super::LostReason::Security);
        }
        self.work();
        true
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        // Tells the browser, so that it does not wait for its own time-outs.
        if self.state != State::Ended && self.rtc.close().is_ok() {
            self.work();
        }
    }
}

/// Sockets of one leg at most.
const ADDRESSES: usize = 8;

/// The addresses we can be reached at: the one that routes to the browser. A browser whose HTTP
/// connection comes from this machine may be on it, where Chrome uses loopback only when it is told to,
/// or behind a proxy on it: it gets every address.
fn candidate_ips(bind: IpAddr, peer: IpAddr) -> Result<Vec<IpAddr>, MediaError> {
    let mut ips = Vec::new();
    if peer.is_loopback() && bind.is_unspecified() {
        let interfaces = if_addrs::get_if_addrs()?;
        let outward = interfaces.iter().map(if_addrs::Interface::ip);
        ips.extend(
            outward
                .filter(|ip| ip.is_ipv4() && !ip.is_loopback() && !is_link_local(*ip))
                .take(ADDRESSES - 1),
        );
    }
    let routed = local_ip(bind, peer)?;
    if !ips.contains(&routed) {
        ips.push(routed);
    }
    Ok(ips)
}

fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_link_local())
}

fn without_candidates(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let kept = text
        .lines()
        .filter(|line| !line.starts_with("a=candidate:"))
        .map(str::trim_end);
    kept.flat_map(|line| [line, "\r\n"]).collect()
}

fn copy(payload: &[u8], buffer: &mut [u8]) -> Option<Range<usize>> {
    buffer.get_mut(..payload.len())?.copy_from_slice(payload);
    Some(0..payload.len())
}

fn header(packet: &RtpPacket) -> Header {
    Header {
        payload_type: *packet.header.payload_type,
        marker: packet.header.marker,
        sequence: packet.header.sequence_number,
        timestamp: packet.header.timestamp,
        ssrc: *packet.header.ssrc,
    }
}

fn refused(error: impl std::fmt::Display) -> MediaError {
    MediaError::WebRtc(error.to_string())
}
