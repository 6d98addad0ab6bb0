//! `FreeSWITCH`'s event socket, inbound mode: frames of headers with a body of so many bytes, events as lines of
//! `Name: value` with the values URL-encoded. What the far end sends is bounded; nothing it sends is believed to be
//! whole.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use chrono::{DateTime, Utc};
use kernel::Clock;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The head of one frame, in bytes.
const MOST_HEAD: usize = 64 << 10;
/// The body of one frame, in bytes: a list of some thousand channels fits.
const MOST_BODY: usize = 8 << 20;
/// Headers of one event.
const MOST_HEADERS: usize = 2_000;
/// Events that wait while a question is answered.
const MOST_WAITING: usize = 10_000;
/// An answer takes no longer.
const ANSWER: Duration = Duration::from_secs(10);

/// Why a connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The line is down.
    #[error("the exchange does not answer: {0}")]
    Io(#[from] std::io::Error),
    /// The far end said good-bye, or nothing more.
    #[error("the exchange has closed the connection")]
    Closed,
    /// It speaks another protocol, or too much of it.
    #[error("this is no event socket: {0}")]
    Protocol(&'static str),
    /// No answer in time.
    #[error("the exchange does not answer in time")]
    Silent,
    /// The password is wrong.
    #[error("the exchange refuses the password")]
    Refused,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Frame {
    fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.as_str())
    }

    fn kind(&self) -> &str {
        self.header("Content-Type")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What happened on the exchange; names in small letters, values decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event(HashMap<String, String>);

impl Event {
    /// Reads the text of an event, or the answer to `uuid_dump`.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().take_while(|line| !line.trim().is_empty());
        let headers = lines.take(MOST_HEADERS).filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), decoded(value.trim())))
        });
        Self(headers.collect())
    }

    /// A header's value; empty when it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0
            .get(&name.to_ascii_lowercase())
            .map_or("", String::as_str)
    }

    /// The first of these headers that says something.
    pub fn first(&self, names: &[&str]) -> &str {
        names
            .iter()
            .map(|name| self.get(name))
            .find(|value| !value.is_empty())
            .unwrap_or_default()
    }

    /// A time in microseconds since 1970; `None` for 0, which means never.
    pub fn micros(&self, name: &str) -> Option<DateTime<Utc>> {
        let micros: i64 = self.get(name).parse().ok().filter(|micros| *micros > 0)?;
        // The databases keep milliseconds.
        DateTime::from_timestamp_millis(micros / 1000)
    }

    /// A time in seconds since 1970.
    pub fn seconds(&self, name: &str) -> Option<DateTime<Utc>> {
        let seconds: i64 = self.get(name).parse().ok().filter(|seconds| *seconds > 0)?;
        DateTime::from_timestamp(seconds, 0)
    }
}

/// `%E5%BC%A0` is three bytes of UTF-8; what is not well formed stays as it is.
fn decoded(value: &str) -> String {
    if !value.contains('%') {
        return value.to_owned();
    }
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let hex = bytes
            .get(place + 1..place + 3)
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match hex {
            Some(hex) if *byte == b'%' => {
                out.push(hex);
                place += 3;
            }
            _ => {
                out.push(*byte);
                place += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A connection to an event socket.
pub struct Wire<S> {
    stream: S,
    read: BytesMut,
    waiting: VecDeque<Event>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire<S> {
    /// Over this stream.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            read: BytesMut::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Signs in and asks for what a call's record needs.
    pub async fn sign_in(&mut self, password: &str) -> Result<(), Broken> {
        let greeting = Clock::guard(ANSWER, self.frame())
            .await
            .map_err(|_| Broken::Silent)??;
        match greeting.kind() {
            "auth/request" => {}
            "text/rude-rejection" => return Err(Broken::Refused),
            _ => return Err(Broken::Protocol("it does not ask who is there")),
        }
        let answer = self.ask(&format!("auth {password}")).await?;
        if !answer.header("Reply-Text").starts_with("+OK") {
            return Err(Broken::Refused);
        }
        let wanted = "event plain CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE \
                      CUSTOM callcenter::info";
        let answer = self.ask(wanted).await?;
        if answer.header("Reply-Text").starts_with("+OK") {
            Ok(())
        } else {
            Err(Broken::Protocol("it tells no events"))
        }
    }

    /// Asks, and waits for the answer; events that come meanwhile wait for [`Wire::event`].
    pub async fn ask(&mut self, command: &str) -> Result<Frame, Broken> {
        let line = format!("{command}\n\n");
        let answered = async {
            self.stream.write_all(line.as_bytes()).await?;
            loop {
                let frame = self.frame().await?;
                match frame.kind() {
                    "command/reply" | "api/response" => return Ok(frame),
                    _ => self.keep(&frame)?,
                }
            }
        };
        Clock::guard(ANSWER, answered)
            .await
            .map_err(|_| Broken::Silent)?
    }

    /// What waits already.
    pub fn waiting(&mut self) -> Option<Event> {
        self.waiting.pop_front()
    }

    /// The next event. Nothing is lost when this is dropped while it waits.
    pub async fn event(&mut self) -> Result<Event, Broken> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(event);
            }
            let frame = self.frame().await?;
            self.keep(&frame)?;
        }
    }

    fn keep(&mut self, frame: &Frame) -> Result<(), Broken> {
        match frame.kind() {
            "text/event-plain" => {
                if self.waiting.len() >= MOST_WAITING {
                    return Err(Broken::Protocol("more events than can be heard"));
                }
                self.waiting.push_back(Event::parse(&frame.text()));
                Ok(())
            }
            "text/disconnect-notice" => Err(Broken::Closed),
            // An answer to what nobody asked, a log line: of no use.
            _ => Ok(()),
        }
    }

    async fn frame(&mut self) -> Result<Frame, Broken> {
        loop {
            if let Some(frame) = self.whole()? {
                return Ok(frame);
            }
            self.read.reserve(8 << 10);
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(Broken::Closed);
            }
        }
    }

    /// The frame that stands whole in what was read.
    fn whole(&mut self) -> Result<Option<Frame>, Broken> {
        while self.read.first() == Some(&b'\n') {
            self.read.advance(1);
        }
        let Some(head) = self
            .read
            .windows(2)
            .take(MOST_HEAD)
            .position(|two| two == b"\n\n")
        else {
            if self.read.len() > MOST_HEAD {
                return Err(Broken::Protocol("a head without end"));
            }
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&self.read[..head]).into_owned();
        let headers: Vec<(String, String)> = text
            .lines()
            .filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                Some((name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect();
        let mut frame = Frame {
            headers,
            body: Vec::new(),
        };
        let length = match frame.header("Content-Length") {
            "" => 0,
            length => length
                .parse::<usize>()
                .map_err(|_| Broken::Protocol("a length that is none"))?,
        };
        if length > MOST_BODY {
            return Err(Broken::Protocol("a body without end"));
        }
        if self.read.len() < head + 2 + length {
            return Ok(None);
        }
        self.read.advance(head + 2);
        frame.body = self.read.split_to(length).to_vec();
        Ok(Some(frame))
    }
}

/// The channels in an answer to `show channels as json`.
pub fn channels(answer: &Frame) -> Result<Vec<String>, Broken> {
    #[derive(serde::Deserialize)]
    struct Shown {
        #[serde(default)]
        rows: Vec<Channel>,
    }
    #[derive(serde::Deserialize)]
    struct Channel {
        uuid: String,
    }
    let text = answer.text();
    // Without a channel, some versions answer in plain words.
    if text.trim().is_empty() || text.trim_start().starts_with("0 total") {
        return Ok(Vec::new());
    }
    let shown: Shown = serde_json::from_str(&text)
        .map_err(|_| Broken::Protocol("the list of channels is none"))?;
    Ok(shown.rows.into_iter().map(|row| row.uuid).collect())
}

/// An identifier that may stand in a question: it can end no line and begin no other.
pub fn is_uuid(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_are_read_however_they_are_cut() {
        let body = "Event-Name: CHANNEL_CREATE\nCaller-Caller-ID-Name: %E5%BC%A0%20%25\nX: 50%\n\n";
        let text = format!(
            "Content-Length: {}\nContent-Type: text/event-plain\n\n{body}Content-Type: text/disconnect-notice\n\n",
            body.len()
        );
        let (ours, mut theirs) = tokio::io::duplex(7);
        tokio::spawn(async move {
            for piece in text.as_bytes().chunks(3) {
                theirs.write_all(piece).await.ok();
            }
        });
        let mut wire = Wire::new(ours);
        let event = wire.event().await.ok().unwrap_or_default();
        assert_eq!(event.get("event-name"), "CHANNEL_CREATE");
        assert_eq!(event.get("Caller-Caller-ID-Name"), "张 %");
        assert_eq!(event.get("x"), "50%");
        assert!(matches!(wire.event().await, Err(Broken::Closed)));
    }

    #[tokio::test]
    async fn what_has_no_end_is_refused() {
        for text in [
            "Content-Length: 99999999999\n\n".to_owned(),
            "Content-Length: -1\n\n".to_owned(),
            "x".repeat(MOST_HEAD + 2),
        ] {
            let (ours, mut theirs) = tokio::io::duplex(1 << 20);
            theirs.write_all(text.as_bytes()).await.ok();
            let heard = Wire::new(ours).event().await;
            assert!(matches!(heard, Err(Broken::Protocol(_))), "{heard:?}");
        }
    }
}
