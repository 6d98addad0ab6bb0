//! The bot's platform: events signed with Ed25519, and the part of its API that the product calls.

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use channels::platform::Account;
use channels::platform::qq_bot::sign;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::memory::{Deed, File, No, Push};
use super::phone;
use super::stand_in::{Callback, StandIn};

/// What stands before a person's name in his openid.
const OPENID: &str = "SHOUJIEDEMO_";
/// What stands before the number of a message.
const MESSAGE: &str = "ROBOT1.0_demo_";
/// How long a token holds, and how long before its end there is a new one.
const TOKEN: (TimeDelta, TimeDelta) = (TimeDelta::seconds(7_200), TimeDelta::seconds(60));
/// The largest request: a file of 10 MB as Base64 in JSON.
const LARGEST: usize = 14 << 20;

pub(super) fn routes(stand_in: &StandIn) -> Router {
    Router::new()
        .route("/app/getAppAccessToken", post(token))
        .route("/v2/users/{openid}/messages", post(send))
        .route("/v2/users/{openid}/files", post(upload))
        .layer(DefaultBodyLimit::max(LARGEST))
        .merge(phone::routes())
        .with_state(stand_in.clone())
}

/// QQ's `msg_id`.
pub(super) fn message_id(number: u64) -> String {
    format!("{MESSAGE}{number}")
}

/// The event of what somebody did.
pub(super) fn callback(
    stand_in: &StandIn,
    account: &Account,
    person: &str,
    push: &Push,
) -> Callback {
    let (text, attachments) = match &push.deed {
        Deed::Text(text) | Deed::Menu(text) => (text.as_str(), json!([])),
        Deed::Picture(id) => {
            let file = stand_in.memory().file(id);
            let known = file.as_ref().and_then(|file| File::picture(&file.bytes));
            let (media_type, name) = known.unwrap_or(("image/png", "picture.png"));
            let url = stand_in.file_url(id);
            (
                "",
                json!([{"content_type": media_type, "filename": name, "url": url}]),
            )
        }
    };
    let id = message_id(push.number);
    let event = json!({
        "id": format!("C2C_MESSAGE_CREATE:{id}"), "op": 0, "s": push.number, "t": "C2C_MESSAGE_CREATE",
        "d": {
            "id": id, "content": text, "timestamp": push.at.to_rfc3339(), "attachments": attachments,
            "author": {"user_openid": format!("{OPENID}{person}"), "username": phone::name_of(person)},
        },
    });
    let body = event.to_string().into_bytes();
    let at = stand_in.app().clock.now().timestamp().to_string();
    let signature = sign::sign(
        account.secret("app_secret"),
        &[at.as_bytes(), &body].concat(),
    );
    Callback {
        query: String::new(),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("x-bot-appid", account.setting("appid").to_owned()),
            ("x-signature-timestamp", at),
            ("x-signature-ed25519", signature),
        ],
        body,
    }
}

type Answer = (StatusCode, Json<Value>);

fn error(status: StatusCode, code: i64) -> Answer {
    let told = json!({"code": code, "message": "refused by the demo's platform", "err_code": code});
    (status, Json(told))
}

async fn token(State(stand_in): State<StandIn>, Json(asked): Json<Value>) -> Json<Value> {
    let Ok(account) = stand_in.account().await else {
        return Json(json!({"code": 100_001, "message": "internal"}));
    };
    let known = asked["appId"] == account.setting("appid")
        && asked["clientSecret"] == account.secret("app_secret");
    if !known {
        return Json(json!({"code": 100_007, "message": "invalid appid or secret"}));
    }
    let now = stand_in.app().clock.now();
    let fresh = stand_in.app().ids.secret(24);
    let mut memory = stand_in.memory();
    let token = &mut memory.token;
    if token.until.is_none_or(|until| now + TOKEN.1 > until) {
        token.value = fresh;
        token.until = Some(now + TOKEN.0);
    }
    let left = token.until.map_or(0, |until| (until - now).num_seconds());
    Json(json!({"access_token": token.value, "expires_in": left.to_string()}))
}

/// Whether the call is the account's.
fn known(stand_in: &StandIn, headers: &HeaderMap) -> bool {
    let token = stand_in.memory().token.clone();
    let given = headers.get("authorization").and_then(|it| it.to_str().ok());
    let holds = token
        .until
        .is_some_and(|until| stand_in.app().clock.now() < until);
    holds && given == Some(&format!("QQBot {}", token.value))
}

async fn send(
    State(stand_in): State<StandIn>,
    Path(openid): Path<String>,
    headers: HeaderMap,
    Json(message): Json<Value>,
) -> Answer {
    if !known(&stand_in, &headers) {
        return error(StatusCode::UNAUTHORIZED, 11_244);
    }
    let person = openid
        .strip_prefix(OPENID)
        .filter(|person| phone::must_be_person(person).is_ok());
    let Some(person) = person else {
        return error(StatusCode::BAD_REQUEST, 11_255);
    };
    let (Some(reference), Some(seq)) = (message["msg_id"].as_str(), message["msg_seq"].as_u64())
    else {
        // Messages of one's own accord ended on 2025-04-21.
        return error(StatusCode::BAD_REQUEST, 40_034_105);
    };
    let now = stand_in.app().clock.now();
    let mut memory = stand_in.memory();
    let text = message["content"].as_str().unwrap_or_default();
    let (kind, file) = match message["msg_type"].as_u64() {
        Some(0) if !text.is_empty() => ("text", None),
        Some(7) => {
            let id = message["media"]["file_info"].as_str().unwrap_or_default();
            match memory.file(id) {
                Some(file) if File::picture(&file.bytes).is_some() => ("image", Some(file.id)),
                Some(file) => ("file", Some(file.id)),
                None => return error(StatusCode::BAD_REQUEST, 304_082),
            }
        }
        _ => return error(StatusCode::BAD_REQUEST, 340_069),
    };
    // What was written before this process began no platform would have forgotten: the hotline's own count stands.
    let number = reference
        .strip_prefix(MESSAGE)
        .and_then(|number| number.parse().ok());
    let before = number.is_some_and(|number: u64| number <= memory.first);
    let (minutes, replies) = stand_in.platform().window();
    let talk = memory.talk(person, now);
    let mut answered = talk.answer(reference, Some(seq), now);
    if before && answered == Err(No::Unknown) {
        talk.open(reference, now + TimeDelta::minutes(minutes), replies);
        answered = talk.answer(reference, Some(seq), now);
    }
    let code = match answered {
        Ok(()) => {
            stand_in.heard(talk, kind, text.trim(), file);
            let told = json!({"id": format!("{reference}_{seq}"), "timestamp": now.to_rfc3339()});
            return (StatusCode::OK, Json(told));
        }
        Err(No::Repeated) => return error(StatusCode::BAD_REQUEST, 40_054_005),
        Err(No::Unknown) => 40_034_024,
        Err(No::Over | No::Used) => 304_103,
    };
    stand_in.refused(talk, code);
    error(StatusCode::BAD_REQUEST, code)
}

async fn upload(
    State(stand_in): State<StandIn>,
    Path(_openid): Path<String>,
    headers: HeaderMap,
    Json(file): Json<Value>,
) -> Answer {
    if !known(&stand_in, &headers) {
        return error(StatusCode::UNAUTHORIZED, 11_244);
    }
    let Ok(bytes) = BASE64.decode(file["file_data"].as_str().unwrap_or_default()) else {
        return error(StatusCode::BAD_REQUEST, 304_082);
    };
    let id = stand_in.keep(bytes.into());
    (
        StatusCode::OK,
        Json(json!({"file_uuid": id, "file_info": id, "ttl": 3600})),
    )
}
