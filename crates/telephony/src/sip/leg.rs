//! One dialog of the stack as a [`SipLeg`].

mod dialing;
mod offers;
mod refer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::Clock;
use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{DialogState, TerminatedReason};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HasHeaders as _;
use rsipstack::sip::{Header, Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::dialogs::{Dialogs, States};
use super::secrecy;
use super::timer::{self, Asked, SessionTimer};
use super::{LegEnd, LegEvent, SipLeg};
use crate::trunk::Srtp;
use crate::trunk::board::Place;

use dialing::Attempt;
pub(super) use dialing::{Dialing, Way};
use offers::Pending;

/// A hang-up that comes before the ACK waits this long for it: a UAS may not send BYE earlier
/// (RFC 3261 §15).
const ACK_PATIENCE: Duration = Duration::from_secs(2);
/// A hang-up that comes while a transfer is told to the phone waits this long for it: after the BYE it could
/// not be told any more.
const TOLD_PATIENCE: Duration = Duration::from_secs(2);
/// The response of an INVITE that was refused comes this soon after the refusal, or not at all.
const RESPONSE_PATIENCE: Duration = Duration::from_secs(1);

pub(super) enum Order {
    Answer(String),
    Refuse(u16, Option<&'static str>),
    Reoffer(String),
    HangUp,
}

/// The engine's handle; the work is done by [`run`].
pub(super) struct Handle {
    pub orders: mpsc::UnboundedSender<Order>,
    pub name: DialogName,
}

/// The name of the dialog that a leg has now, once it has one.
pub(super) type DialogName = Arc<Mutex<Option<DialogId>>>;

/// No transfer was asked for.
pub(super) fn nothing_to_tell() -> CancellationToken {
    let told = CancellationToken::new();
    told.cancel();
    told
}

impl SipLeg for Handle {
    fn answer(&self, sdp: String) {
        // A leg that is over takes no orders.
        let _ = self.orders.send(Order::Answer(sdp));
    }

    fn refuse(&self, status: u16) {
        let _ = self.orders.send(Order::Refuse(status, None));
    }

    fn refuse_saying(&self, status: u16, why: &'static str) {
        let _ = self.orders.send(Order::Refuse(status, Some(why)));
    }

    fn reoffer(&self, sdp: String) {
        let _ = self.orders.send(Order::Reoffer(sdp));
    }

    fn is_replaced_by(&self, replaces: &str) -> bool {
        let name = self.name.lock().unwrap_or_else(PoisonError::into_inner);
        name.as_ref().is_some_and(|id| refer::names(replaces, id))
    }

    fn hang_up(&self) {
        let _ = self.orders.send(Order::HangUp);
    }
}

/// A dialog and what is needed to serve it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one hidden state"
)]
pub(super) struct Leg {
    pub dialog: InviteDialog,
    pub dialogs: Dialogs,
    pub clock: Clock,
    pub events: mpsc::UnboundedSender<LegEvent>,
    pub name: DialogName,
    /// The connection of a softphone: cancelled when it is gone.
    pub connection: Option<CancellationToken>,
    /// We called (client), or were called.
    pub outgoing: bool,
    /// The INVITE came without SDP: our 200 carries the offer, the ACK the answer.
    pub late_offer: bool,
    /// May ask for a transfer: a device of ours, no trunk.
    pub transfers: bool,
    /// Cancelled when the phone has been told how the transfer that it asked for went.
    pub transferred: CancellationToken,
    /// What we said last.
    pub local_sdp: String,
    /// Where else a call of ours may go.
    pub dialing: Option<Dialing>,
    /// What its line demands of the voice's secrecy.
    pub srtp: Srtp,
    /// The session timer that the INVITE of an incoming leg asked for.
    pub asked: Asked,
    pub timer: SessionTimer,
    /// The far end takes UPDATE.
    pub updates: bool,
    /// Its place among the calls of its trunk.
    pub place: Option<Place>,
}

/// Serves the dialog until it is over.
pub(super) async fn run(
    mut leg: Leg,
    mut states: States,
    mut orders: mpsc::UnboundedReceiver<Order>,
    outcome: oneshot::Receiver<Option<Response>>,
) {
    let mut established = false;
    let mut rang = false;
    let mut leaving = false;
    let mut early: Vec<u8> = Vec::new();
    let connection = leg.connection.clone().unwrap_or_default();
    let mut outcome = Box::pin(outcome);
    let mut over = false;
    let mut refusal: Option<Response> = None;
    let mut pending = Pending::default();
    let (done, mut dones) = mpsc::unbounded_channel();
    leg.tell_name();
    let end = loop {
        let silent = leg
            .dialing
            .as_ref()
            .filter(|_| !established)
            .and_then(Dialing::impatient_at);
        let state = tokio::select! {
            state = states.recv() => match state {
                Some(state) => state,
                None => break LegEnd::Fault,
            },
            order = orders.recv() => {
                match order {
                    Some(Order::Answer(sdp)) => leg.answer(sdp),
                    Some(Order::Refuse(status, why)) => {
                        let why = why.map(|why| format!("SIP;cause={status};text=\"{why}\""));
                        let _ = leg.dialog.reject(Some(status.into()), why);
                    }
                    Some(Order::Reoffer(sdp)) => {
                        pending.next = Some(sdp);
                        leg.reoffer(&mut pending, &done);
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
            Some(now) = dones.recv() => {
                if !leg.is_done(now, &mut pending).await {
                    leg.leave(&mut states).await;
                    break LegEnd::Fault;
                }
                leg.reoffer(&mut pending, &done);
                continue;
            }
            () = dialing::until(&leg.clock, leg.timer.at()) => {
                if !leg.refresh(&mut pending, &done) {
                    tracing::info!(id = %leg.dialog.id(), "the far end did not refresh the session");
                    leg.leave(&mut states).await;
                    break LegEnd::Fault;
                }
                continue;
            }
            () = connection.cancelled() => {
                // Nothing can be sent any more; the dialog dies here.
                break LegEnd::ConnectionLost;
            }
            () = dialing::until(&leg.clock, silent) => {
                // Not even 100: the next trunk may be alive.
                let Some(attempt) = leg.next_trunk(408) else {
                    leg.leave(&mut states).await;
                    let _ = leg.events.send(LegEvent::Declined(408));
                    leaving = true;
                    break LegEnd::Fault;
                };
                states = attempt.states;
                outcome = Box::pin(attempt.outcome);
                over = false;
                continue;
            }
            result = &mut outcome, if !over => {
                over = true;
                refusal = result.ok().flatten();
                if refusal.is_none() && !established {
                    // The INVITE came to nothing without a final response of the far end.
                    if let Some(attempt) = leg.next_trunk_before(503, rang) {
                        states = attempt.states;
                        outcome = Box::pin(attempt.outcome);
                        over = false;
                        continue;
                    }
                    let _ = leg.events.send(LegEvent::Declined(503));
                    break LegEnd::Fault;
                }
                continue;
            }
        };
        match state {
            DialogState::Trying(_) => leg.heard(),
            DialogState::Early(_, response) if leg.outgoing && !established => {
                leg.heard();
                rang = true;
                match secrecy::theirs(&response.body, leg.srtp) {
                    // A voice that is not as secret as it must be is not heard; the 200 decides.
                    Ok(sdp) if !sdp.is_empty() => {
                        if sdp != early {
                            early.clone_from(&sdp);
                            let _ = leg.events.send(LegEvent::Early(sdp));
                        }
                    }
                    _ => {
                        let _ = leg.events.send(LegEvent::Ringing);
                    }
                }
            }
            DialogState::Confirmed(_, response) if !established => {
                established = true;
                leg.tell_name();
                leg.agreed(&response);
                leg.reoffer(&mut pending, &done);
                let answer = if leg.outgoing && response.body.is_empty() {
                    // It came with a reliable 18x; then the 200 needs none.
                    Some(std::mem::take(&mut early))
                } else if leg.outgoing {
                    Some(response.body)
                } else if leg.late_offer {
                    let ack = leg.dialog.last_remote_ack();
                    Some(ack.map(|ack| ack.body).unwrap_or_default())
                } else {
                    None
                };
                match answer.map(|answer| secrecy::theirs(&answer, leg.srtp)) {
                    None => {}
                    Some(Ok(answer)) => {
                        let _ = leg.events.send(LegEvent::Answered(answer));
                    }
                    Some(Err(status)) => {
                        tracing::warn!(id = %leg.dialog.id(), "the voice would not be secret: call ended");
                        leg.leave(&mut states).await;
                        if leg.outgoing {
                            let _ = leg.events.send(LegEvent::Declined(status));
                            leaving = true;
                        }
                        break LegEnd::Fault;
                    }
                }
            }
            DialogState::Updated(_, request, handle) => {
                leg.offered(&request, handle, &mut pending, &done).await;
            }
            DialogState::Info(_, request, handle) => {
                if let Some(digit) = dtmf_relay(&request) {
                    let _ = leg.events.send(LegEvent::Digit(digit));
                }
                let _ = handle.reply(StatusCode::OK).await;
            }
            DialogState::Options(_, _, handle) | DialogState::Notify(_, _, handle) => {
                let _ = handle.reply(StatusCode::OK).await;
            }
            DialogState::Refer(_, request, handle) if leg.transfers => {
                let dialog = leg.dialog.clone();
                leg.transferred = refer::ask(&request, handle, dialog, &leg.clock, &leg.events);
            }
            DialogState::Refer(_, _, handle) | DialogState::Message(_, _, handle) => {
                let _ = handle.reply(StatusCode::Decline).await;
            }
            DialogState::Terminated(_, why) => {
                if leg.outgoing && !established {
                    let status = declined(&why);
                    if refusal.is_none() && !over && status == 422 {
                        let response = leg.clock.timeout(RESPONSE_PATIENCE, &mut outcome).await;
                        refusal = response.ok().and_then(Result::ok).flatten();
                    }
                    let again = leg.longer_session(status, refusal.as_ref());
                    let next = again.or_else(|| {
                        let other = dialing::next_may_do_better(status);
                        other.then(|| leg.next_trunk_before(status, rang)).flatten()
                    });
                    if let Some(attempt) = next {
                        states = attempt.states;
                        outcome = Box::pin(attempt.outcome);
                        (over, refusal) = (false, None);
                        continue;
                    }
                    let _ = leg.events.send(LegEvent::Declined(status));
                }
                break ended(&why);
            }
            _ => {}
        }
    };
    if !leaving {
        let _ = leg.events.send(LegEvent::Gone(end));
    }
    leg.dialogs.remove(&leg.dialog.id());
}

impl Leg {
    fn tell_name(&self) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.dialog.id());
    }

    fn answer(&mut self, sdp: String) {
        let sdp = if self.late_offer {
            secrecy::our_offer(sdp, self.srtp)
        } else {
            sdp
        };
        let mut headers = vec![Header::ContentType("application/sdp".into())];
        headers.extend(self.agree(self.asked));
        if let Err(error) = self
            .dialog
            .accept(Some(headers), Some(sdp.clone().into_bytes()))
        {
            // The far end hung up at this very moment; the dialog says so itself.
            tracing::debug!(%error, "answer not sent");
        }
        self.local_sdp = sdp;
    }

    /// The far end is there.
    fn heard(&mut self) {
        if let Some(dialing) = &mut self.dialing {
            dialing.heard();
        }
    }

    /// The next trunk, unless one has rung: then the caller heard it, and somebody may come to the
    /// telephone twice.
    fn next_trunk_before(&mut self, status: u16, rang: bool) -> Option<Attempt> {
        if rang { None } else { self.next_trunk(status) }
    }

    fn next_trunk(&mut self, status: u16) -> Option<Attempt> {
        let attempt = self.dialing.as_mut()?.next(status)?;
        Some(self.goes_on_with(attempt))
    }

    /// The same trunk once more, after it said 422: it wants longer sessions.
    fn longer_session(&mut self, status: u16, refusal: Option<&Response>) -> Option<Attempt> {
        let min = (status == 422)
            .then(|| timer::min_se(&refusal?.headers))
            .flatten()?;
        let attempt = self.dialing.as_mut()?.again_with(min)?;
        Some(self.goes_on_with(attempt))
    }

    fn goes_on_with(&mut self, attempt: Attempt) -> Attempt {
        if let Some(way) = self.dialing.as_ref().and_then(Dialing::way) {
            self.srtp = way.srtp;
            let offer = way.option.offer.as_deref().unwrap_or_default();
            self.local_sdp = String::from_utf8_lossy(offer).into_owned();
        }
        self.place = self.dialing.as_ref().and_then(Dialing::place);
        let before = std::mem::replace(&mut self.dialog, attempt.dialog.clone());
        let dialogs = self.dialogs.clone();
        tokio::spawn(async move {
            // One that is heard late must not ring: CANCEL goes out with its first word.
            let _ = before.cancel().await;
            dialogs.remove(&before.id());
        });
        self.tell_name();
        attempt
    }

    /// Ends the dialog. BYE waits for its response in a task of its own.
    async fn leave(&self, states: &mut States) {
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
        let (dialogs, outgoing) = (self.dialogs.clone(), self.outgoing);
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
        let (clock, transferred) = (self.clock.clone(), self.transferred.clone());
        tokio::spawn(async move {
            let _ = clock.timeout(TOLD_PATIENCE, transferred.cancelled()).await;
            // Timer F bounds the wait; a vanished far end is no news to anybody.
            if let Err(error) = dialog.hangup().await {
                tracing::debug!(%error, id = %dialog.id(), "hang-up was not answered");
            }
            dialogs.remove(&dialog.id());
        });
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
