//! The voice of one call: RTP on a socket of its own, spoken and heard in one rhythm of 20 ms.
//!
//! The socket is emptied at each beat instead of at each packet: what was heard is placed by its
//! timestamps, and a hundred of these in one process cost half the wake-ups.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::ear::Ear;
use super::{LineError, Sound, now};
use crate::media;
use crate::media::codec::{Codec, FRAME, FromAlaw, SILENCE, ToAlaw};
use crate::media::rtp::{self, Arrival, Header, KeyPresses, OutStream, Sequence};
use crate::media::sdp::{self, Description, Direction, Local};

const BEAT: Duration = Duration::from_millis(20);
/// Later than this, beats are left out instead of caught up with.
const TOO_LATE: Duration = Duration::from_millis(200);
/// Beats between two writes of what was heard.
const FLUSH: u64 = 50;
/// Payload types we offer; G.711 has static ones.
const CODECS: [(u8, Codec); 2] = [(8, Codec::Pcma), (0, Codec::Pcmu)];

/// What is said into the line.
#[derive(Debug, Clone, Default)]
pub enum Speech {
    /// Packets of silence, so that the far end knows the line is alive.
    #[default]
    Silence,
    /// A sound, over and over.
    Sound(Sound),
    /// What was heard.
    Echo,
    /// No packets at all.
    Nothing,
}

impl Speech {
    /// A sine of `hz`.
    pub fn tone(hz: u32) -> Self {
        Self::Sound(Sound::tone(hz))
    }
}

/// What came out of the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// RTP packets of sound, each counted once.
    pub packets: u64,
    /// Packets missing in between.
    pub lost: u64,
    /// Packets sent.
    pub sent: u64,
    /// Milliseconds from the answer to the first packet.
    pub first_ms: Option<u64>,
    /// Telephone keys (RFC 4733).
    pub digits: String,
    /// Why the recording could not be written to its end.
    pub fault: Option<String>,
}

/// Where the far end wants our voice.
#[derive(Debug, Clone, Copy)]
struct Peer {
    address: Option<SocketAddr>,
    codec: (u8, Codec),
    event_type: Option<u8>,
}

/// The voice of one call; it is silent until the far end's description is known.
pub(crate) struct Voice {
    local: Local,
    peer: watch::Sender<Option<Peer>>,
    stop: CancellationToken,
    task: JoinHandle<Heard>,
}

impl Voice {
    /// Opens the socket and listens at once: RTP may come before the answer does.
    pub async fn open(
        ip: IpAddr,
        speech: Speech,
        record: Option<&Path>,
    ) -> Result<Self, LineError> {
        let ear = record.map(Ear::create).transpose()?;
        let address = SocketAddr::new(ip, 0);
        let failed = |error| LineError::Socket { address, error };
        let socket = UdpSocket::bind(address).await.map_err(failed)?;
        let local = Local {
            address: socket.local_addr().map_err(failed)?,
            codecs: CODECS.to_vec(),
            event_type: Some(sdp::EVENT_TYPE),
            direction: Direction::SendRecv,
            crypto: None,
            id: rand::random::<u32>() >> 1,
            version: 1,
        };
        let (peer, peers) = watch::channel(None);
        let stop = CancellationToken::new();
        let line = Line {
            socket,
            ear,
            speech,
            peers,
            answered: None,
            heard: Heard::default(),
            sequence: Sequence::default(),
            keys: KeyPresses::default(),
            to_alaw: ToAlaw::default(),
            from_alaw: FromAlaw::default(),
            stream: OutStream::new(),
            position: 0,
            echo: VecDeque::new(),
        };
        let task = tokio::spawn(line.run(stop.clone()));
        Ok(Self {
            local,
            peer,
            stop,
            task,
        })
    }

    /// Our offer.
    pub fn offer(&self) -> String {
        self.local.offer()
    }

    /// Takes the far end's answer to our offer: the call is up.
    pub fn answered(&mut self, answer: &[u8]) -> Result<(), String> {
        let description = sdp::parse(answer).map_err(|error| error.to_string())?;
        self.settle(&description)
    }

    /// Takes the far end's offer, of a new call or of one that goes on, and gives our answer.
    pub fn answer(&mut self, offer: &[u8]) -> Result<String, String> {
        let description = sdp::parse(offer).map_err(|error| error.to_string())?;
        self.settle(&description)?;
        let audio = &description.audio;
        let mut local = self.local.clone();
        local
            .codecs
            .retain(|(_, codec)| audio.codecs.iter().any(|(_, theirs)| theirs == codec));
        local.event_type = audio.event_type;
        local.direction = audio.direction.mirrored();
        self.local.version += 1;
        Ok(local.answer(&description))
    }

    fn settle(&self, description: &Description) -> Result<(), String> {
        let audio = &description.audio;
        if !audio.is_plain() {
            return Err(format!("{} instead of RTP/AVP", audio.protocol));
        }
        let codec = audio
            .codecs
            .iter()
            .find(|(_, codec)| CODECS.iter().any(|(_, ours)| ours == codec));
        let codec = *codec.ok_or("neither A-law nor µ-law")?;
        // On hold nothing is said to it; what it says is still heard.
        let address = audio.address.filter(|_| audio.direction.receives());
        self.peer.send_replace(Some(Peer {
            address,
            codec,
            event_type: audio.event_type,
        }));
        Ok(())
    }

    /// Falls silent and tells what was heard.
    pub async fn close(self) -> Heard {
        self.stop.cancel();
        self.task.await.unwrap_or_default()
    }
}

/// The task's side.
struct Line {
    socket: UdpSocket,
    ear: Option<Ear>,
    speech: Speech,
    peers: watch::Receiver<Option<Peer>>,
    answered: Option<Instant>,
    heard: Heard,
    sequence: Sequence,
    keys: KeyPresses,
    to_alaw: ToAlaw,
    from_alaw: FromAlaw,
    stream: OutStream,
    /// Samples spoken so far.
    position: usize,
    echo: VecDeque<Vec<u8>>,
}

impl Line {
    async fn run(mut self, stop: CancellationToken) -> Heard {
        let mut datagram = Vec::with_capacity(12 + FRAME);
        let mut beat = now();
        let mut beats = 0_u64;
        loop {
            let peer = *self.peers.borrow_and_update();
            if peer.is_some() && self.answered.is_none() {
                self.answered = Some(now());
                if let Some(ear) = &mut self.ear {
                    ear.start();
                }
            }
            self.listen(peer);
            if let Some(peer) = peer {
                self.speak(peer, &mut datagram);
            }
            beats += 1;
            if beats.is_multiple_of(FLUSH) {
                self.write(Ear::flush);
            }
            beat += BEAT;
            let late = now().saturating_duration_since(beat);
            if late > TOO_LATE {
                // The stream's own time has to go on as real time did.
                self.stream.pause();
                beat += late;
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = media::sleep_until(beat) => {}
            }
        }
        let peer = *self.peers.borrow();
        self.listen(peer);
        self.write(Ear::finish);
        self.heard.lost = self.sequence.lost();
        self.heard
    }

    fn write(&mut self, how: impl FnOnce(&mut Ear) -> Result<(), LineError>) {
        if let Some(ear) = &mut self.ear
            && let Err(error) = how(ear)
        {
            self.heard.fault.get_or_insert(error.to_string());
            self.ear = None;
        }
    }

    /// Empties the socket.
    fn listen(&mut self, peer: Option<Peer>) {
        let mut datagram = [0; 1500];
        while let Ok((length, from)) = self.socket.try_recv_from(&mut datagram) {
            // Before the answer nobody is known; afterwards strangers are not listened to.
            let Some(peer) = peer else { continue };
            if peer
                .address
                .is_some_and(|address| address.ip() != from.ip())
            {
                continue;
            }
            let Some((header, payload)) = rtp::parse(&datagram[..length]) else {
                continue;
            };
            self.hear(peer, &header, &datagram[payload]);
        }
    }

    fn hear(&mut self, peer: Peer, header: &Header, payload: &[u8]) {
        if Some(header.payload_type) == peer.event_type {
            self.sequence.note(header);
            self.heard.digits.extend(self.keys.note(header, payload));
            return;
        }
        // The far end may send any codec it was offered, not only the one it prefers (RFC 3264 §7).
        let Some((_, codec)) = CODECS
            .into_iter()
            .find(|(ours, _)| *ours == header.payload_type)
        else {
            return;
        };
        let arrival = self.sequence.note(header);
        if arrival == Arrival::Duplicate {
            return;
        }
        self.heard.packets += 1;
        if let (None, Some(answered)) = (self.heard.first_ms, self.answered) {
            self.heard.first_ms =
                Some(now().saturating_duration_since(answered).as_millis() as u64);
        }
        if self.ear.is_none() && !matches!(self.speech, Speech::Echo) {
            return;
        }
        let alaw = self.to_alaw.convert(codec, payload);
        if let Some(ear) = &mut self.ear {
            ear.hear(header, arrival, alaw);
        }
        if matches!(self.speech, Speech::Echo) && self.echo.len() < 10 {
            self.echo.push_back(alaw.to_vec());
        }
    }

    /// Says one frame.
    fn speak(&mut self, peer: Peer, datagram: &mut Vec<u8>) {
        let mut frame = [SILENCE; FRAME];
        let echoed;
        let alaw: &[u8] = match &self.speech {
            Speech::Nothing => return,
            Speech::Silence => &frame,
            Speech::Sound(sound) => {
                sound.frame(self.position, &mut frame);
                &frame
            }
            Speech::Echo => {
                echoed = self.echo.pop_front();
                echoed.as_deref().unwrap_or(&frame)
            }
        };
        // Words spoken while on hold are gone, as a person's are.
        self.position += FRAME;
        let Some(address) = peer.address else {
            self.stream.pause();
            return;
        };
        let (payload_type, codec) = peer.codec;
        let payload = self.from_alaw.convert(codec, alaw);
        let stamp = self.stream.own(now(), payload.len() as u32);
        let header = Header {
            payload_type,
            marker: stamp.marker,
            sequence: stamp.sequence as u16,
            timestamp: stamp.timestamp,
            ssrc: self.stream.ssrc(),
        };
        rtp::build(&header, payload, datagram);
        // A full socket buffer or a vanished peer costs this packet, as it would on the way.
        if self.socket.try_send_to(datagram, address).is_ok() {
            self.heard.sent += 1;
        }
    }
}

impl Heard {
    /// One line for people, of a call that lasted so long.
    pub(crate) fn summary(&self, talk: Duration) -> String {
        let mut text = format!(
            "talked {:.1} s: heard {} packets ({} lost), sent {}",
            talk.as_secs_f64(),
            self.packets,
            self.lost,
            self.sent
        );
        if !self.digits.is_empty() {
            text.push_str(", keys ");
            text.push_str(&self.digits);
        }
        if let Some(fault) = &self.fault {
            text.push_str("; not all of it was written: ");
            text.push_str(fault);
        }
        text
    }
}
