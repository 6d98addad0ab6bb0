//! What the engine watches for its calls: who registers, and whether the line is open.

use std::sync::PoisonError;
use std::time::Duration;

use floor::DeviceKind;
use tokio::sync::mpsc;

use super::{Engine, Message, lock};
use crate::sip::Registration;

/// So often it is looked whether the line closed while requesters wait.
const LOOK_AT_HOURS: Duration = Duration::from_secs(5);

impl Engine {
    /// Hears who registers: a call that waits for its agent's device learns that it is back, the floor
    /// learns who can be rung. Ends with the process: the stack, which tells, outlives it.
    pub(crate) async fn watch_registrations(
        self,
        mut changes: mpsc::UnboundedReceiver<Registration>,
    ) {
        let shutdown = self.0.app.shutdown.clone();
        loop {
            let change = tokio::select! {
                () = shutdown.cancelled() => return,
                change = changes.recv() => change,
            };
            let Some(change) = change else { return };
            let (user, here) = match change {
                Registration::Here { user_id, device } => (user_id, Some(device)),
                Registration::Gone { user_id, .. } => (user_id, None),
            };
            let Some(signaling) = self.0.signaling.get() else {
                continue;
            };
            // The console's softphone before the desk phone: that is where the agent looks.
            let devices = signaling.devices(user);
            let kind = [DeviceKind::Softphone, DeviceKind::DeskPhone]
                .into_iter()
                .find(|kind| devices.iter().any(|device| device.kind == *kind));
            if let Some(device) = here {
                let theirs: Vec<_> = self
                    .running()
                    .values()
                    .filter(|running| {
                        let standing = running
                            .standing
                            .read()
                            .unwrap_or_else(PoisonError::into_inner);
                        standing.agent == Some(user) && standing.answered
                    })
                    .map(|running| running.mailbox.clone())
                    .collect();
                for mailbox in theirs {
                    // A call that ends at this moment needs no device.
                    let _ = mailbox.send(Message::Here(user, device));
                }
            }
            // Asks no database: whom the floor does not know it looks up by itself.
            self.0.floor.reachable(user, kind).await;
        }
    }

    /// Tells the calls that wait when the line closes, and when it opens again. A calendar that does not answer
    /// closes nothing.
    pub(crate) async fn watch_hours(self) {
        let app = self.0.app.clone();
        while !app.shutdown.is_cancelled() {
            let now = app.clock.now();
            let by_calendar = match self.0.hours.get() {
                Some(hours) => {
                    let asked = hours.is_open(now);
                    app.clock
                        .timeout(LOOK_AT_HOURS, asked)
                        .await
                        .unwrap_or(true)
                }
                None => true,
            };
            let open = by_calendar && self.0.line.get().closed_by.is_none();
            let changed = {
                let mut since = lock(&self.0.closed_since);
                let changed = since.is_none() != open;
                if changed {
                    *since = (!open).then_some(now);
                }
                changed
            };
            if changed {
                for running in self.running().values() {
                    // A call that ends at this moment does not care.
                    let _ = running.mailbox.send(Message::Hours);
                }
            }
            tokio::select! {
                () = app.clock.sleep(LOOK_AT_HOURS) => {}
                () = app.shutdown.cancelled() => {}
            }
        }
    }
}
