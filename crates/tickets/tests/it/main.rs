//! Drives contact records and tickets from outside, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod around;
mod cases;
mod contact;
mod cover;
mod delivery;
mod desk;
mod elsewhere;
mod emergency;
mod escalation;
mod incident;
mod instruction;
mod life;
mod lists;
mod machines;
mod matters;
mod measure;
mod offered;
mod owed;
mod person;
mod pop;
mod repeat;
mod rights;
mod rules;
mod section;
mod status;
mod ticket;
mod verbs;
mod work_orders;
mod wrap_up;
