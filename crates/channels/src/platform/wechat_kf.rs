//! WeChat Kefu (微信客服 by 企业微信, domain C.2): WeChat only tells that there is news; the news is fetched.
//!
//! Settings: `corp_id`; `open_kfid`, the account that people write to; `api_base`; `poll_s`, how often it is looked
//! without being told (default 1800; WeChat limits it); `window_s` (300). Secrets: `token`, `encoding_aes_key`,
//! `encoding_aes_key_previous`, `secret` (of the application).
//!
//! That a message was taken does not say that it arrived: [`What::NotDelivered`] tells the rest.

mod parse;

use async_trait::async_trait;
use axum::http::Method;
use kernel::App;
use kernel::problem::{Result, unavailable};
use serde_json::{Value, json};

pub use parse::inbound;

use super::token::{Tokens, closed, later, refused};
use super::verify::{self, word, wrong};
use super::wechat::api::{Api, Stop, Who};
use super::wechat::envelope::signature;
use super::wechat::xml;
use super::wechat_oa::{encrypted, opened};
use super::{
    Account, Adapter, Answer, Fetched, MediaKind, Outgoing, OutgoingFile, Pulled, RawRequest,
    Received, Sent, Setting,
};

/// What an account is made of.
pub const SETTINGS: &[Setting] = &[
    Setting::needed("corp_id"),
    Setting::needed("open_kfid"),
    Setting::default("api_base", "https://qyapi.weixin.qq.com"),
    Setting::default("poll_s", "1800"),
    verify::WINDOW,
    Setting::secret("token"),
    Setting::secret("encoding_aes_key"),
    Setting::optional_secret("encoding_aes_key_previous"),
    Setting::secret("secret"),
];

/// Messages of one page.
const PAGE: u32 = 1_000;
/// The token of a notification is over (it holds 10 minutes).
const TOKEN_OVER: i64 = 95007;
/// The conversation is not in a state in which the API may write.
const STATE: i64 = 95018;

/// The adapter.
#[derive(Default)]
pub struct WechatKf {
    tokens: Tokens,
}

#[async_trait]
impl Adapter for WechatKf {
    fn receive(&self, app: &App, account: &Account, request: &RawRequest) -> Result<Received> {
        verify::size(request)?;
        let query = verify::parameters(&request.query);
        let part = |name: &str| query.get(name).map_or("", String::as_str);
        let token = account.secret("token");
        if token.is_empty() {
            return Err(wrong("this channel has no token"));
        }
        let open = |encrypted: &str| {
            let parts = [token, part("timestamp"), part("nonce"), encrypted];
            if !verify::same(part("msg_signature"), &signature(&parts)) {
                return Err(wrong("the signature is not that of this request"));
            }
            verify::fresh(app, account, part("timestamp"))?;
            opened(account, account.setting("corp_id"), encrypted)
        };
        match request.method {
            // Unlike the Official Account's, it comes encrypted.
            Method::GET => Ok(Received {
                answer: Answer::text(open(part("echostr"))?),
                ..Received::default()
            }),
            Method::POST => {
                let news = xml::fields(&open(&encrypted(&request.body)?)?)?;
                let field = |name: &str| news.get(name).map_or("", String::as_str);
                let ours = field("Event") == "kf_msg_or_event"
                    && field("OpenKfId") == account.setting("open_kfid");
                Ok(Received {
                    pull: ours.then(|| field("Token").to_owned()),
                    ..Received::default()
                })
            }
            _ => Err(verify::method_not_expected()),
        }
    }

    async fn send(&self, app: &App, account: &Account, message: &Outgoing) -> Sent {
        match self.said(app, account, message).await {
            Ok(sent) => sent,
            Err(stop) => stop.sent(),
        }
    }

    async fn fetch(&self, app: &App, account: &Account, media_ref: &str) -> Result<Fetched> {
        self.api(app, account).media(media_ref).await
    }

    async fn pull(
        &self,
        app: &App,
        account: &Account,
        cursor: Option<&str>,
        hint: Option<&str>,
    ) -> Result<Pulled> {
        let api = self.api(app, account);
        let mut asked = json!({
            "cursor": cursor.unwrap_or_default(),
            "token": hint.unwrap_or_default(),
            "limit": PAGE,
            "voice_format": 0,
            "open_kfid": account.setting("open_kfid"),
        });
        let mut answer = api.post("/cgi-bin/kf/sync_msg", &asked).await;
        if hint.is_some() && matches!(answer, Ok((TOKEN_OVER, _))) {
            // It waited too long for us; without it there is a strict limit, but an answer.
            asked["token"] = "".into();
            answer = api.post("/cgi-bin/kf/sync_msg", &asked).await;
        }
        let (code, told) = answer.map_err(Stop::problem)?;
        if code != 0 {
            let detail = format!("WeChat Kefu answers {code}");
            return Err(unavailable("platform_refuses", detail));
        }
        let messages = told["msg_list"].as_array().map_or(&[][..], Vec::as_slice);
        Ok(Pulled {
            // One that cannot be read holds nobody else up.
            inbound: messages
                .iter()
                .filter(|message| word(message, "open_kfid") == account.setting("open_kfid"))
                .filter_map(inbound)
                .collect(),
            unreadable: Vec::new(),
            cursor: verify::some(word(&told, "next_cursor")),
            more: told["has_more"].as_i64() == Some(1),
        })
    }

    fn pull_every(&self, account: &Account) -> Option<u32> {
        let every = account.number("poll_s", 1_800).clamp(60, 86_400);
        u32::try_from(every).ok()
    }

    fn longest_text(&self) -> usize {
        2_048
    }
}

impl WechatKf {
    fn api<'a>(&'a self, app: &'a App, account: &'a Account) -> Api<'a> {
        Api {
            app,
            account,
            tokens: &self.tokens,
            base: account.base("https://qyapi.weixin.qq.com"),
            who: Who::Company {
                corp_id: account.setting("corp_id").to_owned(),
                secret: account.secret("secret").to_owned(),
            },
        }
    }

    async fn said(&self, app: &App, account: &Account, message: &Outgoing) -> Result<Sent, Stop> {
        let api = self.api(app, account);
        let id = message.id.simple().to_string();
        let mut bodies = Vec::new();
        if let Some(text) = &message.text {
            // WeChat takes an id once, so another attempt is no second message.
            bodies.push(json!({"msgid": id, "msgtype": "text", "text": {"content": text}}));
        }
        if let Some(file) = &message.file {
            let kind = uploadable(file)?;
            let media = match api.upload(kind, file).await? {
                Ok(media) => media,
                Err(code) => return Ok(outcome(code)),
            };
            let mut body = json!({"msgtype": kind, kind: {"media_id": media}});
            // Of a message with a text and a file, the text has the id.
            if bodies.is_empty() {
                body["msgid"] = id.into();
            }
            bodies.push(body);
        }
        let mut taken = refused("empty");
        for mut body in bodies {
            body["touser"] = message.external_user.as_str().into();
            body["open_kfid"] = account.setting("open_kfid").into();
            let (mut code, mut told) = api.post("/cgi-bin/kf/send_msg", &body).await?;
            if code == STATE && taken_over(&api, account, message).await? {
                (code, told) = api.post("/cgi-bin/kf/send_msg", &body).await?;
            }
            taken = outcome(code);
            if code != 0 {
                return Ok(taken);
            }
            taken = match taken {
                Sent::Taken(_) => Sent::Taken(verify::some(word(&told, "msgid"))),
                other => other,
            };
        }
        Ok(taken)
    }
}

/// Takes the conversation over from WeCom's own waiting room, so that the API may write in it (state 1).
async fn taken_over(api: &Api<'_>, account: &Account, message: &Outgoing) -> Result<bool, Stop> {
    let asked: Value = json!({
        "open_kfid": account.setting("open_kfid"),
        "external_userid": message.external_user,
        "service_state": 1,
    });
    let (code, _) = api.post("/cgi-bin/kf/service_state/trans", &asked).await?;
    Ok(code == 0)
}

fn uploadable(file: &OutgoingFile) -> Result<&'static str, Sent> {
    let (kind, longest) = match file.kind {
        MediaKind::Image => ("image", 2 << 20),
        MediaKind::Voice => ("voice", 2 << 20),
        MediaKind::Video => ("video", 10 << 20),
        MediaKind::File => ("file", 20 << 20),
    };
    if file.bytes.len() > longest {
        return Err(refused("file_too_large"));
    }
    Ok(kind)
}

/// What a code means for a message.
fn outcome(code: i64) -> Sent {
    match code {
        0 => Sent::Taken(None),
        // Five messages, 48 hours, ended, or another one has it.
        95001 | 95002 | 95013 | STATE => closed(code.to_string()),
        // Busy, limits, and what is corrected at the account.
        -1 | 6000 | 40001 | 40014 | 42001 | 45009 | 45033 | 60020 => later(code.to_string()),
        _ => refused(code.to_string()),
    }
}
