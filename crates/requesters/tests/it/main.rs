//! Drives the requesters from outside, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod blocks;
mod identity;
mod machines;
mod number;
mod persons;
mod proofs;
mod reveal;
mod support;
mod writers;
