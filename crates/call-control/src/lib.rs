#![doc = include_str!("../README.md")]

mod call;
mod outbound;
mod talk;
mod types;

pub use call::{Call, State};
pub use types::{
    AgentId, CallId, Command, Declined, DeviceId, Direction, EndedBy, Event, Gone, Input, LegId,
    Limits, Outcome, Prompt, Refusal, Request, Times,
};
