#![doc = include_str!("../README.md")]

mod agent;
mod distributor;
mod life;
mod matching;
mod message;
mod presence;
mod queue;
mod timer;
mod transfer;
mod view;
mod work;
mod wrap_up;

pub use agent::{AgentProfile, AgentState, By, Presence, WrapUp};
pub use distributor::{Acd, Settings};
pub use message::{Handled, Input, Output, PassTo, Refusal, RestoredWrapUp};
pub use queue::{NoAnswer, Overflow, Place, Queue, SkillNeed, Widen};
pub use view::{AgentView, QueueView, WaitingView, WorkView};
pub use work::{AgentId, Declined, MediaKind, Outcome, Stage, Work, WorkId};
