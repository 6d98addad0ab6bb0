//! The web console, embedded in the binary.

use axum::body::Body;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Bundle;

/// A file of the console; any other path is the console itself, which routes by address.
pub async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return kernel::problem::not_found("endpoint").into_response();
    }
    let (name, file) = match Bundle::get(path) {
        Some(file) if !path.is_empty() => (path, Some(file)),
        _ => ("index.html", Bundle::get("index.html")),
    };
    let Some(file) = file else {
        let way_out = "the console was not built: run `make web`";
        return (StatusCode::NOT_FOUND, way_out).into_response();
    };
    // Built files carry a hash of their content in the name; the page itself must be asked for again.
    let cache = if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    Response::builder()
        .header(header::CONTENT_TYPE, file.metadata.mimetype())
        .header(header::CACHE_CONTROL, cache)
        .body(Body::from(file.data))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
