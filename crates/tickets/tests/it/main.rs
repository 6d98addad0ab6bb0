//! Drives contact records and tickets from outside, on both databases.

mod desk;
mod lists;
mod owed;
mod pop;
mod rights;
mod state_machines;
mod ticket;
mod wrap_up;
