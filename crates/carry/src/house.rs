//! What this crate asks of the rest of the house; wired in the server.

use std::sync::Arc;

use documents::paper::Document;
use futures::future::BoxFuture;
use kernel::Forgets;
use kernel::problem::Result;

/// Recordings that were removed, and those that a hold keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingsRemoved {
    /// Removed.
    pub gone: u64,
    /// Kept as evidence.
    pub held: u64,
}

/// The rest of the house.
pub trait House: Send + Sync + 'static {
    /// What every capability can forget, the requesters' own columns last.
    fn forgets(&self) -> Vec<Forgets>;
    /// Removes every recording that no hold keeps, whatever its term.
    fn remove_recordings(&self) -> BoxFuture<'_, Result<RecordingsRemoved>>;
    /// A document as PDF; blocks while it is set.
    fn print(&self, document: &Document) -> Result<Vec<u8>>;
}

/// The house as it is handed around.
pub type TheHouse = Arc<dyn House>;
