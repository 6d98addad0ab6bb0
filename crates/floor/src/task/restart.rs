//! After a restart: whose device registers again in time gets back the state he had.

use acd::{AgentId, AgentState, Input, Presence, RestoredWrapUp, WorkId};
use chrono::{DateTime, Utc};

use super::Task;
use crate::agent_state::store::{Change, SessionRow};
use crate::journal::Write;
use crate::medium::Work;
use crate::work_item::INTERRUPTED;
use crate::work_item::store::Model as WorkRow;

/// What an agent had before the restart.
pub(crate) struct Former {
    presence: Presence,
    reason: Option<String>,
    wrap_up: Option<RestoredWrapUp>,
}

impl Former {
    fn work(&self) -> Option<WorkId> {
        self.wrap_up.as_ref().map(|wrap_up| wrap_up.work)
    }

    /// This work was not cut off: it goes on elsewhere.
    pub(super) fn goes_on(&mut self, work: WorkId) {
        self.wrap_up.take_if(|wrap_up| wrap_up.work == work);
    }
}

impl Task {
    /// A requester who is to be called back waits on in his place.
    pub(super) fn resume_place(&mut self, mut row: WorkRow, now: DateTime<Utc>) {
        let work = acd::Work {
            id: row.id,
            media: acd::MediaKind::Voice,
            queue: row.queue.clone().unwrap_or_default(),
            priority: row.priority,
            preferred_agent: None,
            offered_at: row.offered_at,
        };
        let handled = self.acd.handle(Input::ResumePlace(work), now);
        if let Some(refusal) = handled.refusal {
            tracing::error!(work = %row.id, %refusal, "a kept place cannot be resumed: a call is owed");
            row.ended_at = Some(now);
            row.outcome = Some(INTERRUPTED.to_owned());
            row.callback_due = true;
            self.callbacks.add(row.offered_at, row.id);
            self.journal.write(now, Write::Work(Box::new(row)));
            return;
        }
        self.works.insert(row.id, row);
        self.apply(handled.outputs, now);
    }

    /// The kept places that still wait, and what they continue.
    pub(crate) fn kept_places(&self) -> Vec<(Work, WorkId)> {
        let mut kept: Vec<&WorkRow> = self.works.values().collect();
        kept.retain(|row| row.ended_at.is_none());
        kept.sort_unstable_by_key(|row| (row.offered_at, row.id));
        let place = |row: &WorkRow| {
            let work = Work {
                id: row.id,
                media: acd::MediaKind::Voice,
                queue: row.queue.clone().unwrap_or_default(),
                priority: row.priority,
                preferred_agent: None,
                offered_at: row.offered_at,
                subject: row.subject.clone(),
            };
            Some((work, row.continues?))
        };
        kept.into_iter().filter_map(place).collect()
    }

    /// Takes note of a session that was open when the process before this one ended. Nobody was on
    /// post while there was no floor: the history says so.
    pub(super) fn remember_session(&mut self, mut session: SessionRow, now: DateTime<Utc>) {
        let agent = session.agent_id;
        let was = AgentState::parse(&session.state).unwrap_or(AgentState::SignedOut);
        let presence = Presence::parse(&session.presence).unwrap_or(Presence::SignedOut);
        if was != AgentState::SignedOut {
            self.write_change(&session, was, AgentState::SignedOut, "restart", now);
        }
        if was == AgentState::Ringing {
            session.work_id = None;
        }
        session.state = AgentState::SignedOut.as_str().to_owned();
        session.changed_at = now;
        let known = self.agents.get_mut(&agent);
        let Some(known) = known.filter(|_| presence != Presence::SignedOut) else {
            let work = session.work_id;
            self.close_session(session, now);
            self.owe(agent, work, now);
            return;
        };
        let former = Former {
            presence,
            reason: session.reason.clone(),
            // A talk the restart cut off is over, and has to be written up.
            wrap_up: session.work_id.map(|work| RestoredWrapUp {
                work,
                queue: session.queue.clone(),
                ends_at: session.wrap_up_ends_at,
                extensions: u32::try_from(session.wrap_up_extensions).unwrap_or_default(),
            }),
        };
        self.journal.write(now, Write::Session(session.clone()));
        known.session = Some(session);
        self.former.insert(agent, former);
    }

    pub(super) fn restore(&mut self, agent: AgentId, now: DateTime<Utc>) {
        if self.restore_until < now {
            return;
        }
        let Some(former) = self.former.remove(&agent) else {
            return;
        };
        let Former {
            presence,
            reason,
            wrap_up,
        } = former;
        let handled = self.acd.handle(
            Input::Restore {
                agent,
                presence,
                reason,
                wrap_up,
            },
            now,
        );
        self.apply(handled.outputs, now);
    }

    /// He will not come back by a device that registers again.
    pub(crate) fn stays_away(&mut self, agent: AgentId) {
        self.drop_former(agent, self.app.clock.now());
    }

    /// What he had no longer counts.
    pub(super) fn drop_former(&mut self, agent: AgentId, now: DateTime<Utc>) {
        let signed_out = self
            .acd
            .agent_view(agent)
            .is_none_or(|view| view.state == AgentState::SignedOut);
        let Some(former) = self.former.remove(&agent) else {
            return;
        };
        if signed_out
            && let Some(session) = self
                .agents
                .get_mut(&agent)
                .and_then(|known| known.session.take())
        {
            self.close_session(session, now);
        }
        self.owe(agent, former.work(), now);
    }

    /// Who is not back by now is signed out.
    pub(super) fn forget_former(&mut self, now: DateTime<Utc>) {
        for (agent, former) in std::mem::take(&mut self.former) {
            if let Some(session) = self
                .agents
                .get_mut(&agent)
                .and_then(|known| known.session.take())
            {
                self.close_session(session, now);
            }
            self.owe(agent, former.work(), now);
        }
    }

    /// The talk or the wrap-up that the restart cut off will not be written up by itself any more.
    fn owe(&mut self, agent: AgentId, work: Option<WorkId>, now: DateTime<Utc>) {
        if let Some(work) = work {
            self.wrap_up_over(work, agent, true, now);
        }
    }

    fn close_session(&mut self, mut session: SessionRow, now: DateTime<Utc>) {
        // He was gone since the restart, not since somebody noticed.
        session.ended_at = Some(session.changed_at);
        session.presence = Presence::SignedOut.as_str().to_owned();
        session.work_id = None;
        session.wrap_up_ends_at = None;
        self.journal.write(now, Write::Session(session));
    }

    fn write_change(
        &self,
        session: &SessionRow,
        from: AgentState,
        to: AgentState,
        reason: &str,
        now: DateTime<Utc>,
    ) {
        let change = Change {
            id: self.app.ids.next(),
            agent_id: session.agent_id,
            session_id: Some(session.id),
            at: now,
            from_state: from.as_str().to_owned(),
            to_state: to.as_str().to_owned(),
            reason: Some(reason.to_owned()),
            work_id: session.work_id,
            by_kind: "system".to_owned(),
            by_id: None,
        };
        self.journal.write(now, Write::Change(change));
    }
}
