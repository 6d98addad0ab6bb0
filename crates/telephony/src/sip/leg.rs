//! One dialog of the stack as a [`SipLeg`].

use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use rsipstack::dialog::dialog::{
    DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle,
};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HasHeaders as _;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{LegEnd, LegEvent, SipLeg};

/// A hang-up that comes before the ACK waits this long for it: a UAS may not send BYE earlier
/// (RFC 3261 §15).
const ACK_PATIENCE: Duration = Duration::from_secs(2);

pub(super) enum Order {
    Answer(String),
    Refuse(u16),
    HangUp,
}

/// The engine's handle; the work is done by [`run`].
pub(super) struct Handle(pub mpsc::UnboundedSender<Order>);

impl SipLeg for Handle {
    fn answer(&self, sdp: String) {
        // A leg that is over takes no orders.
        let _ = self.0.send(Order::Answer(sdp));
    }

    fn refuse(&self, status: u16) {
        let _ = self.0.send(Order::Refuse(status));
    }

    fn hang_up(&self) {
        let _ = self.0.send(Order::HangUp);
    }
}

/// A dialog and what is needed to serve it.
pub(super) struct Leg {
    pub dialog: InviteDialog,
    pub dialogs: Arc<DialogLayer>,
    pub clock: Clock,
    pub events: mpsc::UnboundedSender<LegEvent>,
    /// The connection of a softphone: cancelled when it is gone.
    pub connection: Option<CancellationToken>,
    /// We called (client), or were called.
    pub outgoing: bool,
    /// The INVITE came without SDP: our 200 carries the offer, the ACK the answer.
    pub late_offer: bool,
    /// What we said last.
    pub local_sdp: String,
}

/// Serves the dialog until it is over.
pub(super) async fn run(
    mut leg: Leg,
    mut states: DialogStateReceiver,
    mut orders: mpsc::UnboundedReceiver<Order>,
    failed: oneshot::Receiver<()>,
) {
    let mut established = false;
    let mut leaving = false;
    let connection = leg.connection.clone().unwrap_or_default();
    let mut failed = Box::pin(failed);
    let mut invite_failed = false;
    let end = loop {
        let state = tokio::select! {
            state = states.recv() => match state {
                Some(state) => state,
                None => break LegEnd::Fault,
            },
            order = orders.recv() => {
                match order {
                    Some(Order::Answer(sdp)) => leg.answer(sdp),
                    Some(Order::Refuse(status)) => {
                        let _ = leg.dialog.reject(Some(status.into()), None);
                    }
                    // The engine dropped the handle, or wants the end of it.
                    Some(Order::HangUp) | None => leaving = true,
                }
                if leaving {
                    leg.leave(&mut states).await;
                    break LegEnd::HungUp;
                }
                continue;
            }
            () = connection.cancelled() => {
                // Nothing can be sent any more; the dialog dies here.
                break LegEnd::ConnectionLost;
            }
            result = &mut failed, if !invite_failed => {
                // The INVITE came to nothing without a final response of the far end.
                invite_failed = true;
                if result.is_ok() && !established {
                    let _ = leg.events.send(LegEvent::Declined(503));
                    break LegEnd::Fault;
                }
                continue;
            }
        };
        match state {
            DialogState::Early(_, _) if leg.outgoing && !established => {
                let _ = leg.events.send(LegEvent::Ringing);
            }
            DialogState::Confirmed(_, response) if !established => {
                established = true;
                if leg.outgoing {
                    let _ = leg.events.send(LegEvent::Answered(response.body));
                } else if leg.late_offer {
                    let answer = leg
                        .dialog
                        .last_remote_ack()
                        .map(|ack| ack.body)
                        .unwrap_or_default();
                    let _ = leg.events.send(LegEvent::Answered(answer));
                }
            }
            DialogState::Updated(_, request, handle) => leg.offered(&request, handle).await,
            DialogState::Info(_, request, handle) => {
                if let Some(digit) = dtmf_relay(&request) {
                    let _ = leg.events.send(LegEvent::Digit(digit));
                }
                let _ = handle.reply(StatusCode::OK).await;
            }
            DialogState::Options(_, _, handle) | DialogState::Notify(_, _, handle) => {
                let _ = handle.reply(StatusCode::OK).await;
            }
            DialogState::Refer(_, _, handle) | DialogState::Message(_, _, handle) => {
                let _ = handle.reply(StatusCode::Decline).await;
            }
            DialogState::Terminated(_, why) => {
                if leg.outgoing && !established {
                    let _ = leg.events.send(LegEvent::Declined(declined(&why)));
                }
                break ended(&why);
            }
            _ => {}
        }
    };
    if !leaving {
        let _ = leg.events.send(LegEvent::Gone(end));
    }
    leg.dialogs.remove_dialog(&leg.dialog.id());
}

impl Leg {
    fn answer(&mut self, sdp: String) {
        let header = Header::ContentType("application/sdp".into());
        if let Err(error) = self
            .dialog
            .accept(Some(vec![header]), Some(sdp.clone().into_bytes()))
        {
            // The far end hung up at this very moment; the dialog says so itself.
            tracing::debug!(%error, "answer not sent");
        }
        self.local_sdp = sdp;
    }

    /// Ends the dialog. BYE waits for its response in a task of its own.
    async fn leave(&self, states: &mut DialogStateReceiver) {
        let dialog = self.dialog.clone();
        if dialog.state().waiting_ack() {
            let acked = async {
                while let Some(state) = states.recv().await {
                    if state.is_confirmed() || state.is_terminated() {
                        break;
                    }
                }
            };
            let _ = self.clock.timeout(ACK_PATIENCE, acked).await;
        }
        let (dialogs, outgoing) = (Arc::clone(&self.dialogs), self.outgoing);
        let gone = self
            .connection
            .as_ref()
            .is_some_and(CancellationToken::is_cancelled);
        if gone || dialog.state().is_terminated() {
            return;
        }
        if dialog.state().can_cancel() && !outgoing {
            let _ = dialog.reject(Some(StatusCode::RequestTerminated), None);
            return;
        }
        tokio::spawn(async move {
            // Timer F bounds the wait; a vanished far end is no news to anybody.
            if let Err(error) = dialog.hangup().await {
                tracing::debug!(%error, id = %dialog.id(), "hang-up was not answered");
            }
            dialogs.remove_dialog(&dialog.id());
        });
    }

    /// Answers a re-INVITE or UPDATE through the engine.
    async fn offered(&mut self, request: &Request, handle: TransactionHandle) {
        let sdp = |text: &str| {
            (
                Some(vec![Header::ContentType("application/sdp".into())]),
                Some(text.to_owned().into_bytes()),
            )
        };
        if request.body.is_empty() {
            // UPDATE as a keep-alive; a re-INVITE without SDP asks for our offer: what stands.
            let (headers, body) = if request.method == Method::Invite {
                sdp(&self.local_sdp)
            } else {
                (None, None)
            };
            let _ = handle.respond(StatusCode::OK, headers, body).await;
            return;
        }
        let (reply, answer) = oneshot::channel();
        let _ = self
            .events
            .send(LegEvent::Offer(request.body.clone(), reply));
        let answer = self.clock.timeout(Duration::from_secs(5), answer).await;
        match answer {
            Ok(Ok(Ok(answer))) => {
                self.local_sdp = answer;
                let (headers, body) = sdp(&self.local_sdp);
                let _ = handle.respond(StatusCode::OK, headers, body).await;
            }
            Ok(Ok(Err(status))) => {
                let _ = handle.reply(status.into()).await;
            }
            _ => {
                let _ = handle.reply(StatusCode::ServerInternalError).await;
            }
        }
    }
}

fn declined(why: &TerminatedReason) -> u16 {
    match why {
        TerminatedReason::UasOther(status)
        | TerminatedReason::UacOther(status)
        | TerminatedReason::ProxyError(status) => status.code(),
        TerminatedReason::UasBusy | TerminatedReason::UacBusy => 486,
        TerminatedReason::UasDecline => 603,
        TerminatedReason::ProxyAuthRequired => 403,
        TerminatedReason::Timeout => 408,
        TerminatedReason::UacCancel | TerminatedReason::UacBye | TerminatedReason::UasBye => 487,
    }
}

fn ended(why: &TerminatedReason) -> LegEnd {
    match why {
        TerminatedReason::UacCancel | TerminatedReason::UacBye | TerminatedReason::UasBye => {
            LegEnd::HungUp
        }
        _ => LegEnd::Fault,
    }
}

/// `Signal=5` of an application/dtmf-relay body.
fn dtmf_relay(request: &Request) -> Option<char> {
    let relay = request.headers().iter().any(|header| {
        matches!(header, Header::ContentType(kind) if kind.value().to_ascii_lowercase().contains("dtmf-relay"))
    });
    if !relay {
        return None;
    }
    let body = std::str::from_utf8(&request.body).ok()?;
    let signal = body.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("signal")
            .then(|| value.trim())
    })?;
    let digit = signal.chars().next()?.to_ascii_uppercase();
    (signal.len() == 1 && (digit.is_ascii_digit() || "*#ABCD".contains(digit))).then_some(digit)
}
