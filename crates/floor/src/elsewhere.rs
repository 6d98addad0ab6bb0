//! Work that was taken outside this floor: on the purchaser's own exchange, or on another telephone and told later.
//! Nobody is rung for it here; the agent's time, the wrap-up and the figures are the same.

use std::collections::HashMap;

use acd::{AgentId, WorkId};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use kernel::problem::Result;

use crate::handle::{AgentCard, Floor};
use crate::medium::{MediaKind, Work};
use crate::queue::QueueRules;
use crate::work_item::store::{self as works, Model};
use crate::work_item::{self, parts};

/// A call that is over when the floor hears of it.
#[derive(Debug, Clone)]
pub struct Past {
    /// The call.
    pub id: WorkId,
    /// The queue it counts in; `None` for a call an agent placed.
    pub queue: Option<String>,
    /// Who took it.
    pub agent: Option<AgentId>,
    /// When the requester began to wait.
    pub offered_at: DateTime<Utc>,
    /// When it was answered.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: DateTime<Utc>,
    /// The wait; `None` when nobody knows it: then it was not answered in time either.
    pub wait: Option<TimeDelta>,
    /// What boards may show of the requester, masked.
    pub subject: serde_json::Value,
    /// Nobody answered, and he is to be called back.
    pub callback: bool,
}

impl Past {
    fn row(self, rules: Option<&QueueRules>) -> Model {
        let answered = self.accepted_at.is_some();
        let within = |seconds: u32| {
            self.wait
                .is_some_and(|wait| wait <= TimeDelta::seconds(i64::from(seconds)))
        };
        let short = !answered && rules.is_some_and(|rules| within(rules.short_abandon_s));
        let outcome = match (answered, &self.queue) {
            (true, _) => acd::Outcome::Answered,
            (false, None) => acd::Outcome::Unanswered,
            (false, Some(_)) if short => acd::Outcome::ShortAbandoned,
            (false, Some(_)) => acd::Outcome::Abandoned,
        };
        let queued = self.queue.is_some();
        let mut row = work_item::new(self.id, MediaKind::Voice, self.queue, self.offered_at);
        row.subject = self.subject;
        row.in_time =
            (answered && queued).then(|| rules.is_some_and(|rules| within(rules.service_level_s)));
        row.wait_ms = self.wait.map(|wait| wait.num_milliseconds().max(0));
        row.accepted_at = self.accepted_at;
        row.agent_id = self.agent;
        row.ended_at = Some(self.ended_at);
        row.outcome = Some(outcome.as_str().to_owned());
        row.short = short;
        row.callback_due = self.callback && queued && !answered && !short;
        row
    }
}

impl Floor {
    /// Everybody who can take work.
    pub async fn cards(&self) -> Result<Vec<AgentCard>> {
        self.inner.directory.agents().await
    }

    /// Writes calls that are over, also anew when they are told otherwise, and counts them once they are on disk.
    pub async fn past(&self, tx: &Tx, told: Vec<Past>) -> Result<()> {
        let ids: Vec<WorkId> = told.iter().map(|past| past.id).collect();
        let mut before: HashMap<WorkId, Model> = works::many(&**tx, &ids).await?;
        let mut rows = Vec::with_capacity(told.len());
        for past in told {
            let rules = past
                .queue
                .as_deref()
                .and_then(|queue| self.queue_rules(queue));
            rows.push(past.row(rules.as_ref()));
        }
        works::put_past(&**tx, &rows).await?;
        let changes: Vec<(Option<Model>, Model)> = rows
            .into_iter()
            .map(|row| (before.remove(&row.id), row))
            .collect();
        let floor = self.clone();
        tx.on_commit(move || floor.count_past(changes));
        Ok(())
    }

    /// The agent talks to a requester on a telephone the floor does not ring: the work is his from now on, and
    /// [`Floor::ended`] brings the wrap-up. Said again, also after a restart, it does no harm. With `counted` it is
    /// a call into the queue; else the agent placed it. 404 for nobody's agent, 409 `queue_unknown`,
    /// `no_longer_offered`.
    pub async fn taken_elsewhere(&self, work: Work, agent: AgentId, counted: bool) -> Result<()> {
        self.know(agent).await?;
        let conn = self.inner.app.db.read();
        let known = match works::get(conn, work.id).await? {
            Some(row) => Some((row, parts::of(conn, work.id).await?)),
            None => None,
        };
        self.run(move |task| task.taken_elsewhere(work, known, agent, counted))
            .await?
    }
}
