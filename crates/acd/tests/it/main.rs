//! The distributor, driven as `floor` drives it.

mod agents;
mod matching;
mod random;
mod size;
mod support;
mod waiting;
mod wrap_up;
