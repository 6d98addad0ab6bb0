//! OneBot v11 (domain C.3b): a QQ account driven by a program of the community. Not official, and against QQ's terms:
//! the risk is told where it is switched on.
//!
//! Settings: `self_id`, the QQ number; `api_base`, where the program listens; `group_all`, `true` to take all that is
//! said in groups (default: what names the account); `window_s` (300). Secrets: `secret` signs events, without it nothing is
//! taken; `access_token` for calls.
//!
//! Calls use segments, never CQ codes: what an agent writes cannot become one. Files go as picture, voice or film.

mod message;

use async_trait::async_trait;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::App;
use kernel::problem::{Result, unavailable};
use serde_json::{Value, json};
use sha1::Sha1;

pub use message::inbound;

use super::http::{Call, Failure, Reply};
use super::token::{later, refused};
use super::verify::{self, word, wrong};
use super::{
    Account, Adapter, Answer, Fetched, MediaKind, Outgoing, RawRequest, Received, Sent, Setting,
};

/// What an account is made of.
pub const SETTINGS: &[Setting] = &[
    Setting::needed("self_id"),
    Setting::needed("api_base"),
    Setting::default("group_all", "false"),
    verify::WINDOW,
    Setting::secret("secret"),
    Setting::secret("access_token"),
];

/// The longest file, which goes as Base64 in JSON.
const LONGEST_FILE: usize = 10 << 20;

/// The adapter.
pub struct OneBot;

/// The value of `X-Signature`.
pub fn signature(secret: &str, body: &[u8]) -> String {
    match Hmac::<Sha1>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
        }
        Err(_) => String::new(),
    }
}

#[async_trait]
impl Adapter for OneBot {
    fn receive(&self, app: &App, account: &Account, request: &RawRequest) -> Result<Received> {
        verify::size(request)?;
        if request.method != Method::POST {
            return Err(verify::method_not_expected());
        }
        let secret = account.secret("secret");
        let given = verify::header(request, "x-signature");
        if secret.is_empty() || !verify::same(given, &signature(secret, &request.body)) {
            return Err(wrong("the signature is not that of this request"));
        }
        let told = verify::json(&request.body)?;
        let number = account.setting("self_id");
        let header = verify::header(request, "x-self-id");
        // The header is not signed, the body is: both must be ours.
        if number.is_empty() || header != number || word(&told, "self_id") != number {
            return Err(wrong("the event is for another account"));
        }
        verify::fresh(app, account, &word(&told, "time"))?;
        let all = account.setting("group_all") == "true";
        Ok(Received {
            inbound: inbound(&told, all)?,
            answer: Answer {
                status: StatusCode::NO_CONTENT,
                ..Answer::text("")
            },
            ..Received::default()
        })
    }

    async fn send(&self, _app: &App, account: &Account, message: &Outgoing) -> Sent {
        match said(account, message).await {
            Ok(sent) | Err(sent) => sent,
        }
    }

    async fn fetch(&self, _app: &App, account: &Account, media_ref: &str) -> Result<Fetched> {
        let reply = Call::file(media_ref).run(account).await;
        let reply = reply.map_err(Failure::problem)?;
        if !reply.status.is_success() || reply.bytes.is_empty() {
            return Err(unavailable("platform_refuses", "no file is sent"));
        }
        Ok(Fetched {
            name: reply.file_name(),
            bytes: reply.bytes,
        })
    }
}

async fn said(account: &Account, message: &Outgoing) -> Result<Sent, Sent> {
    let mut segments = Vec::new();
    if let Some(text) = &message.text {
        segments.push(json!({"type": "text", "data": {"text": text}}));
    }
    if let Some(file) = &message.file {
        let kind = match file.kind {
            MediaKind::Image => "image",
            MediaKind::Voice => "record",
            MediaKind::Video => "video",
            MediaKind::File => return Err(refused("kind_not_supported")),
        };
        if file.bytes.len() > LONGEST_FILE {
            return Err(refused("file_too_large"));
        }
        let file = format!("base64://{}", BASE64.encode(&file.bytes));
        segments.push(json!({"type": kind, "data": {"file": file}}));
    }
    if segments.is_empty() {
        return Err(refused("empty"));
    }
    let number = |text: &str| text.parse::<i64>().map_err(|_| refused("not_a_number"));
    let (action, mut body) = if let Some(group) = &message.external_group {
        // In a group, it is said to whom.
        let to = json!({"type": "at", "data": {"qq": message.external_user}});
        segments.insert(0, to);
        ("send_group_msg", json!({"group_id": number(group)?}))
    } else {
        let user = number(&message.external_user)?;
        ("send_private_msg", json!({"user_id": user}))
    };
    body["message"] = Value::Array(segments);
    let token = account.secret("access_token");
    let reply = Call::post(format!("{}/{action}", account.base("")), &body)
        .header("authorization", format!("Bearer {token}"))
        .run(account)
        .await
        .map_err(Failure::sent)?;
    Ok(outcome(&reply))
}

/// What an answer means for a message.
fn outcome(reply: &Reply) -> Sent {
    let told = reply.json();
    let http = || format!("http_{}", reply.status.as_u16());
    match reply.status {
        StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST | StatusCode::NOT_ACCEPTABLE => {
            return refused(http());
        }
        status if !status.is_success() => return later(http()),
        _ => {}
    }
    let code = word(&told, "retcode");
    match (told["status"].as_str(), told["retcode"].as_i64()) {
        (Some("ok" | "async"), _) => Sent::Taken(verify::some(word(&told["data"], "message_id"))),
        // Wrong parameters, no such action: they will not become right.
        (_, Some(100 | 102 | 1400 | 1404)) => refused(code),
        (_, Some(_)) => later(code),
        // It is no OneBot that answers.
        (_, None) => later("answer_unreadable"),
    }
}
