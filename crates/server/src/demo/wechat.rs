//! The official account's platform: pushes in the mode of the channel, and the part of its API that the product calls.

use axum::extract::{DefaultBodyLimit, Multipart, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use channels::platform::Account;
use channels::platform::wechat::envelope::{Envelope, signature};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::memory::{Deed, No, Push};
use super::phone;
use super::stand_in::{Callback, StandIn};

/// What stands before a person's name in his openid.
const OPENID: &str = "oShoujieDemo_";
/// How long a token holds, and how long before its end there is a new one.
const TOKEN: (TimeDelta, TimeDelta) = (TimeDelta::seconds(7_200), TimeDelta::minutes(5));
/// The longest text in bytes.
const LONGEST_TEXT: usize = 2_048;
/// The largest upload, with the form around it.
const LARGEST: usize = 11 << 20;

pub(super) fn routes(stand_in: &StandIn) -> Router {
    Router::new()
        .route("/cgi-bin/stable_token", post(stable_token))
        .route("/cgi-bin/message/custom/send", post(send))
        .route("/cgi-bin/media/upload", post(upload))
        .route("/cgi-bin/media/get", get(media))
        .layer(DefaultBodyLimit::max(LARGEST))
        .route("/menu", post(phone::menu))
        .merge(phone::routes())
        .with_state(stand_in.clone())
}

/// A text as XML holds it.
fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

/// The push of what somebody did.
pub(super) fn callback(
    stand_in: &StandIn,
    account: &Account,
    person: &str,
    push: &Push,
) -> Callback {
    let id = format!("<MsgId>{}</MsgId>", push.number);
    let fields = match &push.deed {
        Deed::Text(text) => {
            let text = cdata(text);
            format!("<MsgType><![CDATA[text]]></MsgType><Content>{text}</Content>{id}")
        }
        Deed::Picture(file) => {
            let (url, media) = (cdata(&stand_in.file_url(file)), cdata(file));
            format!(
                "<MsgType><![CDATA[image]]></MsgType><PicUrl>{url}</PicUrl><MediaId>{media}</MediaId>{id}"
            )
        }
        Deed::Menu(key) => {
            let key = cdata(key);
            format!(
                "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[CLICK]]></Event><EventKey>{key}</EventKey>"
            )
        }
    };
    let (to, from) = (
        cdata("gh_shoujie_demo"),
        cdata(&format!("{OPENID}{person}")),
    );
    let message = format!(
        "<xml><ToUserName>{to}</ToUserName><FromUserName>{from}</FromUserName><CreateTime>{}</CreateTime>{fields}</xml>",
        push.at.timestamp()
    );
    let app = stand_in.app();
    let (token, nonce) = (account.secret("token"), app.ids.secret(5));
    let at = app.clock.now().timestamp().to_string();
    let signed = signature(&[token, &at, &nonce]);
    let query = format!("signature={signed}&timestamp={at}&nonce={nonce}&openid={OPENID}{person}");
    let headers = vec![("content-type", "text/xml".to_owned())];
    let sealed = match account.setting("mode") {
        "plain" => None,
        _ => sealed(stand_in, account, message.as_bytes()),
    };
    let Some(sealed) = sealed else {
        return Callback {
            query,
            headers,
            body: message.into_bytes(),
        };
    };
    let signed = signature(&[token, &at, &nonce, &sealed]);
    let body = format!(
        "<xml><ToUserName>{to}</ToUserName><Encrypt>{}</Encrypt></xml>",
        cdata(&sealed)
    );
    Callback {
        query: format!("{query}&encrypt_type=aes&msg_signature={signed}"),
        headers,
        body: body.into_bytes(),
    }
}

fn sealed(stand_in: &StandIn, account: &Account, message: &[u8]) -> Option<String> {
    let envelope = Envelope::new(account.secret("encoding_aes_key"), account.setting("appid"))?;
    let random = hex::decode(stand_in.app().ids.secret(16)).ok()?;
    Some(envelope.seal(message, random.try_into().ok()?))
}

fn error(code: i64) -> Json<Value> {
    Json(json!({"errcode": code, "errmsg": "refused by the demo's platform"}))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    access_token: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    media_id: String,
}

impl Asked {
    /// The code that a call with this token is answered by, when it may not go on.
    fn stopped(&self, stand_in: &StandIn) -> Option<i64> {
        let token = stand_in.memory().token.clone();
        if token.value.is_empty() || token.value != self.access_token {
            return Some(40001);
        }
        let over = token
            .until
            .is_none_or(|until| until <= stand_in.app().clock.now());
        over.then_some(42001)
    }
}

async fn stable_token(State(stand_in): State<StandIn>, Json(asked): Json<Value>) -> Json<Value> {
    let Ok(account) = stand_in.account().await else {
        return error(-1);
    };
    if asked["grant_type"] != "client_credential" || asked["appid"] != account.setting("appid") {
        return error(40013);
    }
    if asked["secret"] != account.secret("app_secret") {
        return error(40001);
    }
    let now = stand_in.app().clock.now();
    let fresh = stand_in.app().ids.secret(24);
    let mut memory = stand_in.memory();
    let token = &mut memory.token;
    let ends = token.until.is_none_or(|until| now + TOKEN.1 > until);
    if ends || asked["force_refresh"] == true {
        token.value = fresh;
        token.until = Some(now + TOKEN.0);
    }
    let left = token.until.map_or(0, |until| (until - now).num_seconds());
    Json(json!({"access_token": token.value, "expires_in": left}))
}

async fn send(
    State(stand_in): State<StandIn>,
    Query(asked): Query<Asked>,
    Json(message): Json<Value>,
) -> Json<Value> {
    if let Some(code) = asked.stopped(&stand_in) {
        return error(code);
    }
    let Some(person) = message["touser"]
        .as_str()
        .and_then(|user| user.strip_prefix(OPENID))
    else {
        return error(40003);
    };
    let now = stand_in.app().clock.now();
    let mut memory = stand_in.memory();
    let (kind, text, file) = match message["msgtype"].as_str() {
        Some("text") => {
            let text = message["text"]["content"].as_str().unwrap_or_default();
            if text.is_empty() || text.len() > LONGEST_TEXT {
                return error(45002);
            }
            ("text", text, None)
        }
        Some(kind @ ("image" | "voice" | "video")) => {
            let media = message[kind]["media_id"].as_str().unwrap_or_default();
            if memory.file(media).is_none() {
                return error(40007);
            }
            let kind = match kind {
                "image" => "image",
                "voice" => "voice",
                _ => "video",
            };
            (kind, "", Some(media.to_owned()))
        }
        _ => return error(40008),
    };
    if memory.known(person).is_none() {
        if phone::must_be_person(person).is_err() {
            return error(40003);
        }
        // He wrote before this process began, which no platform would have forgotten: the hotline's own count stands.
        let (minutes, replies) = stand_in.platform().window();
        memory
            .talk(person, now)
            .open("", now + TimeDelta::minutes(minutes), replies);
    }
    let talk = memory.talk(person, now);
    let code = match talk.answer("", None, now) {
        Ok(()) => {
            stand_in.heard(talk, kind, text, file);
            return Json(json!({"errcode": 0, "errmsg": "ok"}));
        }
        Err(No::Used) => 45047,
        Err(No::Unknown | No::Over | No::Repeated) => 45015,
    };
    stand_in.refused(talk, code);
    error(code)
}

async fn upload(
    State(stand_in): State<StandIn>,
    Query(asked): Query<Asked>,
    mut form: Multipart,
) -> Json<Value> {
    if let Some(code) = asked.stopped(&stand_in) {
        return error(code);
    }
    while let Ok(Some(field)) = form.next_field().await {
        if field.name() != Some("media") {
            continue;
        }
        let Ok(bytes) = field.bytes().await else {
            return error(40006);
        };
        let id = stand_in.keep(bytes);
        let at = stand_in.app().clock.now().timestamp();
        return Json(json!({"type": asked.kind, "media_id": id, "created_at": at}));
    }
    error(41005)
}

async fn media(State(stand_in): State<StandIn>, Query(asked): Query<Asked>) -> Response {
    if let Some(code) = asked.stopped(&stand_in) {
        return error(code).into_response();
    }
    let file = stand_in.memory().file(&asked.media_id);
    file.map_or_else(|| error(40007).into_response(), |file| phone::shown(&file))
}
