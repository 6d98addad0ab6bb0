//! A recording as it leaves the house: with who took it, when and why, for the ear and in the file.
//!
//! Before the talk a tone, the digits of the staff number, the digits of the time (year to minute, Asia/Shanghai) and a
//! tone again are heard on both lanes; the RIFF `LIST`/`INFO` chunk at the end says the same in words, with the
//! SHA-256 of the original. The sound of the talk itself is not touched.

use chrono::{DateTime, Utc};
use kernel::clock::SHANGHAI;

use crate::media::prompts::{Prompt, Prompts};

/// Bytes before the sound in our recordings.
const HEADER: usize = 58;
/// A-law for silence.
const SILENCE: u8 = 0xd5;
/// Samples a second.
const RATE: f64 = 8000.0;

/// Who takes it, when and why.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// Name and sign-in name.
    pub who: String,
    /// 工号, read out.
    pub staff_no: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The call.
    pub call: String,
    /// SHA-256 of the original.
    pub sha256: Option<String>,
}

/// The marked copy of one of our recordings; `None` for a file that is none.
pub(crate) fn marked(original: &[u8], mark: &Mark, prompts: &Prompts) -> Option<Vec<u8>> {
    let behind = original.get(HEADER..)?;
    if !original.starts_with(b"RIFF") || original.get(8..16)? != b"WAVEfmt " {
        return None;
    }
    // A file that was not closed says that it is longer than it is.
    let told = u32::from_le_bytes(original.get(54..58)?.try_into().ok()?) as usize;
    let (sound, marks) = behind.split_at(told.min(behind.len()) & !1);
    let spoken = spoken(mark, prompts);
    let info = info(mark);
    let data = 2 * spoken.len() + sound.len();
    let mut file = Vec::with_capacity(HEADER + data + marks.len() + info.len());
    file.extend_from_slice(&original[..HEADER]);
    file.extend(spoken.iter().flat_map(|sample| [*sample; 2]));
    file.extend_from_slice(sound);
    file.extend_from_slice(&later(marks, spoken.len()));
    file.extend_from_slice(&info);
    let total = file.len() - 8;
    let mut size = |at: usize, value: usize| -> Option<()> {
        let value = u32::try_from(value).ok()?;
        file.get_mut(at..at + 4)?
            .copy_from_slice(&value.to_le_bytes());
        Some(())
    };
    size(4, total)?;
    size(46, data / 2)?;
    size(54, data)?;
    Some(file)
}

/// The chunks behind the sound, with the cues of its marks so many samples later.
fn later(chunks: &[u8], by: usize) -> Vec<u8> {
    let mut moved = chunks.to_vec();
    let mut at = 0;
    while let Some(head) = chunks.get(at..at + 8) {
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        if &head[..4] == b"cue " {
            // Twenty-four bytes each, behind their number: the position stands in them twice.
            let points = (at + 12..at + 8 + size).step_by(24);
            for place in points.flat_map(|point| [point + 4, point + 20]) {
                if let Some(bytes) = moved.get_mut(place..place + 4) {
                    let old = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                    bytes.copy_from_slice(&old.saturating_add(by as u32).to_le_bytes());
                }
            }
        }
        at += 8 + size + size % 2;
    }
    moved
}

fn spoken(mark: &Mark, prompts: &Prompts) -> Vec<u8> {
    let tone = tone();
    let pause = [SILENCE; 2400];
    let when = mark.at.with_timezone(&SHANGHAI).format("%Y%m%d%H%M");
    let mut said = tone.alaw().to_vec();
    let mut say = |digits: &str| {
        said.extend_from_slice(&pause);
        for digit in prompts.digits(digits) {
            said.extend_from_slice(digit.alaw());
        }
    };
    if let Some(number) = &mark.staff_no {
        say(number);
    }
    say(&when.to_string());
    said.extend_from_slice(&pause);
    said.extend_from_slice(tone.alaw());
    said.extend_from_slice(&pause);
    said
}

/// 1,000 Hz for 300 ms.
fn tone() -> Prompt {
    let samples: Vec<i16> = (0..2400)
        .map(|n| {
            let angle = f64::from(n) * 1000.0 / RATE * std::f64::consts::TAU;
            (8000.0 * angle.sin()) as i16
        })
        .collect();
    Prompt::from_linear(&samples)
}

fn info(mark: &Mark) -> Vec<u8> {
    let at = mark.at.with_timezone(&SHANGHAI).to_rfc3339();
    let comment = format!(
        "导出人：{}；工号：{}；时间：{at}；理由：{}；通话：{}；原始 SHA-256：{}",
        mark.who,
        mark.staff_no.as_deref().unwrap_or("-"),
        mark.reason,
        mark.call,
        mark.sha256.as_deref().unwrap_or("-"),
    );
    let mut body = b"INFO".to_vec();
    for (id, text) in [
        (b"ISFT", "Shoujie"),
        (b"ICRD", &at),
        (b"IART", &mark.who),
        (b"ICMT", &comment),
    ] {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        body.extend_from_slice(id);
        body.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        body.extend_from_slice(&bytes);
        // Chunks begin at even places.
        if bytes.len() % 2 == 1 {
            body.push(0);
        }
    }
    let mut list = b"LIST".to_vec();
    list.extend_from_slice(&(body.len() as u32).to_le_bytes());
    list.extend_from_slice(&body);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cues_of_a_recording_stand_where_they_stood_in_the_talk() {
        let word = |n: u32| n.to_le_bytes();
        let mut chunks = [&b"cue "[..], &word(28), &word(1)].concat();
        chunks.extend(
            [
                &word(1)[..],
                &word(800),
                b"data",
                &word(0),
                &word(0),
                &word(800),
            ]
            .concat(),
        );
        chunks.extend_from_slice(b"LIST");
        chunks.extend([&word(4)[..], b"adtl"].concat());
        let moved = later(&chunks, 200);
        assert_eq!(moved.len(), chunks.len());
        assert_eq!(
            (&moved[16..20], &moved[32..36]),
            (&word(1000)[..], &word(1000)[..])
        );
        assert_eq!(moved[36..], chunks[36..]);
        assert_eq!(
            later(&chunks[..10], 5).len(),
            10,
            "what breaks off is left alone"
        );
    }
}
