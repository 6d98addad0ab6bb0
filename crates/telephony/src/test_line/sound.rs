//! Sound to be played: WAV files in the forms people have at hand, and tones.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use audio_codec::resampler::BoxedResampler;

use super::LineError;
use crate::media::codec::{self, RATE, SILENCE};
use crate::media::tone;

/// Largest file that is read, in bytes: an hour of 48 kHz stereo.
const LARGEST: u64 = 700 * 1024 * 1024;

/// Sound at 8 kHz as A-law, played over and over.
#[derive(Clone)]
pub struct Sound {
    alaw: Arc<[u8]>,
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sound({:?})", self.duration())
    }
}

impl Sound {
    /// Reads a WAV file: 8 or 16 bit PCM, A-law or µ-law, any rate, any number of channels (mixed down).
    pub fn read(path: &Path) -> Result<Self, LineError> {
        let failed = |why: String| LineError::Sound {
            path: path.to_owned(),
            why,
        };
        let size = std::fs::metadata(path)
            .map_err(|error| failed(error.to_string()))?
            .len();
        if size > LARGEST {
            return Err(failed(format!("larger than {LARGEST} bytes")));
        }
        let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        Self::parse(&bytes).map_err(|why| failed(why.to_owned()))
    }

    /// The same of a file in memory.
    pub fn parse(wav: &[u8]) -> Result<Self, &'static str> {
        let wav = Wav::parse(wav)?;
        let mono = wav.mono()?;
        let linear = if wav.rate == RATE {
            mono
        } else {
            resample(&mono, wav.rate)?
        };
        if linear.is_empty() {
            return Err("holds no sound");
        }
        Ok(Self {
            alaw: codec::linear_to_alaw(&linear).into(),
        })
    }

    /// A sine of a whole number of `hz`, without a seam when repeated.
    pub fn tone(hz: u32) -> Self {
        let linear = tone::sine(f64::from(hz), 10_000.0, RATE);
        Self {
            alaw: codec::linear_to_alaw(&linear).into(),
        }
    }

    /// A caller who asks in Chinese about the admission ticket (准考证) of an examination, and waits
    /// for an answer before she asks again.
    pub fn demo_caller() -> Self {
        let sound = Self::parse(include_bytes!("../../assets/demo_caller.wav"));
        sound
            .unwrap_or_else(|_| Self::tone(440))
            .with_pause(Duration::from_secs(4))
    }

    /// The same followed by silence, to be repeated together.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        let mut alaw = self.alaw.to_vec();
        alaw.resize(
            alaw.len() + pause.as_millis() as usize * RATE / 1000,
            SILENCE,
        );
        Self { alaw: alaw.into() }
    }

    /// How long it is.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.alaw.len() as u64 * 1_000_000 / RATE as u64)
    }

    /// Its linear samples at 8 kHz, for a test that listens.
    pub fn linear(&self) -> Vec<i16> {
        codec::alaw_to_linear(&self.alaw)
    }

    /// Fills `frame` with what comes at `position`, from the beginning again after the end.
    pub(super) fn frame(&self, position: usize, frame: &mut [u8]) {
        let start = position % self.alaw.len();
        for (sample, sound) in frame
            .iter_mut()
            .zip(self.alaw[start..].iter().chain(self.alaw.iter().cycle()))
        {
            *sample = *sound;
        }
    }
}

fn resample(linear: &[i16], rate: usize) -> Result<Vec<i16>, &'static str> {
    let mut resampler =
        BoxedResampler::new(rate, RATE).map_err(|_| "has an impossible sample rate")?;
    let mut narrow = vec![0; resampler.max_output_samples(linear.len())];
    let written = resampler
        .resample_into(linear, &mut narrow)
        .map_err(|_| "cannot be narrow")?;
    narrow.truncate(written);
    Ok(narrow)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Pcm8,
    Pcm16,
    Alaw,
    Ulaw,
}

struct Wav<'a> {
    form: Form,
    channels: usize,
    rate: usize,
    data: &'a [u8],
}

impl<'a> Wav<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, &'static str> {
        if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
            return Err("is no WAV file");
        }
        let mut format = None;
        let mut rest = &bytes[12..];
        while let Some((head, body)) = rest.split_at_checked(8) {
            let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            // A file that was not finished says too much of its size: the rest of it is the chunk.
            let chunk = &body[..size.min(body.len())];
            match &head[..4] {
                b"fmt " => format = Some(Self::format(chunk)?),
                b"data" => {
                    let (form, channels, rate) = format.ok_or("has its sound before its format")?;
                    return Ok(Self {
                        form,
                        channels,
                        rate,
                        data: chunk,
                    });
                }
                _ => {}
            }
            rest = body
                .get(size.saturating_add(size % 2)..)
                .unwrap_or_default();
        }
        Err("holds no sound")
    }

    fn format(chunk: &[u8]) -> Result<(Form, usize, usize), &'static str> {
        let short = |at: usize| {
            chunk
                .get(at..at + 2)
                .map(|b| u16::from_le_bytes([b[0], b[1]]))
        };
        let truncated = "has a truncated format";
        let mut tag = short(0).ok_or(truncated)?;
        if tag == 0xfffe {
            // WAVE_FORMAT_EXTENSIBLE: the tag stands at the head of the sub-format.
            tag = short(24).ok_or(truncated)?;
        }
        let channels = usize::from(short(2).ok_or(truncated)?);
        let rate = chunk.get(4..8).ok_or(truncated)?;
        let rate = u32::from_le_bytes([rate[0], rate[1], rate[2], rate[3]]) as usize;
        let form = match (tag, short(14).ok_or(truncated)?) {
            (1, 8) => Form::Pcm8,
            (1, 16) => Form::Pcm16,
            (6, 8) => Form::Alaw,
            (7, 8) => Form::Ulaw,
            _ => return Err("is neither 8 or 16 bit PCM nor A-law nor µ-law"),
        };
        if !(1..=16).contains(&channels) || !(4000..=192_000).contains(&rate) {
            return Err("has an impossible number of channels or sample rate");
        }
        Ok((form, channels, rate))
    }

    fn mono(&self) -> Result<Vec<i16>, &'static str> {
        let linear: Vec<i16> = match self.form {
            Form::Pcm8 => self
                .data
                .iter()
                .map(|byte| (i16::from(*byte) - 128) << 8)
                .collect(),
            Form::Pcm16 => self
                .data
                .chunks_exact(2)
                .map(|b| i16::from_le_bytes([b[0], b[1]]))
                .collect(),
            Form::Alaw => codec::alaw_to_linear(self.data),
            Form::Ulaw => {
                let mut alaw = Vec::with_capacity(self.data.len());
                codec::ulaw_to_alaw(self.data, &mut alaw);
                codec::alaw_to_linear(&alaw)
            }
        };
        if self.channels == 1 {
            return Ok(linear);
        }
        let channels = i32::try_from(self.channels).map_err(|_| "has too many channels")?;
        Ok(linear
            .chunks_exact(self.channels)
            .map(|samples| (samples.iter().map(|s| i32::from(*s)).sum::<i32>() / channels) as i16)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0".to_vec();
        bytes.extend(tag.to_le_bytes());
        bytes.extend(channels.to_le_bytes());
        bytes.extend(rate.to_le_bytes());
        bytes.extend((rate * u32::from(channels) * u32::from(bits) / 8).to_le_bytes());
        bytes.extend((channels * bits / 8).to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes
    }

    fn pcm16(samples: impl IntoIterator<Item = i16>) -> Vec<u8> {
        samples.into_iter().flat_map(i16::to_le_bytes).collect()
    }

    #[test]
    fn every_common_form_is_read_as_the_same_tone() {
        let narrow = tone::sine(700.0, 9000.0, RATE);
        let alaw = codec::linear_to_alaw(&narrow);
        let wide: Vec<i16> = (0..48_000)
            .map(|n| {
                (9000.0 * (std::f64::consts::TAU * 700.0 * f64::from(n) / 48_000.0).sin()) as i16
            })
            .collect();
        let files = [
            wav(1, 1, 8000, 16, &pcm16(narrow.clone())),
            wav(6, 1, 8000, 8, &alaw),
            wav(
                1,
                1,
                8000,
                8,
                &narrow
                    .iter()
                    .map(|s| ((s >> 8) + 128) as u8)
                    .collect::<Vec<_>>(),
            ),
            wav(1, 2, 48_000, 16, &pcm16(wide.iter().flat_map(|s| [*s, *s]))),
        ];
        for file in files {
            let heard = Sound::parse(&file).unwrap().linear();
            assert!((7900..8100).contains(&heard.len()), "{}", heard.len());
            assert!(tone::share(&heard[400..], 700.0) > 0.95);
            assert!((8000.0..9500.0).contains(&tone::amplitude(&heard[400..], 700.0)));
        }
    }

    #[test]
    fn what_is_no_sound_is_refused_in_plain_words() {
        assert_eq!(Sound::parse(b"ID3").unwrap_err(), "is no WAV file");
        assert_eq!(
            Sound::parse(&wav(1, 1, 8000, 16, &[])).unwrap_err(),
            "holds no sound"
        );
        assert!(
            Sound::parse(&wav(85, 1, 8000, 0, &[0; 9]))
                .unwrap_err()
                .contains("neither")
        );
        assert!(
            Sound::parse(&wav(1, 0, 8000, 16, &[0; 9]))
                .unwrap_err()
                .contains("impossible")
        );
        let whole = wav(1, 1, 8000, 16, &pcm16([1, 2, 3]));
        for cut in 0..44 {
            assert!(Sound::parse(&whole[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_repeated_tone_has_no_seam() {
        let sound = Sound::tone(441);
        let mut alaw = vec![0; 3 * RATE];
        for (n, frame) in alaw.chunks_mut(160).enumerate() {
            sound.frame(n * 160 + 37, frame);
        }
        assert!(tone::share(&codec::alaw_to_linear(&alaw), 441.0) > 0.99);
    }

    #[test]
    fn the_demo_caller_speaks() {
        let sound = Sound::demo_caller();
        assert!(sound.duration() > Duration::from_secs(12));
        assert!(tone::rms(&sound.linear()) > 500.0);
    }
}
