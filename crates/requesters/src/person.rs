//! The person behind several requesters: those who were proven, or decided, to be one. A requester's rows elsewhere
//! are never rewritten; whose they are is asked.

pub mod claim;
pub mod store;
