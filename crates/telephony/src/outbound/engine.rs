//! The engine places outbound calls, and asks before it calls a number outside for a consultation or a transfer.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use kernel::problem::{Problem, Result};
use kernel::{App, Principal, Role, rule};
use uuid::Uuid;

use super::guard::Refusal;
use super::place::place_by;
use super::rules::{OutboundNumber, may_be_called};
use super::{Asked, Dialler, Outbound, OutboundOrder};
use crate::engine::{DeskPhoneRules, Engine, NumberGuard, Outgoing, Outside, PhoneDial};
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
pub(crate) fn wire(app: &App, engine: &Engine, outbound: &super::Outbound) {
    outbound.attach_dialler(Arc::new(engine.clone()));
    engine.attach_desk_phones(Arc::new(DeskPhones(outbound.clone())));
    engine.attach_guard(Arc::new(NumberRules(app.clone())));
}
