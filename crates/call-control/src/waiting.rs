//! The wait in the queue: from joining it to the agent who is rung and confirmed, and how it ends without one.

use chrono::{DateTime, Utc};

use crate::call::{Call, State};
use crate::types::{
    AfterClosing, AgentId, Command, Declined, DeviceId, EndedBy, Event, Outcome, Part, Prompt,
};

impl Call {
    pub(crate) fn join_queue(&mut self, now: DateTime<Utc>) {
        let Some(requester) = self.requester else {
            return;
        };
        self.times.queued_at = Some(now);
        self.offered = true;
        self.play(requester, Prompt::QueueMusic);
        self.journal(Event::Queued);
        self.out.push(Command::Offer);
        self.enter(State::Queued, now + self.limits.wait);
    }

    pub(crate) fn ring(
        &mut self,
        agent: AgentId,
        staff_no: String,
        devices: &[DeviceId],
        now: DateTime<Utc>,
    ) {
        match self.state {
            State::Queued => {}
            // The next agent is rung for the kept place: this attempt is over.
            State::OwnDevice | State::Confirming
                if self.calling_back && self.agent != Some(agent) =>
            {
                self.offered = false;
                self.end(Outcome::NoAgentAnswer, EndedBy::System, now);
                return;
            }
            State::Ringing | State::Confirming if self.agent == Some(agent) => return,
            State::Ringing => self.back_to_queue(),
            State::Confirming if self.offered => self.back_to_queue(),
            // Connected while `floor` was silent: it will hear of it and stop that ring itself. To decline
            // would be laid at the door of the agent rung now.
            _ if self.adopted => return,
            _ => {
                // The offer and this call's life crossed: `floor` must not keep the agent ringing.
                if self.agent != Some(agent) {
                    self.out.push(Command::Declined(agent, Declined::Refused));
                }
                return;
            }
        }
        if devices.is_empty() {
            self.out
                .push(Command::Declined(agent, Declined::Unreachable));
            return;
        }
        self.agent = Some(agent);
        self.staff_no = staff_no;
        self.times.rung_at.get_or_insert(now);
        // First on paper, then on the wire: the console looks the call up as soon as it rings.
        self.journal(Event::Ringing { agent });
        for device in devices {
            self.invite(agent, *device, Part::Agent);
        }
        // The longest wait goes on counting: ringing is waiting.
        self.state = State::Ringing;
    }

    /// From ringing or an unconfirmed answer back to waiting; the place in the queue is `floor`'s.
    pub(crate) fn back_to_queue(&mut self) {
        self.hang_up_alerting(None);
        if let Some(leg) = self.agent_leg.take() {
            self.out.push(Command::HangUp(leg));
        }
        if let Some(agent) = self.agent.take() {
            self.journal(Event::RingEnded { agent });
        }
        if let Some(queued_at) = self.waiting_since() {
            self.enter(State::Queued, queued_at + self.limits.wait);
        }
    }

    /// Since when the requester waits: in the queue, or since he was passed on.
    pub(crate) fn waiting_since(&self) -> Option<DateTime<Utc>> {
        self.passed_at.or(self.times.queued_at)
    }

    pub(crate) fn confirmed(&mut self, now: DateTime<Utc>) {
        if self.calling_back {
            self.dial(now);
        } else {
            self.connect(now);
        }
    }

    pub(crate) fn not_confirmed(&mut self, now: DateTime<Utc>) {
        if self.calling_back {
            self.offered = false;
            self.end(Outcome::NoAgentAnswer, EndedBy::System, now);
            return;
        }
        self.back_to_queue();
        if !self.offered {
            // `floor` gave up while the device was answering.
            self.waited_too_long(now);
        }
    }

    pub(crate) fn waited_too_long(&mut self, now: DateTime<Utc>) {
        if self.state == State::Ringing {
            self.back_to_queue();
        }
        self.journal(Event::WaitedTooLong);
        self.withdraw();
        if let Some(requester) = self.requester {
            self.play(requester, Prompt::AllBusy);
        }
        let outcome = if self.times.answered_at.is_some() {
            Outcome::Answered
        } else {
            Outcome::NoAgentAnswer
        };
        self.enter(State::Farewell(outcome), now + self.limits.prompt);
    }

    /// Only who waits is concerned: whom an agent has answered once is served to the end, and a ring goes on.
    pub(crate) fn closing(&mut self, then: AfterClosing, now: DateTime<Utc>) {
        let (State::Queued, Some(requester)) = (self.state, self.requester) else {
            return;
        };
        if self.times.answered_at.is_some() || !std::mem::take(&mut self.offered) {
            return;
        }
        self.journal(Event::ClosedWhileWaiting);
        self.out.push(Command::GiveUp);
        self.line.message_box = then == AfterClosing::MessageBox;
        let (said, outcome) = match then {
            AfterClosing::MessageBox => (Prompt::Closing, Outcome::AfterHours),
            AfterClosing::CallBack => (Prompt::ClosingCallBack, Outcome::NoAgentAnswer),
            AfterClosing::End => (Prompt::Closing, Outcome::NoAgentAnswer),
        };
        self.play(requester, said);
        self.enter(State::Farewell(outcome), now + self.limits.prompt);
    }

    pub(crate) fn withdraw(&mut self) {
        if !std::mem::take(&mut self.offered) {
            return;
        }
        match self.agent.filter(|_| self.calling_back) {
            // The requester's place is kept: the next agent is rung for it.
            Some(agent) => self.out.push(Command::Declined(agent, Declined::NoAnswer)),
            None => self.out.push(Command::Withdraw),
        }
    }
}
