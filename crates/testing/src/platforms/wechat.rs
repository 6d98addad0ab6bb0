//! WeChat: the Official Account's API and its pushes, in safe mode or plain; the envelope is also WeChat Kefu's.

use std::collections::HashMap;

use aes::Aes256;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use cbc::cipher::{BlockEncryptMut as _, KeyIvInit as _, block_padding::NoPadding};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Clock;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::{Callback, Shared, Stored, serve, uploaded};

/// The account: what is typed at the platform and at our side.
pub const APPID: &str = "wxba5fad812f8e6fb9";
/// Its secret.
pub const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The token of its pushes.
pub const TOKEN: &str = "tok_hotline";
/// The key of its pushes, whose last symbol has trailing bits.
pub const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

/// A running WeChat.
#[derive(Clone)]
pub struct Wechat {
    /// The address of its API.
    pub base: String,
    state: Shared<Inside>,
}

struct Inside {
    clock: Clock,
    count: u64,
    token: String,
    until: DateTime<Utc>,
    old: Vec<String>,
    asked: usize,
    forced: Vec<DateTime<Utc>>,
    windows: HashMap<String, (DateTime<Utc>, u32)>,
    sent: Vec<Value>,
    media: HashMap<String, Stored>,
    failing: Vec<i64>,
}

impl Wechat {
    /// Starts it.
    pub async fn start(clock: &Clock) -> Self {
        let state = Shared::new(Inside {
            clock: clock.clone(),
            count: 0,
            token: String::new(),
            until: DateTime::UNIX_EPOCH,
            old: Vec::new(),
            asked: 0,
            forced: Vec::new(),
            windows: HashMap::new(),
            sent: Vec::new(),
            media: HashMap::new(),
            failing: Vec::new(),
        });
        let router = Router::new()
            .route("/cgi-bin/stable_token", post(stable_token))
            .route("/cgi-bin/message/custom/send", post(send))
            .route("/cgi-bin/media/upload", post(upload))
            .route("/cgi-bin/media/get", get(media))
            .route("/film/{media_id}", get(film))
            .layer(DefaultBodyLimit::max(32 << 20))
            .with_state(state.clone());
        Self {
            base: serve(router).await,
            state,
        }
    }

    /// What our side is told of the account.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("appid", APPID.to_owned()), ("api_base", self.base.clone())]
    }

    /// And its secrets.
    pub fn secrets() -> Vec<(&'static str, String)> {
        [
            ("app_secret", APP_SECRET),
            ("token", TOKEN),
            ("encoding_aes_key", AES_KEY),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }

    /// Somebody writes: five answers within 48 hours.
    pub fn says(&self, openid: &str, text: &str) -> Callback {
        let fields =
            format!("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>");
        self.acts(openid, &fields)
    }

    /// Somebody does something that has a `MsgId`: five answers within 48 hours.
    pub fn acts(&self, openid: &str, fields: &str) -> Callback {
        let mut inside = self.state.lock();
        inside.count += 1;
        let id = 7_000_000_000_000_000_000 + inside.count;
        let window = (inside.clock.now() + TimeDelta::hours(48), 5);
        inside.windows.insert(openid.to_owned(), window);
        inside.pushed(openid, &format!("{fields}<MsgId>{id}</MsgId>"))
    }

    /// Somebody follows, scans or chooses in the menu: three answers within a minute.
    pub fn happens(&self, openid: &str, event: &str, key: &str) -> Callback {
        let mut inside = self.state.lock();
        let now = inside.clock.now();
        let window = inside.windows.entry(openid.to_owned()).or_insert((now, 0));
        if window.0 <= now || window.1 == 0 {
            *window = (now + TimeDelta::minutes(1), 3);
        }
        let fields = format!(
            "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>\
             <EventKey><![CDATA[{key}]]></EventKey>"
        );
        inside.pushed(openid, &fields)
    }

    /// What was sent and taken.
    pub fn sent(&self) -> Vec<Value> {
        self.state.lock().sent.clone()
    }

    /// How often a token was asked for, and how often a new one was forced.
    pub fn tokens(&self) -> (usize, usize) {
        let inside = self.state.lock();
        (inside.asked, inside.forced.len())
    }

    /// The token ends early, as when somebody else forces a new one; `known` tells whether the next that is asked for is
    /// another one.
    pub fn token_ends(&self, known: bool) {
        let mut inside = self.state.lock();
        let token = inside.token.clone();
        inside.old.push(token);
        if known {
            inside.until = DateTime::UNIX_EPOCH;
        }
    }

    /// The next sends fail so.
    pub fn fail(&self, codes: &[i64]) {
        self.state.lock().failing = codes.to_vec();
    }

    /// A file lies there to be fetched, as one that somebody sent.
    pub fn keep(&self, media_id: &str, name: &str, bytes: &[u8]) {
        let file = Stored {
            kind: "kept".to_owned(),
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        };
        self.state.lock().media.insert(media_id.to_owned(), file);
    }

    /// A film lies there, which is told by its address.
    pub fn keep_film(&self, media_id: &str, bytes: &[u8]) {
        let url = format!("{}/film/{media_id}_bytes", self.base);
        let told = json!({ "video_url": url }).to_string();
        self.keep(media_id, "film.json", told.as_bytes());
        self.keep(&format!("{media_id}_bytes"), "film.mp4", bytes);
    }

    /// A file that was uploaded.
    pub fn uploaded(&self, media_id: &str) -> Option<Stored> {
        self.state.lock().media.get(media_id).cloned()
    }
}

impl Inside {
    fn pushed(&mut self, openid: &str, fields: &str) -> Callback {
        let now = self.clock.now().timestamp();
        let message = format!(
            "<xml><ToUserName><![CDATA[gh_hotline]]></ToUserName><FromUserName><![CDATA[{openid}]]>\
             </FromUserName><CreateTime>{now}</CreateTime>{fields}</xml>"
        );
        safe(message.as_bytes(), now, APPID)
    }

    /// The code that a call with this token is answered by, when it may not go on.
    fn stopped(&self, token: &str) -> Option<i64> {
        if self.old.iter().any(|old| old == token) {
            return Some(42001);
        }
        if token != self.token || self.token.is_empty() {
            return Some(40001);
        }
        (self.clock.now() >= self.until).then_some(42001)
    }
}

/// A push in safe mode, for an appid or a company.
pub fn safe(message: &[u8], now: i64, receiver: &str) -> Callback {
    let encrypted = sealed(message, receiver);
    let body = format!(
        "<xml><ToUserName><![CDATA[gh_hotline]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    );
    Callback::post(query(now, &encrypted), body)
}

/// The query of a push in safe mode.
pub fn query(now: i64, encrypted: &str) -> String {
    let (at, nonce) = (now.to_string(), "486452656");
    let signature = signed(&[TOKEN, &at, nonce]);
    let msg_signature = signed(&[TOKEN, &at, nonce, encrypted]);
    format!(
        "signature={signature}&timestamp={at}&nonce={nonce}&encrypt_type=aes&msg_signature={msg_signature}"
    )
}

/// The query of a plain push, or of the verification of an address.
pub fn plain_query(now: i64) -> String {
    let at = now.to_string();
    let signature = signed(&[TOKEN, &at, "n1"]);
    format!("signature={signature}&timestamp={at}&nonce=n1")
}

/// SHA-1 over the sorted parts.
pub fn signed(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    hex::encode(Sha1::digest(parts.concat()))
}

/// The envelope of safe mode.
pub fn sealed(message: &[u8], receiver: &str) -> String {
    let lenient = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let key = lenient.decode(format!("{AES_KEY}=")).expect("a key");
    let length = u32::try_from(message.len()).expect("a short message");
    let mut plain = b"fedcba9876543210".to_vec();
    plain.extend(length.to_be_bytes());
    plain.extend(message);
    plain.extend(receiver.as_bytes());
    let pad = 32 - plain.len() % 32;
    plain.extend(std::iter::repeat_n(
        u8::try_from(pad).expect("at most 32"),
        pad,
    ));
    let length = plain.len();
    let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&key, &key[..16]).expect("32 bytes");
    let sealed = cipher.encrypt_padded_mut::<NoPadding>(&mut plain, length);
    STANDARD.encode(sealed.expect("whole blocks"))
}

type Answer = Json<Value>;

fn error(code: i64) -> Answer {
    Json(json!({"errcode": code, "errmsg": "refused"}))
}

async fn stable_token(State(state): State<Shared<Inside>>, Json(asked): Json<Value>) -> Answer {
    let mut inside = state.lock();
    inside.asked += 1;
    if asked["grant_type"] != "client_credential" || asked["appid"] != APPID {
        return error(40013);
    }
    if asked["secret"] != APP_SECRET {
        return error(40001);
    }
    let now = inside.clock.now();
    if asked["force_refresh"] == true {
        let early = inside
            .forced
            .last()
            .is_some_and(|last| now - *last < TimeDelta::seconds(30));
        if early || inside.forced.len() >= 20 {
            return error(45011);
        }
        inside.forced.push(now);
        inside.until = DateTime::UNIX_EPOCH;
    }
    // It renews five minutes early; the old one goes on until its end.
    if now + TimeDelta::minutes(5) > inside.until {
        inside.count += 1;
        inside.token = format!("token_{}", inside.count);
        inside.until = now + TimeDelta::seconds(7_200);
    }
    let left = (inside.until - now).num_seconds();
    Json(json!({"access_token": inside.token, "expires_in": left}))
}

#[derive(serde::Deserialize)]
struct Asked {
    access_token: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    media_id: String,
}

async fn send(
    State(state): State<Shared<Inside>>,
    Query(asked): Query<Asked>,
    Json(message): Json<Value>,
) -> Answer {
    let mut inside = state.lock();
    if let Some(code) = inside.stopped(&asked.access_token) {
        return error(code);
    }
    if !inside.failing.is_empty() {
        return error(inside.failing.remove(0));
    }
    let kind = message["msgtype"].as_str().unwrap_or_default();
    let whole = match kind {
        "text" => {
            let text = message["text"]["content"].as_str();
            text.is_some_and(|text| !text.is_empty() && text.len() <= 2_048)
        }
        "image" | "voice" | "video" => {
            let media = message[kind]["media_id"].as_str();
            media.is_some_and(|media| inside.media.contains_key(media))
        }
        _ => return error(40008),
    };
    if !whole {
        return error(if kind == "text" { 45002 } else { 40007 });
    }
    let now = inside.clock.now();
    let Some(window) = inside
        .windows
        .get_mut(message["touser"].as_str().unwrap_or_default())
    else {
        return error(40003);
    };
    if window.0 <= now {
        return error(45015);
    }
    if window.1 == 0 {
        return error(45047);
    }
    window.1 -= 1;
    inside.sent.push(message);
    Json(json!({"errcode": 0, "errmsg": "ok"}))
}

async fn upload(
    State(state): State<Shared<Inside>>,
    Query(asked): Query<Asked>,
    form: Multipart,
) -> Answer {
    let file = uploaded(form, "media", &asked.kind).await;
    let mut inside = state.lock();
    if let Some(code) = inside.stopped(&asked.access_token) {
        return error(code);
    }
    let Some(file) = file else {
        return error(41005);
    };
    inside.count += 1;
    let id = format!("media_{}", inside.count);
    inside.media.insert(id.clone(), file);
    Json(json!({"type": asked.kind, "media_id": id, "created_at": 1_714_112_445}))
}

async fn media(State(state): State<Shared<Inside>>, Query(asked): Query<Asked>) -> Response {
    let inside = state.lock();
    if let Some(code) = inside.stopped(&asked.access_token) {
        return error(code).into_response();
    }
    let Some(file) = inside.media.get(&asked.media_id) else {
        return error(40007).into_response();
    };
    let name = format!("attachment; filename=\"{}\"", file.name);
    ([("content-disposition", name)], file.bytes.clone()).into_response()
}

async fn film(State(state): State<Shared<Inside>>, Path(media_id): Path<String>) -> Vec<u8> {
    let inside = state.lock();
    let film = inside.media.get(&media_id);
    film.map_or_else(
        || error(40007).0.to_string().into_bytes(),
        |film| film.bytes.clone(),
    )
}
