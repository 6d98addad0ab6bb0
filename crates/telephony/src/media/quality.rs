//! How a leg was heard: loss and jitter (RFC 3550), the largest gap, and what a listener would have said of it
//! (the E-model, ITU-T G.107).

use std::time::{Duration, Instant};

use super::codec::{Codec, RATE};
use super::session::Side;

/// Loss and jitter are kept for each stretch of this length.
pub const STRETCH: Duration = Duration::from_secs(10);
/// Stretches kept of one leg: three hours. What comes later counts in the totals only.
const STRETCHES: usize = 1080;
/// G.107 with the default value of every parameter.
const R_DEFAULT: f64 = 93.2;
/// One-way delay of the network in ms, which plain RTP does not tell: taken as a national network's.
const NETWORK_MS: f64 = 30.0;
/// One frame, which is sent when it is full.
const FRAME_MS: f64 = 20.0;
/// Robustness of the codec against loss without concealment (G.113 Appendix I, G.711 with random loss).
const LOSS_ROBUSTNESS: f64 = 4.3;

kernel::words! {
    /// What a listener would have said.
    Rating {
        /// 良好: R of 80 and more, "satisfied" (G.107 Annex B).
        Good = "good",
        /// 一般: R of 70 and more, "some users dissatisfied".
        Fair = "fair",
        /// 差
        Poor = "poor",
    }
}

impl Rating {
    /// The word for a mean opinion score.
    pub fn of(mos: f64) -> Self {
        // In hundredths, as it is kept.
        let least = |r| (mos_of(r) * 100.0).round();
        let mos = (mos * 100.0).round();
        if mos >= least(80.0) {
            Self::Good
        } else if mos >= least(70.0) {
            Self::Fair
        } else {
            Self::Poor
        }
    }
}

/// How much a codec alone takes away, `Ie` of G.113 Appendix I: 0 for G.711. G.722 at 64 kbit/s is listed on the
/// wideband scale only (13 of 129), which leaves it above the best that this narrow-band scale knows: 0 as well.
const fn codec_impairment(codec: Codec) -> f64 {
    match codec {
        Codec::Pcma | Codec::Pcmu | Codec::G722 => 0.0,
    }
}

/// The transmission rating R, 0 to 100 (G.107 §7: `R = Ro − Is − Id − Ie,eff + A`, all but loss and delay at their
/// default values).
///
/// `Ie,eff = Ie + (95 − Ie) · Ppl / (Ppl / BurstR + Bpl)` with random loss (`BurstR` 1). `Id` in the approximation of
/// Cole and Rosenbluth (ACM SIGCOMM CCR 31/2, 2001): `0.024 d + 0.11 (d − 177.3)` beyond 177.3 ms.
pub fn rating_factor(codec: Codec, loss: f64, one_way_ms: f64) -> f64 {
    let percent = 100.0 * loss.clamp(0.0, 1.0);
    let codec = codec_impairment(codec);
    let equipment = codec + (95.0 - codec) * percent / (percent + LOSS_ROBUSTNESS);
    let delay = 0.024 * one_way_ms + 0.11 * (one_way_ms - 177.3).max(0.0);
    (R_DEFAULT - delay - equipment).clamp(0.0, 100.0)
}

/// The mean opinion score of a rating, 1 to 4.5 (G.107 Annex B: `1 + 0.035 R + R (R − 60) (100 − R) · 7·10⁻⁶`).
pub fn mos_of(r: f64) -> f64 {
    let r = r.clamp(0.0, 100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

/// Loss and jitter of one stretch of ten seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Packets that came.
    pub received: u32,
    /// Packets missing; one that came late, in the next stretch, counts as come there.
    pub lost: u32,
    /// The largest jitter in it, in microseconds.
    pub jitter_us: u32,
}

/// How one leg was heard, from when it was attached to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Whose leg.
    pub side: Side,
    /// Over WebRTC.
    pub web: bool,
    /// What it sent.
    pub codec: Option<Codec>,
    /// When it was attached.
    pub began: Instant,
    /// How long it was.
    pub lasted: Duration,
    /// Packets that came.
    pub received: u64,
    /// Packets missing by their numbers (RFC 3550 §6.4.1, cumulative number of packets lost).
    pub lost: u64,
    /// Interarrival jitter at the end (RFC 3550 §6.4.1), in microseconds.
    pub jitter_us: u32,
    /// The largest it was.
    pub most_jitter_us: u32,
    /// The longest time between two packets.
    pub largest_gap: Duration,
    /// Each ten seconds of it.
    pub stretches: Vec<Stretch>,
}

impl Heard {
    /// The part of the packets that did not come, 0 to 1.
    pub fn loss(&self) -> f64 {
        let expected = self.received + self.lost;
        if expected == 0 {
            0.0
        } else {
            self.lost as f64 / expected as f64
        }
    }

    /// The mean jitter of its stretches in microseconds.
    pub fn mean_jitter_us(&self) -> u32 {
        let heard = || self.stretches.iter().filter(|one| one.received > 0);
        let many = heard().count() as u64;
        let sum: u64 = heard().map(|one| u64::from(one.jitter_us)).sum();
        sum.checked_div(many).unwrap_or_default() as u32
    }

    /// The mean opinion score; none when nothing was heard. The delay is that of a frame, of a buffer as long as
    /// twice the jitter, and of a network that nobody measures.
    pub fn mos(&self) -> Option<f64> {
        let codec = self.codec.filter(|_| self.received > 0)?;
        let buffer = 2.0 * f64::from(self.mean_jitter_us()) / 1000.0;
        let delay = FRAME_MS + NETWORK_MS + buffer;
        Some(mos_of(rating_factor(codec, self.loss(), delay)))
    }
}

/// Listens to one leg. All of it is counting: nothing is kept but one small entry every ten seconds.
#[derive(Debug)]
pub(super) struct Listener {
    began: Instant,
    /// Arrival and RTP time of the last packet in order.
    last: Option<(Instant, u32)>,
    /// Sixteen times the jitter in microseconds (RFC 3550 A.8).
    scaled: u64,
    most: u32,
    gap: Duration,
    received: u64,
    lost_before: u64,
    ends: Instant,
    open: Stretch,
    closed: Vec<Stretch>,
}

impl Listener {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            last: None,
            scaled: 0,
            most: 0,
            gap: Duration::ZERO,
            received: 0,
            lost_before: 0,
            ends: now + STRETCH,
            open: Stretch::default(),
            closed: Vec::new(),
        }
    }

    /// A packet of sound came; `lost` is how many are missing by now, `restart` that its clock began anew.
    pub(super) fn note(&mut self, now: Instant, timestamp: u32, restart: bool, lost: u64) {
        if now >= self.ends {
            self.close(now, lost);
        }
        self.received += 1;
        self.open.received += 1;
        if let Some((at, before)) = self.last {
            let passed = now.saturating_duration_since(at);
            self.gap = self.gap.max(passed);
            // Units of the clock to microseconds: one is 125.
            let step = i64::from(timestamp.wrapping_sub(before) as i32) * 1_000_000 / RATE as i64;
            // A pause of the speaker is no jitter of the network, and neither is a clock that jumps.
            if !restart && step > 0 && passed < STRETCH {
                let off = (passed.as_micros() as i64 - step).unsigned_abs();
                self.scaled = self.scaled + off - (self.scaled + 8) / 16;
                let jitter = self.jitter_us();
                self.most = self.most.max(jitter);
                self.open.jitter_us = self.open.jitter_us.max(jitter);
            }
        }
        self.last = Some((now, timestamp));
    }

    fn jitter_us(&self) -> u32 {
        u32::try_from(self.scaled / 16).unwrap_or(u32::MAX)
    }

    fn close(&mut self, now: Instant, lost: u64) {
        self.open.lost = lost.saturating_sub(self.lost_before) as u32;
        self.lost_before = self.lost_before.max(lost);
        while self.ends <= now {
            let full = std::mem::take(&mut self.open);
            if self.closed.len() < STRETCHES {
                self.closed.push(full);
            }
            self.ends += STRETCH;
        }
    }

    /// What was heard until now.
    pub(super) fn heard(
        &self,
        side: Side,
        web: bool,
        codec: Option<Codec>,
        now: Instant,
        lost: u64,
    ) -> Heard {
        let mut stretches = self.closed.clone();
        if stretches.len() < STRETCHES {
            let mut open = self.open;
            open.lost = lost.saturating_sub(self.lost_before) as u32;
            stretches.push(open);
        }
        // Silence at the end is a gap too.
        let since = self.last.map_or(self.began, |(at, _)| at);
        let tail = now.saturating_duration_since(since);
        Heard {
            side,
            web,
            codec,
            began: self.began,
            lasted: now.saturating_duration_since(self.began),
            received: self.received,
            lost,
            jitter_us: self.jitter_us(),
            most_jitter_us: self.most,
            largest_gap: self.gap.max(tail),
            stretches,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, wanted: f64) {
        assert!((value - wanted).abs() < 0.007, "{value} is not {wanted}");
    }

    #[test]
    fn ratings_and_scores_are_those_of_the_recommendation() {
        // G.107: all parameters at their default give R 93.2 and MOS 4.41; Annex B gives the others.
        for (r, mos) in [
            (93.2, 4.41),
            (90.0, 4.34),
            (80.0, 4.03),
            (70.0, 3.60),
            (60.0, 3.10),
            (50.0, 2.58),
            (0.0, 1.0),
            (100.0, 4.5),
        ] {
            near(mos_of(r), mos);
        }
        near(rating_factor(Codec::Pcma, 0.0, 0.0), 93.2);
        // 1 %: 95 · 1 / (1 + 4.3) = 17.92; 5 %: 95 · 5 / 9.3 = 51.08.
        near(rating_factor(Codec::Pcmu, 0.01, 0.0), 75.28);
        near(rating_factor(Codec::G722, 0.05, 0.0), 42.12);
        // 100 ms: 2.4; 200 ms: 4.8 + 0.11 · 22.7 = 7.297.
        near(rating_factor(Codec::Pcma, 0.0, 100.0), 90.8);
        near(rating_factor(Codec::Pcma, 0.0, 200.0), 85.903);
        near(rating_factor(Codec::Pcma, 1.0, 400.0), 0.0);
        let words: Vec<&str> = [4.41, 4.03, 4.0, 3.6, 3.59, 1.0]
            .map(|mos| Rating::of(mos).as_str())
            .to_vec();
        assert_eq!(words, ["good", "good", "fair", "fair", "poor", "poor"]);
    }

    #[test]
    fn jitter_is_that_of_the_rfc() {
        let start = crate::media::now();
        let mut listener = Listener::new(start);
        // Packets every 20 ms, each second one 10 ms late: |D| is 10 ms, and J comes near it (A.8).
        let mut wanted = 0_f64;
        for n in 0..500_u32 {
            let late = if n % 2 == 1 { 10 } else { 0 };
            let at = start + Duration::from_millis(u64::from(20 * n + late));
            listener.note(at, n.wrapping_mul(160).wrapping_sub(800), n == 0, 0);
            if n > 0 {
                wanted += (10.0 - wanted) / 16.0;
            }
        }
        let end = start + Duration::from_secs(10);
        let heard = listener.heard(Side::Requester, false, Some(Codec::Pcma), end, 0);
        let jitter = f64::from(heard.jitter_us) / 1000.0;
        assert!((jitter - wanted).abs() < 0.1, "{jitter} is not {wanted}");
        assert!((9.8..=10.1).contains(&jitter), "{jitter}");
        assert_eq!(heard.largest_gap, Duration::from_millis(30));
        assert_eq!(heard.received, 500);
    }

    #[test]
    fn each_ten_seconds_tell_their_own_loss_and_silence_is_a_gap() {
        let start = crate::media::now();
        let mut listener = Listener::new(start);
        let mut lost = 0;
        for n in 0..1500_u32 {
            let at = start + Duration::from_millis(u64::from(20 * n));
            // A tenth is missing in the second stretch.
            if (500..1000).contains(&n) && n % 10 == 5 {
                lost += 1;
                continue;
            }
            listener.note(at, n * 160, n == 0, lost);
        }
        let end = start + Duration::from_secs(45);
        let heard = listener.heard(Side::Agent, true, Some(Codec::Pcma), end, lost);
        let stretches: Vec<_> = heard
            .stretches
            .iter()
            .map(|one| (one.received, one.lost))
            .collect();
        assert_eq!(stretches, [(500, 0), (450, 50), (500, 0)]);
        assert_eq!((heard.received, heard.lost), (1450, 50));
        assert!((heard.loss() - 50.0 / 1500.0).abs() < 1e-9);
        assert_eq!(heard.largest_gap, Duration::from_millis(15_020));
        assert_eq!(Rating::of(heard.mos().unwrap()), Rating::Poor);
        let silent = Listener::new(start).heard(Side::Agent, true, Some(Codec::Pcma), end, 0);
        assert_eq!((silent.mos(), silent.loss()), (None, 0.0));
        assert_eq!(silent.largest_gap, Duration::from_secs(45));
    }
}
