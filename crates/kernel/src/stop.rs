//! A graceful end: told by a signal, given ten seconds.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::App;

/// How long the tasks have to come to their end.
const PATIENCE: Duration = Duration::from_secs(10);

impl App {
    /// Waits for SIGTERM, SIGINT (Ctrl-C) or a stop from inside, and tells everyone to stop.
    pub async fn until_told_to_stop(&self) {
        let terminated = async {
            match signal(SignalKind::terminate()) {
                Ok(mut signals) => drop(signals.recv().await),
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = terminated => {}
            // An error means that there is no such signal to come.
            _ = tokio::signal::ctrl_c() => {}
            () = self.shutdown.cancelled() => {}
        }
        self.shutdown.cancel();
    }

    /// Waits for the tasks, at most ten seconds, and closes the database; `false` when some still ran.
    pub async fn stop(&self) -> bool {
        self.shutdown.cancel();
        self.tasks.close();
        let ended = self
            .clock
            .timeout(PATIENCE, self.tasks.wait())
            .await
            .is_ok();
        if !ended {
            tracing::warn!(
                left = self.tasks.len(),
                "tasks still run; not waiting longer"
            );
        }
        self.db.close().await;
        ended
    }
}
