//! A third in the call: consultation, three-way call (三方通话), transfer.
//!
//! The requester never loses the line: until the third has answered the agent has the call, and who goes
//! while the third is still asked leaves it to the queue.
//!
//! A queue can be asked too: `floor` rings one agent after the other for it, as for a requester who waits, and says
//! whose the consultation is. Until then the third is nobody yet, whatever answered.

use chrono::{DateTime, Utc};

use crate::call::{Call, State};
use crate::types::{
    AgentId, Command, Declined, DeviceId, Event, LegId, Part, Party, Prompt, Refusal,
};

/// How the third takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// His devices ring.
    Asked,
    /// He talks to the agent, the requester hears music.
    Private,
    /// He hears music, the agent talks to the requester.
    Waiting,
    /// All three hear each other.
    Together,
}

/// The third.
#[derive(Debug, Clone)]
pub(crate) struct Third {
    /// The colleague; `None` = a number outside, or nobody of the queue yet.
    colleague: Option<AgentId>,
    /// The queue that is asked.
    queue: Option<String>,
    /// `floor` has yet to say that he who answered for the queue is the one.
    unconfirmed: bool,
    staff_no: String,
    stage: Stage,
    alerting: Vec<LegId>,
    leg: Option<LegId>,
    until: DateTime<Utc>,
    /// The call is his as soon as he answers.
    takes_over: bool,
}

impl Third {
    pub(crate) fn deadline(&self) -> Option<DateTime<Utc>> {
        (self.stage == Stage::Asked).then_some(self.until)
    }

    /// His leg, once the call can be left to him.
    fn ready(&self) -> Option<LegId> {
        self.leg.filter(|_| !self.unconfirmed)
    }

    /// His leg, if he and the agent hear each other.
    pub(crate) fn talks_to_agent(&self) -> Option<LegId> {
        self.leg
            .filter(|_| matches!(self.stage, Stage::Private | Stage::Together))
    }

    fn asked(&self) -> Option<AgentId> {
        self.colleague
    }
}

impl Call {
    /// The colleague who was asked in, and whether he has answered.
    pub fn consulted(&self) -> Option<(Option<AgentId>, bool)> {
        let third = self.third.as_ref()?;
        Some((third.colleague, third.leg.is_some()))
    }

    /// The queue that is asked, or that gave the third.
    pub fn consulted_queue(&self) -> Option<&str> {
        self.third.as_ref()?.queue.as_deref()
    }

    /// Whether all three hear each other.
    pub fn together(&self) -> bool {
        self.third
            .as_ref()
            .is_some_and(|third| third.stage == Stage::Together)
    }

    /// The requester waits because of the third.
    pub(crate) fn consulting(&self) -> bool {
        self.third
            .as_ref()
            .is_some_and(|third| matches!(third.stage, Stage::Asked | Stage::Private))
    }

    pub(crate) fn consult(
        &mut self,
        party: Party,
        takes_over: bool,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let agent_leg = self.in_talk()?;
        if self.state == State::Announcing {
            return Err(Refusal::NotTalking);
        }
        if self.third.is_some() {
            return Err(Refusal::ThirdHere);
        }
        let mut until = now + self.limits.consult;
        let mut alerting = Vec::new();
        let (mut colleague, mut queue, mut number) = (None, None, String::new());
        match party {
            Party::Agent { devices, .. } if devices.is_empty() => return Err(Refusal::NoDevice),
            Party::Agent {
                agent,
                staff_no,
                devices,
            } => {
                (colleague, number) = (Some(agent), staff_no);
                self.consulting_begins(colleague, None);
                for device in devices {
                    alerting.push(self.ask_in(agent, device, Part::Consult));
                }
            }
            Party::Number => {
                self.consulting_begins(None, None);
                let leg = self.new_leg();
                alerting.push(leg);
                self.out.push(Command::Dial(leg));
            }
            Party::Queue(asked) => {
                self.consulting_begins(None, Some(asked.clone()));
                queue = Some(asked);
                // `floor` gives up by the queue's rules; the agent may any time.
                until = now + self.limits.wait;
            }
        }
        self.third = Some(Third {
            colleague,
            queue,
            unconfirmed: false,
            staff_no: number,
            stage: Stage::Asked,
            alerting,
            leg: None,
            until,
            takes_over,
        });
        self.play(agent_leg, Prompt::Ringback);
        self.settle(now);
        Ok(())
    }

    fn consulting_begins(&mut self, asked: Option<AgentId>, queue: Option<String>) {
        self.journal(Event::Consulting { asked, queue });
    }

    /// The queue that is asked has an agent for it.
    pub(crate) fn ring_third(&mut self, agent: AgentId, staff_no: String, devices: &[DeviceId]) {
        // Else the consultation is over, of which `floor` hears by itself.
        let Some(third) = self.third.as_ref().filter(|third| third.queue.is_some()) else {
            return;
        };
        let his = third.colleague == Some(agent);
        if third.ready().is_some() || (his && (third.unconfirmed || !third.alerting.is_empty())) {
            return;
        }
        self.third_back_to_queue();
        if devices.is_empty() {
            let why = Declined::Unreachable;
            self.out.push(Command::ConsultDeclined(agent, why));
            return;
        }
        let legs = devices.iter();
        let alerting = legs
            .map(|device| self.ask_in(agent, *device, Part::Consult))
            .collect();
        if let Some(third) = self.third.as_mut() {
            (third.colleague, third.staff_no, third.alerting) = (Some(agent), staff_no, alerting);
        }
    }

    pub(crate) fn stop_ringing_third(&mut self, agent: AgentId) {
        if self.asks_for_queue(agent) {
            self.third_back_to_queue();
        }
    }

    pub(crate) fn third_confirmed(&mut self, agent: AgentId, confirmed: bool) {
        let waits = self.asks_for_queue(agent);
        let Some(third) = self
            .third
            .as_mut()
            .filter(|third| waits && third.unconfirmed)
        else {
            return;
        };
        if confirmed {
            third.unconfirmed = false;
        } else {
            self.third_back_to_queue();
        }
    }

    pub(crate) fn nobody_of_the_queue(&mut self, now: DateTime<Utc>) {
        let third = self.third.as_ref();
        if third.is_some_and(|third| third.queue.is_some() && third.ready().is_none()) {
            self.without_third(now);
        }
    }

    /// This agent is rung for the queue that is asked, or has answered and is not confirmed.
    fn asks_for_queue(&self, agent: AgentId) -> bool {
        let third = self.third.as_ref();
        third.is_some_and(|third| {
            third.queue.is_some() && third.colleague == Some(agent) && third.ready().is_none()
        })
    }

    /// Who was rung for the queue is let go; the agent waits for the next.
    fn third_back_to_queue(&mut self) {
        let Some(third) = self.third.as_mut() else {
            return;
        };
        let picked_up = third.leg.take();
        let legs = std::mem::take(&mut third.alerting);
        (third.colleague, third.unconfirmed, third.stage) = (None, false, Stage::Asked);
        for leg in legs.into_iter().chain(picked_up) {
            self.out.push(Command::HangUp(leg));
        }
        if let (Some(agent_leg), Some(_)) = (self.agent_leg, picked_up) {
            self.play(agent_leg, Prompt::Ringback);
        }
    }

    pub(crate) fn third_answered(&mut self, leg: LegId, now: DateTime<Utc>) -> bool {
        let Some(third) = self.third.as_mut() else {
            return false;
        };
        if third.stage != Stage::Asked || !third.alerting.contains(&leg) {
            return false;
        }
        let others = std::mem::take(&mut third.alerting);
        (third.leg, third.stage) = (Some(leg), Stage::Private);
        third.unconfirmed = third.queue.is_some();
        let (asked, takes_over) = (third.asked(), third.takes_over);
        for other in others.into_iter().filter(|other| *other != leg) {
            self.out.push(Command::HangUp(other));
        }
        if let Some(agent_leg) = self.agent_leg {
            self.out.push(Command::StopPlaying(agent_leg));
        }
        if let Some(agent) = asked {
            self.out.push(Command::ConsultAnswered(agent));
        }
        self.journal(Event::ConsultAnswered { asked });
        if takes_over {
            self.hand_to_third(now);
        }
        true
    }

    /// A leg of the third did not come up, or is gone.
    pub(crate) fn third_gone(&mut self, leg: LegId, why: Declined, now: DateTime<Utc>) -> bool {
        let Some(third) = self.third.as_mut() else {
            return false;
        };
        if third.leg == Some(leg) {
            third.leg = None;
        } else if let Some(at) = third.alerting.iter().position(|l| *l == leg) {
            third.alerting.remove(at);
            // A person who says no on one device means all of them.
            let said_no = matches!(why, Declined::Busy | Declined::Refused);
            if !said_no && !third.alerting.is_empty() {
                return true;
            }
            if let (Some(agent), true) = (third.colleague, third.queue.is_some()) {
                self.third_back_to_queue();
                self.out.push(Command::ConsultDeclined(agent, why));
                return true;
            }
        } else {
            return false;
        }
        self.without_third(now);
        true
    }

    pub(crate) fn third_overdue(&mut self, now: DateTime<Utc>) {
        let overdue = self.third.as_ref().and_then(Third::deadline);
        if overdue.is_some_and(|until| until <= now) {
            self.without_third(now);
        }
    }

    /// The third is let go and the agent is back with the requester.
    fn without_third(&mut self, now: DateTime<Utc>) {
        let together = self.together();
        if let (Some(agent_leg), true) = (self.agent_leg, self.consulting()) {
            self.out.push(Command::StopPlaying(agent_leg));
        }
        self.return_from_consult();
        match self.state {
            State::Talking | State::Held => self.settle(now),
            // The two of them talked while the agent's device was away.
            State::Away if together => {
                if let Some(requester) = self.requester {
                    self.play(requester, Prompt::HoldMusic);
                }
            }
            _ => {}
        }
    }

    /// Lets the third go; where the requester is, is for the caller to say.
    pub(crate) fn return_from_consult(&mut self) {
        if let Some(asked) = self.drop_third() {
            self.journal(Event::ConsultEnded { asked });
        }
    }

    /// Hangs the third up, whatever he was doing; says who it was.
    #[expect(clippy::option_option, reason = "no third, or one outside")]
    pub(crate) fn drop_third(&mut self) -> Option<Option<AgentId>> {
        let third = self.third.take()?;
        for leg in third.alerting.iter().copied().chain(third.leg) {
            self.out.push(Command::HangUp(leg));
        }
        match third.colleague {
            Some(agent) if third.queue.is_none() || third.leg.is_some() => {
                self.out.push(Command::ConsultEnded(agent));
            }
            _ if third.queue.is_some() => self.out.push(Command::ConsultWithdrawn),
            _ => {}
        }
        Some(third.asked())
    }

    pub(crate) fn end_consult(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.in_talk()?;
        if self.third.is_none() {
            return Err(Refusal::NoThird);
        }
        self.without_third(now);
        Ok(())
    }

    /// The third's leg; an error until he has answered.
    fn third_leg(&self) -> Result<LegId, Refusal> {
        self.in_talk()?;
        let third = self.third.as_ref().ok_or(Refusal::NoThird)?;
        third.ready().ok_or(Refusal::ThirdNotReady)
    }

    fn enter_stage(&mut self, stage: Stage) {
        if let Some(third) = &mut self.third {
            third.stage = stage;
        }
    }

    fn stage(&self) -> Option<Stage> {
        self.third.as_ref().map(|third| third.stage)
    }

    pub(crate) fn swap(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let leg = self.third_leg()?;
        match self.stage() {
            Some(Stage::Private) => {
                self.enter_stage(Stage::Waiting);
                self.play(leg, Prompt::HoldMusic);
            }
            Some(Stage::Waiting) => {
                self.enter_stage(Stage::Private);
                self.out.push(Command::StopPlaying(leg));
            }
            _ => return Err(Refusal::Together),
        }
        self.journal(Event::Swapped);
        self.settle(now);
        Ok(())
    }

    pub(crate) fn join(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let leg = self.third_leg()?;
        match self.stage() {
            Some(Stage::Together) | None => return Err(Refusal::Together),
            Some(Stage::Waiting) => self.out.push(Command::StopPlaying(leg)),
            Some(_) => {}
        }
        self.enter_stage(Stage::Together);
        self.held_by_request = false;
        self.journal(Event::Joined);
        self.settle(now);
        Ok(())
    }

    pub(crate) fn complete(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.third_leg()?;
        self.hand_to_third(now);
        Ok(())
    }

    /// The agent is gone, by his own doing or for good: who is left goes on. `false` = nobody is.
    pub(crate) fn leave_to_third(&mut self, now: DateTime<Utc>) -> bool {
        match &self.third {
            None => false,
            Some(third) if third.ready().is_some() => {
                self.hand_to_third(now);
                true
            }
            Some(_) => {
                self.return_from_consult();
                if self.requester.is_none() || !self.taken {
                    return false;
                }
                self.out.push(Command::Pass);
                self.wait_again(now);
                true
            }
        }
    }

    /// The third has the agent's place.
    fn hand_to_third(&mut self, now: DateTime<Utc>) {
        let Some(third) = self.third.take() else {
            return;
        };
        let Some(leg) = third.leg else { return };
        let from = self.agent;
        if let Some(agent_leg) = self.agent_leg.take() {
            self.out.push(Command::HangUp(agent_leg));
        }
        self.hang_up_alerting(None);
        match (third.colleague, self.taken) {
            (Some(to), true) => self.out.push(Command::HandOver(to)),
            (Some(to), false) => {
                // Nobody's work so far: an outside number or a supervisor had the call.
                self.out.push(Command::ConsultEnded(to));
                self.out.push(Command::Adopt(to));
                self.taken = true;
            }
            (None, taken) => {
                if taken {
                    self.out.push(Command::TalkEnded);
                }
                self.taken = false;
                self.floor_held = false;
            }
        }
        self.agent = third.colleague;
        self.staff_no = third.staff_no;
        self.takes_place(leg, now);
        self.journal(Event::HandedOver {
            from,
            to: third.colleague,
        });
        if third.stage == Stage::Waiting {
            self.out.push(Command::StopPlaying(leg));
        }
        self.settle(now);
    }

    /// A leg that was beside the talk is now the agent's.
    pub(crate) fn takes_place(&mut self, leg: LegId, now: DateTime<Utc>) {
        self.agent_leg = Some(leg);
        self.out.push(Command::Replace(leg));
        self.muted = false;
        (self.held_by_request, self.held_by_device) = (false, false);
        // A wait in a consultation is over; `settle` says so.
        if self.state == State::Announcing {
            self.enter(State::Talking, now + self.limits.talk);
        }
    }

    /// The agent leaves the call to the queue.
    pub(crate) fn pass_on(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.in_talk()?;
        if !self.taken || self.state == State::Announcing {
            return Err(Refusal::NotTalking);
        }
        if self.third.is_some() {
            return Err(Refusal::ThirdHere);
        }
        self.wait_again(now);
        Ok(())
    }

    /// From a talk back into the queue: `floor` rings the next.
    fn wait_again(&mut self, now: DateTime<Utc>) {
        let (Some(requester), Some(from)) = (self.requester, self.agent.take()) else {
            return;
        };
        self.drop_supervisor();
        if let Some(leg) = self.agent_leg.take() {
            self.out.push(Command::HangUp(leg));
        }
        self.hang_up_alerting(None);
        self.hold_is_over(now);
        (self.held_by_request, self.held_by_device) = (false, false);
        (self.muted, self.bridged, self.floor_held) = (false, false, false);
        (self.offered, self.taken, self.adopted) = (true, false, false);
        self.calling_back = false;
        self.passed_at = Some(now);
        self.journal(Event::Passed { from });
        self.play(requester, Prompt::QueueMusic);
        self.enter(State::Queued, now + self.limits.wait);
    }
}
