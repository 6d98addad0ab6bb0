//! The file's form: A-law WAV (format tag 6), 8 kHz, 2 channels.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::Serialize;

use super::super::codec::{RATE, alaw_sample};
use super::{Recording, milliseconds};

/// Bytes before the sound.
pub(super) const HEADER: u64 = 58;
/// Written as the size of the sound while the recording runs, as sox does for pipes. ffmpeg, sox and
/// browsers play to the end of the file then; `u32::MAX` makes them warn, and zero makes sox stop at once.
const UNKNOWN: u32 = 0x7fff_f000;
/// A-law, Microsoft's `WAVE_FORMAT_ALAW`.
const ALAW: u16 = 6;

/// The header of a file with this many bytes of sound; of one that still grows if `None`.
pub(super) fn header(data: Option<u64>) -> [u8; HEADER as usize] {
    let size = |bytes: u64| u32::try_from(bytes).unwrap_or(UNKNOWN);
    // A wrong sample count would be believed; none makes players count.
    let fact = data.map_or(0, |data| size(data / 2));
    let data = data.unwrap_or(UNKNOWN.into());
    let (riff, data) = (size(data + HEADER - 8), size(data));
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

/// Puts the sizes of a file right that a killed process left behind. Harmless on a good one.
pub fn repair(path: &Path) -> Result<Recording> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    // Killed between creating the file and writing its header.
    if length >= HEADER {
        check(&file)?;
    }
    let data = length.saturating_sub(HEADER) & !1;
    file.write_all_at(&header(Some(data)), 0)?;
    file.set_len(HEADER + data)?;
    file.sync_data()?;
    Ok(Recording {
        path: path.to_owned(),
        duration_ms: milliseconds(data / 2),
        lost_ms: 0,
        error: None,
    })
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
    let mut file = File::open(path)?;
    check(&file)?;
    let frames = (file.metadata()?.len() - HEADER) / 2;
    let buckets = buckets.clamp(1, 4000);
    let mut peaks = [vec![0_u16; buckets], vec![0; buckets]];
    file.seek(SeekFrom::Start(HEADER))?;
    let mut block = vec![0; 64 * 1024];
    let mut frame = 0;
    let mut rest = file.take(2 * frames);
    loop {
        let read = fill(&mut rest, &mut block)?;
        for pair in block[..read].chunks_exact(2) {
            let bucket = (frame * buckets as u64 / frames) as usize;
            for (peaks, byte) in peaks.iter_mut().zip(pair) {
                peaks[bucket] = peaks[bucket].max(alaw_sample(*byte).unsigned_abs());
            }
            frame += 1;
        }
        if read < block.len() {
            break;
        }
    }
    let lanes = peaks.map(|lane| lane.into_iter().map(|peak| (peak >> 7) as u8).collect());
    Ok(Waveform {
        duration_ms: milliseconds(frames),
        lanes,
    })
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
