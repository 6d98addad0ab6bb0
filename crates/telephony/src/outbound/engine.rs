//! The engine places outbound calls, and asks before it calls a number outside for a consultation or a transfer.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use kernel::problem::{Problem, Result};
use kernel::{App, rule};
use uuid::Uuid;

use super::guard::Refusal;
use super::rules::{OutboundNumber, may_be_called};
use super::{Dialler, OutboundOrder};
use crate::engine::{Engine, NumberGuard, Outgoing, Outside};

impl Dialler for Engine {
    fn call_out(&self, order: OutboundOrder) -> BoxFuture<'_, Result<Uuid>> {
        Box::pin(Engine::call_out(
            self,
            Outgoing {
                agent: order.agent,
                to: Outside {
                    number: order.number,
                    caller_id: Some(order.caller_id).filter(|shown| !shown.is_empty()),
                },
                queue: order.queue,
                purpose: order.purpose,
            },
        ))
    }
}

/// The rows that say which numbers may be called hold for consultations and transfers as well: no way round them
/// leads over a call that came in (peers.md §5.2, 33).
pub struct NumberRules(pub App);

#[async_trait]
impl NumberGuard for NumberRules {
    async fn check(&self, _agent: Uuid, number: &str) -> Result<(), Problem> {
        let refused = |why: Refusal| why.about("the call");
        let number = requesters::normalise(number).ok_or_else(|| refused(Refusal::NoNumber))?;
        let now = self.0.clock.now();
        let rows = rule::in_force::<OutboundNumber>(self.0.db.read(), now).await?;
        if may_be_called(&rows, &number) {
            Ok(())
        } else {
            Err(refused(Refusal::NotAllowed))
        }
    }
}

/// Wires both.
pub(crate) fn wire(app: &App, engine: &Engine, outbound: &super::Outbound) {
    outbound.attach_dialler(Arc::new(engine.clone()));
    engine.attach_guard(Arc::new(NumberRules(app.clone())));
}
