//! What the crate promises, on both databases.
