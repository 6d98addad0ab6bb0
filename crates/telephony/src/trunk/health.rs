//! Whether a trunk is up: what its answers and its silence make of it. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::{TrunkFault, TrunkHealth};

/// Questions without an answer, one after the other, until the trunk counts as down: one datagram may get
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
    /// What is wrong with it.
    pub fault: Option<TrunkFault>,
    /// We register there: without that its OPTIONS alone are worth nothing.
    registers: bool,
    options: Way,
    registration: Way,
}

/// How one kind of question fares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Way {
    misses: u32,
    bad: bool,
}

/// A change that people hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It went down.
    WentDown,
    /// It came back.
    CameBack,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Whether it is there. Any answer does: who says 404 is alive; not 408 and 5xx, which proxies say for
    /// somebody behind them who is not.
    Options,
    /// To let us in: only 2xx does.
    Register,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An answer.
    Answer {
        /// The SIP status.
        status: u16,
        /// How long it took.
        latency_ms: u32,
    },
    /// None, and why.
    Nothing(TrunkFault),
}

impl Health {
    /// Nothing is known yet.
    pub fn unknown(registers: bool, now: DateTime<Utc>) -> Self {
        Self {
            state: TrunkHealth::Unknown,
            since: now,
            latency_ms: None,
            status: None,
            fault: None,
            registers,
            options: Way::default(),
            registration: Way::default(),
        }
    }

    /// Takes in an answer or its absence.
    pub fn hear(&mut self, asked: Asked, heard: Heard, now: DateTime<Utc>) -> Option<Turn> {
        let (good, certain, fault) = match (asked, heard) {
            (Asked::Options, Heard::Answer { status, .. }) => {
                (status != 408 && status < 500, false, TrunkFault::Refused)
            }
            // A refusal is no lost datagram.
            (Asked::Register, Heard::Answer { status, .. }) => {
                (status < 300, true, TrunkFault::Refused)
            }
            (_, Heard::Nothing(fault)) => (false, fault.is_certain(), fault),
        };
        if asked == Asked::Options {
            if good && self.options.bad && self.registers {
                // Whoever was away may have forgotten us: up only once it knows us again.
                self.registration.bad = true;
            }
            self.options.take(good, certain);
        } else {
            self.registration.take(good, certain);
        }
        // What is told is what is wrong, not what goes well beside it.
        let told = !good || !self.is_bad();
        if told {
            (self.status, self.latency_ms) = match heard {
                Heard::Answer { status, latency_ms } => (Some(status), Some(latency_ms)),
                Heard::Nothing(_) => (None, None),
            };
            self.fault = (!good).then_some(fault);
        }
        let before = self.state;
        if self.is_bad() {
            self.state = TrunkHealth::Down;
        } else if good && (asked == Asked::Register || !self.registers) {
            self.state = TrunkHealth::Up;
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

    fn is_bad(&self) -> bool {
        self.options.bad || self.registration.bad
    }

    /// It answers no OPTIONS.
    pub fn is_away(&self) -> bool {
        self.options.bad
    }
}

impl Way {
    fn take(&mut self, good: bool, certain: bool) {
        if good {
            *self = Self::default();
        } else {
            self.misses = self.misses.saturating_add(1);
            self.bad |= certain || self.misses >= MISSES;
        }
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
        Heard::Answer {
            status,
            latency_ms: 7,
        }
    }

    const SILENCE: Heard = Heard::Nothing(TrunkFault::Silent);

    fn of_address() -> Health {
        Health::unknown(false, at(0))
    }

    #[test]
    fn one_lost_datagram_is_no_failure_and_two_are() {
        let mut health = of_address();
        let mut hear = |heard, now| health.hear(Asked::Options, heard, at(now));
        assert_eq!(hear(answer(200), 1), None);
        assert_eq!(hear(SILENCE, 2), None);
        assert_eq!(hear(SILENCE, 3), Some(Turn::WentDown));
        assert_eq!(hear(SILENCE, 4), None);
        assert_eq!(hear(answer(404), 5), Some(Turn::CameBack));
        assert_eq!(hear(answer(200), 6), None);
        assert_eq!(
            (health.state, health.since, health.latency_ms, health.fault),
            (TrunkHealth::Up, at(5), Some(7), None)
        );
    }

    #[test]
    fn a_proxy_that_answers_for_a_dead_one_is_no_sign_of_life() {
        let mut health = of_address();
        assert_eq!(health.hear(Asked::Options, answer(503), at(1)), None);
        let second = health.hear(Asked::Options, answer(408), at(2));
        assert_eq!(second, Some(Turn::WentDown));
        assert_eq!(health.fault, Some(TrunkFault::Refused));
    }

    #[test]
    fn a_refused_registration_is_down_at_once_whatever_options_say() {
        let mut health = Health::unknown(true, at(0));
        assert_eq!(
            health.hear(Asked::Register, answer(403), at(1)),
            Some(Turn::WentDown)
        );
        for second in 2..6 {
            assert_eq!(health.hear(Asked::Options, answer(200), at(second)), None);
        }
        assert_eq!(
            (health.status, health.fault),
            (Some(403), Some(TrunkFault::Refused)),
            "what is wrong stays told"
        );
        assert_eq!(
            health.hear(Asked::Register, answer(200), at(6)),
            Some(Turn::CameBack)
        );
        assert_eq!((health.status, health.fault), (Some(200), None));
    }

    #[test]
    fn who_was_away_must_let_us_in_anew_before_it_is_up() {
        let mut health = Health::unknown(true, at(0));
        assert_eq!(health.hear(Asked::Options, answer(200), at(1)), None);
        assert_eq!(health.state, TrunkHealth::Unknown, "not let in yet");
        assert_eq!(health.hear(Asked::Register, answer(200), at(2)), None);
        assert_eq!(health.state, TrunkHealth::Up);
        health.hear(Asked::Options, SILENCE, at(3));
        assert_eq!(
            health.hear(Asked::Options, SILENCE, at(4)),
            Some(Turn::WentDown)
        );
        assert!(health.is_away());
        assert_eq!(health.hear(Asked::Options, answer(200), at(5)), None);
        assert!(!health.is_away());
        assert_eq!(
            health.hear(Asked::Register, answer(200), at(6)),
            Some(Turn::CameBack)
        );
    }

    #[test]
    fn a_certificate_that_is_not_good_is_no_lost_datagram() {
        let mut health = of_address();
        let wrong = Heard::Nothing(TrunkFault::CertificateName);
        assert_eq!(
            health.hear(Asked::Options, wrong, at(1)),
            Some(Turn::WentDown)
        );
        assert_eq!(health.fault, Some(TrunkFault::CertificateName));
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
