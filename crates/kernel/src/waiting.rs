//! What waits for somebody's decision. Each capability tells its own kinds; the console shows them as one list, so that
//! nobody looks in eight places for what is owed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Principal, Result};

/// Rows told of one kind at most; who has more waiting than this sees the first due.
pub const MOST: u64 = 200;

/// Something that waits for a decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Waiting {
    /// `article_change`, `ticket_sign_off` …
    pub kind: &'static str,
    /// Identifies it within its kind.
    pub id: Uuid,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// What it is called.
    pub title: String,
    /// Code of the purchaser's section it goes to.
    pub section: Option<String>,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// When the decision is due; null where no clock runs.
    pub due_at: Option<DateTime<Utc>>,
    /// The console's page where it is read and decided.
    pub page: String,
    /// What says yes with nothing to add; null where more than a yes is asked for.
    pub consent: Option<Consent>,
}

/// A `POST` that says yes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Consent {
    /// The door.
    pub path: String,
    /// What is sent.
    #[schema(value_type = Object)]
    pub body: Value,
}

type Tell = Arc<dyn Fn(Principal) -> BoxFuture<'static, Result<Vec<Waiting>>> + Send + Sync>;

/// One kind of decision.
#[derive(Clone)]
pub struct WaitingKind {
    /// `article_change`; never changes.
    pub code: &'static str,
    /// What waits for this person, the first due first, [`MOST`] at most; nothing for who may not decide.
    pub tell: Tell,
}

impl WaitingKind {
    /// A kind of decision.
    pub fn new<F, Fut>(code: &'static str, tell: F) -> Self
    where
        F: Fn(Principal) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<Waiting>>> + Send + 'static,
    {
        Self {
            code,
            tell: Arc::new(move |principal| Box::pin(tell(principal))),
        }
    }
}
