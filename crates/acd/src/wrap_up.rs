//! Wrap-up (后处理): how long, how often longer, and what comes after.

use chrono::TimeDelta;

use crate::agent::{By, InHand, WrapUp};
use crate::distributor::{Acd, Outcomes};
use crate::message::{Output, Refusal};
use crate::timer::Timer;
use crate::work::{AgentId, WorkId};

impl Acd {
    pub(crate) fn wrap_up_rules(&self, work: WorkId, queue: Option<String>) -> WrapUp {
        let line = queue
            .as_ref()
            .and_then(|code| self.codes.get(code))
            .map(|i| &self.lines[*i]);
        let (extension, max_extensions) = match line {
            Some(line) => (line.queue.wrap_up, line.queue.max_extensions),
            None => (self.settings.own_wrap_up, self.settings.own_max_extensions),
        };
        let ends_at = self.now + extension;
        WrapUp {
            work,
            queue,
            ends_at,
            extensions: 0,
            max_extensions,
            extension,
        }
    }

    pub(crate) fn begin_wrap_up(&mut self, id: AgentId, wrap_up: WrapUp) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        // He had this work before and still wrote that up: one record, one wrap-up.
        agent
            .suspended
            .retain(|(before, _)| before.work != wrap_up.work);
        self.timers.arm(Timer::WrapUp(id), wrap_up.ends_at);
        self.out.push(Output::WrapUpBegan {
            work: wrap_up.work,
            agent: id,
            queue: wrap_up.queue.clone(),
            ends_at: wrap_up.ends_at,
        });
        agent.in_hand = Some(InHand::WrapUp(wrap_up));
    }

    pub(crate) fn end_wrap_up(&mut self, id: AgentId, work: WorkId) -> Outcomes {
        let agent = self.agent(id)?;
        if !matches!(&agent.in_hand, Some(InHand::WrapUp(wrap_up)) if wrap_up.work == work) {
            return Err(Refusal::NotInWrapUp);
        }
        self.timers.disarm(Timer::WrapUp(id));
        self.wrap_up_over(id, true, By::Agent);
        Ok(())
    }

    pub(crate) fn extend_wrap_up(&mut self, id: AgentId) -> Outcomes {
        let agent = self.agent(id)?;
        let Some(InHand::WrapUp(wrap_up)) = &mut agent.in_hand else {
            return Err(Refusal::NotInWrapUp);
        };
        if wrap_up.extensions >= wrap_up.max_extensions {
            return Err(Refusal::NoExtensionLeft);
        }
        wrap_up.extensions += 1;
        wrap_up.ends_at += wrap_up.extension;
        let (work, ends_at, extensions) = (wrap_up.work, wrap_up.ends_at, wrap_up.extensions);
        self.timers.arm(Timer::WrapUp(id), ends_at);
        self.out.push(Output::WrapUpExtended {
            work,
            agent: id,
            ends_at,
            extensions,
        });
        Ok(())
    }

    pub(crate) fn wrap_up_over(&mut self, id: AgentId, written: bool, by: By) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let Some(InHand::WrapUp(wrap_up)) = agent.in_hand.take() else {
            return;
        };
        agent.idle_since = now;
        let work = wrap_up.work;
        self.out.push(if written {
            Output::WrapUpEnded { work, agent: id }
        } else {
            Output::WrapUpExpired { work, agent: id }
        });
        self.hand_empty(id, by);
    }

    /// Nothing is in hand any more: a wrap-up set aside goes on, else the state asked for comes.
    pub(crate) fn hand_empty(&mut self, id: AgentId, by: By) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        if agent.in_hand.is_none()
            && let Some((mut wrap_up, stopped_at)) = agent.suspended.pop()
        {
            // No shorter than it was when it stopped: the call in between was work, not writing.
            wrap_up.ends_at = now + (wrap_up.ends_at - stopped_at).max(TimeDelta::zero());
            self.timers.arm(Timer::WrapUp(id), wrap_up.ends_at);
            self.out.push(Output::WrapUpExtended {
                work: wrap_up.work,
                agent: id,
                ends_at: wrap_up.ends_at,
                extensions: wrap_up.extensions,
            });
            agent.in_hand = Some(InHand::WrapUp(wrap_up));
        }
        self.grant_wish(id, by);
    }
}
