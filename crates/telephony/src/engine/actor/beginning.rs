//! How a call begins: the record is opened, media made, asked who calls and whether the line is open.

use call_control::{Command, Gone, Input, LegId};
use serde_json::{Value, json};

use super::legs::Slot;
use super::{Actor, PATIENCE, forward_leg};
use crate::engine::{Message, peer_at};
use crate::media::{Leg as MediaLeg, MediaError, Side};
use crate::sip::IncomingCall;

impl Actor {
    /// The INVITE: the record is opened, the media leg made, the calendar asked.
    pub(super) async fn arrive(&mut self, incoming: IncomingCall, crowded: bool) {
        let requester = LegId(0);
        let IncomingCall {
            leg,
            events,
            source,
            offer,
            caller,
            ..
        } = incoming;
        self.journal("arrived", json!({}), vec![]);
        self.legs.insert(requester, Slot::new(leg, Side::Requester));
        forward_leg(requester, events, self.mailbox.clone());
        if crowded {
            self.tell(Input::Refuse);
            return;
        }
        if let Some(requester) = self.blocked(&caller).await {
            self.row.requester_id = Some(requester);
            self.refusal = 603;
            self.tell(Input::Block);
            return;
        }
        match self.answering_media(peer_at(source, false), offer.as_deref()) {
            Ok((media, answer)) => {
                if let Some(slot) = self.legs.get_mut(&requester) {
                    slot.media = Some(media);
                    slot.answer = Some(answer);
                }
            }
            Err(error) => {
                tracing::warn!(call = %self.call.id(), %error, "INVITE refused: no media");
                self.refusal = match error {
                    MediaError::NoPort | MediaError::Io(_) => 503,
                    _ => 488,
                };
                if let Some(slot) = self.legs.remove(&requester) {
                    slot.sip.refuse(self.refusal);
                }
                self.tell(Input::LegGone(requester, Gone::Fault));
                return;
            }
        }
        self.look_up(caller);
        let open = match self.engine.hours.get() {
            Some(hours) => {
                let asked = hours.is_open(self.now());
                // A calendar that does not answer must not close the line.
                self.engine
                    .app
                    .clock
                    .timeout(PATIENCE, asked)
                    .await
                    .unwrap_or(true)
            }
            None => true,
        };
        let open = open && self.line.closed_by.is_none();
        self.tell(Input::Line(self.offers()));
        self.tell(Input::Arrived { open });
    }

    /// What the line offers to this call; the rating only once it is known that he may be asked.
    fn offers(&self) -> call_control::Line {
        let mut offers = self.line.offers.clone();
        if offers.survey && self.engine.ratings.get().is_some() {
            offers.survey = false;
            self.ask_whether_he_may_rate();
        }
        offers
    }

    fn ask_whether_he_may_rate(&self) {
        let Some(rule) = self.engine.ratings.get().cloned() else {
            return;
        };
        if self.row.caller.is_empty() {
            return;
        }
        let (hash, now, mailbox) = (
            self.row.caller_hash.clone(),
            self.now(),
            self.mailbox.clone(),
        );
        tokio::spawn(async move {
            let may = rule.may_ask(&hash, now).await;
            let _ = mailbox.send(Message::MayRate(may));
        });
    }

    /// A call of ours: the record is opened, the agent's own device rung.
    pub(super) fn place(&mut self, details: Value, first: Vec<Command>) {
        self.journal("placed", details, vec![]);
        self.look_up(self.row.caller.clone());
        self.carry_out(first);
    }

    /// Whom a block keeps from calling; what is not answered in time keeps nobody out.
    async fn blocked(&self, caller: &str) -> Option<uuid::Uuid> {
        let blocks = self.engine.blocks.get()?;
        let asked = blocks.blocked(caller);
        let clock = &self.engine.app.clock;
        clock.timeout(PATIENCE, asked).await.ok().flatten()
    }

    /// Our side of a leg that comes to us, and our SDP for its 200.
    pub(super) fn answering_media(
        &self,
        peer: crate::media::Peer,
        offer: Option<&[u8]>,
    ) -> Result<(MediaLeg, String), MediaError> {
        let mut media = self.engine.media.rtp_leg(peer)?;
        let sdp = match offer {
            Some(offer) => media.answer(offer)?.sdp,
            None => media.offer()?,
        };
        Ok((media, sdp))
    }

    /// Asks who calls while the greeting plays; the answer arrives as a message, or never.
    pub(super) fn look_up(&self, number: String) {
        let Some(callers) = self.engine.callers.get().cloned() else {
            return;
        };
        if number.is_empty() {
            return;
        }
        let mailbox = self.mailbox.clone();
        tokio::spawn(async move {
            if let Some(caller) = callers.find(&number).await {
                let _ = mailbox.send(Message::Caller(caller));
            }
        });
    }
}
