//! Prompts that are tones: what a requester heard of the line is told by the frequency.

use std::path::PathBuf;

use telephony::media::Prompt;

use super::folder;
use super::sound::Sound;

/// Each prompt's own tone, apart from those that people speak.
pub const GREETING: u32 = 400;
pub const INCIDENT: u32 = 500;
pub const MENU: u32 = 600;
pub const QUEUE: u32 = 800;
pub const MUSIC: u32 = 900;
pub const SURVEY: u32 = 1000;
pub const THANKS: u32 = 1100;
pub const HOLIDAY: u32 = 1300;
pub const AFTER_HOURS: u32 = 1400;
pub const LEAVE_MESSAGE: u32 = 1500;
pub const BEEP: u32 = 1600;
pub const CALL_BACK: u32 = 1800;
pub const CALLED_BACK: u32 = 1900;
pub const STAFF_NUMBER: u32 = 2000;
pub const RING_BACK: u32 = 2100;

const ALL: [(&str, u32, u32); 15] = [
    ("greeting", GREETING, 600),
    ("incident", INCIDENT, 600),
    ("menu", MENU, 600),
    ("queue", QUEUE, 600),
    ("music", MUSIC, 1000),
    ("survey", SURVEY, 600),
    ("thanks", THANKS, 600),
    ("holiday", HOLIDAY, 600),
    ("after_hours", AFTER_HOURS, 600),
    ("leave_message", LEAVE_MESSAGE, 600),
    ("tone", BEEP, 400),
    ("call_back", CALL_BACK, 600),
    ("called_back", CALLED_BACK, 600),
    ("staff_number", STAFF_NUMBER, 400),
    ("ring_back", RING_BACK, 600),
];
/// Said in words that nobody listens for here.
const STILL: [&str; 17] = [
    "goodbye",
    "busy",
    "at_your_service",
    "place_before",
    "place_after",
    "wait_about",
    "minutes",
    "digit_0",
    "digit_1",
    "digit_2",
    "digit_3",
    "digit_4",
    "digit_5",
    "digit_6",
    "digit_7",
    "digit_8",
    "digit_9",
];

/// The setting that has the line speak in tones; the prompts stand in a folder of their own.
pub fn tones() -> (&'static str, String) {
    let at = folder();
    for (name, hz, ms) in ALL {
        std::fs::write(at.join(format!("{name}.wav")), tone(hz, ms).to_wav()).unwrap();
    }
    for name in STILL {
        std::fs::write(at.join(format!("{name}.wav")), Prompt::silence(60).to_wav()).unwrap();
    }
    ("rtp.prompts", at.display().to_string())
}

fn tone(hz: u32, ms: u32) -> Prompt {
    let sample = |n: u32| {
        let phase = std::f64::consts::TAU * f64::from(hz) * f64::from(n) / 8000.0;
        (phase.sin() * 9000.0) as i16
    };
    Prompt::from_linear(&(0..ms * 8).map(sample).collect::<Vec<_>>())
}

/// What one telephone heard.
pub struct Ear(Sound);

impl Ear {
    pub fn of(file: &std::path::Path) -> Self {
        Self(Sound::read(file, 1))
    }

    /// Where a telephone kept it.
    pub fn at(file: Option<PathBuf>) -> Self {
        Self::of(&file.expect("the telephone kept what it heard"))
    }

    pub fn ms(&self, hz: u32) -> usize {
        self.0.ms_of(0, hz)
    }

    /// It was heard, for 200 ms at least.
    pub fn heard(&self, hz: u32) -> bool {
        self.ms(hz) >= 200
    }

    /// The second in which it was heard first.
    pub fn first_s(&self, hz: u32) -> f64 {
        let at = self.0.moments(0, hz).next();
        at.unwrap_or_else(|| panic!("{hz} Hz is not heard in {:.1} s", self.0.seconds()))
    }

    /// Each began after the one before it.
    pub fn in_order(&self, tones: &[u32]) {
        let first: Vec<f64> = tones.iter().map(|hz| self.first_s(*hz)).collect();
        assert!(first.is_sorted(), "{tones:?} at {first:?}");
    }

    /// None of them was heard.
    pub fn nothing_of(&self, tones: &[u32]) {
        for hz in tones {
            let ms = self.ms(*hz);
            assert!(ms < 100, "{hz} Hz is heard for {ms} ms");
        }
    }

    /// Of these, those that are heard in the last so many milliseconds that were kept, for half of them at least.
    pub fn now(&self, last_ms: usize, tones: &[u32]) -> Vec<u32> {
        let end = self.0.seconds();
        let part = self.0.part(end - last_ms as f64 / 1000.0, end);
        let there = |hz: &&u32| part.ms_of(0, **hz) * 2 > last_ms;
        tones.iter().filter(there).copied().collect()
    }
}
