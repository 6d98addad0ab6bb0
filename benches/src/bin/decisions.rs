//! What a call costs before any network, audio or disk: the decisions of `acd` and `call-control` alone, with a
//! thousand agents and a hundred queues.
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use acd::{
    Acd, AgentProfile, MediaKind, Output, PassTo, Presence, Queue, Settings, SkillNeed, Work,
};
use anyhow::{Context as _, Result, ensure};
use call_control::{Call, Command, DeviceId, Gone, LegId, Limits, Request};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

/// Decisions a second that the two must reach together.
const LIMIT: f64 = 500_000.0;
const REQUESTER: LegId = LegId(0);

#[derive(Parser)]
#[command(about = "Decisions a second of the distributor and the call state machine")]
struct Args {
    /// Not used: no server runs.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Not used.
    #[arg(long)]
    core: Option<String>,
    /// Agents, each with three of the queues' skills.
    #[arg(long, default_value_t = 1000)]
    agents: u32,
    /// Queues.
    #[arg(long, default_value_t = 100)]
    queues: u32,
    /// Calls at the same time, talking and waiting.
    #[arg(long, default_value_t = 1300)]
    calls: usize,
    /// For how long it is measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// A hall without people: whoever is rung answers, whoever is asked to end a talk does.
struct Hall {
    acd: Acd,
    now: DateTime<Utc>,
    dice: StdRng,
    calls: BTreeMap<Uuid, Call>,
    talking: Vec<Uuid>,
    queues: u32,
    next: u128,
    /// What the two told each other and nobody has dealt with yet.
    todo: VecDeque<Todo>,
    distributed: u64,
    controlled: u64,
    ended: u64,
    passed: u64,
}

enum Todo {
    Distribute(acd::Input),
    Control(Uuid, call_control::Input),
}

fn agent(n: u32) -> Uuid {
    Uuid::from_u128(0xA000_0000 + u128::from(n))
}

impl Hall {
    fn open(args: &Args) -> Result<Self> {
        let mut hall = Self {
            acd: Acd::new(Settings::default()),
            now: "2026-11-23T01:00:00Z".parse()?,
            dice: StdRng::seed_from_u64(20_261_123),
            calls: BTreeMap::new(),
            talking: Vec::new(),
            queues: args.queues,
            next: 0,
            todo: VecDeque::new(),
            distributed: 0,
            controlled: 0,
            ended: 0,
            passed: 0,
        };
        for n in 0..args.queues {
            let need = SkillNeed {
                skill: format!("s{n}"),
                at_least: 1,
            };
            hall.distribute(acd::Input::PutQueue(Queue {
                skills: vec![need],
                ..Queue::new(format!("q{n}"))
            }));
        }
        for n in 0..args.agents {
            let skill = |k: u32| (format!("s{}", (n * 7 + k * 33) % args.queues), 1 + k);
            let profile = AgentProfile {
                id: agent(n),
                skills: (0..3).map(skill).collect(),
                chat_slots: 0,
            };
            hall.distribute(acd::Input::PutAgent(profile));
            hall.distribute(acd::Input::Reachable {
                agent: agent(n),
                reachable: true,
            });
            hall.distribute(acd::Input::Ask {
                agent: agent(n),
                presence: Presence::Ready,
                reason: None,
            });
        }
        Ok(hall)
    }

    fn distribute(&mut self, input: acd::Input) {
        self.distributed += 1;
        for output in self.acd.handle(input, self.now).outputs {
            match output {
                Output::Ring { work, agent, .. } => {
                    let ring = call_control::Input::Ring {
                        agent,
                        staff_no: "8001".to_owned(),
                        devices: vec![DeviceId(1)],
                    };
                    self.todo.push_back(Todo::Control(work, ring));
                }
                Output::StopRinging { work, agent, .. } => {
                    let stop = call_control::Input::StopRinging(agent);
                    self.todo.push_back(Todo::Control(work, stop));
                }
                Output::Accepted { work, agent, .. } => {
                    let confirmed = call_control::Input::Confirmed(agent);
                    self.todo.push_back(Todo::Control(work, confirmed));
                    self.talking.push(work);
                }
                Output::Ended {
                    work,
                    outcome: acd::Outcome::NoAgentAnswer,
                    ..
                } => {
                    let give_up = call_control::Input::GiveUp;
                    self.todo.push_back(Todo::Control(work, give_up));
                }
                Output::WrapUpBegan { work, agent, .. } => {
                    let written = acd::Input::EndWrapUp { agent, work };
                    self.todo.push_back(Todo::Distribute(written));
                }
                _ => {}
            }
        }
    }

    fn control(&mut self, id: Uuid, input: call_control::Input) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        self.controlled += 1;
        let commands = call.handle(input, self.now);
        self.carry_out(id, commands);
    }

    fn carry_out(&mut self, id: Uuid, commands: Vec<Command>) {
        for command in commands {
            let todo = match command {
                Command::Play(leg, prompt) if !prompt.endless() => {
                    Todo::Control(id, call_control::Input::PromptEnded(leg))
                }
                Command::Invite { leg, .. } => {
                    Todo::Control(id, call_control::Input::LegAnswered(leg))
                }
                Command::Offer => Todo::Distribute(acd::Input::Offer(Work {
                    id,
                    media: MediaKind::Voice,
                    queue: format!("q{}", self.dice.random_range(0..self.queues)),
                    priority: 0,
                    preferred_agent: None,
                    offered_at: self.now,
                })),
                Command::Accepted(agent) => {
                    Todo::Distribute(acd::Input::Accepted { work: id, agent })
                }
                Command::Withdraw => Todo::Distribute(acd::Input::Withdraw { work: id, at: None }),
                Command::TalkEnded => Todo::Distribute(acd::Input::Ended { work: id }),
                Command::Held(held) => Todo::Distribute(acd::Input::Hold { work: id, held }),
                Command::Pass => {
                    self.pass_on(id);
                    continue;
                }
                Command::Finish { .. } => {
                    self.calls.remove(&id);
                    self.ended += 1;
                    continue;
                }
                _ => continue,
            };
            self.todo.push_back(todo);
        }
    }

    fn settle(&mut self) {
        while let Some(todo) = self.todo.pop_front() {
            match todo {
                Todo::Distribute(input) => self.distribute(input),
                Todo::Control(call, input) => self.control(call, input),
            }
        }
    }

    fn ask(&mut self, id: Uuid, request: Request) -> bool {
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        let Ok(commands) = call.request(request, self.now) else {
            return false;
        };
        self.controlled += 1;
        self.carry_out(id, commands);
        self.settle();
        true
    }

    fn pass_on(&mut self, id: Uuid) {
        let queue = format!("q{}", self.dice.random_range(0..self.queues));
        let to = PassTo::Queue(queue);
        let pass = acd::Input::Pass { work: id, to };
        self.todo.push_back(Todo::Distribute(pass));
    }

    fn call_in(&mut self) {
        self.next += 1;
        let id = Uuid::from_u128(self.next);
        self.calls
            .insert(id, Call::inbound(id, Limits::default(), self.now));
        self.control(id, call_control::Input::Arrived { open: true });
        self.settle();
    }

    /// A talk is held and taken back, passed on, or over.
    fn talk_on(&mut self) {
        if self.talking.is_empty() {
            return;
        }
        let at = self.dice.random_range(0..self.talking.len());
        let id = self.talking[at];
        match self.dice.random_range(0..10) {
            0 => {
                self.ask(id, Request::Hold);
                self.ask(id, Request::Unhold);
            }
            1 => {
                // The next agent who is free takes it.
                if self.ask(id, Request::Pass) {
                    self.talking.swap_remove(at);
                    self.passed += 1;
                    self.pass_on(id);
                    self.settle();
                }
            }
            _ => {
                self.talking.swap_remove(at);
                self.control(id, call_control::Input::LegGone(REQUESTER, Gone::HungUp));
                self.settle();
            }
        }
    }

    fn step(&mut self, calls: usize) {
        self.now += TimeDelta::milliseconds(10);
        if self.acd.next_deadline().is_some_and(|due| due <= self.now) {
            self.distribute(acd::Input::Tick);
            self.settle();
        }
        if self.calls.len() < calls {
            self.call_in();
        } else {
            self.talk_on();
        }
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut hall = Hall::open(&args)?;
    while hall.calls.len() < args.calls {
        hall.step(args.calls);
    }
    let (distributed, controlled, ended) = (hall.distributed, hall.controlled, hall.ended);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(args.seconds) {
        for _ in 0..1000 {
            hall.step(args.calls);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let distributed = hall.distributed - distributed;
    let controlled = hall.controlled - controlled;
    let ended = hall.ended - ended;
    let rate = |count: u64| {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        f64::from(count) / seconds
    };
    let all = rate(distributed + controlled);
    println!(
        "{} agents, {} queues, {} calls at the same time, {} of them waiting",
        args.agents,
        args.queues,
        hall.calls.len(),
        hall.calls.len().saturating_sub(hall.talking.len()),
    );
    println!(
        "{all:.0} decisions a second: {:.0} of acd, {:.0} of call-control; {:.0} whole calls a second, {} passed on",
        rate(distributed),
        rate(controlled),
        rate(ended),
        hall.passed,
    );
    let longest = hall.acd.queue_views().map(|queue| queue.voice.count).max();
    println!("longest queue {}", longest.context("no queue")?);
    ensure!(all >= LIMIT, "fewer than {LIMIT:.0} decisions a second");
    Ok(())
}
