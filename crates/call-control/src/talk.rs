//! The connected part of a call: staff number, talk, hold, mute, a device that goes and comes back.

use chrono::{DateTime, Utc};

use crate::call::{Call, State};
use crate::consult::Third;
use crate::supervise::Supervisor;
use crate::types::{
    AgentId, Command, DeviceId, Direction, EndedBy, Event, Gone, LegId, Outcome, Part, Path,
    Prompt, Refusal, Request,
};

/// Keys that may be pressed for an agent in one go.
const MOST_KEYS: usize = 32;

impl Call {
    /// The agent has the call: recording begins, the requester hears the staff number.
    pub(crate) fn connect(&mut self, now: DateTime<Utc>) {
        let (Some(_), Some(agent)) = (self.requester, self.agent) else {
            return;
        };
        self.times.answered_at.get_or_insert(now);
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
        self.bridged = true;
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
        if self.calling_back {
            self.dial(now);
        } else {
            self.connect(now);
        }
    }

    /// One recording for the whole call, whoever takes part (peers.md §5.2, 37).
    pub(crate) fn start_recording(&mut self) {
        if !std::mem::replace(&mut self.recording, true) {
            self.out.push(Command::StartRecording);
        }
    }

    /// Tells who hears whom, when that changed.
    pub(crate) fn connect_paths(&mut self) {
        if self.ended() {
            return;
        }
        let paths = self.paths();
        if paths != self.connected {
            self.out.push(Command::Connect(paths.clone()));
            self.connected = paths;
        }
    }

    /// Who hears whom as the call stands.
    fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        let mut hears = |ear: Option<LegId>, mouth: Option<LegId>| {
            if let (Some(ear), Some(mouth)) = (ear, mouth) {
                paths.push(Path { ear, mouth });
            }
        };
        if self.state == State::Dialling {
            hears(self.agent_leg, self.requester.filter(|_| self.early));
            return paths;
        }
        let agent = self.agent_leg;
        let voice = agent.filter(|_| !self.muted);
        let requester = self.requester.filter(|_| self.bridged);
        let with_third = self.third.as_ref().and_then(Third::talks_to_agent);
        let everybody = with_third.filter(|_| self.together());
        hears(requester, voice);
        hears(agent, requester);
        hears(with_third, voice);
        hears(agent, with_third);
        hears(self.requester.filter(|_| everybody.is_some()), everybody);
        hears(everybody, self.requester);
        if let Some((leg, mode)) = self.supervisor.as_ref().and_then(Supervisor::present) {
            let leg = Some(leg);
            hears(leg, self.requester);
            hears(leg, voice);
            hears(leg, with_third);
            let (to_agent, to_all) = mode.heard();
            hears(agent.filter(|_| to_agent), leg);
            hears(requester.filter(|_| to_all), leg);
            hears(everybody.filter(|_| to_all), leg);
        }
        paths.sort_unstable();
        paths
    }

    /// Brings requester and agent together, or the requester on hold where somebody wants that.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>) {
        let (Some(requester), Some(_)) = (self.requester, self.agent_leg) else {
            return;
        };
        let until = self.times.answered_at.unwrap_or(now) + self.limits.talk;
        if self.held_by_request || self.held_by_device || self.consulting() {
            if self.held_since.is_none() {
                self.held_since = Some(now);
                self.journal(Event::Held);
            }
            self.bridged = false;
            if self.state != State::Away {
                self.play(requester, Prompt::HoldMusic);
            }
            self.tell_floor_held(true);
            self.enter(State::Held, until);
        } else {
            if self.held_since.is_some() {
                self.hold_is_over(now);
                self.journal(Event::Resumed);
            }
            if matches!(self.state, State::Held | State::Away) {
                self.out.push(Command::StopPlaying(requester));
            }
            self.tell_floor_held(false);
            self.bridged = true;
            self.enter(State::Talking, until);
        }
    }

    fn tell_floor_held(&mut self, held: bool) {
        if self.floor_held != held {
            self.floor_held = held;
            self.out.push(Command::Held(held));
        }
    }

    pub(crate) fn wish(&mut self, request: Request, now: DateTime<Utc>) -> Result<(), Refusal> {
        match request {
            Request::HangUp => match self.state {
                State::OwnDevice => self.end(Outcome::NoAgentAnswer, EndedBy::Agent, now),
                State::Dialling => self.end(Outcome::Rejected, EndedBy::Agent, now),
                State::Announcing | State::Talking | State::Held | State::Away => {
                    self.agent_leaves(now);
                }
                _ => return Err(Refusal::NotTalking),
            },
            Request::Hold => {
                self.in_talk()?;
                if self.third.is_some() {
                    return Err(Refusal::ThirdHere);
                }
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
                if self.third.is_some() {
                    return Err(Refusal::ThirdHere);
                }
                if !self.held_by_request {
                    return Err(Refusal::NotHeld);
                }
                self.held_by_request = false;
                if self.state == State::Held && !self.held_by_device {
                    self.settle(now);
                }
            }
            Request::Mute | Request::Unmute => {
                self.in_talk()?;
                let mute = request == Request::Mute;
                if self.muted == mute {
                    return Err(if mute {
                        Refusal::AlreadyMuted
                    } else {
                        Refusal::NotMuted
                    });
                }
                self.muted = mute;
                self.journal(if mute { Event::Muted } else { Event::Unmuted });
            }
            Request::PauseRecording => self.pause_recording(now)?,
            Request::ResumeRecording => {
                self.paused_until.take().ok_or(Refusal::NotPaused)?;
                self.recording_resumes();
            }
            Request::Digits(keys) => self.press(&keys)?,
            Request::Consult(party) => self.consult(party, false, now)?,
            Request::TransferOut => self.consult(crate::Party::Number, true, now)?,
            Request::Swap => self.swap(now)?,
            Request::Join => self.join(now)?,
            Request::EndConsult => self.end_consult(now)?,
            Request::Complete => self.complete(now)?,
            Request::Pass => self.pass_on(now)?,
            Request::Supervise {
                supervisor,
                mode,
                devices,
            } => self.supervise(supervisor, mode, &devices, now)?,
            Request::SuperviseAs(mode) => self.supervise_as(mode)?,
            Request::EndSupervision => self.end_supervision()?,
            Request::TakeOver => self.take_over(now)?,
        }
        Ok(())
    }

    fn pause_recording(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.in_talk()?;
        if !self.recording || self.paused_until.is_some() {
            return Err(Refusal::NotRecording);
        }
        self.paused_until = Some(now + self.limits.pause);
        self.out.push(Command::PauseRecording(true));
        self.journal(Event::RecordingPaused);
        Ok(())
    }

    fn recording_resumes(&mut self) {
        self.out.push(Command::PauseRecording(false));
        self.journal(Event::RecordingResumed);
    }

    /// A pause that was forgotten ends by itself.
    pub(crate) fn pause_over(&mut self, now: DateTime<Utc>) {
        if self.paused_until.take_if(|until| *until <= now).is_some() {
            self.recording_resumes();
        }
    }

    fn press(&mut self, keys: &str) -> Result<(), Refusal> {
        self.in_talk()?;
        let allowed = |key: char| key.is_ascii_digit() || matches!(key, '*' | '#' | 'A'..='D');
        let count = keys.chars().count();
        if count == 0 || count > MOST_KEYS || !keys.chars().all(allowed) {
            return Err(Refusal::BadDigits);
        }
        let third = self.third.as_ref().and_then(Third::talks_to_agent);
        let Some(leg) = third.or(self.requester.filter(|_| self.bridged)) else {
            return Err(Refusal::NotTalking);
        };
        self.out.push(Command::SendDigits(leg, keys.to_owned()));
        self.journal(Event::DigitsSent {
            count: u32::try_from(count).unwrap_or(0),
        });
        Ok(())
    }

    pub(crate) fn in_talk(&self) -> Result<LegId, Refusal> {
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
            // Whom the agent talks to while he consults is said in the console.
            _ if self.third.is_some() => false,
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
            State::Announcing | State::Talking | State::Held => self.agent_leaves(now),
            State::Dialling => self.end(Outcome::Rejected, EndedBy::Agent, now),
            // Confirming: `connect` finds the leg gone.
            _ => {}
        }
    }

    /// The agent's part is over: a three-way call goes on without him, else the requester is asked to rate.
    fn agent_leaves(&mut self, now: DateTime<Utc>) {
        if self.leave_to_third(now) {
            return;
        }
        if self.line.survey && self.direction == Direction::Inbound && self.requester.is_some() {
            self.begin_survey(now);
        } else {
            self.end(Outcome::Answered, EndedBy::Agent, now);
        }
    }

    fn device_lost(&mut self, now: DateTime<Utc>) {
        self.bridged = false;
        if !self.together() {
            self.return_from_consult();
            if let (Some(requester), true) = (self.requester, self.state != State::Held) {
                self.play(requester, Prompt::HoldMusic);
            }
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
        self.invite(agent, device, Part::Reattach);
    }

    pub(crate) fn reattached(&mut self, now: DateTime<Utc>) {
        self.journal(Event::DeviceBack);
        self.settle(now);
    }

    pub(crate) fn number_answered(&mut self, now: DateTime<Utc>) {
        let (Some(agent_leg), Some(agent)) = (self.agent_leg, self.agent) else {
            return;
        };
        debug_assert_eq!(self.direction, Direction::Outbound);
        self.times.answered_at = Some(now);
        if !self.early {
            self.out.push(Command::StopPlaying(agent_leg));
        }
        if !self.calling_back {
            self.out.push(Command::Accepted(agent));
        }
        self.start_recording();
        self.journal(Event::Answered { agent });
        self.settle(now);
    }
}
