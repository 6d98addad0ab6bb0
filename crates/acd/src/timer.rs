//! The deadlines that run, one for each key.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::queue::Place;
use crate::work::{AgentId, WorkId};

/// What a deadline is for. At the same instant they fire in this order: works come back to their
/// places, first place first, before an agent who gets free chooses, and he chooses before anything
/// is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The agent may be asked again for this work.
    Skip(Place, WorkId, AgentId),
    /// The preferred agent was waited for long enough.
    Reserve(Place, WorkId),
    /// It waited so long that more agents will do.
    Widen(Place, WorkId),
    /// It rang long enough.
    Ring(Place, WorkId),
    /// Wrap-up is over.
    WrapUp(AgentId),
    /// The device of a ready agent was gone long enough.
    DeviceLost(AgentId),
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
