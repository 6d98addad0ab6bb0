//! A phone at the far end: one UDP socket that speaks a tone and keeps what it hears.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use telephony::media::Codec;
use telephony::media::codec::{FRAME, FromAlaw, ToAlaw, alaw_to_linear, linear_to_alaw};
use telephony::media::rtp::{self, Header};
use telephony::media::sdp;
use telephony::media::tone;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::LOOPBACK;

/// Payload type the far end gives telephone-event: not the one we offer.
pub const EVENT_TYPE: u8 = 96;

pub struct FarEnd {
    socket: Arc<UdpSocket>,
    codec: Codec,
    to: Option<SocketAddr>,
    event_type: u8,
    heard: Arc<Mutex<Vec<Heard>>>,
    listener: JoinHandle<()>,
    speaker: Option<JoinHandle<()>>,
}

#[derive(Clone)]
pub struct Heard {
    pub at: Instant,
    pub header: Header,
    pub payload: Vec<u8>,
}

impl FarEnd {
    pub async fn new(codec: Codec) -> Self {
        let socket = Arc::new(UdpSocket::bind((LOOPBACK, 0)).await.unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (reader, kept) = (Arc::clone(&socket), Arc::clone(&heard));
        let listener = tokio::spawn(async move {
            let mut buffer = [0; 2048];
            while let Ok(length) = reader.recv(&mut buffer).await {
                if let Some((header, range)) = rtp::parse(&buffer[..length]) {
                    let payload = buffer[range].to_vec();
                    let at = Instant::now();
                    kept.lock().unwrap().push(Heard {
                        at,
                        header,
                        payload,
                    });
                }
            }
        });
        Self {
            socket,
            codec,
            to: None,
            event_type: EVENT_TYPE,
            heard,
            listener,
            speaker: None,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Its description, with one codec and telephone-event.
    pub fn sdp(&self) -> String {
        self.sdp_with("a=sendrecv\r\n")
    }

    pub fn sdp_with(&self, attributes: &str) -> String {
        let (ip, port) = (self.address().ip(), self.address().port());
        let (name, number) = (self.codec.name(), self.codec.static_type());
        format!(
            "v=0\r\no=far 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {number} {EVENT_TYPE}\r\na=rtpmap:{number} {name}/8000\r\n\
             a=rtpmap:{EVENT_TYPE} telephone-event/8000\r\n{attributes}"
        )
    }

    /// Sends where this description says.
    pub fn aim(&mut self, description: &str) {
        let audio = sdp::parse(description.as_bytes()).unwrap().audio;
        self.to = audio.address;
        self.event_type = audio.event_type.unwrap();
    }

    pub fn target(&self) -> SocketAddr {
        self.to.unwrap()
    }

    /// Speaks a tone, 20 ms a packet, until it is told otherwise.
    pub fn speak(&mut self, hz: f64) {
        self.hush();
        let (socket, to, codec) = (Arc::clone(&self.socket), self.target(), self.codec);
        self.speaker = Some(tokio::spawn(speak(socket, to, codec, hz)));
    }

    pub fn hush(&mut self) {
        if let Some(speaker) = self.speaker.take() {
            speaker.abort();
        }
    }

    /// Sends one packet as it stands.
    pub async fn send(&self, header: Header, payload: &[u8]) {
        let mut datagram = Vec::new();
        rtp::build(&header, payload, &mut datagram);
        self.socket.send_to(&datagram, self.target()).await.unwrap();
    }

    /// Presses a key for 100 ms, as RFC 4733 has it: six packets and the end three times.
    pub async fn press(&self, digit: char, sequence: u16, timestamp: u32) {
        for n in 0..8 {
            let event = rtp::Event {
                code: rtp::Event::code_of(digit).unwrap(),
                end: n >= 5,
                volume: 10,
                duration: 160 * (n.min(5) + 1),
            };
            let header = Header {
                payload_type: self.event_type,
                marker: n == 0,
                sequence: sequence + n,
                timestamp,
                ssrc: 4242,
            };
            self.send(header, &event.build()).await;
        }
    }

    pub fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The sound it heard, packet after packet.
    pub fn sound(&self) -> Vec<i16> {
        let mut decoder = ToAlaw::default();
        let mut linear = Vec::new();
        for packet in self.heard() {
            if packet.header.payload_type == self.codec.static_type() {
                linear.extend(alaw_to_linear(decoder.convert(self.codec, &packet.payload)));
            }
        }
        linear
    }

    /// Milliseconds in which it heard the tone.
    pub fn heard_ms(&self, hz: f64) -> u64 {
        tone::heard_ms(&self.sound(), hz, 2000.0)
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        self.hush();
        self.listener.abort();
    }
}

async fn speak(socket: Arc<UdpSocket>, to: SocketAddr, codec: Codec, hz: f64) {
    let sound = linear_to_alaw(&tone::sine(hz, 8000.0, 8000));
    let mut encoder = FromAlaw::default();
    let mut datagram = Vec::new();
    let mut header = Header {
        payload_type: codec.static_type(),
        marker: true,
        sequence: 65_500,
        timestamp: u32::MAX - 1000,
        // As a phone does: each stream a source of its own.
        ssrc: rand::random(),
    };
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for frame in sound.chunks(FRAME).cycle() {
        ticks.tick().await;
        rtp::build(&header, encoder.convert(codec, frame), &mut datagram);
        let _ = socket.send_to(&datagram, to).await;
        header.marker = false;
        header.sequence = header.sequence.wrapping_add(1);
        header.timestamp = header.timestamp.wrapping_add(FRAME as u32);
    }
}
