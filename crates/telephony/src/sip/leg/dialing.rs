//! A call of ours on its way out: one trunk after the other, until one rings.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Clock;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Response};
use tokio::sync::oneshot;

use super::super::dialogs::{Dialogs, States};
use super::super::timer::{self, SessionExpires};
use crate::trunk::Srtp;
use crate::trunk::board::{Line, Place};

/// A trunk that says nothing at all for so long is taken as dead when there is another; the stack itself
/// would wait 32 s.
const PATIENCE: TimeDelta = TimeDelta::seconds(4);

/// An INVITE that was sent.
pub(in super::super) struct Attempt {
    pub dialog: InviteDialog,
    pub states: States,
    /// Its final response; `None` when it came to nothing without one.
    pub outcome: oneshot::Receiver<Option<Response>>,
}

/// Sends an INVITE.
fn send(dialogs: &Dialogs, option: InviteOption) -> rsipstack::Result<Attempt> {
    let (dialog, states, invited) = dialogs.invite(option)?;
    let (ended, outcome) = oneshot::channel();
    tokio::spawn(async move {
        let response = match invited.await {
            Ok(Ok((_, response))) => response,
            _ => None,
        };
        // The leg may be over.
        let _ = ended.send(response);
    });
    Ok(Attempt {
        dialog,
        states,
        outcome,
    })
}

/// The way to one trunk, or to a device.
#[derive(Clone)]
pub(in super::super) struct Way {
    /// For the log.
    pub trunk: String,
    pub option: InviteOption,
    pub srtp: Srtp,
    /// It asks for a session timer.
    pub timed: bool,
    /// The trunk, which has so many places; none for a device.
    pub line: Option<Arc<Line>>,
}

/// How often one trunk may want a longer session.
const LONGER: u32 = 2;

/// The ways that are left.
pub(in super::super) struct Dialing {
    dialogs: Dialogs,
    clock: Clock,
    ways: VecDeque<Way>,
    now: Option<Way>,
    /// The call's place on the trunk it goes over now.
    place: Option<Place>,
    longer: u32,
    /// Call-ID of the INVITE that was sent last.
    call_id: Option<String>,
    sent_at: DateTime<Utc>,
    heard: bool,
}

impl Dialing {
    pub(in super::super) fn new(dialogs: Dialogs, clock: Clock, ways: VecDeque<Way>) -> Self {
        Self {
            sent_at: clock.now(),
            dialogs,
            clock,
            ways,
            now: None,
            place: None,
            longer: 0,
            call_id: None,
            heard: false,
        }
    }

    /// Sends to the next trunk; `None` when there is none left.
    pub(in super::super) fn next(&mut self, status: u16) -> Option<Attempt> {
        while let Some(way) = self.ways.pop_front() {
            if status != 0 {
                tracing::info!(trunk = way.trunk, status, "call goes on over another trunk");
            }
            (self.longer, self.call_id) = (0, None);
            self.place = match &way.line {
                None => None,
                Some(line) => match line.place() {
                    // As many calls as it may have: the next one.
                    None => continue,
                    place => place,
                },
            };
            if let Some(attempt) = self.send(way, timer::WANTED) {
                return Some(attempt);
            }
        }
        None
    }

    /// Sends to the same trunk with a session that is long enough for it.
    pub(super) fn again_with(&mut self, min_se: u32) -> Option<Attempt> {
        if self.longer >= LONGER {
            return None;
        }
        self.longer += 1;
        let way = self.now.take()?;
        self.send(way, min_se.max(timer::WANTED))
    }

    fn send(&mut self, way: Way, session: u32) -> Option<Attempt> {
        let mut option = way.option.clone();
        // Asked again by the same trunk it is the same call (RFC 3261 §8.1.3.5).
        option.call_id.clone_from(&self.call_id);
        if way.timed {
            let expires = SessionExpires {
                seconds: session,
                refresher: None,
            };
            let min = if session == timer::WANTED {
                timer::MIN_SE
            } else {
                session
            };
            option.headers.get_or_insert_default().extend([
                Header::Supported("timer".into()),
                expires.header(),
                Header::Other("Min-SE".to_owned(), min.to_string()),
            ]);
        }
        match send(&self.dialogs, option) {
            Ok(attempt) => {
                self.now = Some(way);
                self.call_id = Some(attempt.dialog.id().call_id);
                self.sent_at = self.clock.now();
                self.heard = false;
                Some(attempt)
            }
            Err(error) => {
                tracing::warn!(trunk = way.trunk, %error, "INVITE not sent");
                None
            }
        }
    }

    /// The call's place on the trunk it goes over.
    pub(in super::super) fn place(&self) -> Option<Place> {
        self.place.clone()
    }

    /// The way it goes now.
    pub(in super::super) fn way(&self) -> Option<&Way> {
        self.now.as_ref()
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
