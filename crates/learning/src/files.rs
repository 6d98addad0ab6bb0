//! Tables that come in and go out over HTTP.

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use documents::Table;
use kernel::attachment::table::{file, unreadable};
use kernel::problem::{Result, internal};

/// The table of a request.
pub(crate) async fn table(request: Request) -> Result<Table> {
    let (_, bytes) = file(request).await?;
    let read = tokio::task::spawn_blocking(move || documents::read(&bytes)).await;
    read.map_err(internal)?.map_err(|why| {
        let at = why
            .at
            .map(|(row, column)| (row, documents::letters(column)));
        unreadable(why.code, why.detail, at)
    })
}

/// A sheet to be kept.
pub(crate) fn sheet(name: &str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
