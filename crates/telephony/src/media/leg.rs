//! One leg of a call's media: plain RTP to a trunk or desk phone, or WebRTC to a browser.

use std::net::IpAddr;
use std::time::Duration;

use super::codec::Codec;

/// Who is at the other end of a leg, as far as signalling knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Source address of the signalling (for a browser: of its HTTP connection). Chooses our local address.
    pub ip: IpAddr,
    /// Also accept media from `ip` when the SDP names another address: only for a far end that has
    /// proved who it is (a registered phone behind NAT).
    pub behind_nat: bool,
}

/// Our answer to an offer, and what the offer told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The SDP answer.
    pub sdp: String,
    /// The far end has put us on hold (sendonly, inactive or a null address).
    pub held: bool,
}

/// Why a leg is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostReason {
    /// ICE or DTLS did not come up in time.
    NotConnected,
    /// The browser's consent checks stopped coming.
    Disconnected,
    /// The far end closed DTLS.
    Closed,
    /// DTLS or SRTP failed: among others a certificate that does not match the fingerprint of the SDP.
    Security,
}

/// One RTP packet's payload and what is needed to pass it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Codec of the payload; `None` for a telephone-event.
    pub codec: Option<Codec>,
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp in units of the codec's RTP clock.
    pub timestamp: u32,
    /// RTP synchronisation source.
    pub ssrc: u32,
    /// RTP marker bit.
    pub marker: bool,
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
    /// ICE and DTLS are up, or the first RTP packet came.
    Connected,
    /// The leg is gone and will yield nothing more.
    Failed(LostReason),
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
    /// Packets dropped because they are no RTP or of a payload type that was not negotiated.
    pub unreadable: u64,
}
