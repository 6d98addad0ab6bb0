//! The shared ground of all calls' media: ports, prompts, the recorder's writer and the settings.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::codec::Codec;
use super::leg::{Identity, Leg, Peer};
use super::ports::Ports;
use super::prompts::Prompts;
use super::pump::Pump;
use super::recorder::Writer;
use super::session::{self, MediaSession, SessionEvents};

/// Settings of the media plane.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// Address the sockets of plain RTP bind. Unspecified (0.0.0.0): each leg binds the local address
    /// that routes to its peer.
    pub bind: IpAddr,
    /// Address the sockets of browsers bind. Unspecified: as above, and for a browser whose HTTP
    /// connection comes from this machine (its own, or that of a proxy here) every address of it.
    pub web_bind: IpAddr,
    /// Address written into SDP instead of the bound one, for a machine behind 1:1 NAT.
    pub advertise: Option<IpAddr>,
    /// UDP ports for voice; even ones are used.
    pub ports: RangeInclusive<u16>,
    /// Folder whose WAV files replace the embedded prompts.
    pub prompts_dir: Option<PathBuf>,
    /// Codecs we speak, best first.
    pub codecs: Vec<Codec>,
    /// No RTP from a leg that should send, for this long, is reported as [`session::SessionEvent::Silence`].
    pub silence_after: Duration,
    /// A WebRTC leg that is not connected this long after the answer has failed.
    pub connect_within: Duration,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            bind: IpAddr::from([0, 0, 0, 0]),
            web_bind: IpAddr::from([0, 0, 0, 0]),
            advertise: None,
            ports: 20_000..=29_999,
            prompts_dir: None,
            codecs: vec![Codec::Pcma, Codec::Pcmu, Codec::G722],
            silence_after: Duration::from_secs(30),
            connect_within: Duration::from_secs(10),
        }
    }
}

/// Why the media plane refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Every port of the range is taken.
    #[error("no free RTP port")]
    NoPort,
    /// The description cannot be read; the text names the line.
    #[error("SDP cannot be read: {0}")]
    BadSdp(String),
    /// The description has no audio stream we could use.
    #[error("SDP offers no audio")]
    NoAudio,
    /// No codec in common (488 Not Acceptable Here).
    #[error("no codec in common")]
    NoCodec,
    /// The far end wants SRTP keyed in a way this leg does not speak.
    #[error("transport profile {0} is not supported here")]
    Transport(String),
    /// Offer and answer came in an order that makes no sense.
    #[error("offer/answer out of order")]
    OutOfOrder,
    /// WebRTC refused the description.
    #[error("WebRTC refused: {0}")]
    WebRtc(String),
    /// The call's media has ended.
    #[error("the media session has ended")]
    Ended,
    /// The side has no leg.
    #[error("no leg attached")]
    NoLeg,
    /// An operating-system error.
    #[error("{0}")]
    Io(String),
}

impl MediaError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPort => "no_rtp_port",
            Self::BadSdp(_) => "sdp_unreadable",
            Self::NoAudio => "sdp_no_audio",
            Self::NoCodec => "no_common_codec",
            Self::Transport(_) => "media_transport_unsupported",
            Self::OutOfOrder => "offer_answer_out_of_order",
            Self::WebRtc(_) => "webrtc_refused",
            Self::Ended => "media_ended",
            Self::NoLeg => "no_media_leg",
            Self::Io(_) => "media_io",
        }
    }
}

impl From<std::io::Error> for MediaError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

/// A cloneable handle on the shared ground.
#[derive(Debug, Clone)]
pub struct MediaPlane(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: MediaConfig,
    ports: Ports,
    prompts: Prompts,
    writer: Writer,
    pump: Pump,
    identity: Identity,
}

impl MediaPlane {
    /// Loads the prompts, starts the writer of recordings and the threads that move the media.
    pub fn new(config: MediaConfig) -> Result<Self, MediaError> {
        let prompts = Prompts::load(config.prompts_dir.as_deref());
        Ok(Self(Arc::new(Inner {
            ports: Ports::new(config.ports.clone()),
            prompts,
            writer: Writer::start()?,
            pump: Pump::start()?,
            identity: Identity::new()?,
            config,
        })))
    }

    /// The prompts.
    pub fn prompts(&self) -> &Prompts {
        &self.0.prompts
    }

    /// A plain-RTP leg with its port taken.
    pub fn rtp_leg(&self, peer: Peer) -> Result<Leg, MediaError> {
        Leg::rtp(&self.0.config, &self.0.ports, peer)
    }

    /// A WebRTC leg (browser) with its ports taken.
    pub fn web_leg(&self, peer: Peer) -> Result<Leg, MediaError> {
        Leg::web(&self.0.config, &self.0.ports, &self.0.identity, peer)
    }

    /// Starts the media of one call, which ends with [`MediaSession::close`] or when the last handle is
    /// dropped.
    pub fn start_session(&self) -> (MediaSession, SessionEvents) {
        session::start(&self.0.pump, self.0.writer.clone())
    }

    /// RTP ports taken now.
    pub fn ports_in_use(&self) -> usize {
        self.0.ports.in_use()
    }
}
