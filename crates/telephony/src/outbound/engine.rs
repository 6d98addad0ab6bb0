//! The engine places outbound calls, and asks before it calls a number outside from a running call.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use kernel::problem::{Problem, Result};
use kernel::{Principal, Role};
use uuid::Uuid;

use super::place::place_by;
use super::within::Within;
use super::{Asked, Dialler, Outbound, OutboundOrder};
use crate::engine::{DeskPhoneRules, Engine, Outgoing, Outside, PhoneDial};
use crate::sip::Binding;

fn outgoing(order: OutboundOrder) -> Outgoing {
    Outgoing {
        agent: order.agent,
        to: Outside {
            number: order.number,
            caller_id: Some(order.caller_id).filter(|shown| !shown.is_empty()),
        },
        queue: order.queue,
        purpose: order.purpose,
    }
}

impl Dialler for Engine {
    fn call_out(&self, order: OutboundOrder) -> BoxFuture<'_, Result<Uuid>> {
        Box::pin(Engine::call_out(self, outgoing(order)))
    }
}

/// The purpose that a number dialled on a desk phone has.
const DESK_PHONE: &str = "desk_phone";

/// What a desk phone dials passes the same guard as a click: numbers, caps, hours, who will not be called.
struct DeskPhones(Outbound);

#[async_trait]
impl DeskPhoneRules for DeskPhones {
    async fn let_out(&self, phone: &Binding, number: &str, dial: PhoneDial) -> Result<(), Problem> {
        // Who proved the phone's secret; there is no session of the console behind it.
        let principal = Principal {
            user_id: phone.user_id,
            session_id: Uuid::nil(),
            username: phone.username.clone(),
            name: phone.username.clone(),
            staff_no: Some(phone.staff_no.clone()).filter(|number| !number.is_empty()),
            roles: vec![Role::Agent],
            queues: Vec::new(),
            must_change_password: false,
        };
        let asked = Asked {
            to: Some(number.to_owned()),
            purpose: DESK_PHONE.to_owned(),
            desk_phone: true,
            ..Asked::default()
        };
        let dial = move |order| dial(outgoing(order));
        place_by(&self.0, &principal, asked, dial).await?;
        Ok(())
    }
}

/// Wires all three.
pub(crate) fn wire(engine: &Engine, outbound: &Outbound) {
    outbound.attach_dialler(Arc::new(engine.clone()));
    engine.attach_desk_phones(Arc::new(DeskPhones(outbound.clone())));
    engine.attach_guard(Arc::new(Within(outbound.clone())));
}
