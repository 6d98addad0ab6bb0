//! What boards and tests can see of the distributor.

use chrono::{DateTime, Utc};

use crate::agent::{Agent, AgentState, InHand, Presence, WrapUp};
use crate::distributor::Acd;
use crate::queue::{Lane, Place, Queue};
use crate::work::{AgentId, MediaKind, Stage, WorkId};

/// An agent as he stands.
#[derive(Debug, Clone)]
pub struct AgentView<'a> {
    /// The agent.
    pub id: AgentId,
    /// The state shown.
    pub state: AgentState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What he chose; the state once nothing is in hand.
    pub presence: Presence,
    /// The reason he gave, or that the system gave (`no_answer`).
    pub reason: Option<&'a str>,
    /// What he asked for meanwhile; comes when the work in hand is done.
    pub wish: Option<Presence>,
    /// The call in hand, or being written up.
    pub work: Option<WorkId>,
    /// The wrap-up that runs.
    pub wrap_up: Option<&'a WrapUp>,
    /// A device is registered.
    pub reachable: bool,
    /// Open chats.
    pub chats: usize,
    /// Codes of the queues he serves from the beginning of a wait.
    pub queues: Vec<&'a str>,
}

/// A queue as it stands.
#[derive(Debug, Clone, Copy)]
pub struct QueueView<'a> {
    /// Its rules.
    pub queue: &'a Queue,
    /// Its calls.
    pub voice: WaitingView,
    /// Its chats.
    pub chat: WaitingView,
}

/// Who waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitingView {
    /// Requesters who talk to nobody yet, those included whose call rings at an agent.
    pub count: usize,
    /// Since when the one waits who waits longest.
    pub oldest: Option<DateTime<Utc>>,
}

impl WaitingView {
    fn of(lane: &Lane) -> Self {
        Self {
            count: lane.unanswered.len(),
            oldest: lane.unanswered.first().map(|(at, _)| *at),
        }
    }
}

/// A work as it stands.
#[derive(Debug, Clone, Copy)]
pub struct WorkView<'a> {
    /// The work.
    pub id: WorkId,
    /// The medium.
    pub media: MediaKind,
    /// The queue's code; `None` = an agent began it.
    pub queue: Option<&'a str>,
    /// When the requester began to wait.
    pub offered_at: DateTime<Utc>,
    /// Where it is.
    pub stage: Stage,
    /// Its place in the order.
    pub place: Place,
}

impl Acd {
    /// One agent.
    pub fn agent_view(&self, id: AgentId) -> Option<AgentView<'_>> {
        self.agents.get(&id).map(|agent| self.view_agent(agent))
    }

    /// Every agent, by id.
    pub fn agent_views(&self) -> impl Iterator<Item = AgentView<'_>> {
        self.agents.values().map(|agent| self.view_agent(agent))
    }

    fn view_agent<'a>(&'a self, agent: &'a Agent) -> AgentView<'a> {
        AgentView {
            id: agent.profile.id,
            state: agent.state(),
            since: agent.since,
            presence: agent.presence,
            reason: agent.reason.as_deref(),
            wish: agent.wish.as_ref().map(|wish| wish.presence),
            work: agent.in_hand.as_ref().map(InHand::work),
            wrap_up: match &agent.in_hand {
                Some(InHand::WrapUp(wrap_up)) => Some(wrap_up),
                _ => None,
            },
            reachable: agent.reachable,
            chats: agent.chats.len(),
            queues: agent
                .serves
                .iter()
                .filter(|serves| serves.tier == 0)
                .map(|serves| self.lines[serves.queue].queue.code.as_str())
                .collect(),
        }
    }

    /// One queue.
    pub fn queue_view(&self, code: &str) -> Option<QueueView<'_>> {
        let line = &self.lines[*self.codes.get(code)?];
        Some(QueueView {
            queue: &line.queue,
            voice: WaitingView::of(&line.voice),
            chat: WaitingView::of(&line.chat),
        })
    }

    /// Every queue, by code.
    pub fn queue_views(&self) -> impl Iterator<Item = QueueView<'_>> {
        self.codes.keys().filter_map(|code| self.queue_view(code))
    }

    /// One work.
    pub fn work_view(&self, id: WorkId) -> Option<WorkView<'_>> {
        let item = self.items.get(&id)?;
        Some(WorkView {
            id,
            media: item.media,
            queue: item
                .queue
                .map(|index| self.lines[index].queue.code.as_str()),
            offered_at: item.offered_at,
            stage: item.stage,
            place: item.place,
        })
    }

    /// Requesters of a queue who talk to nobody yet, oldest first, calls before chats.
    pub fn unanswered(&self, code: &str) -> impl Iterator<Item = WorkView<'_>> {
        self.codes
            .get(code)
            .into_iter()
            .flat_map(|index| {
                MediaKind::ALL.map(|media| self.lines[*index].lane(media).unanswered.iter())
            })
            .flatten()
            .filter_map(|(_, id)| self.work_view(*id))
    }

    /// How many of its medium are before a work in its queue and still wait; 0 when it rings. `None` when it
    /// does not wait. Looks at everybody who waits there.
    pub fn ahead(&self, id: WorkId) -> Option<usize> {
        let item = self.items.get(&id)?;
        match item.stage {
            Stage::Ringing { .. } => return Some(0),
            Stage::Waiting | Stage::Reserved { .. } => {}
            Stage::Dialling { .. } | Stage::Active { .. } => return None,
        }
        let lane = self.lines[item.queue?].lane(item.media);
        let before = |(_, other): &&(DateTime<Utc>, WorkId)| {
            self.items.get(other).is_some_and(|other| {
                other.place < item.place && !matches!(other.stage, Stage::Ringing { .. })
            })
        };
        Some(lane.unanswered.iter().filter(before).count())
    }

    /// How many agents are on duty for a queue: free for this medium as soon as what they have in hand is done.
    pub fn on_duty(&self, code: &str, media: MediaKind) -> usize {
        let index = self.codes.get(code);
        let agents = self.agents.values();
        index.map_or(0, |index| {
            agents
                .filter(|agent| agent.on_duty(media) && agent.serves(*index, 0))
                .count()
        })
    }

    /// How many works are here.
    pub fn works(&self) -> usize {
        self.items.len()
    }
}
