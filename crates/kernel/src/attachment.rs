//! Files that people attach: what they may be, how they come in and go out.

pub mod table;

use axum::body::Bytes;
use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema;

use crate::problem::{Problem, Result, bad_request, invalid, too_large};

/// The largest file in bytes.
pub const LARGEST: usize = 20 << 20;
/// The largest request that brings one: the form around it is small.
pub const BODY: usize = LARGEST + (64 << 10);
/// The longest name in characters.
const LONGEST_NAME: usize = 120;

/// What a file may be, by its first bytes; the name it came with proves nothing.
const KINDS: [(&[u8], &str); 10] = [
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    (b"RIFF", "audio/wav"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
];

/// A file that is sent as one part named `file` of a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "tells the shape of the form")]
pub struct FileForm {
    /// The file with its name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The part `file` of the form, whole.
pub async fn part(mut form: Multipart) -> Result<(String, Bytes)> {
    let broken = |error: MultipartError| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            too_large("a file has at most 20 MB")
        } else {
            bad_request("form_unreadable", error.body_text())
        }
    };
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() != Some("file") {
            continue;
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(broken)?;
        if bytes.len() > LARGEST {
            return Err(too_large("a file has at most 20 MB"));
        }
        return Ok((plain_name(&name)?, bytes));
    }
    Err(bad_request("file_missing", "the form has no part `file`").with_field("file"))
}

/// The last part of a path, as a name.
pub fn plain_name(name: &str) -> Result<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let bad = name.is_empty()
        || name.chars().count() > LONGEST_NAME
        || name.chars().any(char::is_control);
    if bad {
        return Err(invalid(
            "file",
            "file_name_invalid",
            "a file needs a name of up to 120 plain characters",
        ));
    }
    Ok(name.to_owned())
}

/// What a file is by its content; 415 for what is not taken.
pub fn kind_of(name: &str, bytes: &[u8]) -> Result<&'static str> {
    if let Some((_, kind)) = KINDS.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return Ok(kind);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Ok("video/mp4");
    }
    let text = std::path::Path::new(name)
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("txt") || end.eq_ignore_ascii_case("csv"));
    if text && std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) {
        return Ok("text/plain; charset=utf-8");
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "file_kind_not_taken",
        "PDF, pictures, sound, office documents, zip, and plain text in UTF-8 are taken",
    )
    .with_field("file"))
}

/// Always a download: what a requester sent never runs in the console's origin.
pub fn download(name: &str, media_type: &str, bytes: Bytes) -> Response {
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_str(media_type);
    headers.insert(
        header::CONTENT_TYPE,
        kind.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    // RFC 6266 with RFC 8187: the name in UTF-8, every byte that could end the value escaped.
    let escaped: String = name
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{escaped}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (headers, bytes).into_response()
}
