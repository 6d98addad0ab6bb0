//! The tasks without which the process is of no use: when one of them ends before the process is told to,
//! `/readyz` says so.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::App;

/// Which vital tasks have ended; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Vital(Arc<Mutex<BTreeSet<&'static str>>>);

impl Vital {
    /// One that has ended, if any.
    pub fn ended(&self) -> Option<&'static str> {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.first().copied()
    }
}

impl App {
    /// Runs a task that must not end, not even by a panic, before the process is told to stop.
    pub fn spawn_vital(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let running = self.tasks.spawn(task);
        let (vital, shutdown) = (self.vital.clone(), self.shutdown.clone());
        self.tasks.spawn(async move {
            let ended = running.await;
            if shutdown.is_cancelled() && ended.is_ok() {
                return;
            }
            tracing::error!(name, panicked = ended.is_err(), "a vital task ended");
            vital
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(name);
        });
    }
}
