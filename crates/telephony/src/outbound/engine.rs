//! The engine places outbound calls, and asks before it calls a number outside from a running call.

use std::sync::Arc;

use futures::future::BoxFuture;
use kernel::problem::Result;
use uuid::Uuid;

use super::within::Within;
use super::{Dialler, Outbound, OutboundOrder};
use crate::engine::{Engine, Outgoing, Outside};

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

/// Wires both.
pub(crate) fn wire(engine: &Engine, outbound: &Outbound) {
    outbound.attach_dialler(Arc::new(engine.clone()));
    engine.attach_guard(Arc::new(Within(outbound.clone())));
}
