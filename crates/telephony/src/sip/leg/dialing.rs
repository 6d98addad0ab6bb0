//! A call of ours on its way out: one trunk after the other, until one rings.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Clock;
use rsipstack::dialog::dialog::DialogStateReceiver;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use tokio::sync::oneshot;

/// A trunk that says nothing at all for so long is taken as dead when there is another; the stack itself
/// would wait 32 s.
const PATIENCE: TimeDelta = TimeDelta::seconds(4);

/// An INVITE that was sent.
pub(in super::super) struct Attempt {
    pub dialog: InviteDialog,
    pub states: DialogStateReceiver,
    /// Says when it came to nothing without a response.
    pub failed: oneshot::Receiver<()>,
}

/// Sends an INVITE.
pub(in super::super) fn send(
    dialogs: &Arc<DialogLayer>,
    option: InviteOption,
) -> rsipstack::Result<Attempt> {
    let (states, state_events) = dialogs.new_dialog_state_channel();
    let (dialog, invited) = dialogs.do_invite_async(option, states)?;
    let (fail, failed) = oneshot::channel();
    tokio::spawn(async move {
        match invited.await {
            Ok(Ok((_, Some(_)))) => drop(fail),
            _ => {
                let _ = fail.send(());
            }
        }
    });
    Ok(Attempt {
        dialog,
        states: state_events,
        failed,
    })
}

/// The way to one trunk.
pub(in super::super) struct Way {
    /// For the log.
    pub trunk: String,
    pub option: InviteOption,
}

/// The ways that are left.
pub(in super::super) struct Dialing {
    dialogs: Arc<DialogLayer>,
    clock: Clock,
    ways: VecDeque<Way>,
    sent_at: DateTime<Utc>,
    heard: bool,
}

impl Dialing {
    pub(in super::super) fn new(
        dialogs: Arc<DialogLayer>,
        clock: Clock,
        ways: VecDeque<Way>,
    ) -> Self {
        Self {
            sent_at: clock.now(),
            dialogs,
            clock,
            ways,
            heard: false,
        }
    }

    /// Sends to the next trunk; `None` when there is none left.
    pub(in super::super) fn next(&mut self, status: u16) -> Option<Attempt> {
        while let Some(way) = self.ways.pop_front() {
            match send(&self.dialogs, way.option) {
                Ok(attempt) => {
                    tracing::info!(trunk = way.trunk, status, "call goes over a trunk");
                    self.sent_at = self.clock.now();
                    self.heard = false;
                    return Some(attempt);
                }
                Err(error) => tracing::warn!(trunk = way.trunk, %error, "INVITE not sent"),
            }
        }
        None
    }

    /// The trunk answers.
    pub(super) fn heard(&mut self) {
        self.heard = true;
    }

    /// When to try another; `None` when the trunk is there or there is no other.
    pub(super) fn impatient_at(&self) -> Option<DateTime<Utc>> {
        (!self.heard && !self.ways.is_empty()).then(|| self.sent_at + PATIENCE)
    }
}

/// Sleeps until then, or for ever.
pub(super) async fn until(clock: &Clock, at: Option<DateTime<Utc>>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending::<()>().await,
    }
}

/// Whether another trunk may do what one refused: it failed or is full, and the callee has not spoken.
pub(super) fn next_may_do_better(status: u16) -> bool {
    status == 408 || (500..600).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_callee_is_no_fault_of_the_trunk() {
        for status in [408, 500, 502, 503, 504] {
            assert!(next_may_do_better(status), "{status}");
        }
        for status in [403, 404, 480, 486, 487, 600, 603] {
            assert!(!next_may_do_better(status), "{status}");
        }
    }
}
