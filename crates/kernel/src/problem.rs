//! The one error of the product's edge: an RFC 9457 problem document.
//!
//! Pure crates return their own `Refusal`; a capability turns it into [`refused`]. Handlers, stores
//! and jobs return [`Problem`]. `code` is stable and is what the console translates.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sea_orm::{DbErr, SqlErr};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The result of whatever may be refused.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// An RFC 9457 problem document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// URI reference of the kind of problem: `/problems/{code}`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status again, for those who only see the body.
    pub status: u16,
    /// The HTTP status in words.
    pub title: String,
    /// Stable code in `snake_case`; the console translates it.
    pub code: &'static str,
    /// What happened, for a log or a developer.
    pub detail: String,
    /// The field of the request that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to do instead, or who can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_out: Option<String>,
    /// Members that belong to one code only.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub extra: Map<String, Value>,
}

impl Problem {
    /// A problem of `status` with a stable `code`.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{code}"),
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            code,
            detail: detail.into(),
            field: None,
            way_out: None,
            extra: Map::new(),
        }
    }

    /// Names the field at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says what to do instead.
    #[must_use]
    pub fn with_way_out(mut self, way_out: impl Into<String>) -> Self {
        self.way_out = Some(way_out.into());
        self
    }

    /// Adds a member of its own.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key.to_owned(), value.into());
        self
    }
}

/// 400: the request cannot be understood.
pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code, detail)
}

/// 401: nobody is signed in, or the sign-in is not good enough.
pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, detail)
}

/// 403: the actor lacks `permission`.
pub fn forbidden(permission: &'static str) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "forbidden",
        format!("needs permission {permission}"),
    )
    .with("permission", permission)
}

/// 404: there is no such `what`, or the actor may not know of it.
pub fn not_found(what: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("no such {what}"),
    )
}

/// 409: the state of the thing does not allow it.
pub fn refused(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, detail)
}

/// 409: the row changed since the caller read it.
pub fn stale(what: &str) -> Problem {
    refused(
        "stale_version",
        format!("{what} was changed by someone else"),
    )
    .with_way_out("read it again and repeat the change")
}

/// 413: over a stated limit.
pub fn too_large(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

/// 422: `field` does not hold what it must.
pub fn invalid(field: &str, code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail).with_field(field)
}

/// 429: too many requests of one kind.
pub fn too_many(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
}

/// 503: a part of the system cannot serve now.
pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
}

/// 500: our fault. The cause is logged here and not shown to the caller.
pub fn internal(cause: impl std::fmt::Display) -> Problem {
    tracing::error!(%cause, "internal error");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "internal error; it was logged",
    )
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(detail)) => refused("already_exists", detail),
            Some(SqlErr::ForeignKeyConstraintViolation(detail)) => {
                refused("still_referenced", detail)
            }
            _ => match &error {
                DbErr::RecordNotFound(what) => not_found(what),
                DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => {
                    tracing::error!(%error, "no database connection");
                    unavailable(
                        "database_unreachable",
                        "the database does not answer; nothing was written",
                    )
                }
                _ => from_text(&error),
            },
        }
    }
}

/// Full disks and locks reach us as text only: `SQLite` codes 13 and 5, `PostgreSQL` 53100 and 22021.
fn from_text(error: &DbErr) -> Problem {
    let text = error.to_string();
    if text.contains("disk is full") || text.contains("No space left on device") {
        tracing::error!(%error, "the database disk is full");
        return unavailable(
            "disk_full",
            "the database disk is full; nothing was written",
        )
        .with_way_out("free space in the data folder; nothing has to be restarted");
    }
    if text.contains("database is locked") {
        return unavailable(
            "database_busy",
            "another process holds the database; nothing was written",
        );
    }
    if text.contains("invalid byte sequence for encoding")
        || text.contains("unsupported Unicode escape")
    {
        return bad_request("null_byte", "text may not hold a null byte");
    }
    internal(error)
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, crate::http::Json(self)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}
