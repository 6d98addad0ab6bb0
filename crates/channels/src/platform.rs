//! What every platform has in common: an adapter verifies and parses what comes, sends what an agent says, and
//! fetches files. It keeps no rows; who it speaks for is told with each call.
//!
//! A platform's request is verified on its raw bytes before anything of it is parsed.

pub mod email;
mod http;
pub mod onebot;
pub mod qq_bot;
pub mod sms;
mod token;
mod verify;
pub mod wechat;
pub mod wechat_kf;
pub mod wechat_oa;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use chrono::{DateTime, Utc};
use kernel::App;
use kernel::problem::Result;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The account of a channel at its platform.
#[derive(Debug, Clone)]
pub struct Account {
    /// The channel's code: `wechat_oa`.
    pub channel: String,
    /// What is no secret: ids, base addresses, limits. The adapter says which it knows.
    pub settings: BTreeMap<String, String>,
    /// Tokens and keys, unsealed.
    pub secrets: Secrets,
    /// The platform stands in one's own network: http and private addresses may be called.
    pub allow_private: bool,
}

/// Tokens and keys by name; never printed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Secrets(pub BTreeMap<String, String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(***)")
    }
}

impl Account {
    /// A setting, empty when it is not there.
    pub fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", String::as_str)
    }

    /// A secret, empty when it is not there.
    pub fn secret(&self, name: &str) -> &str {
        self.secrets.0.get(name).map_or("", String::as_str)
    }

    /// A setting that is a number.
    pub fn number(&self, name: &str, default: i64) -> i64 {
        self.setting(name).trim().parse().unwrap_or(default)
    }

    /// The address of the platform's API, without a slash at its end.
    fn base(&self, default: &str) -> String {
        let base = match self.setting("api_base").trim() {
            "" => default,
            base => base,
        };
        base.trim_end_matches('/').to_owned()
    }
}

/// A setting or a secret that an adapter knows; the console makes its form of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// It is sealed and never shown.
    pub secret: bool,
    /// Nothing works without it.
    pub required: bool,
    /// What holds when it is not there.
    pub default: &'static str,
}

impl Setting {
    const fn needed(name: &'static str) -> Self {
        Self {
            name,
            secret: false,
            required: true,
            default: "",
        }
    }

    const fn default(name: &'static str, default: &'static str) -> Self {
        Self {
            required: false,
            default,
            ..Self::needed(name)
        }
    }

    const fn secret(name: &'static str) -> Self {
        Self {
            secret: true,
            ..Self::needed(name)
        }
    }

    const fn optional_secret(name: &'static str) -> Self {
        Self {
            secret: true,
            ..Self::default(name, "")
        }
    }
}

/// The kinds of channels an adapter speaks for, with what each has to be told.
pub const KINDS: &[(&str, &[Setting])] = &[
    ("wechat_oa", wechat_oa::SETTINGS),
    ("wechat_kf", wechat_kf::SETTINGS),
    ("qq_bot", qq_bot::SETTINGS),
    ("onebot", onebot::SETTINGS),
    ("email", email::SETTINGS),
    ("sms", sms::SETTINGS),
];

// One of each in a process: they keep access tokens, which platforms count.
static OFFICIAL: LazyLock<Arc<wechat_oa::WechatOa>> = LazyLock::new(Arc::default);
static KEFU: LazyLock<Arc<wechat_kf::WechatKf>> = LazyLock::new(Arc::default);
static QQ: LazyLock<Arc<qq_bot::QqBot>> = LazyLock::new(Arc::default);
// It knows which mail breaks the connection.
static MAIL: LazyLock<Arc<email::Mailbox>> = LazyLock::new(Arc::default);

/// The adapter of a kind of channel; `None` for the website and for what is noted by hand.
pub fn adapter(kind: &str) -> Option<Arc<dyn Adapter>> {
    Some(match kind {
        "wechat_oa" => OFFICIAL.clone(),
        "wechat_kf" => KEFU.clone(),
        "qq_bot" => QQ.clone(),
        "onebot" => Arc::new(onebot::OneBot),
        "email" => MAIL.clone(),
        "sms" => Arc::new(sms::Sms),
        _ => return None,
    })
}

/// What a platform sent to our address, as it came.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// GET or POST.
    pub method: Method,
    /// The query as it stands in the address, still escaped.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its bytes.
    pub body: Bytes,
}

/// What a verified request holds, and what the platform is to be answered once it is stored.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// What people did, in the order it was told.
    pub inbound: Vec<Inbound>,
    /// News that has to be fetched by [`Adapter::pull`] (WeChat Kefu): what the platform gave for it.
    pub pull: Option<String>,
    /// The answer.
    pub answer: Answer,
}

/// What the platform is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Its media type.
    pub media_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Default for Answer {
    fn default() -> Self {
        Self::text("success")
    }
}

impl Answer {
    /// 200 with plain text.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: StatusCode::OK,
            media_type: "text/plain; charset=utf-8",
            body: body.into(),
        }
    }

    /// 200 with JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self {
            media_type: "application/json",
            ..Self::text(value.to_string())
        }
    }
}

/// One thing a person did on a platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// Who: openid, QQ number, address.
    pub external_user: String,
    /// The group it was said in; answers go there.
    pub external_group: Option<String>,
    /// The platform's id of it, unique in the channel; what has none gets one of what never changes.
    pub external_id: String,
    /// The name he goes by there.
    pub nickname: Option<String>,
    /// What he did.
    pub what: What,
    /// When, by the platform's clock.
    pub at: Option<DateTime<Utc>>,
    /// What an answer has to refer to: QQ's `msg_id`, an e-mail's `Message-ID`.
    pub reply_ref: Option<String>,
    /// A machine wrote it (an absence note, a newsletter): it is shown and never answered by a machine, or two would
    /// answer each other for ever.
    #[serde(default)]
    pub automatic: bool,
}

impl Inbound {
    /// What one user did, with nothing else known.
    pub fn of(user: impl Into<String>, id: impl Into<String>, what: What) -> Self {
        Self {
            external_user: user.into(),
            external_group: None,
            external_id: id.into(),
            nickname: None,
            what,
            at: None,
            reply_ref: None,
            automatic: false,
        }
    }
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// He wrote.
    Text {
        /// The text.
        text: String,
    },
    /// He sent a picture, a voice message, a film or a file.
    Media {
        /// `image`, `voice`, `video` or `file`.
        kind: MediaKind,
        /// Where [`Adapter::fetch`] finds it; `None` when the bytes came along.
        media_ref: Option<String>,
        /// The bytes, when they came along (e-mail).
        #[serde(skip)]
        bytes: Option<Bytes>,
        /// The name of the file.
        name: Option<String>,
        /// What he said with it.
        text: Option<String>,
    },
    /// Where he is.
    Location {
        /// The place in words.
        label: String,
        /// Degrees, as they were told.
        latitude: String,
        /// Degrees, as they were told.
        longitude: String,
    },
    /// A link.
    Link {
        /// Its title.
        title: String,
        /// Its address, shown and never called.
        url: String,
    },
    /// He follows the account now, or scanned its code, or chose in its menu: opens a short window for an answer.
    Event {
        /// `follow`, `unfollow`, `scan`, `menu`, `enter`.
        event: String,
        /// The key of the menu.
        key: Option<String>,
    },
    /// A message of ours did not reach him (WeChat Kefu tells it as an event).
    NotDelivered {
        /// Our id of it.
        message: String,
        /// The platform's code.
        code: String,
    },
}

/// The kind of a file that is sent in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A voice message.
    Voice,
    /// A film.
    Video,
    /// Any other file.
    File,
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Our id of it, the same at each attempt.
    pub id: Uuid,
    /// To whom.
    pub external_user: String,
    /// The group it goes to.
    pub external_group: Option<String>,
    /// What the window it is sent in was opened by.
    pub reply_ref: Option<String>,
    /// The how-manieth answer to `reply_ref` this is, from 1 on (QQ's `msg_seq`).
    pub reply_seq: u32,
    /// The text.
    pub text: Option<String>,
    /// A file.
    pub file: Option<OutgoingFile>,
    /// The subject line, where there is one (e-mail).
    pub subject: Option<String>,
    /// The machine says it, no person.
    pub automatic: bool,
}

/// A file to be sent.
#[derive(Debug, Clone)]
pub struct OutgoingFile {
    /// What it is.
    pub kind: MediaKind,
    /// Its name.
    pub name: String,
    /// Its media type, by its content.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The platform took it, under this id if it gave one.
    Taken(Option<String>),
    /// It may be taken later: try again.
    Later {
        /// The platform's code, or `unreachable`.
        code: String,
    },
    /// The platform's window for answers is over, or its quota is used.
    WindowClosed {
        /// The platform's code.
        code: String,
    },
    /// It never will be taken.
    Refused {
        /// The platform's code.
        code: String,
    },
}

/// What [`Adapter::pull`] brought.
#[derive(Debug, Clone, Default)]
pub struct Pulled {
    /// What people did, in order.
    pub inbound: Vec<Inbound>,
    /// What could not be read: its id if it has one, a code, what is kept of it for a person to look at.
    pub unreadable: Vec<(Option<String>, &'static str, String)>,
    /// From where to go on; kept once `inbound` is stored.
    pub cursor: Option<String>,
    /// There is more at once.
    pub more: bool,
}

/// A file as it was fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its name, when the platform gave one.
    pub name: Option<String>,
}

/// One platform's protocol.
#[async_trait]
pub trait Adapter: Send + Sync {
    /// Verifies and parses what the platform sent. 401 for a wrong signature, 400 for what cannot be read.
    fn receive(&self, app: &App, account: &Account, request: &RawRequest) -> Result<Received>;

    /// Sends a message.
    async fn send(&self, app: &App, account: &Account, message: &Outgoing) -> Sent;

    /// Fetches a file that somebody sent.
    async fn fetch(&self, app: &App, account: &Account, media_ref: &str) -> Result<Fetched>;

    /// Fetches news from `cursor` on (WeChat Kefu, IMAP); `hint` is what the platform gave for it.
    async fn pull(
        &self,
        _app: &App,
        _account: &Account,
        _cursor: Option<&str>,
        _hint: Option<&str>,
    ) -> Result<Pulled> {
        Ok(Pulled::default())
    }

    /// Seconds between two pulls that nobody asked for; `None`: only when told.
    fn pull_every(&self, _account: &Account) -> Option<u32> {
        None
    }

    /// The longest text of one message in bytes of UTF-8; longer ones are split at the end of a sentence.
    fn longest_text(&self) -> usize {
        2000
    }
}
