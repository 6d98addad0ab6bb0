//! What a medium tells the floor of its works, and asks of it.

use acd::{AgentId, Declined, Input, PassTo, WorkId};
use chrono::{DateTime, Utc};
use kernel::problem::Result;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Floor;
use crate::board::Position;
use crate::medium::{DeviceKind, Work};
use crate::task::Notes;

impl Floor {
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
    /// owed a call, as after the longest wait; [`Medium::give_up`](crate::Medium::give_up) follows. Nothing happens when an agent has him.
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
