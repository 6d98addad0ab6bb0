//! `Floor`: the handle everybody else holds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use acd::{AgentId, AgentState, Declined, Input, MediaKind, Presence, WorkId};
use futures::future::BoxFuture;
use kernel::App;
use kernel::audit::Who;
use kernel::problem::{self, Problem, Result};
use tokio::sync::{mpsc, oneshot};

use crate::medium::{DeviceKind, Medium, Work};

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

/// Where the floor learns who can take work; the capability `organization` is asked through it.
pub trait Directory: Send + Sync {
    /// Everybody who can take work.
    fn agents(&self) -> BoxFuture<'_, Result<Vec<AgentCard>>>;
    /// One of them; `None` when this user cannot.
    fn agent(&self, id: AgentId) -> BoxFuture<'_, Result<Option<AgentCard>>>;
}

/// May refuse the end of wrap-up: the record is not written yet (A-33, code `wrap_up_incomplete`).
pub trait WrapUpGate: Send + Sync {
    /// `Ok` when the work is written up.
    fn check(&self, work: WorkId) -> BoxFuture<'_, Result<()>>;
}

/// What the handle asks of the task.
pub(crate) enum Command {
    /// Something happened to agents or works.
    Input(Input, Notes, oneshot::Sender<Result<()>>),
}

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

/// The live floor. Cheap to clone; every method is answered by one task, in order.
#[derive(Clone)]
pub struct Floor {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub app: App,
    pub directory: Arc<dyn Directory>,
    pub gate: RwLock<Option<Arc<dyn WrapUpGate>>>,
    pub media: RwLock<BTreeMap<MediaKind, Arc<dyn Medium>>>,
    pub states: RwLock<BTreeMap<AgentId, AgentState>>,
    commands: mpsc::UnboundedSender<Command>,
    /// Taken by `start`.
    pub inbox: Mutex<Option<mpsc::UnboundedReceiver<Command>>>,
}

impl Floor {
    /// The handle of a floor that does not run yet; see `Floor::start`.
    pub fn new(app: &App, directory: Arc<dyn Directory>) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        Self {
            inner: Arc::new(Inner {
                app: app.clone(),
                directory,
                gate: RwLock::default(),
                media: RwLock::default(),
                states: RwLock::default(),
                commands,
                inbox: Mutex::new(Some(inbox)),
            }),
        }
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

    /// A requester waits. 409 `queue_unknown`, `already_offered`.
    pub async fn offer(&self, work: Work) -> Result<()> {
        let Work {
            id,
            media,
            queue,
            priority,
            preferred_agent,
            offered_at,
            subject,
        } = work;
        let work = acd::Work {
            id,
            media,
            queue,
            priority,
            preferred_agent,
            offered_at,
        };
        self.send(
            Input::Offer(work),
            Notes {
                subject,
                ..Notes::default()
            },
        )
        .await
    }

    /// The requester gave up. Nothing happens when the work is over already; when an agent has it,
    /// it ends.
    pub async fn withdraw(&self, work: WorkId) {
        self.tell(Input::Withdraw { work }).await;
    }

    /// The agent's device answered; for a work he began, the far end did. 409 `no_longer_offered`:
    /// hang that device leg up.
    pub async fn accepted(&self, work: WorkId, agent: AgentId) -> Result<()> {
        self.send(Input::Accepted { work, agent }, Notes::default())
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
        self.send(Input::Began { work, agent }, Notes::default())
            .await
    }

    /// The device that would ring for this agent now; `None` = none is registered.
    pub async fn reachable(&self, agent: AgentId, device: Option<DeviceKind>) {
        if let Err(problem) = self.know(agent).await {
            tracing::debug!(%agent, %problem, "a device of somebody who takes no work registered");
            return;
        }
        let reachable = device.is_some();
        let notes = Notes {
            device,
            ..Notes::default()
        };
        if let Err(problem) = self
            .send(Input::Reachable { agent, reachable }, notes)
            .await
        {
            tracing::debug!(%agent, %problem, "the floor did not hear of a device");
        }
    }

    /// The agent's state now, without asking the task; `SignedOut` for anybody else.
    pub fn state_of(&self, agent: AgentId) -> AgentState {
        let states = self
            .inner
            .states
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        states.get(&agent).copied().unwrap_or(AgentState::SignedOut)
    }

    /// The agent asks for a state; with work in hand it comes after wrap-up.
    pub async fn ask(
        &self,
        agent: AgentId,
        presence: Presence,
        reason: Option<String>,
    ) -> Result<()> {
        self.know(agent).await?;
        self.send(
            Input::Ask {
                agent,
                presence,
                reason,
            },
            Notes::default(),
        )
        .await
    }

    async fn know(&self, _agent: AgentId) -> Result<()> {
        Ok(())
    }

    /// Sends what may be late or repeated; a refusal then means there is nothing to do.
    async fn tell(&self, input: Input) {
        if let Err(problem) = self.send(input, Notes::default()).await {
            tracing::debug!(%problem, "the floor had nothing to do");
        }
    }

    async fn send(&self, input: Input, notes: Notes) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.inner
            .commands
            .send(Command::Input(input, notes, reply))
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

fn stopped() -> Problem {
    problem::unavailable("floor_stopped", "the floor does not run")
}
