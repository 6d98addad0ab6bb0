//! The outputs are followed and the views compared.

use std::collections::BTreeMap;

use acd::{AgentId, AgentState, Declined, MediaKind, Output, Stage, Work, WorkId};
use chrono::{DateTime, TimeDelta, Utc};

use super::{AGENTS, At, Model};
use crate::support::agent;

impl Model {
    pub(super) fn follow(&mut self, output: &Output, offered: Option<&Work>, told: &str) {
        match output {
            Output::Queued { work, queue } => {
                let offered = offered.unwrap();
                assert!(!self.over.contains(work), "{work} was over: {told}");
                assert_eq!(*queue, offered.queue, "{told}");
                let mut seen = self.seen(offered);
                if told.starts_with("KeepPlace") {
                    seen.limit = self.now + TimeDelta::seconds(90);
                }
                assert!(
                    self.works.insert(*work, seen).is_none(),
                    "{work} offered twice: {told}"
                );
            }
            Output::Ring {
                work,
                agent,
                media,
                queue,
                ..
            } => {
                self.check_ring(*work, *agent, *media, queue, told);
                self.works.get_mut(work).unwrap().at = At::Ringing(*agent);
            }
            Output::StopRinging { work, agent, .. } => {
                assert_eq!(self.works[work].at, At::Ringing(*agent), "{told}");
                if self.adopts == Some(*work) {
                    self.works.get_mut(work).unwrap().at = At::Waiting;
                }
            }
            Output::Returned {
                work,
                agent,
                queue,
                why,
            } => {
                let skip = queue == "title" && !matches!(why, Declined::AgentLeft);
                let seen = self.works.get_mut(work).unwrap();
                assert!(matches!(seen.at, At::Ringing(by) | At::Active(by) if by == *agent));
                seen.at = At::Waiting;
                if skip {
                    seen.skipped
                        .insert(*agent, self.now + TimeDelta::seconds(15));
                }
            }
            Output::Accepted { work, agent, .. } => {
                if self.adopts == Some(*work) {
                    // They talk already, wherever the work was.
                    let offered = offered.filter(|offered| offered.id == *work);
                    let seen = offered.map(|offered| self.seen(offered));
                    let seen = self.works.entry(*work).or_insert_with(|| seen.unwrap());
                    assert!(!matches!(seen.at, At::Active(by) if by != *agent), "{told}");
                    seen.at = At::Active(*agent);
                    return;
                }
                let seen = self.works.get_mut(work).unwrap();
                assert!(matches!(seen.at, At::Ringing(by) | At::Dialling(by) if by == *agent));
                seen.at = At::Active(*agent);
            }
            Output::Ended {
                work,
                agent,
                outcome,
                ..
            } => {
                let seen = self
                    .works
                    .remove(work)
                    .unwrap_or_else(|| panic!("{work}: {told}"));
                assert!(self.over.insert(*work), "{work} ended twice: {told}");
                let answered = matches!(seen.at, At::Active(_));
                if *outcome != acd::Outcome::Interrupted {
                    assert_eq!(*outcome == acd::Outcome::Answered, answered, "{told}");
                }
                assert_eq!(
                    agent.is_some(),
                    answered || self.begun.contains(work),
                    "{told}"
                );
            }
            Output::Passed {
                work,
                from,
                queue,
                to,
            } => {
                let until = |seconds| self.now + TimeDelta::seconds(seconds);
                let seen = self.works.get_mut(work).unwrap();
                assert_eq!(seen.at, At::Active(*from), "{told}");
                seen.at = At::Waiting;
                seen.queue = Some(queue.clone());
                seen.offered = self.now;
                seen.limit = until(90);
                if to.is_some() {
                    seen.aside_until = until(20);
                }
                seen.skipped.insert(*from, until(15));
                self.begun.remove(work);
            }
            Output::HandedOver { work, from, to, .. } => {
                let seen = self.works.get_mut(work).unwrap();
                assert_eq!(seen.at, At::Active(*from), "{told}");
                seen.at = At::Active(*to);
            }
            Output::WrapUpBegan { work, agent, .. } => {
                assert!(!self.consults.contains(work), "{told}");
                let writing = self.writing.entry(*agent).or_default();
                // The later wrap-up of a work stands for both.
                writing.retain(|before| before != work);
                writing.push(*work);
            }
            Output::WrapUpEnded { work, agent } | Output::WrapUpExpired { work, agent } => {
                let writing = self.writing.get_mut(agent).unwrap();
                let before = writing.len();
                writing.retain(|one| one != work);
                assert_eq!(
                    writing.len() + 1,
                    before,
                    "one end for each wrap-up: {told}"
                );
            }
            Output::WrapUpExtended { work, agent, .. } => {
                assert_eq!(self.writing[agent].last(), Some(work), "{told}");
            }
            Output::AgentChanged {
                agent, from, to, ..
            } => {
                let before = self
                    .states
                    .insert(*agent, *to)
                    .unwrap_or(AgentState::SignedOut);
                assert_eq!(before, *from, "the history has no holes: {told}");
            }
            Output::AgentWishes { .. } => {}
        }
    }

    pub(super) fn check_ring(
        &self,
        id: WorkId,
        to: AgentId,
        media: MediaKind,
        queue: &str,
        told: &str,
    ) {
        let seen = &self.works[&id];
        assert_eq!(seen.at, At::Waiting, "{told}");
        let waited = self.now - seen.offered;
        assert!(self.serves(to, queue, waited), "{told}");
        assert!(
            self.writing.get(&to).is_none_or(Vec::is_empty),
            "rings in wrap-up: {told}"
        );
        for (other, at) in self
            .works
            .iter()
            .map(|(id, seen)| (id, (seen.media, seen.at)))
        {
            let busy = match at {
                (_, At::Ringing(by) | At::Dialling(by)) | (MediaKind::Voice, At::Active(by)) => {
                    by == to
                }
                (MediaKind::Chat, At::Active(_)) | (_, At::Waiting) => false,
            };
            assert!(!busy, "{id} rings at {to} who has {other} {at:?}: {told}");
        }
        // Nobody of equal standing who waits in a queue this agent serves is overtaken.
        let Some(place) = seen.place else { return };
        for (other, waits) in &self.works {
            let theirs = waits.place.filter(|theirs| *theirs < place);
            let passed_over = waits
                .skipped
                .get(&to)
                .is_some_and(|until| self.now < *until);
            let overtaken = theirs.is_some()
                && self.adopts != Some(*other)
                && waits.at == At::Waiting
                && waits.media == media
                && self.now >= waits.aside_until
                && !passed_over
                && waits.queue.as_ref().is_some_and(|queue| {
                    // At the very instant the other may be opened a moment later.
                    let waited = self.now - waits.offered - TimeDelta::milliseconds(1);
                    self.serves(to, queue, waited)
                });
            assert!(!overtaken, "{id} overtakes {other} at {to}: {told}");
        }
    }

    pub(super) fn check(&mut self, told: &str) {
        assert_eq!(self.acd.works(), self.works.len(), "{told}");
        let next = self.acd.next_deadline();
        let mut in_hand: BTreeMap<AgentId, WorkId> = BTreeMap::new();
        for (id, seen) in &mut self.works {
            let view = self.acd.work_view(*id).unwrap();
            seen.place = Some(view.place);
            let in_time = |until: DateTime<Utc>| next.is_some_and(|next| next <= until);
            let limit = seen.limit;
            match (view.stage, seen.at) {
                (Stage::Waiting, At::Waiting) => assert!(in_time(limit), "{told}"),
                (Stage::Reserved { until, .. }, At::Waiting) => {
                    assert!(in_time(until) && in_time(limit), "{told}");
                }
                (Stage::Ringing { agent, until }, At::Ringing(by)) if agent == by => {
                    assert!(in_time(until), "{told}");
                }
                (Stage::Dialling { agent }, At::Dialling(by)) if agent == by => {
                    let asked = self.consults.contains(id) && seen.queue.is_none();
                    assert!(!asked || in_time(seen.offered + TimeDelta::minutes(2)));
                }
                (Stage::Active { agent }, At::Active(by)) if agent == by => {}
                (stage, at) => panic!("{id} is {stage:?}, told {at:?}: {told}"),
            }
            if let (MediaKind::Voice, At::Ringing(by) | At::Dialling(by) | At::Active(by)) =
                (seen.media, seen.at)
            {
                let other = in_hand.insert(by, *id);
                assert_eq!(other, None, "{by} has two calls: {told}");
            }
        }
        for n in 0..AGENTS {
            let Some(view) = self.acd.agent_view(agent(n)) else {
                continue;
            };
            let told_state = self
                .states
                .get(&view.id)
                .copied()
                .unwrap_or(AgentState::SignedOut);
            assert_eq!(view.state, told_state, "{told}");
            let writing = self.writing.get(&view.id).and_then(|works| works.last());
            match in_hand.get(&view.id) {
                Some(call) => assert_eq!(view.work, Some(*call), "{told}"),
                None => assert_eq!(view.work.as_ref(), writing, "{told}"),
            }
            if view.wrap_up.is_some() {
                assert!(next.is_some(), "{told}");
            }
            self.check_idle(&view, told);
        }
    }

    /// A free agent and a work he could take never stand side by side.
    pub(super) fn check_idle(&self, view: &acd::AgentView<'_>, told: &str) {
        let chat_rings = self
            .works
            .values()
            .any(|seen| seen.media == MediaKind::Chat && seen.at == At::Ringing(view.id));
        if view.state != AgentState::Ready || view.wish.is_some() {
            return;
        }
        for (id, seen) in &self.works {
            let Some(queue) = &seen.queue else { continue };
            let could = match seen.media {
                MediaKind::Voice => view.reachable,
                MediaKind::Chat => view.chats < 2 && !chat_rings,
            };
            let stage = self.acd.work_view(*id).unwrap().stage;
            let passed_over = seen
                .skipped
                .get(&view.id)
                .is_some_and(|until| self.now < *until);
            assert!(
                !(could
                    && stage == Stage::Waiting
                    && self.serves(view.id, queue, self.now - seen.offered)
                    && !passed_over),
                "{} is free and {id} waits: {told}",
                view.id
            );
        }
    }
}
