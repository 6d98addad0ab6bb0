//! Drives the requesters from outside, on both databases.

mod number;
