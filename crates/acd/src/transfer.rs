//! A work that goes from one agent to another, and a wait that becomes a call-back. One work keeps one id.

use crate::agent::{By, InHand};
use crate::distributor::{Acd, Outcomes};
use crate::message::{Output, PassTo, Refusal};
use crate::queue::Place;
use crate::timer::Timer;
use crate::work::{AgentId, Item, MediaKind, Outcome, Stage, Work, WorkId};

impl Acd {
    /// The agent lets go; the requester waits at the head, for he waited before.
    pub(crate) fn pass(&mut self, id: WorkId, to: PassTo) -> Outcomes {
        let item = self.items.get(&id).ok_or(Refusal::WorkUnknown)?;
        let (media, before) = (item.media, item.queue);
        let from = match item.stage {
            Stage::Active { agent } if !item.consult => agent,
            _ => return Err(Refusal::NotTalking),
        };
        let (index, named) = match to {
            PassTo::Queue(code) => {
                let index = self.codes.get(&code).ok_or(Refusal::QueueUnknown)?;
                (*index, None)
            }
            PassTo::Agent(to) => {
                let usual = self.codes.get(&self.settings.default_queue).copied();
                let index = before.or(usual).ok_or(Refusal::QueueUnknown)?;
                let agent = self.agent(to)?;
                if to == from || !agent.on_duty(media) || !agent.serves(index, 0) {
                    return Err(Refusal::AgentNotFree);
                }
                (index, Some(to))
            }
        };
        self.out.push(Output::Passed {
            work: id,
            from,
            queue: self.lines[index].queue.code.clone(),
            to: named,
        });
        // He is busy writing, or passed over, before anybody is looked for.
        self.part_over(id, from, media, self.code(before));
        let now = self.now;
        let line = &mut self.lines[index];
        let give_up_at = now + line.queue.max_wait;
        line.lane_mut(media).unanswered.insert((now, id));
        if let Some(item) = self.items.get_mut(&id) {
            item.queue = Some(index);
            item.stage = Stage::Waiting;
            item.offered_at = now;
            item.give_up_at = give_up_at;
            item.preferred = named;
            item.passed = true;
            item.skipped.insert(from);
            let skip = Timer::Skip(item.place, id, from);
            self.timers.arm(skip, now + self.settings.skip_for);
        }
        self.timers.arm(Timer::MaxWait(id), give_up_at);
        self.set_tier(id);
        self.seek(id);
        Ok(())
    }

    pub(crate) fn consult(&mut self, id: WorkId, agent: AgentId) -> Outcomes {
        if self.items.contains_key(&id) {
            return Err(Refusal::AlreadyOffered);
        }
        self.free_hand(agent)?;
        self.dials(id, agent);
        if let Some(item) = self.items.get_mut(&id) {
            item.consult = true;
            let ring = Timer::Ring(item.place, id);
            self.timers.arm(ring, self.now + self.settings.consult_ring);
        }
        self.tell(agent, By::Work);
        self.settle(agent);
        Ok(())
    }

    /// Nobody is counted as waiting for it: the requester talks to somebody already.
    pub(crate) fn consult_queue(&mut self, id: WorkId, about: WorkId, queue: &str) -> Outcomes {
        let index = *self.codes.get(queue).ok_or(Refusal::QueueUnknown)?;
        if self.items.contains_key(&id) {
            return Err(Refusal::AlreadyOffered);
        }
        let item = self.items.get(&about).ok_or(Refusal::WorkUnknown)?;
        let place = match item.stage {
            Stage::Active { .. } if !item.consult && item.media == MediaKind::Voice => item.place,
            _ => return Err(Refusal::NotTalking),
        };
        let give_up_at = self.now + self.lines[index].queue.max_wait;
        self.timers.arm(Timer::MaxWait(id), give_up_at);
        let item = Item {
            give_up_at,
            consult: true,
            ..Item::new(MediaKind::Voice, Some(index), place, self.now)
        };
        self.items.insert(id, item);
        self.set_tier(id);
        self.seek(id);
        Ok(())
    }

    pub(crate) fn hand_over(
        &mut self,
        id: WorkId,
        consult: Option<WorkId>,
        to: AgentId,
    ) -> Outcomes {
        let item = self.items.get(&id).ok_or(Refusal::WorkUnknown)?;
        let (media, queue) = (item.media, self.code(item.queue));
        let from = match item.stage {
            Stage::Active { agent } if !item.consult && media == MediaKind::Voice => agent,
            _ => return Err(Refusal::NotTalking),
        };
        if from == to {
            return Err(Refusal::AgentBusy);
        }
        let mut to_queue = None;
        if let Some(consult) = consult {
            let asked = self.items.get(&consult).ok_or(Refusal::WorkUnknown)?;
            if !asked.consult || asked.stage != (Stage::Active { agent: to }) {
                return Err(Refusal::NotTalking);
            }
            to_queue = asked.queue;
            self.clear_hand(consult, to);
            self.finish(consult, Outcome::Answered, Some(to));
        } else {
            self.free_hand(to)?;
        }
        let agent = self.agent(to)?;
        // Else he talks in another call already; this one is booked beside it.
        agent.in_hand.get_or_insert(InHand::Talking(id));
        if let Some(item) = self.items.get_mut(&id) {
            item.stage = Stage::Active { agent: to };
            // Announced to a queue, it is that queue's from now on.
            item.queue = to_queue.or(item.queue);
        }
        self.out.push(Output::HandedOver {
            work: id,
            from,
            to,
            queue: queue.clone(),
        });
        self.part_over(id, from, media, queue);
        self.tell(to, By::Work);
        self.settle(to);
        Ok(())
    }

    /// The call-back gets a full longest wait of its own, for nobody holds the line meanwhile.
    pub(crate) fn keep_place(&mut self, old: WorkId, new: &Work) -> Outcomes {
        let index = *self.codes.get(&new.queue).ok_or(Refusal::QueueUnknown)?;
        if self.items.contains_key(&new.id) {
            return Err(Refusal::AlreadyOffered);
        }
        let item = self.items.get(&old).ok_or(Refusal::WorkUnknown)?;
        let (place, since) = (item.place, item.offered_at);
        let rung = match item.stage {
            Stage::Waiting | Stage::Reserved { .. } => None,
            Stage::Ringing { agent, .. } => Some(agent),
            Stage::Dialling { .. } | Stage::Active { .. } => return Err(Refusal::NotWaiting),
        };
        if let Some(agent) = rung {
            self.stop_ringing(old, agent);
            self.clear_hand(old, agent);
        }
        self.finish(old, Outcome::Callback, None);
        let line = &mut self.lines[index];
        let give_up_at = self.now + line.queue.max_wait;
        line.lane_mut(new.media).unanswered.insert((since, new.id));
        self.out.push(Output::Queued {
            work: new.id,
            queue: new.queue.clone(),
        });
        self.timers.arm(Timer::MaxWait(new.id), give_up_at);
        let item = Item {
            give_up_at,
            preferred: new.preferred_agent,
            ..Item::new(new.media, Some(index), place, since)
        };
        self.items.insert(new.id, item);
        self.set_tier(new.id);
        self.seek(new.id);
        if let Some(agent) = rung {
            self.hand_empty(agent, By::Work);
        }
        Ok(())
    }

    /// Its place is worked out as when its requester began to wait.
    pub(crate) fn resume_place(&mut self, work: &Work) -> Outcomes {
        let index = *self.codes.get(&work.queue).ok_or(Refusal::QueueUnknown)?;
        if self.items.contains_key(&work.id) {
            return Err(Refusal::AlreadyOffered);
        }
        let since = work.offered_at.min(self.now);
        let line = &mut self.lines[index];
        let priority = i64::from(line.queue.priority) + i64::from(work.priority);
        self.seq += 1;
        let place = Place::new(since, priority, self.settings.priority_step, self.seq);
        let give_up_at = self.now + line.queue.max_wait;
        line.lane_mut(work.media)
            .unanswered
            .insert((since, work.id));
        self.timers.arm(Timer::MaxWait(work.id), give_up_at);
        let item = Item {
            give_up_at,
            ..Item::new(work.media, Some(index), place, since)
        };
        self.items.insert(work.id, item);
        self.set_tier(work.id);
        self.seek(work.id);
        Ok(())
    }
}
