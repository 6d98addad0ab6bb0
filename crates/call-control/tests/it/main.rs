//! Scenarios and properties of a call.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod consult;
mod diagram;
mod inbound;
mod keys;
mod outbound;
mod properties;
mod supervise;
mod talk;
mod world;
