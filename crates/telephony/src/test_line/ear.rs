//! What was heard, written to a WAV: 16 bit PCM, 8 kHz, mono.

use std::fs::File;
use std::io::{Result, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{LineError, now};
use crate::media::codec::{self, RATE, SILENCE};
use crate::media::rtp::{Arrival, Header};

const HEADER: usize = 44;
/// Sound younger than this may still be completed by a late packet, in samples.
const OPEN: i64 = 400 * RATE as i64 / 1000;
/// A stream whose own time is off ours by more than this is put to our time again, in samples.
const ADRIFT: i64 = 500 * RATE as i64 / 1000;

/// Writes one call. The file's time is the time since the call was answered. Its header is true after
/// every [`Ear::flush`], so that it plays when the process is killed.
pub(super) struct Ear {
    file: File,
    path: PathBuf,
    started: Option<Instant>,
    /// The stream: its timestamp at a position.
    origin: Option<(u32, i64)>,
    /// A-law not yet written, from position `written` on.
    open: Vec<u8>,
    written: i64,
}

impl Ear {
    /// Creates the file.
    pub fn create(path: &Path) -> std::result::Result<Self, LineError> {
        let failed = |error: std::io::Error| LineError::Sound {
            path: path.to_owned(),
            why: error.to_string(),
        };
        let mut file = File::create(path).map_err(failed)?;
        file.write_all(&header(0)).map_err(failed)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            started: None,
            origin: None,
            open: Vec::new(),
            written: 0,
        })
    }

    /// The file's time begins.
    pub fn start(&mut self) {
        self.started.get_or_insert_with(now);
    }

    fn position(&self) -> i64 {
        self.started.map_or(0, |started| {
            now().saturating_duration_since(started).as_micros() as i64 * RATE as i64 / 1_000_000
        })
    }

    /// Takes a packet's sound.
    pub fn hear(&mut self, header: &Header, arrival: Arrival, alaw: &[u8]) {
        if self.started.is_none() || arrival == Arrival::Duplicate {
            return;
        }
        let at = self.position();
        let place = match self.origin.filter(|_| arrival != Arrival::Restart) {
            Some((timestamp, position)) => {
                let place = position + i64::from(header.timestamp.wrapping_sub(timestamp) as i32);
                if (place - at).abs() > ADRIFT {
                    at
                } else {
                    place
                }
            }
            None => at,
        };
        if place == at {
            self.origin = Some((header.timestamp, at));
        }
        let Ok(start) = usize::try_from(place - self.written) else {
            return;
        };
        let end = start + alaw.len();
        if self.open.len() < end {
            self.open.resize(end, SILENCE);
        }
        self.open[start..end].copy_from_slice(alaw);
    }

    /// Writes what is settled and puts the header right.
    pub fn flush(&mut self) -> std::result::Result<(), LineError> {
        self.write_until(self.position() - OPEN)
    }

    /// Writes all of it.
    pub fn finish(&mut self) -> std::result::Result<(), LineError> {
        self.write_until(self.position().max(self.written + self.open.len() as i64))
    }

    fn write_until(&mut self, until: i64) -> std::result::Result<(), LineError> {
        let Ok(count) = usize::try_from(until - self.written) else {
            return Ok(());
        };
        if self.open.len() < count {
            self.open.resize(count, SILENCE);
        }
        let rest = self.open.split_off(count);
        let settled = std::mem::replace(&mut self.open, rest);
        self.written = until;
        self.append(&settled).map_err(|error| LineError::Sound {
            path: self.path.clone(),
            why: error.to_string(),
        })
    }

    fn append(&mut self, alaw: &[u8]) -> Result<()> {
        let bytes: Vec<u8> = alaw
            .iter()
            .flat_map(|byte| codec::alaw_sample(*byte).to_le_bytes())
            .collect();
        self.file.write_all(&bytes)?;
        self.file.write_all_at(&header(self.written as u32 * 2), 0)
    }
}

fn header(data: u32) -> [u8; HEADER] {
    let rate = RATE as u32;
    let mut bytes = [0; HEADER];
    let parts: [&[u8]; 10] = [
        b"RIFF",
        &(data + 36).to_le_bytes(),
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        &[1, 0, 1, 0],
        &rate.to_le_bytes(),
        &(rate * 2).to_le_bytes(),
        &[2, 0, 16, 0],
        b"data",
        &data.to_le_bytes(),
    ];
    let mut at = 0;
    for part in parts {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    bytes
}
