//! The handful of commands of IMAP (RFC 3501) that a mailbox is read by, each answer within a length and a time.
//!
//! Written here because async-imap takes a literal of any length into memory before it tells of it, and stumbles over
//! some (its issue 66).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use kernel::Clock;
use kernel::problem::{Problem, Result, refused};
use rustls_platform_verifier::Verifier;
use tokio::io::BufReader;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{certificates, resolved, silent};
use crate::platform::Account;

/// How long the server may take for one answer, mails apart.
const ANSWER: Duration = Duration::from_secs(15);
/// The longest line of an answer: a search among 100,000 mails.
const LONGEST_LINE: usize = 1 << 20;
/// Lines that are no answer to what was asked, before its end.
const MOST_LINES: usize = 10_000;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A mailbox that is open for reading.
pub(super) struct Session {
    stream: BufReader<Box<dyn Stream>>,
    count: u32,
}

/// What is known of a mail before it is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub uid: u32,
    pub size: usize,
    /// When the server got it.
    pub at: Option<DateTime<Utc>>,
}

/// A word of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Open,
    Close,
    /// An atom, a number or a quoted text.
    Text(String),
    Literal(Vec<u8>),
}

/// How a command ended.
enum Ended {
    Ok,
    /// NO or BAD, with what was said.
    Refused(String),
}

impl Session {
    /// Connects and signs in.
    pub(super) async fn open(account: &Account) -> Result<Self> {
        let opened = Clock::guard(ANSWER, Self::signed_in(account)).await;
        opened.unwrap_or_else(|_elapsed| Err(silent("nobody answers")))
    }

    async fn signed_in(account: &Account) -> Result<Self> {
        let host = account.setting("imap_host").trim();
        let plain = account.setting("imap_security") == "plain";
        let default = if plain { 143 } else { 993 };
        let port = account.number("imap_port", default);
        let addresses = resolved(account, host, port).await?;
        if plain && !account.allow_private {
            return Err(refused(
                "plain_not_allowed",
                "only within one's own network",
            ));
        }
        let stream = connected(&addresses).await?;
        let stream: Box<dyn Stream> = if plain {
            Box::new(stream)
        } else {
            Box::new(secured(account, host, stream).await?)
        };
        let mut session = Self {
            stream: BufReader::new(stream),
            count: 0,
        };
        let greeting = session.line(0).await?;
        if !matches!(greeting.get(1), Some(Word::Text(word)) if word == "OK" || word == "PREAUTH") {
            return Err(silent("it does not greet as a mail server"));
        }
        let (name, password) = (super::name(account), account.secret("password"));
        let simple = |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let ended = if simple(name) && simple(password) {
            let login = format!("LOGIN {} {}", quoted(name), quoted(password));
            session.command(&login, 0, |_| {}).await?
        } else {
            // RFC 4616: whatever letters there are.
            let words = BASE64.encode(format!("\0{name}\0{password}"));
            session.authenticate(&words).await?
        };
        if let Ended::Refused(_) = ended {
            return Err(refused(
                "mailbox_login",
                "the mailbox refuses name or password",
            ));
        }
        // Some providers let nobody read who does not say what he is (RFC 2971); others do not know the word.
        session
            .command(r#"ID ("name" "shoujie")"#, 0, |_| {})
            .await?;
        Ok(session)
    }

    /// Opens a folder for reading only; answers its UIDVALIDITY.
    pub(super) async fn examine(&mut self, folder: &str) -> Result<u32> {
        let mut validity = None;
        let ended = self
            .ask(&format!("EXAMINE {}", quoted(&utf7(folder))), |words| {
                let at = words.iter().position(|word| is(word, "[UIDVALIDITY"));
                if let Some(Word::Text(number)) = at.and_then(|at| words.get(at + 1)) {
                    validity = number.trim_end_matches(']').parse().ok();
                }
            })
            .await?;
        match (ended, validity) {
            (Ended::Ok, Some(validity)) => Ok(validity),
            (Ended::Ok, None) => Err(silent("it does not number its mails")),
            (Ended::Refused(_), _) => Err(refused("mailbox_folder", "there is no such folder")),
        }
    }

    /// The numbers of mails after `after`, or of those that came since, in order.
    pub(super) async fn newer(
        &mut self,
        after: u32,
        since: Option<DateTime<Utc>>,
    ) -> Result<Vec<u32>> {
        let what = match since {
            // The server counts days by its own clock.
            Some(since) => format!(
                "SINCE {}",
                (since - chrono::TimeDelta::days(1)).format("%-d-%b-%Y")
            ),
            None => format!("UID {}:*", after.saturating_add(1)),
        };
        let mut uids = Vec::new();
        let ended = self
            .ask(&format!("UID SEARCH {what}"), |words| {
                if words.get(1).is_some_and(|word| is(word, "SEARCH")) {
                    uids.extend(words.iter().skip(2).filter_map(number));
                }
            })
            .await?;
        ok(ended)?;
        // `n:*` has the last one always, and some servers give all.
        uids.retain(|uid| *uid > after);
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }

    /// How large the mails are.
    pub(super) async fn sizes(&mut self, uids: &[u32]) -> Result<Vec<Found>> {
        if uids.is_empty() {
            return Ok(Vec::new());
        }
        let set: Vec<String> = uids.iter().map(u32::to_string).collect();
        let command = format!("UID FETCH {} (UID RFC822.SIZE INTERNALDATE)", set.join(","));
        let mut found = Vec::new();
        let ended = self
            .ask(&command, |words| {
                if let Some(uid) = after_word(words, "UID").and_then(number) {
                    let size = after_word(words, "RFC822.SIZE").and_then(number);
                    let at = after_word(words, "INTERNALDATE").and_then(moment);
                    found.push(Found {
                        uid,
                        size: size.map_or(usize::MAX, |size| size as usize),
                        at,
                    });
                }
            })
            .await?;
        ok(ended)?;
        Ok(found)
    }

    /// A mail, or the first `most` bytes of it, without marking it as read; `None` when the server cannot give it.
    pub(super) async fn mail(
        &mut self,
        uid: u32,
        whole: bool,
        most: usize,
    ) -> Result<Option<Vec<u8>>> {
        let part = if whole {
            String::new()
        } else {
            format!("<0.{most}>")
        };
        let mut mail = None;
        let ended = self
            .command(
                &format!("UID FETCH {uid} (UID BODY.PEEK[]{part})"),
                most,
                |words| {
                    let ours = after_word(words, "UID").and_then(number) == Some(uid);
                    let body = words.iter().position(
                        |word| matches!(word, Word::Text(name) if name.to_ascii_uppercase().starts_with("BODY[")),
                    );
                    mail = match body.and_then(|at| words.get(at + 1)) {
                        Some(Word::Literal(bytes)) if ours => Some(bytes.clone()),
                        Some(Word::Text(text)) if ours && text != "NIL" => {
                            Some(text.clone().into_bytes())
                        }
                        _ => mail.take(),
                    };
                },
            )
            .await?;
        Ok(match ended {
            Ended::Ok => mail,
            Ended::Refused(_) => None,
        })
    }

    /// Says goodbye; that it is not heard harms nobody.
    pub(super) async fn close(mut self) {
        let _ = self.ask("LOGOUT", |_| {}).await;
    }

    async fn ask(&mut self, command: &str, each: impl FnMut(&[Word]) + Send) -> Result<Ended> {
        let ended = Clock::guard(ANSWER, self.command(command, 0, each)).await;
        ended.unwrap_or_else(|_elapsed| Err(silent("it does not answer")))
    }

    /// Sends a command and hands each line of the answer on; `literal` is the longest literal that may come.
    async fn command(
        &mut self,
        command: &str,
        literal: usize,
        mut each: impl FnMut(&[Word]) + Send,
    ) -> Result<Ended> {
        let tag = self.say(command).await?;
        for _ in 0..MOST_LINES {
            let words = self.line(literal).await?;
            if let Some(ended) = ended(&tag, &words) {
                return Ok(ended);
            }
            if words.get(1).is_some_and(|word| is(word, "BYE")) && command != "LOGOUT" {
                return Err(silent("it hangs up"));
            }
            each(&words);
        }
        Err(silent("its answer has no end"))
    }

    async fn authenticate(&mut self, words: &str) -> Result<Ended> {
        let tag = self.say("AUTHENTICATE PLAIN").await?;
        for _ in 0..100 {
            let line = self.line(0).await?;
            if let Some(ended) = ended(&tag, &line) {
                return Ok(ended);
            }
            if line.first().is_some_and(|word| is(word, "+")) {
                self.write(&format!("{words}\r\n")).await?;
            }
        }
        Err(silent("its answer has no end"))
    }

    async fn say(&mut self, command: &str) -> Result<String> {
        self.count += 1;
        let tag = format!("S{}", self.count);
        self.write(&format!("{tag} {command}\r\n")).await?;
        Ok(tag)
    }

    async fn write(&mut self, text: &str) -> Result<()> {
        let stream = self.stream.get_mut();
        stream
            .write_all(text.as_bytes())
            .await
            .map_err(|error| lost(&error))?;
        stream.flush().await.map_err(|error| lost(&error))
    }

    /// One line of an answer with the literals in it.
    async fn line(&mut self, longest_literal: usize) -> Result<Vec<Word>> {
        let mut words = Vec::new();
        let mut length = 0;
        loop {
            let mut line = Vec::new();
            let limit = (LONGEST_LINE - length) as u64;
            let mut limited = (&mut self.stream).take(limit);
            let read = limited.read_until(b'\n', &mut line);
            read.await.map_err(|error| lost(&error))?;
            length += line.len();
            if !line.ends_with(b"\n") {
                let why = if length >= LONGEST_LINE {
                    "a line is too long"
                } else {
                    "it hangs up"
                };
                return Err(silent(why));
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            let (line, literal) = split_literal(line);
            words_of(line, &mut words);
            let Some(literal) = literal else {
                return Ok(words);
            };
            // A server that sends more than was asked for is not listened to.
            if literal > longest_literal.max(64 << 10) {
                return Err(silent("it sends more than it told"));
            }
            let mut bytes = vec![0; literal];
            self.stream
                .read_exact(&mut bytes)
                .await
                .map_err(|error| lost(&error))?;
            words.push(Word::Literal(bytes));
        }
    }
}

async fn connected(addresses: &[SocketAddr]) -> Result<TcpStream> {
    let mut last = silent("it has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = lost(&error),
        }
    }
    Err(last)
}

async fn secured(account: &Account, host: &str, stream: TcpStream) -> Result<impl Stream + use<>> {
    let provider = Arc::new(ring::default_provider());
    let wrong = |error: &dyn std::fmt::Display| silent(&format!("TLS: {error}"));
    let verifier = Verifier::new_with_extra_roots(certificates(account)?, provider.clone())
        .map_err(|error| wrong(&error))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| wrong(&error))?;
    let connector = TlsConnector::from(Arc::new(config));
    connector
        .connect(name, stream)
        .await
        .map_err(|error| wrong(&error))
}

fn lost(error: &std::io::Error) -> Problem {
    silent(&error.to_string())
}

fn ok(ended: Ended) -> Result<()> {
    match ended {
        Ended::Ok => Ok(()),
        Ended::Refused(why) => Err(silent(&why)),
    }
}

fn ended(tag: &str, words: &[Word]) -> Option<Ended> {
    if !words.first().is_some_and(|word| is(word, tag)) {
        return None;
    }
    Some(match words.get(1) {
        Some(word) if is(word, "OK") => Ended::Ok,
        Some(Word::Text(word)) => Ended::Refused(word.clone()),
        _ => Ended::Refused(String::new()),
    })
}

fn is(word: &Word, expected: &str) -> bool {
    matches!(word, Word::Text(text) if text.eq_ignore_ascii_case(expected))
}

fn number(word: &Word) -> Option<u32> {
    match word {
        Word::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn moment(word: &Word) -> Option<DateTime<Utc>> {
    let Word::Text(text) = word else { return None };
    let at = DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok()?;
    Some(at.with_timezone(&Utc))
}

fn after_word<'a>(words: &'a [Word], name: &str) -> Option<&'a Word> {
    let at = words.iter().position(|word| is(word, name))?;
    words.get(at + 1)
}

/// The line without the announcement of a literal at its end, and the literal's length.
fn split_literal(line: &str) -> (&str, Option<usize>) {
    let found = line
        .strip_suffix('}')
        .and_then(|line| line.rsplit_once('{'));
    match found {
        Some((before, length)) => {
            let length = length.trim_end_matches('+');
            let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
            // One with more digits than a length has is longer than any.
            let length = digits.then(|| length.parse().unwrap_or(usize::MAX));
            (if digits { before } else { line }, length)
        }
        None => (line, None),
    }
}

/// Takes a line apart: atoms, quoted texts, brackets.
fn words_of(line: &str, words: &mut Vec<Word>) {
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '(' => words.push(Word::Open),
            ')' => words.push(Word::Close),
            '"' => {
                let mut text = String::new();
                while let Some(letter) = letters.next() {
                    match letter {
                        '"' => break,
                        '\\' => text.extend(letters.next()),
                        letter => text.push(letter),
                    }
                }
                words.push(Word::Text(text));
            }
            first => {
                let mut text = String::from(first);
                while let Some(letter) =
                    letters.next_if(|letter| !matches!(letter, ' ' | '(' | ')'))
                {
                    text.push(letter);
                }
                words.push(Word::Text(text));
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A folder's name in IMAP's own UTF-7 (RFC 3501 §5.1.3).
fn utf7(name: &str) -> String {
    let mut out = String::new();
    let mut wide: Vec<u8> = Vec::new();
    let flush = |wide: &mut Vec<u8>, out: &mut String| {
        if !wide.is_empty() {
            let coded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&*wide);
            out.push('&');
            out.push_str(&coded.replace('/', ","));
            out.push('-');
            wide.clear();
        }
    };
    for letter in name.chars() {
        if (' '..='~').contains(&letter) {
            flush(&mut wide, &mut out);
            out.push(letter);
            if letter == '&' {
                out.push('-');
            }
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                wide.extend(unit.to_be_bytes());
            }
        }
    }
    flush(&mut wide, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Word> {
        let mut words = Vec::new();
        words_of(line, &mut words);
        words
    }

    #[test]
    fn answers_are_taken_apart() {
        let line = r#"* 3 FETCH (UID 7 INTERNALDATE "23-Nov-2026 10:00:00 +0800" RFC822.SIZE 512 FLAGS (\Seen))"#;
        let found = words(line);
        assert_eq!(after_word(&found, "uid").and_then(number), Some(7));
        assert_eq!(
            after_word(&found, "RFC822.SIZE").and_then(number),
            Some(512)
        );
        let at = after_word(&found, "INTERNALDATE").and_then(moment).unwrap();
        assert_eq!(at.to_rfc3339(), "2026-11-23T02:00:00+00:00");
        let single = words(r#"* 1 FETCH (INTERNALDATE " 3-Nov-2026 10:00:00 +0000")"#);
        assert!(
            after_word(&single, "INTERNALDATE")
                .and_then(moment)
                .is_some()
        );
        assert_eq!(
            words(r#""a \"b\" \\""#),
            [Word::Text(r#"a "b" \"#.to_owned())]
        );
        assert_eq!(
            split_literal("* 1 FETCH (BODY[] {12}"),
            ("* 1 FETCH (BODY[] ", Some(12))
        );
        assert_eq!(split_literal("* OK {x}"), ("* OK {x}", None));
    }

    #[test]
    fn folders_are_named_as_imap_does() {
        assert_eq!(utf7("INBOX"), "INBOX");
        assert_eq!(utf7("a&b"), "a&-b");
        assert_eq!(utf7("台北/日本語"), "&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(quoted("a\"b\\c\r\nd"), r#""a\"b\\cd""#);
    }
}
