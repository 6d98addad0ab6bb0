//! The organization asked over HTTP, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod calendar;
mod demo;
mod devices;
mod exports;
mod house;
mod one_time_codes;
mod parameters;
mod passwords;
mod sessions;
mod sign_in;
mod users;
