//! WebRTC legs, with str0m at the far end as the browser.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::{Codec as WebCodec, FormatParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use telephony::media::codec::{FRAME, FromAlaw, alaw_to_linear, linear_to_alaw, ulaw_to_alaw};
use telephony::media::leg::LostReason;
use telephony::media::rtp;
use telephony::media::tone::{self, heard_ms};
use telephony::media::{
    BOTH, Codec, Leg, MediaError, MediaPlane, Peer, Playlist, Prompt, SessionEvent, SessionEvents,
    Side,
};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use super::{AGENT_HZ, FarEnd, LOOPBACK, REQUESTER_HZ, event, hold, plane, unhold, wait};

const EVENT_TYPE: u8 = 110;

enum Wish {
    Reoffer(Direction, oneshot::Sender<String>),
    Accept(String),
    Press(char),
    Close,
}

pub(crate) struct Browser {
    wishes: mpsc::UnboundedSender<Wish>,
    heard: Arc<Mutex<Vec<i16>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Browser {
    /// A browser that answers our offer; `codec` is the only one it speaks.
    pub(crate) async fn answer(offer: &str, codec: Codec) -> (Self, String) {
        let (mut rtc, socket) = Self::rtc(codec).await;
        let offer = SdpOffer::from_sdp_string(offer).unwrap();
        let answer = rtc.sdp_api().accept_offer(offer).unwrap();
        (Self::run(rtc, socket, codec, None), answer.to_sdp_string())
    }

    /// A browser that offers, as one does that calls out.
    async fn offer(codec: Codec) -> (Self, String) {
        let (mut rtc, socket) = Self::rtc(codec).await;
        let mut change = rtc.sdp_api();
        change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = change.apply().unwrap();
        let offer = offer.to_sdp_string();
        (Self::run(rtc, socket, codec, Some(pending)), offer)
    }

    async fn rtc(codec: Codec) -> (Rtc, UdpSocket) {
        let socket = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        let mut settings = RtcConfig::new()
            .set_crypto_provider(Arc::new(str0m::crypto::from_feature_flags()))
            .set_rtp_mode(true)
            .clear_codecs();
        let config = settings.codec_config();
        match codec {
            Codec::Pcma => config.enable_pcma(true, false),
            Codec::Pcmu => config.enable_pcmu(true, false),
            Codec::G722 => config.enable_g722(true, false),
        }
        let keys = FormatParams::default();
        let rate = Frequency::EIGHT_KHZ;
        config.add_config(EVENT_TYPE.into(), None, WebCodec::Tele, rate, None, keys);
        let mut rtc = settings.build(Instant::now());
        let candidate = Candidate::host(socket.local_addr().unwrap(), "udp").unwrap();
        rtc.add_local_candidate(candidate);
        (rtc, socket)
    }

    fn run(rtc: Rtc, socket: UdpSocket, codec: Codec, pending: Option<SdpPendingOffer>) -> Self {
        let (wishes, inbox) = mpsc::unbounded_channel();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let task = Task {
            local: socket.local_addr().unwrap(),
            rtc,
            socket,
            codec,
            pending,
            mid: None,
            heard: Arc::clone(&heard),
            sequence: 100,
            timestamp: 0,
        };
        let task = tokio::spawn(task.run(inbox));
        Self {
            wishes,
            heard,
            task,
        }
    }

    /// Its tab is closed, the cable pulled: nothing more comes and nobody is told.
    pub(crate) fn vanish(&self) {
        self.task.abort();
    }

    fn wish(&self, wish: Wish) {
        self.wishes.send(wish).ok().unwrap();
    }

    async fn reoffer(&self, direction: Direction) -> String {
        let (reply, offer) = oneshot::channel();
        self.wish(Wish::Reoffer(direction, reply));
        offer.await.unwrap()
    }

    pub(crate) fn heard_ms(&self, hz: f64) -> u64 {
        heard_ms(&self.heard.lock().unwrap(), hz, 2000.0)
    }

    fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }
}

struct Task {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    codec: Codec,
    pending: Option<SdpPendingOffer>,
    mid: Option<Mid>,
    heard: Arc<Mutex<Vec<i16>>>,
    sequence: u64,
    timestamp: u32,
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Wish>) {
        let sound = linear_to_alaw(&tone::sine(AGENT_HZ, 8000.0, 8000));
        let mut frames = sound.chunks(FRAME).cycle();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let mut encoder = FromAlaw::default();
        let mut buffer = [0; 2048];
        while let Some(due) = self.work().await {
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => self.input(Input::Timeout(Instant::now())),
                _ = ticks.tick() => {
                    let frame = encoder.convert(self.codec, frames.next().unwrap());
                    self.send(self.codec.static_type(), self.timestamp, frame);
                    self.timestamp += FRAME as u32;
                }
                read = self.socket.recv_from(&mut buffer) => {
                    let (length, source) = read.unwrap();
                    if let Ok(contents) = buffer[..length].try_into() {
                        let receive = Receive { proto: Protocol::Udp, source, destination: self.local, contents };
                        self.input(Input::Receive(Instant::now(), receive));
                    }
                }
                wish = inbox.recv() => match wish {
                    Some(wish) => self.obey(wish),
                    None => return,
                }
            }
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let _ = self.rtc.handle_input(input);
    }

    fn send(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        self.sequence += 1;
        let sequence = self.sequence.into();
        let Some(mid) = self.mid else { return };
        if !self.rtc.media(mid).unwrap().direction().is_sending() || !self.rtc.is_connected() {
            return;
        }
        if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(mid, None) {
            let now = Instant::now();
            stream.write_rtp(RtpWrite::new(
                payload_type.into(),
                sequence,
                timestamp,
                now,
                payload,
            ));
        }
    }

    fn obey(&mut self, wish: Wish) {
        match wish {
            Wish::Reoffer(direction, reply) => {
                let mut change = self.rtc.sdp_api();
                change.set_direction(self.mid.unwrap(), direction);
                let (offer, pending) = change.apply().unwrap();
                self.pending = Some(pending);
                reply.send(offer.to_sdp_string()).unwrap();
            }
            Wish::Accept(answer) => {
                let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
                let pending = self.pending.take().unwrap();
                self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
            }
            Wish::Press(digit) => {
                for n in 0..4 {
                    let code = rtp::Event::code_of(digit).unwrap();
                    let event = rtp::Event {
                        code,
                        end: n > 0,
                        volume: 10,
                        duration: 800,
                    };
                    // The number our offer gave it, once both have agreed.
                    let config = self.rtc.codec_config();
                    let tele = config.params().iter().find(|p| p.spec().codec.is_tele());
                    let payload_type = *tele.unwrap().pt();
                    self.send(payload_type, self.timestamp, &event.build());
                }
            }
            Wish::Close => self.rtc.close().unwrap(),
        }
    }

    async fn work(&mut self) -> Option<Instant> {
        loop {
            match self.rtc.poll_output().ok()? {
                Output::Timeout(due) => return self.rtc.is_alive().then_some(due),
                Output::Transmit(transmit) => {
                    let _ = self
                        .socket
                        .send_to(&transmit.contents, transmit.destination)
                        .await;
                }
                Output::Event(Event::MediaAdded(media)) => self.mid = Some(media.mid),
                Output::Event(Event::RtpPacket(packet)) => {
                    let mut alaw = Vec::new();
                    match *packet.header.payload_type {
                        8 => alaw.extend_from_slice(&packet.payload),
                        0 => ulaw_to_alaw(&packet.payload, &mut alaw),
                        _ => continue,
                    }
                    self.heard.lock().unwrap().extend(alaw_to_linear(&alaw));
                }
                Output::Event(_) => {}
            }
        }
    }
}

struct Talk {
    plane: MediaPlane,
    session: telephony::media::MediaSession,
    events: SessionEvents,
    requester: FarEnd,
    browser: Browser,
}

fn connected(event: &SessionEvent) -> Option<()> {
    (*event == SessionEvent::Connected(Side::Agent)).then_some(())
}

fn lost(event: &SessionEvent) -> Option<LostReason> {
    match event {
        SessionEvent::Lost {
            side: Side::Agent,
            reason,
        } => Some(*reason),
        _ => None,
    }
}

async fn web_leg(plane: &MediaPlane, codec: Codec) -> (Leg, Browser) {
    let mut leg = plane.web_leg(Peer::at(LOOPBACK)).unwrap();
    let (browser, answer) = Browser::answer(&leg.offer().unwrap(), codec).await;
    leg.accept(answer.as_bytes()).unwrap();
    (leg, browser)
}

/// A requester on plain RTP and an agent in a browser, connected and bridged.
async fn talk(requester_codec: Codec, browser_codec: Codec) -> Talk {
    let plane = plane();
    let (session, mut events) = plane.start_session();
    let mut requester = FarEnd::new(requester_codec).await;
    let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    let answer = leg.answer(requester.sdp().as_bytes()).unwrap();
    requester.aim(&answer.sdp);
    session.attach(Side::Requester, leg);
    requester.speak(REQUESTER_HZ);
    let (leg, browser) = web_leg(&plane, browser_codec).await;
    session.attach(Side::Agent, leg);
    event(&mut events, 5, connected).await;
    session.connect(&BOTH);
    Talk {
        plane,
        session,
        events,
        requester,
        browser,
    }
}

#[tokio::test]
async fn a_browser_and_a_phone_hear_each_other_and_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    for (phone, browser) in [(Codec::Pcma, Codec::Pcma), (Codec::G722, Codec::Pcmu)] {
        let talk = talk(phone, browser).await;
        let path = folder.path().join(format!("{phone:?}.wav"));
        talk.session.start_recording(path.clone());
        wait(1500).await;
        assert!(
            talk.browser.heard_ms(REQUESTER_HZ) >= 1200,
            "{phone:?}-{browser:?}"
        );
        assert!(
            talk.requester.heard_ms(AGENT_HZ) >= 1200,
            "{phone:?}-{browser:?}"
        );
        let summary = talk.session.close().await;
        assert!(
            summary.agent.received >= 60 && summary.agent.sent >= 60,
            "{summary:?}"
        );
        let outline = telephony::media::recorder::waveform(&path, 10).unwrap();
        assert!(
            outline
                .lanes
                .iter()
                .all(|lane| lane[3..9].iter().all(|peak| *peak > 50)),
            "{outline:?}"
        );
        assert_eq!(talk.plane.ports_in_use(), 0);
    }
}

#[tokio::test]
async fn our_offer_is_ice_lite_with_telephone_events_and_without_a_name_of_ours() {
    let mut leg = plane().web_leg(Peer::at(LOOPBACK)).unwrap();
    let offer = leg.offer().unwrap();
    for wanted in [
        "a=ice-lite",
        "a=setup:actpass",
        "a=rtcp-mux",
        "PCMA/8000",
        "telephone-event/8000",
    ] {
        assert!(offer.contains(wanted), "{wanted} in\n{offer}");
    }
    assert_eq!(leg.offer(), Err(MediaError::OutOfOrder));
    assert_eq!(offer.matches("a=candidate:").count(), 1);
}

/// Addresses of the candidates of an offer.
fn candidates(offer: &str) -> Vec<std::net::IpAddr> {
    let lines = offer
        .lines()
        .filter_map(|line| line.strip_prefix("a=candidate:"));
    lines
        .map(|line| line.split(' ').nth(4).unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn a_browser_on_this_machine_gets_every_address_of_it() {
    // Chrome has no loopback candidate of its own unless it is told to.
    let plane = super::plane_with(|config| config.web_bind = [0, 0, 0, 0].into());
    let offer = plane.web_leg(Peer::at(LOOPBACK)).unwrap().offer().unwrap();
    let mut own: Vec<_> = if_addrs::get_if_addrs()
        .unwrap()
        .into_iter()
        .map(|interface| interface.ip())
        .filter(
            |ip| matches!(ip, std::net::IpAddr::V4(ip) if !ip.is_loopback() && !ip.is_link_local()),
        )
        .collect();
    own.push(LOOPBACK);
    assert_eq!(candidates(&offer), own);
    // A browser elsewhere gets the one that leads to it.
    if let Some(outward) = own.first().filter(|ip| !ip.is_loopback()) {
        let offer = plane.web_leg(Peer::at(*outward)).unwrap().offer().unwrap();
        assert_eq!(candidates(&offer), [*outward]);
    }
    // The address of a 1:1 NAT stands for the outward ones; loopback is not behind it.
    let natted = super::plane_with(|config| {
        config.web_bind = LOOPBACK;
        config.advertise = Some([203, 0, 113, 5].into());
    });
    let offer = natted.web_leg(Peer::at(LOOPBACK)).unwrap().offer().unwrap();
    assert_eq!(candidates(&offer), [LOOPBACK]);
}

#[tokio::test]
async fn a_forged_fingerprint_is_refused_without_a_sound() {
    let plane = plane();
    let (session, mut events) = plane.start_session();
    let mut leg = plane.web_leg(Peer::at(LOOPBACK)).unwrap();
    let (browser, answer) = Browser::answer(&leg.offer().unwrap(), Codec::Pcma).await;
    let at = answer.find("sha-256 ").unwrap() + 8;
    let other = if answer[at..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    let forged = format!("{}{other}{}", &answer[..at], &answer[at + 1..]);
    leg.accept(forged.as_bytes()).unwrap();
    session.attach(Side::Agent, leg);
    session.play(
        Side::Agent,
        Playlist::looping(vec![plane.prompts().music()]),
    );
    assert_eq!(event(&mut events, 5, lost).await, LostReason::Security);
    wait(100).await;
    assert_eq!(browser.heard.lock().unwrap().len(), 0);
    let summary = session.close().await;
    assert_eq!((summary.agent.received, summary.agent.sent), (0, 0));
}

#[tokio::test]
async fn keys_pressed_in_the_browser_are_reported_and_passed_on() {
    let mut talk = talk(Codec::Pcma, Codec::Pcma).await;
    // The thread of the media connects them in its own time.
    wait(50).await;
    talk.browser.wish(Wish::Press('7'));
    let digit = |e: &SessionEvent| match e {
        SessionEvent::Dtmf {
            side: Side::Agent,
            digit,
        } => Some(*digit),
        _ => None,
    };
    assert_eq!(event(&mut talk.events, 2, digit).await, '7');
    wait(100).await;
    let heard = talk.requester.heard();
    let passed = heard
        .iter()
        .filter(|p| p.header.payload_type == super::far_end::EVENT_TYPE);
    assert_eq!(passed.count(), 4);
    assert!(talk.events.try_recv().is_err());
}

#[tokio::test]
async fn a_browser_holds_and_takes_back_by_a_new_offer() {
    let talk = talk(Codec::Pcma, Codec::Pcma).await;
    wait(200).await;
    for (direction, held) in [(Direction::SendOnly, true), (Direction::SendRecv, false)] {
        let offer = talk.browser.reoffer(direction).await;
        let answer = talk
            .session
            .negotiate(Side::Agent, offer.as_bytes())
            .await
            .unwrap();
        assert_eq!(answer.held, held);
        talk.browser.wish(Wish::Accept(answer.sdp));
        wait(150).await;
        talk.browser.forget();
        wait(300).await;
        let heard = talk.browser.heard_ms(REQUESTER_HZ);
        assert!(
            if held { heard == 0 } else { heard >= 200 },
            "{direction:?}: {heard} ms"
        );
    }
    let offer = talk.browser.reoffer(Direction::Inactive).await;
    let at = offer.find("sha-256 ").unwrap() + 8;
    let other = format!("{}{}{}", &offer[..at], "00:11", &offer[at + 5..]);
    let refused = talk.session.negotiate(Side::Agent, other.as_bytes()).await;
    assert!(
        matches!(refused, Err(MediaError::WebRtc(_))),
        "another certificate in mid-call"
    );
}

#[tokio::test]
async fn a_browser_may_offer_first() {
    let plane = plane();
    let (session, mut events) = plane.start_session();
    let (browser, offer) = Browser::offer(Codec::Pcma).await;
    assert!(telephony::media::sdp::wants_webrtc(offer.as_bytes()));
    let refused = plane
        .rtp_leg(Peer::at(LOOPBACK))
        .unwrap()
        .answer(offer.as_bytes());
    assert!(matches!(refused, Err(MediaError::Transport(_))));
    let mut leg = plane.web_leg(Peer::at(LOOPBACK)).unwrap();
    let answer = leg.answer(offer.as_bytes()).unwrap();
    browser.wish(Wish::Accept(answer.sdp));
    session.attach(Side::Agent, leg);
    event(&mut events, 5, connected).await;
    let prompt = Prompt::from_linear(&tone::sine(600.0, 6000.0, 4000));
    session.play(Side::Agent, Playlist::once(vec![prompt]));
    wait(700).await;
    assert!(browser.heard_ms(600.0) >= 400);
}

#[tokio::test]
async fn a_vanished_browser_is_noticed_and_a_new_one_takes_its_place_in_the_same_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut talk = talk(Codec::Pcma, Codec::Pcma).await;
    talk.session.start_recording(path.clone());
    wait(500).await;
    talk.browser.vanish();
    let vanished = Instant::now();
    assert_eq!(
        event(&mut talk.events, 8, lost).await,
        LostReason::Disconnected
    );
    let took = vanished.elapsed();
    assert!((4500..6000).contains(&took.as_millis()), "{took:?}");
    hold(&talk.session, vec![talk.plane.prompts().music()]);
    // The page has been loaded anew.
    let (leg, browser) = web_leg(&talk.plane, Codec::Pcma).await;
    talk.session.attach(Side::Agent, leg);
    event(&mut talk.events, 5, connected).await;
    unhold(&talk.session);
    wait(800).await;
    assert!(browser.heard_ms(REQUESTER_HZ) >= 500);
    let recording = talk.session.close().await.recording.unwrap();
    assert!(recording.duration_ms >= 6000 && recording.error.is_none());
    let outline =
        telephony::media::recorder::waveform(&path, recording.duration_ms as usize / 100).unwrap();
    let [requester, agent] = &outline.lanes;
    assert!(
        requester[2..requester.len() - 1]
            .iter()
            .all(|peak| *peak > 50),
        "{outline:?}"
    );
    assert!(
        agent[2] > 50 && agent[20] < 3 && agent[agent.len() - 4] > 50,
        "{outline:?}"
    );
}

#[tokio::test]
async fn a_browser_that_closes_is_lost_for_good_and_one_that_never_connects_too() {
    let mut talk = talk(Codec::Pcma, Codec::Pcma).await;
    talk.browser.wish(Wish::Close);
    assert_eq!(event(&mut talk.events, 3, lost).await, LostReason::Closed);
    wait(50).await;
    assert_eq!(talk.plane.ports_in_use(), 1);
    let impatient = super::plane_with(|config| config.connect_within = Duration::from_millis(300));
    let (session, mut events) = impatient.start_session();
    let (leg, browser) = web_leg(&impatient, Codec::Pcma).await;
    browser.vanish();
    session.attach(Side::Agent, leg);
    assert_eq!(event(&mut events, 2, lost).await, LostReason::NotConnected);
}

#[tokio::test]
async fn packets_of_a_stranger_do_not_disturb_a_browser() {
    let plane = plane();
    let (session, mut events) = plane.start_session();
    let (leg, browser) = web_leg(&plane, Codec::Pcma).await;
    let port = leg.local_address().port();
    session.attach(Side::Agent, leg);
    event(&mut events, 5, connected).await;
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    // Garbage of every kind str0m tells apart: STUN, DTLS, RTP, RTCP.
    for first in [0, 22, 0x80] {
        for second in [8, 200] {
            let mut datagram = [0x55; 60];
            datagram[..2].copy_from_slice(&[first, second]);
            stranger.send_to(&datagram, (LOOPBACK, port)).await.unwrap();
        }
    }
    let prompt = Prompt::from_linear(&tone::sine(600.0, 6000.0, 4000));
    session.play(Side::Agent, Playlist::once(vec![prompt]));
    wait(600).await;
    assert!(browser.heard_ms(600.0) >= 400);
    let summary = session.close().await;
    assert!(summary.agent.foreign >= 4, "{summary:?}");
}
