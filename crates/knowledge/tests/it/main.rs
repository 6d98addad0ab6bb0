//! What the crate promises, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod approvals;
mod articles;
mod assist;
mod attacks;
mod demo;
mod diff;
mod fault_trees;
mod lookups;
mod machines;
mod readings;
mod search;
mod world;
