//! `Floor`: the handle everybody else holds.

mod media;
mod people;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use acd::{AgentId, AgentState, Input, MediaKind, WorkId};
use futures::future::BoxFuture;
use kernel::App;
use kernel::problem::{Result, internal, not_found};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::agent_state::{AgentView, store as agents};
use crate::board::{FloorSnapshot, Wallboard};
use crate::callback::Due;
use crate::medium::Medium;
use crate::queue::store::{self as queues, Queue};
use crate::queue::{DEFAULT_QUEUE, QueueRules};
use crate::task::{Command, FloorSettings, Loaded, Notes, Task, answer, stopped};
use crate::work_item::{parts, store as works};

/// Somebody who can take work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCard {
    /// The user.
    pub id: AgentId,
    /// The person's name, for the supplier's own screens.
    pub name: String,
    /// 工号, read out to the public.
    pub staff_no: Option<String>,
}

/// Where the floor learns of people; the capability `organization` is asked through it.
pub trait Directory: Send + Sync {
    /// Everybody who can take work.
    fn agents(&self) -> BoxFuture<'_, Result<Vec<AgentCard>>>;
    /// One of them; `None` when this user cannot.
    fn agent(&self, id: AgentId) -> BoxFuture<'_, Result<Option<AgentCard>>>;
    /// The user has a session of the console that is not over.
    fn has_session(&self, id: AgentId) -> BoxFuture<'_, Result<bool>>;
}

/// May refuse the end of wrap-up: the record is not written yet (A-33, code `wrap_up_incomplete`).
pub trait WrapUpGate: Send + Sync {
    /// `Ok` when the work is written up.
    fn check(&self, work: WorkId) -> BoxFuture<'_, Result<()>>;
}

/// May refuse that somebody takes work: he lacks what he must have to be on post (A-51, code `not_on_post`), or has
/// not read what he must have by now (A-37, code `reading_overdue`).
pub trait WorkGate: Send + Sync {
    /// `Ok` when this person may take work.
    fn check(&self, agent: AgentId) -> BoxFuture<'_, Result<()>>;
}

/// The live floor. Cheap to clone; every method is answered by one task, in order.
#[derive(Clone)]
pub struct Floor {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub app: App,
    pub directory: Arc<dyn Directory>,
    pub gate: RwLock<Option<Arc<dyn WrapUpGate>>>,
    pub work_gate: RwLock<Option<Arc<dyn WorkGate>>>,
    pub media: RwLock<BTreeMap<MediaKind, Arc<dyn Medium>>>,
    pub states: RwLock<BTreeMap<AgentId, AgentState>>,
    pub rules: RwLock<BTreeMap<String, QueueRules>>,
    /// Whom the task waits for when the process stops.
    pub open: TaskTracker,
    commands: mpsc::UnboundedSender<Command>,
    /// Taken by `start`.
    inbox: Mutex<Option<mpsc::UnboundedReceiver<Command>>>,
}

impl Floor {
    /// The handle of a floor that does not run yet; see [`Floor::start`]. Touches no table.
    pub fn new(app: &App, directory: Arc<dyn Directory>) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        Self {
            inner: Arc::new(Inner {
                app: app.clone(),
                directory,
                gate: RwLock::default(),
                work_gate: RwLock::default(),
                media: RwLock::default(),
                states: RwLock::default(),
                rules: RwLock::default(),
                open: TaskTracker::new(),
                commands,
                inbox: Mutex::new(Some(inbox)),
            }),
        }
    }

    /// Reads the rows, closes what an earlier process left open and starts the task. Once, after the
    /// migrations and before the first device can register. What is asked before waits.
    pub async fn start(&self) -> Result<()> {
        let app = &self.inner.app;
        let settings = FloorSettings {
            device_grace_s: app.config.get("calls.device_grace_s")?,
            ..app.config.section("floor")?
        };
        let inbox = self
            .inner
            .inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let inbox = inbox.ok_or_else(|| internal("the floor was started twice"))?;
        let loaded = self.load().await?;
        let task = Task::new(self.inner.clone(), settings, loaded);
        app.spawn_vital("floor", task.run(inbox));
        Ok(())
    }

    async fn load(&self) -> Result<Loaded> {
        let app = &self.inner.app;
        let now = app.clock.now();
        app.db
            .write(async move |tx| {
                if queues::all(&*tx).await?.is_empty() {
                    let rules = QueueRules::usual("人工热线");
                    let queue = Queue {
                        code: DEFAULT_QUEUE.to_owned(),
                        rules,
                        version: 1,
                    };
                    queues::insert(&*tx, &queue, now).await?;
                }
                let closed = works::close_interrupted(&*tx, now).await?;
                parts::close_interrupted(&*tx, now).await?;
                if closed > 0 {
                    tracing::warn!(
                        closed,
                        "works of an earlier process were closed as interrupted"
                    );
                }
                Ok(())
            })
            .await?;
        let conn = app.db.read();
        let mut skills = agents::all_skills(conn).await?;
        let cards = self.inner.directory.agents().await?;
        let agents = cards.into_iter().map(|card| {
            let skills = skills.remove(&card.id).unwrap_or_default();
            (card, skills)
        });
        let agents = agents.collect();
        let sessions = agents::open_sessions(conn).await?;
        let mut in_wrap_up = Vec::new();
        for id in sessions.iter().filter_map(|session| session.work_id) {
            if let Some(work) = works::get(conn, id).await? {
                in_wrap_up.push((work, parts::of(conn, id).await?));
            }
        }
        Ok(Loaded {
            queues: queues::all(conn).await?,
            agents,
            sessions,
            works: in_wrap_up,
            kept: works::kept_places(conn).await?,
            day: works::recount(conn, now).await?,
            callbacks: Due::new(
                works::callbacks_due(conn, Due::MOST).await?,
                works::count_callbacks(conn).await?,
            ),
        })
    }

    /// Names the medium that rings for this kind of work. Before the first work.
    pub fn attach_medium(&self, kind: MediaKind, medium: Arc<dyn Medium>) {
        self.inner
            .media
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(kind, medium);
    }

    /// Names who may refuse the end of wrap-up.
    pub fn attach_wrap_up_gate(&self, gate: Arc<dyn WrapUpGate>) {
        *self
            .inner
            .gate
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(gate);
    }

    /// Names who may refuse that somebody takes work.
    pub fn attach_work_gate(&self, gate: Arc<dyn WorkGate>) {
        *self
            .inner
            .work_gate
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(gate);
    }

    // ---- what is known

    /// The agent's state now, without asking the task; `SignedOut` for anybody else.
    pub fn state_of(&self, agent: AgentId) -> AgentState {
        let states = self
            .inner
            .states
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        states.get(&agent).copied().unwrap_or(AgentState::SignedOut)
    }

    /// The rules of a queue now, without asking the task.
    pub fn queue_rules(&self, code: &str) -> Option<QueueRules> {
        let rules = self
            .inner
            .rules
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        rules.get(code).cloned()
    }

    /// Ready, rung, on a call, holding one or in wrap-up.
    pub fn is_on_post(&self, agent: AgentId) -> bool {
        use AgentState::{Held, Ready, Ringing, Talking, WrapUp};
        matches!(
            self.state_of(agent),
            Ready | Ringing | Talking | Held | WrapUp
        )
    }

    /// An agent as he stands; 404 for anybody else.
    pub async fn agent(&self, agent: AgentId) -> Result<AgentView> {
        self.know(agent).await?;
        self.run(move |task| task.agent(agent))
            .await?
            .ok_or_else(|| not_found("agent"))
    }

    /// The floor as it stands.
    pub async fn snapshot(&self) -> Result<FloorSnapshot> {
        self.run(|task| task.snapshot()).await
    }

    /// The numbers of the wallboard.
    pub async fn wallboard(&self) -> Result<Wallboard> {
        self.run(|task| task.wallboard_now()).await
    }

    /// Waits until everything said so far is committed.
    pub async fn flushed(&self) -> Result<()> {
        let flushed = self.run(|task| task.flushed()).await?;
        // The journal only goes when it has written everything.
        let _ = flushed.await;
        Ok(())
    }

    // ---- what is counted and set

    pub(crate) async fn put_queue(&self, queue: Queue) -> Result<()> {
        self.run(move |task| task.put_queue(queue)).await
    }

    /// The missed call was returned, and its row says so: see
    /// [`callback_done`](crate::work_item::store::callback_done).
    pub async fn callback_done(&self, work: WorkId) -> Result<()> {
        self.run(move |task| task.callback_done(work)).await
    }

    /// Counts calls that were over when they were told; waits for nothing.
    pub(crate) fn count_past(&self, changes: Vec<(Option<works::Model>, works::Model)>) {
        let command: Command = Box::new(move |task| task.count_past(changes));
        // A floor that has stopped counts from the rows when it starts again.
        let _ = self.inner.commands.send(command);
    }

    // ---- the way to the task

    /// Makes the task know the agent; 404 for somebody who takes no work.
    pub(crate) async fn know(&self, agent: AgentId) -> Result<()> {
        if self.run(move |task| task.knows(agent)).await? || self.refresh(agent).await? {
            return Ok(());
        }
        Err(not_found("agent"))
    }

    /// Sends what may be late or repeated; a refusal then means there is nothing to do.
    async fn tell(&self, input: Input) {
        if let Err(problem) = self.input(input, Notes::default()).await {
            tracing::debug!(%problem, "the floor had nothing to do");
        }
    }

    async fn input(&self, input: Input, notes: Notes) -> Result<()> {
        self.run(move |task| task.input(input, notes)).await?
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Task) -> T + Send + 'static,
    ) -> Result<T> {
        let (reply, answered) = oneshot::channel();
        let command: Command = Box::new(move |task| answer(reply, ask(task)));
        self.inner.commands.send(command).map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())
    }
}
