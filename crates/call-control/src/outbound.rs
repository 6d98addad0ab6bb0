//! Calls that an agent places: the agent's own device first, then the number.
//!
//! `floor` is asked first (`began`); only an agent it lets begin gets a call, and every such call ends
//! with `TalkEnded`.

use chrono::{DateTime, Utc};

use crate::call::{Call, State};
use crate::types::{
    AgentId, CallId, Command, DeviceId, Direction, EndedBy, Event, Limits, Outcome, Part, Prompt,
};

impl Call {
    /// Click-to-call: alert the agent's own devices, then call the number.
    pub fn click_to_call(
        id: CallId,
        agent: AgentId,
        devices: &[DeviceId],
        limits: Limits,
        now: DateTime<Utc>,
    ) -> (Self, Vec<Command>) {
        let mut call = Self::blank(
            id,
            Direction::Outbound,
            State::OwnDevice,
            limits,
            now + limits.own_device,
        );
        call.agent = Some(agent);
        call.taken = true;
        if devices.is_empty() {
            call.end(Outcome::NoAgentAnswer, EndedBy::System, now);
        } else {
            call.journal(Event::Ringing { agent });
            for device in devices {
                call.invite(agent, *device, Part::Agent);
            }
        }
        let commands = std::mem::take(&mut call.out);
        (call, commands)
    }

    /// Calls a requester back who kept his place in the queue: `floor` rings this agent for it, and when he
    /// takes it the number is called.
    pub fn call_back(
        id: CallId,
        agent: AgentId,
        devices: &[DeviceId],
        limits: Limits,
        now: DateTime<Utc>,
    ) -> (Self, Vec<Command>) {
        let (mut call, mut commands) = Self::click_to_call(id, agent, devices, limits, now);
        (call.calling_back, call.offered, call.taken) = (true, !call.ended(), false);
        if call.ended() {
            // Nothing of his can ring: the floor asks the next.
            commands.retain(|command| *command != Command::TalkEnded);
            commands.insert(0, Command::Declined(agent, crate::Declined::Unreachable));
        }
        (call, commands)
    }

    /// A number dialled on the agent's own phone: its leg, `LegId(0)`, is there already.
    pub fn agent_to_number(
        id: CallId,
        agent: AgentId,
        limits: Limits,
        now: DateTime<Utc>,
    ) -> (Self, Vec<Command>) {
        let mut call = Self::blank(id, Direction::Outbound, State::OwnDevice, limits, now);
        call.agent = Some(agent);
        call.taken = true;
        let leg = call.new_leg();
        call.agent_leg = Some(leg);
        call.out.push(Command::Answer(leg));
        call.dial(now);
        let commands = std::mem::take(&mut call.out);
        (call, commands)
    }

    pub(crate) fn dial(&mut self, now: DateTime<Utc>) {
        let Some(agent_leg) = self.agent_leg else {
            // Picked up and gone before the number could be called.
            self.end(Outcome::NoAgentAnswer, EndedBy::Agent, now);
            return;
        };
        let number = self.new_leg();
        self.requester = Some(number);
        self.out.push(Command::Dial(number));
        self.play(agent_leg, Prompt::Ringback);
        self.journal(Event::Dialled);
        self.enter(State::Dialling, now + self.limits.dial);
    }
}
