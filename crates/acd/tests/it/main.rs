//! The distributor, driven as `floor` drives it.
#![expect(clippy::unwrap_used, reason = "a test may panic, also in its helpers")]

mod agents;
mod busy;
mod complaints;
mod matching;
mod random;
mod size;
mod support;
mod transfers;
mod waiting;
mod widening;
mod wrap_up;
