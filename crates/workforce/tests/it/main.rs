//! What the crate promises, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod attendance;
mod ics;
mod judged;
mod leave;
mod overtime;
mod roster;
mod rosters;
mod swaps;
mod world;
