//! A small S3 on a socket: whole and multipart uploads, ranges, removal; told to fail, or to keep something else.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};

/// What it holds, and how it behaves.
#[derive(Default)]
pub struct Bucket {
    pub objects: Mutex<BTreeMap<String, Vec<u8>>>,
    parts: Mutex<BTreeMap<u32, Vec<u8>>>,
    /// Requests that still fail.
    pub failing: AtomicUsize,
    /// It keeps something else than it was sent.
    pub altering: AtomicBool,
    pub requests: AtomicUsize,
}

pub struct S3 {
    pub bucket: Arc<Bucket>,
    pub endpoint: String,
}

impl S3 {
    pub async fn start() -> Self {
        let bucket = Arc::<Bucket>::default();
        let router = Router::new()
            .fallback(serve)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&bucket));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { bucket, endpoint }
    }
}

fn answer(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("etag", "\"tag\"")
        .header("last-modified", "Mon, 23 Nov 2026 02:00:00 GMT")
        .body(body.into())
        .unwrap()
}

async fn serve(
    State(bucket): State<Arc<Bucket>>,
    method: Method,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    bucket.requests.fetch_add(1, Relaxed);
    let signed = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 Credential=access/"));
    if !signed {
        return answer(StatusCode::FORBIDDEN, "");
    }
    if bucket
        .failing
        .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
        .is_ok()
    {
        return answer(
            StatusCode::FORBIDDEN,
            "<Error><Code>SlowDown</Code></Error>",
        );
    }
    let key = uri.path().to_owned();
    let query = query.unwrap_or_default();
    let mut objects = bucket.objects.lock().unwrap();
    let kept = |mut bytes: Vec<u8>| {
        if bucket.altering.load(Relaxed) {
            bytes[100] ^= 1;
        }
        bytes
    };
    match method {
        Method::PUT if query.contains("partNumber=") => {
            let number = query
                .split('&')
                .find_map(|pair| pair.strip_prefix("partNumber=")?.parse().ok());
            let mut parts = bucket.parts.lock().unwrap();
            parts.insert(number.unwrap(), body.to_vec());
            answer(StatusCode::OK, "")
        }
        Method::PUT => {
            objects.insert(key, kept(body.to_vec()));
            answer(StatusCode::OK, "")
        }
        Method::POST if query.starts_with("uploads") => answer(
            StatusCode::OK,
            "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>one</UploadId></InitiateMultipartUploadResult>",
        ),
        Method::POST => {
            let parts = std::mem::take(&mut *bucket.parts.lock().unwrap());
            let whole: Vec<u8> = parts.into_values().flatten().collect();
            objects.insert(key, kept(whole));
            answer(
                StatusCode::OK,
                "<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket><Key>k</Key><ETag>\"tag\"</ETag></CompleteMultipartUploadResult>",
            )
        }
        Method::DELETE => {
            objects.remove(&key);
            answer(StatusCode::NO_CONTENT, "")
        }
        Method::GET | Method::HEAD => {
            let Some(bytes) = objects.get(&key) else {
                return answer(
                    StatusCode::NOT_FOUND,
                    "<Error><Code>NoSuchKey</Code></Error>",
                );
            };
            let range = headers
                .get("range")
                .and_then(|value| value.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'))
                .map(|(first, last)| {
                    (
                        first.parse::<usize>().unwrap(),
                        last.parse::<usize>().unwrap(),
                    )
                });
            let length = bytes.len();
            let Some((first, last)) = range else {
                let mut whole = answer(StatusCode::OK, bytes.clone());
                whole
                    .headers_mut()
                    .insert("content-length", length.to_string().parse().unwrap());
                return whole;
            };
            let last = last.min(length - 1);
            let mut part = answer(StatusCode::PARTIAL_CONTENT, bytes[first..=last].to_vec());
            let told = format!("bytes {first}-{last}/{length}");
            part.headers_mut()
                .insert("content-range", told.parse().unwrap());
            part
        }
        _ => answer(StatusCode::METHOD_NOT_ALLOWED, ""),
    }
}
