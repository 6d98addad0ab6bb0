//! Identifiers and secrets; like the time, they come from one place.

use std::sync::{Arc, Mutex, PoisonError};

use rand::RngExt as _;
use uuid::timestamp::context::ContextV7;
use uuid::{Timestamp, Uuid};

use crate::Clock;

/// Makes identifiers that sort by time and cannot be guessed.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    context: Arc<Mutex<ContextV7>>,
}

impl Ids {
    /// Ids stamped with the time of `clock`.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            context: Arc::default(),
        }
    }

    /// The next identifier (UUID version 7, RFC 9562); greater than every one before in this process.
    pub fn next(&self) -> Uuid {
        let now = self.clock.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(
            &*context,
            seconds,
            now.timestamp_subsec_nanos(),
        ))
    }

    /// `bytes` random bytes in hex: tokens, nonces, salts.
    pub fn secret(&self, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        rand::rng().fill(random.as_mut_slice());
        hex::encode(random)
    }
}
