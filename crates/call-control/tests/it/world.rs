//! A call with a clock, and the books a careful engine would keep about it.

use std::collections::BTreeSet;

use call_control::{
    AgentId, Call, Command, DeviceId, Direction, Event, Gone, Input, LegId, Limits, Line, Outcome,
    Party, Path, Refusal, Request, State,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub const REQUESTER: LegId = LegId(0);

pub fn agent(n: u8) -> AgentId {
    Uuid::from_bytes([n; 16])
}

pub fn device(n: u64) -> DeviceId {
    DeviceId(n)
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one hidden state"
)]
pub struct World {
    pub call: Call,
    pub now: DateTime<Utc>,
    /// Legs that are up or asked for and neither hung up nor gone.
    pub live: BTreeSet<LegId>,
    pub log: Vec<Command>,
    offered: bool,
    taken: bool,
    /// Who hears whom.
    pub paths: Vec<Path>,
    /// Colleagues whom `floor` counts as asked.
    asked: BTreeSet<AgentId>,
    third_confirmed: bool,
    calling_back: bool,
    held: bool,
    recordings: (u32, u32),
    outcome: Option<Outcome>,
}

impl World {
    pub fn inbound() -> Self {
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        Self::of(
            Call::inbound(Uuid::nil(), Limits::default(), now),
            now,
            &[],
            &[REQUESTER],
        )
    }

    pub fn click_to_call(devices: &[DeviceId]) -> Self {
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let (call, commands) =
            Call::click_to_call(Uuid::nil(), agent(1), devices, Limits::default(), now);
        Self::of(call, now, &commands, &[])
    }

    pub fn agent_to_number() -> Self {
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let (call, commands) = Call::agent_to_number(Uuid::nil(), agent(1), Limits::default(), now);
        Self::of(call, now, &commands, &[LegId(0)])
    }

    pub fn call_back(devices: &[DeviceId]) -> Self {
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let (call, commands) =
            Call::call_back(Uuid::nil(), agent(1), devices, Limits::default(), now);
        Self::with(call, now, &commands, &[], true)
    }

    fn of(call: Call, now: DateTime<Utc>, commands: &[Command], live: &[LegId]) -> Self {
        Self::with(call, now, commands, live, false)
    }

    fn with(
        call: Call,
        now: DateTime<Utc>,
        commands: &[Command],
        live: &[LegId],
        calling_back: bool,
    ) -> Self {
        let mut world = Self {
            taken: call.direction() == Direction::Outbound && !calling_back,
            call,
            now,
            live: live.iter().copied().collect(),
            log: vec![],
            offered: calling_back,
            paths: vec![],
            asked: BTreeSet::new(),
            third_confirmed: false,
            calling_back,
            held: false,
            recordings: (0, 0),
            outcome: None,
        };
        world.keep_books(commands);
        world
    }

    pub fn tell(&mut self, input: Input) -> Vec<Command> {
        // Told of an answer, `floor` has yet to say whose the call is.
        let asked = self.offered && self.taken;
        let confirming = self.call.state() == State::Confirming;
        let theirs = |agent: &AgentId| self.call.agent() == Some(*agent);
        let alerted = matches!(self.call.state(), State::OwnDevice | State::Confirming);
        match &input {
            // The place is kept, and the next agent rung for it.
            Input::NotConfirmed(agent) if self.calling_back && confirming && theirs(agent) => {
                (self.offered, self.taken) = (false, false);
            }
            Input::StopRinging(agent) if self.calling_back && alerted && theirs(agent) => {
                (self.offered, self.taken) = (false, false);
            }
            Input::Ring { agent, .. } if self.calling_back && alerted && !theirs(agent) => {
                (self.offered, self.taken) = (false, false);
            }
            // Until it confirms him, he who answered for a queue is nobody `floor` knows of.
            Input::ThirdConfirmed(agent, true) if self.asked.contains(agent) => {
                self.third_confirmed = true;
            }
            Input::ThirdConfirmed(agent, false) | Input::ThirdStopRinging(agent)
                if self.call.consulted_queue().is_some() && !self.third_confirmed =>
            {
                self.asked.remove(agent);
            }
            Input::ThirdRing { agent, .. }
                if self.call.consulted_queue().is_some() && !self.third_confirmed =>
            {
                self.asked.retain(|asked| asked == agent);
            }
            Input::GiveUp => {
                self.offered = false;
                // What it gave up it cannot have given to the agent who is just answering.
                self.taken &= !asked;
            }
            // It still has the work, but with nobody: a later `GiveUp` is then the whole end.
            Input::NotConfirmed(agent) if asked && theirs(agent) => self.taken = false,
            Input::StopRinging(agent) if confirming && theirs(agent) => self.taken = false,
            Input::Ring { agent, .. } if asked && !theirs(agent) => self.taken = false,
            Input::Confirmed(agent) if theirs(agent) && confirming => {
                (self.offered, self.taken) = (false, true);
            }
            _ => {}
        }
        if let Input::LegGone(leg, _) | Input::LegDeclined(leg, _) = &input {
            self.live.remove(leg);
            // The engine takes the leg out of the sound by itself.
            let leg = *leg;
            self.paths
                .retain(|path| path.ear != leg && path.mouth != leg);
        }
        let was_over = self.call.ended();
        let commands = self.call.handle(input, self.now);
        assert!(!was_over || commands.is_empty(), "a command after Ended");
        self.keep_books(&commands);
        commands
    }

    pub fn ask(&mut self, request: Request) -> Result<Vec<Command>, Refusal> {
        let may = self.call.may(&request, self.now);
        let answer = self.call.request(request, self.now);
        assert_eq!(may.is_ok(), answer.is_ok(), "may() says otherwise");
        let commands = answer?;
        if commands.contains(&Command::Pass) {
            // Said again by the command.
        } else if commands
            .iter()
            .any(|c| matches!(c, Command::Journal(Event::Passed { .. })))
        {
            // `floor` agreed before.
            (self.offered, self.taken, self.held) = (true, false, false);
        }
        self.keep_books(&commands);
        Ok(commands)
    }

    /// Whether these two hear each other.
    pub fn hear_each_other(&self, one: LegId, other: LegId) -> bool {
        self.hears(one, other) && self.hears(other, one)
    }

    pub fn hears(&self, ear: LegId, mouth: LegId) -> bool {
        self.paths.contains(&Path { ear, mouth })
    }

    /// A colleague who can be asked.
    pub fn colleague(who: u8, devices: &[u64]) -> Party {
        Party::Agent {
            agent: agent(who),
            staff_no: "8002".into(),
            devices: devices.iter().map(|d| DeviceId(*d)).collect(),
        }
    }

    /// What the line offers.
    pub fn line(&mut self, line: Line) {
        self.tell(Input::Line(line));
    }

    /// Lets time pass, with a tick at every deadline on the way.
    pub fn wait(&mut self, by: TimeDelta) -> Vec<Command> {
        let until = self.now + by;
        let mut all = vec![];
        let mut ticks = 0;
        while let Some(deadline) = self.call.next_deadline().filter(|d| *d <= until) {
            self.now = deadline.max(self.now);
            all.extend(self.tell(Input::Tick));
            ticks += 1;
            assert!(ticks < 1000, "{:?} ticks for ever", self.call);
        }
        self.now = until;
        all
    }

    pub fn seconds(&mut self, n: i64) -> Vec<Command> {
        self.wait(TimeDelta::seconds(n))
    }

    pub fn ring(&mut self, who: u8, devices: &[u64]) -> Vec<Command> {
        self.tell(Input::Ring {
            agent: agent(who),
            staff_no: "8001".into(),
            devices: devices.iter().map(|d| DeviceId(*d)).collect(),
        })
    }

    pub fn prompt_ended(&mut self) -> Vec<Command> {
        self.tell(Input::PromptEnded(REQUESTER))
    }

    pub fn requester_hangs_up(&mut self) -> Vec<Command> {
        self.tell(Input::LegGone(REQUESTER, Gone::HungUp))
    }

    /// Greeted and waiting.
    pub fn queued() -> Self {
        let mut world = Self::inbound();
        world.tell(Input::Arrived { open: true });
        world.seconds(3);
        world.prompt_ended();
        assert_eq!(world.call.state(), State::Queued);
        world
    }

    /// Agent 1 answered on device 1, leg 1.
    pub fn talking() -> Self {
        let mut world = Self::queued();
        world.ring(1, &[1]);
        world.tell(Input::LegAnswered(LegId(1)));
        world.tell(Input::Confirmed(agent(1)));
        world.prompt_ended();
        assert_eq!(world.call.state(), State::Talking);
        world
    }

    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    fn keep_books(&mut self, commands: &[Command]) {
        for command in commands {
            assert_eq!(self.outcome, None, "{command:?} after Finish");
            match command {
                Command::Invite { leg, .. } | Command::Dial(leg) => {
                    assert!(self.live.insert(*leg), "{leg:?} asked for twice");
                }
                Command::HangUp(leg) | Command::Reject(leg) => {
                    assert!(self.live.remove(leg), "{leg:?} hung up twice, or gone");
                }
                Command::Answer(leg)
                | Command::Play(leg, _)
                | Command::Replace(leg)
                | Command::SendDigits(leg, _) => {
                    assert!(self.live.contains(leg), "{command:?} to a dead leg");
                }
                Command::Connect(paths) => {
                    for path in paths {
                        assert!(self.live.contains(&path.ear), "{path:?}: a dead ear");
                        assert!(self.live.contains(&path.mouth), "{path:?}: a dead mouth");
                    }
                    self.paths.clone_from(paths);
                }
                Command::ConsultAnswered(colleague) => {
                    self.third_confirmed = self.call.consulted_queue().is_none();
                    self.asked.insert(*colleague);
                }
                Command::ConsultEnded(colleague) => {
                    self.asked.remove(colleague);
                }
                Command::ConsultWithdrawn => {
                    self.asked.clear();
                }
                Command::HandOver(colleague) => {
                    assert!(self.taken, "handed over, but not taken");
                    assert!(self.asked.remove(colleague), "handed to one not asked");
                }
                Command::Pass => {
                    assert!(self.taken, "passed, but not taken");
                    (self.offered, self.taken, self.held) = (true, false, false);
                }
                Command::Journal(Event::Passed { .. }) => self.calling_back = false,
                Command::KeepPlace => {
                    assert!(self.offered, "kept a place that is none");
                    (self.offered, self.taken) = (false, false);
                }
                Command::Declined(who, _) if self.calling_back && *who == agent(1) => {
                    (self.offered, self.taken) = (false, false);
                }
                Command::StartRecording => self.recordings.0 += 1,
                Command::StopRecording => self.recordings.1 += 1,
                Command::Offer => {
                    assert!(!self.offered, "offered twice");
                    self.offered = true;
                }
                Command::PauseRecording(_) => {
                    assert!(self.recordings.0 > self.recordings.1, "nothing is recorded");
                }
                Command::Accepted(_) => self.taken = true,
                Command::Adopt(_) => (self.offered, self.taken) = (false, true),
                Command::Interrupted => {
                    assert!(self.offered || self.taken, "interrupted, but not floor's");
                    (self.offered, self.taken) = (false, false);
                }
                Command::GiveUp => {
                    assert!(self.offered, "given up, but not offered");
                    (self.offered, self.taken) = (false, false);
                }
                Command::Withdraw => {
                    assert!(self.offered, "withdrawn, but not offered");
                    (self.offered, self.taken) = (false, false);
                }
                Command::TalkEnded => {
                    assert!(self.taken, "ended, but not taken");
                    (self.taken, self.held) = (false, false);
                }
                Command::Held(held) => {
                    assert_ne!(self.held, *held, "told floor twice");
                    self.held = *held;
                }
                Command::Finish { outcome, .. } => self.outcome = Some(*outcome),
                _ => {}
            }
        }
        assert!(self.recordings.0 <= 1 && self.recordings.1 <= self.recordings.0);
        if self.call.ended() {
            assert!(self.outcome.is_some(), "ended without an outcome");
            assert!(self.live.is_empty(), "legs left behind: {:?}", self.live);
            assert_eq!(self.recordings.0, self.recordings.1, "recording left open");
            assert!(!self.offered && !self.taken, "floor left with the call");
            assert!(self.asked.is_empty(), "a colleague left asked");
            assert_eq!(self.call.next_deadline(), None);
            assert!(self.call.times().ended_at.is_some());
        } else {
            assert_eq!(self.outcome, None, "an outcome while the call goes on");
            assert!(self.call.next_deadline().is_some(), "no timer");
        }
        self.log.extend(commands.iter().cloned());
    }
}
