//! Tones: to make them and to find them again in what was heard. For tests and the test caller.

use std::f64::consts::TAU;

use super::codec::RATE;

/// `samples` linear samples (8 kHz) of a sine of `hz` with the peak `amplitude` (of 32767).
pub fn sine(hz: f64, amplitude: f64, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| (amplitude * (TAU * hz * n as f64 / RATE as f64).sin()) as i16)
        .collect()
}

/// Peak amplitude of the sine of `hz` within the sound (Goertzel's filter).
pub fn amplitude(linear: &[i16], hz: f64) -> f64 {
    if linear.is_empty() {
        return 0.0;
    }
    let omega = TAU * hz / RATE as f64;
    let factor = 2.0 * omega.cos();
    let (mut previous, mut before) = (0.0, 0.0);
    for sample in linear {
        let next = f64::from(*sample) + factor * previous - before;
        before = previous;
        previous = next;
    }
    let power = previous * previous + before * before - factor * previous * before;
    2.0 * power.max(0.0).sqrt() / linear.len() as f64
}

/// Root mean square of the sound.
pub fn rms(linear: &[i16]) -> f64 {
    if linear.is_empty() {
        return 0.0;
    }
    let sum: f64 = linear.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (sum / linear.len() as f64).sqrt()
}

/// How much of the sound's energy is the sine of `hz`: 0 to 1. Silence has a share of 0.
pub fn share(linear: &[i16], hz: f64) -> f64 {
    let total = rms(linear).powi(2);
    if total < 1.0 {
        0.0
    } else {
        (amplitude(linear, hz).powi(2) / 2.0 / total).min(1.0)
    }
}

/// Milliseconds in which the sine of `hz` is heard: 20 ms windows with an amplitude of at least
/// `at_least` of which it makes up half the energy or more.
pub fn heard_ms(linear: &[i16], hz: f64, at_least: f64) -> u64 {
    let windows = linear
        .chunks_exact(RATE / 50)
        .filter(|window| amplitude(window, hz) >= at_least && share(window, hz) >= 0.5)
        .count();
    windows as u64 * 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_told_from_its_neighbours_and_from_silence() {
        let sound = sine(440.0, 8000.0, RATE);
        assert!((amplitude(&sound, 440.0) - 8000.0).abs() < 50.0);
        assert!(share(&sound, 440.0) > 0.99);
        assert!(share(&sound, 1000.0) < 0.01);
        assert!(share(&[0; 800], 440.0) < 0.01);
        assert_eq!(heard_ms(&sound, 440.0, 4000.0), 1000);
        assert_eq!(heard_ms(&sound, 1000.0, 4000.0), 0);
    }
}
