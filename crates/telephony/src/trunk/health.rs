//! Whether a trunk is up: what its answers and its silence make of it. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::TrunkHealth;

/// OPTIONS without an answer, one after the other, until the trunk counts as down: one datagram may get
/// lost.
const MISSES: u32 = 2;
/// First wait after a registration that failed, doubled each time.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(5);
/// Longest wait (RFC 5626 §4.5 says 1800 s; a hotline does not wait half an hour).
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(5);

/// What is known of one trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Up or down.
    pub state: TrunkHealth,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How long its last answer took.
    pub latency_ms: Option<u32>,
    /// The last SIP status; `None` when it did not answer.
    pub status: Option<u16>,
    misses: u32,
}

/// A change that people hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It went down.
    WentDown,
    /// It came back.
    CameBack,
}

/// What one asking brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An answer. Any does for OPTIONS: who answers 404 is alive; not 408 and 5xx, which proxies say for
    /// somebody behind them who is not.
    Options {
        /// The SIP status.
        status: u16,
        /// How long it took.
        latency_ms: u32,
    },
    /// The answer to a REGISTER: only 2xx lets calls in.
    Register {
        /// The SIP status.
        status: u16,
        /// How long it took.
        latency_ms: u32,
    },
    /// Nothing at all.
    Silence,
}

impl Health {
    /// Nothing is known yet.
    pub fn unknown(now: DateTime<Utc>) -> Self {
        Self {
            state: TrunkHealth::Unknown,
            since: now,
            latency_ms: None,
            status: None,
            misses: 0,
        }
    }

    /// Takes in an answer or its absence.
    pub fn hear(&mut self, heard: Heard, now: DateTime<Utc>) -> Option<Turn> {
        let (good, certain) = match heard {
            Heard::Options { status, latency_ms } => {
                (self.status, self.latency_ms) = (Some(status), Some(latency_ms));
                (status != 408 && status < 500, false)
            }
            Heard::Register { status, latency_ms } => {
                (self.status, self.latency_ms) = (Some(status), Some(latency_ms));
                // A refusal is no lost datagram.
                (status < 300, true)
            }
            Heard::Silence => {
                (self.status, self.latency_ms) = (None, None);
                (false, false)
            }
        };
        let before = self.state;
        if good {
            self.misses = 0;
            self.state = TrunkHealth::Up;
        } else {
            self.misses = self.misses.saturating_add(1);
            if certain || self.misses >= MISSES {
                self.state = TrunkHealth::Down;
            }
        }
        if self.state == before {
            return None;
        }
        self.since = now;
        match (before, self.state) {
            (_, TrunkHealth::Down) => Some(Turn::WentDown),
            (TrunkHealth::Down, TrunkHealth::Up) => Some(Turn::CameBack),
            _ => None,
        }
    }

    /// Failures one after the other.
    pub fn failures(&self) -> u32 {
        self.misses
    }
}

/// When to register again: a while before it ends, or after a pause that grows with each failure.
/// `jitter` below 1 spreads those who were refused together.
pub fn next_registration(granted_s: Option<u32>, failures: u32, jitter: f64) -> TimeDelta {
    if let Some(granted) = granted_s {
        let granted = i64::from(granted);
        // RFC 3261 leaves it open; nine tenths, and half a minute for the way.
        let early = (granted / 10).max(30).min(granted / 2);
        return TimeDelta::seconds((granted - early).max(1));
    }
    let doubled = FIRST_WAIT * 2i32.pow(failures.saturating_sub(1).min(10));
    let wait = doubled.min(LONGEST_WAIT);
    let less = (wait.num_milliseconds() as f64 * 0.25 * jitter) as i64;
    wait - TimeDelta::milliseconds(less)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    fn answer(status: u16) -> Heard {
        Heard::Options {
            status,
            latency_ms: 7,
        }
    }

    #[test]
    fn one_lost_datagram_is_no_failure_and_two_are() {
        let mut health = Health::unknown(at(0));
        assert_eq!(health.hear(answer(200), at(1)), None);
        assert_eq!(
            (health.state, health.latency_ms),
            (TrunkHealth::Up, Some(7))
        );
        assert_eq!(health.hear(Heard::Silence, at(2)), None);
        assert_eq!(health.state, TrunkHealth::Up);
        assert_eq!(health.hear(Heard::Silence, at(3)), Some(Turn::WentDown));
        assert_eq!((health.state, health.since), (TrunkHealth::Down, at(3)));
        assert_eq!(health.hear(Heard::Silence, at(4)), None);
        assert_eq!(health.hear(answer(404), at(5)), Some(Turn::CameBack));
        assert_eq!(health.hear(answer(200), at(6)), None);
        assert_eq!(health.since, at(5));
    }

    #[test]
    fn a_proxy_that_answers_for_a_dead_one_is_no_sign_of_life() {
        let mut health = Health::unknown(at(0));
        assert_eq!(health.hear(answer(503), at(1)), None);
        assert_eq!(health.hear(answer(408), at(2)), Some(Turn::WentDown));
    }

    #[test]
    fn a_refused_registration_is_down_at_once() {
        let mut health = Health::unknown(at(0));
        let refused = Heard::Register {
            status: 403,
            latency_ms: 7,
        };
        assert_eq!(health.hear(refused, at(1)), Some(Turn::WentDown));
        let good = Heard::Register {
            status: 200,
            latency_ms: 7,
        };
        assert_eq!(health.hear(good, at(2)), Some(Turn::CameBack));
    }

    #[test]
    fn registrations_are_renewed_in_time_and_failures_back_off() {
        let good = |granted| next_registration(Some(granted), 0, 0.0).num_seconds();
        assert_eq!(
            [good(3600), good(300), good(40), good(1)],
            [3240, 270, 20, 1]
        );
        let failed = |failures| next_registration(None, failures, 0.0).num_seconds();
        assert_eq!(
            [failed(1), failed(2), failed(5), failed(99)],
            [5, 10, 80, 300]
        );
        assert!(next_registration(None, 2, 1.0) < next_registration(None, 2, 0.0));
    }
}
