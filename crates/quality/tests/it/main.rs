//! What the crate promises.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod calibrating;
mod correcting;
mod drawing;
mod evaluating;
mod heard;
mod machines;
mod sampling;
mod scoring;
mod secrets;
mod transcripts;
mod world;
