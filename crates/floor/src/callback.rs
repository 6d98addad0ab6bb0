//! Missed calls (待回拨): who was not answered is called back. The floor says which calls were missed and counts those
//! that nobody returned; who returns them, and by when, is telephony's.

use std::collections::BTreeSet;

use acd::WorkId;
use chrono::{DateTime, Utc};

/// Those that are due, as the wallboard counts them. A table full of calls nobody ever returned is
/// counted, and only its oldest are held.
#[derive(Debug, Default)]
pub(crate) struct Due {
    held: BTreeSet<(DateTime<Utc>, WorkId)>,
    /// Of an earlier process, younger than the held ones.
    more: usize,
}

impl Due {
    /// Held at the start; the oldest.
    pub(crate) const MOST: u64 = 5000;

    pub(crate) fn new(oldest: Vec<(DateTime<Utc>, WorkId)>, count: u64) -> Self {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Self {
            more: count.saturating_sub(oldest.len()),
            held: oldest.into_iter().collect(),
        }
    }

    pub(crate) fn add(&mut self, offered_at: DateTime<Utc>, work: WorkId) {
        self.held.insert((offered_at, work));
    }

    pub(crate) fn remove(&mut self, offered_at: DateTime<Utc>, work: WorkId) {
        self.held.remove(&(offered_at, work));
    }

    pub(crate) fn done(&mut self, work: WorkId) {
        let before = self.held.len();
        self.held.retain(|(_, id)| *id != work);
        if self.held.len() == before {
            self.more = self.more.saturating_sub(1);
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.held.len() + self.more
    }

    pub(crate) fn oldest(&self) -> Option<DateTime<Utc>> {
        self.held.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn those_that_are_not_held_are_counted_all_the_same() {
        let at = |second: i64| DateTime::from_timestamp(1_795_000_000 + second, 0).unwrap();
        let id = Uuid::from_u128;
        let mut due = Due::new(vec![(at(1), id(1)), (at(2), id(2))], 5);
        due.add(at(9), id(9));
        assert_eq!((due.count(), due.oldest()), (6, Some(at(1))));
        // One that is not held is returned, then one that is.
        due.done(id(4));
        due.done(id(1));
        assert_eq!((due.count(), due.oldest()), (4, Some(at(2))));
    }
}
