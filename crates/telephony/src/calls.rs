//! Call records: the journal that writes them, the recordings, and what the console asks of them.

pub mod archive;
pub mod control;
mod export;
pub mod http;
pub(crate) mod journal;
pub mod keeping;
pub mod legs;
pub mod listening;
pub mod mine;
pub(crate) mod reason;
pub(crate) mod receivers;
pub mod recording;
pub mod recordings;
pub mod recovery;
pub mod retention;
pub mod rows;
pub mod store;
