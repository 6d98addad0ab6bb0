//! What people do on the floor: states, wrap-up, and who may take work at all.

use std::sync::PoisonError;
use std::time::Duration;

use acd::{AgentId, AgentState, Input, Presence};
use kernel::Clock;
use kernel::audit::Who;
use kernel::problem::{Result, refused};

use super::Floor;
use crate::agent_state::store as agents;
use crate::task::Notes;

/// How long the work gate is waited for: what does not answer closes no desk.
const PATIENCE: Duration = Duration::from_secs(1);

impl Floor {
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
}
