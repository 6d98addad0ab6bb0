//! A platform that speaks over its API: each request is signed, in both directions.
//!
//! The signature is HMAC-SHA256, in hex, over `{timestamp}\n{nonce}\n{METHOD} {path and query}\n` and the raw
//! body. A timestamp outside the window, a nonce seen before and a wrong signature are refused before the body
//! is looked at.

pub(crate) mod inbox;
pub(crate) mod pull;
pub(crate) mod push;

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::problem::{Result, bad_request, internal, unauthorized, unavailable};
use kernel::{App, Role, outbound};
use reqwest::{Method, Url};
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use uuid::Uuid;

use documents::Table;

/// When it was signed, in seconds of Unix time.
pub const TIMESTAMP: &str = "x-shoujie-timestamp";
/// A word that is never used twice.
pub const NONCE: &str = "x-shoujie-nonce";
/// The signature.
pub const SIGNATURE: &str = "x-shoujie-signature";

/// How long the platform may take to answer.
const ANSWER: Duration = Duration::from_secs(20);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 8 << 20;

/// The settings `platform_link`; `pull_minutes` is read where the job is made. Never printed: it holds a secret.
#[derive(Clone, Deserialize)]
pub(crate) struct Link {
    pub platform: String,
    pub url: String,
    pub secret: String,
    pub window_s: i64,
    pub allow_private: bool,
}

impl Link {
    /// The link of this installation; `None` when there is none.
    pub(crate) fn from_config(app: &App) -> Result<Option<Self>> {
        let link: Self = app.config.section("platform_link")?;
        if link.platform.is_empty() {
            return Ok(None);
        }
        if link.secret.len() < 16 {
            return Err(bad_request(
                "bad_config",
                "platform_link.secret has at least 16 characters",
            ));
        }
        Ok(Some(link))
    }

    /// Sends a signed request to `path` below the platform's address; answers status and body.
    async fn call(
        &self,
        app: &App,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(reqwest::StatusCode, Vec<u8>)> {
        let base = self.url.trim_end_matches('/');
        let url: Url = outbound::checked(&format!("{base}{path}"), self.allow_private)?;
        let client = outbound::client(&url, self.allow_private).await?;
        let client = client.timeout(ANSWER).build().map_err(internal)?;
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let stamp = Stamp {
            timestamp: app.clock.now().timestamp(),
            nonce: app.ids.secret(16),
        };
        let signed = stamp.signature(&self.secret, method.as_str(), &target, &body);
        let request = client
            .request(method, url)
            .header(TIMESTAMP, stamp.timestamp.to_string())
            .header(NONCE, stamp.nonce)
            .header(SIGNATURE, signed)
            .header("content-type", "application/json")
            .body(body);
        let failed = |error: reqwest::Error| {
            let detail = format!("the platform does not answer: {}", error.without_url());
            unavailable("platform_unreachable", detail)
        };
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST {
                return Err(unavailable(
                    "platform_answer_too_long",
                    "the platform's answer is longer than 8 MB",
                ));
            }
        }
        Ok((status, bytes))
    }
}

/// What makes a signature hold for one request only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Seconds of Unix time.
    pub timestamp: i64,
    /// 8 to 64 letters, digits, `-` or `_`.
    pub nonce: String,
}

impl Stamp {
    /// The signature of a request, in hex.
    pub fn signature(&self, secret: &str, method: &str, target: &str, body: &[u8]) -> String {
        let mac = self.mac(secret, method, target, body);
        mac.map(|mac| hex::encode(mac.finalize().into_bytes()))
            .unwrap_or_default()
    }

    fn mac(&self, secret: &str, method: &str, target: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        let head = format!("{}\n{}\n{method} {target}\n", self.timestamp, self.nonce);
        mac.update(head.as_bytes());
        mac.update(body);
        Some(mac)
    }

    /// Refuses a request that `secret` did not sign, in time that does not tell how far a guess was right.
    fn verify(
        &self,
        secret: &str,
        (method, target): (&str, &str),
        body: &[u8],
        signature: &str,
    ) -> Result<()> {
        let mac = self.mac(secret, method, target, body);
        let given = hex::decode(signature).unwrap_or_default();
        match mac.map(|mac| mac.verify_slice(&given)) {
            Some(Ok(())) => Ok(()),
            _ => Err(unauthorized(
                "signature_wrong",
                "the signature is not that of this request",
            )),
        }
    }
}

/// Orders as the platform tells them: columns by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    orders: Vec<Map<String, Value>>,
    #[serde(default)]
    next: Option<String>,
}

impl Told {
    fn parse(body: &[u8]) -> Result<Self> {
        serde_json::from_slice(body)
            .map_err(|error| bad_request("orders_unreadable", error.to_string()))
    }

    /// The orders as a table with a heading, to be read as a file is.
    fn table(&self) -> Result<Table> {
        let mut heading: Vec<String> = Vec::new();
        for name in self.orders.iter().flat_map(Map::keys) {
            if !heading.contains(name) {
                heading.push(name.clone());
            }
        }
        let text = |value: Option<&Value>| match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(flag)) => (if *flag { "是" } else { "否" }).to_owned(),
            Some(other) => other.to_string(),
        };
        let rows = self.orders.iter().map(|order| {
            let cells = heading.iter().map(|name| text(order.get(name)));
            cells.collect::<Vec<_>>()
        });
        let all = std::iter::once(heading.clone()).chain(rows);
        Table::of_texts(all).map_err(|why| bad_request(why.code, why.detail))
    }
}

/// Who answers for orders that no person brought in: the first shift lead.
async fn owner(conn: &impl ConnectionTrait) -> Result<Uuid> {
    let leads = organization::colleagues::holders(conn, Role::ShiftLead).await?;
    let first = leads.first().map(|lead| lead.id);
    first.ok_or_else(|| {
        unavailable("no_shift_lead", "nobody is there to answer for new orders")
            .with_way_out("give somebody the role shift_lead")
    })
}
