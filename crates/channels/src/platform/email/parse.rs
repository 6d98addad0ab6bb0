//! A mail, read (RFC 5322, MIME).

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _, PartType};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::platform::http::plain_name;
use crate::platform::verify::some;
use crate::platform::{Inbound, MediaKind, What};

/// The longest text that is taken, in characters.
const LONGEST_TEXT: usize = 20_000;
/// Files of one mail.
const MOST_FILES: usize = 20;
/// Parts of one mail; one with more is made to hurt.
const MOST_PARTS: usize = 500;

/// A mail as it was fetched.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Its bytes, or their beginning.
    pub bytes: Vec<u8>,
    /// They are all there.
    pub whole: bool,
    /// How large it is.
    pub size: usize,
    /// When the server got it.
    pub at: Option<DateTime<Utc>>,
}

/// What a mail is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// Somebody wrote, or a message did not arrive.
    Said(Vec<Inbound>),
    /// Nothing for anybody: our own, or told again later.
    Nothing,
    /// Nobody can read it; why.
    Unreadable(&'static str),
}

/// Reads a mail that came to `own`.
pub fn read(mail: &Mail, own: &str) -> Read {
    let Some(message) = MessageParser::default().parse(&mail.bytes) else {
        return Read::Unreadable("mail_unreadable");
    };
    if message.parts.len() > MOST_PARTS {
        return Read::Unreadable("mail_too_many_parts");
    }
    let sender = message.from().and_then(|from| from.first());
    let Some(from) = sender.and_then(|sender| address(sender.address()?)) else {
        return Read::Unreadable("mail_without_sender");
    };
    if from == own.trim().to_lowercase() {
        return Read::Nothing;
    }
    match returned(&message, &mail.bytes, &from, own) {
        Returned::No => {}
        Returned::Failed(message, code) => {
            let id = identity(&from, &mail.bytes, None);
            let what = What::NotDelivered { message, code };
            let told = Inbound {
                at: mail.at,
                automatic: true,
                ..Inbound::of(from, id, what)
            };
            return Read::Said(vec![told]);
        }
        Returned::Waiting => return Read::Nothing,
        Returned::Unknown => return Read::Unreadable("bounce_unknown"),
    }
    let message_id = message.message_id().and_then(message_id);
    let id = identity(&from, &mail.bytes, message_id.as_deref());
    let subject = message.subject().map(one_line).unwrap_or_default();
    let whole = Inbound {
        nickname: sender.and_then(|sender| some(clean(sender.name()?, 60))),
        at: mail.at,
        reply_ref: Some(reference(message_id.as_deref(), &message, &subject)),
        automatic: automatic(&message, &from),
        ..Inbound::of(
            from,
            id.clone(),
            What::Text {
                text: String::new(),
            },
        )
    };
    let text = text(&message, mail, &subject);
    let mut all = vec![Inbound {
        what: What::Text { text },
        ..whole.clone()
    }];
    if mail.whole {
        for (at, part) in message.attachments().take(MOST_FILES).enumerate() {
            all.push(Inbound {
                external_id: format!("{id}#{}", at + 1),
                what: file(part),
                ..whole.clone()
            });
        }
    }
    Read::Said(all)
}

/// What an answer needs of the mail it answers: its `Message-ID`, those before it, its subject, one a line.
fn reference(message_id: Option<&str>, message: &Message<'_>, subject: &str) -> String {
    let before = message.references().as_text_list().unwrap_or_default();
    let one = message.in_reply_to().as_text().and_then(self::message_id);
    let before: Vec<String> = before
        .iter()
        .filter_map(|id| self::message_id(id))
        .collect();
    let before = if before.is_empty() {
        Vec::from_iter(one)
    } else {
        // The last ones: a line of a header has an end.
        before[before.len().saturating_sub(5)..].to_vec()
    };
    let subject = clean(subject, 200);
    format!(
        "{}\n{}\n{subject}",
        message_id.unwrap_or_default(),
        before.join(" ")
    )
}

/// What [`reference`] put together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// The mail that is answered, as `<…>`.
    pub answered: Option<String>,
    /// Those before it and itself.
    pub thread: Vec<String>,
    /// Its subject.
    pub subject: String,
}

impl Reference {
    /// Takes it apart; whatever stands there, nothing but ids and one line comes out.
    pub fn of(reply_ref: &str) -> Self {
        let mut lines = reply_ref.split('\n');
        let bracketed = |id: &str| message_id(id).map(|id| format!("<{id}>"));
        let answered = lines.next().and_then(bracketed);
        let before = lines.next().unwrap_or_default().split(' ');
        let thread = before.filter_map(bracketed).chain(answered.clone());
        Self {
            thread: thread.collect(),
            subject: clean(lines.next().unwrap_or_default(), 200),
            answered,
        }
    }
}

/// An id without its brackets, if it is one.
fn message_id(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let fine = (3..=250).contains(&id.len())
        && id.contains('@')
        && id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b','));
    fine.then(|| id.to_owned())
}

/// An address as it is compared, if it is one.
fn address(address: &str) -> Option<String> {
    let address = address.trim().to_lowercase();
    let fine = (3..=254).contains(&address.len())
        && address
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && !address
            .chars()
            .any(|letter| letter.is_whitespace() || letter.is_control());
    fine.then_some(address)
}

/// What tells a mail from all others, the same however often it is read. With its sender: who repeats another one's
/// `Message-ID` keeps nobody's mail away but his own.
fn identity(from: &str, bytes: &[u8], message_id: Option<&str>) -> String {
    let mut hash = Sha256::new();
    match message_id {
        Some(id) => hash.update(format!("{id}\n{from}")),
        None => hash.update(bytes),
    }
    format!("mail:{}", hex::encode(&hash.finalize()[..16]))
}

fn text(message: &Message<'_>, mail: &Mail, subject: &str) -> String {
    let body = message
        .body_text(0)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    let answers = message.in_reply_to().as_text().is_some();
    let body = if answers { own_words(&body) } else { &body };
    let mut text = String::new();
    // The subject of an answer is ours.
    if !subject.is_empty() && (!answers || body.trim().is_empty()) {
        text.push_str(&clean(subject, 200));
        text.push_str("\n\n");
    }
    text.push_str(body.trim());
    let text = clean_text(text.trim());
    let files = message.attachment_count();
    let note = if !mail.whole {
        let megabytes = mail.size.div_ceil(1 << 20);
        format!("（邮件共 {megabytes} MB，超出上限，附件未取回，原件在邮箱中）")
    } else if files > MOST_FILES {
        let left = files - MOST_FILES;
        format!("（另有 {left} 个附件未取回，原件在邮箱中）")
    } else {
        return text;
    };
    format!("{text}\n\n{note}").trim().to_owned()
}

/// An answer without the mail that it quotes at its end; only when all that follows is quoted.
fn own_words(body: &str) -> &str {
    let mut end = body.len();
    let mut quoted = false;
    for line in body.rsplit_inclusive_lines() {
        let trimmed = line.trim();
        if trimmed.starts_with('>') {
            quoted = true;
        } else if !trimmed.is_empty() {
            let introduces = quoted && (trimmed.ends_with(':') || trimmed.ends_with('：'));
            if !introduces {
                break;
            }
            return body[..end - line.len()].trim_end();
        }
        end -= line.len();
    }
    if quoted { body[..end].trim_end() } else { body }
}

trait Lines {
    /// The lines with their ends, from the last to the first.
    fn rsplit_inclusive_lines(&self) -> impl Iterator<Item = &str>;
}

impl Lines for str {
    fn rsplit_inclusive_lines(&self) -> impl Iterator<Item = &str> {
        let lines: Vec<&str> = self.split_inclusive('\n').collect();
        lines.into_iter().rev()
    }
}

fn file(part: &MessagePart<'_>) -> What {
    let kind = part.content_type().map_or("", |kind| kind.ctype());
    let kind = match kind.to_ascii_lowercase().as_str() {
        "image" => MediaKind::Image,
        "audio" => MediaKind::Voice,
        "video" => MediaKind::Video,
        _ => MediaKind::File,
    };
    let (bytes, fallback) = match &part.body {
        PartType::Message(inner) => (inner.raw_message(), Some("mail.eml")),
        _ => (part.contents(), None),
    };
    let name = part.attachment_name().and_then(plain_name);
    What::Media {
        kind,
        media_ref: None,
        bytes: Some(Bytes::copy_from_slice(bytes)),
        name: name.or(fallback.map(str::to_owned)),
        text: None,
    }
}

/// A header as it stands, in small letters.
fn header(message: &Message<'_>, name: &'static str) -> Option<String> {
    let value = message.header_raw(name)?;
    Some(value.trim().to_ascii_lowercase())
}

/// A machine wrote it (RFC 3834 §5, and what others write in its place).
fn automatic(message: &Message<'_>, from: &str) -> bool {
    let submitted = header(message, "Auto-Submitted");
    let precedence = header(message, "Precedence");
    let suppress = header(message, "X-Auto-Response-Suppress");
    let returned_to = header(message, "Return-Path");
    let there = |name| header(message, name).is_some();
    let nobody = [
        "mailer-daemon",
        "postmaster",
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
    ];
    submitted.is_some_and(|how| how != "no" && !how.starts_with("no "))
        || precedence
            .is_some_and(|how| ["bulk", "junk", "list", "auto_reply"].contains(&how.as_str()))
        || suppress.is_some_and(|how| how != "none")
        || returned_to.is_some_and(|to| to == "<>")
        || [
            "X-Autoreply",
            "X-Autorespond",
            "List-Id",
            "List-Unsubscribe",
        ]
        .into_iter()
        .any(there)
        || from
            .split('@')
            .next()
            .is_some_and(|name| nobody.contains(&name))
}

/// Whether a mail says that another one did not arrive.
enum Returned {
    No,
    /// Our id of it, and the code.
    Failed(String, String),
    /// It is still being tried.
    Waiting,
    /// It is none of ours.
    Unknown,
}

/// Reads a delivery report (RFC 3464), or what a mail server wrote in words about one of ours.
fn returned(message: &Message<'_>, bytes: &[u8], from: &str, own: &str) -> Returned {
    let report = message.content_type().is_some_and(|kind| {
        kind.ctype() == "multipart"
            && kind.subtype() == Some("report")
            && kind
                .attribute("report-type")
                .is_none_or(|of| of.eq_ignore_ascii_case("delivery-status"))
    });
    let daemon = ["mailer-daemon", "postmaster"]
        .iter()
        .any(|name| from.split('@').next() == Some(name));
    if !report && !daemon {
        return Returned::No;
    }
    let raw = String::from_utf8_lossy(bytes);
    let ours = our_message(&raw, own);
    let status = message.parts.iter().find(|part| {
        part.content_type()
            .is_some_and(|kind| kind.subtype() == Some("delivery-status"))
    });
    let status = status.map(|part| String::from_utf8_lossy(part.contents()).into_owned());
    let field = |name: &str| {
        let status = status.as_deref().unwrap_or_default();
        let mut values = status.lines().filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        });
        values.next_back()
    };
    let action = field("Action").unwrap_or_default().to_ascii_lowercase();
    if !action.is_empty() && action != "failed" {
        return Returned::Waiting;
    }
    match ours {
        Some(id) => {
            let code = field("Status").filter(|code| code.len() <= 20);
            Returned::Failed(id, code.unwrap_or_else(|| "returned".to_owned()))
        }
        None if report => Returned::Unknown,
        None => Returned::No,
    }
}

/// The id of ours that a returned mail holds: `<id@our host>`, which nobody can guess.
fn our_message(raw: &str, own: &str) -> Option<String> {
    let host = own.split_once('@')?.1.to_lowercase();
    raw.split('<').skip(1).find_map(|rest| {
        let id = rest.split('>').next()?;
        let (name, at) = id.split_once('@')?;
        if !at.eq_ignore_ascii_case(&host) || name.len() != 36 {
            return None;
        }
        Some(Uuid::parse_str(name).ok()?.to_string())
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One line, without what no screen shows.
fn clean(text: &str, longest: usize) -> String {
    let text: String = one_line(text)
        .chars()
        .filter(|letter| !letter.is_control())
        .take(longest)
        .collect();
    text.trim().to_owned()
}

fn clean_text(text: &str) -> String {
    let fine = |letter: &char| !letter.is_control() || matches!(letter, '\n' | '\t');
    text.chars().filter(fine).take(LONGEST_TEXT).collect()
}
