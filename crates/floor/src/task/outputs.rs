//! Does what `acd` says: devices ring, rows are written, events published, screens told.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use acd::{AgentId, AgentState, MediaKind, Outcome, Output, WorkId};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Audience;
use serde_json::{Value, json};

use super::Task;
use crate::agent_state::store::{By, Change, SessionRow};
use crate::day::service_day;
use crate::journal::Write;
use crate::medium::Medium;
use crate::work_item::parts::{OVER, SENT_BACK};
use crate::work_item::store::Model as WorkRow;
use crate::work_item::{INTERRUPTED, counts};

/// So long after its end somebody may still tell that a work was taken.
const GIVEN_UP_FOR: TimeDelta = TimeDelta::minutes(2);

impl Task {
    pub(super) fn apply(&mut self, outputs: Vec<Output>, now: DateTime<Utc>) {
        let mut touched: Vec<AgentId> = Vec::new();
        for output in outputs {
            match &output {
                Output::AgentChanged { agent, .. }
                | Output::AgentWishes { agent, .. }
                | Output::WrapUpExtended { agent, .. }
                // Talking before and after, in another call.
                | Output::HandedOver { to: agent, .. }
                    if !touched.contains(agent) =>
                {
                    touched.push(*agent);
                }
                _ => {}
            }
            self.stale = true;
            self.do_one(output, now);
        }
        for agent in touched {
            self.write_session(agent, now);
            self.tell_agent(agent);
        }
    }

    fn do_one(&mut self, output: Output, now: DateTime<Utc>) {
        match output {
            Output::Queued { work, queue } => {
                self.count(work, |day, _| day.offered += 1);
                let facts = self
                    .works
                    .get(&work)
                    .map(|row| json!({ "subject": row.subject }));
                self.work_event("work.offered", work, Some(&queue), None, now, facts);
                self.write_work(work, now);
            }
            Output::Ring {
                work,
                agent,
                media,
                queue,
                until,
            } => {
                if let Some(row) = self.works.get_mut(&work) {
                    row.rings += 1;
                    row.first_rung_at.get_or_insert(now);
                }
                // A queue that is asked has no row: nobody's call rings.
                if !self.consults.contains(&work) {
                    self.write_work(work, now);
                    let facts = json!({ "until": until });
                    self.work_event(
                        "work.rung",
                        work,
                        Some(&queue),
                        Some(agent),
                        now,
                        Some(facts),
                    );
                }
                self.medium(media, |medium| medium.ring(work, agent));
            }
            Output::StopRinging { work, agent, media } => {
                self.medium(media, |medium| medium.stop_ringing(work, agent));
            }
            Output::Accepted {
                work,
                agent,
                queue,
                wait,
                in_time,
            } => {
                self.accepted(work, agent, queue.as_deref(), wait, in_time, now);
            }
            Output::Ended {
                work,
                media,
                queue,
                outcome,
                agent,
                wait,
            } => {
                self.ended(work, media, queue.as_deref(), outcome, agent, wait, now);
            }
            Output::Passed {
                work,
                from,
                queue,
                to,
            } => self.passed(work, from, &queue, to, now),
            Output::HandedOver {
                work,
                from,
                to,
                queue,
            } => self.handed_over(work, from, to, queue.as_deref(), now),
            Output::WrapUpBegan {
                work,
                agent,
                queue,
                ends_at,
            } => self.wrap_up_began(work, agent, queue.as_deref(), ends_at, now),
            Output::WrapUpExtended {
                work,
                agent,
                extensions,
                ..
            } => self.wrap_up_extended(work, agent, extensions, now),
            Output::WrapUpEnded { work, agent } => self.wrap_up_over(work, agent, false, now),
            Output::WrapUpExpired { work, agent } => self.wrap_up_over(work, agent, true, now),
            Output::AgentChanged {
                agent,
                from,
                to,
                reason,
                work,
                by,
            } => {
                self.agent_changed(agent, from, to, reason, work, by, now);
            }
            Output::Returned { work, agent, .. } => self.end_part(work, agent, SENT_BACK, now),
            Output::AgentWishes { .. } => {}
        }
    }

    fn accepted(
        &mut self,
        work: WorkId,
        agent: AgentId,
        queue: Option<&str>,
        wait: Duration,
        in_time: bool,
        now: DateTime<Utc>,
    ) {
        if self.consults.contains(&work) {
            return;
        }
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let mut first = false;
        if let Some(row) = self.works.get_mut(&work) {
            row.agent_id = Some(agent);
            if row.accepted_at.is_none() {
                first = true;
                row.accepted_at = Some(now);
                row.wait_ms = Some(wait_ms);
                row.in_time = row.queue.is_some().then_some(in_time);
            }
        }
        if first {
            self.count(work, |day, row| {
                day.answered += 1;
                day.in_time += u64::from(row.in_time == Some(true));
            });
        }
        self.write_work(work, now);
        let part = self.begin_part(work, agent, now);
        let facts = json!({ "wait_ms": wait_ms, "in_time": in_time, "part": part });
        self.work_event("work.accepted", work, queue, Some(agent), now, Some(facts));
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one output")]
    fn ended(
        &mut self,
        work: WorkId,
        media: MediaKind,
        queue: Option<&str>,
        outcome: Outcome,
        agent: Option<AgentId>,
        wait: Option<Duration>,
        now: DateTime<Utc>,
    ) {
        if self.consults.remove(&work) {
            if outcome == Outcome::NoAgentAnswer {
                self.medium(media, |medium| medium.give_up(work));
            }
            return;
        }
        if outcome == Outcome::Callback {
            // The request is counted as the call-back that waits on for it.
            self.count(work, |day, row| {
                let answered = u64::from(row.accepted_at.is_some());
                day.offered = day.offered.saturating_sub(1);
                day.answered = day.answered.saturating_sub(answered);
                let in_time = u64::from(row.in_time == Some(true));
                day.in_time = day.in_time.saturating_sub(in_time);
            });
        }
        let wait_ms = wait.and_then(|wait| i64::try_from(wait.as_millis()).ok());
        let short = outcome == Outcome::ShortAbandoned;
        let gave_up = matches!(outcome, Outcome::Abandoned | Outcome::ShortAbandoned);
        let missed = matches!(
            outcome,
            Outcome::Abandoned | Outcome::NoAgentAnswer | Outcome::Interrupted
        );
        let talked = outcome == Outcome::Answered
            || (outcome == Outcome::Interrupted && agent.is_some() && wait.is_none());
        if let Some(agent) = agent {
            let ended_as = if outcome == Outcome::Interrupted {
                INTERRUPTED
            } else {
                OVER
            };
            self.end_part(work, agent, ended_as, now);
        }
        let mut passed_by = None;
        if let Some(row) = self.works.get_mut(&work) {
            passed_by = row
                .agent_id
                .filter(|_| row.accepted_at.is_some() && !talked);
            row.ended_at = Some(now);
            row.outcome = Some(outcome.as_str().to_owned());
            row.short = short;
            row.wait_ms = row.wait_ms.or(wait_ms);
            row.agent_id = agent.or(row.agent_id);
            // Cut off while he was called back, nobody knows whether they talked.
            let unsure = outcome == Outcome::Interrupted && row.continues.is_some();
            row.callback_due = missed && counts(row) && (row.accepted_at.is_none() || unsure);
            if row.callback_due {
                self.callbacks.add(row.offered_at, work);
            }
        }
        if outcome != Outcome::Answered {
            self.count(work, |day, row| {
                if row.accepted_at.is_none() {
                    day.abandoned += u64::from(gave_up);
                    day.short += u64::from(short);
                    day.lost += u64::from(!gave_up);
                }
            });
        }
        self.write_work(work, now);
        let never_taken = passed_by.is_none() && outcome != Outcome::Callback;
        let kind = if queue.is_some() && !talked && never_taken {
            "work.abandoned"
        } else {
            "work.ended"
        };
        let facts = json!({ "outcome": outcome.as_str(), "wait_ms": wait_ms });
        self.work_event(kind, work, queue, agent, now, Some(facts));
        if outcome == Outcome::NoAgentAnswer {
            self.medium(media, |medium| medium.give_up(work));
        }
        if media == MediaKind::Voice {
            // Wrap-up follows a talk; its row is kept until then.
            if talked || !self.is_written_up(work) {
                return;
            }
            if let Some(agent) = passed_by {
                // Who passed it on is the last who had it, and his wrap-up is over: its record is owed.
                self.work_event("work.wrap_up_expired", work, queue, Some(agent), now, None);
            }
        } else if let Some(agent) = agent {
            self.chat_took(work, agent, now);
        }
        let parts = self.parts.remove(&work).unwrap_or_default();
        if let Some(row) = self.works.remove(&work)
            && !talked
            && row.queue.is_some()
            && outcome != Outcome::Callback
        {
            self.given_up
                .retain(|_, (row, _)| row.ended_at.is_some_and(|at| now - at < GIVEN_UP_FOR));
            self.given_up.insert(work, (row, parts));
        }
    }

    /// Undoes what the end of a work that was given up counted.
    pub(super) fn take_back(&mut self, row: &WorkRow) {
        self.callbacks.remove(row.offered_at, row.id);
        if row.accepted_at.is_some() || !counts(row) || service_day(row.offered_at) != self.day.day
        {
            return;
        }
        match row.outcome.as_deref() {
            Some("abandoned" | "short_abandoned") => {
                self.day.abandoned -= 1;
                self.day.short -= u64::from(row.short);
            }
            _ => self.day.lost -= 1,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one output")]
    fn agent_changed(
        &mut self,
        agent: AgentId,
        from: AgentState,
        to: AgentState,
        reason: Option<String>,
        work: Option<WorkId>,
        by: acd::By,
        now: DateTime<Utc>,
    ) {
        self.shared
            .states
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(agent, to);
        let by = By::of(by, agent);
        let Some(known) = self.agents.get_mut(&agent) else {
            return;
        };
        if known.session.is_none() && to != AgentState::SignedOut {
            known.session = Some(SessionRow {
                id: self.app.ids.next(),
                agent_id: agent,
                began_at: now,
                ended_at: None,
                state: to.as_str().to_owned(),
                presence: to.as_str().to_owned(),
                reason: reason.clone(),
                work_id: None,
                queue: None,
                wrap_up_ends_at: None,
                wrap_up_extensions: 0,
                changed_at: now,
            });
        }
        let change = Change {
            id: self.app.ids.next(),
            agent_id: agent,
            session_id: known.session.as_ref().map(|session| session.id),
            at: now,
            from_state: from.as_str().to_owned(),
            to_state: to.as_str().to_owned(),
            reason: reason.clone(),
            work_id: work,
            by_kind: by.kind.to_owned(),
            by_id: by.id,
        };
        self.journal.write(now, Write::Change(change));
        if to == AgentState::SignedOut
            && let Some(mut session) = known.session.take()
        {
            session.ended_at = Some(now);
            session.state = to.as_str().to_owned();
            session.presence = to.as_str().to_owned();
            session.reason = reason;
            session.work_id = None;
            session.wrap_up_ends_at = None;
            session.changed_at = now;
            self.journal.write(now, Write::Session(session));
        }
    }

    /// Why wrap-up was extended stands in the agent's history.
    pub(super) fn note_extension(
        &mut self,
        agent: AgentId,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) {
        let state = AgentState::WrapUp.as_str().to_owned();
        let work_id = self.acd.agent_view(agent).and_then(|view| view.work);
        let session = self
            .agents
            .get(&agent)
            .and_then(|known| known.session.as_ref());
        let change = Change {
            id: self.app.ids.next(),
            agent_id: agent,
            session_id: session.map(|session| session.id),
            at: now,
            from_state: state.clone(),
            to_state: state,
            reason,
            work_id,
            by_kind: "agent".to_owned(),
            by_id: Some(agent),
        };
        self.journal.write(now, Write::Change(change));
    }

    /// Writes the agent's session as it stands, so that a restart finds it.
    fn write_session(&mut self, agent: AgentId, now: DateTime<Utc>) {
        let Some(view) = self.acd.agent_view(agent) else {
            return;
        };
        let Some(session) = self
            .agents
            .get_mut(&agent)
            .and_then(|known| known.session.as_mut())
        else {
            return;
        };
        session.state = view.state.as_str().to_owned();
        session.presence = view.presence.as_str().to_owned();
        session.reason = view.reason.map(ToOwned::to_owned);
        // A colleague who is asked leaves nothing to be written up.
        session.work_id = view.work.filter(|work| !self.consults.contains(work));
        session.wrap_up_ends_at = view.wrap_up.map(|wrap_up| wrap_up.ends_at);
        session.wrap_up_extensions = view
            .wrap_up
            .map_or(0, |wrap_up| i32::try_from(wrap_up.extensions).unwrap_or(0));
        session.queue = if let Some(wrap_up) = view.wrap_up {
            wrap_up.queue.clone()
        } else {
            let view = view.work.and_then(|work| self.acd.work_view(work));
            view.and_then(|view| view.queue.map(ToOwned::to_owned))
        };
        session.changed_at = now;
        self.journal.write(now, Write::Session(session.clone()));
    }

    pub(super) fn write_work(&self, work: WorkId, now: DateTime<Utc>) {
        if let Some(row) = self.works.get(&work) {
            self.journal.write(now, Write::Work(Box::new(row.clone())));
        }
    }

    pub(super) fn work_event(
        &self,
        kind: &'static str,
        work: WorkId,
        queue: Option<&str>,
        agent: Option<AgentId>,
        at: DateTime<Utc>,
        facts: Option<Value>,
    ) {
        let media = self.works.get(&work).map_or("voice", |row| {
            if row.media == "chat" { "chat" } else { "voice" }
        });
        let mut payload = json!({ "media": media, "queue": queue, "agent": agent, "at": at });
        if let (Some(Value::Object(facts)), Value::Object(all)) = (facts, &mut payload) {
            all.extend(facts);
        }
        self.journal.write(
            at,
            Write::Event {
                kind,
                subject: work,
                payload,
            },
        );
    }

    /// Counts a call of today.
    pub(super) fn count(
        &mut self,
        work: WorkId,
        count: impl FnOnce(&mut crate::day::Day, &WorkRow),
    ) {
        if let Some(row) = self.works.get(&work)
            && counts(row)
            && service_day(row.offered_at) == self.day.day
        {
            count(&mut self.day, row);
        }
    }

    fn medium(&self, kind: MediaKind, does: impl FnOnce(&Arc<dyn Medium>)) {
        let media = self
            .shared
            .media
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(medium) = media.get(&kind) {
            does(medium);
        } else {
            tracing::error!(media = kind.as_str(), "no medium is attached to the floor");
        }
    }

    pub(super) fn tell_agent(&self, agent: AgentId) {
        let Some(view) = self.agent(agent) else {
            return;
        };
        let view = json!(view);
        self.app
            .live
            .publish(Audience::User(agent), "agent_state", view.clone());
        self.app
            .live
            .publish(Audience::Permission("floor:view"), "agent_state", view);
    }
}
