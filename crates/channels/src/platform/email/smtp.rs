//! Answers leave by SMTP (RFC 5321), as answers to the mail they answer.

use std::time::Duration;

use kernel::App;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::parse::Reference;
use super::{certificates, name, resolved};
use crate::platform::token::{later, refused};
use crate::platform::{Account, Outgoing, Sent};

/// How long the server may take for one answer.
const ANSWER: Duration = Duration::from_secs(15);
/// The largest file.
const LARGEST: usize = 20 << 20;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

pub(super) async fn send(app: &App, account: &Account, message: &Outgoing) -> Result<Sent, Sent> {
    let own: Address = account
        .setting("address")
        .trim()
        .parse()
        .map_err(|_| later("address_unreadable"))?;
    let id = format!("<{}@{}>", message.id, own.domain());
    let mail = written(app, account, message, own, &id)?;
    let transport = transport(account).await?;
    match transport.send(mail).await {
        Ok(_) => Ok(Sent::Taken(Some(id))),
        Err(error) => Ok(outcome(&error)),
    }
}

/// What an error means for a message. Its text may hold the address and is not kept.
fn outcome(error: &lettre::transport::smtp::Error) -> Sent {
    let Some(status) = error.status() else {
        return later("unreachable");
    };
    let code = format!("smtp_{status}");
    // What is wrong with the account can be corrected.
    let account = ["smtp_530", "smtp_534", "smtp_535", "smtp_538"].contains(&code.as_str());
    if error.is_permanent() && !account {
        refused(code)
    } else {
        later(code)
    }
}

fn written(
    app: &App,
    account: &Account,
    message: &Outgoing,
    own: Address,
    id: &str,
) -> Result<Message, Sent> {
    let to: Address = message
        .external_user
        .parse()
        .map_err(|_| refused("address_unreadable"))?;
    let reference = Reference::of(message.reply_ref.as_deref().unwrap_or_default());
    let from_name = account.setting("from_name").trim();
    let from_name = (!from_name.is_empty()).then(|| from_name.to_owned());
    let mut mail = Message::builder()
        .from(Mailbox::new(from_name, own))
        .to(Mailbox::new(None, to))
        .subject(subject(message.subject.as_deref(), &reference.subject))
        .date(app.clock.now().into())
        // The same at every attempt: who got it before can tell.
        .message_id(Some(id.to_owned()))
        // RFC 3834 §5: whether a person wrote it.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            if message.automatic {
                "auto-replied"
            } else {
                "no"
            }
            .to_owned(),
        ));
    if let Some(answered) = reference.answered {
        mail = mail.in_reply_to(answered);
        mail = mail.references(reference.thread.join(" "));
    }
    let text = message.text.clone().unwrap_or_default();
    let built = match &message.file {
        None if text.is_empty() => return Err(refused("empty")),
        None => mail.header(ContentType::TEXT_PLAIN).body(text),
        Some(file) if file.bytes.len() > LARGEST => return Err(refused("file_too_large")),
        Some(file) => {
            let kind = ContentType::parse(&file.media_type)
                .or_else(|_| ContentType::parse("application/octet-stream"))
                .map_err(|_| refused("mail_unwritable"))?;
            let attachment = Attachment::new(file.name.clone()).body(file.bytes.to_vec(), kind);
            let parts = MultiPart::mixed().singlepart(SinglePart::plain(text));
            mail.multipart(parts.singlepart(attachment))
        }
    };
    built.map_err(|_| refused("mail_unwritable"))
}

/// The subject of the conversation, else that of the mail that is answered.
fn subject(ours: Option<&str>, theirs: &str) -> String {
    let subject = ours.map(str::trim).filter(|subject| !subject.is_empty());
    let subject = subject.unwrap_or(theirs).replace(['\r', '\n'], " ");
    let begins = subject
        .get(..3)
        .is_some_and(|it| it.eq_ignore_ascii_case("re:"));
    match subject.as_str() {
        "" => "答复".to_owned(),
        _ if begins || subject.starts_with("回复") || subject.starts_with("答复") => subject,
        _ => format!("Re: {subject}"),
    }
}

/// A way to the address that was checked, whatever the name stands for a moment later.
async fn transport(account: &Account) -> Result<Transport, Sent> {
    let host = account.setting("smtp_host").trim();
    let security = match account.setting("smtp_security").trim() {
        "" => "tls",
        security => security,
    };
    let port = match security {
        "tls" => 465,
        "starttls" => 587,
        _ => 25,
    };
    let port = account.number("smtp_port", port);
    let addresses = resolved(account, host, port).await;
    let addresses = addresses.map_err(|problem| later(problem.code))?;
    let address = addresses.first().ok_or_else(|| later("host_unknown"))?;
    let parameters = || {
        let mut parameters = TlsParameters::builder(host.to_owned());
        for one in certificates(account).map_err(|_| later("ca_pem_unreadable"))? {
            let one =
                Certificate::from_der(one.to_vec()).map_err(|_| later("ca_pem_unreadable"))?;
            parameters = parameters.add_root_certificate(one);
        }
        parameters.build().map_err(|_| later("tls_unavailable"))
    };
    let tls = match security {
        "tls" => Tls::Wrapper(parameters()?),
        "starttls" => Tls::Required(parameters()?),
        _ if account.allow_private => Tls::None,
        _ => return Err(later("plain_not_allowed")),
    };
    let mut builder = Transport::builder_dangerous(address.ip().to_string())
        .port(address.port())
        .timeout(Some(ANSWER))
        .tls(tls);
    let password = account.secret("password");
    if !password.is_empty() {
        let credentials = Credentials::new(name(account).to_owned(), password.to_owned());
        builder = builder.credentials(credentials);
    }
    Ok(builder.build())
}
