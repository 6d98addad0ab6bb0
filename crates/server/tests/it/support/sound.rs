//! Tones to speak with and ears to judge what was heard.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Samples a second.
const RATE: usize = 8000;

/// Sound as two lanes (or one) of samples between -1 and 1, decoded by ffmpeg.
pub struct Sound {
    pub lanes: Vec<Vec<f32>>,
}

/// A WAV of a sine at `hz`; 48 kHz suits a browser's microphone, 8 kHz a phone.
pub fn tone_wav(folder: &Path, hz: u32, seconds: u32, rate: u32) -> PathBuf {
    let path = folder.join(format!("tone-{hz}-{rate}.wav"));
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        &format!("sine=frequency={hz}:sample_rate={rate}:duration={seconds}"),
        "-af",
        "volume=4",
        "-ac",
        "1",
        &path.display().to_string(),
    ]);
    path
}

/// Raw A-law of a sine, as `SIPp` streams it.
pub fn tone_alaw(folder: &Path, hz: u32, seconds: u32) -> PathBuf {
    let path = folder.join(format!("tone-{hz}.alaw"));
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        &format!("sine=frequency={hz}:sample_rate=8000:duration={seconds}"),
        "-af",
        "volume=4",
        "-f",
        "alaw",
        "-ar",
        "8000",
        "-ac",
        "1",
        &path.display().to_string(),
    ]);
    path
}

fn ffmpeg(arguments: &[&str]) {
    let output = Command::new("ffmpeg")
        .args(["-y", "-loglevel", "error"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "ffmpeg {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

impl Sound {
    /// What ffmpeg can play of a file, at 8 kHz.
    pub fn read(path: &Path, lanes: usize) -> Self {
        let output = Command::new("ffmpeg")
            .args(["-loglevel", "error", "-i"])
            .arg(path)
            .args(["-f", "f32le", "-ar", "8000", "-ac", &lanes.to_string(), "-"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}: {}",
            path.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let samples: Vec<f32> = output
            .stdout
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        let lanes = (0..lanes)
            .map(|lane| samples.iter().skip(lane).step_by(lanes).copied().collect())
            .collect();
        Self { lanes }
    }

    pub fn seconds(&self) -> f64 {
        self.lanes[0].len() as f64 / RATE as f64
    }

    /// Milliseconds of a lane in which `hz` is there, whoever else speaks.
    pub fn ms_of(&self, lane: usize, hz: u32) -> usize {
        let there = |window: &&[f32]| amplitude(window, hz.into()) > 0.045;
        self.lanes[lane]
            .chunks_exact(RATE / 50)
            .filter(there)
            .count()
            * 20
    }

    /// The seconds at which 100 ms begin in which `hz` is there throughout.
    pub fn moments(&self, lane: usize, hz: u32) -> impl Iterator<Item = f64> {
        let there: Vec<bool> = self.lanes[lane]
            .chunks_exact(RATE / 50)
            .map(|window| amplitude(window, hz.into()) > 0.045)
            .collect();
        let starts = there.windows(5).enumerate().collect::<Vec<_>>();
        let starts = starts
            .iter()
            .filter(|(_, five)| five.iter().all(|there| *there));
        let starts: Vec<f64> = starts.map(|(at, _)| *at as f64 / 50.0).collect();
        starts.into_iter()
    }

    /// What is between two seconds.
    pub fn part(&self, from_s: f64, to_s: f64) -> Self {
        let cut = |lane: &Vec<f32>| {
            let to = ((to_s * RATE as f64) as usize).min(lane.len());
            let from = ((from_s.max(0.0) * RATE as f64) as usize).min(to);
            lane[from..to].to_vec()
        };
        Self {
            lanes: self.lanes.iter().map(cut).collect(),
        }
    }

    /// Milliseconds of a lane, from this second on, in which anything is heard.
    pub fn loud_ms(&self, lane: usize, from_s: f64) -> usize {
        let loud = |window: &&[f32]| window.iter().any(|sample| sample.abs() > 0.01);
        let lane = &self.lanes[lane];
        let from = ((from_s.max(0.0) * RATE as f64) as usize).min(lane.len());
        lane[from..].chunks_exact(RATE / 50).filter(loud).count() * 20
    }

    /// The share (0 to 1) of the 100 ms windows between two moments in which `hz` stands out in a lane.
    pub fn heard(&self, lane: usize, hz: f64, from_s: f64, to_s: f64) -> f64 {
        let lane = &self.lanes[lane];
        let from = (from_s * RATE as f64) as usize;
        let to = ((to_s * RATE as f64) as usize).min(lane.len());
        let windows: Vec<bool> = lane[from.min(to)..to]
            .chunks_exact(RATE / 10)
            .map(|window| stands_out(window, hz))
            .collect();
        if windows.is_empty() {
            0.0
        } else {
            windows.iter().filter(|heard| **heard).count() as f64 / windows.len() as f64
        }
    }
}

/// How loud a sine is in a window.
fn amplitude(window: &[f32], hz: f64) -> f64 {
    let (mut cosine, mut sine) = (0.0, 0.0);
    for (at, sample) in window.iter().enumerate() {
        let phase = std::f64::consts::TAU * hz * at as f64 / RATE as f64;
        cosine += f64::from(*sample) * phase.cos();
        sine += f64::from(*sample) * phase.sin();
    }
    2.0 * cosine.hypot(sine) / window.len() as f64
}

/// More than half of the window's energy is at `hz`, and it is no whisper.
fn stands_out(window: &[f32], hz: f64) -> bool {
    let count = window.len() as f64;
    let energy: f64 = window
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum::<f64>()
        / count;
    if energy < 1e-4 {
        return false;
    }
    let (mut cosine, mut sine) = (0.0, 0.0);
    for (at, sample) in window.iter().enumerate() {
        let phase = std::f64::consts::TAU * hz * at as f64 / RATE as f64;
        cosine += f64::from(*sample) * phase.cos();
        sine += f64::from(*sample) * phase.sin();
    }
    let at_hz = 2.0 * (cosine.powi(2) + sine.powi(2)) / (count * count);
    at_hz > energy * 0.5
}
