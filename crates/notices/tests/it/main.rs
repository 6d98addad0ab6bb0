//! Tells people things on both databases, with a real mail server and a real receiver of signed messages.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod choices;
mod house;
mod list;
mod outside;
mod rights;
mod sending;
mod telling;
