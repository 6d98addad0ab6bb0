//! Signalling: SIP (RFC 3261) over UDP, TCP, TLS and WebSocket.
//!
//! The engine sees only this module's [`Signaling`], [`SipLeg`] and [`LegEvent`]; rsipstack, a young
//! crate, stays behind them. What it leaves to us is here too: who may call ([`sources`]), what a
//! well-formed message is ([`guard`]), who is registered ([`registrar`], [`digest`]), and SIP over
//! the console's own HTTP server ([`socket`]).

pub mod digest;
pub mod guard;
mod leg;
pub mod registrar;
pub mod socket;
pub mod sources;
mod stack;
mod transport;

use std::net::IpAddr;
use std::sync::Arc;

use call_control::DeviceId;
use tokio::sync::{mpsc, oneshot};

pub use registrar::{Binding, DeviceDirectory, Registration};
pub use socket::sip_socket;
pub use stack::{SipConfig, SipStack};

/// A call that came in from a trunk and was found worthy of the engine.
pub struct IncomingCall {
    /// Its leg; nothing but 100 was answered yet.
    pub leg: Arc<dyn SipLeg>,
    /// What becomes of the leg.
    pub events: LegEvents,
    /// The number that was called.
    pub called: String,
    /// The number that calls, as the trunk tells it; empty when withheld. Not an identity.
    pub caller: String,
    /// The trunk peer.
    pub source: IpAddr,
    /// The offer; `None` when the INVITE came without SDP.
    pub offer: Option<Vec<u8>>,
    /// SIP Call-ID, for the record.
    pub sip_call_id: String,
}

/// Takes the calls that come in.
pub trait CallTaker: Send + Sync + 'static {
    /// Takes one; must not block.
    fn incoming(&self, call: IncomingCall);
}

/// An INVITE to a registered device.
pub struct Invite {
    /// The contact.
    pub to: Binding,
    /// Our offer.
    pub offer: String,
    /// Shown to the agent as the caller; masked.
    pub display: String,
    /// More headers: `X-Call-Id`, `X-Reattach`.
    pub headers: Vec<(&'static str, String)>,
}

/// What the engine asks of SIP.
pub trait Signaling: Send + Sync + 'static {
    /// Sends an INVITE. Whatever becomes of it arrives as an event.
    fn invite(&self, invite: Invite) -> (Arc<dyn SipLeg>, LegEvents);

    /// Every contact of this user that can be rung now.
    fn devices(&self, user: uuid::Uuid) -> Vec<Binding>;

    /// One contact.
    fn device(&self, device: DeviceId) -> Option<Binding>;
}

/// One dialog with a far end. None of its commands blocks.
pub trait SipLeg: Send + Sync {
    /// Answers an incoming leg with 200; `sdp` is the answer, or our offer when it came without SDP.
    fn answer(&self, sdp: String);

    /// Refuses an incoming leg.
    fn refuse(&self, status: u16);

    /// Ends the leg whatever its state: CANCEL, BYE or a refusal. A far end that has vanished is not
    /// waited for.
    fn hang_up(&self);
}

/// What becomes of a leg; ends after `Declined` or `Gone`.
pub type LegEvents = mpsc::UnboundedReceiver<LegEvent>;

/// Something that happened to a leg.
#[derive(Debug)]
pub enum LegEvent {
    /// 180 or 183.
    Ringing,
    /// 200, with the far end's SDP. Incoming legs: the ACK to an answer of ours that was an offer.
    Answered(Vec<u8>),
    /// The far end did not take our INVITE; the SIP status.
    Declined(u16),
    /// A re-INVITE or UPDATE with an offer; must be answered.
    Offer(Vec<u8>, OfferReply),
    /// A telephone key by INFO (application/dtmf-relay).
    Digit(char),
    /// The leg is over.
    Gone(LegEnd),
}

/// Takes the SDP answer to a re-offer; `Err` is the SIP status of the refusal.
pub type OfferReply = oneshot::Sender<Result<String, u16>>;

/// Why a leg that was up is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegEnd {
    /// BYE, or CANCEL of an incoming leg.
    HungUp,
    /// The connection of a softphone is gone.
    ConnectionLost,
    /// No ACK, or the stack gave up.
    Fault,
}
