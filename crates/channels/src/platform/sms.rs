//! Text messages (短信) through a gateway, signed in both directions after Standard Webhooks (domain C.5).
//!
//! Settings: `url`, where the gateway takes messages; `template`, the id of the operator's template that conversations
//! use; `window_s` (300). Secret: `secret` (`whsec_` and Base64, or a text).
//!
//! Out: `POST url` with `{"id", "mobile", "template", "text"}`; 2xx is taken. In: `POST` to our address with
//! `{"type": "message", "from", "text", "at"}` or `{"type": "receipt", "id", "status": "delivered" | "failed",
//! "code"}`. Each carries `webhook-id`, `webhook-timestamp` and `webhook-signature`, one `v1,…` or several.

use async_trait::async_trait;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::App;
use kernel::problem::{Result, not_found};
use serde_json::{Value, json};
use sha2::Sha256;

use super::http::Call;
use super::token::{later, refused};
use super::verify::{self, unreadable, word, wrong};
use super::{
    Account, Adapter, Answer, Fetched, Inbound, Outgoing, RawRequest, Received, Sent, Setting, What,
};

/// What an account is made of.
pub const SETTINGS: &[Setting] = &[
    Setting::needed("url"),
    Setting::default("template", "conversation"),
    verify::WINDOW,
    Setting::secret("secret"),
];

/// The adapter.
pub struct Sms;

/// The signature of a message: `v1,` and Base64 of HMAC-SHA256 over `id.timestamp.body`.
pub fn signature(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let decoded = secret
        .strip_prefix("whsec_")
        .and_then(|secret| BASE64.decode(secret).ok());
    let key = decoded.unwrap_or_else(|| secret.as_bytes().to_vec());
    match Hmac::<Sha256>::new_from_slice(&key) {
        Ok(mut mac) => {
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body);
            format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
        }
        Err(_) => String::new(),
    }
}

#[async_trait]
impl Adapter for Sms {
    fn receive(&self, app: &App, account: &Account, request: &RawRequest) -> Result<Received> {
        verify::size(request)?;
        if request.method != Method::POST {
            return Err(verify::method_not_expected());
        }
        let id = verify::header(request, "webhook-id");
        let timestamp = verify::header(request, "webhook-timestamp");
        let given = verify::header(request, "webhook-signature");
        let secret = account.secret("secret");
        let expected = signature(secret, id, timestamp, &request.body);
        // A gateway that changes its secret signs with both for a while.
        let known = given
            .split(' ')
            .take(8)
            .any(|one| verify::same(one, &expected));
        if secret.is_empty() || !(1..=200).contains(&id.len()) || !known {
            return Err(wrong("the signature is not that of this request"));
        }
        verify::fresh(app, account, timestamp)?;
        let told = verify::json(&request.body)?;
        Ok(Received {
            inbound: inbound(id, &told)?.into_iter().collect(),
            answer: Answer::json(&json!({})),
            ..Received::default()
        })
    }

    async fn send(&self, app: &App, account: &Account, message: &Outgoing) -> Sent {
        let Some(text) = &message.text else {
            return refused("kind_not_supported");
        };
        if message.file.is_some() {
            return refused("kind_not_supported");
        }
        let id = message.id.to_string();
        let template = match account.setting("template") {
            "" => "conversation",
            template => template,
        };
        let body = json!({
            "id": id, "mobile": message.external_user, "template": template, "text": text,
        })
        .to_string();
        let timestamp = app.clock.now().timestamp().to_string();
        let signed = signature(account.secret("secret"), &id, &timestamp, body.as_bytes());
        let reply = Call::post_text(account.setting("url"), body)
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signed)
            .run(account)
            .await;
        let reply = match reply {
            Ok(reply) => reply,
            Err(failure) => return failure.sent(),
        };
        let code = format!("http_{}", reply.status.as_u16());
        match reply.status {
            status if status.is_success() => Sent::Taken(verify::some(word(&reply.json(), "id"))),
            StatusCode::BAD_REQUEST
            | StatusCode::GONE
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY => refused(code),
            _ => later(code),
        }
    }

    async fn fetch(&self, _app: &App, _account: &Account, _media_ref: &str) -> Result<Fetched> {
        Err(not_found("file"))
    }

    fn longest_text(&self) -> usize {
        // 70 letters are one message, several are charged as several; 500 letters are what operators take.
        1_500
    }
}

/// What a gateway told.
pub fn inbound(id: &str, told: &Value) -> Result<Option<Inbound>> {
    match told["type"].as_str() {
        Some("message") => {
            let from = word(told, "from");
            if from.is_empty() {
                return Err(unreadable("it names no sender"));
            }
            let at = DateTime::parse_from_rfc3339(&word(told, "at")).ok();
            let what = What::Text {
                text: word(told, "text"),
            };
            Ok(Some(Inbound {
                at: at.map(|at| at.with_timezone(&Utc)),
                ..Inbound::of(from, id, what)
            }))
        }
        Some("receipt") => {
            let (message, to) = (word(told, "id"), word(told, "mobile"));
            if message.is_empty() {
                return Err(unreadable("it names no message"));
            }
            if told["status"].as_str() != Some("failed") {
                return Ok(None);
            }
            let code = verify::some(word(told, "code")).unwrap_or_else(|| "failed".to_owned());
            Ok(Some(Inbound::of(
                to,
                id,
                What::NotDelivered { message, code },
            )))
        }
        // Kinds to come are no reason to be told of them for ever.
        Some(_) => Ok(None),
        None => Err(unreadable("it has no type")),
    }
}
