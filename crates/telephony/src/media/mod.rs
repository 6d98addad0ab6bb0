//! The media plane: RTP and WebRTC legs, prompts, bridging and stereo recording of one call at a time.
//!
//! The call engine asks [`MediaPlane`] for a [`Leg`], negotiates its SDP, and hands it to the call's
//! [`MediaSession`]. Everything that happens to the sound afterwards is a command on that session;
//! everything worth knowing comes back as a [`SessionEvent`].

pub mod codec;
pub mod leg;
pub mod ports;
pub mod prompts;
pub mod quality;
pub mod recorder;
pub mod rtp;
pub mod sdp;
pub mod session;
pub mod srtp;
pub mod tone;

mod plane;
mod pump;

pub use codec::Codec;
pub use leg::{Answer, Leg, LegStats, LostReason, MediaEvent, Packet, Peer};
pub use plane::{MediaConfig, MediaError, MediaPlane};
pub use prompts::{Prompt, Prompts};
pub use quality::{Heard, Rating};
pub use recorder::{RecorderEvent, Recording};
pub use session::{BOTH, Hears, MediaSession, PlayId, Playlist, SessionEvent, SessionEvents, Side};

/// The instant the media path works with. Media keeps its own time: a 20 ms frame cannot wait for a
/// clock that tests move by hours.
pub(crate) fn now() -> std::time::Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the media path runs in real time"
    )]
    std::time::Instant::now()
}

/// Waits until `deadline`.
pub(crate) async fn sleep_until(deadline: std::time::Instant) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the media path runs in real time"
    )]
    tokio::time::sleep_until(deadline.into()).await;
}
