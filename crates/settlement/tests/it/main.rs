//! What the crate promises.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod contracts;
mod fee;
mod files;
mod machines;
mod money;
mod reminders;
mod rounds;
mod story;
mod world;
