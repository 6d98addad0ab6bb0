//! QQ's open platform: tokens, answers within their window, events signed with Ed25519.

use std::collections::{HashMap, HashSet};

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Clock;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};

use super::{Callback, Shared, Stored, serve};

/// The bot's number.
pub const APPID: &str = "11111111";
/// Its secret.
pub const SECRET: &str = "DG5g3B4j9X2KOErG";

/// A running QQ.
#[derive(Clone)]
pub struct Qq {
    /// The address of its API and of its tokens.
    pub base: String,
    state: Shared<Inside>,
}

struct Inside {
    clock: Clock,
    count: u64,
    token: String,
    until: DateTime<Utc>,
    asked: usize,
    // Until when and how often a message may be answered.
    windows: HashMap<String, (DateTime<Utc>, u32)>,
    used: HashSet<(String, u64)>,
    sent: Vec<(String, Value)>,
    files: HashMap<String, Stored>,
    rate: bool,
}

impl Qq {
    /// Starts it.
    pub async fn start(clock: &Clock) -> Self {
        let state = Shared::new(Inside {
            clock: clock.clone(),
            count: 0,
            token: String::new(),
            until: DateTime::UNIX_EPOCH,
            asked: 0,
            windows: HashMap::new(),
            used: HashSet::new(),
            sent: Vec::new(),
            files: HashMap::new(),
            rate: false,
        });
        let router = Router::new()
            .route("/app/getAppAccessToken", post(token))
            .route("/v2/{place}/{id}/messages", post(send))
            .route("/v2/{place}/{id}/files", post(upload))
            .route("/picture.png", get(async || b"\x89PNG a picture".to_vec()))
            .layer(DefaultBodyLimit::max(32 << 20))
            .with_state(state.clone());
        Self {
            base: serve(router).await,
            state,
        }
    }

    /// What our side is told of the bot.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("appid", APPID.to_owned()),
            ("api_base", self.base.clone()),
            ("token_base", self.base.clone()),
        ]
    }

    /// And its secrets.
    pub fn secrets() -> Vec<(&'static str, String)> {
        vec![("app_secret", SECRET.to_owned())]
    }

    /// Somebody writes to the bot: five answers within an hour.
    pub fn says(&self, openid: &str, text: &str, attachments: &Value) -> Callback {
        let author = json!({"user_openid": openid});
        self.event("C2C_MESSAGE_CREATE", text, attachments, &author, None)
    }

    /// Somebody names the bot in a group: five answers within five minutes.
    pub fn says_in_group(&self, group: &str, openid: &str, text: &str) -> Callback {
        let author = json!({"member_openid": openid});
        self.event(
            "GROUP_AT_MESSAGE_CREATE",
            text,
            &json!([]),
            &author,
            Some(group),
        )
    }

    fn event(
        &self,
        kind: &str,
        text: &str,
        attachments: &Value,
        author: &Value,
        group: Option<&str>,
    ) -> Callback {
        let mut inside = self.state.lock();
        inside.count += 1;
        let now = inside.clock.now();
        let id = format!("ROBOT1.0_{}!", inside.count);
        let minutes = if group.is_some() { 5 } else { 60 };
        inside
            .windows
            .insert(id.clone(), (now + TimeDelta::minutes(minutes), 5));
        let body = json!({
            "id": format!("event_{}", inside.count), "op": 0, "s": inside.count, "t": kind,
            "d": {
                "id": id, "content": text, "timestamp": now.to_rfc3339(), "author": author,
                "group_openid": group, "attachments": attachments,
            },
        });
        // Written as QQ may write it: not as a program would write the same JSON anew.
        let body = serde_json::to_string_pretty(&body).expect("JSON");
        signed(body.as_bytes(), now.timestamp())
    }

    /// What was sent and taken, with where it went.
    pub fn sent(&self) -> Vec<(String, Value)> {
        self.state.lock().sent.clone()
    }

    /// How often a token was asked for.
    pub fn tokens(&self) -> usize {
        self.state.lock().asked
    }

    /// The token ends at once.
    pub fn token_ends(&self) {
        self.state.lock().until = DateTime::UNIX_EPOCH;
    }

    /// From now on there are too many messages, or no more.
    pub fn rate_exceeded(&self, exceeded: bool) {
        self.state.lock().rate = exceeded;
    }

    /// A file that was uploaded.
    pub fn uploaded(&self, info: &str) -> Option<Stored> {
        self.state.lock().files.get(info).cloned()
    }
}

/// An event, signed.
pub fn signed(body: &[u8], now: i64) -> Callback {
    let seed: Vec<u8> = SECRET.bytes().cycle().take(32).collect();
    let key = Ed25519KeyPair::from_seed_unchecked(&seed).expect("32 bytes");
    let at = now.to_string();
    let signature = key.sign(&[at.as_bytes(), body].concat());
    Callback::post("", body)
        .header("x-bot-appid", APPID)
        .header("x-signature-timestamp", at)
        .header("x-signature-ed25519", hex::encode(signature))
}

type Answer = (StatusCode, Json<Value>);

fn error(status: StatusCode, code: i64) -> Answer {
    (
        status,
        Json(json!({"code": code, "message": "refused", "err_code": code})),
    )
}

async fn token(State(state): State<Shared<Inside>>, Json(asked): Json<Value>) -> Json<Value> {
    let mut inside = state.lock();
    inside.asked += 1;
    if asked["appId"] != APPID || asked["clientSecret"] != SECRET {
        return Json(json!({"code": 100_007, "message": "invalid appid or secret"}));
    }
    let now = inside.clock.now();
    if now + TimeDelta::seconds(60) > inside.until {
        inside.count += 1;
        inside.token = format!("qq_{}", inside.count);
        inside.until = now + TimeDelta::seconds(7_200);
    }
    let left = (inside.until - now).num_seconds().to_string();
    Json(json!({"access_token": inside.token, "expires_in": left}))
}

impl Inside {
    fn knows(&self, headers: &HeaderMap) -> bool {
        let given = headers.get("authorization").and_then(|it| it.to_str().ok());
        self.clock.now() < self.until && given == Some(&format!("QQBot {}", self.token))
    }
}

async fn send(
    State(state): State<Shared<Inside>>,
    Path((place, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(message): Json<Value>,
) -> Answer {
    let mut inside = state.lock();
    if !inside.knows(&headers) {
        return error(StatusCode::UNAUTHORIZED, 11_244);
    }
    if inside.rate {
        return error(StatusCode::BAD_REQUEST, 22_009);
    }
    let (Some(reference), Some(seq)) = (message["msg_id"].as_str(), message["msg_seq"].as_u64())
    else {
        // Messages of one's own accord ended on 2025-04-21.
        return error(StatusCode::BAD_REQUEST, 40_034_105);
    };
    let reference = reference.to_owned();
    if inside.used.contains(&(reference.clone(), seq)) {
        return error(StatusCode::BAD_REQUEST, 40_054_005);
    }
    let media = message["media"]["file_info"].as_str();
    let whole = match message["msg_type"].as_u64() {
        Some(0) => message["content"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        Some(7) => media.is_some_and(|media| inside.files.contains_key(media)),
        _ => false,
    };
    if !whole {
        return error(StatusCode::BAD_REQUEST, 340_069);
    }
    let now = inside.clock.now();
    let Some(window) = inside.windows.get_mut(&reference) else {
        return error(StatusCode::BAD_REQUEST, 40_034_024);
    };
    if window.0 <= now || window.1 == 0 {
        return error(StatusCode::BAD_REQUEST, 304_103);
    }
    window.1 -= 1;
    inside.used.insert((reference, seq));
    inside.sent.push((format!("{place}/{id}"), message));
    let id = format!("sent_{}", inside.sent.len());
    (
        StatusCode::OK,
        Json(json!({"id": id, "timestamp": now.to_rfc3339()})),
    )
}

async fn upload(
    State(state): State<Shared<Inside>>,
    headers: HeaderMap,
    Json(file): Json<Value>,
) -> Answer {
    let mut inside = state.lock();
    if !inside.knows(&headers) {
        return error(StatusCode::UNAUTHORIZED, 11_244);
    }
    let bytes = STANDARD.decode(file["file_data"].as_str().unwrap_or_default());
    let (Ok(bytes), false) = (bytes, file["srv_send_msg"] == true) else {
        return error(StatusCode::BAD_REQUEST, 304_082);
    };
    inside.count += 1;
    let info = format!("file_{}", inside.count);
    let stored = Stored {
        kind: file["file_type"].to_string(),
        name: String::new(),
        bytes,
    };
    inside.files.insert(info.clone(), stored);
    (
        StatusCode::OK,
        Json(json!({"file_uuid": info, "file_info": info, "ttl": 3600})),
    )
}
