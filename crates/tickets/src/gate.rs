//! Wrap-up cannot end without a classification and a result.

use std::sync::Arc;
use std::time::Duration;

use floor::{WorkId, WrapUpGate};
use futures::future::BoxFuture;
use kernel::App;
use kernel::problem::{Result, refused};

use crate::contact::store::row;
use crate::contact::{State, events};

/// The floor knows of an answer before the call's journal has it on disk: so often the record is looked at again.
const LOOKS: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(50);

struct Gate {
    app: App,
}

/// What the floor asks before it ends a wrap-up; wired in `server`.
pub fn wrap_up_gate(app: &App) -> Arc<dyn WrapUpGate> {
    Arc::new(Gate { app: app.clone() })
}

impl Gate {
    async fn record(&self, work: WorkId) -> Result<Option<row::Model>> {
        let mut record = events::caught_up(&self.app, work).await?;
        for _ in 0..LOOKS {
            match &record {
                Some(begun) if begun.answered_at.is_none() && begun.standing()? == State::Draft => {
                    self.app.clock.sleep(BETWEEN).await;
                    record = events::caught_up(&self.app, work).await?;
                }
                _ => break,
            }
        }
        Ok(record)
    }
}

impl WrapUpGate for Gate {
    fn check(&self, work: WorkId) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.record(work).await? {
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
