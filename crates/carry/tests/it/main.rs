//! What the crate promises, on both databases. The scenario from outside is in the server's `clauses/a48_carry_over.rs`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod comes_in;
mod goes_out;
mod machines;
mod world;
