//! What every request passes: extractors that answer with problem documents, limits, headers that browsers
//! heed, figures, and the routes that watch the process.

mod extract;
pub mod health;
pub(crate) mod layers;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub use extract::{Json, Path, Query};

/// An answer that shows a secret or a personal value this once: nobody on the way keeps it, nor does the
/// table of idempotency keys.
#[derive(Debug, Clone, Copy)]
pub struct ShownOnce<T>(pub StatusCode, pub T);

impl<T: Serialize> IntoResponse for ShownOnce<T> {
    fn into_response(self) -> Response {
        let Self(status, body) = self;
        (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }
}
