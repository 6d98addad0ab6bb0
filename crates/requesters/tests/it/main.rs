//! Drives the requesters from outside, on both databases.

mod identity;
mod number;
mod reveal;
mod support;
