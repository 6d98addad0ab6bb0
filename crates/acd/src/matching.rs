//! Who gets which work.
//!
//! Between two inputs this always holds: a free agent stands in the free list of each queue he
//! serves, and no work waits in those queues that he could take (only works he is passed over for).
//! So a new work needs only the head of a free list, and a freed agent only the heads of his
//! queues: nothing is scanned.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::agent::{By, FreeKey, InHand};
use crate::distributor::Acd;
use crate::message::Output;
use crate::queue::Place;
use crate::timer::Timer;
use crate::work::{AgentId, Declined, MediaKind, Outcome, Stage, WorkId};

impl Acd {
    /// Finds an agent for a work that stands nowhere yet, or lets it wait.
    pub(crate) fn seek(&mut self, id: WorkId) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        let Some(index) = item.queue else { return };
        let (media, place, tier) = (item.media, item.place, item.tier);
        if let Some(preferred) = item.preferred.take()
            && let Some(agent) = self.agents.get_mut(&preferred)
        {
            if agent.is_listed(index, media, tier) {
                self.ring(id, preferred);
                return;
            }
            let wait = self.lines[index].queue.preferred_wait;
            if agent.on_duty(media) && agent.serves(index, tier) && !wait.is_zero() {
                let until = self.now + wait;
                agent.reserved.insert((place, id));
                item.stage = Stage::Reserved {
                    agent: preferred,
                    until,
                };
                self.timers.arm(Timer::Reserve(place, id), until);
                return;
            }
        }
        let lane = self.lines[index].lane(media);
        let item = &self.items[&id];
        let chosen = lane
            .free
            .iter()
            .take_while(|key| key.tier <= tier)
            .find(|key| !item.skipped.contains(&key.agent));
        if let Some(agent) = chosen.map(|key| key.agent) {
            self.ring(id, agent);
        } else {
            self.lines[index].lane_mut(media).wait(tier, place, id);
        }
    }

    /// Says how far the wait so far has opened the queue for a work, and when it opens more.
    pub(crate) fn set_tier(&mut self, id: WorkId) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        let Some(index) = item.queue else { return };
        let before = item.tier;
        let waited = (self.now - item.offered_at).to_std().unwrap_or_default();
        let line = &mut self.lines[index];
        let (tier, next) = line.tier_after(waited);
        item.tier = tier;
        let timer = Timer::Widen(item.place, id);
        match next {
            Some(after) if !matches!(item.stage, Stage::Active { .. }) => {
                self.timers.arm(timer, item.offered_at + after);
            }
            _ => self.timers.disarm(timer),
        }
        if item.stage == Stage::Waiting && tier != before {
            let lane = line.lane_mut(item.media);
            let stood = lane.waiting.get(&before);
            if stood.is_some_and(|works| works.contains(&(item.place, id))) {
                lane.wait_no_more(before, item.place, id);
                lane.wait(tier, item.place, id);
            }
        }
    }

    /// It waited long enough for more agents to serve it.
    pub(crate) fn widened(&mut self, id: WorkId) {
        self.set_tier(id);
        let Some(item) = self.items.get(&id) else {
            return;
        };
        // A ring goes on, and who waits for one agent waits for him.
        if item.stage == Stage::Waiting {
            self.unlist_waiting(id);
            self.seek(id);
        }
    }

    /// Gives an agent whose circumstances changed the work that waited longest for somebody like
    /// him, or lists him as free.
    pub(crate) fn settle(&mut self, id: AgentId) {
        self.unlist(id);
        self.release_reserved(id);
        let Some(agent) = self.agents.get(&id) else {
            return;
        };
        if !MediaKind::ALL
            .into_iter()
            .any(|media| agent.free_for(media))
        {
            return;
        }
        if let Some((_, work)) = self.next_for(id) {
            self.ring(work, id);
        } else {
            self.list(id);
        }
    }

    fn next_for(&self, id: AgentId) -> Option<(Place, WorkId)> {
        let agent = self.agents.get(&id)?;
        let media = MediaKind::ALL
            .into_iter()
            .filter(|media| agent.free_for(*media));
        let from_queues = media.flat_map(|media| {
            agent.serves.iter().filter_map(move |serves| {
                // Only works that pass over this agent are stepped over; they are few, for each
                // stays so for `skip_for` after he let it ring.
                let first = |works: &BTreeSet<(Place, WorkId)>| {
                    works
                        .iter()
                        .find(|(_, work)| !self.items[work].skipped.contains(&id))
                        .copied()
                };
                let tiers = self.lines[serves.queue]
                    .lane(media)
                    .waiting
                    .range(serves.tier..);
                tiers.filter_map(|(_, works)| first(works)).min()
            })
        });
        let by_name = agent
            .reserved
            .iter()
            .find(|(_, work)| agent.free_for(self.items[work].media))
            .copied();
        let chat = |work: &WorkId| self.items[work].media == MediaKind::Chat;
        from_queues
            .chain(by_name)
            .min_by_key(|(place, work)| (chat(work), *place, *work))
    }

    /// Works that wait for an agent who will not take them are for anybody.
    fn release_reserved(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get(&id) else {
            return;
        };
        let released: Vec<WorkId> = agent
            .reserved
            .iter()
            .map(|(_, work)| *work)
            .filter(|work| {
                let item = &self.items[work];
                let serves = item
                    .queue
                    .is_some_and(|queue| agent.serves(queue, item.tier));
                !serves || !agent.on_duty(item.media)
            })
            .collect();
        for work in released {
            self.unreserve(work);
            self.seek(work);
        }
    }

    /// Takes a work off its agent's reserve; it stands nowhere then.
    fn unreserve(&mut self, id: WorkId) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        if let Stage::Reserved { agent, .. } = item.stage {
            item.stage = Stage::Waiting;
            let place = item.place;
            self.timers.disarm(Timer::Reserve(place, id));
            if let Some(agent) = self.agents.get_mut(&agent) {
                agent.reserved.remove(&(place, id));
            }
        }
    }

    /// Takes a work that waits out of its lane; it stands nowhere then.
    pub(crate) fn unlist_waiting(&mut self, id: WorkId) {
        self.unreserve(id);
        let Some(item) = self.items.get(&id) else {
            return;
        };
        if let Some(index) = item.queue {
            let (media, place, tier) = (item.media, item.place, item.tier);
            self.lines[index]
                .lane_mut(media)
                .wait_no_more(tier, place, id);
        }
    }

    pub(crate) fn ring(&mut self, id: WorkId, to: AgentId) {
        self.unreserve(id);
        self.unlist(to);
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        let Some(index) = item.queue else { return };
        let media = item.media;
        let line = &mut self.lines[index];
        let until: DateTime<Utc> = self.now + line.queue.ring_timeout;
        item.stage = Stage::Ringing { agent: to, until };
        item.preferred = None;
        line.lane_mut(media).wait_no_more(item.tier, item.place, id);
        let queue = line.queue.code.clone();
        self.timers.arm(Timer::Ring(item.place, id), until);
        if let Some(agent) = self.agents.get_mut(&to) {
            match media {
                MediaKind::Voice => {
                    agent.in_hand = Some(InHand::Ringing(id));
                    let chat = agent.chat_ringing.take();
                    if let Some(chat) = chat {
                        self.stop_ringing(chat, to);
                        self.send_back(chat, to, Declined::Busy);
                    }
                }
                MediaKind::Chat => agent.chat_ringing = Some(id),
            }
        }
        self.out.push(Output::Ring {
            work: id,
            agent: to,
            media,
            queue,
            until,
        });
        self.tell(to, By::Work);
        if media == MediaKind::Chat {
            // A call may still come before he takes it.
            self.list(to);
        }
    }

    fn list(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        for media in MediaKind::ALL {
            if !agent.free_for(media) {
                continue;
            }
            for serves in &agent.serves {
                let key = FreeKey {
                    tier: serves.tier,
                    proficiency: std::cmp::Reverse(serves.proficiency),
                    chats: agent.chats_in_hand(),
                    idle_since: agent.idle_since,
                    agent: id,
                };
                let lane = self.lines[serves.queue].lane_mut(media);
                lane.free.insert(key.clone());
                agent.listed.push((serves.queue, media, key));
            }
        }
    }

    pub(crate) fn unlist(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        for (index, media, key) in agent.listed.drain(..) {
            self.lines[index].lane_mut(media).free.remove(&key);
        }
    }

    pub(crate) fn skip_over(&mut self, id: WorkId, by: AgentId) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        item.skipped.remove(&by);
        let (stage, queue, media, tier) = (item.stage, item.queue, item.media, item.tier);
        let free = self
            .agents
            .get(&by)
            .is_some_and(|agent| queue.is_some_and(|index| agent.is_listed(index, media, tier)));
        // Every work ahead of this one passes him over too, or he would have it already.
        if stage == Stage::Waiting && free {
            self.ring(id, by);
        }
    }

    pub(crate) fn reserve_over(&mut self, id: WorkId) {
        self.unreserve(id);
        self.seek(id);
    }

    pub(crate) fn max_wait_over(&mut self, id: WorkId) {
        let Some(item) = self.items.get(&id) else {
            return;
        };
        // What rings may still be answered; if not, it is given up when it comes back.
        if matches!(item.stage, Stage::Waiting | Stage::Reserved { .. }) {
            self.finish(id, Outcome::NoAgentAnswer, None);
        }
    }

    pub(crate) fn disarm_all(&mut self, id: WorkId) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        let place = item.place;
        for agent in std::mem::take(&mut item.skipped) {
            self.timers.disarm(Timer::Skip(place, id, agent));
        }
        self.timers.disarm(Timer::Ring(place, id));
        self.timers.disarm(Timer::MaxWait(id));
        self.timers.disarm(Timer::Reserve(place, id));
        self.timers.disarm(Timer::Widen(place, id));
    }

    /// The one place where a work ends.
    pub(crate) fn finish(&mut self, id: WorkId, outcome: Outcome, agent: Option<AgentId>) {
        self.unreserve(id);
        self.disarm_all(id);
        let Some(item) = self.items.remove(&id) else {
            return;
        };
        if let Some(index) = item.queue {
            let lane = self.lines[index].lane_mut(item.media);
            lane.unanswered.remove(&(item.offered_at, id));
            lane.wait_no_more(item.tier, item.place, id);
        }
        let taken = matches!(item.stage, Stage::Active { .. });
        let wait = (!taken).then(|| self.waited(item.offered_at));
        self.out.push(Output::Ended {
            work: id,
            media: item.media,
            queue: self.code(item.queue),
            outcome,
            agent,
            wait,
        });
    }
}
