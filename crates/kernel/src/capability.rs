//! What a capability hands to the server.

use utoipa_axum::router::OpenApiRouter;

use crate::evidence::Evidence;
use crate::waiting::WaitingKind;
use crate::{EventHandler, JobDef, Migration, PermissionDef};

/// One capability of the product: the server is the sum of them.
#[derive(Default)]
pub struct Capability {
    /// The crate's name.
    pub name: &'static str,
    /// Its tables.
    pub migrations: Vec<Migration>,
    /// Its rights.
    pub permissions: Vec<PermissionDef>,
    /// Its endpoints with their absolute paths.
    pub routes: OpenApiRouter<()>,
    /// What it does when something happened elsewhere.
    pub event_handlers: Vec<EventHandler>,
    /// What it does in its own time.
    pub jobs: Vec<JobDef>,
    /// What of it waits for somebody's decision.
    pub waiting: Vec<WaitingKind>,
    /// What of it proves clauses of the contract.
    pub evidence: Vec<Evidence>,
}
