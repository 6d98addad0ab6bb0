//! Stereo recordings (left requester, right agent), A-law WAV, playable at any moment.
//!
//! The media task places each packet by its RTP time into a short window that runs with the clock;
//! what is old enough goes to one writer thread. A slow or full disk costs sound in the file, never
//! in the call.

mod wav;
mod writer;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::codec::{RATE, SILENCE, add_alaw};
use super::leg::Packet;
use super::session::Side;

pub use wav::{Mark, Waveform, hear, repair, waveform, written};
pub(super) use writer::Writer;
use writer::{End, File, Health};

/// How long a packet may come late and still find its place.
const PATIENCE: Duration = Duration::from_millis(200);
/// How often sound goes to the file. With `PATIENCE` it is the most a killed process loses.
const FLUSH: Duration = Duration::from_millis(400);
/// Sound kept in memory while the disk does not take it; beyond that the oldest is given up.
const BACKLOG: u64 = 20 * RATE as u64;

/// Marks of one recording; what happens more often is in the journal.
const MOST_MARKS: usize = 1000;

/// What a recording reports while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecorderEvent {
    /// The file cannot be written (full disk, no folder); the text is the system's. Sent once, the
    /// call goes on and writing is tried again with each flush.
    Failing(String),
    /// Writing works again; what is missing is silence in the file.
    Recovered,
}

/// A finished recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The file.
    pub path: PathBuf,
    /// Length of both lanes.
    pub duration_ms: u64,
    /// Sound that could not be written and is silence in the file.
    pub lost_ms: u64,
    /// The last error of the system, if the file is not complete.
    pub error: Option<String>,
}

/// A recording that runs; owned by the media task.
#[derive(Debug)]
pub(super) struct Recorder {
    writer: Writer,
    file: File,
    started: Instant,
    next_flush: Instant,
    /// Where each side's time stands.
    sides: [Lane; Side::ALL.len()],
    /// Somebody beside the agent spoke in the right lane: what is said at once is added there.
    shared: bool,
    /// Silence is recorded.
    paused: bool,
    marks: Vec<Mark>,
    /// Interleaved stereo from sample `flushed` on.
    window: Vec<u8>,
    /// Samples that left the window.
    flushed: u64,
    /// Samples given up because the disk did not take them.
    lost: u64,
    failing: bool,
}

/// Where one side's RTP time stands on the recording's clock.
#[derive(Debug, Default)]
struct Lane {
    anchor: Option<(u32, i64)>,
}

impl Lane {
    /// The sample at which a packet begins: as its timestamp says, unless that is too far from the
    /// time it came at.
    fn place(&mut self, timestamp: u32, restart: bool, arrived: i64) -> i64 {
        if let Some((anchor, at)) = self.anchor
            && !restart
        {
            let expected = at + i64::from(timestamp.wrapping_sub(anchor) as i32);
            if (arrived - expected).unsigned_abs() <= samples(PATIENCE) {
                // The anchor moves along: the difference of 32-bit times stays small.
                self.anchor = Some((timestamp, expected));
                return expected;
            }
        }
        self.anchor = Some((timestamp, arrived));
        arrived
    }
}

fn samples(time: Duration) -> u64 {
    time.as_micros() as u64 * RATE as u64 / 1_000_000
}

fn milliseconds(samples: u64) -> u64 {
    samples * 1000 / RATE as u64
}

impl Recorder {
    /// Starts a new file. Errors come as events.
    pub(super) fn start(writer: &Writer, path: PathBuf, now: Instant) -> Self {
        Self {
            file: writer.open(path),
            writer: writer.clone(),
            started: now,
            next_flush: now + FLUSH,
            sides: Default::default(),
            shared: false,
            paused: false,
            marks: Vec::new(),
            window: Vec::new(),
            flushed: 0,
            lost: 0,
            failing: false,
        }
    }

    /// Puts a packet's sound, as A-law, in its place.
    pub(super) fn push(&mut self, side: Side, now: Instant, packet: &Packet<'_>, alaw: &[u8]) {
        if self.paused {
            return;
        }
        let arrived = samples(now.saturating_duration_since(self.started)) as i64;
        let lane = side.lane();
        self.shared |= !matches!(side, Side::Requester | Side::Agent);
        let add = self.shared && lane == Side::Agent.lane();
        let at = self.sides[side as usize].place(packet.timestamp, packet.restart, arrived)
            - self.flushed as i64;
        // What comes too late for its place is lost, as it was for the ear.
        let skip = (-at).clamp(0, alaw.len() as i64) as usize;
        let begin = at.max(0) as usize;
        let sound = &alaw[skip..];
        self.reach(begin + sound.len());
        let places = self.window[2 * begin..].as_chunks_mut::<2>().0.iter_mut();
        for (place, byte) in places.zip(sound) {
            place[lane] = if add {
                add_alaw(place[lane], *byte)
            } else {
                *byte
            };
        }
    }

    /// Records silence (`true`), or sound again; both stand as marks in the file.
    pub(super) fn pause(&mut self, on: bool, now: Instant) {
        if std::mem::replace(&mut self.paused, on) != on {
            let what = if on {
                "recording_paused"
            } else {
                "recording_resumed"
            };
            self.mark(what.to_owned(), now);
        }
    }

    /// Notes that something happened now.
    pub(super) fn mark(&mut self, what: String, now: Instant) {
        if self.marks.len() < MOST_MARKS {
            let at = samples(now.saturating_duration_since(self.started));
            self.marks.push(Mark { at, what });
        }
    }

    fn reach(&mut self, samples: usize) {
        if self.window.len() < 2 * samples {
            self.window.resize(2 * samples, SILENCE);
        }
    }

    /// When [`flush`](Self::flush) is due.
    pub(super) fn deadline(&self) -> Instant {
        self.next_flush
    }

    /// Hands what is old enough to the writer.
    pub(super) fn flush(&mut self, now: Instant) -> Option<RecorderEvent> {
        self.next_flush = now + FLUSH;
        let passed = samples(now.saturating_duration_since(self.started));
        self.hand_over(passed.saturating_sub(samples(PATIENCE)));
        match self.file.health() {
            Health::Good if self.failing => {
                self.failing = false;
                Some(RecorderEvent::Recovered)
            }
            Health::Failing(error) if !self.failing => {
                self.failing = true;
                Some(RecorderEvent::Failing(error))
            }
            _ => None,
        }
    }

    fn hand_over(&mut self, until: u64) {
        let Some(due) = until.checked_sub(self.flushed).filter(|due| *due > 0) else {
            return;
        };
        self.reach(due as usize);
        let rest = self.window.split_off(2 * due as usize);
        let chunk = std::mem::replace(&mut self.window, rest);
        match self.writer.write(&self.file, 2 * self.flushed, chunk) {
            Ok(()) => self.flushed = until,
            Err(mut chunk) => {
                let too_much = due.saturating_sub(BACKLOG);
                chunk.drain(..2 * too_much as usize);
                self.flushed += too_much;
                self.lost += too_much;
                chunk.append(&mut self.window);
                self.window = chunk;
            }
        }
    }

    /// Writes the rest and closes the file; the reply comes when that is done. Nothing waits here.
    pub(super) fn finish(mut self, now: Instant, reply: oneshot::Sender<Option<Recording>>) {
        let end = samples(now.saturating_duration_since(self.started));
        self.hand_over(end);
        let end = self.flushed.max(end);
        self.lost += end - self.flushed;
        let end = End {
            length: 2 * end,
            lost_ms: milliseconds(self.lost),
            marks: self.marks,
        };
        self.writer.finish(&self.file, end, reply);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(timestamp: u32, restart: bool) -> Packet<'static> {
        Packet {
            codec: None,
            sequence: 0,
            timestamp,
            ssrc: 1,
            marker: false,
            restart,
            payload: &[],
        }
    }

    fn lane(window: &[u8], lane: usize) -> Vec<u8> {
        window.iter().skip(lane).step_by(2).copied().collect()
    }

    #[test]
    fn packets_stand_where_their_time_says_whatever_the_network_did() {
        let folder = tempfile::tempdir().unwrap();
        let start = crate::media::now();
        let at = |ms| start + Duration::from_millis(ms);
        let writer = Writer::start().unwrap();
        let mut recorder = Recorder::start(&writer, folder.path().join("a.wav"), start);
        // 20 ms frames of 1, 2, 3 …: the third is lost, the fourth and fifth are swapped and late.
        recorder.push(Side::Requester, at(0), &packet(1000, true), &[1; 160]);
        recorder.push(Side::Requester, at(35), &packet(1160, false), &[2; 160]);
        recorder.push(Side::Requester, at(150), &packet(1640, false), &[5; 160]);
        recorder.push(Side::Requester, at(151), &packet(1480, false), &[4; 160]);
        // The agent's lane begins 60 ms in.
        recorder.push(Side::Agent, at(60), &packet(u32::MAX - 10, true), &[9; 160]);
        recorder.push(Side::Agent, at(80), &packet(149, false), &[8; 160]);
        let left: Vec<u8> = lane(&recorder.window, 0)
            .chunks(160)
            .map(|frame| frame[0])
            .collect();
        assert_eq!(left, [1, 2, SILENCE, 4, 5]);
        let right: Vec<u8> = lane(&recorder.window, 1)
            .chunks(160)
            .map(|frame| frame[0])
            .collect();
        assert_eq!(right, [SILENCE, SILENCE, SILENCE, 9, 8]);
        // A clock that jumps without a new stream: the arrival decides.
        recorder.push(Side::Requester, at(200), &packet(900_000, false), &[7; 160]);
        assert_eq!(lane(&recorder.window, 0)[1600], 7);
    }

    #[test]
    fn a_third_is_heard_in_the_agents_lane_and_a_pause_is_silence_and_two_marks() {
        let folder = tempfile::tempdir().unwrap();
        let start = crate::media::now();
        let at = |ms| start + Duration::from_millis(ms);
        let path = folder.path().join("a.wav");
        let writer = Writer::start().unwrap();
        let mut recorder = Recorder::start(&writer, path.clone(), start);
        recorder.push(Side::Agent, at(0), &packet(0, true), &[0xa0; 160]);
        recorder.push(Side::Third, at(0), &packet(7000, true), &[0xa0; 160]);
        let both = lane(&recorder.window, 1)[0];
        assert_eq!(both, add_alaw(0xa0, 0xa0));
        assert!(
            crate::media::codec::alaw_sample(both).abs()
                > crate::media::codec::alaw_sample(0xa0).abs()
        );
        recorder.pause(true, at(20));
        recorder.push(Side::Requester, at(20), &packet(1, true), &[1; 160]);
        recorder.pause(false, at(40));
        recorder.push(Side::Requester, at(40), &packet(321, true), &[3; 160]);
        let (reply, done) = oneshot::channel();
        recorder.finish(at(60), reply);
        done.blocking_recv().unwrap().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let sound = &bytes[wav::HEADER as usize..][..960];
        let left: Vec<u8> = sound.iter().step_by(2).copied().collect();
        assert_eq!((left[0], left[200], left[330]), (SILENCE, SILENCE, 3));
        let text = String::from_utf8_lossy(&bytes[wav::HEADER as usize + 960..]).into_owned();
        assert!(text.starts_with("cue ") && text.contains("recording_paused"));
        assert!(text.contains("recording_resumed"));
        // The sizes fit, and repairing a good file changes nothing.
        let riff = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        assert_eq!(riff + 8, bytes.len());
        assert_eq!(repair(&path).unwrap().duration_ms, 60);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(waveform(&path, 3).unwrap().duration_ms, 60);
    }

    #[test]
    fn sound_from_before_the_recording_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let start = crate::media::now();
        let writer = Writer::start().unwrap();
        let mut recorder = Recorder::start(&writer, folder.path().join("a.wav"), start);
        let later = start + Duration::from_millis(30);
        recorder.push(Side::Agent, start, &packet(1000, true), &[1; 160]);
        recorder.push(Side::Agent, later, &packet(920, false), &[2; 160]);
        recorder.push(Side::Agent, later, &packet(500, false), &[3; 160]);
        let heard = lane(&recorder.window, 1);
        assert_eq!((&heard[..80], &heard[80..]), (&[2; 80][..], &[1; 80][..]));
    }
}
