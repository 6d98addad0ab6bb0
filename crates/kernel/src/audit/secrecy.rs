//! Rows of the trail that are kept from somebody who may read it: the evidence against himself.

use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use sea_orm::Condition;
use uuid::Uuid;

use crate::problem::Result;

/// Who knows which rows are kept from whom.
pub trait Secrecy: Send + Sync {
    /// A condition on [`entry::Column`](super::entry::Column) that leaves the rows `person` may see.
    fn seen_by(&self, person: Uuid) -> BoxFuture<'_, Result<Condition>>;
}

/// Where [`Secrecy`] is wired; everything is seen where nobody is.
#[derive(Clone, Default)]
pub struct Secrets(Arc<OnceLock<Arc<dyn Secrecy>>>);

impl Secrets {
    /// Names who knows; the first wiring stands.
    pub fn attach(&self, secrecy: Arc<dyn Secrecy>) {
        // A second one is a fault of the wiring without harm.
        let _ = self.0.set(secrecy);
    }

    /// A condition that leaves the rows `person` may see.
    pub async fn seen_by(&self, person: Uuid) -> Result<Condition> {
        match self.0.get() {
            Some(secrecy) => secrecy.seen_by(person).await,
            None => Ok(Condition::all()),
        }
    }
}
