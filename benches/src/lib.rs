#![doc = include_str!("../README.md")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

pub mod agents;
pub mod contacts;
pub mod filling;
pub mod line;
pub mod peers;
pub mod server;
pub mod usage;

use std::time::Duration;

/// The value below which `percent` of the sorted times lie (nearest rank).
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(50));
        assert_eq!(percentile(&times, 95), Duration::from_millis(95));
        assert_eq!(percentile(&times[..1], 95), Duration::from_millis(1));
        assert_eq!(percentile(&[], 95), Duration::ZERO);
    }
}
