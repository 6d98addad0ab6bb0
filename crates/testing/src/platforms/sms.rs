//! An SMS gateway that signs and checks after Standard Webhooks.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::Clock;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Callback, Shared, serve};

/// The secret of both sides.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A running gateway.
#[derive(Clone)]
pub struct Gateway {
    /// Its address.
    pub base: String,
    state: Shared<Inside>,
}

struct Inside {
    clock: Clock,
    count: u64,
    sent: Vec<Value>,
    failing: Option<u16>,
}

impl Gateway {
    /// Starts it.
    pub async fn start(clock: &Clock) -> Self {
        let state = Shared::new(Inside {
            clock: clock.clone(),
            count: 0,
            sent: Vec::new(),
            failing: None,
        });
        let router = Router::new()
            .route("/send", post(send))
            .with_state(state.clone());
        Self {
            base: serve(router).await,
            state,
        }
    }

    /// What our side is told of it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("url", format!("{}/send", self.base))]
    }

    /// And its secret.
    pub fn secrets() -> Vec<(&'static str, String)> {
        vec![("secret", SECRET.to_owned())]
    }

    /// Somebody writes.
    pub fn says(&self, from: &str, text: &str) -> Callback {
        self.told(&json!({"type": "message", "from": from, "text": text}))
    }

    /// The operator tells what became of a message.
    pub fn receipt(&self, id: &str, status: &str, code: &str) -> Callback {
        let mobile = "13800001234";
        self.told(
            &json!({"type": "receipt", "id": id, "mobile": mobile, "status": status, "code": code}),
        )
    }

    /// Anything that it signs.
    pub fn told(&self, body: &Value) -> Callback {
        let mut inside = self.state.lock();
        inside.count += 1;
        let (id, at) = (
            format!("evt_{}", inside.count),
            inside.clock.now().timestamp(),
        );
        let body = body.to_string();
        let signature = signed(&id, &at.to_string(), body.as_bytes());
        Callback::post("", body)
            .header("webhook-id", id)
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature)
    }

    /// What was sent and taken.
    pub fn sent(&self) -> Vec<Value> {
        self.state.lock().sent.clone()
    }

    /// From now on it answers so, or takes again.
    pub fn fail(&self, status: Option<u16>) {
        self.state.lock().failing = status;
    }
}

/// The signature of a message.
pub fn signed(id: &str, at: &str, body: &[u8]) -> String {
    let key = STANDARD
        .decode(SECRET.trim_start_matches("whsec_"))
        .expect("Base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(&[id.as_bytes(), b".", at.as_bytes(), b".", body].concat());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

async fn send(
    State(state): State<Shared<Inside>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
    let mut inside = state.lock();
    let age = inside.clock.now().timestamp() - at.parse::<i64>().unwrap_or_default();
    if header("webhook-signature") != signed(&id, &at, &body) || age.abs() > 300 {
        return (StatusCode::UNAUTHORIZED, Json(Value::Null));
    }
    if let Some(status) = inside.failing {
        let status = StatusCode::from_u16(status).expect("a status");
        return (status, Json(Value::Null));
    }
    let message: Value = serde_json::from_slice(&body).expect("JSON that we signed");
    // The same id once more is the same message.
    if !inside.sent.iter().any(|sent| sent["id"] == message["id"]) {
        inside.sent.push(message);
    }
    (
        StatusCode::ACCEPTED,
        Json(json!({"id": format!("gw_{id}")})),
    )
}
