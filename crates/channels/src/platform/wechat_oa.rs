//! WeChat Official Account (微信公众号, domain C.1).
//!
//! Settings: `appid`; `mode`, `safe` (default: only encrypted pushes are taken) or `plain` (also plain ones, whose
//! signature does not cover what is said: for trials only); `api_base`;
//! `window_s`, how old a push may be (300). Secrets: `token`, `encoding_aes_key`, `encoding_aes_key_previous` (while it is being changed), `app_secret`.
//!
//! What it cannot: send files that are neither picture, voice nor film; withdraw a message. A message with a text and a
//! file goes as two, text first; if the second fails, the first is sent again with the next attempt.

mod parse;

use async_trait::async_trait;
use axum::http::Method;
use kernel::App;
use kernel::problem::Result;
use serde_json::json;

pub use parse::inbound;

use super::token::{Tokens, closed, later, refused};
use super::verify::{self, wrong};
use super::wechat::api::{Api, Stop, Who};
use super::wechat::envelope::{Envelope, signature};
use super::wechat::xml;
use super::{
    Account, Adapter, Answer, Fetched, MediaKind, Outgoing, OutgoingFile, RawRequest, Received,
    Sent, Setting,
};

/// What an account is made of.
pub const SETTINGS: &[Setting] = &[
    Setting::needed("appid"),
    Setting::default("mode", "safe"),
    Setting::default("api_base", "https://api.weixin.qq.com"),
    verify::WINDOW,
    Setting::secret("token"),
    Setting::secret("encoding_aes_key"),
    Setting::optional_secret("encoding_aes_key_previous"),
    Setting::secret("app_secret"),
];

/// The adapter.
#[derive(Default)]
pub struct WechatOa {
    tokens: Tokens,
}

#[async_trait]
impl Adapter for WechatOa {
    fn receive(&self, app: &App, account: &Account, request: &RawRequest) -> Result<Received> {
        verify::size(request)?;
        let query = verify::parameters(&request.query);
        let part = |name: &str| query.get(name).map_or("", String::as_str);
        let (timestamp, nonce) = (part("timestamp"), part("nonce"));
        let token = account.secret("token");
        if token.is_empty() {
            return Err(wrong("this channel has no token"));
        }
        let signed = |given: &str, more: &[&str]| {
            let mut parts = vec![token, timestamp, nonce];
            parts.extend_from_slice(more);
            if !verify::same(given, &signature(&parts)) {
                return Err(wrong("the signature is not that of this request"));
            }
            verify::fresh(app, account, timestamp)
        };
        match request.method {
            Method::GET => {
                signed(part("signature"), &[])?;
                Ok(Received {
                    answer: Answer::text(part("echostr")),
                    ..Received::default()
                })
            }
            Method::POST => {
                let plain = account.setting("mode") == "plain";
                let message = if plain && part("msg_signature").is_empty() {
                    signed(part("signature"), &[])?;
                    parse::fields(&request.body)?
                } else {
                    let encrypted = encrypted(&request.body)?;
                    signed(part("msg_signature"), &[&encrypted])?;
                    parse::fields(&opened(account, account.setting("appid"), &encrypted)?)?
                };
                Ok(Received {
                    inbound: inbound(&message)?.into_iter().collect(),
                    ..Received::default()
                })
            }
            _ => Err(verify::method_not_expected()),
        }
    }

    async fn send(&self, app: &App, account: &Account, message: &Outgoing) -> Sent {
        match self.said(app, account, message).await {
            Ok(sent) | Err(sent) => sent,
        }
    }

    async fn fetch(&self, app: &App, account: &Account, media_ref: &str) -> Result<Fetched> {
        self.api(app, account).media(media_ref).await
    }

    fn longest_text(&self) -> usize {
        2_048
    }
}

impl WechatOa {
    fn api<'a>(&'a self, app: &'a App, account: &'a Account) -> Api<'a> {
        Api {
            app,
            account,
            tokens: &self.tokens,
            base: account.base("https://api.weixin.qq.com"),
            who: Who::Official {
                appid: account.setting("appid").to_owned(),
                secret: account.secret("app_secret").to_owned(),
            },
        }
    }

    async fn said(&self, app: &App, account: &Account, message: &Outgoing) -> Result<Sent, Sent> {
        let api = self.api(app, account);
        let mut bodies = Vec::new();
        if let Some(text) = &message.text {
            bodies.push(json!({"msgtype": "text", "text": {"content": text}}));
        }
        if let Some(file) = &message.file {
            let kind = uploadable(file)?;
            let uploaded = api.upload(kind, file).await.map_err(Stop::sent)?;
            let media = uploaded.map_err(outcome)?;
            let body = match kind {
                "video" => json!({"media_id": media, "thumb_media_id": media, "title": file.name}),
                _ => json!({"media_id": media}),
            };
            bodies.push(json!({"msgtype": kind, kind: body}));
        }
        if bodies.is_empty() {
            return Err(refused("empty"));
        }
        for mut body in bodies {
            body["touser"] = message.external_user.as_str().into();
            let sent = api.post("/cgi-bin/message/custom/send", &body).await;
            let (code, _) = sent.map_err(Stop::sent)?;
            if code != 0 {
                return Err(outcome(code));
            }
        }
        Ok(Sent::Taken(None))
    }
}

/// How WeChat names the kind, if it takes the file.
fn uploadable(file: &OutgoingFile) -> Result<&'static str, Sent> {
    let (kind, longest) = match file.kind {
        MediaKind::Image => ("image", 10 << 20),
        MediaKind::Voice => ("voice", 2 << 20),
        MediaKind::Video => ("video", 10 << 20),
        MediaKind::File => return Err(refused("kind_not_supported")),
    };
    if file.bytes.len() > longest {
        return Err(refused("file_too_large"));
    }
    Ok(kind)
}

/// What a code of WeChat means for a message.
pub(crate) fn outcome(code: i64) -> Sent {
    match code {
        0 => Sent::Taken(None),
        // Window over, or its quota is used.
        45015 | 45047 => closed(code.to_string()),
        // Busy, limits of the minute and of the day, and what is corrected at the account: token and secret (40001,
        // 40014, 42001, 40125, 40243), the list of addresses (40164, 61004), a call to be confirmed (89503).
        -1 | 40001 | 40014 | 40125 | 40164 | 40243 | 42001 | 45009 | 45011 | 61004 | 89503 => {
            later(code.to_string())
        }
        _ => refused(code.to_string()),
    }
}

/// What is encrypted in the body of a push.
pub(crate) fn encrypted(body: &[u8]) -> Result<String> {
    let found = if body.trim_ascii_start().starts_with(b"{") {
        verify::word(&verify::json(body)?, "Encrypt")
    } else {
        xml::fields(body)?.remove("Encrypt").unwrap_or_default()
    };
    if found.is_empty() {
        return Err(wrong("this channel takes encrypted pushes only"));
    }
    Ok(found)
}

/// Opens it with the key of today, else with the one before.
pub(crate) fn opened(account: &Account, receiver: &str, encrypted: &str) -> Result<Vec<u8>> {
    if receiver.is_empty() {
        return Err(wrong("this channel has no id of its account"));
    }
    for name in ["encoding_aes_key", "encoding_aes_key_previous"] {
        let envelope = Envelope::new(account.secret(name), receiver);
        if let Some(Ok(message)) = envelope.map(|envelope| envelope.open(encrypted)) {
            return Ok(message);
        }
    }
    // Which of key, padding and receiver is wrong is nobody's business.
    Err(wrong("the message is not for this account"))
}
