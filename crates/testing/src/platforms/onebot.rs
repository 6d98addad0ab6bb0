//! A program that speaks OneBot v11 for a QQ account.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::Clock;
use serde_json::{Value, json};
use sha1::Sha1;

use super::{Callback, Shared, serve};

/// The QQ account.
pub const SELF_ID: i64 = 10_001_000;
/// What signs events.
pub const SECRET: &str = "some-secret";
/// What calls carry.
pub const ACCESS_TOKEN: &str = "kSLuTF2GC2Q4q4ugm3";

/// A running program.
#[derive(Clone)]
pub struct OneBot {
    /// Where it listens.
    pub base: String,
    state: Shared<Inside>,
}

struct Inside {
    clock: Clock,
    count: i64,
    sent: Vec<(String, Value)>,
    failing: Option<i64>,
}

impl OneBot {
    /// Starts it.
    pub async fn start(clock: &Clock) -> Self {
        let state = Shared::new(Inside {
            clock: clock.clone(),
            count: 0,
            sent: Vec::new(),
            failing: None,
        });
        let router = Router::new()
            .route("/picture.png", get(async || b"\x89PNG a picture".to_vec()))
            .route("/{action}", post(act))
            .with_state(state.clone());
        Self {
            base: serve(router).await,
            state,
        }
    }

    /// What our side is told of the account.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("self_id", SELF_ID.to_string()),
            ("api_base", self.base.clone()),
        ]
    }

    /// And its secrets.
    pub fn secrets() -> Vec<(&'static str, String)> {
        vec![
            ("secret", SECRET.to_owned()),
            ("access_token", ACCESS_TOKEN.to_owned()),
        ]
    }

    /// Somebody writes; `message` is a text with CQ codes or a list of segments.
    pub fn says(&self, user: i64, message: &Value) -> Callback {
        self.event(json!({"message_type": "private", "sub_type": "friend", "user_id": user, "message": message}))
    }

    /// Somebody writes in a group.
    pub fn says_in_group(&self, group: i64, user: i64, message: &Value) -> Callback {
        self.event(json!({
            "message_type": "group", "sub_type": "normal", "group_id": group, "user_id": user, "message": message,
        }))
    }

    fn event(&self, mut event: Value) -> Callback {
        let mut inside = self.state.lock();
        inside.count += 1;
        event["time"] = inside.clock.now().timestamp().into();
        event["self_id"] = SELF_ID.into();
        event["post_type"] = "message".into();
        event["message_id"] = (-inside.count).into();
        event["sender"] = json!({"nickname": "小王", "card": ""});
        signed(event.to_string().as_bytes())
    }

    /// What was sent and taken, by action.
    pub fn sent(&self) -> Vec<(String, Value)> {
        self.state.lock().sent.clone()
    }

    /// From now on calls end with this code, or go well again.
    pub fn fail(&self, retcode: Option<i64>) {
        self.state.lock().failing = retcode;
    }
}

/// An event, signed.
pub fn signed(body: &[u8]) -> Callback {
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(body);
    let signature = hex::encode(mac.finalize().into_bytes());
    Callback::post("", body)
        .header("x-self-id", SELF_ID.to_string())
        .header("x-signature", format!("sha1={signature}"))
}

async fn act(
    State(state): State<Shared<Inside>>,
    Path(action): Path<String>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let given = headers.get("authorization").and_then(|it| it.to_str().ok());
    match given {
        None => return (StatusCode::UNAUTHORIZED, Json(Value::Null)),
        Some(given) if given != format!("Bearer {ACCESS_TOKEN}") => {
            return (StatusCode::FORBIDDEN, Json(Value::Null));
        }
        Some(_) => {}
    }
    let to = match action.as_str() {
        "send_private_msg" => &asked["user_id"],
        "send_group_msg" => &asked["group_id"],
        _ => return (StatusCode::NOT_FOUND, Json(Value::Null)),
    };
    let failed = |code: i64| Json(json!({"status": "failed", "retcode": code, "data": null}));
    if !to.is_i64() || asked["message"].is_null() {
        return (StatusCode::OK, failed(100));
    }
    let mut inside = state.lock();
    if let Some(code) = inside.failing {
        return (StatusCode::OK, failed(code));
    }
    inside.count += 1;
    let id = inside.count;
    inside.sent.push((action, asked));
    (
        StatusCode::OK,
        Json(json!({"status": "ok", "retcode": 0, "data": {"message_id": id}})),
    )
}
