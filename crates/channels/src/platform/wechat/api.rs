//! Calls to WeChat with an access token; one that is not taken any more is renewed once.

use async_trait::async_trait;
use axum::http::StatusCode;
use kernel::App;
use kernel::problem::{Problem, refused as conflict, unavailable};
use serde_json::{Value, json};

use crate::platform::http::{Call, Failure, Reply, plain_name};
use crate::platform::token::{Ask, Force, Given, Source, Tokens, later};
use crate::platform::verify::word;
use crate::platform::{Account, Fetched, OutgoingFile, Sent};

/// Token unknown, wrong or over.
const TOKEN_OVER: [i64; 3] = [40001, 40014, 42001];

/// Whose token it is.
pub(crate) enum Who {
    /// An Official Account.
    Official {
        /// Its appid.
        appid: String,
        /// Its secret.
        secret: String,
    },
    /// A company at WeCom.
    Company {
        /// Its id (`corpid`).
        corp_id: String,
        /// The secret of its application.
        secret: String,
    },
}

/// The API of one account.
pub(crate) struct Api<'a> {
    pub app: &'a App,
    pub account: &'a Account,
    pub tokens: &'a Tokens,
    pub base: String,
    pub who: Who,
}

/// The code of an answer; 0 when all went well, whatever it holds.
pub(crate) fn code(reply: &Reply) -> i64 {
    if reply.bytes.first() != Some(&b'{') {
        return 0;
    }
    reply.json()["errcode"].as_i64().unwrap_or(0)
}

#[async_trait]
impl Source for Api<'_> {
    fn key(&self) -> String {
        let (id, secret) = match &self.who {
            Who::Official { appid, secret } => (appid, secret),
            Who::Company { corp_id, secret } => (corp_id, secret),
        };
        format!("{}\n{id}\n{secret}", self.base)
    }

    fn force(&self) -> Force {
        match self.who {
            Who::Official { .. } => Force::Can,
            Who::Company { .. } => Force::Cannot,
        }
    }

    async fn ask(&self, ask: Ask) -> Result<Given, Sent> {
        let call = match &self.who {
            Who::Official { appid, secret } => Call::post(
                format!("{}/cgi-bin/stable_token", self.base),
                &json!({
                    "grant_type": "client_credential", "appid": appid, "secret": secret,
                    "force_refresh": ask == Ask::Forced,
                }),
            ),
            Who::Company { corp_id, secret } => Call::get(with(
                &format!("{}/cgi-bin/gettoken", self.base),
                &[("corpid", corp_id), ("corpsecret", secret)],
            )),
        };
        let reply = call.run(self.account).await.map_err(Failure::sent)?;
        let told = reply.json();
        let token = word(&told, "access_token");
        if token.is_empty() {
            let code = code(&reply);
            tracing::warn!(channel = %self.account.channel, code, "WeChat gives no access token");
            // A wrong secret or an address that is not on the list can be corrected: the message waits.
            return Err(later(code.to_string()));
        }
        Ok(Given {
            token,
            expires_in_s: told["expires_in"].as_i64().unwrap_or(7_200),
        })
    }
}

impl Api<'_> {
    /// Calls `path` with a token.
    pub(crate) async fn call(
        &self,
        path: &str,
        query: &[(&str, &str)],
        call: Call,
    ) -> Result<Reply, Stop> {
        let mut token = self.tokens.get(self.app, self).await?;
        for attempt in 1..=2 {
            let base = format!("{}{path}", self.base);
            let mut parts = vec![("access_token", token.as_str())];
            parts.extend_from_slice(query);
            let call = call.clone().to(with(&base, &parts));
            let reply = call.run(self.account).await?;
            if reply.status.is_server_error() || reply.status == StatusCode::TOO_MANY_REQUESTS {
                return Err(Stop::Sent(later(format!("http_{}", reply.status.as_u16()))));
            }
            if attempt == 1 && TOKEN_OVER.contains(&code(&reply)) {
                token = self.tokens.renew(self.app, self, &token).await?;
                continue;
            }
            return Ok(reply);
        }
        Err(Stop::Sent(later("token_refused")))
    }

    /// Calls `path` with JSON; answers what was told, or its code.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<(i64, Value), Stop> {
        let reply = self.call(path, &[], Call::post("", body)).await?;
        if !reply.status.is_success() {
            return Err(Stop::Sent(later(format!("http_{}", reply.status.as_u16()))));
        }
        Ok((code(&reply), reply.json()))
    }

    /// Uploads a file for three days; answers its `media_id`, or the code.
    pub(crate) async fn upload(
        &self,
        kind: &str,
        file: &OutgoingFile,
    ) -> Result<Result<String, i64>, Stop> {
        let call = Call::upload("", "media", file.clone());
        let reply = self
            .call("/cgi-bin/media/upload", &[("type", kind)], call)
            .await?;
        let media = word(&reply.json(), "media_id");
        Ok(if media.is_empty() {
            Err(code(&reply))
        } else {
            Ok(media)
        })
    }

    /// Fetches a file that somebody sent.
    pub(crate) async fn media(&self, media_id: &str) -> Result<Fetched, Problem> {
        let reply = self
            .call(
                "/cgi-bin/media/get",
                &[("media_id", media_id)],
                Call::file(""),
            )
            .await
            .map_err(Stop::problem)?;
        match code(&reply) {
            0 if reply.status.is_success() => {}
            code @ (40004 | 40007) => {
                return Err(conflict(
                    "media_gone",
                    format!("WeChat has no such file ({code})"),
                ));
            }
            code => {
                let detail = format!("WeChat answers {code}");
                return Err(unavailable("platform_refuses", detail));
            }
        }
        // A film of an Official Account is told by its address.
        let film = reply.bytes.starts_with(b"{").then(|| reply.json());
        let reply = match film.map(|told| word(&told, "video_url")) {
            Some(url) if !url.is_empty() => {
                let url = match url.strip_prefix("http://") {
                    Some(rest) if !self.account.allow_private => format!("https://{rest}"),
                    _ => url,
                };
                let reply = Call::file(url).run(self.account).await;
                reply.map_err(Failure::problem)?
            }
            _ => reply,
        };
        // An error told in place of a file is none.
        if !reply.status.is_success() || reply.bytes.is_empty() || code(&reply) != 0 {
            return Err(unavailable("platform_refuses", "WeChat sends no file"));
        }
        Ok(Fetched {
            name: reply.file_name().and_then(|name| plain_name(&name)),
            bytes: reply.bytes,
        })
    }
}

/// Why there is no answer to branch on.
pub(crate) enum Stop {
    /// No token, or the platform is out of order.
    Sent(Sent),
    /// Nobody answered.
    Failure(Failure),
}

impl From<Sent> for Stop {
    fn from(sent: Sent) -> Self {
        Self::Sent(sent)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Stop {
    pub(crate) fn sent(self) -> Sent {
        match self {
            Self::Sent(sent) => sent,
            Self::Failure(failure) => failure.sent(),
        }
    }

    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::Failure(failure) => failure.problem(),
            Self::Sent(Sent::Later { code }) => {
                unavailable("platform_refuses", format!("WeChat answers {code}"))
            }
            Self::Sent(_) => unavailable("platform_refuses", "WeChat does not answer"),
        }
    }
}

/// An address with a query.
pub(crate) fn with(base: &str, query: &[(&str, &str)]) -> String {
    match reqwest::Url::parse_with_params(base, query) {
        Ok(url) => url.into(),
        // It will not be called: the guard says why.
        Err(_) => base.to_owned(),
    }
}
