//! A thousand telephones in one process: their signalling by hand and their voice on one thread, so that the
//! generator does not need more than its own core.

pub mod signalling;
pub mod voices;
