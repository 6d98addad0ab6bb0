//! What the test caller ([`crate::caller`]) and the test phone ([`crate::phone`]) have in common: a
//! SIP user agent on sockets of its own, and the voice of one call.
//!
//! They stand for people outside, so they speak real SIP and RTP and keep real time: the clock of the
//! server they call is not theirs. Nothing of the server's own engine is used, only what RTP and SDP
//! look like.

mod digest;
mod ear;
mod registration;
mod sound;
mod talk;
mod user_agent;
mod voice;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use sound::Sound;
pub use voice::{Heard, Speech};

pub(crate) use registration::Registration;
pub(crate) use talk::{Talk, ended, sdp_header};
pub(crate) use user_agent::{Invitation, UserAgent};
pub(crate) use voice::Voice;

use crate::media;

/// What SIP travels over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Transport {
    /// Datagrams.
    #[default]
    Udp,
    /// One connection, which the far end uses as well.
    Tcp,
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        })
    }
}

/// How a call ended, seen from our end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// We hung up, or cancelled while it rang.
    HungUpHere,
    /// The other side hung up, or cancelled while it rang.
    HungUpThere,
    /// The called side refused: the SIP status.
    Refused(u16),
    /// Nobody answered our messages any more.
    NoReply,
    /// The far end broke the rules; what it did.
    Fault(String),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::HungUpHere => f.write_str("hung up here"),
            Self::HungUpThere => f.write_str("the other side hung up"),
            Self::Refused(486 | 600) => f.write_str("busy"),
            Self::Refused(status) => write!(f, "refused with SIP status {status}"),
            Self::NoReply => f.write_str("no reply"),
            Self::Fault(what) => write!(f, "fault: {what}"),
        }
    }
}

/// Why a test caller or a test phone could not do its work at all.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// A socket could not be opened or connected.
    #[error("{address}: {error}")]
    Socket {
        /// The address in question.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// A sound file cannot be read or written.
    #[error("{}: {why}", path.display())]
    Sound {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The registrar does not accept the user name or the secret.
    #[error("registration refused: the user name or the secret is wrong")]
    WrongSecret,
    /// The registrar answers with another final status.
    #[error("registration refused with SIP status {0}")]
    Refused(u16),
    /// The registrar does not answer.
    #[error("no reply to the registration")]
    NoReply,
    /// The SIP stack reports a fault.
    #[error("SIP: {0}")]
    Sip(Box<rsipstack::Error>),
}

impl From<rsipstack::Error> for LineError {
    fn from(error: rsipstack::Error) -> Self {
        Self::Sip(Box::new(error))
    }
}

/// The present instant of the media path.
pub(crate) fn now() -> Instant {
    media::now()
}

/// Sleeps in real time.
pub(crate) async fn sleep(duration: Duration) {
    media::sleep_until(media::now() + duration).await;
}

/// Sleeps until an instant; for ever without one.
pub(crate) async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => media::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// The result of `work`, if it comes in time.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = sleep(limit) => None,
    }
}
