//! Failed sign-ins by address: who fails too often has to wait, whatever names he tries.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Addresses kept; beyond it the window of the oldest is long over or an attack has many addresses, which
/// the lock of each user answers.
const ADDRESSES: usize = 10_000;

/// The failures of each address within the window, in memory: a restart forgives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Throttle {
    failures: Arc<Mutex<HashMap<IpAddr, VecDeque<DateTime<Utc>>>>>,
}

impl Throttle {
    /// How long the address has to wait; `None` when it may try.
    pub(crate) fn wait(
        &self,
        address: IpAddr,
        now: DateTime<Utc>,
        limit: usize,
        window: TimeDelta,
    ) -> Option<TimeDelta> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let times = failures.get_mut(&address)?;
        times.retain(|at| now - *at < window);
        if times.len() < limit {
            return None;
        }
        times
            .get(times.len() - limit)
            .map(|oldest| *oldest + window - now)
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, address: IpAddr, now: DateTime<Utc>, window: TimeDelta) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES {
            failures.retain(|_, times| times.back().is_some_and(|at| now - *at < window));
        }
        if failures.len() < ADDRESSES || failures.contains_key(&address) {
            failures.entry(address).or_default().push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_until_its_oldest_failure_is_forgotten() {
        let (throttle, window) = (Throttle::default(), TimeDelta::minutes(10));
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let at = |minute| start + TimeDelta::minutes(minute);
        for minute in 0..3 {
            assert_eq!(throttle.wait(address, at(minute), 3, window), None);
            throttle.failed(address, at(minute), window);
        }
        assert_eq!(
            throttle.wait(address, at(3), 3, window),
            Some(TimeDelta::minutes(7))
        );
        assert_eq!(
            throttle.wait("192.0.2.8".parse().unwrap(), at(3), 3, window),
            None
        );
        assert_eq!(throttle.wait(address, at(10), 3, window), None);
    }
}
