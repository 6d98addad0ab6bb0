//! A supervisor in the call: listen, whisper, barge in, take over.

use chrono::{DateTime, Utc};

use crate::call::{Call, State};
use crate::types::{AgentId, Command, DeviceId, Event, LegId, Part, Refusal, Supervision};

/// The supervisor.
#[derive(Debug, Clone)]
pub(crate) struct Supervisor {
    user: AgentId,
    mode: Supervision,
    alerting: Vec<LegId>,
    leg: Option<LegId>,
    until: DateTime<Utc>,
}

impl Supervisor {
    pub(crate) fn deadline(&self) -> Option<DateTime<Utc>> {
        self.leg.is_none().then_some(self.until)
    }

    /// His leg, and how he takes part, once his device has answered.
    pub(crate) fn present(&self) -> Option<(LegId, Supervision)> {
        self.leg.map(|leg| (leg, self.mode))
    }
}

impl Supervision {
    /// Whether the agent hears the supervisor, and whether everybody does.
    pub(crate) const fn heard(self) -> (bool, bool) {
        match self {
            Self::Listen => (false, false),
            Self::Whisper => (true, false),
            Self::Barge => (true, true),
        }
    }

    /// The wire and database word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Whisper => "whisper",
            Self::Barge => "barge",
        }
    }
}

impl Call {
    /// Who supervises, and how, once his device has answered.
    pub fn supervised(&self) -> Option<(AgentId, Supervision)> {
        let supervisor = self.supervisor.as_ref()?;
        supervisor
            .present()
            .map(|(_, mode)| (supervisor.user, mode))
    }

    /// Who asked to supervise, whether his device has answered or not.
    pub fn supervisor(&self) -> Option<AgentId> {
        self.supervisor.as_ref().map(|supervisor| supervisor.user)
    }

    pub(crate) fn supervise(
        &mut self,
        user: AgentId,
        mode: Supervision,
        devices: &[DeviceId],
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let talking = matches!(
            self.state,
            State::Announcing | State::Talking | State::Held | State::Away
        );
        if !talking || self.agent == Some(user) {
            return Err(Refusal::NotTalking);
        }
        if self.supervisor.is_some() {
            return Err(Refusal::AlreadySupervised);
        }
        if devices.is_empty() {
            return Err(Refusal::NoDevice);
        }
        let alerting = devices
            .iter()
            .map(|device| self.ask_in(user, *device, Part::Supervise))
            .collect();
        self.supervisor = Some(Supervisor {
            user,
            mode,
            alerting,
            leg: None,
            until: now + self.limits.own_device,
        });
        Ok(())
    }

    pub(crate) fn supervisor_answered(&mut self, leg: LegId) -> bool {
        let Some(supervisor) = self.supervisor.as_mut() else {
            return false;
        };
        if supervisor.leg.is_some() || !supervisor.alerting.contains(&leg) {
            return false;
        }
        let others = std::mem::take(&mut supervisor.alerting);
        supervisor.leg = Some(leg);
        let (user, mode) = (supervisor.user, supervisor.mode);
        for other in others.into_iter().filter(|other| *other != leg) {
            self.out.push(Command::HangUp(other));
        }
        self.tell_supervision(user, mode);
        true
    }

    fn tell_supervision(&mut self, supervisor: AgentId, mode: Supervision) {
        self.out.push(Command::Supervising(supervisor, Some(mode)));
        self.journal(Event::Supervised { supervisor, mode });
    }

    /// A leg of the supervisor did not come up, or is gone.
    pub(crate) fn supervisor_gone(&mut self, leg: LegId) -> bool {
        let Some(supervisor) = self.supervisor.as_mut() else {
            return false;
        };
        if supervisor.leg == Some(leg) {
            supervisor.leg = None;
            let user = supervisor.user;
            self.supervisor = None;
            self.supervision_over(user);
            return true;
        }
        let Some(at) = supervisor.alerting.iter().position(|l| *l == leg) else {
            return false;
        };
        supervisor.alerting.remove(at);
        if supervisor.alerting.is_empty() {
            self.drop_supervisor();
        }
        true
    }

    pub(crate) fn supervisor_overdue(&mut self, now: DateTime<Utc>) {
        let overdue = self.supervisor.as_ref().and_then(Supervisor::deadline);
        if overdue.is_some_and(|until| until <= now) {
            self.drop_supervisor();
        }
    }

    /// Hangs the supervisor up.
    pub(crate) fn drop_supervisor(&mut self) {
        let Some(supervisor) = self.supervisor.take() else {
            return;
        };
        for leg in supervisor.alerting.iter().copied().chain(supervisor.leg) {
            self.out.push(Command::HangUp(leg));
        }
        if supervisor.leg.is_some() {
            self.supervision_over(supervisor.user);
        } else {
            self.out.push(Command::Supervising(supervisor.user, None));
        }
    }

    fn supervision_over(&mut self, supervisor: AgentId) {
        self.out.push(Command::Supervising(supervisor, None));
        self.journal(Event::SupervisionEnded { supervisor });
    }

    pub(crate) fn supervise_as(&mut self, mode: Supervision) -> Result<(), Refusal> {
        let supervisor = self.supervisor.as_mut().ok_or(Refusal::NotSupervised)?;
        if supervisor.leg.is_none() {
            return Err(Refusal::SupervisorNotReady);
        }
        if supervisor.mode != mode {
            supervisor.mode = mode;
            let user = supervisor.user;
            self.tell_supervision(user, mode);
        }
        Ok(())
    }

    pub(crate) fn end_supervision(&mut self) -> Result<(), Refusal> {
        if self.supervisor.is_none() {
            return Err(Refusal::NotSupervised);
        }
        self.drop_supervisor();
        Ok(())
    }

    /// The supervisor has the call; the agent's part is over, and so is the third's.
    pub(crate) fn take_over(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let supervisor = self.supervisor.as_ref().ok_or(Refusal::NotSupervised)?;
        let leg = supervisor.leg.ok_or(Refusal::SupervisorNotReady)?;
        let user = supervisor.user;
        self.supervisor = None;
        self.return_from_consult();
        let from = self.agent.replace(user);
        if let Some(agent_leg) = self.agent_leg.take() {
            self.out.push(Command::HangUp(agent_leg));
        }
        self.hang_up_alerting(None);
        if std::mem::take(&mut self.taken) {
            self.out.push(Command::TalkEnded);
        }
        // What `floor` was told of a hold went with its work.
        self.floor_held = false;
        self.takes_place(leg, now);
        self.out.push(Command::Supervising(user, None));
        self.journal(Event::TakenOver {
            supervisor: user,
            from,
        });
        self.settle(now);
        Ok(())
    }
}
