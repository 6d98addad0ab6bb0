//! A call that is up, until one of its ends hangs up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rsipstack::dialog::dialog::{
    DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle,
};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use tokio_util::sync::CancellationToken;

use super::{End, Voice, sleep_until, within};

/// A vanished far end is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(2);

/// A dialog and its voice.
pub(crate) struct Talk {
    pub dialog: InviteDialog,
    pub dialogs: Arc<DialogLayer>,
    pub states: DialogStateReceiver,
    pub voice: Voice,
}

impl Talk {
    /// Talks until the other side hangs up, `stop` is called or `until` has come.
    pub async fn until_end(&mut self, until: Option<Instant>, stop: &CancellationToken) -> End {
        loop {
            // Whoever waited for the answer may have taken the news of the end with it.
            if let DialogState::Terminated(_, why) = self.dialog.state() {
                self.forget();
                return ended(&why);
            }
            let state = tokio::select! {
                state = self.states.recv() => state,
                () = stop.cancelled() => return self.hang_up().await,
                () = sleep_until(until) => return self.hang_up().await,
            };
            match state {
                Some(DialogState::Updated(_, request, reply)) => {
                    self.renegotiate(&request, reply).await;
                }
                Some(
                    DialogState::Info(_, _, reply)
                    | DialogState::Options(_, _, reply)
                    | DialogState::Notify(_, _, reply),
                ) => {
                    let _ = reply.reply(StatusCode::OK).await;
                }
                Some(DialogState::Refer(_, _, reply) | DialogState::Message(_, _, reply)) => {
                    let _ = reply.reply(StatusCode::Decline).await;
                }
                // An end is seen above.
                Some(_) => {}
                None => return End::NoReply,
            }
        }
    }

    /// Cancels, refuses or ends the call, whatever its state.
    pub async fn hang_up(&mut self) -> End {
        let _ = within(PATIENCE, self.dialog.hangup()).await;
        self.forget();
        End::HungUpHere
    }

    fn forget(&self) {
        self.dialogs.remove_dialog(&self.dialog.id());
    }

    /// Answers a re-INVITE or an UPDATE.
    async fn renegotiate(&mut self, request: &Request, reply: TransactionHandle) {
        let answer = if request.body.is_empty() {
            if request.method == Method::Update {
                // A sign of life.
                let _ = reply.reply(StatusCode::OK).await;
                return;
            }
            Ok(self.voice.offer())
        } else {
            self.voice.answer(&request.body)
        };
        let _ = match answer {
            Ok(sdp) => {
                reply
                    .respond(
                        StatusCode::OK,
                        Some(vec![sdp_header()]),
                        Some(sdp.into_bytes()),
                    )
                    .await
            }
            Err(_) => reply.reply(StatusCode::NotAcceptableHere).await,
        };
    }
}

/// The Content-Type of a description.
pub(crate) fn sdp_header() -> Header {
    Header::ContentType("application/sdp".into())
}

/// How a dialog that the other side ended came to its end.
pub(crate) fn ended(why: &TerminatedReason) -> End {
    match why {
        TerminatedReason::UacCancel | TerminatedReason::UacBye | TerminatedReason::UasBye => {
            End::HungUpThere
        }
        TerminatedReason::UasOther(status)
        | TerminatedReason::UacOther(status)
        | TerminatedReason::ProxyError(status) => End::Refused(status.code()),
        TerminatedReason::UasBusy | TerminatedReason::UacBusy => End::Refused(486),
        TerminatedReason::UasDecline => End::Refused(603),
        TerminatedReason::ProxyAuthRequired => End::Refused(407),
        TerminatedReason::Timeout => End::NoReply,
    }
}
