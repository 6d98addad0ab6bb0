//! Prompts: what callers hear from the system. Embedded in the binary, replaceable file by file.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use super::codec::{RATE, SILENCE, linear_to_alaw, ulaw_to_alaw};

/// A piece of sound, A-law at 8 kHz. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Prompt(Arc<[u8]>);

impl Prompt {
    /// From A-law bytes.
    pub fn from_alaw(alaw: &[u8]) -> Self {
        Self(alaw.into())
    }

    /// From linear samples at 8 kHz.
    pub fn from_linear(linear: &[i16]) -> Self {
        Self(linear_to_alaw(linear).into())
    }

    /// From a WAV file's bytes: 8 kHz, mono, 16 bit, A-law or µ-law.
    pub fn from_wav(wav: &[u8]) -> Result<Self, WavRefusal> {
        read_wav(wav).map(|alaw| Self(alaw.into()))
    }

    /// As a WAV file: A-law, 8 kHz, mono.
    pub fn to_wav(&self) -> Vec<u8> {
        let size = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let rate = (RATE as u32).to_le_bytes();
        let mut wav = Vec::with_capacity(self.0.len() + 47);
        wav.extend_from_slice(b"RIFF");
        wav.extend_from_slice(&size.saturating_add(38 + size % 2).to_le_bytes());
        wav.extend_from_slice(b"WAVEfmt \x12\0\0\0\x06\0\x01\0");
        // Samples and bytes in a second are the same number.
        wav.extend_from_slice(&rate);
        wav.extend_from_slice(&rate);
        wav.extend_from_slice(b"\x01\0\x08\0\0\0data");
        wav.extend_from_slice(&size.to_le_bytes());
        wav.extend_from_slice(&self.0);
        if size % 2 == 1 {
            wav.push(0);
        }
        wav
    }

    /// Silence.
    pub fn silence(ms: usize) -> Self {
        Self(vec![SILENCE; ms * RATE / 1000].into())
    }

    /// The sound.
    pub fn alaw(&self) -> &[u8] {
        &self.0
    }

    /// Its length.
    pub fn duration_ms(&self) -> u64 {
        self.0.len() as u64 * 1000 / RATE as u64
    }
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prompt({} ms)", self.duration_ms())
    }
}

/// Why a WAV file is no prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WavRefusal {
    /// No RIFF WAVE file, or one that breaks off within its header.
    #[error("no WAV file")]
    NoWav,
    /// Neither 16-bit linear, A-law nor µ-law.
    #[error("neither 16-bit linear, A-law nor µ-law")]
    Encoding,
    /// Not 8 kHz.
    #[error("not 8000 Hz; convert it: sox in.wav -r 8000 -c 1 -e a-law out.wav")]
    Rate,
    /// Not mono.
    #[error("not mono; convert it: sox in.wav -r 8000 -c 1 -e a-law out.wav")]
    Channels,
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../prompts/", $name, ".wav")))),*]
    };
}

/// Names, which are the files' names too, and the sound shipped for each.
const EMBEDDED: &[(&str, &[u8])] = embedded![
    "greeting",
    "queue",
    "busy",
    "after_hours",
    "goodbye",
    "staff_number",
    "at_your_service",
    "ring_back",
    "music",
    "menu",
    "place_before",
    "place_after",
    "wait_about",
    "minutes",
    "call_back",
    "called_back",
    "closing",
    "closing_call_back",
    "leave_message",
    "tone",
    "survey",
    "thanks",
    "incident",
    "holiday",
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

/// All prompts; cheap to clone.
#[derive(Debug, Clone)]
pub struct Prompts {
    loaded: Arc<HashMap<&'static str, Prompt>>,
    /// What the purchaser approved instead.
    approved: Arc<RwLock<HashMap<String, Prompt>>>,
}

impl Prompts {
    /// The embedded prompts, each replaced by `dir`'s file of the same name where there is a good one.
    pub fn load(dir: Option<&Path>) -> Self {
        let by_name = EMBEDDED.iter().map(|(name, embedded)| {
            let own = dir.and_then(|dir| own(&dir.join(format!("{name}.wav"))));
            // The shipped files are checked by a test: silence cannot happen.
            let shipped = || Prompt::from_wav(embedded).unwrap_or_else(|_| Prompt::silence(0));
            (*name, own.unwrap_or_else(shipped))
        });
        Self {
            loaded: Arc::new(by_name.collect()),
            approved: Arc::default(),
        }
    }

    /// The names there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// By name.
    pub fn get(&self, name: &str) -> Option<Prompt> {
        let approved = self.approved.read().unwrap_or_else(PoisonError::into_inner);
        approved
            .get(name)
            .or_else(|| self.loaded.get(name))
            .cloned()
    }

    /// Plays these from now on instead of what was loaded; all that are replaced, by name.
    pub fn replace(&self, approved: HashMap<String, Prompt>) {
        *self
            .approved
            .write()
            .unwrap_or_else(PoisonError::into_inner) = approved;
    }

    /// What is said of a place in the queue.
    pub fn place(&self, ahead: Option<u32>, minutes: Option<u32>, callback: bool) -> Vec<Prompt> {
        let mut said = Vec::new();
        if let Some(ahead) = ahead {
            said.push(self.known("place_before"));
            said.extend(self.digits(&ahead.to_string()));
            said.push(self.known("place_after"));
        }
        if let Some(minutes) = minutes {
            said.push(self.known("wait_about"));
            said.extend(self.digits(&minutes.to_string()));
            said.push(self.known("minutes"));
        }
        if callback {
            said.push(self.known("call_back"));
        }
        said
    }

    /// By name; silence for a name there is not.
    pub fn known(&self, name: &str) -> Prompt {
        self.get(name).unwrap_or_else(|| Prompt::silence(0))
    }

    /// 您好…本次通话将被录音。
    pub fn greeting(&self) -> Prompt {
        self.known("greeting")
    }

    /// 座席正忙，请您稍候…
    pub fn queue(&self) -> Prompt {
        self.known("queue")
    }

    /// 座席全忙，请稍后再拨。
    pub fn busy(&self) -> Prompt {
        self.known("busy")
    }

    /// 现在是非工作时间…
    pub fn after_hours(&self) -> Prompt {
        self.known("after_hours")
    }

    /// 感谢您的来电，再见。
    pub fn goodbye(&self) -> Prompt {
        self.known("goodbye")
    }

    /// Queue and hold music, to be looped.
    pub fn music(&self) -> Prompt {
        self.known("music")
    }

    /// Ring-back tone, 5 s, to be looped.
    pub fn ring_back(&self) -> Prompt {
        self.known("ring_back")
    }

    /// The digits of `text`, read one by one; anything else in it is passed over.
    pub fn digits(&self, text: &str) -> Vec<Prompt> {
        text.chars()
            .filter_map(|digit| self.get(&format!("digit_{digit}")))
            .collect()
    }

    /// 工号 … 号话务员，为您服务。
    pub fn staff_number(&self, number: &str) -> Vec<Prompt> {
        let mut said = vec![self.known("staff_number")];
        said.extend(self.digits(number));
        said.push(self.known("at_your_service"));
        said
    }
}

fn own(path: &Path) -> Option<Prompt> {
    let wav = std::fs::read(path).ok()?;
    match Prompt::from_wav(&wav) {
        Ok(prompt) => Some(prompt),
        Err(refusal) => {
            tracing::warn!(path = %path.display(), %refusal, "Prompt cannot be used, the shipped one is played");
            None
        }
    }
}

fn read_wav(wav: &[u8]) -> Result<Vec<u8>, WavRefusal> {
    let [
        b'R',
        b'I',
        b'F',
        b'F',
        _,
        _,
        _,
        _,
        b'W',
        b'A',
        b'V',
        b'E',
        chunks @ ..,
    ] = wav
    else {
        return Err(WavRefusal::NoWav);
    };
    let mut rest = chunks;
    let mut encoding = None;
    loop {
        let [a, b, c, d, s0, s1, s2, s3, after @ ..] = rest else {
            return Err(WavRefusal::NoWav);
        };
        let size = u32::from_le_bytes([*s0, *s1, *s2, *s3]) as usize;
        let body = &after[..size.min(after.len())];
        match &[*a, *b, *c, *d] {
            b"fmt " => encoding = Some(read_format(body)?),
            b"data" => {
                return match encoding.ok_or(WavRefusal::NoWav)? {
                    Encoding::Alaw => Ok(body.to_vec()),
                    Encoding::Ulaw => {
                        let mut alaw = Vec::with_capacity(body.len());
                        ulaw_to_alaw(body, &mut alaw);
                        Ok(alaw)
                    }
                    Encoding::Linear => {
                        let pairs = body
                            .chunks_exact(2)
                            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
                        Ok(linear_to_alaw(&pairs.collect::<Vec<_>>()))
                    }
                };
            }
            _ => {}
        }
        // Chunks begin at even places.
        rest = after
            .get(size.saturating_add(size % 2)..)
            .unwrap_or_default();
    }
}

enum Encoding {
    Linear,
    Alaw,
    Ulaw,
}

fn read_format(body: &[u8]) -> Result<Encoding, WavRefusal> {
    let [t0, t1, c0, c1, r0, r1, r2, r3, _, _, _, _, _, _, b0, b1, ..] = *body else {
        return Err(WavRefusal::NoWav);
    };
    let bits = u16::from_le_bytes([b0, b1]);
    let encoding = match (u16::from_le_bytes([t0, t1]), bits) {
        (1, 16) => Encoding::Linear,
        (6, 8) => Encoding::Alaw,
        (7, 8) => Encoding::Ulaw,
        _ => return Err(WavRefusal::Encoding),
    };
    if u32::from_le_bytes([r0, r1, r2, r3]) != RATE as u32 {
        return Err(WavRefusal::Rate);
    }
    if u16::from_le_bytes([c0, c1]) != 1 {
        return Err(WavRefusal::Channels);
    }
    Ok(encoding)
}

#[cfg(test)]
mod tests {
    use super::super::codec::alaw_to_linear;
    use super::super::tone;
    use super::*;

    #[test]
    fn every_shipped_prompt_can_be_heard() {
        let mut size = 0;
        for (name, embedded) in EMBEDDED {
            size += embedded.len();
            let prompt = Prompt::from_wav(embedded).unwrap();
            assert!(
                (150..=12_000).contains(&prompt.duration_ms()),
                "{name}: {prompt:?}"
            );
            assert_eq!(Prompt::from_wav(&prompt.to_wav()).unwrap(), prompt);
            assert!(tone::rms(&alaw_to_linear(prompt.alaw())) > 500.0, "{name}");
        }
        assert!(size < 900_000, "{size} bytes of prompts in the binary");
    }

    #[test]
    fn a_staff_number_is_read_digit_by_digit() {
        let prompts = Prompts::load(None);
        let said = prompts.staff_number("8-01");
        let wanted = [
            "staff_number",
            "digit_8",
            "digit_0",
            "digit_1",
            "at_your_service",
        ];
        assert_eq!(said, wanted.map(|name| prompts.get(name).unwrap()));
    }

    #[test]
    fn the_users_files_replace_ours_unless_they_are_broken() {
        let folder = tempfile::tempdir().unwrap();
        let mut wav = wav(1, 1, 8000, 16);
        wav.extend_from_slice(&[0x10, 0x27].repeat(800));
        std::fs::write(folder.path().join("goodbye.wav"), wav).unwrap();
        std::fs::write(folder.path().join("music.wav"), "no music").unwrap();
        let (ours, theirs) = (Prompts::load(None), Prompts::load(Some(folder.path())));
        assert_eq!(theirs.goodbye().duration_ms(), 100);
        assert_eq!(theirs.music(), ours.music());
        assert_eq!(theirs.greeting(), ours.greeting());
    }

    #[test]
    fn files_of_the_wrong_kind_are_refused_with_the_cure() {
        assert_eq!(
            Prompt::from_wav(&wav(1, 1, 44_100, 16)),
            Err(WavRefusal::Rate)
        );
        assert_eq!(
            Prompt::from_wav(&wav(1, 2, 8000, 16)),
            Err(WavRefusal::Channels)
        );
        assert_eq!(
            Prompt::from_wav(&wav(3, 1, 8000, 32)),
            Err(WavRefusal::Encoding)
        );
        assert_eq!(Prompt::from_wav(b"RIFF"), Err(WavRefusal::NoWav));
        let whole = wav(6, 1, 8000, 8);
        for cut in 0..whole.len() {
            assert!(Prompt::from_wav(&whole[..cut]).is_err());
        }
    }

    /// A header whose data chunk claims more than follows, as a recorder leaves it.
    fn wav(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&channels.to_le_bytes());
        bytes.extend_from_slice(&rate.to_le_bytes());
        bytes.extend_from_slice(&[0; 6]);
        bytes.extend_from_slice(&bits.to_le_bytes());
        bytes.extend_from_slice(b"data\xff\xff\xff\xff");
        bytes
    }
}
