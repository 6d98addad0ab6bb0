//! A requester waits: the floor is offered the call, he is told his place, and may hang up and keep it.

use call_control::{Input, Place, State};
use chrono::{DateTime, TimeDelta, Utc};
use floor::{MediaKind, Work, WorkId};
use serde_json::json;

use super::{Actor, PATIENCE};
use crate::engine::desk::Notice;
use crate::engine::wish::Kept;

/// What a waiting requester is told.
#[derive(Debug, Clone, Copy, Default)]
struct Announcements {
    /// How often; `None` = never.
    every: Option<TimeDelta>,
    position: bool,
    wait: bool,
    callback_after: Option<TimeDelta>,
}

impl Actor {
    pub(super) fn offer(&mut self) {
        let work = self.work_to_offer(self.work, self.call.times().queued_at);
        self.notice(Notice::Offer(Box::new(work)));
        self.announce_at = self.announcements().every.map(|every| self.now() + every);
        // He came while it was open; perhaps it closed while the greeting played.
        self.look_at_hours();
    }

    /// Tells the requester where he stands, and when he is told again.
    pub(super) async fn announce(&mut self) {
        self.announce_at = None;
        let rules = self.announcements();
        if self.call.state() != State::Queued || rules.every.is_none() {
            return;
        }
        self.announce_at = rules.every.map(|every| self.now() + every);
        let asked = self.engine.floor.position(self.work);
        let place = self.engine.app.clock.timeout(PATIENCE, asked).await;
        let Ok(Some(place)) = place else { return };
        let waited = self.now() - self.call.times().queued_at.unwrap_or(self.row.arrived_at);
        let returns = rules.callback_after.is_some_and(|after| waited >= after);
        let returns = returns && self.may_return().await;
        let minutes = place
            .expected_wait_s
            .map(|seconds| seconds.div_ceil(60).max(1));
        let place = Place {
            ahead: rules.position.then_some(place.ahead),
            minutes: minutes.filter(|_| rules.wait),
            callback: returns,
        };
        if place.ahead.is_some() || place.minutes.is_some() || place.callback {
            self.tell(Input::Place(place));
        }
    }

    /// Whether the requester may be offered a call back: a number that nobody may call is not called for having been
    /// shown to us.
    async fn may_return(&self) -> bool {
        if self.row.caller.is_empty() {
            return false;
        }
        let Some(guard) = self.engine.guard.get() else {
            return true;
        };
        let asked = guard.may_return(&self.row.caller);
        let clock = &self.engine.app.clock;
        clock.timeout(PATIENCE, asked).await.unwrap_or(false)
    }

    /// What a waiting requester is told, by the queue's rules.
    fn announcements(&self) -> Announcements {
        let Some(rules) = self.engine.floor.queue_rules(&self.queue()) else {
            return Announcements::default();
        };
        let seconds = |count: u32| TimeDelta::seconds(count.into());
        Announcements {
            every: (rules.announce_every_s > 0).then(|| seconds(rules.announce_every_s)),
            position: rules.announce_position,
            wait: rules.announce_wait,
            callback_after: rules.callback_after_s.map(seconds),
        }
    }

    fn work_to_offer(&self, id: WorkId, since: Option<DateTime<Utc>>) -> Work {
        let caller = self.caller.as_ref();
        let rules = self.engine.floor.queue_rules(&self.queue());
        // Somebody whose matter is open calls again about it.
        let again = caller.is_some_and(|caller| caller.preferred_agent.is_some());
        let priority = rules
            .filter(|_| again)
            .map_or(0, |rules| rules.repeat_priority.min(10) as i32);
        Work {
            id,
            media: MediaKind::Voice,
            queue: self.queue(),
            priority,
            preferred_agent: caller.and_then(|caller| caller.preferred_agent),
            offered_at: since.unwrap_or(self.row.arrived_at),
            subject: json!({
                "caller": self.masked_caller(),
                "name": caller.and_then(|caller| caller.name.as_ref().map(kernel::PersonName::masked)),
            }),
        }
    }

    /// The requester hangs up and keeps his place: from now on it is a work of its own.
    pub(super) fn keep_place(&mut self) {
        let id = self.engine.app.ids.next();
        let work = self.work_to_offer(id, self.call.times().queued_at);
        self.handle.keep(
            id,
            Kept {
                to: self.to_outside(self.row.caller.clone()),
                queue: self.queue(),
                ..Kept::of(&self.row, work.clone())
            },
        );
        self.notice(Notice::KeepPlace(Box::new(work)));
    }
}
