#![doc = include_str!("../README.md")]

mod call;
mod consult;
mod keys;
mod outbound;
mod supervise;
mod talk;
mod types;
mod waiting;

pub use call::{Call, State};
pub use types::{
    AfterClosing, AgentId, CallId, Command, Declined, DeviceId, Direction, EndedBy, Event, Gone,
    Input, LegId, Limits, Line, Outcome, Part, Party, Path, Place, Prompt, Refusal, Request,
    Supervision, Times,
};
