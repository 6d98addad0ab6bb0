//! What agents choose, and what others choose for them.

use crate::agent::{Agent, By, InHand, Presence, Wish};
use crate::distributor::{Acd, Outcomes};
use crate::message::{Output, Refusal, RestoredWrapUp};
use crate::timer::Timer;
use crate::work::{AgentId, Declined};

impl Acd {
    pub(crate) fn agent(&mut self, id: AgentId) -> Result<&mut Agent, Refusal> {
        self.agents.get_mut(&id).ok_or(Refusal::AgentUnknown)
    }

    pub(crate) fn reachable(&mut self, id: AgentId, reachable: bool) -> Outcomes {
        let agent = self.agent(id)?;
        if agent.reachable == reachable {
            return Ok(());
        }
        agent.reachable = reachable;
        self.watch_device(id);
        let agent = self.agent(id)?;
        if let (false, Some(InHand::Ringing(work))) = (reachable, &agent.in_hand) {
            let work = *work;
            // The device is gone, not the person: he stays ready, and is asked again when it is back.
            self.stop_ringing(work, id);
            self.send_back(work, id, Declined::Unreachable);
            self.hand_empty(id, By::System);
        } else {
            self.settle(id);
        }
        Ok(())
    }

    /// Nobody is ready for calls without something they could ring at. With a call in hand the device may
    /// be on its way back.
    fn can_be(&mut self, id: AgentId, presence: Presence) -> Outcomes {
        let agent = self.agent(id)?;
        let becomes_ready = presence == Presence::Ready && agent.presence != Presence::Ready;
        if becomes_ready && !agent.reachable && agent.in_hand.is_none() {
            return Err(Refusal::NoDevice);
        }
        Ok(())
    }

    /// From now on a ready agent's device is missed, or not any more.
    fn watch_device(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get(&id) else {
            return;
        };
        if agent.reachable || agent.presence != Presence::Ready {
            self.timers.disarm(Timer::DeviceLost(id));
        } else {
            let at = self.now + self.settings.device_grace;
            self.timers.arm(Timer::DeviceLost(id), at);
        }
    }

    /// He would be counted as on post and nothing could ring: he goes on break. What he has in hand comes
    /// first, and with it the device may come back.
    pub(crate) fn device_lost(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get(&id) else {
            return;
        };
        if agent.occupied() {
            self.watch_device(id);
            return;
        }
        let wish = Wish {
            presence: Presence::Break,
            reason: Some("device_lost".to_owned()),
            by: By::System,
        };
        self.become_present(id, wish);
    }

    pub(crate) fn ask(
        &mut self,
        id: AgentId,
        presence: Presence,
        reason: Option<String>,
    ) -> Outcomes {
        self.can_be(id, presence)?;
        self.choose(
            id,
            Wish {
                presence,
                reason,
                by: By::Agent,
            },
        )
    }

    pub(crate) fn choose(&mut self, id: AgentId, wish: Wish) -> Outcomes {
        let agent = self.agent(id)?;
        let must_wait =
            agent.occupied() || (wish.presence == Presence::SignedOut && !agent.chats.is_empty());
        if must_wait {
            let same = agent.presence == wish.presence && agent.reason == wish.reason;
            agent.wish = (!same).then_some(wish);
            let presence = agent.wish.as_ref().map(|wish| wish.presence);
            self.out.push(Output::AgentWishes {
                agent: id,
                presence,
            });
            // Works kept for him must not wait for somebody who is leaving.
            self.settle(id);
        } else {
            self.become_present(id, wish);
        }
        Ok(())
    }

    pub(crate) fn become_present(&mut self, id: AgentId, wish: Wish) {
        let now = self.now;
        if let Some(agent) = self.agents.get_mut(&id) {
            if wish.presence == Presence::Ready && agent.presence != Presence::Ready {
                agent.idle_since = now;
            }
            agent.presence = wish.presence;
            agent.reason = wish.reason;
            agent.wish = None;
        }
        self.watch_device(id);
        self.tell(id, wish.by);
        self.settle(id);
    }

    pub(crate) fn force(
        &mut self,
        id: AgentId,
        presence: Presence,
        reason: Option<String>,
        by: AgentId,
    ) -> Outcomes {
        self.can_be(id, presence)?;
        let by = By::Lead(by);
        let wish = Wish {
            presence,
            reason,
            by,
        };
        let now = self.now;
        let agent = self.agent(id)?;
        match agent.in_hand.clone() {
            Some(InHand::Talking(_) | InHand::Held(_) | InHand::Dialling(_)) => {
                return self.choose(id, wish);
            }
            Some(InHand::Ringing(work)) => {
                agent.wish = Some(wish.clone());
                self.stop_ringing(work, id);
                self.send_back(work, id, Declined::AgentLeft);
            }
            Some(InHand::WrapUp(wrap_up)) => {
                let mut owed = vec![wrap_up.work];
                owed.extend(agent.suspended.drain(..).map(|(wrap_up, _)| wrap_up.work));
                agent.in_hand = None;
                agent.idle_since = now;
                self.timers.disarm(Timer::WrapUp(id));
                for work in owed {
                    self.out.push(Output::WrapUpExpired { work, agent: id });
                }
            }
            None => {}
        }
        // What goes back must not come to him again.
        self.unlist(id);
        let agent = self.agent(id)?;
        if let Some(chat) = agent.chat_ringing {
            agent.wish = Some(wish.clone());
            self.stop_ringing(chat, id);
            self.send_back(chat, id, Declined::AgentLeft);
        }
        let agent = self.agent(id)?;
        if presence == Presence::SignedOut {
            // The agent is not coming back to his chats; their requesters are.
            agent.wish = Some(wish.clone());
            for chat in std::mem::take(&mut agent.chats) {
                self.send_back(chat, id, Declined::AgentLeft);
            }
        }
        self.become_present(id, wish);
        Ok(())
    }

    pub(crate) fn restore(
        &mut self,
        id: AgentId,
        presence: Presence,
        reason: Option<String>,
        wrap_up: Option<RestoredWrapUp>,
    ) -> Outcomes {
        let now = self.now;
        let agent = self.agent(id)?;
        if agent.presence != Presence::SignedOut || agent.occupied() {
            return Ok(());
        }
        agent.presence = presence;
        agent.reason = reason;
        agent.idle_since = now;
        self.watch_device(id);
        if let Some(restored) = wrap_up {
            let mut wrap_up = self.wrap_up_rules(restored.work, restored.queue);
            wrap_up.extensions = restored.extensions;
            if let Some(ends_at) = restored.ends_at {
                wrap_up.ends_at = ends_at;
                self.timers.arm(Timer::WrapUp(id), ends_at);
                if let Some(agent) = self.agents.get_mut(&id) {
                    agent.in_hand = Some(InHand::WrapUp(wrap_up));
                }
            } else {
                self.begin_wrap_up(id, wrap_up);
            }
        }
        self.tell(id, By::System);
        self.settle(id);
        Ok(())
    }

    /// The state asked for comes if nothing is in its way; then the agent's state is told.
    pub(crate) fn grant_wish(&mut self, id: AgentId, by: By) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let granted = agent.wish.take_if(|wish| {
            agent.in_hand.is_none()
                && agent.chat_ringing.is_none()
                && (wish.presence != Presence::SignedOut || agent.chats.is_empty())
        });
        if let Some(wish) = granted {
            self.become_present(id, wish);
        } else {
            self.tell(id, by);
            self.settle(id);
        }
    }

    /// Tells the agent's state if it is not the one told last.
    pub(crate) fn tell(&mut self, id: AgentId, by: By) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let state = agent.state();
        let reason = if agent.in_hand.is_none() {
            agent.reason.clone()
        } else {
            None
        };
        if state == agent.shown && reason == agent.shown_reason {
            return;
        }
        let output = Output::AgentChanged {
            agent: id,
            from: agent.shown,
            to: state,
            reason: reason.clone(),
            work: agent.in_hand.as_ref().map(InHand::work),
            by,
        };
        agent.shown = state;
        agent.shown_reason = reason;
        agent.since = now;
        self.out.push(output);
    }
}
