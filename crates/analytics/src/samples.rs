//! What the quality checks say, asked of whoever keeps them.

use futures::future::BoxFuture;
use kernel::problem::Result;
use uuid::Uuid;

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
}

/// The answers of a period that were checked (K-25).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answered {
    /// Contacts that were checked and answered at once.
    pub answers: i64,
    /// Of them with citations, each of a version that held.
    pub cited: i64,
}

/// What was grave in a period (K-31). What a sample with a fatal error and an upheld complaint both tell of is one event:
/// it counts as what told of it first, in the period of that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grave {
    /// Samples with a fatal error.
    pub errors: i64,
    /// Complaints that were upheld: those that a corrective action came of.
    pub complaints: i64,
}

/// Knows the checks of a period and a cut; `None` where nobody keeps them.
pub trait Samples: Send + Sync {
    /// The checks that became final in the period.
    fn sampled<'a>(
        &'a self,
        period: Period,
        cut: &'a Cut,
    ) -> BoxFuture<'a, Result<Option<Sampled>>>;

    /// The answers of the checks that became final in the period.
    fn answered<'a>(
        &'a self,
        period: Period,
        cut: &'a Cut,
    ) -> BoxFuture<'a, Result<Option<Answered>>>;

    /// What was grave in the period, of all or of one person's work.
    fn grave(&self, period: Period, person: Option<Uuid>) -> BoxFuture<'_, Result<Option<Grave>>>;
}
