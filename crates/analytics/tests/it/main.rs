//! What the crate promises, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod alerts;
mod doors;
mod facts;
mod kpi;
mod machines;
mod performance;
mod property;
mod raw;
mod recount;
mod reports;
mod topics;
mod world;
