//! WeChat Kefu: tells that there is news, and gives it by pages.

use std::collections::{HashMap, HashSet};

use axum::extract::{DefaultBodyLimit, Multipart, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Clock;
use serde_json::{Value, json};

use super::wechat::{AES_KEY, TOKEN, query, safe, sealed};
use super::{Callback, Shared, Stored, serve, uploaded};

/// The company.
pub const CORP_ID: &str = "ww1234567890abcdef";
/// The secret of its application.
pub const SECRET: &str = "kefu-secret";
/// The account that people write to.
pub const OPEN_KFID: &str = "wkAJ2GCAAAZSfhHCt7IFSvLKtMPxyJTw";

/// A running Kefu.
#[derive(Clone)]
pub struct Kefu {
    /// The address of its API.
    pub base: String,
    state: Shared<Inside>,
}

struct Inside {
    clock: Clock,
    count: u64,
    token: String,
    until: DateTime<Utc>,
    news: Vec<Value>,
    page: usize,
    hints: HashMap<String, DateTime<Utc>>,
    pulls: Vec<Value>,
    windows: HashMap<String, (DateTime<Utc>, u32)>,
    with_servicer: bool,
    sent: Vec<Value>,
    ids: HashSet<String>,
    media: HashMap<String, Stored>,
}

impl Kefu {
    /// Starts it; `page` messages are given at once.
    pub async fn start(clock: &Clock, page: usize) -> Self {
        let state = Shared::new(Inside {
            clock: clock.clone(),
            count: 0,
            token: String::new(),
            until: DateTime::UNIX_EPOCH,
            news: Vec::new(),
            page,
            hints: HashMap::new(),
            pulls: Vec::new(),
            windows: HashMap::new(),
            with_servicer: false,
            sent: Vec::new(),
            ids: HashSet::new(),
            media: HashMap::new(),
        });
        let router = Router::new()
            .route("/cgi-bin/gettoken", get(token))
            .route("/cgi-bin/kf/sync_msg", post(sync))
            .route("/cgi-bin/kf/send_msg", post(send))
            .route("/cgi-bin/kf/service_state/trans", post(take_over))
            .route("/cgi-bin/media/upload", post(upload))
            .route("/cgi-bin/media/get", get(media))
            .layer(DefaultBodyLimit::max(32 << 20))
            .with_state(state.clone());
        Self {
            base: serve(router).await,
            state,
        }
    }

    /// What our side is told of the account.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("corp_id", CORP_ID.to_owned()),
            ("open_kfid", OPEN_KFID.to_owned()),
            ("api_base", self.base.clone()),
        ]
    }

    /// And its secrets.
    pub fn secrets() -> Vec<(&'static str, String)> {
        [
            ("secret", SECRET),
            ("token", TOKEN),
            ("encoding_aes_key", AES_KEY),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }

    /// The verification of our address: `echostr` comes encrypted.
    pub fn verification(&self, echo: &str) -> Callback {
        let encrypted = sealed(echo.as_bytes(), CORP_ID);
        let now = self.state.lock().clock.now().timestamp();
        let escaped = encrypted
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        Callback {
            method: axum::http::Method::GET,
            ..Callback::post(format!("{}&echostr={escaped}", query(now, &encrypted)), "")
        }
    }

    /// Somebody does something; `more` is what the message holds beside who, when and which.
    pub fn says(&self, user: &str, more: &Value) -> Callback {
        let mut inside = self.state.lock();
        let window = (inside.clock.now() + TimeDelta::hours(48), 5);
        inside.windows.insert(user.to_owned(), window);
        inside.add(json!({"origin": 3, "external_userid": user}), more);
        inside.notified()
    }

    /// The system tells of an event.
    pub fn happens(&self, event: &Value) -> Callback {
        let mut inside = self.state.lock();
        inside.add(
            json!({"origin": 4, "msgtype": "event"}),
            &json!({ "event": event }),
        );
        inside.notified()
    }

    /// A servicer answers with WeCom's own program.
    pub fn servicer_says(&self, user: &str, text: &str) {
        let who = json!({"origin": 5, "external_userid": user, "servicer_userid": "zhang"});
        let what = json!({"msgtype": "text", "text": {"content": text}});
        self.state.lock().add(who, &what);
    }

    /// A page without messages comes first.
    pub fn empty_page(&self) {
        let page = self.state.lock().page;
        let mut inside = self.state.lock();
        inside.news.extend(std::iter::repeat_n(Value::Null, page));
    }

    /// A servicer has the conversations, or no more.
    pub fn with_servicer(&self, with: bool) {
        self.state.lock().with_servicer = with;
    }

    /// What was asked for by `sync_msg`.
    pub fn pulls(&self) -> Vec<Value> {
        self.state.lock().pulls.clone()
    }

    /// What was sent and taken.
    pub fn sent(&self) -> Vec<Value> {
        self.state.lock().sent.clone()
    }

    /// A file lies there to be fetched.
    pub fn keep(&self, media_id: &str, name: &str, bytes: &[u8]) {
        let file = Stored {
            kind: "kept".to_owned(),
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        };
        self.state.lock().media.insert(media_id.to_owned(), file);
    }
}

impl Inside {
    fn add(&mut self, mut message: Value, more: &Value) {
        self.count += 1;
        message["msgid"] = format!("msg_{}", self.count).into();
        message["open_kfid"] = OPEN_KFID.into();
        message["send_time"] = self.clock.now().timestamp().into();
        if let (Some(message), Value::Object(more)) = (message.as_object_mut(), more.clone()) {
            message.extend(more);
        }
        self.news.push(message);
    }

    fn notified(&mut self) -> Callback {
        self.count += 1;
        let (hint, now) = (format!("hint_{}", self.count), self.clock.now());
        self.hints
            .insert(hint.clone(), now + TimeDelta::minutes(10));
        let message = format!(
            "<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><CreateTime>{}</CreateTime>\
             <MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_msg_or_event]]></Event>\
             <Token><![CDATA[{hint}]]></Token><OpenKfId><![CDATA[{OPEN_KFID}]]></OpenKfId></xml>",
            now.timestamp()
        );
        safe(message.as_bytes(), now.timestamp(), CORP_ID)
    }

    fn knows(&self, token: &str) -> Option<i64> {
        if token != self.token || token.is_empty() {
            return Some(40014);
        }
        (self.clock.now() >= self.until).then_some(42001)
    }
}

type Answer = Json<Value>;

fn error(code: i64) -> Answer {
    Json(json!({"errcode": code, "errmsg": "refused"}))
}

#[derive(serde::Deserialize)]
struct Asked {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    corpid: String,
    #[serde(default)]
    corpsecret: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    media_id: String,
}

async fn token(State(state): State<Shared<Inside>>, Query(asked): Query<Asked>) -> Answer {
    let mut inside = state.lock();
    if asked.corpid != CORP_ID || asked.corpsecret != SECRET {
        return error(40001);
    }
    let now = inside.clock.now();
    if now >= inside.until {
        inside.count += 1;
        inside.token = format!("corp_{}", inside.count);
        inside.until = now + TimeDelta::seconds(7_200);
    }
    let left = (inside.until - now).num_seconds();
    Json(json!({"errcode": 0, "errmsg": "ok", "access_token": inside.token, "expires_in": left}))
}

async fn sync(
    State(state): State<Shared<Inside>>,
    Query(who): Query<Asked>,
    Json(asked): Json<Value>,
) -> Answer {
    let mut inside = state.lock();
    if let Some(code) = inside.knows(&who.access_token) {
        return error(code);
    }
    inside.pulls.push(asked.clone());
    let hint = asked["token"].as_str().unwrap_or_default();
    let now = inside.clock.now();
    if !hint.is_empty() && inside.hints.get(hint).is_none_or(|until| *until <= now) {
        return error(95007);
    }
    if asked["open_kfid"] != OPEN_KFID || asked["limit"].as_u64().is_none_or(|limit| limit > 1_000)
    {
        return error(95000);
    }
    let cursor = asked["cursor"].as_str().unwrap_or_default();
    let from: usize = cursor.trim_start_matches("cursor_").parse().unwrap_or(0);
    let to = (from + inside.page).min(inside.news.len());
    let page = inside.news.get(from..to).unwrap_or_default();
    let page: Vec<&Value> = page.iter().filter(|message| !message.is_null()).collect();
    let more = i32::from(to < inside.news.len());
    Json(json!({
        "errcode": 0, "errmsg": "ok", "next_cursor": format!("cursor_{to}"), "has_more": more, "msg_list": page,
    }))
}

async fn send(
    State(state): State<Shared<Inside>>,
    Query(who): Query<Asked>,
    Json(message): Json<Value>,
) -> Answer {
    let mut inside = state.lock();
    if let Some(code) = inside.knows(&who.access_token) {
        return error(code);
    }
    if message["open_kfid"] != OPEN_KFID {
        return error(95000);
    }
    if inside.with_servicer {
        return error(95018);
    }
    let id = message["msgid"].as_str().unwrap_or_default().to_owned();
    if id.len() > 32 {
        return error(40058);
    }
    if inside.ids.contains(&id) {
        return Json(json!({"errcode": 0, "errmsg": "ok", "msgid": id}));
    }
    let now = inside.clock.now();
    let user = message["touser"].as_str().unwrap_or_default();
    let Some(window) = inside.windows.get_mut(user) else {
        return error(40096);
    };
    if window.0 <= now {
        return error(95002);
    }
    if window.1 == 0 {
        return error(95001);
    }
    window.1 -= 1;
    inside.ids.insert(id.clone());
    inside.sent.push(message);
    Json(json!({"errcode": 0, "errmsg": "ok", "msgid": id}))
}

async fn take_over(
    State(state): State<Shared<Inside>>,
    Query(who): Query<Asked>,
    Json(asked): Json<Value>,
) -> Answer {
    let mut inside = state.lock();
    if let Some(code) = inside.knows(&who.access_token) {
        return error(code);
    }
    if asked["service_state"] != 1 {
        return error(95016);
    }
    inside.with_servicer = false;
    error(0)
}

async fn upload(
    State(state): State<Shared<Inside>>,
    Query(asked): Query<Asked>,
    form: Multipart,
) -> Answer {
    let file = uploaded(form, "media", &asked.kind).await;
    let mut inside = state.lock();
    if let Some(code) = inside.knows(&asked.access_token) {
        return error(code);
    }
    let Some(file) = file else {
        return error(40058);
    };
    inside.count += 1;
    let id = format!("media_{}", inside.count);
    inside.media.insert(id.clone(), file);
    Json(json!({"errcode": 0, "type": asked.kind, "media_id": id, "created_at": "1714112445"}))
}

async fn media(State(state): State<Shared<Inside>>, Query(asked): Query<Asked>) -> Response {
    let inside = state.lock();
    if let Some(code) = inside.knows(&asked.access_token) {
        return error(code).into_response();
    }
    let Some(file) = inside.media.get(&asked.media_id) else {
        return error(40007).into_response();
    };
    let name = format!("attachment; filename=\"{}\"", file.name);
    ([("content-disposition", name)], file.bytes.clone()).into_response()
}
