//! What the screens of visitors are told at once. Nothing is kept here: who comes back reads what he missed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::message::store::row as message;

/// News kept for a screen that reads slowly; one that falls behind reads the messages again.
const BEHIND: usize = 64;

/// What a visitor is told.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// A message.
    Message(Box<message::Model>),
    /// The conversation stands otherwise.
    State,
    /// The agent is typing until then.
    Typing(DateTime<Utc>),
    /// The agent has read up to there.
    Read(i64),
}

/// The screens that listen, by identity.
#[derive(Clone, Default)]
pub(crate) struct Hub {
    screens: Arc<Mutex<HashMap<Uuid, broadcast::Sender<News>>>>,
}

impl Hub {
    /// Tells every screen of a visitor; never waits.
    pub(crate) fn tell(&self, identity: Uuid, news: News) {
        let mut screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = screens.get(&identity)
            && sender.send(news).is_err()
        {
            // Nobody listens any more.
            screens.remove(&identity);
        }
    }

    /// Listens to what a visitor is told from now on.
    pub(crate) fn listen(&self, identity: Uuid) -> broadcast::Receiver<News> {
        let mut screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = screens
            .entry(identity)
            .or_insert_with(|| broadcast::channel(BEHIND).0);
        sender.subscribe()
    }
}
