//! What every request passes: extractors that answer with problem documents, limits, headers that browsers
//! heed, figures, and the routes that watch the process.

mod extract;
pub mod health;
pub(crate) mod layers;

pub use extract::{Json, Path, Query};
