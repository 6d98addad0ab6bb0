//! Call records: the journal that writes them, the recordings, and what the console asks of them.

pub mod control;
pub mod http;
pub(crate) mod journal;
pub mod recording;
pub mod recovery;
pub mod rows;
pub mod store;
