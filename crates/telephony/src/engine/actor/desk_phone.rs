//! A number that an agent dialled on his own phone: his leg is there already.

use call_control::{Command, Gone, Input, LegId};
use serde_json::json;

use super::legs::Slot;
use super::{Actor, forward_leg};
use crate::engine::peer_at;
use crate::engine::wish::Outgoing;
use crate::media::{MediaError, Side};
use crate::sip::IncomingCall;

impl Actor {
    /// The record is opened, the phone's sound made; `first` answers it and calls the number.
    pub(super) fn dialled_on_phone(
        &mut self,
        order: &Outgoing,
        call: IncomingCall,
        first: Vec<Command>,
    ) {
        let agent = LegId(0);
        let IncomingCall {
            leg,
            events,
            source,
            offer,
            desk_phone,
            ..
        } = call;
        let details = json!({ "purpose": order.purpose, "dialled_on": "desk_phone" });
        self.journal("placed", details, vec![]);
        let mut slot = Slot {
            device: desk_phone.map(|phone| phone.device),
            ..Slot::new(leg, Side::Agent)
        };
        let media = self.answering_media(peer_at(source, true), offer.as_deref());
        forward_leg(agent, events, self.mailbox.clone());
        match media {
            Ok((media, answer)) => {
                (slot.media, slot.answer) = (Some(media), Some(answer));
                self.legs.insert(agent, slot);
                self.look_up(self.row.caller.clone());
                self.carry_out(first);
            }
            Err(error) => {
                tracing::warn!(call = %self.call.id(), %error, "a desk phone's call is refused: no media");
                slot.sip.refuse(match error {
                    MediaError::NoPort | MediaError::Io(_) => 503,
                    _ => 488,
                });
                self.tell(Input::LegGone(agent, Gone::Fault));
            }
        }
    }
}
