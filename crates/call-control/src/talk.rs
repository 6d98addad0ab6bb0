//! The connected part of a call: staff number, talk, hold, mute, a device that goes and comes back.

use chrono::{DateTime, Utc};

use crate::call::{Call, State};
use crate::types::{
    AgentId, Command, DeviceId, Direction, EndedBy, Event, Gone, LegId, Outcome, Prompt, Refusal,
    Request,
};

impl Call {
    /// The agent has the call: recording begins, the requester hears the staff number.
    pub(crate) fn connect(&mut self, now: DateTime<Utc>) {
        let (Some(_), Some(agent)) = (self.requester, self.agent) else {
            return;
        };
        self.times.answered_at = Some(now);
        if self.agent_leg.is_none() {
            // Picked up and gone before `floor` could confirm.
            self.journal(Event::Answered { agent });
            self.end(Outcome::Answered, EndedBy::Agent, now);
            return;
        }
        // Before the line that says so: what the journal knows of, a restart can repair.
        self.start_recording();
        self.journal(Event::Answered { agent });
        if self.staff_no.is_empty() {
            self.settle(now);
            return;
        }
        // Both hear it, so that the agent does not speak into it; from then on they hear each other.
        self.bridge();
        let legs = [self.requester, self.agent_leg];
        for leg in legs.into_iter().flatten() {
            self.play(leg, Prompt::StaffNumber(self.staff_no.clone()));
        }
        self.enter(State::Announcing, now + self.limits.prompt);
    }

    /// `floor` was silent for too long, which must not cost the requester the agent who picked up: the two
    /// are connected, and `floor` is told to count the call as his, whatever it did with it meanwhile.
    pub(crate) fn connect_unasked(&mut self, now: DateTime<Utc>) {
        let Some(agent) = self.agent else { return };
        (self.offered, self.taken, self.adopted) = (false, true, true);
        self.out.push(Command::Adopt(agent));
        self.connect(now);
    }

    fn bridge(&mut self) {
        let (Some(requester), Some(agent), false) = (self.requester, self.agent_leg, self.bridged)
        else {
            return;
        };
        self.bridged = true;
        self.out.push(Command::Bridge { requester, agent });
    }

    pub(crate) fn start_recording(&mut self) {
        self.recording = true;
        self.out.push(Command::StartRecording);
    }

    /// Brings requester and agent together, or the requester on hold where somebody wants that.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>) {
        let (Some(requester), Some(_)) = (self.requester, self.agent_leg) else {
            return;
        };
        let until = self.times.answered_at.unwrap_or(now) + self.limits.talk;
        if self.held_by_request || self.held_by_device {
            if self.held_since.is_none() {
                self.held_since = Some(now);
                self.journal(Event::Held);
            }
            if self.state != State::Away {
                self.unbridge();
                self.play(requester, Prompt::HoldMusic);
            }
            self.tell_floor_held(true);
            self.enter(State::Held, until);
        } else {
            if let Some(since) = self.held_since.take() {
                self.times.held_ms += (now - since).num_milliseconds().max(0);
                self.journal(Event::Resumed);
            }
            if matches!(self.state, State::Held | State::Away) {
                self.out.push(Command::StopPlaying(requester));
            }
            self.tell_floor_held(false);
            self.bridge();
            self.enter(State::Talking, until);
        }
    }

    fn tell_floor_held(&mut self, held: bool) {
        if self.floor_held != held {
            self.floor_held = held;
            self.out.push(Command::Held(held));
        }
    }

    pub(crate) fn unbridge(&mut self) {
        if std::mem::take(&mut self.bridged) {
            self.out.push(Command::Unbridge);
        }
    }

    pub(crate) fn wish(&mut self, request: Request, now: DateTime<Utc>) -> Result<(), Refusal> {
        match request {
            Request::HangUp => {
                let outcome = match self.state {
                    State::OwnDevice => Outcome::NoAgentAnswer,
                    State::Dialling => Outcome::Rejected,
                    State::Announcing | State::Talking | State::Held | State::Away => {
                        Outcome::Answered
                    }
                    _ => return Err(Refusal::NotTalking),
                };
                self.end(outcome, EndedBy::Agent, now);
            }
            Request::Hold => {
                self.in_talk()?;
                if self.held_by_request {
                    return Err(Refusal::AlreadyHeld);
                }
                self.held_by_request = true;
                if self.state == State::Talking {
                    self.settle(now);
                }
            }
            Request::Unhold => {
                self.in_talk()?;
                if !self.held_by_request {
                    return Err(Refusal::NotHeld);
                }
                self.held_by_request = false;
                if self.state == State::Held && !self.held_by_device {
                    self.settle(now);
                }
            }
            Request::Mute | Request::Unmute => {
                let leg = self.in_talk()?;
                let mute = request == Request::Mute;
                if self.muted == mute {
                    return Err(if mute {
                        Refusal::AlreadyMuted
                    } else {
                        Refusal::NotMuted
                    });
                }
                self.muted = mute;
                self.out.push(Command::Mute(leg, mute));
                self.journal(if mute { Event::Muted } else { Event::Unmuted });
            }
        }
        Ok(())
    }

    fn in_talk(&self) -> Result<LegId, Refusal> {
        match (self.state, self.agent_leg) {
            (State::Announcing | State::Talking | State::Held, Some(leg)) => Ok(leg),
            _ => Err(Refusal::NotTalking),
        }
    }

    /// Hold by re-INVITE. Only the agent's counts: a requester who holds us just falls silent.
    pub(crate) fn leg_held(&mut self, leg: LegId, held: bool, now: DateTime<Utc>) {
        if self.agent_leg != Some(leg) || self.held_by_device == held {
            return;
        }
        self.held_by_device = held;
        let change = match self.state {
            State::Talking => held,
            State::Held => !held && !self.held_by_request,
            // Announcing: `settle` looks at it when the staff number was read out.
            _ => false,
        };
        if change {
            self.settle(now);
        }
    }

    pub(crate) fn agent_gone(&mut self, why: Gone, now: DateTime<Utc>) {
        match self.state {
            State::Announcing | State::Talking | State::Held if why != Gone::HungUp => {
                self.device_lost(now);
            }
            State::Announcing | State::Talking | State::Held => {
                self.end(Outcome::Answered, EndedBy::Agent, now);
            }
            State::Dialling => self.end(Outcome::Rejected, EndedBy::Agent, now),
            // Confirming: `connect` finds the leg gone.
            _ => {}
        }
    }

    fn device_lost(&mut self, now: DateTime<Utc>) {
        self.unbridge();
        if let (Some(requester), true) = (self.requester, self.state != State::Held) {
            self.play(requester, Prompt::HoldMusic);
        }
        // The hold of a device ends with the device. Mute is the agent's own wish and stays: he does not
        // expect to be heard after a reload.
        self.held_by_device = false;
        self.tell_floor_held(true);
        self.journal(Event::DeviceLost);
        self.enter(State::Away, now + self.limits.grace);
    }

    pub(crate) fn device_back(&mut self, agent: AgentId, device: DeviceId, now: DateTime<Utc>) {
        if self.state != State::Away
            || self.agent != Some(agent)
            || self.alerting.iter().any(|(_, d)| *d == device)
        {
            return;
        }
        if self.alerting.is_empty() {
            self.deadline = now + self.limits.reattach;
        }
        self.invite(agent, device, true);
    }

    pub(crate) fn reattached(&mut self, now: DateTime<Utc>) {
        self.journal(Event::DeviceBack);
        if let (Some(leg), true) = (self.agent_leg, self.muted) {
            self.out.push(Command::Mute(leg, true));
        }
        self.settle(now);
    }

    pub(crate) fn number_answered(&mut self, now: DateTime<Utc>) {
        let (Some(agent_leg), Some(agent)) = (self.agent_leg, self.agent) else {
            return;
        };
        debug_assert_eq!(self.direction, Direction::Outbound);
        self.times.answered_at = Some(now);
        self.out.push(Command::StopPlaying(agent_leg));
        self.out.push(Command::Accepted(agent));
        self.start_recording();
        self.journal(Event::Answered { agent });
        self.settle(now);
    }
}
