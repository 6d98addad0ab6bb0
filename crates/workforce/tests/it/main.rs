//! What the crate promises, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod adherence;
mod attendance;
mod ics;
mod intraday;
mod judged;
mod leave;
mod overtime;
mod roster;
mod rosters;
mod site_log;
mod swaps;
mod world;
