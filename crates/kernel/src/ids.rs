//! Identifiers and secrets; like the time, they come from one place.

use rand::RngExt as _;
use uuid::{NoContext, Timestamp, Uuid};

use crate::Clock;

/// Makes identifiers that sort by time and cannot be guessed.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
}

impl Ids {
    /// Ids stamped with the time of `clock`.
    pub fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// The next identifier (UUID version 7, RFC 9562).
    pub fn next(&self) -> Uuid {
        let now = self.clock.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(
            NoContext,
            seconds,
            now.timestamp_subsec_nanos(),
        ))
    }

    /// `bytes` random bytes in hex: tokens, nonces, salts.
    pub fn secret(&self, bytes: usize) -> String {
        let mut rng = rand::rng();
        (0..bytes)
            .map(|_| format!("{:02x}", rng.random::<u8>()))
            .collect()
    }
}
