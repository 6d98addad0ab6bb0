//! The call: its state, its legs, and the way from arrival to an agent.

use chrono::{DateTime, Utc};

use crate::consult::Third;
use crate::supervise::Supervisor;
use crate::types::{
    AgentId, CallId, Command, Declined, DeviceId, Direction, EndedBy, Event, Gone, Input, LegId,
    Limits, Line, Outcome, Part, Path, Prompt, Refusal, Request, Times,
};

/// Telephone keys of one call that are written down: more is a stuck key or somebody's game.
const DIGITS: u32 = 100;

/// Where a call stands. Every state but `Ended` has a deadline, so that no call is ever forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Inbound: the INVITE is here, nothing answered yet.
    Arriving,
    /// Inbound: the requester hears the greeting.
    Greeting,
    /// Inbound: the requester chooses in the menu.
    Menu,
    /// Inbound: the requester waits.
    Queued,
    /// Inbound: an agent is alerted, the requester still hears the queue music.
    Ringing,
    /// Inbound: a device answered, `floor` has yet to confirm.
    Confirming,
    /// Inbound: connected; both hear the staff number.
    Announcing,
    /// Requester and agent hear each other.
    Talking,
    /// The requester hears the hold music.
    Held,
    /// The agent's device is gone; the requester hears the hold music until it is back.
    Away,
    /// Inbound: the requester speaks into the message box.
    Message,
    /// The agent is gone, the requester is asked to rate.
    Survey,
    /// A last prompt plays, then the call ends with this outcome.
    Farewell(Outcome),
    /// Outbound: the agent's own device is alerted.
    OwnDevice,
    /// Outbound: the number is being called.
    Dialling,
    /// Over.
    Ended(Outcome),
}

impl State {
    /// The word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arriving => "arriving",
            Self::Greeting => "greeting",
            Self::Menu => "menu",
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::Confirming => "answered",
            Self::Announcing | Self::Talking => "talking",
            Self::Held => "held",
            Self::Away => "away",
            Self::Message => "message",
            Self::Survey => "survey",
            Self::Farewell(_) => "farewell",
            Self::OwnDevice => "own_device",
            Self::Dialling => "dialling",
            Self::Ended(_) => "ended",
        }
    }
}

/// One call, from its first leg to its one outcome. Does no IO and reads no clock.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one hidden state"
)]
pub struct Call {
    pub(crate) id: CallId,
    pub(crate) direction: Direction,
    pub(crate) limits: Limits,
    pub(crate) state: State,
    pub(crate) deadline: DateTime<Utc>,
    pub(crate) times: Times,
    /// The requester's leg while it lives.
    pub(crate) requester: Option<LegId>,
    /// Agent legs that were asked for and have not answered.
    pub(crate) alerting: Vec<(LegId, DeviceId)>,
    /// The agent's leg that answered, while it lives.
    pub(crate) agent_leg: Option<LegId>,
    /// The agent who is alerted, or who has the call.
    pub(crate) agent: Option<AgentId>,
    pub(crate) staff_no: String,
    pub(crate) next_leg: u32,
    /// `floor` has the call waiting, or has yet to say that it is the agent's.
    pub(crate) offered: bool,
    /// `floor` counts the call as this agent's work.
    pub(crate) taken: bool,
    /// The two were connected while `floor` was silent.
    pub(crate) adopted: bool,
    /// Telephone keys that stand in the journal.
    pub(crate) digits: u32,
    /// When an agent left the call to the queue.
    pub(crate) passed_at: Option<DateTime<Utc>>,
    pub(crate) held_by_request: bool,
    pub(crate) held_by_device: bool,
    pub(crate) held_since: Option<DateTime<Utc>>,
    /// What `floor` was last told about the hold.
    pub(crate) floor_held: bool,
    pub(crate) muted: bool,
    /// Requester and agent are to hear each other.
    pub(crate) bridged: bool,
    /// Who hears whom, as last told.
    pub(crate) connected: Vec<Path>,
    pub(crate) recording: bool,
    /// The recording is paused until then.
    pub(crate) paused_until: Option<DateTime<Utc>>,
    pub(crate) line: Line,
    /// The queue the requester chose.
    pub(crate) queue: Option<String>,
    /// A kept place in the queue is called back.
    pub(crate) calling_back: bool,
    /// He was told that he may be called back.
    pub(crate) callback_offered: bool,
    pub(crate) third: Option<Third>,
    pub(crate) supervisor: Option<Supervisor>,
    /// The number that is being called can be heard.
    pub(crate) early: bool,
    /// Who brought the end about, while a last prompt plays.
    pub(crate) leaving: Option<EndedBy>,
    pub(crate) message_since: Option<DateTime<Utc>>,
    pub(crate) out: Vec<Command>,
}

impl Call {
    /// An INVITE from a trunk. Its requester leg is `LegId(0)`; report `Arrived` when its media stands.
    pub fn inbound(id: CallId, limits: Limits, now: DateTime<Utc>) -> Self {
        let mut call = Self::blank(
            id,
            Direction::Inbound,
            State::Arriving,
            limits,
            now + limits.arrive,
        );
        call.requester = Some(call.new_leg());
        call
    }

    pub(crate) fn blank(
        id: CallId,
        direction: Direction,
        state: State,
        limits: Limits,
        deadline: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            direction,
            limits,
            state,
            deadline,
            times: Times::default(),
            requester: None,
            alerting: Vec::new(),
            agent_leg: None,
            agent: None,
            staff_no: String::new(),
            next_leg: 0,
            offered: false,
            taken: false,
            adopted: false,
            digits: 0,
            passed_at: None,
            held_by_request: false,
            held_by_device: false,
            held_since: None,
            floor_held: false,
            muted: false,
            bridged: false,
            connected: Vec::new(),
            recording: false,
            paused_until: None,
            line: Line::default(),
            queue: None,
            calling_back: false,
            callback_offered: false,
            third: None,
            supervisor: None,
            early: false,
            leaving: None,
            message_since: None,
            out: Vec::new(),
        }
    }

    /// The call's id.
    pub const fn id(&self) -> CallId {
        self.id
    }

    /// Who placed it.
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// Where it stands.
    pub const fn state(&self) -> State {
        self.state
    }

    /// Its times so far.
    pub const fn times(&self) -> Times {
        self.times
    }

    /// The agent who is alerted or has the call.
    pub const fn agent(&self) -> Option<AgentId> {
        self.agent
    }

    /// The requester's leg, while it lives.
    pub const fn requester_leg(&self) -> Option<LegId> {
        self.requester
    }

    /// The agent's answered leg, while it lives.
    pub const fn agent_leg(&self) -> Option<LegId> {
        self.agent_leg
    }

    /// Whether the agent is muted.
    pub const fn muted(&self) -> bool {
        self.muted
    }

    /// The queue the requester chose in the menu; `None` = the usual one.
    pub fn queue(&self) -> Option<&str> {
        self.queue.as_deref()
    }

    /// Whether the requester may leave a message next.
    pub const fn opens_message_box(&self) -> bool {
        self.line.message_box
    }

    /// Whether the recording is paused.
    pub const fn recording_paused(&self) -> bool {
        self.paused_until.is_some()
    }

    /// Whether the call is over.
    pub const fn ended(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// When to send `Input::Tick`; `None` only after the end.
    pub fn next_deadline(&self) -> Option<DateTime<Utc>> {
        if self.ended() {
            return None;
        }
        let third = self.third.as_ref().and_then(Third::deadline);
        let supervisor = self.supervisor.as_ref().and_then(Supervisor::deadline);
        let others = [third, supervisor, self.paused_until];
        let first = others.into_iter().flatten().min();
        Some(first.map_or(self.deadline, |first| first.min(self.deadline)))
    }

    /// Takes a fact and says what is to be done about it. Facts that come too late change nothing.
    pub fn handle(&mut self, input: Input, now: DateTime<Utc>) -> Vec<Command> {
        if !self.ended() {
            self.take(input, now);
            self.connect_paths();
        }
        std::mem::take(&mut self.out)
    }

    /// Takes an agent's wish, or says why it is refused.
    pub fn request(
        &mut self,
        request: Request,
        now: DateTime<Utc>,
    ) -> Result<Vec<Command>, Refusal> {
        if self.ended() {
            return Err(Refusal::Ended);
        }
        self.wish(request, now)?;
        self.connect_paths();
        Ok(std::mem::take(&mut self.out))
    }

    /// Whether a wish would be granted now.
    pub fn may(&self, request: &Request, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.clone().request(request.clone(), now).map(drop)
    }

    fn take(&mut self, input: Input, now: DateTime<Utc>) {
        match input {
            Input::Arrived { open } => self.arrived(open, now),
            Input::Line(line) => self.line = line,
            Input::Place(place) => self.say_place(place),
            Input::EarlyMedia(leg) => {
                if self.state == State::Dialling && self.requester == Some(leg) && !self.early {
                    self.early = true;
                    if let Some(agent) = self.agent_leg {
                        self.out.push(Command::StopPlaying(agent));
                    }
                }
            }
            Input::Refuse => self.refuse(Outcome::Rejected, now),
            Input::Block => self.refuse(Outcome::Blocked, now),
            Input::PromptEnded(leg) => {
                if self.requester == Some(leg) {
                    self.prompt_ended(now);
                }
            }
            Input::Ring {
                agent,
                staff_no,
                devices,
            } => self.ring(agent, staff_no, &devices, now),
            Input::StopRinging(agent) => {
                if self.agent != Some(agent) {
                    return;
                }
                match self.state {
                    State::Ringing => self.back_to_queue(),
                    State::OwnDevice if self.calling_back => {
                        self.offered = false;
                        self.end(Outcome::NoAgentAnswer, EndedBy::System, now);
                    }
                    // The ring was over for `floor` before it heard of the answer, which it will refuse;
                    // it may ring the next agent before it says so.
                    State::Confirming => self.not_confirmed(now),
                    _ => {}
                }
            }
            Input::ThirdRing {
                agent,
                staff_no,
                devices,
            } => self.ring_third(agent, staff_no, &devices),
            Input::ThirdStopRinging(agent) => self.stop_ringing_third(agent),
            Input::ThirdConfirmed(agent, confirmed) => self.third_confirmed(agent, confirmed),
            Input::ThirdGiveUp => self.nobody_of_the_queue(now),
            Input::Closing(then) => self.closing(then, now),
            Input::GiveUp => {
                self.offered = false;
                match self.state {
                    State::Queued | State::Ringing => self.waited_too_long(now),
                    State::OwnDevice if self.calling_back => {
                        self.end(Outcome::NoAgentAnswer, EndedBy::System, now);
                    }
                    _ => {}
                }
            }
            Input::Confirmed(agent) => {
                if self.agent == Some(agent) && self.state == State::Confirming {
                    (self.offered, self.taken) = (false, true);
                    self.confirmed(now);
                }
            }
            Input::NotConfirmed(agent) => {
                if self.agent == Some(agent) && self.state == State::Confirming {
                    self.not_confirmed(now);
                }
            }
            Input::LegAnswered(leg) => self.leg_answered(leg, now),
            Input::LegDeclined(leg, why) => self.leg_declined(leg, why, now),
            Input::LegGone(leg, why) => self.leg_gone(leg, why, now),
            Input::LegHeld(leg, held) => self.leg_held(leg, held, now),
            Input::DeviceBack { agent, device } => self.device_back(agent, device, now),
            Input::Digit(leg, digit) => self.digit(leg, digit, now),
            Input::Stop => self.end(Outcome::Interrupted, EndedBy::System, now),
            Input::Tick => {
                self.pause_over(now);
                self.third_overdue(now);
                self.supervisor_overdue(now);
                if !self.ended() && now >= self.deadline {
                    self.deadline_passed(now);
                }
            }
        }
    }

    fn arrived(&mut self, open: bool, now: DateTime<Utc>) {
        let (State::Arriving, Some(requester)) = (self.state, self.requester) else {
            return;
        };
        self.out.push(Command::Answer(requester));
        if open {
            self.play(requester, Prompt::Greeting);
            self.journal(Event::Greeted);
            self.enter(State::Greeting, now + self.limits.prompt);
        } else {
            self.play(requester, Prompt::AfterHours);
            self.journal(Event::Closed);
            self.enter(
                State::Farewell(Outcome::AfterHours),
                now + self.limits.prompt,
            );
        }
    }

    fn refuse(&mut self, outcome: Outcome, now: DateTime<Utc>) {
        if self.state != State::Arriving {
            return;
        }
        if let Some(leg) = self.requester.take() {
            self.out.push(Command::Reject(leg));
        }
        self.end(outcome, EndedBy::System, now);
    }

    fn prompt_ended(&mut self, now: DateTime<Utc>) {
        match self.state {
            State::Greeting if !self.line.menu.is_empty() => self.open_menu(now),
            State::Greeting => self.join_queue(now),
            // What was said about his place is over.
            State::Queued | State::Ringing => {
                if let Some(requester) = self.requester {
                    self.play(requester, Prompt::QueueMusic);
                }
            }
            State::Announcing => self.settle(now),
            State::Message => self.begin_message(now),
            State::Farewell(Outcome::AfterHours) if self.line.message_box => {
                self.open_message_box(now);
            }
            State::Farewell(outcome) => {
                let by = self.leaving.unwrap_or(EndedBy::System);
                self.end(outcome, by, now);
            }
            _ => {}
        }
    }

    fn leg_answered(&mut self, leg: LegId, now: DateTime<Utc>) {
        if self.state == State::Dialling && self.requester == Some(leg) {
            self.number_answered(now);
            return;
        }
        if self.third_answered(leg, now) || self.supervisor_answered(leg) {
            return;
        }
        if !self.alerting.iter().any(|(l, _)| *l == leg) {
            return;
        }
        self.hang_up_alerting(Some(leg));
        self.agent_leg = Some(leg);
        match (self.state, self.agent) {
            (State::Ringing, Some(agent)) => {
                self.out.push(Command::Accepted(agent));
                self.enter(State::Confirming, now + self.limits.confirm);
            }
            (State::Away, _) => self.reattached(now),
            (State::OwnDevice, Some(agent)) if self.calling_back => {
                self.out.push(Command::Accepted(agent));
                self.enter(State::Confirming, now + self.limits.confirm);
            }
            (State::OwnDevice, _) => self.dial(now),
            // No other state alerts an agent.
            _ => {}
        }
    }

    fn leg_declined(&mut self, leg: LegId, why: Declined, now: DateTime<Utc>) {
        if self.requester == Some(leg) && self.state == State::Dialling {
            self.requester = None;
            self.journal(Event::NotReached { why });
            self.end(Outcome::Rejected, EndedBy::Requester, now);
            return;
        }
        if self.third_gone(leg, why, now) || self.supervisor_gone(leg) {
            return;
        }
        if self.requester == Some(leg) || self.agent_leg == Some(leg) {
            self.leg_gone(leg, Gone::Fault, now);
            return;
        }
        let Some(at) = self.alerting.iter().position(|(l, _)| *l == leg) else {
            return;
        };
        self.alerting.remove(at);
        // A person who says no on one device means all of them.
        let said_no = matches!(why, Declined::Busy | Declined::Refused);
        if !said_no && !self.alerting.is_empty() {
            return;
        }
        match (self.state, self.agent) {
            (State::Ringing, Some(agent)) => {
                self.back_to_queue();
                self.out.push(Command::Declined(agent, why));
            }
            (State::OwnDevice, agent) => {
                if let Some(agent) = agent.filter(|_| self.calling_back) {
                    self.offered = false;
                    self.out.push(Command::Declined(agent, why));
                }
                self.end(Outcome::NoAgentAnswer, EndedBy::Agent, now);
            }
            // Away: wait for the device until the grace is over.
            _ => {}
        }
    }

    fn leg_gone(&mut self, leg: LegId, why: Gone, now: DateTime<Utc>) {
        if self.requester == Some(leg) {
            self.requester = None;
            self.requester_gone(why, now);
        } else if self.agent_leg == Some(leg) {
            self.agent_leg = None;
            self.agent_gone(why, now);
        } else if self.third_gone(leg, Declined::Unreachable, now) || self.supervisor_gone(leg) {
        } else if self.alerting.iter().any(|(l, _)| *l == leg) {
            self.leg_declined(leg, Declined::Unreachable, now);
        }
    }

    fn requester_gone(&mut self, why: Gone, now: DateTime<Utc>) {
        let by = if let Some(by) = self.leaving {
            by
        } else if why == Gone::HungUp {
            EndedBy::Requester
        } else {
            EndedBy::System
        };
        let outcome = match self.state {
            State::Farewell(outcome) => outcome,
            State::Message => self.message_outcome(now),
            _ if self.times.answered_at.is_some() => Outcome::Answered,
            _ if why == Gone::Fault => Outcome::Failed,
            _ if self.direction == Direction::Outbound => Outcome::Rejected,
            _ => match self.times.queued_at {
                Some(at) if now - at > self.limits.short_abandon => Outcome::Abandoned,
                _ => Outcome::ShortAbandoned,
            },
        };
        self.end(outcome, by, now);
    }

    fn deadline_passed(&mut self, now: DateTime<Utc>) {
        match self.state {
            State::Arriving => self.end(Outcome::Failed, EndedBy::System, now),
            State::Greeting | State::Announcing | State::Farewell(_) => self.prompt_ended(now),
            State::Queued | State::Ringing => self.waited_too_long(now),
            State::Menu => self.join_queue(now),
            State::Message => self.message_over(now),
            State::Survey => {
                let by = self.leaving.unwrap_or(EndedBy::Agent);
                self.end(Outcome::Answered, by, now);
            }
            State::Confirming => self.connect_unasked(now),
            // A three-way call goes on without the one who is lost.
            State::Away => {
                if !self.leave_to_third(now) {
                    self.end(Outcome::Answered, EndedBy::System, now);
                }
            }
            State::Talking | State::Held => self.end(Outcome::Answered, EndedBy::System, now),
            State::OwnDevice => {
                self.end(Outcome::NoAgentAnswer, EndedBy::System, now);
            }
            State::Dialling => {
                self.journal(Event::NotReached {
                    why: Declined::NoAnswer,
                });
                self.end(Outcome::Rejected, EndedBy::System, now);
            }
            State::Ended(_) => {}
        }
    }

    fn digit(&mut self, leg: LegId, digit: char, now: DateTime<Utc>) {
        let requester = self.requester == Some(leg);
        if (!requester && self.agent_leg != Some(leg)) || self.digits >= DIGITS {
            return;
        }
        self.digits += 1;
        // What the requester keys in while nothing is recorded is a secret.
        if self.paused_until.is_none() {
            self.journal(Event::Digit { digit, requester });
        }
        if requester {
            self.requester_key(digit, now);
        }
    }

    /// The one way out: closes the recording, the legs and `floor`'s books, then says the outcome.
    pub(crate) fn end(&mut self, outcome: Outcome, ended_by: EndedBy, now: DateTime<Utc>) {
        self.bridged = false;
        self.connected.clear();
        self.drop_third();
        self.drop_supervisor();
        if std::mem::take(&mut self.recording) {
            self.out.push(Command::StopRecording);
        }
        self.hold_is_over(now);
        for leg in [self.requester.take(), self.agent_leg.take()]
            .into_iter()
            .flatten()
        {
            self.out.push(Command::HangUp(leg));
        }
        self.hang_up_alerting(None);
        if outcome == Outcome::Interrupted && (self.offered || self.taken) {
            (self.offered, self.taken) = (false, false);
            self.out.push(Command::Interrupted);
        }
        // Withdrawn also while an answer is unconfirmed: `floor` ends the work if it took it.
        self.withdraw();
        if std::mem::take(&mut self.taken) {
            self.out.push(Command::TalkEnded);
        }
        self.times.ended_at = Some(now);
        self.journal(Event::Ended { outcome, ended_by });
        self.out.push(Command::Finish { outcome, ended_by });
        self.state = State::Ended(outcome);
    }

    /// Counts a hold that runs.
    pub(crate) fn hold_is_over(&mut self, now: DateTime<Utc>) {
        if let Some(since) = self.held_since.take() {
            self.times.held_ms += (now - since).num_milliseconds().max(0);
        }
    }

    pub(crate) fn enter(&mut self, state: State, deadline: DateTime<Utc>) {
        self.state = state;
        self.deadline = deadline;
    }

    pub(crate) fn journal(&mut self, event: Event) {
        self.out.push(Command::Journal(event));
    }

    pub(crate) fn play(&mut self, leg: LegId, prompt: Prompt) {
        self.out.push(Command::Play(leg, prompt));
    }

    pub(crate) fn new_leg(&mut self) -> LegId {
        let leg = LegId(self.next_leg);
        self.next_leg += 1;
        leg
    }

    pub(crate) fn invite(&mut self, agent: AgentId, device: DeviceId, part: Part) {
        let leg = self.ask_in(agent, device, part);
        self.alerting.push((leg, device));
    }

    pub(crate) fn ask_in(&mut self, agent: AgentId, device: DeviceId, part: Part) -> LegId {
        let leg = self.new_leg();
        self.out.push(Command::Invite {
            leg,
            agent,
            device,
            part,
        });
        leg
    }

    pub(crate) fn hang_up_alerting(&mut self, except: Option<LegId>) {
        for (leg, _) in std::mem::take(&mut self.alerting) {
            if Some(leg) != except {
                self.out.push(Command::HangUp(leg));
            }
        }
    }
}
