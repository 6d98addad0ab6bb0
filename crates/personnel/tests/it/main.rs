//! What the crate promises, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod fees;
mod judged;
mod leaks;
mod learned;
mod machines;
mod rules;
mod staff;
mod wages;
mod world;
