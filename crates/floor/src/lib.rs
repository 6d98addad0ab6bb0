#![doc = include_str!("../README.md")]

mod handle;
mod medium;

pub use acd::{AgentState, Presence};
pub use handle::{AgentCard, Directory, Floor, WrapUpGate};
pub use medium::{AgentId, Declined, DeviceKind, MediaKind, Medium, Work, WorkId};
