//! Scenarios and properties of a call.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod diagram;
mod inbound;
mod outbound;
mod properties;
mod talk;
mod world;
