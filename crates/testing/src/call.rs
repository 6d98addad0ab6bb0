//! Asking a router without a socket.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kernel::{Principal, Role};
use serde_json::Value;
use tower::ServiceExt as _;
use uuid::Uuid;

/// What a route answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; as a JSON string where it is not JSON.
    pub json: Value,
}

/// Somebody with these roles, whom the database does not know.
pub fn principal(roles: &[Role]) -> Principal {
    let id = format!(
        "00000000-0000-7000-8000-0000000000{:02x}",
        roles.first().map_or(0, |role| *role as u8)
    );
    let user_id: Uuid = id.parse().expect("a fixed id");
    Principal {
        user_id,
        session_id: Uuid::from_u128(user_id.as_u128() | 0x0100),
        username: roles
            .first()
            .map_or("nobody", |role| role.as_str())
            .to_owned(),
        name: "测试".to_owned(),
        staff_no: None,
        roles: roles.to_vec(),
        queues: Vec::new(),
        must_change_password: false,
    }
}

/// Asks `router` as `actor`: `call(&router, Some(&lead), Method::GET, "/api/v1/floor", None)`.
///
/// # Panics
/// When the body does not come to its end.
pub async fn call(
    router: &Router,
    actor: Option<&Principal>,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    let body = match body {
        Some(json) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(json.to_string())
        }
        None => Body::empty(),
    };
    send(router, actor, request.body(body).expect("a request")).await
}

/// Sends a request made by hand as `actor`.
///
/// # Panics
/// When the body does not come to its end.
pub async fn send(router: &Router, actor: Option<&Principal>, request: Request<Body>) -> Answer {
    let (status, headers, bytes) = raw(router, actor, request).await;
    let json = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Answer {
        status,
        headers,
        json,
    }
}

async fn raw(
    router: &Router,
    actor: Option<&Principal>,
    mut request: Request<Body>,
) -> (StatusCode, HeaderMap, Bytes) {
    if let Some(principal) = actor {
        request.extensions_mut().insert(principal.clone());
    }
    let response = router
        .clone()
        .oneshot(request)
        .await
        .expect("a router always answers");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a whole body").to_bytes();
    (parts.status, parts.headers, bytes)
}

/// A router that people ask; a test's own stage derefs to it.
#[derive(Debug, Clone)]
pub struct Door(pub Router);

impl Door {
    /// Asks as `who`.
    ///
    /// # Panics
    /// When the body does not come to its end.
    pub async fn ask(
        &self,
        who: &Principal,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        call(&self.0, Some(who), method, path, body).await
    }

    /// The file that `who` gets.
    ///
    /// # Panics
    /// When the answer is not 200.
    pub async fn file(&self, who: &Principal, path: &str) -> (HeaderMap, Bytes) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let (status, headers, bytes) = raw(&self.0, Some(who), request).await;
        let said = String::from_utf8_lossy(&bytes);
        assert_eq!(status, StatusCode::OK, "{path}: {said}");
        (headers, bytes)
    }

    /// What `who` gets to see.
    ///
    /// # Panics
    /// When the answer is not 200.
    pub async fn get(&self, who: &Principal, path: &str) -> Value {
        let answer = self.ask(who, Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.json);
        answer.json
    }
}
