//! Signalling: SIP (RFC 3261) over UDP, TCP, TLS and WebSocket.
//!
//! The engine sees only this module's [`Signaling`], [`SipLeg`] and [`LegEvent`]; rsipstack, a young
//! crate, stays behind them. What it leaves to us is here too: who may call ([`sources`]), what a
//! well-formed message is ([`guard`]), who is registered ([`registrar`], [`digest`]), and SIP over
//! the console's own HTTP server ([`socket`]).

mod dialogs;
pub mod digest;
pub mod guard;
mod leg;
mod nat;
pub mod registrar;
mod secrecy;
pub mod socket;
pub mod sources;
mod stack;
mod stream;
mod timer;
mod transport;

use std::net::IpAddr;
use std::sync::Arc;

use call_control::DeviceId;
use tokio::sync::{mpsc, oneshot};

pub use registrar::{Binding, DeviceDirectory, Registration};
pub use socket::sip_socket;
pub(crate) use stack::towards;
pub use stack::{SipConfig, SipStack};

use crate::trunk::board::Line;

/// A call that came in from a trunk, or from a desk phone of ours, and was found worthy of the engine.
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
    /// The desk phone it was dialled on, whose owner proved himself; `None` = it came over a trunk.
    pub desk_phone: Option<Binding>,
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

/// A call of ours over a trunk.
#[derive(Debug, Clone)]
pub struct Dial {
    /// The number to call, as people write it; the trunk's rules rewrite it.
    pub number: String,
    /// The number of ours that is shown; `None` withholds it.
    pub caller_id: Option<String>,
    /// Our offer.
    pub offer: String,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
    /// Which trunk takes it.
    pub trunk: TrunkChoice,
}

/// Trunks in the order in which a call tries them.
#[derive(Debug, Clone, Default)]
pub struct Route(pub(crate) Vec<Arc<Line>>);

impl Route {
    /// Where the first of them is.
    pub fn peer(&self) -> Option<IpAddr> {
        self.0.first()?.address()
    }
}

/// Which trunk a call of ours leaves by.
#[derive(Debug, Clone, Default)]
pub enum TrunkChoice {
    /// By priority and weight; the next one when a trunk fails before it rings.
    #[default]
    Best,
    /// This one and no other.
    Only(uuid::Uuid),
    /// As it was chosen before.
    Along(Route),
}

/// What the engine asks of SIP.
pub trait Signaling: Send + Sync + 'static {
    /// Sends an INVITE. Whatever becomes of it arrives as an event.
    fn invite(&self, invite: Invite) -> (Arc<dyn SipLeg>, LegEvents);

    /// The trunks that a call with this number shown would try, the best first.
    fn route(&self, caller_id: Option<&str>) -> Route;

    /// Calls a number over a trunk. Whatever becomes of it arrives as an event; a trunk that fails before
    /// it rings is not told of while there is another.
    fn dial(&self, dial: Dial) -> (Arc<dyn SipLeg>, LegEvents);

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

    /// Refuses an incoming leg and says why (Reason, RFC 3326).
    fn refuse_saying(&self, status: u16, _why: &'static str) {
        self.refuse(status);
    }

    /// Sends a re-INVITE with this offer; the outcome arrives as [`LegEvent::Reanswered`].
    fn reoffer(&self, _sdp: String) {}

    /// Whether the value of a Replaces header (RFC 3891) names this leg.
    fn is_replaced_by(&self, _replaces: &str) -> bool {
        false
    }

    /// Ends the leg whatever its state: CANCEL, BYE or a refusal. A far end that has vanished is not
    /// waited for.
    fn hang_up(&self);
}

/// What becomes of a leg; ends after `Declined` or `Gone`.
pub type LegEvents = mpsc::UnboundedReceiver<LegEvent>;

/// Something that happened to a leg.
#[derive(Debug)]
pub enum LegEvent {
    /// 180, or 183 without SDP.
    Ringing,
    /// 18x with the far end's SDP: what it plays before it answers (early media). Repeated only when
    /// the SDP changes.
    Early(Vec<u8>),
    /// 200, with the far end's SDP. Incoming legs: the ACK to an answer of ours that was an offer.
    Answered(Vec<u8>),
    /// The far end did not take our INVITE; its final SIP status.
    Declined(u16),
    /// A re-INVITE or UPDATE with an offer; must be answered.
    Offer(Vec<u8>, OfferReply),
    /// What became of [`SipLeg::reoffer`]: the far end's answer, or the status of its refusal. What
    /// stood before still stands after a refusal.
    Reanswered(Result<Vec<u8>, u16>),
    /// The far end, a desk phone, asks for a transfer (RFC 3515). The engine carries it out or refuses.
    Refer {
        /// The user part of Refer-To: whom to call.
        to: String,
        /// Its Replaces (RFC 3891), decoded: an attended transfer to the leg it names; see
        /// [`SipLeg::is_replaced_by`].
        replaces: Option<String>,
        /// Takes the engine's word.
        reply: ReferReply,
    },
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

/// Answers a REFER; dropped, it is refused with 603.
#[derive(Debug)]
pub struct ReferReply(pub(crate) oneshot::Sender<Result<mpsc::UnboundedReceiver<u16>, u16>>);

impl ReferReply {
    /// Refuses with a SIP status.
    pub fn refuse(self, status: u16) {
        // The leg may be over.
        let _ = self.0.send(Err(status));
    }

    /// Takes it on (202); how it goes is told by NOTIFY.
    pub fn accept(self) -> ReferProgress {
        let (tell, told) = mpsc::unbounded_channel();
        let _ = self.0.send(Ok(told));
        ReferProgress(tell)
    }
}

/// Tells a phone how the transfer that it asked for goes; dropped before a final status, it says 503.
#[derive(Debug)]
pub struct ReferProgress(mpsc::UnboundedSender<u16>);

impl ReferProgress {
    /// 1xx while it rings; 200 or more ends it.
    pub fn tell(&self, status: u16) {
        // The phone may have hung up, which is its right.
        let _ = self.0.send(status);
    }
}
