//! What the quality checks say, asked of whoever keeps them.

use futures::future::BoxFuture;
use kernel::problem::Result;

use crate::kpi::{Cut, Period};

/// The checks of a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sampled {
    /// Contacts that were checked and whose check stands.
    pub samples: i64,
    /// Of them without a fatal error and with the pass mark.
    pub passed: i64,
    /// Of them with a fatal error of business (业务).
    pub fatal_business: i64,
    /// Of them with a fatal error towards the requester (用户).
    pub fatal_customer: i64,
    /// Of them with a fatal error of compliance (合规).
    pub fatal_compliance: i64,
    /// Of them with any fatal error.
    pub fatal: i64,
    /// Answers that were checked against the knowledge (K-25).
    pub answers: i64,
    /// Of them cited, and by the version that held.
    pub cited: i64,
}

/// Knows the checks of a period and a cut; `None` where nobody keeps them.
pub trait Samples: Send + Sync {
    /// The checks that became final in the period.
    fn sampled<'a>(
        &'a self,
        period: Period,
        cut: &'a Cut,
    ) -> BoxFuture<'a, Result<Option<Sampled>>>;

    /// How many complaints were upheld in the period (K-31): those that a corrective action came of; `None` where nobody
    /// keeps them.
    fn upheld(&self, period: Period) -> BoxFuture<'_, Result<Option<i64>>>;
}
