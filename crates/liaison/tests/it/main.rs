//! What the crate promises, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod continuity;
mod demo;
mod hidden;
mod letters;
mod machines;
mod services;
mod terms;
mod world;
