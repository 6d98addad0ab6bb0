//! E-mail by SMTP (RFC 5321). Plain text, nothing personal in it.

use std::time::Duration;

use kernel::problem::{Result, bad_request};
use kernel::{Config, Email};
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use crate::outbox::worker::{Failure, Message};
use crate::settings::{Security, SmtpSettings};
use crate::words;

/// How long the server may take for one answer.
const ANSWER: Duration = Duration::from_secs(10);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

#[derive(Clone)]
pub(crate) struct Mailer {
    transport: Transport,
    from: Mailbox,
}

impl Mailer {
    /// None when e-mail is switched off. The host is a setting, not something that users type: it needs no guard,
    /// and stands in one's own network most of the time.
    pub(crate) fn from_config(config: &Config) -> Result<Option<Self>> {
        let settings: SmtpSettings = config.section("smtp")?;
        if !settings.enabled {
            return Ok(None);
        }
        let bad = |what: &str| bad_request("bad_config", format!("smtp: {what}"));
        if settings.host.is_empty() {
            return Err(bad("host is empty"));
        }
        let from: Mailbox = settings
            .from
            .parse()
            .map_err(|error| bad(&format!("from: {error}")))?;
        let builder = match settings.security {
            Security::Tls => Transport::relay(&settings.host),
            Security::Starttls => Transport::starttls_relay(&settings.host),
            Security::Plain => Ok(Transport::builder_dangerous(&settings.host)),
        };
        let mut builder = builder
            .map_err(|error| bad(&error.to_string()))?
            .port(settings.port)
            .timeout(Some(ANSWER));
        if !settings.username.is_empty() {
            builder = builder.credentials(Credentials::new(settings.username, settings.password));
        }
        Ok(Some(Self {
            transport: builder.build(),
            from,
        }))
    }

    pub(crate) async fn send(&self, to: &Email, message: &Message<'_>) -> Result<(), Failure> {
        let never = |error: &dyn std::fmt::Display| Failure::Never(hidden(error, to));
        let id = message.delivery.id;
        let (subject, body) = words::mail(&message.sentence);
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(to
                .reveal()
                .parse()
                .map_err(|error: lettre::address::AddressError| never(&error))?)
            .subject(subject)
            .date(message.now.into())
            // The same at every attempt: who got it before can tell.
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|error| never(&error))?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::Again(hidden(&error, to))),
        }
    }
}

/// The error with the address masked: servers repeat it.
fn hidden(error: &dyn std::fmt::Display, to: &Email) -> String {
    error.to_string().replace(to.reveal(), &to.masked())
}
