//! One dialog of the stack as a [`SipLeg`].

mod dialing;
mod refer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::Clock;
use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{
    DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle,
};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HasHeaders as _;
use rsipstack::sip::{Header, Method, Request, Response, StatusCode, StatusCodeKind};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{LegEnd, LegEvent, SipLeg};

use dialing::Attempt;
pub(super) use dialing::{Dialing, Way, send};

/// A hang-up that comes before the ACK waits this long for it: a UAS may not send BYE earlier
/// (RFC 3261 §15).
const ACK_PATIENCE: Duration = Duration::from_secs(2);
/// The engine answers a re-offer within this time, or the far end hears 500.
const OFFER_PATIENCE: Duration = Duration::from_secs(5);
/// A re-INVITE of ours that meets the far end's (491) is sent again so often.
const GLARE_RETRIES: u32 = 4;

pub(super) enum Order {
    Answer(String),
    Refuse(u16),
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

impl SipLeg for Handle {
    fn answer(&self, sdp: String) {
        // A leg that is over takes no orders.
        let _ = self.orders.send(Order::Answer(sdp));
    }

    fn refuse(&self, status: u16) {
        let _ = self.orders.send(Order::Refuse(status));
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
pub(super) struct Leg {
    pub dialog: InviteDialog,
    pub dialogs: Arc<DialogLayer>,
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
    /// What we said last.
    pub local_sdp: String,
    /// Where else a call of ours may go.
    pub dialing: Option<Dialing>,
}

/// What a task of the leg brings back.
enum Done {
    /// The engine's answer to a re-offer of the far end.
    Answered(TransactionHandle, Method, Result<String, u16>),
    /// The end of a re-INVITE of ours with this SDP.
    Reoffered(String, Option<Response>),
}

/// Which offer is on its way; there is never a second one (RFC 3261 §14).
#[derive(Default)]
struct Pending {
    /// Theirs, at the engine.
    theirs: bool,
    /// Ours, at the far end.
    ours: bool,
    /// The next one of ours.
    next: Option<String>,
}

/// Serves the dialog until it is over.
pub(super) async fn run(
    mut leg: Leg,
    mut states: DialogStateReceiver,
    mut orders: mpsc::UnboundedReceiver<Order>,
    failed: oneshot::Receiver<()>,
) {
    let mut established = false;
    let mut rang = false;
    let mut leaving = false;
    let mut early: Vec<u8> = Vec::new();
    let connection = leg.connection.clone().unwrap_or_default();
    let mut failed = Box::pin(failed);
    let mut invite_failed = false;
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
                    Some(Order::Refuse(status)) => {
                        let _ = leg.dialog.reject(Some(status.into()), None);
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
            done_now = dones.recv() => {
                match done_now {
                    Some(Done::Answered(handle, method, answer)) => {
                        pending.theirs = false;
                        leg.answer_offer(&handle, method, answer).await;
                        leg.reoffer(&mut pending, &done);
                    }
                    Some(Done::Reoffered(sdp, response)) => {
                        pending.ours = false;
                        if !leg.reanswered(sdp, response) {
                            leg.leave(&mut states).await;
                            break LegEnd::Fault;
                        }
                        leg.reoffer(&mut pending, &done);
                    }
                    None => {}
                }
                continue;
            }
            () = connection.cancelled() => {
                // Nothing can be sent any more; the dialog dies here.
                break LegEnd::ConnectionLost;
            }
            () = dialing::until(&leg.clock, silent) => {
                // Not even 100: the next trunk may be alive.
                match leg.next_trunk(408) {
                    Some(attempt) => {
                        states = attempt.states;
                        failed = Box::pin(attempt.failed);
                        continue;
                    }
                    None => {
                        leg.leave(&mut states).await;
                        let _ = leg.events.send(LegEvent::Declined(408));
                        leaving = true;
                        break LegEnd::Fault;
                    }
                }
            }
            result = &mut failed, if !invite_failed => {
                // The INVITE came to nothing without a final response of the far end.
                invite_failed = true;
                if result.is_ok() && !established {
                    if let Some(attempt) = leg.next_trunk_before(503, rang) {
                        states = attempt.states;
                        failed = Box::pin(attempt.failed);
                        invite_failed = false;
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
                if response.body.is_empty() {
                    let _ = leg.events.send(LegEvent::Ringing);
                } else if response.body != early {
                    early.clone_from(&response.body);
                    let _ = leg.events.send(LegEvent::Early(response.body));
                }
            }
            DialogState::Confirmed(_, response) if !established => {
                established = true;
                leg.tell_name();
                if leg.outgoing {
                    // An answer may have come with a reliable 18x; then the 200 needs none.
                    let answer = if response.body.is_empty() {
                        std::mem::take(&mut early)
                    } else {
                        response.body
                    };
                    let _ = leg.events.send(LegEvent::Answered(answer));
                } else if leg.late_offer {
                    let answer = leg
                        .dialog
                        .last_remote_ack()
                        .map(|ack| ack.body)
                        .unwrap_or_default();
                    let _ = leg.events.send(LegEvent::Answered(answer));
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
                refer::ask(&request, handle, dialog, &leg.clock, &leg.events);
            }
            DialogState::Refer(_, _, handle) | DialogState::Message(_, _, handle) => {
                let _ = handle.reply(StatusCode::Decline).await;
            }
            DialogState::Terminated(_, why) => {
                if leg.outgoing && !established {
                    let status = declined(&why);
                    if dialing::next_may_do_better(status)
                        && let Some(attempt) = leg.next_trunk_before(status, rang)
                    {
                        states = attempt.states;
                        failed = Box::pin(attempt.failed);
                        invite_failed = false;
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
    leg.dialogs.remove_dialog(&leg.dialog.id());
}

impl Leg {
    fn tell_name(&self) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.dialog.id());
    }

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
        let before = std::mem::replace(&mut self.dialog, attempt.dialog.clone());
        let dialogs = Arc::clone(&self.dialogs);
        tokio::spawn(async move {
            // One that is heard late must not ring: CANCEL goes out with its first word.
            let _ = before.cancel().await;
            dialogs.remove_dialog(&before.id());
        });
        self.tell_name();
        Some(attempt)
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

    /// A re-INVITE or UPDATE of the far end, answered through the engine.
    async fn offered(
        &self,
        request: &Request,
        handle: TransactionHandle,
        pending: &mut Pending,
        done: &mpsc::UnboundedSender<Done>,
    ) {
        if request.body.is_empty() {
            // UPDATE as a keep-alive; a re-INVITE without SDP asks for our offer: what stands.
            let body = (request.method == Method::Invite).then(|| self.local_sdp.clone());
            accept_offer(&handle, body).await;
            return;
        }
        if pending.ours {
            let _ = handle.reply(StatusCode::RequestPending).await;
            return;
        }
        if pending.theirs {
            // RFC 3261 §14.2: a second one before the first is answered.
            let again = Header::RetryAfter("3".into());
            let status = StatusCode::ServerInternalError;
            let _ = handle.respond(status, Some(vec![again]), None).await;
            return;
        }
        pending.theirs = true;
        let (reply, answer) = oneshot::channel();
        let _ = self
            .events
            .send(LegEvent::Offer(request.body.clone(), reply));
        let (clock, done, method) = (self.clock.clone(), done.clone(), request.method);
        tokio::spawn(async move {
            let answer = match clock.timeout(OFFER_PATIENCE, answer).await {
                Ok(Ok(answer)) => answer,
                _ => Err(500),
            };
            // The leg may be over.
            let _ = done.send(Done::Answered(handle, method, answer));
        });
    }

    async fn answer_offer(
        &mut self,
        handle: &TransactionHandle,
        _method: Method,
        answer: Result<String, u16>,
    ) {
        match answer {
            Ok(answer) => {
                self.local_sdp.clone_from(&answer);
                accept_offer(handle, Some(answer)).await;
            }
            Err(status) => {
                let _ = handle.reply(status.into()).await;
            }
        }
    }

    /// Sends our next offer when none is on its way.
    fn reoffer(&self, pending: &mut Pending, done: &mpsc::UnboundedSender<Done>) {
        if pending.ours || pending.theirs {
            return;
        }
        let Some(sdp) = pending.next.take() else {
            return;
        };
        pending.ours = true;
        let (dialog, clock, done) = (self.dialog.clone(), self.clock.clone(), done.clone());
        let outgoing = self.outgoing;
        tokio::spawn(async move {
            let mut response = None;
            for _ in 0..=GLARE_RETRIES {
                let header = Header::ContentType("application/sdp".into());
                response = dialog
                    .reinvite(Some(vec![header]), Some(sdp.clone().into_bytes()))
                    .await
                    .unwrap_or_else(|error| {
                        tracing::debug!(%error, "re-INVITE not sent");
                        None
                    });
                let glare = response
                    .as_ref()
                    .is_some_and(|response| response.status_code == StatusCode::RequestPending);
                if !glare {
                    break;
                }
                clock.sleep(glare_pause(outgoing)).await;
            }
            let _ = done.send(Done::Reoffered(sdp, response));
        });
    }

    /// Tells the engine; `false` when the dialog is no more at the far end (RFC 3261 §12.2.1.2).
    fn reanswered(&mut self, sdp: String, response: Option<Response>) -> bool {
        let status = response
            .as_ref()
            .map_or(408, |response| response.status_code.code());
        let outcome = match response {
            Some(response) if response.status_code.kind() == StatusCodeKind::Successful => {
                self.local_sdp = sdp;
                Ok(response.body)
            }
            _ => Err(status),
        };
        let _ = self.events.send(LegEvent::Reanswered(outcome));
        !matches!(status, 408 | 481)
    }
}

async fn accept_offer(handle: &TransactionHandle, sdp: Option<String>) {
    let (headers, body) = match sdp {
        Some(sdp) => (
            Some(vec![Header::ContentType("application/sdp".into())]),
            Some(sdp.into_bytes()),
        ),
        None => (None, None),
    };
    let _ = handle.respond(StatusCode::OK, headers, body).await;
}

/// RFC 3261 §14.1: who made the Call-ID waits longer, so that the two do not meet again.
fn glare_pause(outgoing: bool) -> Duration {
    let millis = if outgoing {
        rand::random_range(2100..=4000)
    } else {
        rand::random_range(10..=2000)
    };
    Duration::from_millis(millis)
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
