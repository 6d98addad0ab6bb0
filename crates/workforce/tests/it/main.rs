//! What the crate promises, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod adherence;
mod attendance;
mod intraday;
mod judged;
mod overtime;
mod roster;
mod site_log;
mod world;
