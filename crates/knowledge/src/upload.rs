//! Tables that come in over HTTP.

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{StatusCode, header};
use documents::{Table, Unreadable};
use kernel::problem::{Problem, Result, bad_request, internal, invalid, too_large};
use utoipa::ToSchema;

/// The largest request that brings a table: the form around it is small.
pub(crate) const LARGEST: usize = documents::LARGEST + (64 << 10);

/// A table as one part named `file` of a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "tells the shape of the form")]
pub(crate) struct LookupForm {
    /// `.xlsx` or `.csv`
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The table of a request: the part `file` of a form, or the whole body.
pub(crate) async fn table(request: Request) -> Result<Table> {
    let bytes = file(request).await?;
    let read = tokio::task::spawn_blocking(move || documents::read(&bytes)).await;
    read.map_err(internal)?.map_err(unreadable)
}

async fn file(request: Request) -> Result<Bytes> {
    const TOO_LARGE: &str = "a table has at most 20 MB";
    let kind = request.headers().get(header::CONTENT_TYPE);
    let form = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
    if !form {
        let bytes = Bytes::from_request(request, &()).await;
        let bytes = bytes.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(TOO_LARGE),
            _ => bad_request("body_broken", error.body_text()),
        })?;
        if bytes.is_empty() {
            return Err(bad_request("file_missing", "the body is empty").with_field("file"));
        }
        return Ok(bytes);
    }
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| bad_request("form_unreadable", error.body_text()))?;
    let broken = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(TOO_LARGE),
        _ => bad_request("form_unreadable", error.body_text()),
    };
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() == Some("file") {
            return field.bytes().await.map_err(broken);
        }
    }
    Err(bad_request("file_missing", "the form has no part `file`").with_field("file"))
}

/// Why a file is no table, with the cell where reading ended.
fn unreadable(why: Unreadable) -> Problem {
    let problem = match why.code {
        "file_too_large" => return too_large(why.detail).with_field("file"),
        code => invalid("file", code, why.detail),
    };
    match why.at {
        Some((row, column)) => problem
            .with("row", row)
            .with("column", documents::letters(column)),
        None => problem,
    }
}
