//! The typing test: right Chinese characters a minute with an input method. Pure: what was typed is laid beside
//! the text, and what no person can type is told from what one can.

pub mod http;
pub mod store;
pub mod texts;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters that one test takes.
pub const MOST_TYPED: usize = 3_000;
/// Events of one message.
pub const MOST_EVENTS: usize = 500;

words! {
    /// Where a typing test stands.
    TypingState {
        /// 待开始
        Prepared = "prepared",
        /// 进行中
        Running = "running",
        /// 合格
        Passed = "passed",
        /// 不合格
        Failed = "failed",
    }
}

/// What was typed, laid beside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Characters that are right.
    pub correct: usize,
    /// Characters that were typed, space left out.
    pub typed: usize,
}

impl Compared {
    /// The share of right characters, in basis points.
    pub fn accuracy_bp(self) -> i32 {
        let share = (self.correct * 10_000)
            .checked_div(self.typed)
            .unwrap_or_default();
        i32::try_from(share).unwrap_or_default()
    }

    /// Right characters a minute, in hundredths, rounded down.
    pub fn cpm_x100(self, seconds: i64) -> i32 {
        let correct = i64::try_from(self.correct).unwrap_or_default();
        i32::try_from((correct * 6_000).checked_div(seconds).unwrap_or_default())
            .unwrap_or(i32::MAX)
    }

    /// It is fast and right enough.
    pub fn passes(self, seconds: i64, cpm: i32, accuracy_percent: i32) -> bool {
        let correct = i64::try_from(self.correct).unwrap_or_default();
        correct * 60 >= i64::from(cpm) * seconds && self.accuracy_bp() >= accuracy_percent * 100
    }
}

fn characters(text: &str) -> Vec<char> {
    text.chars().filter(|char| !char.is_whitespace()).collect()
}

/// Lays what was typed beside the beginning of `text` with the fewest mistakes (a wrong, a missing, a surplus
/// character each one), and of those ways with the most right characters: a character too many does not make all
/// behind it wrong. What was not reached is no mistake.
pub fn compare(typed: &str, text: &str) -> Compared {
    let (typed, text) = (characters(typed), characters(text));
    // (mistakes, right characters) of the best way, by how much of the text was used.
    let better = |one: (usize, usize), other: (usize, usize)| {
        if other.0 < one.0 || (other.0 == one.0 && other.1 > one.1) {
            other
        } else {
            one
        }
    };
    let mut row: Vec<(usize, usize)> = (0..=text.len()).map(|missing| (missing, 0)).collect();
    for char in &typed {
        let mut next = Vec::with_capacity(row.len());
        next.push((row[0].0 + 1, row[0].1));
        for at in 1..=text.len() {
            let same = text[at - 1] == *char;
            let beside = (
                row[at - 1].0 + usize::from(!same),
                row[at - 1].1 + usize::from(same),
            );
            let surplus = (row[at].0 + 1, row[at].1);
            let missing = (next[at - 1].0 + 1, next[at - 1].1);
            next.push(better(better(beside, surplus), missing));
        }
        row = next;
    }
    let best = row.into_iter().reduce(better).unwrap_or_default();
    Compared {
        correct: best.1,
        typed: typed.len(),
    }
}

/// One change of what stands in the field, as the browser saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypingEvent {
    /// Milliseconds since the start.
    pub at_ms: u32,
    /// Characters that came.
    pub added: u16,
    /// Characters that went.
    #[serde(default)]
    pub removed: u16,
    /// It was pasted, dropped or filled in.
    #[serde(default)]
    pub pasted: bool,
}

/// What a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Characters that one event may add.
    pub at_once: usize,
    /// Characters a minute.
    pub cpm: usize,
}

/// What was typed so far, and when.
#[derive(Debug, Clone, Copy)]
pub struct SoFar<'a> {
    /// What stands there.
    pub typed: &'a str,
    /// Characters that came in all.
    pub inserted: usize,
    /// When the test began.
    pub started_at: DateTime<Utc>,
    /// When the last of it came.
    pub last_at: DateTime<Utc>,
}

kernel::refusals! {
    /// Why what comes is not taken.
    Refusal {
        /// It was pasted.
        Pasted = "typing_pasted", "takes only what is typed; nothing was taken", "go on from what stands there";
        /// One event added too much.
        AtOnce(most: usize) = "typing_too_much_at_once", format!("takes at most {most} characters at once"), "go on from what stands there";
        /// More came than a person can type.
        TooFast = "typing_too_fast", "got more characters than a person can type in the time", "go on from what stands there";
        /// The events do not make the text.
        NotItsEvents = "typing_events_differ", "got a text that its events do not make", "go on from what stands there";
    }
}

/// How many characters of `after` are new beside `before`: what stands between their common beginning and end.
pub fn inserted(before: &str, after: &str) -> usize {
    let (before, after): (Vec<char>, Vec<char>) =
        (before.chars().collect(), after.chars().collect());
    let same = |(one, other): &(&char, &char)| one == other;
    let head = before.iter().zip(&after).take_while(same).count();
    let tail = before[head..]
        .iter()
        .rev()
        .zip(after[head..].iter().rev())
        .take_while(same)
        .count();
    after.len() - head - tail
}

/// The characters that came in all after `after`; says no to what nobody can type.
pub fn plausible(
    so_far: &SoFar<'_>,
    after: &str,
    events: &[TypingEvent],
    limits: Limits,
    now: DateTime<Utc>,
) -> Result<usize, Refusal> {
    if events.iter().any(|event| event.pasted) {
        return Err(Refusal::Pasted);
    }
    if events
        .iter()
        .any(|event| usize::from(event.added) > limits.at_once)
    {
        return Err(Refusal::AtOnce(limits.at_once));
    }
    let came = inserted(so_far.typed, after);
    let told: usize = events.iter().map(|event| usize::from(event.added)).sum();
    if came > told {
        return Err(Refusal::NotItsEvents);
    }
    // A text that was taken back and typed anew counts twice: that is how it was typed.
    let in_all = so_far.inserted + told;
    let can = |span: TimeDelta| {
        let milliseconds = usize::try_from(span.num_milliseconds()).unwrap_or_default();
        limits.cpm * milliseconds / 60_000 + limits.at_once
    };
    if told > can(now - so_far.last_at) || in_all > can(now - so_far.started_at) {
        return Err(Refusal::TooFast);
    }
    Ok(in_all)
}
