//! The deadlines that run, one for each key.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::work::{AgentId, WorkId};

/// What a deadline is for. The order decides between deadlines of the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// It rang long enough.
    Ring(WorkId),
    /// Wrap-up is over.
    WrapUp(AgentId),
    /// The agent may be asked again for this work.
    Skip(WorkId, AgentId),
    /// The preferred agent was waited for long enough.
    Reserve(WorkId),
    /// The requester waited long enough.
    MaxWait(WorkId),
}

#[derive(Debug, Default)]
pub(crate) struct Timers {
    at: BTreeMap<Timer, DateTime<Utc>>,
    order: BTreeSet<(DateTime<Utc>, Timer)>,
}

impl Timers {
    pub(crate) fn arm(&mut self, timer: Timer, at: DateTime<Utc>) {
        if let Some(before) = self.at.insert(timer, at) {
            self.order.remove(&(before, timer));
        }
        self.order.insert((at, timer));
    }

    pub(crate) fn disarm(&mut self, timer: Timer) {
        if let Some(at) = self.at.remove(&timer) {
            self.order.remove(&(at, timer));
        }
    }

    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes the first deadline at or before `now`.
    pub(crate) fn pop_due(&mut self, now: DateTime<Utc>) -> Option<Timer> {
        let (at, timer) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.order.pop_first();
        self.at.remove(&timer);
        Some(timer)
    }
}
