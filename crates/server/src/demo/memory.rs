//! What a platform of the demo remembers, within bounds and for as long as the process lives.

use std::collections::{HashMap, VecDeque};

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Persons; who is silent longest makes room.
const PERSONS: usize = 50;
/// Lines of one talk; the oldest make room.
const LINES: usize = 200;
/// Answers of one talk whose window is remembered.
const WINDOWS: usize = 20;
/// Messages of one person that wait for the hotline.
pub(super) const WAITING: usize = 20;
/// Files and their bytes; the oldest make room.
const FILES: (usize, usize) = (40, 48 << 20);

/// Who says a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    /// The person with the phone.
    Person,
    /// The hotline.
    Hotline,
    /// The platform: it refused an answer, and says why.
    Platform,
}

/// Whether a message reached the hotline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reached {
    /// It is on its way.
    Sending,
    /// No answer yet: it is told again.
    Retrying,
    /// The hotline has it.
    Sent,
    /// The platform gave up.
    Failed,
}

/// One line of a talk.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    pub seq: u64,
    pub from: Side,
    pub at: DateTime<Utc>,
    /// `text`, `image`, `voice`, `video`, `file`, `menu` or `refused`.
    pub kind: &'static str,
    pub text: String,
    /// Id of the file.
    pub file: Option<String>,
    /// Of a person's message.
    pub reached: Option<Reached>,
    /// How often it was told to the hotline.
    pub attempts: u32,
    /// What the last attempt came to.
    pub code: Option<String>,
}

/// How the way from the platform to the hotline is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// As it should be.
    #[default]
    Clear,
    /// Nothing arrives.
    Cut,
    /// What is told arrives, the answer is lost but for that of the last attempt: the hotline hears it three times.
    Deaf,
}

/// How long and how often something may be answered.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// What is answered: QQ's `msg_id`; empty where the person is.
    pub reference: String,
    /// Until when.
    pub until: DateTime<Utc>,
    /// How often.
    pub left: u32,
    /// `msg_seq` that were used.
    pub used: Vec<u64>,
}

/// Why an answer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum No {
    /// Nothing was said that it could answer.
    Unknown,
    /// The window is over.
    Over,
    /// It was answered often enough.
    Used,
    /// This very answer was taken before.
    Repeated,
}

/// What a person does.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// He writes.
    Text(String),
    /// He sends the file of this id.
    Picture(String),
    /// He chooses in the menu.
    Menu(String),
}

/// A deed that waits for the hotline.
#[derive(Debug, Clone)]
pub(super) struct Push {
    /// The line in the talk.
    pub seq: u64,
    /// The number the platform gave it.
    pub number: u64,
    /// When it was done.
    pub at: DateTime<Utc>,
    pub deed: Deed,
}

/// The talk of one person.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub lines: VecDeque<Line>,
    pub waiting: VecDeque<Push>,
    /// Somebody delivers what waits.
    pub busy: bool,
    pub way: Way,
    /// Rises with each change.
    pub revision: u64,
    windows: VecDeque<Window>,
    last_seq: u64,
    touched: Option<DateTime<Utc>>,
}

impl Talk {
    /// Adds a line, and gives its place.
    pub(super) fn add(&mut self, line: Line) -> u64 {
        self.last_seq += 1;
        self.revision += 1;
        self.touched = Some(line.at);
        self.lines.push_back(Line {
            seq: self.last_seq,
            ..line
        });
        while self.lines.len() > LINES {
            self.lines.pop_front();
        }
        self.last_seq
    }

    /// Notes what became of a message.
    pub(super) fn mark(&mut self, seq: u64, reached: Reached, attempts: u32, code: Option<String>) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.seq == seq) {
            line.reached = Some(reached);
            line.attempts = attempts;
            line.code = code;
            self.revision += 1;
        }
    }

    /// Opens a window for answers, in place of another of the same reference.
    pub(super) fn open(&mut self, reference: &str, until: DateTime<Utc>, left: u32) {
        self.windows.retain(|window| window.reference != reference);
        self.windows.push_back(Window {
            reference: reference.to_owned(),
            until,
            left,
            used: Vec::new(),
        });
        while self.windows.len() > WINDOWS {
            self.windows.pop_front();
        }
        self.revision += 1;
    }

    /// Opens a short window where no better one stands open (WeChat's menu).
    pub(super) fn open_short(&mut self, now: DateTime<Utc>, minutes: i64, left: u32) {
        if self
            .windows
            .back()
            .is_none_or(|window| window.until <= now || window.left == 0)
        {
            self.open("", now + TimeDelta::minutes(minutes), left);
        }
    }

    /// Every window is over now.
    pub(super) fn close(&mut self, now: DateTime<Utc>) {
        for window in &mut self.windows {
            window.until = window.until.min(now);
        }
        self.revision += 1;
    }

    /// The newest window.
    pub(super) fn window(&self) -> Option<&Window> {
        self.windows.back()
    }

    /// Takes one answer off the window of `reference`.
    pub(super) fn answer(
        &mut self,
        reference: &str,
        seq: Option<u64>,
        now: DateTime<Utc>,
    ) -> Result<(), No> {
        let window = self
            .windows
            .iter_mut()
            .find(|window| window.reference == reference);
        let window = window.ok_or(No::Unknown)?;
        if seq.is_some_and(|seq| window.used.contains(&seq)) {
            return Err(No::Repeated);
        }
        if window.until <= now {
            return Err(No::Over);
        }
        window.left = window.left.checked_sub(1).ok_or(No::Used)?;
        window.used.extend(seq);
        self.revision += 1;
        Ok(())
    }
}

/// A file.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub id: String,
    pub bytes: Bytes,
}

impl File {
    /// Its media type by its first bytes, for pictures; anything else is only a download.
    pub(super) fn picture(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
        let kinds: [(&[u8], _, _); 3] = [
            (b"\x89PNG\r\n\x1a\n", "image/png", "picture.png"),
            (b"\xff\xd8\xff", "image/jpeg", "picture.jpg"),
            (b"GIF8", "image/gif", "picture.gif"),
        ];
        let found = kinds.iter().find(|(mark, _, _)| bytes.starts_with(mark));
        found.map(|(_, media_type, name)| (*media_type, *name))
    }
}

/// The token the hotline calls with.
#[derive(Debug, Clone, Default)]
pub(super) struct Token {
    pub value: String,
    pub until: Option<DateTime<Utc>>,
}

/// Everything of one platform.
#[derive(Debug)]
pub(super) struct Memory {
    pub token: Token,
    /// The first number that this process gave: what is below was given by an earlier one.
    pub first: u64,
    last: u64,
    talks: HashMap<String, Talk>,
    files: VecDeque<File>,
}

impl Memory {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        // The hotline keeps the numbers of messages for good: those of the next process must be others.
        let first = u64::try_from(now.timestamp_micros()).unwrap_or_default();
        Self {
            token: Token::default(),
            first,
            last: first,
            talks: HashMap::new(),
            files: VecDeque::new(),
        }
    }

    /// A number that was never given.
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The talk of somebody who is there.
    pub(super) fn known(&mut self, person: &str) -> Option<&mut Talk> {
        self.talks.get_mut(person)
    }

    /// The talk of somebody, made when he is new.
    pub(super) fn talk(&mut self, person: &str, now: DateTime<Utc>) -> &mut Talk {
        if !self.talks.contains_key(person) && self.talks.len() >= PERSONS {
            // Whose message is on its way stays as long as anybody else can go.
            let silent = self
                .talks
                .iter()
                .min_by_key(|(_, talk)| (talk.busy, talk.touched));
            if let Some(name) = silent.map(|(name, _)| name.clone()) {
                self.talks.remove(&name);
            }
        }
        let talk = self.talks.entry(person.to_owned()).or_default();
        talk.touched.get_or_insert(now);
        talk
    }

    /// Keeps a file.
    pub(super) fn keep(&mut self, file: File) {
        self.files.push_back(file);
        let (most, bytes) = FILES;
        while self.files.len() > most
            || self
                .files
                .iter()
                .map(|file| file.bytes.len())
                .sum::<usize>()
                > bytes
        {
            self.files.pop_front();
        }
    }

    /// A file that is kept.
    pub(super) fn file(&self, id: &str) -> Option<File> {
        self.files.iter().find(|file| file.id == id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(now: DateTime<Utc>) -> Line {
        Line {
            seq: 0,
            from: Side::Person,
            at: now,
            kind: "text",
            text: String::new(),
            file: None,
            reached: None,
            attempts: 0,
            code: None,
        }
    }

    #[test]
    fn persons_lines_windows_and_files_have_a_bound() {
        let start = DateTime::UNIX_EPOCH;
        let mut memory = Memory::new(start);
        for person in 0..70 {
            let now = start + TimeDelta::seconds(person);
            memory.talk(&format!("p{person}"), now).add(line(now));
        }
        assert_eq!(memory.talks.len(), PERSONS);
        assert!(memory.known("p19").is_none() && memory.known("p20").is_some());
        let talk = memory.talk("p69", start);
        for count in 0..300 {
            talk.add(line(start));
            talk.open(&count.to_string(), start, 5);
        }
        assert_eq!((talk.lines.len(), talk.windows.len()), (LINES, WINDOWS));
        assert_eq!(talk.lines.back().map(|line| line.seq), Some(301));
        for size in [1, 20 << 20, 20 << 20, 20 << 20] {
            memory.keep(File {
                id: size.to_string(),
                bytes: vec![0; size].into(),
            });
        }
        assert_eq!(memory.files.len(), 2);
    }

    #[test]
    fn a_window_takes_so_many_answers_until_its_end() {
        let start = DateTime::UNIX_EPOCH;
        let mut talk = Talk::default();
        assert_eq!(talk.answer("a", None, start), Err(No::Unknown));
        talk.open("a", start + TimeDelta::minutes(60), 2);
        assert_eq!(talk.answer("a", Some(1), start), Ok(()));
        assert_eq!(talk.answer("a", Some(1), start), Err(No::Repeated));
        assert_eq!(
            talk.answer("a", Some(2), start + TimeDelta::minutes(60)),
            Err(No::Over)
        );
        assert_eq!(talk.answer("a", Some(2), start), Ok(()));
        assert_eq!(talk.answer("a", Some(3), start), Err(No::Used));
        // The menu opens a short one only where none stands open.
        talk.open("", start + TimeDelta::minutes(60), 1);
        talk.open_short(start, 1, 3);
        assert_eq!(talk.window().map(|window| window.left), Some(1));
        talk.close(start);
        talk.open_short(start, 1, 3);
        assert_eq!(talk.window().map(|window| window.left), Some(3));
    }
}
