//! What the crate promises, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod bank;
mod courses;
mod crowd;
mod demo;
mod exams;
mod machines;
mod marking;
mod papers;
mod typing;
mod world;
