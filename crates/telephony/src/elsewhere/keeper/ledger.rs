//! What changed about a call on an exchange, written down and told: its record and journal, the agent's screen, the
//! floor.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use floor::{Floor, MediaKind, Past, Work};
use kernel::masked::Phone;
use kernel::problem::Result;
use kernel::{App, Audience};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Telephony;
use crate::calls::journal::{Callers, Journal, Line};
use crate::calls::rows::{blank, call};
use crate::elsewhere::Source;
use crate::elsewhere::book::{counted, subject};
use crate::elsewhere::exchange::row;
use crate::elsewhere::follow::{Change, Held, What};

/// A ring waits no longer for its line on disk: the agent's screen asks for the call at once.
const PATIENCE: Duration = Duration::from_millis(200);
/// Nor does the rest wait longer to learn who calls; the journal asks again.
const LOOK_UP: Duration = Duration::from_secs(1);

/// The open calls of one exchange as they stand in our records.
pub(super) struct Ledger {
    app: App,
    floor: Floor,
    journal: Journal,
    callers: Callers,
    exchange: row::Model,
    queues: HashMap<String, String>,
    open: HashMap<String, call::Model>,
    /// The rows were read that a process before this one left open.
    loaded: bool,
    /// Until then every open call was seen to run.
    seen_at: Option<DateTime<Utc>>,
}

impl Ledger {
    pub(super) fn new(
        telephony: &Telephony,
        exchange: &row::Model,
        queues: HashMap<String, String>,
    ) -> Self {
        let inner = telephony.engine().inner();
        Self {
            app: telephony.app().clone(),
            floor: telephony.floor().clone(),
            journal: inner.journal.clone(),
            callers: Arc::clone(&inner.callers),
            exchange: exchange.clone(),
            queues,
            open: HashMap::new(),
            loaded: false,
            seen_at: None,
        }
    }

    async fn read_open(&self) -> Result<Vec<call::Model>> {
        Ok(call::Entity::find()
            .filter(call::Column::Source.eq(Source::Freeswitch.as_str()))
            .filter(call::Column::SourceCode.eq(self.exchange.code.as_str()))
            .filter(call::Column::Outcome.is_null())
            .all(self.app.db.read())
            .await?)
    }

    /// The calls that were open when the line was lost, ours or that of the process before. Who talks is told to the
    /// floor again.
    pub(super) async fn open_calls(&mut self) -> Result<Vec<(String, Held)>> {
        if !self.loaded {
            let rows = self.read_open().await?.into_iter();
            let rows = rows.filter_map(|row| Some((row.external_id.clone()?, row)));
            self.open.extend(rows);
            self.loaded = true;
        }
        let mut held = Vec::new();
        for (call, row) in &self.open {
            let known = Held {
                outbound: row.direction == "outbound",
                agent: row.agent_id,
                answered: row.answered_at.is_some(),
                queued: row.queued_at.is_some(),
            };
            held.push((call.clone(), known));
            if row.answered_at.is_some() {
                self.hand_over(row).await;
            }
        }
        Ok(held)
    }

    /// Every open call was seen to run at this time.
    pub(super) fn seen(&mut self, at: DateTime<Utc>) {
        self.seen_at = Some(at);
    }

    /// Nobody follows the exchange any more: what is open is closed with what is known.
    pub(super) async fn give_up(&mut self) -> Result<()> {
        for mut row in self.read_open().await? {
            let now = self.app.clock.now();
            self.floor.interrupted(row.id).await;
            row.ended_at = Some(now);
            row.outcome = Some("interrupted".to_owned());
            row.ended_by = Some("system".to_owned());
            row.state = "ended".to_owned();
            let told = vec!["call.ended", "call.interrupted"];
            // The journal writes it when it can; nobody waits here.
            drop(self.write(
                &mut row,
                "ended",
                now,
                told,
                json!({ "not_followed": true }),
            ));
        }
        Ok(())
    }

    /// Writes down what changed.
    pub(super) async fn book(&mut self, change: Change) {
        let Change { call, at, what } = change;
        match what {
            What::Began {
                outbound,
                number,
                hotline,
                agent,
            } => {
                self.began(call, at, outbound, &number, hotline, agent)
                    .await;
            }
            What::Queued(queue) => self.queued(&call, at, queue),
            What::Ringing(agent) => self.ringing(&call, at, agent).await,
            What::Answered(agent) => self.answered(&call, at, agent).await,
            What::Ended(by_requester) => self.ended(&call, at, by_requester).await,
        }
    }

    async fn began(
        &mut self,
        external: String,
        at: DateTime<Utc>,
        outbound: bool,
        number: &str,
        hotline: String,
        agent: Option<Uuid>,
    ) {
        // The exchange may tell a second time of a call that is over.
        let known = call::Entity::find()
            .filter(call::Column::Source.eq(Source::Freeswitch.as_str()))
            .filter(call::Column::SourceCode.eq(self.exchange.code.as_str()))
            .filter(call::Column::ExternalId.eq(external.as_str()))
            .one(self.app.db.read())
            .await;
        if !matches!(known, Ok(None)) || self.open.contains_key(&external) {
            return;
        }
        let caller = requesters::normalise(number).map_or(String::new(), |number| number.text);
        let mut row = call::Model {
            direction: if outbound { "outbound" } else { "inbound" }.to_owned(),
            hotline,
            caller_hash: Phone::new(caller.clone()).hash(self.app.key.bytes()),
            requester_id: self.requester(&caller).await,
            caller,
            queue: Some(self.exchange.queue.clone()),
            agent_id: agent,
            source: Source::Freeswitch.as_str().to_owned(),
            source_code: Some(self.exchange.code.clone()),
            external_id: Some(external.clone()),
            ..blank(self.app.ids.next(), at)
        };
        let details = json!({ "exchange": self.exchange.code });
        drop(self.write(&mut row, "arrived", at, vec!["call.offered"], details));
        self.open.insert(external, row);
    }

    /// Who calls; a number proves nothing.
    async fn requester(&self, caller: &str) -> Option<Uuid> {
        let callers = self.callers.get().filter(|_| !caller.is_empty())?;
        let found = self.app.clock.timeout(LOOK_UP, callers.find(caller)).await;
        found.ok().flatten().map(|known| known.id)
    }

    fn queued(&mut self, call: &str, at: DateTime<Utc>, queue: Option<String>) {
        let Some(mut row) = self.open.remove(call) else {
            return;
        };
        let ours = queue.and_then(|queue| {
            let bare = queue.split('@').next().unwrap_or_default();
            let known = self.queues.get(&queue).or_else(|| self.queues.get(bare));
            known.cloned()
        });
        row.queued_at.get_or_insert(at);
        row.state = "queued".to_owned();
        row.queue = ours.or(row.queue);
        let details = json!({ "queue": row.queue });
        drop(self.write(&mut row, "queued", at, vec![], details));
        self.open.insert(call.to_owned(), row);
    }

    async fn ringing(&mut self, call: &str, at: DateTime<Utc>, agent: Uuid) {
        let Some(mut row) = self.open.remove(call) else {
            return;
        };
        row.rung_at.get_or_insert(at);
        row.agent_id = Some(agent);
        row.state = "ringing".to_owned();
        let details = json!({ "agent": agent });
        let written = self.write(&mut row, "ringing", at, vec!["call.ringing"], details);
        // The record follows when the database is slow.
        let _ = self.app.clock.timeout(PATIENCE, written).await;
        self.open.insert(call.to_owned(), row);
    }

    async fn answered(&mut self, call: &str, at: DateTime<Utc>, agent: Uuid) {
        let Some(mut row) = self.open.remove(call) else {
            return;
        };
        row.answered_at = Some(at.max(row.arrived_at));
        row.agent_id = Some(agent);
        row.state = "talking".to_owned();
        let details = json!({ "agent": agent });
        drop(self.write(&mut row, "answered", at, vec!["call.answered"], details));
        self.hand_over(&row).await;
        self.open.insert(call.to_owned(), row);
    }

    /// The agent is busy from now on, and writes up afterwards.
    async fn hand_over(&self, row: &call::Model) {
        let Some(agent) = row.agent_id else { return };
        let work = Work {
            id: row.id,
            media: MediaKind::Voice,
            queue: row.queue.clone().unwrap_or_default(),
            priority: 0,
            preferred_agent: None,
            offered_at: row.queued_at.unwrap_or(row.arrived_at),
            subject: subject(row),
        };
        let counts = counted(row).is_some();
        if let Err(problem) = self.floor.taken_elsewhere(work, agent, counts).await {
            // Its record is owed after half an hour.
            tracing::warn!(call = %row.id, %agent, %problem, "the floor does not take the call");
        }
    }

    async fn ended(&mut self, call: &str, at: DateTime<Utc>, by_requester: Option<bool>) {
        let Some(mut row) = self.open.remove(call) else {
            return;
        };
        // Nobody saw the end: it ran for as long as it was seen.
        let seen = by_requester.is_some();
        let ended_at = match (seen, self.seen_at) {
            (false, Some(seen_at)) => at.min(seen_at),
            _ => at,
        };
        let ended_at = ended_at.max(row.answered_at.unwrap_or(row.arrived_at));
        row.ended_at = Some(ended_at);
        row.state = "ended".to_owned();
        row.ended_by = by_requester.map(|requester| {
            let by = if requester { "requester" } else { "agent" };
            by.to_owned()
        });
        let wait = ended_at - row.queued_at.unwrap_or(row.arrived_at);
        let outcome = self.outcome(&row, wait);
        row.outcome = Some(outcome.to_owned());
        let inbound = row.direction == "inbound";
        let agent = row.agent_id;
        if row.answered_at.is_none() && inbound {
            // Who was rung and did not take it has no part in the record.
            row.agent_id = None;
        }
        let told = match outcome {
            "abandoned" | "short_abandoned" => vec!["call.ended", "call.abandoned"],
            _ => vec!["call.ended"],
        };
        let details = json!({ "outcome": outcome, "seen": seen });
        drop(self.write_for(&mut row, "ended", ended_at, told, details, agent));
        if row.answered_at.is_some() {
            self.floor.ended(row.id).await;
        } else {
            self.missed(&row, ended_at, wait).await;
        }
    }

    fn outcome(&self, row: &call::Model, wait: TimeDelta) -> &'static str {
        let rules = row
            .queue
            .as_deref()
            .and_then(|queue| self.floor.queue_rules(queue));
        let short = rules.map_or(0, |rules| i64::from(rules.short_abandon_s));
        match (row.answered_at, row.direction.as_str()) {
            (Some(_), _) => "answered",
            (None, "outbound") => "failed",
            (None, _) if wait <= TimeDelta::seconds(short) => "short_abandoned",
            (None, _) => "abandoned",
        }
    }

    /// Nobody took it: it counts, and who waited is called back.
    async fn missed(&self, row: &call::Model, ended_at: DateTime<Utc>, wait: TimeDelta) {
        let past = Past {
            id: row.id,
            queue: counted(row),
            agent: row.agent_id,
            offered_at: row.arrived_at,
            accepted_at: None,
            ended_at,
            wait: Some(wait),
            subject: subject(row),
            callback: true,
        };
        let floor = self.floor.clone();
        let booked = self.app.db.write(move |tx| {
            let past = past.clone();
            async move { floor.past(&tx, vec![past]).await }
        });
        if let Err(problem) = booked.await {
            tracing::error!(call = %row.id, %problem, "a missed call that the floor cannot count");
        }
    }

    fn write(
        &self,
        row: &mut call::Model,
        event: &str,
        at: DateTime<Utc>,
        told: Vec<&'static str>,
        details: Value,
    ) -> tokio::sync::oneshot::Receiver<()> {
        let agent = row.agent_id;
        self.write_for(row, event, at, told, details, agent)
    }

    fn write_for(
        &self,
        row: &mut call::Model,
        event: &str,
        at: DateTime<Utc>,
        told: Vec<&'static str>,
        details: Value,
        agent: Option<Uuid>,
    ) -> tokio::sync::oneshot::Receiver<()> {
        row.events += 1;
        let live = agent.map(|agent| {
            let data = json!({
                "call_id": row.id,
                "event": event,
                "state": row.state,
                "source": row.source,
                "caller": Phone::new(row.caller.clone()),
                "held": false,
                "muted": false,
                "answered_at": row.answered_at,
                "outcome": row.outcome,
            });
            (Audience::User(agent), data)
        });
        self.journal.write(Line {
            row: row.clone(),
            at,
            event: event.to_owned(),
            details,
            told,
            told_at: at,
            live,
        })
    }
}
