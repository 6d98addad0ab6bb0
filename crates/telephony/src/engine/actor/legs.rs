//! The legs of a call: devices that are rung, numbers that are dialled, what becomes of them.

use std::sync::Arc;

use call_control::{AgentId, Declined, DeviceId, Direction, Gone, Input, LegId, Part};
use floor::DeviceKind;
use kernel::Phone;
use tokio::sync::oneshot;

use super::{Actor, forward_leg};
use crate::engine::{Message, peer_at};
use crate::media::{Leg as MediaLeg, MediaError, Side};
use crate::sip::{Dial, Invite, LegEvent, ReferReply, SipLeg, TrunkChoice};

/// One leg with its SIP and, until it is attached to the session, its media.
pub(super) struct Slot {
    pub sip: Arc<dyn SipLeg>,
    pub side: Side,
    pub device: Option<DeviceId>,
    pub web: bool,
    pub media: Option<MediaLeg>,
    pub attached: bool,
    /// Our SDP for the 200 of an incoming leg.
    pub answer: Option<String>,
    /// Answered by SIP; a browser counts as answered only when its media flows.
    pub connecting: bool,
}

impl Slot {
    pub(super) fn new(sip: Arc<dyn SipLeg>, side: Side) -> Self {
        Self {
            sip,
            side,
            device: None,
            web: false,
            media: None,
            attached: false,
            answer: None,
            connecting: false,
        }
    }
}

/// The place in the sound of whom a device is rung for.
const fn side_of(part: Part) -> Side {
    match part {
        Part::Agent | Part::Reattach => Side::Agent,
        Part::Consult => Side::Third,
        Part::Supervise => Side::Supervisor,
    }
}

impl Actor {
    pub(super) fn invite(&mut self, leg: LegId, agent: AgentId, device: DeviceId, part: Part) {
        if let Err(error) = self.try_invite(leg, device, part) {
            tracing::warn!(call = %self.call.id(), %agent, %error, "device not rung");
            self.not_sent(leg, side_of(part), Some(device), 480);
        }
    }

    /// A slot is needed for the refusal to be heard.
    fn not_sent(&mut self, leg: LegId, side: Side, device: Option<DeviceId>, status: u16) {
        let slot = Slot {
            device,
            ..Slot::new(Arc::new(NoLeg), side)
        };
        self.legs.insert(leg, slot);
        let _ = self
            .mailbox
            .send(Message::Leg(leg, LegEvent::Declined(status)));
    }

    fn try_invite(&mut self, leg: LegId, device: DeviceId, part: Part) -> Result<(), String> {
        let signaling = self.engine.signaling.get().ok_or("SIP is not up")?;
        let binding = signaling.device(device).ok_or("not registered any more")?;
        let web = binding.kind == DeviceKind::Softphone;
        let peer = peer_at(binding.source, true);
        let mut media = if web {
            self.engine.media.web_leg(peer)
        } else {
            self.engine.media.rtp_leg(peer)
        }
        .map_err(|error| error.to_string())?;
        let offer = media.offer().map_err(|error| error.to_string())?;
        let mut headers = vec![("X-Call-Id", self.call.id().to_string())];
        match part {
            Part::Agent => {}
            Part::Reattach => headers.push(("X-Reattach", "1".to_owned())),
            Part::Consult => headers.push(("X-Part", "consult".to_owned())),
            Part::Supervise => headers.push(("X-Part", "supervise".to_owned())),
        }
        // His own click: the console answers by itself.
        let own = matches!(part, Part::Supervise) || self.rings_caller(part);
        if own {
            headers.push(("X-Auto-Answer", "1".to_owned()));
        }
        let display = self.masked_caller();
        let (sip, events) = signaling.invite(Invite {
            to: binding,
            offer,
            display,
            headers,
        });
        forward_leg(leg, events, self.mailbox.clone());
        let slot = Slot {
            device: Some(device),
            web,
            media: Some(media),
            ..Slot::new(sip, side_of(part))
        };
        self.legs.insert(leg, slot);
        Ok(())
    }

    /// The agent's own device is rung for a call that he places himself.
    fn rings_caller(&self, part: Part) -> bool {
        part == Part::Agent && self.call.direction() == Direction::Outbound && self.kept.is_none()
    }

    /// Calls a number over a trunk: the requester of an outbound call, or whom the agent asks in.
    pub(super) fn dial(&mut self, leg: LegId) {
        let is_requester = self.call.requester_leg() == Some(leg);
        let (side, to) = if is_requester {
            (Side::Requester, self.out_to.clone())
        } else {
            (Side::Third, self.asked_number.take())
        };
        let Some(to) = to else {
            self.not_sent(leg, side, None, 404);
            return;
        };
        let Some(signaling) = self.engine.signaling.get().cloned() else {
            self.not_sent(leg, side, None, 503);
            return;
        };
        // Chosen once: the voice is offered from the address that leads to the trunk that is tried first.
        let route = signaling.route(to.caller_id.as_deref());
        let peer = route.peer().unwrap_or(self.engine.settings.trunk_ip);
        let media = self.engine.media.rtp_leg(peer_at(peer, false));
        let offer = media.and_then(|mut media| media.offer().map(|offer| (media, offer)));
        let (media, offer) = match offer {
            Ok(made) => made,
            Err(error) => {
                tracing::warn!(call = %self.call.id(), %error, "number not called: no media");
                self.not_sent(leg, side, None, 503);
                return;
            }
        };
        let (sip, events) = signaling.dial(Dial {
            number: to.number,
            caller_id: to.caller_id,
            offer,
            headers: vec![(crate::ladder::MARK, self.call.id().to_string())],
            trunk: TrunkChoice::Along(route),
        });
        forward_leg(leg, events, self.mailbox.clone());
        let slot = Slot {
            media: Some(media),
            ..Slot::new(sip, side)
        };
        self.legs.insert(leg, slot);
    }

    pub(super) async fn leg_event(&mut self, leg: LegId, event: LegEvent) {
        if !self.legs.contains_key(&leg) {
            return;
        }
        match event {
            LegEvent::Ringing | LegEvent::Reanswered(_) => {}
            LegEvent::Early(sdp) => self.early(leg, &sdp).await,
            LegEvent::Answered(sdp) => self.answered(leg, &sdp).await,
            LegEvent::Declined(status) => {
                self.forget(leg);
                self.tell(Input::LegDeclined(leg, declined(status)));
            }
            LegEvent::Offer(sdp, reply) => self.offered(leg, sdp, reply),
            LegEvent::Refer {
                to,
                replaces,
                reply,
            } => self.referred(leg, &to, replaces.as_deref(), reply).await,
            LegEvent::Digit(digit) => self.tell(Input::Digit(leg, digit)),
            LegEvent::Gone(end) => {
                let why = match end {
                    crate::sip::LegEnd::HungUp => Gone::HungUp,
                    crate::sip::LegEnd::ConnectionLost => Gone::Lost,
                    crate::sip::LegEnd::Fault => Gone::Fault,
                };
                self.forget(leg);
                self.tell(Input::LegGone(leg, why));
            }
        }
    }

    /// Takes a description for the leg: before it has its place in the sound, or after.
    async fn accept(&mut self, leg: LegId, sdp: &[u8]) -> Result<(), MediaError> {
        let Some(slot) = self.legs.get_mut(&leg) else {
            return Err(MediaError::NoLeg);
        };
        if slot.attached {
            return self.session.accept(slot.side, sdp).await;
        }
        let mut media = slot.media.take().ok_or(MediaError::NoLeg)?;
        let accepted = media.accept(sdp);
        if accepted.is_ok() {
            slot.attached = true;
            self.session.attach(slot.side, media);
        }
        accepted
    }

    /// What a number plays before it answers.
    async fn early(&mut self, leg: LegId, sdp: &[u8]) {
        match self.accept(leg, sdp).await {
            Ok(()) => self.tell(Input::EarlyMedia(leg)),
            Err(error) => tracing::info!(call = %self.call.id(), %error, "no early media"),
        }
    }

    /// A device or a number said 200, or the requester's ACK brought the answer to our offer.
    async fn answered(&mut self, leg: LegId, sdp: &[u8]) {
        let Some(slot) = self.legs.get(&leg) else {
            return;
        };
        let (side, web, known) = (slot.side, slot.web, slot.attached);
        let incoming = side == Side::Requester && self.call.direction() == Direction::Inbound;
        // One leg at a time has a place in the sound; a second phone picked up meanwhile comes too late.
        let taken = !known
            && self
                .legs
                .values()
                .any(|other| other.side == side && other.attached);
        let accepted = if taken {
            Err(MediaError::OutOfOrder)
        } else if known && sdp.is_empty() {
            // Said with the early media already.
            Ok(())
        } else {
            self.accept(leg, sdp).await
        };
        if let Err(error) = accepted {
            tracing::warn!(call = %self.call.id(), ?side, %error, "an answer is no use");
            self.hang_up(leg);
            let fact = if incoming {
                Input::LegGone(leg, Gone::Fault)
            } else {
                Input::LegDeclined(leg, Declined::Unreachable)
            };
            self.tell(fact);
            return;
        }
        if let Some(slot) = self.legs.get_mut(&leg) {
            slot.connecting = web;
        }
        if !web && !incoming {
            self.tell(Input::LegAnswered(leg));
        }
    }

    /// A re-INVITE or UPDATE with SDP: hold, a new address. Answered by the media task.
    fn offered(&self, leg: LegId, sdp: Vec<u8>, reply: oneshot::Sender<Result<String, u16>>) {
        let Some(slot) = self.legs.get(&leg).filter(|slot| slot.attached) else {
            let _ = reply.send(Err(491));
            return;
        };
        let (session, side, mailbox) = (self.session.clone(), slot.side, self.mailbox.clone());
        tokio::spawn(async move {
            match session.negotiate(side, &sdp).await {
                Ok(answer) => {
                    let _ = reply.send(Ok(answer.sdp));
                    let _ = mailbox.send(Message::LegHeld(leg, answer.held));
                }
                Err(error) => {
                    tracing::info!(%error, "re-offer refused");
                    let _ = reply.send(Err(488));
                }
            }
        });
    }

    /// A desk phone's transfer key. With Replaces it completes the consultation; to our own number it leaves
    /// the call to the queue; to another number it leaves the call when that answers.
    async fn referred(&mut self, leg: LegId, to: &str, replaces: Option<&str>, reply: ReferReply) {
        if self.call.agent_leg() != Some(leg) {
            reply.refuse(603);
            return;
        }
        let to_third = replaces.is_some_and(|replaces| {
            self.legs
                .values()
                .any(|slot| slot.side == Side::Third && slot.sip.is_replaced_by(replaces))
        });
        let transfer = if to_third {
            None
        } else if replaces.is_some() {
            // He means a call that this one knows nothing of; the requester is not sent to the queue for it.
            reply.refuse(603);
            return;
        } else {
            let Some(transfer) = self.phone_may_transfer(to).await else {
                reply.refuse(603);
                return;
            };
            Some(transfer)
        };
        let progress = reply.accept();
        progress.tell(100);
        let done = match transfer {
            None => self.request(call_control::Request::Complete),
            Some(transfer) => self.transfer_from_phone(to, transfer).await,
        };
        let status = match &done {
            Ok(()) => 200,
            Err(problem) => {
                tracing::info!(call = %self.call.id(), %problem, "transfer of a desk phone refused");
                603
            }
        };
        progress.tell(status);
    }

    /// Everything that has a place in the sound, by its place.
    pub(super) fn leg_of(&self, side: Side) -> Option<LegId> {
        self.legs
            .iter()
            .find(|(_, slot)| slot.side == side && slot.attached)
            .map(|(leg, _)| *leg)
    }

    pub(super) fn answer(&mut self, leg: LegId) {
        let Some(slot) = self.legs.get_mut(&leg) else {
            return;
        };
        // The sockets are read from now on: what queued during the greeting would be heard late.
        if let Some(media) = slot.media.take() {
            self.session.attach(slot.side, media);
            slot.attached = true;
        }
        slot.sip.answer(slot.answer.take().unwrap_or_default());
    }

    /// The third or the supervisor has the agent's place.
    pub(super) fn replace(&mut self, leg: LegId) {
        let Some(slot) = self.legs.get_mut(&leg) else {
            return;
        };
        let from = std::mem::replace(&mut slot.side, Side::Agent);
        if from != Side::Agent {
            self.session.take_place(from, Side::Agent);
        }
        // Told by legs, which are the same: the places are not.
        self.connect_again();
    }

    /// Ends a leg and forgets it; what it still says is not heard.
    pub(super) fn hang_up(&mut self, leg: LegId) {
        if let Some(slot) = self.legs.get(&leg) {
            slot.sip.hang_up();
        }
        self.forget(leg);
    }

    pub(super) fn forget(&mut self, leg: LegId) {
        if let Some(slot) = self.legs.remove(&leg)
            && slot.attached
        {
            self.session.detach(slot.side);
        }
        self.plays.retain(|_, played| *played != leg);
    }

    pub(super) fn masked_caller(&self) -> String {
        if self.row.caller.is_empty() {
            "anonymous".to_owned()
        } else {
            Phone::new(self.row.caller.clone()).masked()
        }
    }
}

/// The leg of a device that could not be rung.
struct NoLeg;

impl SipLeg for NoLeg {
    fn answer(&self, _sdp: String) {}
    fn refuse(&self, _status: u16) {}
    fn hang_up(&self) {}
}

/// A person's no (busy, decline) is told from a device that cannot.
fn declined(status: u16) -> Declined {
    match status {
        486 | 600 => Declined::Busy,
        603 => Declined::Refused,
        408 | 480 | 487 => Declined::NoAnswer,
        _ => Declined::Unreachable,
    }
}
