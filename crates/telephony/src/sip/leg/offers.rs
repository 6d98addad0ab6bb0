//! What is agreed anew within a dialog: re-INVITE and UPDATE, theirs and ours, and the session timer.

use std::time::Duration;

use chrono::TimeDelta;
use rsipstack::dialog::dialog::TransactionHandle;
use rsipstack::sip::{Header, Method, Request, Response, StatusCode, StatusCodeKind};
use tokio::sync::{mpsc, oneshot};

use super::super::LegEvent;
use super::super::secrecy;
use super::super::timer::{self, Asked, Refresher, SessionExpires, SessionTimer};
use super::Leg;

/// The engine answers a re-offer within this time, or the far end hears 500.
const OFFER_PATIENCE: Duration = Duration::from_secs(5);
/// A re-INVITE of ours that meets the far end's (491) is sent again so often.
const GLARE_RETRIES: u32 = 4;
/// A refresh that has to wait for another offer, or was refused for a while, is tried again after it.
const REFRESH_PAUSE: TimeDelta = TimeDelta::seconds(10);

/// What a task of the leg brings back.
pub(super) enum Done {
    /// The engine's answer to a re-offer of the far end, and what goes into the 2xx beside it.
    Answered(TransactionHandle, Asked, Result<String, u16>),
    /// The end of a re-INVITE of ours with this SDP.
    Reoffered(String, Option<Response>),
    /// The end of a refresh of ours.
    Refreshed(Option<Response>),
}

/// Which offer is on its way; there is never a second one (RFC 3261 §14).
#[derive(Default)]
pub(super) struct Pending {
    /// Theirs, at the engine.
    theirs: bool,
    /// Ours, at the far end.
    ours: bool,
    /// The next one of ours.
    pub(super) next: Option<String>,
}

impl Leg {
    /// A re-INVITE or UPDATE of the far end, answered through the engine.
    pub(super) async fn offered(
        &mut self,
        request: &Request,
        handle: TransactionHandle,
        pending: &mut Pending,
        done: &mpsc::UnboundedSender<Done>,
    ) {
        let asked = timer::asked(&request.headers);
        if asked == Asked::TooShort {
            let min = Header::Other("Min-SE".to_owned(), timer::MIN_SE.to_string());
            let status = StatusCode::from(422);
            let _ = handle.respond(status, Some(vec![min]), None).await;
            return;
        }
        if request.body.is_empty() {
            // UPDATE as a keep-alive; a re-INVITE without SDP asks for our offer: what stands.
            let body = (request.method == Method::Invite).then(|| self.local_sdp.clone());
            let agreed = self.agree(asked);
            accept(&handle, body, agreed).await;
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
        let offer = match secrecy::theirs(&request.body, self.srtp) {
            Ok(offer) => offer,
            Err(status) => {
                let _ = handle.reply(status.into()).await;
                return;
            }
        };
        pending.theirs = true;
        let (reply, answer) = oneshot::channel();
        let _ = self.events.send(LegEvent::Offer(offer, reply));
        let (clock, done) = (self.clock.clone(), done.clone());
        tokio::spawn(async move {
            let answer = match clock.timeout(OFFER_PATIENCE, answer).await {
                Ok(Ok(answer)) => answer,
                _ => Err(500),
            };
            // The leg may be over.
            let _ = done.send(Done::Answered(handle, asked, answer));
        });
    }

    /// Takes in what a task brought back; `false` when the dialog is no more at the far end
    /// (RFC 3261 §12.2.1.2).
    pub(super) async fn is_done(&mut self, done: Done, pending: &mut Pending) -> bool {
        match done {
            Done::Answered(handle, asked, Ok(answer)) => {
                pending.theirs = false;
                self.local_sdp.clone_from(&answer);
                let agreed = self.agree(asked);
                accept(&handle, Some(answer), agreed).await;
                true
            }
            Done::Answered(handle, _, Err(status)) => {
                pending.theirs = false;
                let _ = handle.reply(status.into()).await;
                true
            }
            Done::Reoffered(sdp, response) => {
                pending.ours = false;
                self.reanswered(sdp, response)
            }
            Done::Refreshed(response) => {
                pending.ours = false;
                self.refreshed(response.as_ref())
            }
        }
    }

    /// Sends our next offer when none is on its way.
    pub(super) fn reoffer(&self, pending: &mut Pending, done: &mpsc::UnboundedSender<Done>) {
        // What comes too early waits for the 200.
        if pending.ours || pending.theirs || !self.dialog.state().is_confirmed() {
            return;
        }
        let Some(sdp) = pending.next.take() else {
            return;
        };
        pending.ours = true;
        let (dialog, clock, done) = (self.dialog.clone(), self.clock.clone(), done.clone());
        let outgoing = self.outgoing;
        let sdp = secrecy::our_offer(sdp, self.srtp);
        let mut headers = vec![Header::ContentType("application/sdp".into())];
        headers.extend(self.refresh_headers());
        tokio::spawn(async move {
            let mut response = None;
            for _ in 0..=GLARE_RETRIES {
                let body = sdp.clone().into_bytes();
                let sent = dialog.reinvite(Some(headers.clone()), Some(body)).await;
                response = sent.unwrap_or_else(|error| {
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

    fn reanswered(&mut self, sdp: String, response: Option<Response>) -> bool {
        let status = status_of(response.as_ref());
        let outcome = match response {
            Some(response) if is_success(&response) => {
                if self.timer != SessionTimer::Off {
                    self.timer = SessionTimer::answered(&response.headers, self.clock.now());
                }
                let answer = secrecy::theirs(&response.body, self.srtp);
                if answer.is_err() {
                    // It took a voice that is not secret: there is nothing to go back to.
                    let _ = self.events.send(LegEvent::Reanswered(answer));
                    return false;
                }
                self.local_sdp = sdp;
                answer
            }
            _ => Err(status),
        };
        let _ = self.events.send(LegEvent::Reanswered(outcome));
        !matches!(status, 408 | 481)
    }

    /// What a 2xx of ours says of the session timer; it runs from now on.
    pub(super) fn agree(&mut self, asked: Asked) -> Vec<Header> {
        let Asked::Agreed(expires, require) = asked else {
            self.timer = SessionTimer::Off;
            return Vec::new();
        };
        let we_refresh = expires.refresher == Some(Refresher::Uas);
        self.timer = SessionTimer::agreed(expires, we_refresh, self.clock.now());
        let mut headers = vec![expires.header(), Header::Supported("timer".into())];
        if require {
            headers.push(Header::Require("timer".into()));
        }
        headers
    }

    /// The dialog stands: what the far end can, and the timer that its 200 agreed to.
    pub(super) fn agreed(&mut self, response: &Response) {
        if self.outgoing {
            self.updates = timer::lists(&response.headers, &["Allow"], "UPDATE");
            self.timer = SessionTimer::answered(&response.headers, self.clock.now());
        }
    }

    /// The timer has come: sends a refresh, or says `false`: the far end did not.
    pub(super) fn refresh(
        &mut self,
        pending: &mut Pending,
        done: &mpsc::UnboundedSender<Done>,
    ) -> bool {
        let SessionTimer::Refresh(_, seconds) = self.timer else {
            return false;
        };
        // Not twice: its outcome sets the timer.
        self.timer = SessionTimer::Refresh(self.clock.now() + REFRESH_PAUSE, seconds);
        if pending.ours || pending.theirs {
            return true;
        }
        pending.ours = true;
        let mut headers = self.refresh_headers();
        let (dialog, done) = (self.dialog.clone(), done.clone());
        let (updates, sdp) = (self.updates, self.local_sdp.clone());
        tokio::spawn(async move {
            let sent = if updates {
                dialog.update(Some(headers), None).await
            } else {
                // The same description changes nothing (RFC 4028 §7.4).
                headers.push(Header::ContentType("application/sdp".into()));
                dialog.reinvite(Some(headers), Some(sdp.into_bytes())).await
            };
            let response = sent.unwrap_or_else(|error| {
                tracing::debug!(%error, "session not refreshed");
                None
            });
            let _ = done.send(Done::Refreshed(response));
        });
        true
    }

    fn refreshed(&mut self, response: Option<&Response>) -> bool {
        let SessionTimer::Refresh(_, seconds) = self.timer else {
            return true;
        };
        let now = self.clock.now();
        match response {
            Some(response) if is_success(response) => {
                self.timer = SessionTimer::answered(&response.headers, now);
            }
            Some(response) if response.status_code.code() == 422 => {
                let longer = timer::min_se(&response.headers).unwrap_or(seconds);
                self.timer = SessionTimer::Refresh(now, longer.max(seconds).saturating_add(1));
            }
            _ => return !matches!(status_of(response), 408 | 481),
        }
        true
    }

    fn refresh_headers(&self) -> Vec<Header> {
        let (seconds, refresher) = match self.timer {
            SessionTimer::Off => return Vec::new(),
            SessionTimer::Refresh(_, seconds) => (seconds, Refresher::Uac),
            SessionTimer::Watch(_) => (timer::WANTED, Refresher::Uas),
        };
        let expires = SessionExpires {
            seconds,
            refresher: Some(refresher),
        };
        vec![expires.header(), Header::Supported("timer".into())]
    }
}

async fn accept(handle: &TransactionHandle, sdp: Option<String>, mut headers: Vec<Header>) {
    if sdp.is_some() {
        headers.push(Header::ContentType("application/sdp".into()));
    }
    let body = sdp.map(String::into_bytes);
    let _ = handle.respond(StatusCode::OK, Some(headers), body).await;
}

fn is_success(response: &Response) -> bool {
    response.status_code.kind() == StatusCodeKind::Successful
}

/// No answer at all is 408.
fn status_of(response: Option<&Response>) -> u16 {
    response.map_or(408, |response| response.status_code.code())
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
