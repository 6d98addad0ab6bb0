//! What a recording tells by itself: silences, who speaks, who speaks over whom, and its outline to be drawn.
//!
//! Pure: the samples of both lanes go in, the requester's left, the agent's right; no words are understood. Speech is
//! where a stretch of 20 ms is louder than -46 dBFS, which is above line noise and comfort noise; a pause shorter than
//! 300 ms is part of speaking.

pub mod http;
pub mod job;
pub mod store;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Samples a second.
pub const RATE: usize = 8_000;
/// Samples of one stretch: 20 ms.
const STRETCH: usize = RATE / 50;
/// Milliseconds of one stretch.
const STRETCH_MS: u64 = 20;
/// Mean square above which a stretch is speech: an amplitude of 164 of 32,768.
const LOUD: u64 = 164 * 164;
/// Stretches between two loud ones that are filled up.
const BREATH: usize = 15;
/// A silence shorter than this is a pause for thought, in milliseconds.
const SILENCE: u64 = 3_000;
/// An overlap shorter than this is a word of assent, in milliseconds.
const OVERLAP: u64 = 400;
/// Marks of each kind that are kept at most, the longest.
const MOST_MARKS: usize = 100;
/// Peaks of a lane at most.
const PEAKS: usize = 1_200;

/// A part of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SoundMark {
    /// Where it begins, in milliseconds.
    pub from_ms: u64,
    /// Where it ends.
    pub until_ms: u64,
}

impl SoundMark {
    fn length(self) -> u64 {
        self.until_ms - self.from_ms
    }
}

/// What a recording tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signals {
    /// Its length in milliseconds.
    pub duration_ms: u64,
    /// When nobody spoke, altogether.
    pub silence_ms: u64,
    /// The longest silence.
    pub longest_silence_ms: u64,
    /// When both spoke, altogether.
    pub overlap_ms: u64,
    /// When the requester spoke.
    pub requester_ms: u64,
    /// When the agent spoke.
    pub agent_ms: u64,
    /// Silences of three seconds and more, in their order.
    pub silences: Vec<SoundMark>,
    /// Where both spoke for 0.4 seconds and more, in their order.
    pub overlaps: Vec<SoundMark>,
    /// Peaks 0–255 of full scale, at most 1,200 of each lane: the requester's, then the agent's.
    pub lanes: [Vec<u8>; 2],
}

/// Listens to a recording, pair of samples by pair.
#[derive(Debug, Default)]
pub struct Meter {
    /// Samples of the running stretch, and what they come to in each lane.
    filled: usize,
    power: [u64; 2],
    peak: [u16; 2],
    loud: [Vec<bool>; 2],
    peaks: [Vec<u16>; 2],
}

impl Meter {
    /// The next sample of the requester's lane and of the agent's.
    pub fn hear(&mut self, requester: i16, agent: i16) {
        for (lane, sample) in [requester, agent].into_iter().enumerate() {
            let size = sample.unsigned_abs();
            self.power[lane] += u64::from(size) * u64::from(size);
            self.peak[lane] = self.peak[lane].max(size);
        }
        self.filled += 1;
        if self.filled == STRETCH {
            self.end_stretch();
        }
    }

    fn end_stretch(&mut self) {
        for lane in 0..2 {
            self.loud[lane].push(self.power[lane] / self.filled as u64 > LOUD);
            self.peaks[lane].push(self.peak[lane]);
        }
        (self.filled, self.power, self.peak) = (0, [0; 2], [0; 2]);
    }

    /// What was heard.
    pub fn finish(mut self) -> Signals {
        let rest_ms = self.filled as u64 * 1_000 / RATE as u64;
        let whole_ms = self.loud[0].len() as u64 * STRETCH_MS;
        if self.filled > 0 {
            self.end_stretch();
        }
        let duration_ms = whole_ms + rest_ms;
        let [requester, agent] = self.loud.map(|lane| with_breath(&lane));
        let both = requester.iter().zip(&agent);
        let quiet: Vec<bool> = both.clone().map(|(one, other)| !one && !other).collect();
        let over: Vec<bool> = both.map(|(one, other)| *one && *other).collect();
        let lasted = |lane: &[bool]| -> u64 {
            let ms = lane.iter().filter(|it_is| **it_is).count() as u64 * STRETCH_MS;
            ms.min(duration_ms)
        };
        let silences = stretches(&quiet, duration_ms);
        let overlaps = stretches(&over, duration_ms);
        Signals {
            duration_ms,
            silence_ms: lasted(&quiet),
            longest_silence_ms: silences.iter().map(|one| one.length()).max().unwrap_or(0),
            overlap_ms: lasted(&over),
            requester_ms: lasted(&requester),
            agent_ms: lasted(&agent),
            silences: longest(silences, SILENCE),
            overlaps: longest(overlaps, OVERLAP),
            lanes: self.peaks.map(|lane| outline(&lane)),
        }
    }
}

/// The loud stretches with the short pauses between them.
fn with_breath(loud: &[bool]) -> Vec<bool> {
    let mut speech = loud.to_vec();
    let mut last = None;
    for (at, is_loud) in loud.iter().enumerate() {
        if !is_loud {
            continue;
        }
        if let Some(last) = last.filter(|last| at - last <= BREATH + 1) {
            speech[last..at].fill(true);
        }
        last = Some(at);
    }
    speech
}

fn stretches(lane: &[bool], duration_ms: u64) -> Vec<SoundMark> {
    let mut found = Vec::new();
    let mut begun = None;
    for (at, it_is) in lane.iter().chain([&false]).enumerate() {
        let ms = at as u64 * STRETCH_MS;
        match (begun, it_is) {
            (None, true) => begun = Some(ms),
            (Some(from_ms), false) => {
                let until_ms = ms.min(duration_ms);
                found.push(SoundMark { from_ms, until_ms });
                begun = None;
            }
            _ => {}
        }
    }
    found
}

fn longest(mut marks: Vec<SoundMark>, least: u64) -> Vec<SoundMark> {
    marks.retain(|mark| mark.length() >= least);
    marks.sort_by_key(|mark| std::cmp::Reverse(mark.length()));
    marks.truncate(MOST_MARKS);
    marks.sort_by_key(|mark| mark.from_ms);
    marks
}

fn outline(peaks: &[u16]) -> Vec<u8> {
    let each = peaks.len().div_ceil(PEAKS).max(1);
    let highest = |part: &[u16]| part.iter().copied().max().unwrap_or(0);
    let small = |peak: u16| u8::try_from(peak >> 7).unwrap_or(u8::MAX);
    peaks
        .chunks(each)
        .map(|part| small(highest(part)))
        .collect()
}
