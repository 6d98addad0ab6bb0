//! What the screens are told at once: server-sent events with ids, resumed by Last-Event-ID.

use std::sync::Arc;

use tokio::sync::broadcast;
use uuid::Uuid;

use crate::Clock;

/// Who may hear a live event; checked again for each event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Every signed-in user.
    Everyone,
    /// One user.
    User(Uuid),
    /// Who holds this permission code.
    Permission(&'static str),
}

/// One message to the screens.
#[derive(Debug, Clone)]
pub struct LiveEvent {
    /// Rises by one within the life of the process.
    pub seq: u64,
    /// Who may hear it.
    pub audience: Audience,
    /// `agent_state`, `queue`, `board`, `call` …
    pub kind: &'static str,
    /// What the screen needs.
    pub data: Arc<serde_json::Value>,
}

/// The hub of live events.
#[derive(Clone)]
pub struct Live {
    #[expect(dead_code, reason = "the ring buffer stamps with it")]
    clock: Clock,
    sender: broadcast::Sender<LiveEvent>,
    seq: Arc<std::sync::atomic::AtomicU64>,
}

impl Live {
    /// An empty hub.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            sender: broadcast::Sender::new(4096),
            seq: Arc::default(),
        }
    }

    /// Tells everyone in `audience`; never blocks.
    pub fn publish(&self, audience: Audience, kind: &'static str, data: serde_json::Value) {
        let seq = self.seq.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        // Nobody listening is no error.
        let _ = self.sender.send(LiveEvent {
            seq,
            audience,
            kind,
            data: Arc::new(data),
        });
    }
}
