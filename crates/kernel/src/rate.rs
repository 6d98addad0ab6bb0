//! How often somebody may ask: counted in memory, by address or by token.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::problem::{Result, too_many};

/// Askers remembered; when there are more, those who were silent for a whole window are forgotten.
const ASKERS: usize = 10_000;

/// At most so many questions of one asker within a window.
#[derive(Debug)]
pub struct Rate<K> {
    most: usize,
    window: TimeDelta,
    asked: Arc<Mutex<HashMap<K, Vec<DateTime<Utc>>>>>,
}

impl<K> Clone for Rate<K> {
    fn clone(&self) -> Self {
        Self {
            most: self.most,
            window: self.window,
            asked: self.asked.clone(),
        }
    }
}

impl<K: Eq + Hash> Rate<K> {
    /// So many within so long.
    pub fn new(most: usize, window: TimeDelta) -> Self {
        Self {
            most,
            window,
            asked: Arc::default(),
        }
    }

    /// Counts a question of this asker; 429 `too_many_questions` when there were too many.
    pub fn admit(&self, who: K, now: DateTime<Utc>) -> Result<()> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= ASKERS {
            asked.retain(|_, times| times.last().is_some_and(|last| now - *last < self.window));
        }
        let times = asked.entry(who).or_default();
        times.retain(|at| now - *at < self.window);
        if times.len() >= self.most {
            let wait = self.window.num_seconds();
            return Err(too_many(
                "too_many_questions",
                format!("too many at once; wait {wait} seconds"),
            )
            .with("retry_after_s", wait));
        }
        times.push(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_too_often_waits_for_the_window_and_nobody_else_does() {
        let rate = Rate::new(2, TimeDelta::minutes(10));
        let at = |minute: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute);
        assert!(rate.admit("a", at(0)).is_ok() && rate.admit("a", at(1)).is_ok());
        assert_eq!(rate.admit("a", at(2)).unwrap_err().status, 429);
        assert!(rate.admit("b", at(2)).is_ok());
        assert!(rate.admit("a", at(10)).is_ok());
    }
}
