//! Tables that come in as a file: the part `file` of a form, or the whole body.

use axum::body::Bytes;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{StatusCode, header};
use utoipa::ToSchema;

use crate::problem::{Problem, Result, bad_request, invalid, too_large};

const TOO_LARGE: &str = "a table has at most 20 MB";

/// A table as one part named `file` of a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "tells the shape of the form")]
pub struct TableForm {
    /// `.xlsx` or `.csv`
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The file of a request, with the name a form gave it.
pub async fn file(request: Request) -> Result<(Option<String>, Bytes)> {
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
        return if bytes.is_empty() {
            Err(bad_request("file_missing", "the body is empty").with_field("file"))
        } else {
            Ok((None, bytes))
        };
    }
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| bad_request("form_unreadable", error.body_text()))?;
    let broken = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(TOO_LARGE),
        _ => bad_request("form_unreadable", error.body_text()),
    };
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() == Some("file") {
            let name = field.file_name().map(str::to_owned);
            return Ok((name, field.bytes().await.map_err(broken)?));
        }
    }
    Err(bad_request("file_missing", "the form has no part `file`").with_field("file"))
}

/// The last part of a path, in plain characters: the name of a table is only shown.
pub fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars()
        .filter(|char| !char.is_control())
        .take(super::LONGEST_NAME)
        .collect()
}

/// Why a file is no table, with the cell where reading ended: its row and the letters of its column.
pub fn unreadable(code: &'static str, detail: String, at: Option<(u32, String)>) -> Problem {
    if code == "file_too_large" {
        return too_large(detail).with_field("file");
    }
    let problem = invalid("file", code, detail);
    match at {
        Some((row, column)) => problem.with("row", row).with("column", column),
        None => problem,
    }
}
