//! `Floor`: the handle everybody else holds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use acd::{AgentId, AgentState, Declined, Input, MediaKind, PassTo, Presence, WorkId};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::problem::{Result, internal, not_found, refused};
use kernel::{App, Clock};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::agent_state::{AgentView, store as agents};
use crate::board::{FloorSnapshot, Position, Wallboard};
use crate::callback::Due;
use crate::medium::{DeviceKind, Medium, Work};
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

/// How long the work gate is waited for: what does not answer closes no desk.
const PATIENCE: Duration = Duration::from_secs(1);

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

    // ---- for media

    /// A requester waits. 409 `queue_unknown`, `already_offered`.
    pub async fn offer(&self, work: Work) -> Result<()> {
        let (work, notes) = apart(work);
        self.input(Input::Offer(work), notes).await
    }

    /// The requester gave up. Nothing happens when the work is over already; when an agent has it,
    /// it ends.
    pub async fn withdraw(&self, work: WorkId) {
        self.tell(Input::Withdraw { work, at: None }).await;
    }

    /// As [`Floor::withdraw`], with the time he did so: whether the wait was short is judged by it.
    pub async fn withdraw_at(&self, work: WorkId, at: DateTime<Utc>) {
        self.tell(Input::Withdraw { work, at: Some(at) }).await;
    }

    /// Nobody is looked for any more, though the requester has not given up: the line closed while he waited. He is
    /// owed a call, as after the longest wait; [`Medium::give_up`] follows. Nothing happens when an agent has him.
    pub async fn give_up(&self, work: WorkId) {
        self.tell(Input::GiveUp { work }).await;
    }

    /// The floor did not answer `accepted` in time and the medium connected the two: the work is this
    /// agent's, whatever the floor did with it meanwhile.
    pub async fn adopt(&self, work: WorkId, agent: AgentId) {
        let adopted = self.run(move |task| task.adopt(work, agent)).await;
        if let Err(problem) | Ok(Err(problem)) = adopted {
            tracing::error!(%work, %agent, %problem, "a talk the floor cannot count");
        }
    }

    /// The medium stops under the work.
    pub async fn interrupted(&self, work: WorkId) {
        self.tell(Input::Interrupt { work }).await;
    }

    /// While this lives the floor works on after the process was told to stop: a medium still ends its
    /// works.
    pub fn keep_open(&self) -> TaskTrackerToken {
        self.inner.open.token()
    }

    /// The agent's device answered; for a work he began, the far end did. 409 `no_longer_offered`:
    /// hang that device leg up.
    pub async fn accepted(&self, work: WorkId, agent: AgentId) -> Result<()> {
        self.input(Input::Accepted { work, agent }, Notes::default())
            .await
    }

    /// The agent's devices do not take it. News of a ring that is over is ignored.
    pub async fn declined(&self, work: WorkId, agent: AgentId, why: Declined) {
        self.tell(Input::Declined { work, agent, why }).await;
    }

    /// The requester was put on hold or taken back.
    pub async fn held(&self, work: WorkId, held: bool) {
        self.tell(Input::Hold { work, held }).await;
    }

    /// The talk ended: wrap-up begins. A work the agent began himself that was never `accepted`
    /// gives him back the state he had.
    pub async fn ended(&self, work: WorkId) {
        self.tell(Input::Ended { work }).await;
    }

    /// The agent calls somebody himself. 409 `agent_busy`, `agent_signed_out`, `already_offered`.
    pub async fn began(&self, work: WorkId, agent: AgentId) -> Result<()> {
        self.know(agent).await?;
        self.input(Input::Began { work, agent }, Notes::default())
            .await
    }

    /// The agent who has the work passes it on without asking: it waits at the head of a queue and his wrap-up
    /// begins. The medium is asked to ring the next one. The row keeps the first answer; `work_parts` has who had
    /// it. 409 `not_talking`, `queue_unknown`, `agent_not_free`.
    pub async fn pass(&self, work: WorkId, to: PassTo) -> Result<()> {
        if let PassTo::Agent(agent) = to {
            self.know(agent).await?;
        }
        self.input(Input::Pass { work, to }, Notes::default()).await
    }

    /// A colleague asks this agent by a call of its own, which the medium rings: then `accepted` or `ended`. It
    /// leaves no row, no wrap-up and no record, and he has the state back that he had. 409 `agent_busy`,
    /// `agent_signed_out`, `already_offered`.
    pub async fn consult(&self, consult: WorkId, agent: AgentId) -> Result<()> {
        self.know(agent).await?;
        let input = Input::Consult {
            work: consult,
            agent,
        };
        self.input(input, Notes::default()).await
    }

    /// As [`Floor::consult`], of whomever this queue gives: the medium rings them one after the other under the id
    /// `consult`, and is told to give it up when nobody is to be had within the queue's longest wait. 409
    /// `not_talking`, `already_offered`, `queue_unknown`.
    pub async fn consult_queue(&self, consult: WorkId, about: WorkId, queue: String) -> Result<()> {
        let input = Input::ConsultQueue {
            work: consult,
            about,
            queue,
        };
        self.input(input, Notes::default()).await
    }

    /// The transfer after a consultation: `work` is the asked agent's from now on, the consultation is over, and
    /// the wrap-up of the one who had it begins. Without a consultation his hand must be free. 409
    /// `not_talking`, `agent_busy`, `agent_signed_out`.
    pub async fn hand_over(
        &self,
        work: WorkId,
        consult: Option<WorkId>,
        to: AgentId,
    ) -> Result<()> {
        self.know(to).await?;
        let input = Input::HandOver { work, consult, to };
        self.input(input, Notes::default()).await
    }

    /// The requester would rather be called back: `old` ends as `callback`, and `new`, the call-back, waits in
    /// its place since the same time. The figures count one request. 409 `not_waiting`, `queue_unknown`.
    pub async fn keep_place(&self, old: WorkId, new: Work) -> Result<()> {
        let (new, notes) = apart(new);
        self.input(Input::KeepPlace { old, new }, notes).await
    }

    /// The places kept for call-backs that an earlier process left, and the works they continue, in their order. Asked
    /// by the medium when it starts: it rings for them like for all others.
    pub async fn kept_places(&self) -> Result<Vec<(Work, WorkId)>> {
        self.run(|task| task.kept_places()).await
    }

    /// Where a requester stands; `None` when he waits no longer.
    pub async fn position(&self, work: WorkId) -> Option<Position> {
        self.run(move |task| task.position(work)).await.ok()?
    }

    /// The device that would ring for this agent now; `None` = none is registered. Said again at each
    /// change, also when the same device registers anew. Waits for no database: somebody the floor does
    /// not know is looked up behind its back.
    pub async fn reachable(&self, agent: AgentId, device: Option<DeviceKind>) {
        let known = self.run(move |task| task.reachable(agent, device)).await;
        if matches!(known, Ok(false)) && device.is_some() {
            let floor = self.clone();
            self.inner.app.tasks.spawn(async move {
                if let Err(problem) = floor.refresh(agent).await {
                    tracing::warn!(%agent, %problem, "whose device this is could not be looked up");
                }
            });
        }
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

    // ---- what people do

    /// The agent asks for a state; with work in hand it comes after wrap-up. 409 what the work gate says of who wants
    /// to be ready: he who is ready stays so, and a lead may set him ready.
    pub async fn ask(
        &self,
        agent: AgentId,
        presence: Presence,
        reason: Option<String>,
    ) -> Result<()> {
        self.know(agent).await?;
        if presence == Presence::Ready {
            self.may_take_work(agent).await?;
        }
        self.input(
            Input::Ask {
                agent,
                presence,
                reason,
            },
            Notes::default(),
        )
        .await
    }

    /// Only a refusal keeps somebody from his post: a gate that fails or is slow would close the line.
    async fn may_take_work(&self, agent: AgentId) -> Result<()> {
        let gate = self
            .inner
            .work_gate
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(gate) = gate else { return Ok(()) };
        match Clock::guard(PATIENCE, gate.check(agent)).await {
            Ok(Err(refusal)) if refusal.status < 500 => Err(refusal),
            Ok(Err(problem)) => {
                tracing::error!(%agent, %problem, "whether he may take work is not known");
                Ok(())
            }
            Err(_elapsed) => {
                tracing::error!(%agent, "whether he may take work was not answered");
                Ok(())
            }
            Ok(Ok(())) => Ok(()),
        }
    }

    /// Somebody else sets the state; returns when it is committed, with its row in the audit trail.
    pub async fn force(
        &self,
        agent: AgentId,
        presence: Presence,
        reason: String,
        who: Who,
    ) -> Result<()> {
        self.know(agent).await?;
        if presence == Presence::Ready {
            self.may_take_work(agent).await?;
        }
        let by = who.user_id.unwrap_or_default();
        let notes = Notes {
            forced_by: Some(who),
            ..Notes::default()
        };
        self.input(
            Input::Force {
                agent,
                presence,
                reason: Some(reason),
                by,
            },
            notes,
        )
        .await?;
        self.flushed().await
    }

    /// The agent has written the work up. 409 `not_in_wrap_up`, or what the gate says.
    pub async fn end_wrap_up(&self, agent: AgentId) -> Result<()> {
        let view = self.agent(agent).await?;
        let Some(work) = view.work_id.filter(|_| view.state == AgentState::WrapUp) else {
            return Err(refused("not_in_wrap_up", "the agent is not in wrap-up"));
        };
        let gate = self
            .inner
            .gate
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        // Who passed the work on does not write its record: the last who had it does.
        let last = self.run(move |task| task.is_last(work, agent)).await?;
        if let Some(gate) = gate.filter(|_| last) {
            gate.check(work).await?;
        }
        self.input(Input::EndWrapUp { agent, work }, Notes::default())
            .await
    }

    /// The agent needs more time. 409 `not_in_wrap_up`, `no_extension_left`.
    pub async fn extend_wrap_up(&self, agent: AgentId, reason: String) -> Result<()> {
        let notes = Notes {
            reason: Some(reason),
            ..Notes::default()
        };
        self.input(Input::ExtendWrapUp { agent }, notes).await
    }

    /// The agent's card or skills changed; `false` when this user takes no work (any more).
    pub async fn refresh(&self, agent: AgentId) -> Result<bool> {
        let Some(card) = self.inner.directory.agent(agent).await? else {
            // He may be on the floor still: nothing new is offered to him, and he leaves.
            if self.state_of(agent) != AgentState::SignedOut {
                let (presence, reason) = (Presence::SignedOut, Some("no_agent".to_owned()));
                let leave = Input::Ask {
                    agent,
                    presence,
                    reason,
                };
                self.input(leave, Notes::default()).await?;
            }
            return Ok(false);
        };
        let skills = agents::skills_of(self.inner.app.db.read(), agent).await?;
        self.run(move |task| task.put_agent(card, skills)).await?;
        Ok(true)
    }

    /// The agent's last console session is over: he is signed out, after the work in hand.
    pub(crate) async fn session_ended(&self, user: AgentId) -> Result<()> {
        if self.inner.directory.has_session(user).await? {
            return Ok(());
        }
        if self.state_of(user) == AgentState::SignedOut {
            return self.run(move |task| task.stays_away(user)).await;
        }
        self.ask(user, Presence::SignedOut, Some("session_ended".to_owned()))
            .await
    }

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

/// What the distributor needs of a work, and what only boards do.
fn apart(work: Work) -> (acd::Work, Notes) {
    let notes = Notes {
        subject: work.subject,
        ..Notes::default()
    };
    let work = acd::Work {
        id: work.id,
        media: work.media,
        queue: work.queue,
        priority: work.priority,
        preferred_agent: work.preferred_agent,
        offered_at: work.offered_at,
    };
    (work, notes)
}
