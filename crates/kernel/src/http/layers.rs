//! The layers around all routes.

use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use http_body_util::BodyExt as _;
use tracing::Instrument as _;

use crate::metrics::{self, HistogramVec, IntCounterVec};
use crate::problem::{Problem, internal, unavailable};
use crate::{App, Clock};

static REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let labels = &["method", "route", "status"];
    metrics::counters("shoujie_http_requests_total", "Requests answered", labels)
});
static DURATION: LazyLock<HistogramVec> = LazyLock::new(|| {
    let buckets = vec![
        0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    ];
    let help = "Seconds until the answer begins";
    metrics::histograms("shoujie_http_request_seconds", help, &["route"], buckets)
});

/// Longest text of a foreign error answer that is kept as the detail of a problem.
const DETAIL: usize = 500;

/// A panic in a handler is a problem of this request alone.
pub async fn catch_panics(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answer.unwrap_or_else(|_panic| internal("a handler panicked").into_response())
}

/// Gives the request an id and a span, and counts it.
pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = app.ids.next();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    // Unmatched paths share one label: anybody can invent them. The query stays out of the log, since
    // people search for names and numbers.
    let route = route.unwrap_or_else(|| "other".to_owned());
    let method = request.method().clone();
    let span = tracing::info_span!("request", %id, %method, path = request.uri().path());
    let started = app.clock.monotonic();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = app.clock.monotonic().saturating_sub(started);
    REQUESTS
        .with_label_values(&[label(&method), &route, response.status().as_str()])
        .inc();
    DURATION
        .with_label_values(&[&route])
        .observe(took.as_secs_f64());
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), ?took, "answered"));
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

/// HTTP takes any word for a method: those that nobody serves share one label.
fn label(method: &Method) -> &'static str {
    const SERVED: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    SERVED
        .into_iter()
        .find(|served| *served == method.as_str())
        .unwrap_or("other")
}

/// 503 when the answer has not begun in time.
pub async fn limit_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match Clock::guard(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let detail = format!("no answer within {limit:?}; whether it took effect is not known");
            unavailable("timeout", detail).into_response()
        }
    }
}

/// An error answer of a library becomes a problem document too.
pub async fn only_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let foreign = kind.is_empty() || kind.starts_with(b"text/plain");
    if !(status.is_client_error() || status.is_server_error()) || !foreign {
        return response;
    }
    let code = match status {
        StatusCode::BAD_REQUEST => "bad_request",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::UNPROCESSABLE_ENTITY => "bad_value",
        StatusCode::RANGE_NOT_SATISFIABLE => "range_not_satisfiable",
        StatusCode::UPGRADE_REQUIRED => "upgrade_required",
        status if status.is_client_error() => "refused",
        _ => "internal",
    };
    let (parts, body) = response.into_parts();
    let text = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let text: String = String::from_utf8_lossy(&text)
        .chars()
        .take(DETAIL)
        .collect();
    let detail = if text.is_empty() {
        code.replace('_', " ")
    } else {
        text
    };
    let mut response = Problem::new(status, code, detail).into_response();
    // What the library says beside the text still counts: Allow, Retry-After, Content-Range.
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// What a browser may do with our answers.
pub async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // Styles may stand inline: Element Plus and ECharts place their boxes so. Scripts may not.
    let policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
        font-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; \
        base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "microphone=(self), camera=(), geolocation=()",
        ),
    ];
    // A page with a policy of its own says there who may frame it; the older header knows no list of sites.
    let framed = headers.contains_key(header::CONTENT_SECURITY_POLICY);
    for (name, value) in fixed {
        if framed && name == header::X_FRAME_OPTIONS {
            continue;
        }
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Answers of the API are one person's own: no cache keeps them.
pub async fn keep_out_of_caches(request: Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(no_store);
    response
}
