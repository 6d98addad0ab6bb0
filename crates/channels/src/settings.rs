//! The settings `channels`.

use kernel::App;
use kernel::problem::Result;
use serde::Deserialize;

/// How conversations are kept.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// Minutes without a word after which a talk is over.
    pub idle_minutes: u32,
    /// Minutes a requester waits for his agent's next word before the conversation goes back to its queue.
    pub unanswered_minutes: u32,
    /// Hours for which what was left takes what the requester adds.
    pub left_hours: u32,
    /// Attempts after which a message to a platform is given up.
    pub attempts: i32,
    /// New visitors from one address within ten minutes; more have to wait.
    pub visitors_per_address: usize,
    /// Messages of one visitor within ten seconds; more have to wait.
    pub messages_per_visitor: usize,
}

impl Settings {
    pub(crate) fn from_config(app: &App) -> Result<Self> {
        app.config.section("channels")
    }
}
