//! One leg of a call's media: plain RTP to a trunk or desk phone, or WebRTC to a browser.
//!
//! A leg is passive: it owns its sockets and is read by whoever holds it, normally the call's
//! [`MediaSession`](super::session::MediaSession). Negotiate first ([`offer`](Leg::offer) then
//! [`accept`](Leg::accept), or [`answer`](Leg::answer)), attach then.

mod plain;
mod web;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::codec::{Codec, FromAlaw};
use super::plane::{MediaConfig, MediaError};
use super::ports::Ports;
use super::quality::{Heard, Listener};
use super::rtp::{Arrival, Event, Header, KeyPresses, OutStream, Sequence, Stamp};
use super::sdp;
use super::session::Side;

pub(super) use web::Identity;

/// A leg that should send and of which nothing is heard this long is quiet: somebody speaks and is not heard.
const QUIET_AFTER: Duration = Duration::from_secs(3);
/// Legs of one call that are told of at most: a browser that comes back again and again has a new one each time.
const REPORTS: usize = 64;

/// Where legs leave how they were heard.
pub(super) type Reports = Arc<Mutex<Vec<Heard>>>;

/// Who is at the other end of a leg, as far as signalling knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Source address of the signalling (for a browser: of its HTTP connection). Chooses our local address.
    pub ip: IpAddr,
    /// Also accept media from `ip` when the SDP names another address: only for a far end that has
    /// proved who it is (a registered phone behind NAT).
    pub behind_nat: bool,
}

impl Peer {
    /// A peer whose SDP must name the address its RTP comes from.
    pub fn at(ip: IpAddr) -> Self {
        Self {
            ip,
            behind_nat: false,
        }
    }
}

/// Our answer to an offer, and what the offer told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The SDP answer.
    pub sdp: String,
    /// The far end has put us on hold (sendonly, inactive or a null address).
    pub held: bool,
}

/// Why a leg is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostReason {
    /// ICE or DTLS did not come up in time. Final.
    NotConnected,
    /// Nothing at all comes from the browser any more. Not final: it may come back by itself.
    Disconnected,
    /// The far end closed DTLS. Final.
    Closed,
    /// DTLS failed: among others a certificate that does not match the fingerprint of the SDP. Final.
    Security,
}

impl LostReason {
    /// The leg yields nothing more and only a new one helps.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Disconnected)
    }
}

/// One RTP packet's payload and what is needed to pass it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Codec of the payload; `None` for a telephone-event.
    pub codec: Option<Codec>,
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp in units of 1/8000 s.
    pub timestamp: u32,
    /// RTP synchronisation source.
    pub ssrc: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// The first of a stream: sender or numbers changed.
    pub restart: bool,
    /// The encoded sound.
    pub payload: &'a [u8],
}

/// What a leg yields.
#[derive(Debug, PartialEq, Eq)]
pub enum MediaEvent<'a> {
    /// Sound.
    Audio(Packet<'a>),
    /// A telephone-event packet; `digit` only with the first packet of each key press.
    Dtmf {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: Option<char>,
        /// The packet, to be passed on.
        packet: Packet<'a>,
    },
    /// No RTP for this long though the far end should send. Repeated each time the time-out passes again.
    Silent(Duration),
    /// `true`: nothing was heard for three seconds though the far end should send and has not put us on hold;
    /// repeated as long as that lasts. `false`: it is heard again.
    Quiet(bool),
    /// Media flows: ICE and DTLS are up, or the first RTP packet came, or a lost leg is back.
    Connected,
    /// The leg is lost, for good if the reason is final.
    Lost(LostReason),
}

/// Counters of a leg, for the call record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LegStats {
    /// RTP packets taken in.
    pub received: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets missing by sequence number.
    pub lost: u64,
    /// Packets dropped because they did not come from the negotiated source.
    pub foreign: u64,
    /// Packets dropped because they are no RTP, come twice, or have a payload type that was not negotiated.
    pub unreadable: u64,
}

impl std::ops::AddAssign for LegStats {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.sent += other.sent;
        self.lost += other.lost;
        self.foreign += other.foreign;
        self.unreadable += other.unreadable;
    }
}

/// What a transport hands up.
enum Received {
    /// An RTP packet; its payload lies at this range of the buffer.
    Rtp(Header, Range<usize>),
    /// The connection stands (again).
    Up,
    /// The connection is lost.
    Down(LostReason),
    /// Nothing is there to be read now.
    Nothing,
}

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Audio(Codec),
    Event,
}

/// What was negotiated, in the transport's neutral form.
#[derive(Debug, Default)]
struct Negotiated {
    /// Payload types we take, ours and theirs (an answerer may number telephone-event anew).
    receive: Vec<(u8, Kind)>,
    /// What we send.
    send: Option<(u8, Codec)>,
    /// How we send telephone-events.
    send_event: Option<u8>,
    /// The far end wants to hear us.
    may_send: bool,
    /// The far end means to send.
    should_hear: bool,
    /// Offer and answer are through.
    complete: bool,
}

impl Negotiated {
    /// From what we offered or answered and what the far end said.
    fn settle(
        &mut self,
        ours: &sdp::Local,
        theirs: &sdp::Audio,
        may_send: bool,
    ) -> Result<(), MediaError> {
        // An answer may keep several codecs: its first is the far end's preference.
        let chosen = theirs
            .codecs
            .iter()
            .find(|(_, codec)| ours.codecs.iter().any(|(_, c)| c == codec));
        let chosen = *chosen.ok_or(MediaError::NoCodec)?;
        self.receive.clear();
        for (payload_type, codec) in ours.codecs.iter().chain(&theirs.codecs) {
            self.receive.push((*payload_type, Kind::Audio(*codec)));
        }
        for payload_type in ours.event_type.iter().chain(&theirs.event_type) {
            self.receive.push((*payload_type, Kind::Event));
        }
        self.send = Some(chosen);
        self.send_event = theirs.event_type.filter(|_| ours.event_type.is_some());
        self.may_send = may_send;
        self.should_hear = theirs.direction.sends();
        self.complete = true;
        Ok(())
    }

    fn kind(&self, payload_type: u8) -> Option<Kind> {
        self.receive
            .iter()
            .find(|(n, _)| *n == payload_type)
            .map(|(_, kind)| *kind)
    }
}

/// One leg. See the module's description.
#[derive(Debug)]
pub struct Leg {
    transport: Transport,
    negotiated: Negotiated,
    buffer: Vec<u8>,
    sequence: Sequence,
    keys: KeyPresses,
    out: OutStream,
    encoder: FromAlaw,
    stats: LegStats,
    silence_after: Duration,
    /// When RTP was last heard, or when silence was last reported or began to count.
    heard: Instant,
    /// Silence that was reported already.
    silent: Duration,
    /// A packet that waits until its leg was reported as connected.
    waiting: Option<(Header, Range<usize>)>,
    flowing: bool,
    /// Nothing was heard since then, or since quiet was last reported.
    quiet_from: Instant,
    quiet: bool,
    listener: Listener,
    /// Whose it is, and who is told how it was heard.
    reports: Option<(Side, Reports)>,
}

#[derive(Debug)]
enum Transport {
    Plain(Box<plain::Plain>),
    Web(Box<web::Web>),
}

/// An event whose payload still lies in the leg's buffer.
enum Fetched {
    Rtp(Header, Range<usize>, Kind, bool, Option<char>),
    Silent(Duration),
    Quiet(bool),
    Connected,
    Lost(LostReason),
}

impl Leg {
    pub(super) fn rtp(config: &MediaConfig, ports: &Ports, peer: Peer) -> Result<Self, MediaError> {
        let plain = plain::Plain::new(config, ports, peer)?;
        Ok(Self::over(config, Transport::Plain(Box::new(plain))))
    }

    pub(super) fn web(
        config: &MediaConfig,
        ports: &Ports,
        identity: &Identity,
        peer: Peer,
    ) -> Result<Self, MediaError> {
        let web = web::Web::new(config, ports, identity, peer)?;
        Ok(Self::over(config, Transport::Web(Box::new(web))))
    }

    fn over(config: &MediaConfig, transport: Transport) -> Self {
        Self {
            transport,
            negotiated: Negotiated::default(),
            buffer: vec![0; 2048],
            sequence: Sequence::default(),
            keys: KeyPresses::default(),
            out: OutStream::new(),
            encoder: FromAlaw::default(),
            stats: LegStats::default(),
            silence_after: config.silence_after,
            heard: super::now(),
            silent: Duration::ZERO,
            waiting: None,
            flowing: false,
            quiet_from: super::now(),
            quiet: false,
            listener: Listener::new(super::now()),
            reports: None,
        }
    }

    /// From now on it is listened to as this side's; at its end it leaves there how it was heard.
    pub(super) fn report_to(&mut self, side: Side, reports: &Reports) {
        self.listener = Listener::new(super::now());
        self.reports = Some((side, Arc::clone(reports)));
    }

    /// Our offer. Repeated on a plain leg it describes the leg as it stands.
    pub fn offer(&mut self) -> Result<String, MediaError> {
        match &mut self.transport {
            Transport::Plain(plain) => Ok(plain.offer(&self.negotiated)),
            Transport::Web(web) => web.offer(),
        }
    }

    /// Takes the answer to our offer.
    pub fn accept(&mut self, answer: &[u8]) -> Result<(), MediaError> {
        match &mut self.transport {
            Transport::Plain(plain) => plain.accept(answer, &mut self.negotiated)?,
            Transport::Web(web) => web.accept(answer, &mut self.negotiated)?,
        }
        self.count_silence_from_now();
        Ok(())
    }

    /// Answers an offer: the first, or a later one (hold, a new address, ICE restart).
    pub fn answer(&mut self, offer: &[u8]) -> Result<Answer, MediaError> {
        let answer = match &mut self.transport {
            Transport::Plain(plain) => plain.answer(offer, &mut self.negotiated)?,
            Transport::Web(web) => web.answer(offer, &mut self.negotiated)?,
        };
        self.count_silence_from_now();
        Ok(answer)
    }

    /// The codec we send, once negotiated.
    pub fn codec(&self) -> Option<Codec> {
        self.negotiated.send.map(|(_, codec)| codec)
    }

    /// Where our SDP wants media sent to; of a WebRTC leg the first candidate.
    pub fn local_address(&self) -> SocketAddr {
        match &self.transport {
            Transport::Plain(plain) => plain.local_address(),
            Transport::Web(web) => web.local_address(),
        }
    }

    /// Counters so far.
    pub fn stats(&self) -> LegStats {
        let foreign = match &self.transport {
            Transport::Plain(plain) => plain.foreign,
            Transport::Web(web) => web.foreign,
        };
        LegStats {
            lost: self.sequence.lost(),
            foreign,
            ..self.stats
        }
    }

    /// Throws away what the sockets hold, so that nothing old is heard late. WebRTC's own packets are
    /// worked on nevertheless.
    pub fn drain(&mut self) {
        match &mut self.transport {
            Transport::Plain(plain) => plain.drain(&mut self.buffer),
            Transport::Web(web) => web.drain(super::now(), &mut self.buffer),
        }
        self.waiting = None;
        self.count_silence_from_now();
    }

    /// The sockets it reads. When one is ready, [`next`](Self::next) must be called.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        let (plain, web) = match &self.transport {
            Transport::Plain(plain) => (Some(plain.socket()), None),
            Transport::Web(web) => (None, Some(web.sockets())),
        };
        plain.into_iter().chain(web.into_iter().flatten())
    }

    /// It is a browser's: its own timers change with what arrives.
    pub(super) const fn is_web(&self) -> bool {
        matches!(self.transport, Transport::Web(_))
    }

    /// When [`next`](Self::next) must be called even if nothing arrives.
    pub fn deadline(&self) -> Instant {
        let mut silence = self.heard + self.silence_after;
        if self.should_be_heard() {
            silence = silence.min(self.quiet_from + QUIET_AFTER);
        }
        match &self.transport {
            Transport::Plain(_) => silence,
            Transport::Web(web) => web.deadline().min(silence),
        }
    }

    /// The next event that is there. The sockets are read `reads` times at most, which counts down; the leg's own
    /// timers are looked at when they have nothing more.
    pub fn next(&mut self, now: Instant, reads: &mut usize) -> Option<MediaEvent<'_>> {
        let fetched = self.fetch(now, reads)?;
        Some(self.event(fetched))
    }

    fn event(&self, fetched: Fetched) -> MediaEvent<'_> {
        match fetched {
            Fetched::Rtp(header, range, kind, restart, digit) => {
                let packet = Packet {
                    codec: match kind {
                        Kind::Audio(codec) => Some(codec),
                        Kind::Event => None,
                    },
                    sequence: header.sequence,
                    timestamp: header.timestamp,
                    ssrc: header.ssrc,
                    marker: header.marker,
                    restart,
                    payload: &self.buffer[range],
                };
                match kind {
                    Kind::Audio(_) => MediaEvent::Audio(packet),
                    Kind::Event => MediaEvent::Dtmf { digit, packet },
                }
            }
            Fetched::Silent(length) => MediaEvent::Silent(length),
            Fetched::Quiet(quiet) => MediaEvent::Quiet(quiet),
            Fetched::Connected => MediaEvent::Connected,
            Fetched::Lost(reason) => MediaEvent::Lost(reason),
        }
    }

    fn fetch(&mut self, now: Instant, reads: &mut usize) -> Option<Fetched> {
        loop {
            let (header, range) = if let Some(waiting) = self.waiting.take() {
                waiting
            } else {
                *reads = reads.checked_sub(1)?;
                let received = match &mut self.transport {
                    Transport::Plain(plain) => plain.receive(now, &mut self.buffer),
                    Transport::Web(web) => web.receive(now, &mut self.buffer),
                };
                match received {
                    Received::Rtp(header, range) => (header, range),
                    Received::Up => {
                        self.flowing = true;
                        self.quiet_from = now;
                        return Some(Fetched::Connected);
                    }
                    Received::Down(reason) => {
                        self.flowing = false;
                        return Some(Fetched::Lost(reason));
                    }
                    Received::Nothing => {
                        return self.quieted(now).or_else(|| self.silence(now));
                    }
                }
            };
            let Some(kind) = self.negotiated.kind(header.payload_type) else {
                self.stats.unreadable += 1;
                continue;
            };
            if !self.flowing {
                self.flowing = true;
                self.waiting = Some((header, range));
                return Some(Fetched::Connected);
            }
            if std::mem::take(&mut self.quiet) {
                self.waiting = Some((header, range));
                return Some(Fetched::Quiet(false));
            }
            let arrival = self.sequence.note(&header);
            if arrival == Arrival::Duplicate {
                self.stats.unreadable += 1;
                continue;
            }
            self.stats.received += 1;
            self.heard = now;
            self.quiet_from = now;
            self.silent = Duration::ZERO;
            let restart = arrival == Arrival::Restart;
            self.listener
                .note(now, header.timestamp, restart, self.sequence.lost());
            let digit = match kind {
                Kind::Event => self.keys.note(&header, &self.buffer[range.clone()]),
                Kind::Audio(_) => None,
            };
            return Some(Fetched::Rtp(header, range, kind, restart, digit));
        }
    }

    fn silence(&mut self, now: Instant) -> Option<Fetched> {
        if now < self.heard + self.silence_after {
            return None;
        }
        self.heard = now;
        if !self.negotiated.complete || !self.negotiated.should_hear {
            return None;
        }
        self.silent += self.silence_after;
        Some(Fetched::Silent(self.silent))
    }

    /// Whether the far end should send now. Who has put us on hold may be still.
    fn should_be_heard(&self) -> bool {
        let agreed = &self.negotiated;
        let up = self.flowing || matches!(self.transport, Transport::Plain(_));
        up && agreed.complete && agreed.should_hear && agreed.may_send
    }

    fn quieted(&mut self, now: Instant) -> Option<Fetched> {
        if !self.should_be_heard() {
            return std::mem::take(&mut self.quiet).then_some(Fetched::Quiet(false));
        }
        if now < self.quiet_from + QUIET_AFTER {
            return None;
        }
        self.quiet_from = now;
        self.quiet = true;
        Some(Fetched::Quiet(true))
    }

    fn count_silence_from_now(&mut self) {
        self.heard = super::now();
        self.quiet_from = self.heard;
        self.silent = Duration::ZERO;
    }

    /// Sends a frame of our own sound, given as A-law at 8 kHz.
    pub fn play(&mut self, now: Instant, alaw: &[u8]) {
        let Some((payload_type, codec)) = self.sendable() else {
            return;
        };
        let stamp = self.out.own(now, alaw.len() as u32);
        let payload = self.encoder.convert(codec, alaw);
        Self::transmit(
            &mut self.transport,
            &mut self.stats,
            &self.out,
            now,
            payload_type,
            stamp,
            payload,
        );
    }

    /// The next frame of our own begins anew in time.
    pub fn pause(&mut self) {
        self.out.pause();
    }

    /// Sends one packet of a key press that lasts `samples` by now; `false` when the far end does not take
    /// them.
    pub fn press(&mut self, now: Instant, code: u8, samples: u16, ends: bool) -> bool {
        let Some(event_type) = self
            .negotiated
            .send_event
            .filter(|_| self.negotiated.may_send)
        else {
            return false;
        };
        let stamp = self
            .out
            .press(now, usize::from(samples) == super::codec::FRAME);
        let payload = Event {
            code,
            end: ends,
            volume: 10,
            duration: samples,
        }
        .build();
        Self::transmit(
            &mut self.transport,
            &mut self.stats,
            &self.out,
            now,
            event_type,
            stamp,
            &payload,
        );
        true
    }

    /// Passes a packet of another leg on. `alaw` is its sound as A-law and used when the codecs differ.
    pub fn relay(&mut self, now: Instant, packet: &Packet<'_>, alaw: &[u8]) {
        let Some((audio_type, codec)) = self.sendable() else {
            return;
        };
        let (payload_type, payload) = match packet.codec {
            Some(same) if same == codec => (audio_type, packet.payload),
            Some(_) => (audio_type, self.encoder.convert(codec, alaw)),
            None => match self.negotiated.send_event {
                Some(event_type) => (event_type, packet.payload),
                None => return,
            },
        };
        let stamp = self.out.relay(
            now,
            packet.sequence,
            packet.timestamp,
            packet.ssrc,
            packet.marker,
        );
        Self::transmit(
            &mut self.transport,
            &mut self.stats,
            &self.out,
            now,
            payload_type,
            stamp,
            payload,
        );
    }

    fn sendable(&self) -> Option<(u8, Codec)> {
        self.negotiated.send.filter(|_| self.negotiated.may_send)
    }

    fn transmit(
        transport: &mut Transport,
        stats: &mut LegStats,
        out: &OutStream,
        now: Instant,
        payload_type: u8,
        stamp: Stamp,
        payload: &[u8],
    ) {
        let sent = match transport {
            Transport::Plain(plain) => plain.send(out.ssrc(), payload_type, stamp, payload),
            Transport::Web(web) => web.send(now, payload_type, stamp, payload),
        };
        stats.sent += u64::from(sent);
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        let Some((side, reports)) = self.reports.take() else {
            return;
        };
        let web = matches!(self.transport, Transport::Web(_));
        let (codec, lost) = (self.codec(), self.sequence.lost());
        let heard = self.listener.heard(side, web, codec, super::now(), lost);
        let mut reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.len() < REPORTS {
            reports.push(heard);
        }
    }
}

/// `bind`, or the local address that routes to the peer when that is unspecified.
pub(crate) fn local_ip(bind: IpAddr, peer: IpAddr) -> std::io::Result<IpAddr> {
    if !bind.is_unspecified() {
        return Ok(bind);
    }
    let any: IpAddr = if peer.is_ipv4() {
        [0, 0, 0, 0].into()
    } else {
        [0_u16; 8].into()
    };
    let probe = UdpSocket::bind((any, 0))?;
    // Sends nothing: connecting a UDP socket only chooses the route.
    probe.connect((peer, 9))?;
    Ok(probe.local_addr()?.ip())
}
