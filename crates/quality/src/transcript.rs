//! The words of a recording (通话文字, A-14), where a transcript service is connected (off by default).
//!
//! Each lane is sent on its own, so that who speaks is known and not guessed. What the service answers is not believed:
//! what is no list of segments in their order, within the recording, of plain text, is refused as a whole.
//!
//! Pure: the case, what is sent and what an answer comes to; `job` reads, sends and writes.

mod client;
pub mod http;
pub(crate) mod job;
pub mod phrases;
pub(crate) mod settings;
pub mod store;

use chrono::TimeDelta;
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::recording::RATE;

/// Segments of one lane at most: three hours of short sentences.
const MOST_SEGMENTS: usize = 5_000;
/// Characters of one segment at most.
const LONGEST: usize = 2_000;
/// A model that counts in windows ends its last segment a little behind the sound.
const BEHIND_MS: u64 = 1_000;
/// Seconds before the second attempt; the pause doubles with each.
const FIRST_PAUSE: i64 = 30;
/// The longest pause, in seconds.
const LONGEST_PAUSE: i64 = 3_600;

words! {
    /// Where the words of a recording stand.
    TranscriptState {
        /// 待转写
        Waiting = "waiting",
        /// 已转写
        Ready = "ready",
        /// 转写失败
        Failed = "failed",
    }
}

words! {
    /// Who speaks: the lane of the recording.
    SpokenLane {
        /// 诉求人
        Requester = "requester",
        /// 座席
        Agent = "agent",
    }
}

words! {
    /// Why there are no words.
    TranscriptFailure {
        /// There is no recording here: removed, or moved to the archive.
        NoRecording = "no_recording",
        /// The recording is longer than what is sent.
        TooLong = "too_long",
        /// Its address may not be called.
        AddressRefused = "address_refused",
        /// It is not there.
        Unreachable = "unreachable",
        /// It took too long.
        Slow = "slow",
        /// It is busy or ill: 429, 5xx.
        Unavailable = "unavailable",
        /// It does not take what is sent: 4xx, or it sent us elsewhere.
        Refused = "refused",
        /// Its answer is longer than 4 MB.
        AnswerTooLong = "answer_too_long",
        /// Its answer is not of the form asked for.
        Malformed = "malformed",
        /// Times out of their order, or outside the recording.
        OutOfTime = "out_of_time",
        /// Control characters in a text.
        Unclean = "unclean",
        /// The attempts were cut off, each of them.
        Interrupted = "interrupted",
    }
}

impl TranscriptFailure {
    /// It may go better by itself a little later.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Unreachable | Self::Slow | Self::Unavailable)
    }
}

/// What one voice says without a break of the service's making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpokenSegment {
    /// Who speaks.
    pub lane: SpokenLane,
    /// Where it begins in the recording, in milliseconds.
    pub from_ms: u64,
    /// Where it ends.
    pub until_ms: u64,
    /// The words.
    pub text: String,
}

/// The words of a recording as their rules see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where they stand.
    pub state: TranscriptState,
    /// Attempts since they were asked for.
    pub attempts: u32,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 再次转写
    Ask,
    /// An attempt begins.
    Try,
    /// The words are there.
    Hear,
    /// An attempt failed; so many there are at most.
    Fail(TranscriptFailure, u32),
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// They are on their way.
        Waiting = "transcript_waiting", "is being written down already";
        /// They are there.
        Ready = "transcript_ready", "is written down";
        /// Nobody waits for them any more.
        NotWaiting = "transcript_not_waiting", "is not waited for";
    }
}

impl Case {
    /// Asked for now.
    pub fn asked() -> Self {
        Self {
            state: TranscriptState::Waiting,
            attempts: 0,
        }
    }

    /// The case after `action`, or why not.
    ///
    /// # Errors
    /// The reason, when it cannot be.
    pub fn next(self, action: Action) -> Result<Self, Refusal> {
        use TranscriptState as S;
        let to = |state| Ok(Self { state, ..self });
        match (self.state, action) {
            (S::Failed, Action::Ask) => Ok(Self::asked()),
            (S::Waiting, Action::Ask) => Err(Refusal::Waiting),
            (S::Ready, Action::Ask) => Err(Refusal::Ready),
            (S::Waiting, Action::Try) => Ok(Self {
                attempts: self.attempts + 1,
                ..self
            }),
            (S::Waiting, Action::Hear) => to(S::Ready),
            (S::Waiting, Action::Fail(why, most)) if why.may_pass() && self.attempts < most => {
                Ok(self)
            }
            (S::Waiting, Action::Fail(..)) => to(S::Failed),
            (S::Failed | S::Ready, _) => Err(Refusal::NotWaiting),
        }
    }

    /// How long one waits after so many attempts.
    pub fn pause(self) -> TimeDelta {
        let doubled = FIRST_PAUSE << self.attempts.saturating_sub(1).min(10);
        TimeDelta::seconds(doubled.min(LONGEST_PAUSE))
    }
}

/// A lane as it is sent: a WAV of 16-bit samples, mono, 8,000 a second.
pub fn wav(lane: &[i16]) -> Vec<u8> {
    let rate = u32::try_from(RATE).unwrap_or_default();
    let sound = u32::try_from(2 * lane.len()).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(44 + 2 * lane.len());
    file.extend(b"RIFF");
    file.extend(sound.saturating_add(36).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((2 * rate).to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(sound.to_le_bytes());
    file.extend(lane.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

/// `verbose_json` of the `OpenAI` API, as far as it is read; times in seconds.
#[derive(Deserialize)]
struct Answer {
    segments: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    start: f64,
    end: f64,
    text: String,
}

/// What the service says of one lane.
///
/// # Errors
/// What is wrong with the answer; then nothing of it is taken.
pub fn read(
    answer: &[u8],
    lane: SpokenLane,
    duration_ms: u64,
) -> Result<Vec<SpokenSegment>, TranscriptFailure> {
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|_| TranscriptFailure::Malformed)?;
    if answer.segments.len() > MOST_SEGMENTS {
        return Err(TranscriptFailure::Malformed);
    }
    let (mut segments, mut last) = (Vec::with_capacity(answer.segments.len()), 0.0);
    for said in answer.segments {
        let most = (duration_ms + BEHIND_MS) as f64 / 1_000.0;
        // Whatever is no number is within no bounds.
        if !(last..=said.end).contains(&said.start) || !(said.start..=most).contains(&said.end) {
            return Err(TranscriptFailure::OutOfTime);
        }
        last = said.start;
        if said.text.chars().any(is_unclean) {
            return Err(TranscriptFailure::Unclean);
        }
        let text = said.text.trim();
        if text.chars().count() > LONGEST {
            return Err(TranscriptFailure::Malformed);
        }
        if text.is_empty() {
            continue;
        }
        let ms = |seconds: f64| ((seconds * 1_000.0).round() as u64).min(duration_ms);
        segments.push(SpokenSegment {
            lane,
            from_ms: ms(said.start),
            until_ms: ms(said.end),
            text: text.to_owned(),
        });
    }
    Ok(segments)
}

/// What is no word: control characters, and those that turn the direction of what follows.
fn is_unclean(char: char) -> bool {
    char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Both lanes in the order of time.
pub fn together(mut segments: Vec<SpokenSegment>) -> Vec<SpokenSegment> {
    segments.sort_by_key(|segment| (segment.from_ms, segment.until_ms, segment.lane));
    segments
}

/// How fast the agent speaks (语速): characters a minute of his speech, without signs and spaces; none where he says
/// nothing.
///
/// # Arguments
/// * `spoken_ms` – how long he spoke, as it was measured; none: as long as his segments are
pub fn rate(segments: &[SpokenSegment], spoken_ms: Option<u64>) -> Option<u64> {
    let his = || segments.iter().filter(|one| one.lane == SpokenLane::Agent);
    let said = |one: &SpokenSegment| {
        one.text
            .chars()
            .filter(|char| char.is_alphanumeric())
            .count()
    };
    let chars: usize = his().map(said).sum();
    let told = || -> u64 { his().map(|one| one.until_ms - one.from_ms).sum() };
    let ms: u64 = spoken_ms.filter(|ms| *ms > 0).unwrap_or_else(told);
    (ms > 0 && chars > 0).then(|| chars as u64 * 60_000 / ms)
}
