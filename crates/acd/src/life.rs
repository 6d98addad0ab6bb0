//! The life of a work: offered, taken or given back, held, over.

use chrono::{DateTime, Utc};

use crate::agent::{By, InHand, Presence, Wish};
use crate::distributor::{Acd, Outcomes};
use crate::message::{Output, Refusal};
use crate::queue::{NoAnswer, Place};
use crate::timer::Timer;
use crate::work::{AgentId, Declined, Item, MediaKind, Outcome, Stage, Work, WorkId};

impl Acd {
    pub(crate) fn offer(&mut self, work: Work) -> Outcomes {
        let index = *self.codes.get(&work.queue).ok_or(Refusal::QueueUnknown)?;
        if self.items.contains_key(&work.id) {
            return Err(Refusal::AlreadyOffered);
        }
        let offered_at = work.offered_at.min(self.now);
        let line = &mut self.lines[index];
        let priority = i64::from(line.queue.priority) + i64::from(work.priority);
        self.seq += 1;
        let place = Place::new(offered_at, priority, self.settings.priority_step, self.seq);
        let give_up_at = offered_at + line.queue.max_wait;
        line.lane_mut(work.media)
            .unanswered
            .insert((offered_at, work.id));
        self.out.push(Output::Queued {
            work: work.id,
            queue: work.queue,
        });
        self.timers.arm(Timer::MaxWait(work.id), give_up_at);
        self.items.insert(
            work.id,
            Item {
                give_up_at,
                preferred: work.preferred_agent,
                ..Item::new(work.media, Some(index), place, offered_at)
            },
        );
        self.set_tier(work.id);
        self.seek(work.id);
        Ok(())
    }

    /// The requester left, or the conversation ended: which of the two the stage tells.
    pub(crate) fn over(&mut self, id: WorkId, at: Option<DateTime<Utc>>) -> Outcomes {
        let item = self.items.get(&id).ok_or(Refusal::WorkUnknown)?;
        match item.stage {
            Stage::Waiting | Stage::Reserved { .. } => {
                let outcome = self.abandoned(id, at);
                self.finish(id, outcome, None);
            }
            Stage::Ringing { agent, .. } => {
                let outcome = self.abandoned(id, at);
                self.stop_ringing(id, agent);
                self.clear_hand(id, agent);
                self.finish(id, outcome, None);
                self.hand_empty(agent, By::Work);
            }
            Stage::Dialling { agent } => self.not_begun(id, agent),
            Stage::Active { agent } => self.active_over(id, agent, Outcome::Answered),
        }
        Ok(())
    }

    /// Nobody is looked for any more; who is rung just now is free again.
    pub(crate) fn give_up(&mut self, id: WorkId) -> Outcomes {
        match self.items.get(&id).ok_or(Refusal::WorkUnknown)?.stage {
            Stage::Waiting | Stage::Reserved { .. } => {
                self.finish(id, Outcome::NoAgentAnswer, None);
            }
            Stage::Ringing { agent, .. } => {
                self.stop_ringing(id, agent);
                self.clear_hand(id, agent);
                self.finish(id, Outcome::NoAgentAnswer, None);
                self.hand_empty(agent, By::Work);
            }
            Stage::Dialling { .. } | Stage::Active { .. } => return Err(Refusal::NotWaiting),
        }
        Ok(())
    }

    /// The far end did not answer. He was on break before he dialled: he is on break again.
    fn not_begun(&mut self, id: WorkId, agent: AgentId) {
        self.clear_hand(id, agent);
        self.finish(id, Outcome::Unanswered, Some(agent));
        self.hand_empty(agent, By::Work);
    }

    /// The server stops: what nobody took ends, a talk that was cut off has to be written up.
    pub(crate) fn interrupt(&mut self, id: WorkId) -> Outcomes {
        let stage = self.items.get(&id).ok_or(Refusal::WorkUnknown)?.stage;
        match stage {
            Stage::Active { agent } => self.active_over(id, agent, Outcome::Interrupted),
            Stage::Waiting | Stage::Reserved { .. } => self.finish(id, Outcome::Interrupted, None),
            Stage::Ringing { agent, .. } | Stage::Dialling { agent } => {
                if matches!(stage, Stage::Ringing { .. }) {
                    self.stop_ringing(id, agent);
                }
                self.clear_hand(id, agent);
                let dialled = matches!(stage, Stage::Dialling { .. }).then_some(agent);
                self.finish(id, Outcome::Interrupted, dialled);
                self.hand_empty(agent, By::Work);
            }
        }
        Ok(())
    }

    /// The two talk: the work becomes this agent's from wherever it is.
    pub(crate) fn adopt(&mut self, work: &Work, by: AgentId) -> Outcomes {
        let id = work.id;
        self.agent(by)?;
        match self.items.get(&id).map(|item| item.stage) {
            Some(Stage::Active { agent }) if agent == by => return Ok(()),
            Some(Stage::Ringing { agent, .. }) if agent == by => return self.accepted(id, by),
            Some(Stage::Active { .. } | Stage::Dialling { .. }) => {
                return Err(Refusal::NoLongerOffered);
            }
            Some(Stage::Ringing { agent, .. }) => {
                self.stop_ringing(id, agent);
                self.clear_hand(id, agent);
                self.empty_hands_of(by, work.media);
                self.stand(id, by);
                self.hand_empty(agent, By::Work);
            }
            Some(Stage::Waiting | Stage::Reserved { .. }) => {
                self.unlist_waiting(id);
                self.empty_hands_of(by, work.media);
                self.stand(id, by);
            }
            None => {
                let index = *self.codes.get(&work.queue).ok_or(Refusal::QueueUnknown)?;
                self.seq += 1;
                let place = Place::new(work.offered_at, 0, self.settings.priority_step, self.seq);
                let since = work.offered_at.min(self.now);
                self.items
                    .insert(id, Item::new(work.media, Some(index), place, since));
                self.empty_hands_of(by, work.media);
                self.stand(id, by);
            }
        }
        self.accepted(id, by)
    }

    /// As if it rang at the agent, for `accepted` to take it from there.
    fn stand(&mut self, id: WorkId, by: AgentId) {
        let until = self.now;
        if let Some(item) = self.items.get_mut(&id) {
            item.stage = Stage::Ringing { agent: by, until };
        }
        // He was put on break for letting it ring, which he did not.
        if let Some(agent) = self.agents.get_mut(&by)
            && agent.presence == Presence::Break
            && agent.reason.as_deref() == Some(Declined::NoAnswer.as_str())
        {
            agent.presence = Presence::Ready;
            agent.reason = None;
        }
    }

    /// What rings at an agent who talks goes to the next; a wrap-up waits.
    fn empty_hands_of(&mut self, by: AgentId, media: MediaKind) {
        // A chat fills a slot and leaves the hand alone.
        if media == MediaKind::Chat {
            return;
        }
        self.unlist(by);
        let now = self.now;
        let Some(agent) = self.agents.get_mut(&by) else {
            return;
        };
        match agent.in_hand.take() {
            Some(InHand::WrapUp(wrap_up)) => {
                agent.suspended.push((wrap_up, now));
                self.timers.disarm(Timer::WrapUp(by));
            }
            Some(InHand::Ringing(other)) => {
                agent.in_hand = Some(InHand::Ringing(other));
                self.stop_ringing(other, by);
                self.send_back(other, by, Declined::Busy);
            }
            // Two talks at once: the second is booked, the first stays in hand.
            other => agent.in_hand = other,
        }
    }

    /// Whether a wait that ended at `at` (now, unless it was told late) was short.
    fn abandoned(&self, id: WorkId, at: Option<DateTime<Utc>>) -> Outcome {
        let short = self.items.get(&id).is_some_and(|item| {
            let until = at.unwrap_or(self.now).min(self.now);
            let waited = (until - item.offered_at).to_std().unwrap_or_default();
            // Who was answered and passed on gave up nothing short.
            !item.passed
                && item
                    .queue
                    .is_some_and(|index| waited <= self.lines[index].queue.short_abandon)
        });
        if short {
            Outcome::ShortAbandoned
        } else {
            Outcome::Abandoned
        }
    }

    pub(crate) fn active_over(&mut self, id: WorkId, agent: AgentId, outcome: Outcome) {
        let Some(item) = self.items.get(&id) else {
            return;
        };
        let (media, queue) = (item.media, self.code(item.queue));
        let consult = item.consult;
        self.finish(id, outcome, Some(agent));
        if consult {
            self.clear_hand(id, agent);
            self.hand_empty(agent, By::Work);
        } else {
            self.part_over(id, agent, media, queue);
        }
    }

    /// The agent has the work no longer, and writes it up.
    pub(crate) fn part_over(
        &mut self,
        id: WorkId,
        agent: AgentId,
        media: MediaKind,
        queue: Option<String>,
    ) {
        // A talk beside the one in hand has no wrap-up of its own: its record is owed.
        let beside = self
            .agents
            .get(&agent)
            .is_some_and(|agent| matches!(&agent.in_hand, Some(hand) if hand.work() != id));
        match media {
            MediaKind::Voice if beside => {
                self.out.push(Output::WrapUpExpired { work: id, agent });
            }
            MediaKind::Voice => {
                let wrap_up = self.wrap_up_rules(id, queue);
                self.begin_wrap_up(agent, wrap_up);
                self.tell(agent, By::Work);
            }
            MediaKind::Chat => {
                let now = self.now;
                if let Some(held_by) = self.agents.get_mut(&agent) {
                    held_by.chats.remove(&id);
                    held_by.idle_since = now;
                }
                self.grant_wish(agent, By::Work);
            }
        }
    }

    pub(crate) fn accepted(&mut self, id: WorkId, by: AgentId) -> Outcomes {
        let item = self.items.get_mut(&id).ok_or(Refusal::NoLongerOffered)?;
        match item.stage {
            Stage::Ringing { agent, .. } | Stage::Dialling { agent } if agent == by => {}
            Stage::Active { agent } if agent == by => return Ok(()),
            _ => return Err(Refusal::NoLongerOffered),
        }
        item.stage = Stage::Active { agent: by };
        let (media, queue, offered_at) = (item.media, item.queue, item.offered_at);
        self.disarm_all(id);
        if let Some(index) = queue {
            self.lines[index]
                .lane_mut(media)
                .unanswered
                .remove(&(offered_at, id));
        }
        let wait = self.waited(offered_at);
        let in_time = queue.is_none_or(|i| wait <= self.lines[i].queue.service_level);
        self.out.push(Output::Accepted {
            work: id,
            agent: by,
            queue: self.code(queue),
            wait,
            in_time,
        });
        let agent = self.agent(by)?;
        match media {
            MediaKind::Voice => {
                if !matches!(agent.in_hand, Some(InHand::Talking(_) | InHand::Held(_))) {
                    agent.in_hand = Some(InHand::Talking(id));
                }
                self.tell(by, By::Work);
            }
            MediaKind::Chat => {
                agent.chat_ringing.take_if(|ringing| *ringing == id);
                agent.chats.insert(id);
                self.grant_wish(by, By::Work);
            }
        }
        Ok(())
    }

    pub(crate) fn declined(&mut self, id: WorkId, by: AgentId, why: Declined) {
        let rings = self
            .items
            .get(&id)
            .is_some_and(|item| matches!(item.stage, Stage::Ringing { agent, .. } if agent == by));
        if rings {
            self.not_taken(id, by, why);
        }
    }

    pub(crate) fn ring_timed_out(&mut self, id: WorkId) {
        match self.items.get(&id).map(|item| item.stage) {
            Some(Stage::Ringing { agent, .. }) => {
                self.stop_ringing(id, agent);
                self.not_taken(id, agent, Declined::NoAnswer);
            }
            // Only a colleague who is asked has a limit here.
            Some(Stage::Dialling { agent }) => self.not_begun(id, agent),
            _ => {}
        }
    }

    /// The agent did not take what rang: the work goes back, and the queue's rule goes for him.
    pub(crate) fn not_taken(&mut self, id: WorkId, by: AgentId, why: Declined) {
        let rule = self
            .items
            .get(&id)
            .and_then(|item| item.queue)
            .map_or(NoAnswer::Break, |index| self.lines[index].queue.no_answer);
        match rule {
            NoAnswer::Break => {
                if let Some(agent) = self
                    .agents
                    .get_mut(&by)
                    .filter(|agent| agent.wish.is_none())
                {
                    agent.wish = Some(Wish {
                        presence: Presence::Break,
                        reason: Some(why.as_str().to_owned()),
                        by: By::System,
                    });
                }
            }
            NoAnswer::Skip => {
                if let Some(item) = self.items.get_mut(&id) {
                    item.skipped.insert(by);
                    self.timers.arm(
                        Timer::Skip(item.place, id, by),
                        self.now + self.settings.skip_for,
                    );
                }
            }
        }
        self.send_back(id, by, why);
        self.hand_empty(by, By::System);
    }

    pub(crate) fn hold(&mut self, id: WorkId, held: bool) -> Outcomes {
        let item = self.items.get(&id).ok_or(Refusal::WorkUnknown)?;
        let Stage::Active { agent: by } = item.stage else {
            return Err(Refusal::NotTalking);
        };
        let agent = self.agent(by)?;
        match agent.in_hand {
            Some(InHand::Talking(work) | InHand::Held(work)) if work == id => {
                agent.in_hand = Some(if held {
                    InHand::Held(id)
                } else {
                    InHand::Talking(id)
                });
            }
            _ => return Err(Refusal::NotTalking),
        }
        self.tell(by, By::Work);
        Ok(())
    }

    pub(crate) fn began(&mut self, id: WorkId, by: AgentId) -> Outcomes {
        if self.items.contains_key(&id) {
            return Err(Refusal::AlreadyOffered);
        }
        self.free_hand(by)?;
        self.dials(id, by);
        self.tell(by, By::Agent);
        self.settle(by);
        Ok(())
    }

    /// Makes the agent's hand empty for a call that is not the distributor's: a wrap-up stands still.
    pub(crate) fn free_hand(&mut self, by: AgentId) -> Outcomes {
        let now = self.now;
        let agent = self.agent(by)?;
        if agent.presence == Presence::SignedOut {
            return Err(Refusal::AgentSignedOut);
        }
        if agent.chat_ringing.is_some() {
            return Err(Refusal::AgentBusy);
        }
        match agent.in_hand.take() {
            None => {}
            Some(InHand::WrapUp(wrap_up)) => {
                agent.suspended.push((wrap_up, now));
                self.timers.disarm(Timer::WrapUp(by));
            }
            busy => {
                agent.in_hand = busy;
                return Err(Refusal::AgentBusy);
            }
        }
        Ok(())
    }

    /// A call that rings without the distributor is in this agent's hand.
    pub(crate) fn dials(&mut self, id: WorkId, by: AgentId) {
        if let Some(agent) = self.agents.get_mut(&by) {
            agent.in_hand = Some(InHand::Dialling(id));
        }
        self.seq += 1;
        let place = Place::new(self.now, 0, self.settings.priority_step, self.seq);
        let item = Item {
            stage: Stage::Dialling { agent: by },
            ..Item::new(MediaKind::Voice, None, place, self.now)
        };
        self.items.insert(id, item);
    }

    pub(crate) fn stop_ringing(&mut self, work: WorkId, agent: AgentId) {
        let media = self
            .items
            .get(&work)
            .map_or(MediaKind::Voice, |item| item.media);
        self.out.push(Output::StopRinging { work, agent, media });
    }

    /// Takes a work out of the agent's hands without saying what comes next for him.
    pub(crate) fn clear_hand(&mut self, work: WorkId, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        if agent
            .in_hand
            .as_ref()
            .is_some_and(|hand| hand.work() == work)
        {
            agent.in_hand = None;
        }
        agent.chat_ringing.take_if(|chat| *chat == work);
        agent.chats.remove(&work);
    }

    /// Puts a work an agent had back in its place; the next agent may be rung at once.
    pub(crate) fn send_back(&mut self, id: WorkId, from: AgentId, why: Declined) {
        self.clear_hand(id, from);
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        self.timers.disarm(Timer::Ring(item.place, id));
        item.stage = Stage::Waiting;
        let (media, queue, consult) = (item.media, item.queue, item.consult);
        let (offered_at, give_up_at) = (item.offered_at, item.give_up_at);
        if let Some(index) = queue {
            let line = &mut self.lines[index];
            if !consult {
                line.lane_mut(media).unanswered.insert((offered_at, id));
            }
            let queue = line.queue.code.clone();
            self.out.push(Output::Returned {
                work: id,
                agent: from,
                queue,
                why,
            });
        }
        if give_up_at <= self.now {
            self.finish(id, Outcome::NoAgentAnswer, None);
            return;
        }
        self.timers.arm(Timer::MaxWait(id), give_up_at);
        self.set_tier(id);
        self.seek(id);
    }
}
