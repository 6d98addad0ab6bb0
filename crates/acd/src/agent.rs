//! Agents: what they can do, what they have chosen to do, and what they have in hand.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::queue::Place;
use crate::work::{AgentId, MediaKind, WorkId};

/// The nine states of a seat (domain.md A-12), as the wallboard shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// 签出
    SignedOut,
    /// 就绪
    Ready,
    /// 振铃: a call rings at the agent's device, or the agent dials and the far end rings.
    Ringing,
    /// 通话
    Talking,
    /// 保持
    Held,
    /// 后处理
    WrapUp,
    /// 小休
    Break,
    /// 会议
    Meeting,
    /// 培训
    Training,
}

impl AgentState {
    /// The name on the wire and in the rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Ready => "ready",
            Self::Ringing => "ringing",
            Self::Talking => "talking",
            Self::Held => "held",
            Self::WrapUp => "wrap_up",
            Self::Break => "break",
            Self::Meeting => "meeting",
            Self::Training => "training",
        }
    }

    /// The state of this wire name.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::SignedOut,
            Self::Ready,
            Self::Ringing,
            Self::Talking,
            Self::Held,
            Self::WrapUp,
            Self::Break,
            Self::Meeting,
            Self::Training,
        ]
        .into_iter()
        .find(|state| state.as_str() == name)
    }
}

/// What a person chooses. The other four states follow from the work in hand, and end in this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// 签出
    SignedOut,
    /// 就绪
    Ready,
    /// 小休
    Break,
    /// 会议
    Meeting,
    /// 培训
    Training,
}

impl Presence {
    /// The state shown while nothing is in hand.
    pub fn state(self) -> AgentState {
        match self {
            Self::SignedOut => AgentState::SignedOut,
            Self::Ready => AgentState::Ready,
            Self::Break => AgentState::Break,
            Self::Meeting => AgentState::Meeting,
            Self::Training => AgentState::Training,
        }
    }

    /// The name on the wire and in the rows.
    pub fn as_str(self) -> &'static str {
        self.state().as_str()
    }

    /// The presence of this wire name; `None` for a state that only work can bring about.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::SignedOut,
            Self::Ready,
            Self::Break,
            Self::Meeting,
            Self::Training,
        ]
        .into_iter()
        .find(|presence| presence.as_str() == name)
    }
}

/// What the distributor knows of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentProfile {
    /// The agent.
    pub id: AgentId,
    /// Skill code → proficiency; higher is better, 0 counts as not having the skill.
    pub skills: BTreeMap<String, u32>,
    /// How many chats the agent may hold at the same time; 0 = none.
    pub chat_slots: u32,
}

/// Who brought a change of state about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The agent.
    Agent,
    /// Somebody else, who forced it.
    Lead(AgentId),
    /// The requester's or the medium's doing: it rang, was answered, was hung up.
    Work,
    /// A timer, or the rule for an unanswered ring.
    System,
}

/// Wrap-up (后处理) of one work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapUp {
    /// The work that is being written up.
    pub work: WorkId,
    /// The queue it came through; `None` = the agent began it himself.
    pub queue: Option<String>,
    /// When the agent is free again unless he ends it or extends it.
    pub ends_at: DateTime<Utc>,
    /// Extensions used.
    pub extensions: u32,
    /// Extensions allowed.
    pub max_extensions: u32,
    /// What one extension adds.
    pub extension: std::time::Duration,
}

/// The voice work an agent has in hand. Chats are counted beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InHand {
    /// Offered to him, not answered yet.
    Ringing(WorkId),
    /// Begun by him, not answered by the far end yet.
    Dialling(WorkId),
    Talking(WorkId),
    Held(WorkId),
    WrapUp(WrapUp),
}

impl InHand {
    pub(crate) fn work(&self) -> WorkId {
        match self {
            Self::Ringing(work) | Self::Dialling(work) | Self::Talking(work) | Self::Held(work) => {
                *work
            }
            Self::WrapUp(wrap_up) => wrap_up.work,
        }
    }
}

/// A presence that was asked for while work was in hand: it comes when the work is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    pub presence: Presence,
    pub reason: Option<String>,
    pub by: By,
}

/// A queue an agent serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Serves {
    pub queue: usize,
    /// Works of this tier and above; 0 = all.
    pub tier: usize,
    pub proficiency: u32,
}

/// Order among the free agents of a queue: most proficient, then fewest chats, then longest idle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FreeKey {
    /// From this tier on he serves the queue: who serves it from the beginning comes first.
    pub tier: usize,
    pub proficiency: Reverse<u32>,
    pub chats: usize,
    pub idle_since: DateTime<Utc>,
    pub agent: AgentId,
}

#[derive(Debug)]
pub(crate) struct Agent {
    pub profile: AgentProfile,
    /// Every queue whose skills he has, or has in part, or that overflows to one of his.
    pub serves: Vec<Serves>,
    pub presence: Presence,
    pub reason: Option<String>,
    pub wish: Option<Wish>,
    pub in_hand: Option<InHand>,
    /// Wrap-ups set aside by calls he began in the middle of them; `ends_at` is then the rest of the
    /// time counted from `stopped_at`.
    pub suspended: Vec<(WrapUp, DateTime<Utc>)>,
    pub chats: BTreeSet<WorkId>,
    pub chat_ringing: Option<WorkId>,
    /// Works that wait for him by name, for a bounded time.
    pub reserved: BTreeSet<(Place, WorkId)>,
    pub reachable: bool,
    pub idle_since: DateTime<Utc>,
    /// Where he stands in the free lists; empty = he is not free.
    pub listed: Vec<(usize, MediaKind, FreeKey)>,
    /// The state last told, and since when.
    pub shown: AgentState,
    pub shown_reason: Option<String>,
    pub since: DateTime<Utc>,
}

impl Agent {
    pub(crate) fn new(profile: AgentProfile, now: DateTime<Utc>) -> Self {
        Self {
            profile,
            serves: Vec::new(),
            presence: Presence::SignedOut,
            reason: None,
            wish: None,
            in_hand: None,
            suspended: Vec::new(),
            chats: BTreeSet::new(),
            chat_ringing: None,
            reserved: BTreeSet::new(),
            reachable: false,
            idle_since: now,
            listed: Vec::new(),
            shown: AgentState::SignedOut,
            shown_reason: None,
            since: now,
        }
    }

    pub(crate) fn state(&self) -> AgentState {
        match &self.in_hand {
            Some(InHand::Ringing(_) | InHand::Dialling(_)) => AgentState::Ringing,
            Some(InHand::Talking(_)) => AgentState::Talking,
            Some(InHand::Held(_)) => AgentState::Held,
            Some(InHand::WrapUp(_)) => AgentState::WrapUp,
            None => self.presence.state(),
        }
    }

    /// Something is at his ear or on his screen that must be dealt with first.
    pub(crate) fn occupied(&self) -> bool {
        self.in_hand.is_some() || self.chat_ringing.is_some()
    }

    /// He will be free for this medium as soon as what he has in hand is done.
    pub(crate) fn on_duty(&self, media: MediaKind) -> bool {
        self.presence == Presence::Ready
            && self.wish.is_none()
            && match media {
                MediaKind::Voice => self.reachable,
                MediaKind::Chat => self.profile.chat_slots > 0,
            }
    }

    /// Works of this queue and tier are his.
    pub(crate) fn serves(&self, queue: usize, tier: usize) -> bool {
        let his = |serves: &Serves| serves.queue == queue && serves.tier <= tier;
        self.serves.iter().any(his)
    }

    /// He may be offered this medium now. Voice first: a call takes the whole person, nothing is offered beside it,
    /// and neither open chats nor one that rings keep it away.
    pub(crate) fn free_for(&self, media: MediaKind) -> bool {
        let room = match media {
            MediaKind::Voice => true,
            MediaKind::Chat => {
                self.chat_ringing.is_none() && self.chats.len() < self.profile.chat_slots as usize
            }
        };
        self.on_duty(media) && self.in_hand.is_none() && room
    }

    /// Chats he has or is offered.
    pub(crate) fn chats_in_hand(&self) -> usize {
        self.chats.len() + usize::from(self.chat_ringing.is_some())
    }

    pub(crate) fn is_listed(&self, queue: usize, media: MediaKind, tier: usize) -> bool {
        self.listed
            .iter()
            .any(|(q, m, key)| *q == queue && *m == media && key.tier <= tier)
    }
}
