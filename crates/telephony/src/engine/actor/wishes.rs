//! What people want done with the call: the floor is asked first where somebody else takes part.

use std::time::Duration;

use call_control::{AgentId, Party, Request};
use floor::PassTo;
use kernel::Problem;
use kernel::problem::unavailable;
use uuid::Uuid;

use super::{Actor, refusal};
use crate::engine::wish::{FromCall, Outside, Way, Wish};

/// The rules of outbound calls are asked and written down within it; the call hears nothing else meanwhile.
const GUARD_PATIENCE: Duration = Duration::from_secs(1);

impl Actor {
    pub(super) fn request(&mut self, request: Request) -> Result<(), Problem> {
        let now = self.now();
        let commands = self.call.request(request, now).map_err(refusal)?;
        self.carry_out(commands);
        Ok(())
    }

    pub(super) async fn wish(&mut self, wish: Wish) -> Result<(), Problem> {
        match wish {
            Wish::Consult(agent) => self.consult(agent).await,
            Wish::ConsultQueue(queue) => self.consult_queue(queue).await,
            Wish::ConsultNumber(to) => self.outside(to, Way::Consult).await,
            Wish::TransferOut(to) => self.outside(to, Way::Transfer).await,
            Wish::Pass(to) => self.pass(to).await,
            Wish::Supervise { supervisor, mode } => {
                let devices = self.devices(supervisor);
                self.request(Request::Supervise {
                    supervisor,
                    mode,
                    devices,
                })
            }
        }
    }

    pub(super) fn devices(&self, agent: AgentId) -> Vec<call_control::DeviceId> {
        let signaling = self.engine.signaling.get();
        let devices = signaling.map(|sip| sip.devices(agent)).unwrap_or_default();
        devices.iter().map(|device| device.device).collect()
    }

    async fn consult(&mut self, agent: AgentId) -> Result<(), Problem> {
        let staff_no = self.staff_no(agent);
        let request = Request::Consult(Party::Agent {
            agent,
            staff_no,
            devices: self.devices(agent),
        });
        self.call.may(&request, self.now()).map_err(refusal)?;
        let consult = self.engine.app.ids.next();
        self.engine.floor.consult(consult, agent).await?;
        self.consult = Some(consult);
        let done = self.request(request);
        if done.is_err() {
            self.consult = None;
            self.engine.floor.ended(consult).await;
        }
        done
    }

    /// The floor rings whom the queue gives, and tells this call of it by the consultation's id.
    async fn consult_queue(&mut self, queue: String) -> Result<(), Problem> {
        let request = Request::Consult(Party::Queue(queue.clone()));
        self.call.may(&request, self.now()).map_err(refusal)?;
        let consult = self.engine.app.ids.next();
        self.handle.also_known_as(consult, self.call.id());
        self.consult = Some(consult);
        let floor = self.engine.floor.clone();
        let mut done = floor.consult_queue(consult, self.work, queue).await;
        if done.is_ok() {
            done = self.request(request);
            if done.is_err() {
                floor.ended(consult).await;
            }
        }
        if done.is_err() {
            self.consult = None;
            self.handle.no_longer_known_as(consult);
        }
        done
    }

    pub(super) fn staff_no(&self, agent: AgentId) -> String {
        let signaling = self.engine.signaling.get();
        let devices = signaling.map(|sip| sip.devices(agent)).unwrap_or_default();
        devices
            .first()
            .map(|device| device.staff_no.clone())
            .unwrap_or_default()
    }

    /// A number outside is asked only if the rules of outbound calls allow it.
    async fn outside(&mut self, number: String, way: Way) -> Result<(), Problem> {
        let order = self.let_out(&number, way).await?;
        self.call_outside(number, (way, order)).await
    }

    /// Asks the rules of outbound calls; `None` where none are wired.
    pub(super) async fn let_out(&self, number: &str, way: Way) -> Result<Option<Uuid>, Problem> {
        self.call
            .may(&request_of(way), self.now())
            .map_err(refusal)?;
        let (Some(guard), Some(agent)) = (self.engine.guard.get().cloned(), self.call.agent())
        else {
            return Ok(None);
        };
        let asked = FromCall {
            call: self.call.id(),
            agent,
            to: self.to_outside(number.to_owned()),
            queue: self.counts_for(),
            way,
        };
        let clock = &self.engine.app.clock;
        let answer = clock.timeout(GUARD_PATIENCE, guard.let_out(asked)).await;
        let late = || {
            unavailable(
                "outbound_not_ready",
                "the rules of outbound calls do not answer",
            )
        };
        answer.map_err(|_| late())?.map(Some)
    }

    /// Calls what was let out.
    pub(super) async fn call_outside(
        &mut self,
        number: String,
        (way, order): (Way, Option<Uuid>),
    ) -> Result<(), Problem> {
        self.asked_number = Some(self.to_outside(number));
        let done = self.request(request_of(way));
        if done.is_err() {
            self.asked_number = None;
            if let (Some(guard), Some(order)) = (self.engine.guard.get().cloned(), order) {
                guard.not_called(order).await;
            }
        }
        done
    }

    pub(super) fn to_outside(&self, number: String) -> Outside {
        Outside {
            number,
            caller_id: self.shown(),
        }
    }

    /// The queue that the call counts for.
    fn counts_for(&self) -> String {
        self.row.queue.clone().unwrap_or_else(|| self.queue())
    }

    /// The number that is shown to whom this call calls: its queue's, else the one it came in on or went out with.
    pub(super) fn shown(&self) -> Option<String> {
        let rules = self.engine.floor.queue_rules(&self.counts_for());
        let own = rules.and_then(|rules| rules.caller_id);
        own.or_else(|| Some(self.row.hotline.clone()))
            .filter(|shown| !shown.is_empty())
    }

    async fn pass(&mut self, to: PassTo) -> Result<(), Problem> {
        self.call.may(&Request::Pass, self.now()).map_err(refusal)?;
        self.engine.floor.pass(self.work, to).await?;
        self.request(Request::Pass)
    }

    fn means_queue(&self, to: &str) -> bool {
        to == self.row.hotline || to == self.queue()
    }

    /// The transfer key of a desk phone, asked for by REFER: our own number means the queue, another one goes only where
    /// the rules of outbound calls allow, and nowhere without rules.
    pub(super) async fn phone_may_transfer(&self, to: &str) -> Option<Transfer> {
        if self.means_queue(to) {
            return Some(Transfer::ToQueue);
        }
        let order = self.let_out(to, Way::Transfer).await;
        let order = order
            .inspect_err(|problem| {
                tracing::info!(call = %self.call.id(), %problem, "transfer of a desk phone refused");
            })
            .ok()??;
        Some(Transfer::Out(order))
    }

    /// Carries it out.
    pub(super) async fn transfer_from_phone(
        &mut self,
        to: &str,
        transfer: Transfer,
    ) -> Result<(), Problem> {
        match transfer {
            Transfer::ToQueue => self.pass(PassTo::Queue(self.queue())).await,
            Transfer::Out(order) => {
                self.call_outside(to.to_owned(), (Way::Transfer, Some(order)))
                    .await
            }
        }
    }
}

/// A transfer that a desk phone may make.
pub(super) enum Transfer {
    ToQueue,
    /// To a number outside, as it was let out.
    Out(Uuid),
}

fn request_of(way: Way) -> Request {
    match way {
        Way::Consult => Request::Consult(Party::Number),
        Way::Transfer => Request::TransferOut,
    }
}
