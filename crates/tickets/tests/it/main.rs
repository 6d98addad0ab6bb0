//! Drives contact records and tickets from outside, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod delivery;
mod desk;
mod lists;
mod owed;
mod pop;
mod rights;
mod state_machines;
mod ticket;
mod wrap_up;
