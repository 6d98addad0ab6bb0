//! Wrap-up cannot end without a classification and a result.

use std::sync::Arc;

use floor::{WorkId, WrapUpGate};
use futures::future::BoxFuture;
use kernel::App;
use kernel::problem::{Result, refused};

use crate::contact::{State, events};

struct Gate {
    app: App,
}

/// What the floor asks before it ends a wrap-up; wired in `server`.
pub fn wrap_up_gate(app: &App) -> Arc<dyn WrapUpGate> {
    Arc::new(Gate { app: app.clone() })
}

impl WrapUpGate for Gate {
    fn check(&self, work: WorkId) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match events::until_answered(&self.app, work).await? {
                // Nobody talked to a requester, so there is nothing to write.
                Some(record) if record.answered_at.is_none() => Ok(()),
                Some(record) if record.standing()? == State::Draft => Err(refused(
                    "wrap_up_incomplete",
                    format!("the record of call {work} has no classification and result yet"),
                )
                .with_way_out(format!("POST /api/v1/contact-records/{work}/complete"))
                .with("call_id", work.to_string())),
                _ => Ok(()),
            }
        })
    }
}
