//! `Json`, `Query` and `Path` as in axum; what does not fit is answered with a problem document that names
//! the field.

use axum::body::HttpBody as _;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{Problem, bad_request, invalid, too_large};

/// A JSON body. 413 too large, 415 not JSON by its header, 400 not JSON at all or holding a null byte, 422
/// a field that does not fit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// The query string. 400 for a field that does not fit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

/// The parameters in the path. 404 for an id that cannot be one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "send the body as Content-Type: application/json";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "unsupported_media_type", detail));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(body_problem)?;
        parse(&body).map(Self)
    }
}

/// `Option<Json<T>>`: none where nothing was sent.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if !request.headers().contains_key(header::CONTENT_TYPE) && request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state)
            .await
            .map(Some)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn body_problem(rejection: BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            too_large("the body is longer than this route takes")
        }
        other => bad_request("body_broken", other.body_text()),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if holds_null(body) {
        return Err(bad_request("null_byte", "text may not hold a null byte"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let cause = error.inner();
        if !cause.is_data() {
            return bad_request("bad_json", cause.to_string());
        }
        // A missing or unknown field stands in the sentence only, as `name`.
        let named = cause.to_string().split('`').nth(1).map(str::to_owned);
        match (field.as_str(), named) {
            (".", Some(name)) => invalid(&name, "bad_value", cause.to_string()),
            (".", None) => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad_value",
                cause.to_string(),
            ),
            (field, _) => invalid(field, "bad_value", cause.to_string()),
        }
    })?;
    reader
        .end()
        .map_err(|error| bad_request("bad_json", error.to_string()))?;
    Ok(value)
}

/// `PostgreSQL` cannot keep U+0000; in JSON it only comes as this escape, behind an even number of
/// backslashes.
fn holds_null(body: &[u8]) -> bool {
    body.windows(6).enumerate().any(|(at, six)| {
        six == b"\\u0000"
            && body[..at]
                .iter()
                .rev()
                .take_while(|byte| **byte == b'\\')
                .count()
                % 2
                == 0
    })
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(bad_request("null_byte", "text may not hold a null byte"));
        }
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(query) => Ok(Self(query.0)),
            // "Failed to deserialize query string: field: what is wrong"
            Err(rejection) => {
                let text = rejection.body_text();
                let field = text.split(": ").nth(1).filter(|field| !field.contains(' '));
                let problem = bad_request("bad_query", text.clone());
                Err(match field {
                    Some(field) => problem.with_field(field),
                    None => problem,
                })
            }
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(path) => Ok(Self(path.0)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => Err(Problem::new(
                StatusCode::NOT_FOUND,
                "not_found",
                error.body_text(),
            )),
            Err(other) => Err(bad_request("bad_path", other.body_text())),
        }
    }
}
