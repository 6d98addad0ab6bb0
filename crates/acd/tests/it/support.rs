//! A small floor with a clock.

use std::collections::BTreeMap;
use std::time::Duration;

use acd::{
    Acd, AgentId, AgentProfile, AgentState, Handled, Input, MediaKind, Output, Presence, Queue,
    Refusal, Settings, Work, WorkId,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub fn agent(n: u128) -> AgentId {
    Uuid::from_u128(0xA000 + n)
}

pub fn work(n: u128) -> WorkId {
    Uuid::from_u128(0xC000 + n)
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn profile(id: AgentId, skills: &[(&str, u32)], chat_slots: u32) -> AgentProfile {
    let skills: BTreeMap<String, u32> = skills
        .iter()
        .map(|(skill, level)| ((*skill).to_owned(), *level))
        .collect();
    AgentProfile {
        id,
        skills,
        chat_slots,
    }
}

pub struct Floor {
    pub acd: Acd,
    pub now: DateTime<Utc>,
    pub seen: Vec<Output>,
}

impl Floor {
    pub fn new(queues: Vec<Queue>) -> Self {
        let now = "2026-11-23T01:00:00Z".parse().unwrap();
        let mut floor = Self {
            acd: Acd::new(Settings::default()),
            now,
            seen: Vec::new(),
        };
        for queue in queues {
            floor.does(Input::PutQueue(queue));
        }
        floor
    }

    /// One queue `hotline` and agents 0, 1, … ready in this order, one second apart.
    pub fn hotline(agents: u128) -> Self {
        let mut floor = Self::new(vec![Queue::new("hotline")]);
        for n in 0..agents {
            floor.ready(n, &[]);
            floor.wait(1);
        }
        floor
    }

    pub fn ready(&mut self, n: u128, skills: &[(&str, u32)]) {
        self.does(Input::PutAgent(profile(agent(n), skills, 2)));
        self.does(Input::Reachable {
            agent: agent(n),
            reachable: true,
        });
        self.asks(n, Presence::Ready);
    }

    pub fn tries(&mut self, input: Input) -> Handled {
        let handled = self.acd.handle(input, self.now);
        self.seen.extend(handled.outputs.iter().cloned());
        handled
    }

    pub fn does(&mut self, input: Input) -> Vec<Output> {
        let told = format!("{input:?}");
        let handled = self.tries(input);
        assert_eq!(handled.refusal, None, "{told}");
        handled.outputs
    }

    pub fn refused(&mut self, input: Input) -> Refusal {
        let told = format!("{input:?}");
        self.tries(input)
            .refusal
            .unwrap_or_else(|| panic!("{told} was not refused"))
    }

    pub fn asks(&mut self, n: u128, presence: Presence) -> Vec<Output> {
        self.does(Input::Ask {
            agent: agent(n),
            presence,
            reason: None,
        })
    }

    /// Lets time pass, stopping at every deadline.
    pub fn wait(&mut self, seconds: u64) {
        self.wait_for(secs(seconds));
    }

    pub fn wait_for(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(due) = self.acd.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.does(Input::Tick);
        }
        self.now = until;
    }

    pub fn offer(&mut self, n: u128, queue: &str) -> Vec<Output> {
        self.offer_work(n, queue, |_| {})
    }

    pub fn offer_work(
        &mut self,
        n: u128,
        queue: &str,
        with: impl FnOnce(&mut Work),
    ) -> Vec<Output> {
        let mut work = Work {
            id: work(n),
            media: MediaKind::Voice,
            queue: queue.to_owned(),
            priority: 0,
            preferred_agent: None,
            offered_at: self.now,
        };
        with(&mut work);
        self.does(Input::Offer(work))
    }

    pub fn accept(&mut self, n: u128, by: u128) {
        self.does(Input::Accepted {
            work: work(n),
            agent: agent(by),
        });
    }

    pub fn end(&mut self, n: u128) {
        self.does(Input::Ended { work: work(n) });
    }

    pub fn end_wrap_up(&mut self, n: u128, of: u128) {
        self.does(Input::EndWrapUp {
            agent: agent(n),
            work: work(of),
        });
    }

    pub fn state(&self, n: u128) -> AgentState {
        self.acd.agent_view(agent(n)).unwrap().state
    }

    pub fn reason(&self, n: u128) -> Option<String> {
        self.acd
            .agent_view(agent(n))
            .unwrap()
            .reason
            .map(ToOwned::to_owned)
    }

    /// The work that rings at this agent.
    pub fn rings(&self, n: u128) -> Option<WorkId> {
        let view = self.acd.agent_view(agent(n)).unwrap();
        view.work.filter(|_| view.state == AgentState::Ringing)
    }

    /// Every ring so far, as (work, agent).
    pub fn rung(&self) -> Vec<(WorkId, AgentId)> {
        self.seen
            .iter()
            .filter_map(|output| match output {
                Output::Ring { work, agent, .. } => Some((*work, *agent)),
                _ => None,
            })
            .collect()
    }

    /// The one outcome of a work.
    pub fn outcome(&self, n: u128) -> Option<acd::Outcome> {
        let outcomes: Vec<_> = self
            .seen
            .iter()
            .filter_map(|output| match output {
                Output::Ended {
                    work: id, outcome, ..
                } if *id == work(n) => Some(*outcome),
                _ => None,
            })
            .collect();
        assert!(
            outcomes.len() <= 1,
            "work {n} ended more than once: {outcomes:?}"
        );
        outcomes.first().copied()
    }
}
