//! The file's form: A-law WAV (format tag 6), 8 kHz, 2 channels.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::Serialize;

use super::super::codec::{RATE, alaw_sample, linear_to_alaw};
use super::{Recording, milliseconds};

/// Bytes before the sound.
pub(super) const HEADER: u64 = 58;
/// Written as the size of the sound while the recording runs, as sox does for pipes. ffmpeg, sox and
/// browsers play to the end of the file then; `u32::MAX` makes them warn, and zero makes sox stop at once.
const UNKNOWN: u32 = 0x7fff_f000;
/// A-law, Microsoft's `WAVE_FORMAT_ALAW`.
const ALAW: u16 = 6;

/// The header of a file with this many bytes of sound and of marks behind it; of one that still grows if
/// `None`.
pub(super) fn header(data: Option<(u64, u64)>) -> [u8; HEADER as usize] {
    let marks = data.map_or(0, |(_, marks)| marks);
    let data = data.map(|(sound, _)| sound);
    let size = |bytes: u64| u32::try_from(bytes).unwrap_or(UNKNOWN);
    // A wrong sample count would be believed; none makes players count.
    let fact = data.map_or(0, |data| size(data / 2));
    let data = data.unwrap_or(UNKNOWN.into());
    let (riff, data) = (size(data + HEADER - 8 + marks), size(data));
    let mut bytes = [0; HEADER as usize];
    let mut at = 0;
    let mut put = |part: &[u8]| {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    };
    put(b"RIFF");
    put(&riff.to_le_bytes());
    put(b"WAVEfmt ");
    put(&18_u32.to_le_bytes());
    put(&ALAW.to_le_bytes());
    put(&2_u16.to_le_bytes());
    put(&(RATE as u32).to_le_bytes());
    put(&(2 * RATE as u32).to_le_bytes());
    put(&2_u16.to_le_bytes());
    put(&8_u16.to_le_bytes());
    put(&0_u16.to_le_bytes());
    put(b"fact");
    put(&4_u32.to_le_bytes());
    put(&fact.to_le_bytes());
    put(b"data");
    put(&data.to_le_bytes());
    bytes
}

/// Something that happened in the call, at this sample of the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Samples since the beginning, 8,000 a second.
    pub at: u64,
    /// What happened; the word of the call's journal.
    pub what: String,
}

/// The marks as they stand behind the sound: a `cue ` chunk and their names in a `LIST adtl` chunk, which
/// audio editors show.
pub(super) fn marks_chunk(marks: &[Mark]) -> Vec<u8> {
    if marks.is_empty() {
        return Vec::new();
    }
    let word = |number: usize| u32::try_from(number).unwrap_or(UNKNOWN).to_le_bytes();
    let mut cue = word(marks.len()).to_vec();
    let mut names = b"adtl".to_vec();
    for (number, mark) in marks.iter().enumerate() {
        let at = u32::try_from(mark.at).unwrap_or(UNKNOWN).to_le_bytes();
        cue.extend(word(number + 1));
        cue.extend(at);
        cue.extend(b"data");
        cue.extend([0; 8]);
        cue.extend(at);
        names.extend(b"labl");
        names.extend(word(4 + mark.what.len() + 1));
        names.extend(word(number + 1));
        names.extend(mark.what.as_bytes());
        names.push(0);
        if !names.len().is_multiple_of(2) {
            names.push(0);
        }
    }
    let mut chunk = b"cue ".to_vec();
    chunk.extend(word(cue.len()));
    chunk.extend(cue);
    chunk.extend(b"LIST");
    chunk.extend(word(names.len()));
    chunk.extend(names);
    chunk
}

/// How many bytes of the file are sound: what its header says, or all the rest of one that still grows.
fn sound_bytes(file: &File) -> Result<u64> {
    let rest = file.metadata()?.len().saturating_sub(HEADER) & !1;
    let mut size = [0; 4];
    if rest > 0 {
        file.read_exact_at(&mut size, HEADER - 4)?;
    }
    let said = u64::from(u32::from_le_bytes(size));
    Ok(if said < UNKNOWN.into() && said > 0 && said <= rest {
        said & !1
    } else {
        rest
    })
}

/// Puts the sizes of a file right that a killed process left behind. Harmless on a good one.
pub fn repair(path: &Path) -> Result<Recording> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    // Killed between creating the file and writing its header.
    if length >= HEADER {
        check(&file)?;
    }
    let data = sound_bytes(&file)?;
    let marks = length.saturating_sub(HEADER + data);
    if data + marks == 0 || marks % 2 == 1 || header_grows(&file)? {
        file.write_all_at(&header(Some((data, 0))), 0)?;
        file.set_len(HEADER + data)?;
        file.sync_data()?;
    }
    Ok(Recording {
        path: path.to_owned(),
        duration_ms: milliseconds(data / 2),
        lost_ms: 0,
        error: None,
    })
}

/// Whether the header is that of a recording that still runs.
fn header_grows(file: &File) -> Result<bool> {
    let mut size = [0; 4];
    file.read_exact_at(&mut size, HEADER - 4)?;
    Ok(u32::from_le_bytes(size) == UNKNOWN)
}

fn check(file: &File) -> Result<()> {
    let mut found = [0; HEADER as usize];
    file.read_exact_at(&mut found, 0)?;
    let mut wanted = header(None);
    for size in [4..8, 46..50, 54..58] {
        wanted[size.clone()].copy_from_slice(&found[size]);
    }
    if found == wanted {
        Ok(())
    } else {
        Err(Error::new(
            ErrorKind::InvalidData,
            "not one of our recordings",
        ))
    }
}

/// The outline of a recording, to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waveform {
    /// Length in ms.
    pub duration_ms: u64,
    /// Peak of each bucket, 0–255 of full scale: requester, agent.
    pub lanes: [Vec<u8>; 2],
}

/// Reads a recording, finished or not, and gives the peaks of `buckets` equal parts (at most 4,000).
/// Takes the time of reading the file: call it where blocking is allowed.
pub fn waveform(path: &Path, buckets: usize) -> Result<Waveform> {
    let (file, frames) = sound(path)?;
    let buckets = buckets.clamp(1, 4000);
    let mut peaks = [vec![0_u16; buckets], vec![0; buckets]];
    let mut frame = 0;
    each_pair(file, frames, |pair| {
        let bucket = (frame * buckets as u64 / frames) as usize;
        for (peaks, sample) in peaks.iter_mut().zip(pair) {
            peaks[bucket] = peaks[bucket].max(sample.unsigned_abs());
        }
        frame += 1;
    })?;
    let lanes = peaks.map(|lane| lane.into_iter().map(|peak| (peak >> 7) as u8).collect());
    Ok(Waveform {
        duration_ms: milliseconds(frames),
        lanes,
    })
}

/// Reads a recording, finished or not, and tells each pair of its samples: requester, agent, 8,000 pairs a second.
/// Takes the time of reading the file: call it where blocking is allowed.
pub fn hear(path: &Path, mut told: impl FnMut(i16, i16)) -> Result<()> {
    let (file, frames) = sound(path)?;
    each_pair(file, frames, |[requester, agent]| told(requester, agent))
}

/// The file of a recording that is over, from pairs of its samples: requester, agent.
pub fn written(pairs: &[[i16; 2]]) -> Vec<u8> {
    let sound = linear_to_alaw(pairs.as_flattened());
    let mut file = header(Some((sound.len() as u64, 0))).to_vec();
    file.extend(sound);
    file
}

/// The file at its first sample, and how many pairs follow.
fn sound(path: &Path) -> Result<(File, u64)> {
    let mut file = File::open(path)?;
    check(&file)?;
    let frames = sound_bytes(&file)? / 2;
    file.seek(SeekFrom::Start(HEADER))?;
    Ok((file, frames))
}

fn each_pair(file: File, frames: u64, mut told: impl FnMut([i16; 2])) -> Result<()> {
    let mut block = vec![0; 64 * 1024];
    let mut rest = file.take(2 * frames);
    loop {
        let read = fill(&mut rest, &mut block)?;
        for pair in block[..read].chunks_exact(2) {
            told([alaw_sample(pair[0]), alaw_sample(pair[1])]);
        }
        if read < block.len() {
            return Ok(());
        }
    }
}

/// Reads until the block is full or the file ends: a short read must not split a pair.
fn fill(file: &mut impl std::io::Read, block: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match file.read(&mut block[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
