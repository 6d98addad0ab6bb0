//! What people want done with the call: the floor is asked first where somebody else takes part.

use call_control::{AgentId, Party, Request};
use floor::PassTo;
use kernel::Problem;

use super::{Actor, PATIENCE, refusal};
use crate::engine::wish::{Outside, Wish};

impl Actor {
    pub(super) async fn request(&mut self, request: Request) -> Result<(), Problem> {
        let now = self.now();
        let commands = self.call.request(request, now).map_err(refusal)?;
        self.carry_out(commands).await;
        Ok(())
    }

    pub(super) async fn wish(&mut self, wish: Wish) -> Result<(), Problem> {
        match wish {
            Wish::Consult(agent) => self.consult(agent).await,
            Wish::ConsultQueue(queue) => self.consult_queue(queue).await,
            Wish::ConsultNumber(to) => self.outside(to, Request::Consult(Party::Number)).await,
            Wish::TransferOut(to) => self.outside(to, Request::TransferOut).await,
            Wish::Pass(to) => self.pass(to).await,
            Wish::Supervise { supervisor, mode } => {
                let devices = self.devices(supervisor);
                self.request(Request::Supervise {
                    supervisor,
                    mode,
                    devices,
                })
                .await
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
        let done = self.request(request).await;
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
            done = self.request(request).await;
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
    async fn outside(&mut self, to: Outside, request: Request) -> Result<(), Problem> {
        self.call.may(&request, self.now()).map_err(refusal)?;
        if let (Some(guard), Some(agent)) = (self.engine.guard.get().cloned(), self.call.agent()) {
            guard.check(agent, &to.number).await?;
        }
        self.asked_number = Some(to);
        let done = self.request(request).await;
        if done.is_err() {
            self.asked_number = None;
        }
        done
    }

    async fn pass(&mut self, to: PassTo) -> Result<(), Problem> {
        self.call.may(&Request::Pass, self.now()).map_err(refusal)?;
        self.engine.floor.pass(self.work, to).await?;
        self.request(Request::Pass).await
    }

    fn means_queue(&self, to: &str) -> bool {
        to == self.row.hotline || to == self.queue()
    }

    /// Whether a desk phone may send the call there: to the queue, or where the rules of outbound calls allow;
    /// nowhere without rules.
    pub(super) async fn phone_may_transfer(&self, to: &str) -> bool {
        if self.means_queue(to) {
            return true;
        }
        let (Some(guard), Some(agent)) = (self.engine.guard.get().cloned(), self.call.agent())
        else {
            return false;
        };
        let asked = guard.check(agent, to);
        let answer = self.engine.app.clock.timeout(PATIENCE, asked).await;
        matches!(answer, Ok(Ok(())))
    }

    /// The transfer key of a desk phone: our own number means the queue.
    pub(super) async fn transfer_from_phone(&mut self, to: &str) -> Result<(), Problem> {
        if self.means_queue(to) {
            return self.pass(PassTo::Queue(self.queue())).await;
        }
        self.asked_number = Some(Outside {
            number: to.to_owned(),
            caller_id: Some(self.row.hotline.clone()),
        });
        self.request(Request::TransferOut).await
    }
}
