//! Who had a work and for how long: the parts a work has when it goes from agent to agent.

use std::collections::{BTreeMap, VecDeque};

use acd::{AgentId, MediaKind, WorkId};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::Task;
use crate::board::Position;
use crate::journal::Write;
use crate::work_item::parts::{HANDED_OVER, PASSED, Part};

/// So many works say how long the next will take.
const REMEMBERED: usize = 20;

/// For how long the last works of a queue took their agent, talk and wrap-up.
#[derive(Debug, Default)]
pub(super) struct Paces(BTreeMap<(String, MediaKind), VecDeque<TimeDelta>>);

impl Paces {
    fn add(&mut self, queue: &str, media: MediaKind, took: TimeDelta) {
        let last = self.0.entry((queue.to_owned(), media)).or_default();
        if last.len() == REMEMBERED {
            last.pop_front();
        }
        last.push_back(took.max(TimeDelta::zero()));
    }

    /// The mean, in milliseconds.
    fn mean_ms(&self, queue: &str, media: MediaKind) -> Option<i64> {
        let last = self.0.get(&(queue.to_owned(), media))?;
        let all: i64 = last.iter().map(TimeDelta::num_milliseconds).sum();
        all.checked_div(i64::try_from(last.len()).ok()?)
    }
}

impl Task {
    /// Where a requester stands.
    pub(crate) fn position(&self, work: WorkId) -> Option<Position> {
        let ahead = self.acd.ahead(work)?;
        let view = self.acd.work_view(work)?;
        let expected_wait_s = view.queue.and_then(|queue| {
            let slots = match view.media {
                MediaKind::Voice => 1,
                MediaKind::Chat => i64::from(self.settings.chat_slots),
            };
            let on_duty = i64::try_from(self.acd.on_duty(queue, view.media)).ok()?;
            let turns = i64::try_from(ahead).ok()?.checked_add(1)?;
            let all = self.paces.mean_ms(queue, view.media)?.checked_mul(turns)?;
            let wait_ms = all.checked_div(on_duty.checked_mul(slots)?)?;
            u32::try_from(wait_ms / 1000).ok()
        });
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        Some(Position {
            ahead,
            expected_wait_s,
        })
    }

    /// This agent has the work last: its record is his to write.
    pub(crate) fn is_last(&self, work: WorkId, agent: AgentId) -> bool {
        self.works
            .get(&work)
            .is_none_or(|row| row.ended_at.is_some() && row.agent_id == Some(agent))
    }

    /// Nobody who had the work still writes it up.
    pub(super) fn is_written_up(&self, work: WorkId) -> bool {
        let parts = self.parts.get(&work);
        parts.is_none_or(|parts| parts.iter().all(|part| part.wrap_up_ended_at.is_some()))
    }

    /// An agent has the work from now on; answers how many had it with him.
    pub(super) fn begin_part(&mut self, work: WorkId, agent: AgentId, now: DateTime<Utc>) -> i32 {
        let queue = self.acd.work_view(work).and_then(|view| view.queue);
        let parts = self.parts.entry(work).or_default();
        let number = i32::try_from(parts.len()).unwrap_or(i32::MAX - 1) + 1;
        let part = Part {
            id: self.app.ids.next(),
            work_id: work,
            number,
            queue: queue.map(ToOwned::to_owned),
            agent_id: agent,
            began_at: now,
            ended_at: None,
            ended_as: None,
            wrap_up_began_at: None,
            wrap_up_ended_at: None,
            wrap_up_extensions: 0,
            wrap_up_expired: false,
        };
        self.journal.write(now, Write::Part(part.clone()));
        parts.push(part);
        number
    }

    /// Changes the last part the agent has of the work, if `which` says so.
    pub(super) fn change_part(
        &mut self,
        work: WorkId,
        agent: AgentId,
        now: DateTime<Utc>,
        which: impl Fn(&Part) -> bool,
        change: impl FnOnce(&mut Part),
    ) -> Option<&Part> {
        let parts = self.parts.get_mut(&work)?;
        let part = parts
            .iter_mut()
            .rfind(|part| part.agent_id == agent && which(part))?;
        change(part);
        self.journal.write(now, Write::Part(part.clone()));
        Some(part)
    }

    pub(super) fn end_part(
        &mut self,
        work: WorkId,
        agent: AgentId,
        ended_as: &str,
        now: DateTime<Utc>,
    ) {
        let open = |part: &Part| part.ended_at.is_none();
        self.change_part(work, agent, now, open, |part| {
            part.ended_at = Some(now);
            part.ended_as = Some(ended_as.to_owned());
        });
    }

    pub(super) fn passed(
        &mut self,
        work: WorkId,
        from: AgentId,
        queue: &str,
        to: Option<AgentId>,
        now: DateTime<Utc>,
    ) {
        self.end_part(work, from, PASSED, now);
        let facts = json!({ "to": to });
        self.work_event(
            "work.passed",
            work,
            Some(queue),
            Some(from),
            now,
            Some(facts),
        );
    }

    pub(super) fn handed_over(
        &mut self,
        work: WorkId,
        from: AgentId,
        to: AgentId,
        queue: Option<&str>,
        now: DateTime<Utc>,
    ) {
        self.end_part(work, from, HANDED_OVER, now);
        self.begin_part(work, to, now);
        if let Some(row) = self.works.get_mut(&work) {
            row.agent_id = Some(to);
        }
        self.write_work(work, now);
        let facts = json!({ "to": to });
        self.work_event(
            "work.handed_over",
            work,
            queue,
            Some(from),
            now,
            Some(facts),
        );
    }

    pub(super) fn wrap_up_began(
        &mut self,
        work: WorkId,
        agent: AgentId,
        queue: Option<&str>,
        ends_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) {
        let last = self.is_last(work, agent);
        // Had he the work twice, this wrap-up is the one for both.
        let owed = |part: &Part| part.wrap_up_began_at.is_some() && part.wrap_up_ended_at.is_none();
        self.change_part(work, agent, now, owed, |part| {
            part.wrap_up_ended_at = Some(now);
        });
        let next = |part: &Part| part.wrap_up_ended_at.is_none();
        self.change_part(work, agent, now, next, |part| {
            part.wrap_up_began_at = Some(now);
        });
        if last && let Some(row) = self.works.get_mut(&work) {
            row.wrap_up_began_at = Some(now);
            row.wrap_up_ended_at = None;
            self.write_work(work, now);
        }
        let kind = if last {
            "work.wrap_up_began"
        } else {
            "work.part_wrap_up_began"
        };
        let facts = Some(json!({ "ends_at": ends_at }));
        self.work_event(kind, work, queue, Some(agent), now, facts);
    }

    pub(super) fn wrap_up_extended(
        &mut self,
        work: WorkId,
        agent: AgentId,
        extensions: u32,
        now: DateTime<Utc>,
    ) {
        let extensions = i32::try_from(extensions).unwrap_or(i32::MAX);
        let open = |part: &Part| part.wrap_up_ended_at.is_none();
        self.change_part(work, agent, now, open, |part| {
            part.wrap_up_extensions = extensions;
        });
        if self.is_last(work, agent)
            && let Some(row) = self.works.get_mut(&work)
        {
            row.wrap_up_extensions = extensions;
            self.write_work(work, now);
        }
    }

    /// Wrap-up is over: the agent ended it, or its time did (`expired`). The record is owed by the agent who had
    /// the work last; what an earlier one did not write is told under another name.
    pub(super) fn wrap_up_over(
        &mut self,
        work: WorkId,
        agent: AgentId,
        expired: bool,
        now: DateTime<Utc>,
    ) {
        let last = self.is_last(work, agent);
        let open = |part: &Part| part.ended_at.is_some() && part.wrap_up_ended_at.is_none();
        let part = self.change_part(work, agent, now, open, |part| {
            part.wrap_up_ended_at = Some(now);
            part.wrap_up_expired = expired;
        });
        if let Some((Some(queue), began_at)) = part.map(|part| (part.queue.clone(), part.began_at))
        {
            self.paces.add(&queue, MediaKind::Voice, now - began_at);
        }
        if last && let Some(row) = self.works.get_mut(&work) {
            row.wrap_up_ended_at = Some(now);
            row.wrap_up_expired = expired;
            self.write_work(work, now);
        }
        let queue = self.works.get(&work).and_then(|row| row.queue.clone());
        let kind = match (last, expired) {
            (true, true) => "work.wrap_up_expired",
            (true, false) => "work.wrap_up_ended",
            (false, true) => "work.part_wrap_up_expired",
            (false, false) => "work.part_wrap_up_ended",
        };
        self.work_event(kind, work, queue.as_deref(), Some(agent), now, None);
        let over = self
            .works
            .get(&work)
            .is_none_or(|row| row.ended_at.is_some());
        if over && self.is_written_up(work) {
            self.works.remove(&work);
            self.parts.remove(&work);
        }
    }

    /// A conversation is over: how long it took says how long the next will.
    pub(super) fn chat_took(&mut self, work: WorkId, agent: AgentId, now: DateTime<Utc>) {
        let part = self.parts.get(&work).and_then(|parts| parts.last());
        if let Some(part) = part.filter(|part| part.agent_id == agent)
            && let Some(queue) = &part.queue
        {
            self.paces.add(queue, MediaKind::Chat, now - part.began_at);
        }
    }
}
