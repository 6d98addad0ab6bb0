//! SMS through a gateway: one signed HTTP POST for each message, after Standard Webhooks.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::problem::{Result, bad_request};
use kernel::{Config, Phone, outbound};
use serde_json::json;
use sha2::Sha256;

use crate::outbox::worker::{Failure, Message};
use crate::settings::SmsSettings;

/// How long the gateway may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Gateway {
    url: reqwest::Url,
    secret: String,
    allow_private: bool,
}

/// The signature of a message: `v1,` and Base64 of HMAC-SHA256 over `id.timestamp.body`, with the secret's bytes
/// (after `whsec_` as Base64, else as they stand).
pub fn signature(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    let decoded = secret
        .strip_prefix("whsec_")
        .and_then(|secret| BASE64.decode(secret).ok());
    let key = decoded.unwrap_or_else(|| secret.as_bytes().to_vec());
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return String::new();
    };
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

impl Gateway {
    /// None when SMS are switched off.
    pub(crate) fn from_config(config: &Config) -> Result<Option<Self>> {
        let settings: SmsSettings = config.section("sms_gateway")?;
        if !settings.enabled {
            return Ok(None);
        }
        let bad = |what: &str| bad_request("bad_config", format!("sms_gateway: {what}"));
        if settings.secret.is_empty() {
            return Err(bad("secret is empty"));
        }
        let url = outbound::checked(&settings.url, settings.allow_private)
            .map_err(|problem| bad(&problem.detail))?;
        Ok(Some(Self {
            url,
            secret: settings.secret,
            allow_private: settings.allow_private,
        }))
    }

    pub(crate) async fn send(&self, to: &Phone, message: &Message<'_>) -> Result<(), Failure> {
        let id = message.delivery.id.to_string();
        let body = json!({
            "id": id,
            "mobile": to.reveal(),
            "template": message.notice.kind,
            "parameters": { "number": message.number },
            "text": message.sentence,
        })
        .to_string();
        let timestamp = message.now.timestamp();
        let client = self.client().await?;
        let answer = client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp.to_string())
            .header(
                "webhook-signature",
                signature(&self.secret, &id, timestamp, &body),
            )
            .body(body)
            .send()
            .await
            .map_err(|error| Failure::Again(why(error)))?;
        // What it says beside the status may repeat the number.
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(Failure::Again(format!("the gateway answers {status}"))),
        }
    }

    async fn client(&self) -> Result<reqwest::Client, Failure> {
        let client = outbound::client(&self.url, self.allow_private).await;
        let client = client.map_err(|problem| Failure::Again(problem.detail))?;
        let client = client.timeout(ANSWER).build();
        client.map_err(|error| Failure::Again(why(error)))
    }
}

/// The causes in one line, without the address.
fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut line = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        line = format!("{line}: {inner}");
        cause = inner.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn signs_as_the_specification_does() {
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
