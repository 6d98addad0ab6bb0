//! Drives the live floor from outside, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod complaints;
mod elsewhere;
mod figures;
mod hall;
mod journal;
mod lists;
mod restart;
mod rights;
mod states;
mod transfers;
mod work;
mod wrap_up;
