//! Tables read and written, also those nobody should send; documents printed.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod csv;
mod hostile;
mod moments;
mod paper;
mod written;
mod xlsx;
