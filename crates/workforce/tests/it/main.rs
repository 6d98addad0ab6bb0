//! What the crate promises, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod attendance;
mod judged;
mod overtime;
mod roster;
mod world;
