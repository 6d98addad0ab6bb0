//! Drives the requesters from outside, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod identity;
mod number;
mod reveal;
mod support;
mod writers;
