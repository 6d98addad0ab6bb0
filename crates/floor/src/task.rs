//! The task that runs the distributor: one at a time it takes what happened, lets `acd` decide, and
//! does what `acd` says. One timer is armed, for the next deadline.

mod elsewhere;
mod outputs;
mod parts;
mod restart;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use acd::{Acd, AgentId, AgentProfile, Input, Settings, WorkId};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::Who;
use kernel::problem::{Problem, Result, not_found, refused};
use kernel::{App, Audience};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::agent_state::store::{SessionRow, Skills};
use crate::callback::Due;
use crate::day::{Day, day_begins};
use crate::handle::{AgentCard, Inner};
use crate::journal::{Journal, Write};
use crate::medium::DeviceKind;
use crate::queue::DEFAULT_QUEUE;
use crate::queue::store::Queue;
use crate::work_item::parts::Part;
use crate::work_item::store::Model as WorkRow;
use parts::Paces;
pub(crate) use restart::Former;

/// The boards are told at most this often.
const BOARD_PAUSE: TimeDelta = TimeDelta::milliseconds(500);

/// What the handle asks: runs in the task, in order.
pub(crate) type Command = Box<dyn FnOnce(&mut Task) + Send>;

/// What comes with an input and does not concern the distributor.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// What boards may show of an offered work.
    pub subject: serde_json::Value,
    /// The device that registered.
    pub device: Option<DeviceKind>,
    /// Who forced a state, for the audit trail.
    pub forced_by: Option<Who>,
    /// Why wrap-up was extended.
    pub reason: Option<String>,
}

/// An agent the floor knows.
pub(crate) struct Known {
    card: AgentCard,
    device: Option<DeviceKind>,
    session: Option<SessionRow>,
}

/// What `Floor::start` read from the rows.
pub(crate) struct Loaded {
    pub queues: Vec<Queue>,
    pub agents: Vec<(AgentCard, Skills)>,
    pub sessions: Vec<SessionRow>,
    pub works: Vec<(WorkRow, Vec<Part>)>,
    pub kept: Vec<WorkRow>,
    pub day: Day,
    pub callbacks: Due,
}

/// Settings of the section `floor`.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct FloorSettings {
    pub posts: u32,
    pub chat_slots: u32,
    pub restore_within_s: u32,
    /// `calls.device_grace_s`: what a call waits for a device, a ready agent does too.
    #[serde(skip)]
    pub device_grace_s: u32,
}

pub(crate) struct Task {
    app: App,
    shared: Arc<Inner>,
    settings: FloorSettings,
    acd: Acd,
    queues: BTreeMap<String, Queue>,
    agents: BTreeMap<AgentId, Known>,
    /// Works under way or being written up.
    works: BTreeMap<WorkId, WorkRow>,
    /// Who had them.
    parts: BTreeMap<WorkId, Vec<Part>>,
    /// Calls in which a colleague is asked: they have no row.
    consults: BTreeSet<WorkId>,
    /// For how long a work takes an agent, by queue.
    paces: Paces,
    journal: Journal,
    day: Day,
    callbacks: Due,
    /// Works given up lately: a medium may tell late that somebody took one.
    given_up: BTreeMap<WorkId, (WorkRow, Vec<Part>)>,
    /// Devices of users who take no work, or not yet.
    strangers: BTreeMap<AgentId, DeviceKind>,
    former: BTreeMap<AgentId, Former>,
    restore_until: DateTime<Utc>,
    /// Something on the boards changed since they were told.
    stale: bool,
    told_at: DateTime<Utc>,
}

impl Task {
    pub(crate) fn new(shared: Arc<Inner>, settings: FloorSettings, loaded: Loaded) -> Self {
        let app = shared.app.clone();
        let now = app.clock.now();
        let rules = Settings {
            device_grace: Duration::from_secs(u64::from(settings.device_grace_s)),
            default_queue: DEFAULT_QUEUE.to_owned(),
            ..Settings::default()
        };
        let mut works = BTreeMap::new();
        let mut parts = BTreeMap::new();
        for (work, had_by) in loaded.works {
            parts.insert(work.id, had_by);
            works.insert(work.id, work);
        }
        let mut task = Self {
            journal: Journal::start(&app),
            restore_until: now + Duration::from_secs(u64::from(settings.restore_within_s)),
            app,
            shared,
            settings,
            acd: Acd::new(rules),
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            works,
            parts,
            consults: BTreeSet::new(),
            paces: Paces::default(),
            day: loaded.day,
            callbacks: loaded.callbacks,
            given_up: BTreeMap::new(),
            strangers: BTreeMap::new(),
            former: BTreeMap::new(),
            stale: true,
            told_at: now - BOARD_PAUSE,
        };
        for queue in loaded.queues {
            task.put_queue(queue);
        }
        for (card, skills) in loaded.agents {
            task.put_agent(card, skills);
        }
        for row in loaded.kept {
            task.resume_place(row, now);
        }
        for session in loaded.sessions {
            task.remember_session(session, now);
        }
        task
    }

    pub(crate) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
        let clock = self.app.clock.clone();
        let (shutdown, open) = (self.app.shutdown.clone(), self.shared.open.clone());
        // Not at once: the media end their works first, and say how.
        let stopped = async move {
            shutdown.cancelled().await;
            open.close();
            open.wait().await;
        };
        tokio::pin!(stopped);
        self.journal.cut();
        loop {
            let wake = self.next_wake();
            tokio::select! {
                biased;
                command = inbox.recv() => match command {
                    Some(command) => command(&mut self),
                    None => break,
                },
                () = clock.sleep_until(wake) => {}
                () = &mut stopped => break,
            }
            self.journal.cut();
            self.let_time_pass();
            self.journal.cut();
        }
        // What was said before the stop still counts.
        while let Ok(command) = inbox.try_recv() {
            command(&mut self);
            self.journal.cut();
        }
    }

    fn next_wake(&self) -> DateTime<Utc> {
        let mut wake = day_begins(self.day.day) + TimeDelta::days(1);
        if let Some(due) = self.acd.next_deadline() {
            wake = wake.min(due);
        }
        if self.stale {
            wake = wake.min(self.told_at + BOARD_PAUSE);
        }
        if !self.former.is_empty() {
            wake = wake.min(self.restore_until);
        }
        wake
    }

    fn let_time_pass(&mut self) {
        let now = self.app.clock.now();
        if self.acd.next_deadline().is_some_and(|due| due <= now) {
            let handled = self.acd.handle(Input::Tick, now);
            self.apply(handled.outputs, now);
        }
        self.begin_day(now);
        if !self.former.is_empty() && self.restore_until <= now {
            self.forget_former(now);
        }
        if self.stale && self.told_at + BOARD_PAUSE <= now {
            self.tell_boards(now);
        }
    }

    /// Counts anew after midnight.
    fn begin_day(&mut self, now: DateTime<Utc>) {
        if day_begins(self.day.day) + TimeDelta::days(1) <= now {
            self.day = Day::of(now);
            self.stale = true;
        }
    }

    fn tell_boards(&mut self, now: DateTime<Utc>) {
        (self.stale, self.told_at) = (false, now);
        for queue in self.queue_views(now) {
            self.app
                .live
                .publish(Audience::Permission("floor:view"), "queue", json!(queue));
        }
        let board = json!(self.wallboard(now));
        self.app
            .live
            .publish(Audience::Permission("wallboard:view"), "board", board);
    }

    /// Takes an input, and does what follows.
    pub(crate) fn input(&mut self, input: Input, notes: Notes) -> Result<()> {
        let now = self.app.clock.now();
        self.begin_day(now);
        // Deadlines that passed belong to the time before the input: their works must be found.
        let passed = self.acd.handle(Input::Tick, now);
        self.apply(passed.outputs, now);
        self.journal.cut();
        let new_work = self.new_work(&input, notes.subject, now);
        let told = input.clone();
        let handled = self.acd.handle(input, now);
        if let (Some(id), true) = (new_work, handled.refusal.is_some()) {
            self.works.remove(&id);
            self.consults.remove(&id);
        }
        self.apply(handled.outputs, now);
        match handled.refusal {
            None => {}
            Some(acd::Refusal::AgentUnknown) => return Err(not_found("agent")),
            Some(refusal @ acd::Refusal::NoDevice) => {
                return Err(refused(refusal.code(), refusal.to_string()).with_way_out(
                    "connect the softphone or register the desk phone, then ask again",
                ));
            }
            Some(refusal) => return Err(refused(refusal.code(), refusal.to_string())),
        }
        match told {
            // He chose anew before his device was back.
            Input::Ask { agent, .. }
            | Input::Began { agent, .. }
            | Input::Consult { agent, .. } => {
                self.drop_former(agent, now);
            }
            Input::Reachable { agent, .. } => self.device_changed(agent, notes.device, now),
            Input::Force {
                agent,
                presence,
                reason,
                ..
            } => {
                self.drop_former(agent, now);
                if let Some(who) = notes.forced_by {
                    let details = json!({ "state": presence.as_str(), "reason": reason });
                    let action = "agent.state_forced";
                    self.journal.write(
                        now,
                        Write::Audit {
                            who,
                            action,
                            agent,
                            details,
                        },
                    );
                }
            }
            Input::ExtendWrapUp { agent } => self.note_extension(agent, notes.reason, now),
            _ => {}
        }
        Ok(())
    }

    /// The row of a work that begins with this input, in place before `acd` tells of it.
    fn new_work(
        &mut self,
        input: &Input,
        subject: serde_json::Value,
        now: DateTime<Utc>,
    ) -> Option<WorkId> {
        let row = match input {
            Input::Offer(work) => {
                let queue = Some(work.queue.clone());
                let offered_at = work.offered_at.min(now);
                let mut row = crate::work_item::new(work.id, work.media, queue, offered_at);
                row.priority = work.priority;
                row.subject = subject;
                row
            }
            Input::KeepPlace { old, new } => {
                let queue = Some(new.queue.clone());
                // He waits since he began to, whatever became of the line.
                let since = self.works.get(old).map_or(now, |row| row.offered_at);
                let mut row = crate::work_item::new(new.id, new.media, queue, since);
                row.priority = new.priority;
                row.subject = subject;
                row.continues = Some(*old);
                row
            }
            Input::Consult { work, .. } | Input::ConsultQueue { work, .. } => {
                let new = !self.works.contains_key(work) && self.consults.insert(*work);
                return new.then_some(*work);
            }
            Input::Began { work, agent } => {
                let mut row = crate::work_item::new(*work, acd::MediaKind::Voice, None, now);
                row.agent_id = Some(*agent);
                row
            }
            _ => return None,
        };
        // A work that is here already is refused; its row stays.
        if self.works.contains_key(&row.id) || self.consults.contains(&row.id) {
            return None;
        }
        let id = row.id;
        self.works.insert(id, row);
        Some(id)
    }

    fn device_changed(&mut self, agent: AgentId, device: Option<DeviceKind>, now: DateTime<Utc>) {
        let Some(known) = self.agents.get_mut(&agent) else {
            return;
        };
        let changed = known.device != device;
        known.device = device;
        if device.is_some() {
            self.restore(agent, now);
        }
        if changed {
            self.tell_agent(agent);
        }
    }

    /// As [`Task::input`] with `Reachable`; a device of somebody the floor does not know is kept in mind,
    /// and `false`.
    pub(crate) fn reachable(&mut self, agent: AgentId, device: Option<DeviceKind>) -> bool {
        if !self.knows(agent) {
            match device {
                Some(device) => self.strangers.insert(agent, device),
                None => self.strangers.remove(&agent),
            };
            return false;
        }
        let notes = Notes {
            device,
            ..Notes::default()
        };
        let reachable = device.is_some();
        // An agent that is known has nothing to be refused.
        let _ = self.input(Input::Reachable { agent, reachable }, notes);
        true
    }

    /// The medium connected the requester to this agent while the floor was silent: the work is his,
    /// also when it was given up meanwhile, and counts as answered.
    pub(crate) fn adopt(&mut self, id: WorkId, agent: AgentId) -> Result<()> {
        if !self.knows(agent) {
            return Err(not_found("agent"));
        }
        if let Some((row, parts)) = self.given_up.remove(&id) {
            self.take_back(&row);
            self.works.insert(id, row);
            self.parts.insert(id, parts);
        }
        if let Some(row) = self.works.get_mut(&id)
            && row.ended_at.take().is_some()
        {
            row.outcome = None;
            row.short = false;
            row.callback_due = false;
            if row.accepted_at.is_none() {
                row.wait_ms = None;
            }
        }
        let row = self.works.get(&id).ok_or_else(|| not_found("work"))?;
        let media = acd::MediaKind::ALL
            .into_iter()
            .find(|media| media.as_str() == row.media);
        let work = acd::Work {
            id,
            media: media.unwrap_or(acd::MediaKind::Voice),
            queue: row.queue.clone().unwrap_or_default(),
            priority: row.priority,
            preferred_agent: None,
            offered_at: row.offered_at,
        };
        self.input(Input::Adopt { work, agent }, Notes::default())
    }

    pub(crate) fn knows(&self, agent: AgentId) -> bool {
        self.agents.contains_key(&agent)
    }

    pub(crate) fn put_agent(&mut self, card: AgentCard, skills: Skills) {
        let profile = AgentProfile {
            id: card.id,
            skills,
            chat_slots: self.settings.chat_slots,
        };
        let id = card.id;
        match self.agents.get_mut(&id) {
            Some(known) => known.card = card,
            None => {
                self.agents.insert(
                    id,
                    Known {
                        card,
                        device: None,
                        session: None,
                    },
                );
            }
        }
        let now = self.app.clock.now();
        let handled = self.acd.handle(Input::PutAgent(profile), now);
        self.apply(handled.outputs, now);
        self.tell_agent(id);
        self.stale = true;
        if let Some(device) = self.strangers.remove(&id) {
            self.reachable(id, Some(device));
        }
    }

    pub(crate) fn put_queue(&mut self, queue: Queue) {
        // Two changes may come in another order than they were written in.
        if self
            .queues
            .get(&queue.code)
            .is_some_and(|known| known.version > queue.version)
        {
            return;
        }
        let now = self.app.clock.now();
        let handled = self
            .acd
            .handle(Input::PutQueue(queue.rules.to_acd(&queue.code)), now);
        self.shared
            .rules
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(queue.code.clone(), queue.rules.clone());
        self.queues.insert(queue.code.clone(), queue);
        self.apply(handled.outputs, now);
        self.stale = true;
    }

    pub(crate) fn callback_done(&mut self, work: WorkId) {
        self.callbacks.done(work);
        self.stale = true;
    }

    pub(crate) fn flushed(&self) -> oneshot::Receiver<()> {
        self.journal.flushed()
    }
}

/// Answers a command whose asker may be gone.
pub(crate) fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    let _ = reply.send(value);
}

pub(crate) fn stopped() -> Problem {
    kernel::problem::unavailable("floor_stopped", "the floor does not run")
}
