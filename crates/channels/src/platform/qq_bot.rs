//! The official bot of QQ (q.qq.com, domain C.3a), by webhook.
//!
//! Settings: `appid`; `api_base`; `token_base`; `window_s`, how old an event may be (300). Secret: `app_secret`, which signs
//! events as well.
//!
//! A message is an answer to one that came (`reply_ref` is QQ's `msg_id`): QQ ended messages of one's own accord, so
//! without a reference the window is closed.

mod parse;
pub mod sign;

use async_trait::async_trait;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::App;
use kernel::problem::{Result, unavailable};
use reqwest::Url;
use serde_json::{Value, json};

pub use parse::inbound;

use super::http::{Call, Failure, Reply};
use super::token::{Ask, Force, Given, Source, Tokens, closed, later, refused};
use super::verify::{self, unreadable, word, wrong};
use super::{
    Account, Adapter, Answer, Fetched, MediaKind, Outgoing, OutgoingFile, RawRequest, Received,
    Sent, Setting,
};

/// What an account is made of.
pub const SETTINGS: &[Setting] = &[
    Setting::needed("appid"),
    Setting::default("api_base", "https://api.sgroup.qq.com"),
    Setting::default("token_base", "https://bots.qq.com"),
    verify::WINDOW,
    Setting::secret("app_secret"),
];

/// An event.
const DISPATCH: i64 = 0;
/// The answer to one.
const ACKNOWLEDGED: i64 = 12;
/// QQ asks whether the address is ours.
const VALIDATION: i64 = 13;

/// The longest file: QQ takes 10 MB as Base64 in JSON.
const LONGEST_FILE: usize = 10 << 20;

/// The adapter.
#[derive(Default)]
pub struct QqBot {
    tokens: Tokens,
}

#[async_trait]
impl Adapter for QqBot {
    fn receive(&self, app: &App, account: &Account, request: &RawRequest) -> Result<Received> {
        verify::size(request)?;
        if request.method != Method::POST {
            return Err(verify::method_not_expected());
        }
        let secret = account.secret("app_secret");
        if secret.is_empty() {
            return Err(wrong("this channel has no secret"));
        }
        let appid = verify::header(request, "x-bot-appid");
        if !appid.is_empty() && appid != account.setting("appid") {
            return Err(wrong("the event is for another bot"));
        }
        let signature = verify::header(request, "x-signature-ed25519");
        if signature.is_empty() {
            // Only the validation comes without a signature.
            let asked = verify::json(&request.body).map_err(|_| wrong("it is not signed"))?;
            return validated(secret, &asked);
        }
        let timestamp = verify::header(request, "x-signature-timestamp");
        if !sign::verify(secret, timestamp, &request.body, signature) {
            return Err(wrong("the signature is not that of this request"));
        }
        verify::fresh(app, account, timestamp)?;
        let told = verify::json(&request.body)?;
        match told["op"].as_i64() {
            Some(VALIDATION) => validated(secret, &told),
            Some(DISPATCH) => Ok(Received {
                inbound: inbound(&told)?,
                answer: Answer::json(&json!({ "op": ACKNOWLEDGED })),
                ..Received::default()
            }),
            Some(_) => Ok(Received {
                answer: Answer::json(&json!({ "op": ACKNOWLEDGED })),
                ..Received::default()
            }),
            None => Err(unreadable("it has no op")),
        }
    }

    async fn send(&self, app: &App, account: &Account, message: &Outgoing) -> Sent {
        match self.said(app, account, message).await {
            Ok(sent) | Err(sent) => sent,
        }
    }

    async fn fetch(&self, _app: &App, account: &Account, media_ref: &str) -> Result<Fetched> {
        let reply = Call::file(media_ref).run(account).await;
        let reply = reply.map_err(Failure::problem)?;
        match reply.status {
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN => Err(
                kernel::problem::refused("media_gone", "QQ has no such file any more"),
            ),
            status if !status.is_success() || reply.bytes.is_empty() => {
                Err(unavailable("platform_refuses", "QQ sends no file"))
            }
            _ => Ok(Fetched {
                name: reply.file_name(),
                bytes: reply.bytes,
            }),
        }
    }
}

/// The answer to a validation. It signs what anybody may send, with the key of events: only letters and digits, so that
/// it never signs what could be an event (those are JSON objects).
fn validated(secret: &str, asked: &Value) -> Result<Received> {
    if asked["op"].as_i64() != Some(VALIDATION) {
        return Err(wrong("it is not signed"));
    }
    let data = &asked["d"];
    let (token, at) = (word(data, "plain_token"), word(data, "event_ts"));
    let harmless = (1..=64).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (1..=16).contains(&at.len())
        && at.bytes().all(|byte| byte.is_ascii_digit());
    if !harmless {
        return Err(unreadable("the validation is none of QQ's"));
    }
    let signature = sign::sign(secret, format!("{at}{token}").as_bytes());
    Ok(Received {
        answer: Answer::json(&json!({ "plain_token": token, "signature": signature })),
        ..Received::default()
    })
}

/// The API of one bot.
struct Api<'a> {
    app: &'a App,
    account: &'a Account,
    tokens: &'a Tokens,
}

#[async_trait]
impl Source for Api<'_> {
    fn key(&self) -> String {
        let (appid, secret) = (
            self.account.setting("appid"),
            self.account.secret("app_secret"),
        );
        format!("{}\n{appid}\n{secret}", self.token_base())
    }

    fn force(&self) -> Force {
        Force::Cannot
    }

    async fn ask(&self, _ask: Ask) -> Result<Given, Sent> {
        let body = json!({
            "appId": self.account.setting("appid"),
            "clientSecret": self.account.secret("app_secret"),
        });
        let url = format!("{}/app/getAppAccessToken", self.token_base());
        let reply = Call::post(url, &body).run(self.account).await;
        let told = reply.map_err(Failure::sent)?.json();
        let token = word(&told, "access_token");
        if token.is_empty() {
            tracing::warn!(channel = %self.account.channel, "QQ gives no access token");
            return Err(later(format!("token_{}", word(&told, "code"))));
        }
        Ok(Given {
            token,
            // QQ writes it as a text.
            expires_in_s: word(&told, "expires_in").parse().unwrap_or(60),
        })
    }
}

impl Api<'_> {
    fn token_base(&self) -> &str {
        match self.account.setting("token_base").trim() {
            "" => "https://bots.qq.com",
            base => base.trim_end_matches('/'),
        }
    }

    /// Calls with a token; one that is not taken any more is renewed once.
    async fn call(&self, url: &str, body: &Value) -> Result<Reply, Sent> {
        let mut token = self.tokens.get(self.app, self).await?;
        for attempt in 1..=2 {
            let call = Call::post(url, body).header("authorization", format!("QQBot {token}"));
            let reply = call.run(self.account).await.map_err(Failure::sent)?;
            if attempt == 1 && reply.status == StatusCode::UNAUTHORIZED {
                token = self.tokens.renew(self.app, self, &token).await?;
                continue;
            }
            return Ok(reply);
        }
        Err(later("token_refused"))
    }
}

impl QqBot {
    async fn said(&self, app: &App, account: &Account, message: &Outgoing) -> Result<Sent, Sent> {
        let Some(reference) = message.reply_ref.as_deref().filter(|it| !it.is_empty()) else {
            return Err(closed("no_reply_ref"));
        };
        let api = Api {
            app,
            account,
            tokens: &self.tokens,
        };
        let place = match &message.external_group {
            Some(group) => ["groups", group.as_str()],
            None => ["users", message.external_user.as_str()],
        };
        let address = |last: &str| {
            let mut url = Url::parse(&account.base("https://api.sgroup.qq.com"))
                .map_err(|_| later("url_not_allowed"))?;
            // Ids become segments, whatever stands in them.
            url.path_segments_mut()
                .map_err(|()| later("url_not_allowed"))?
                .extend(["v2", place[0], place[1], last]);
            Ok(String::from(url))
        };
        let mut body = json!({
            "content": message.text.as_deref().unwrap_or(" "),
            "msg_type": 0,
            "msg_id": reference,
            "msg_seq": message.reply_seq.max(1),
        });
        if let Some(file) = &message.file {
            let upload = json!({
                "file_type": file_type(file)?,
                "srv_send_msg": false,
                "file_data": BASE64.encode(&file.bytes),
            });
            let reply = api.call(&address("files")?, &upload).await?;
            let info = word(&reply.json(), "file_info");
            if info.is_empty() {
                return Err(outcome(&reply));
            }
            body["msg_type"] = 7.into();
            body["media"] = json!({ "file_info": info });
        }
        let reply = api.call(&address("messages")?, &body).await?;
        Ok(outcome(&reply))
    }
}

/// QQ's number of the kind.
fn file_type(file: &OutgoingFile) -> Result<u8, Sent> {
    if file.bytes.len() > LONGEST_FILE {
        return Err(refused("file_too_large"));
    }
    Ok(match file.kind {
        MediaKind::Image => 1,
        MediaKind::Video => 2,
        MediaKind::Voice => 3,
        MediaKind::File => 4,
    })
}

/// What an answer means for a message.
fn outcome(reply: &Reply) -> Sent {
    let told = reply.json();
    let code = told["code"]
        .as_i64()
        .or(told["err_code"].as_i64())
        .unwrap_or(0);
    let name = if code == 0 {
        format!("http_{}", reply.status.as_u16())
    } else {
        code.to_string()
    };
    match code {
        // The same msg_id and msg_seq once more: it was taken with an attempt whose answer got lost.
        40_054_005 => return Sent::Taken(None),
        // Rate exceeded.
        22_009 => return later(name),
        // The reference is too old, answered five times, or the message would be one of our own accord.
        304_103 | 40_034_005 | 40_034_024 | 40_034_026 | 40_034_100 | 40_034_105 | 40_034_128 => {
            return closed(name);
        }
        _ => {}
    }
    match reply.status {
        status if status.is_success() && matches!(code, 0 | 304_023 | 304_024) => {
            Sent::Taken(verify::some(word(&told, "id")))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            later(name)
        }
        status if status.is_server_error() => later(name),
        _ => refused(name),
    }
}
