//! The block list (黑名单): who may not write for a while, asked for by one person and approved by another, never
//! without an end.

pub mod store;
