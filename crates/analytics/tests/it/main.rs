//! What the crate promises.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod machines;
mod performance;
mod topics;
