//! What the task shows of itself.

use acd::{AgentId, AgentState, Stage};
use chrono::{DateTime, Utc};

use super::Task;
use crate::agent_state::{AgentView, DeviceView};
use crate::board::{FloorSnapshot, IN_TIME_FORMULA, QueueView, WaitingView, Wallboard, waited_s};

impl Task {
    pub(crate) fn agent(&self, id: AgentId) -> Option<AgentView> {
        let view = self.acd.agent_view(id)?;
        let known = self.agents.get(&id)?;
        let reason = view.reason.filter(|_| view.state == view.presence.state());
        Some(AgentView {
            id,
            name: known.card.name.clone(),
            staff_no: known.card.staff_no.clone(),
            state: view.state,
            since: view.since,
            reason: reason.map(ToOwned::to_owned),
            next_state: view.wish,
            work_id: view.work,
            wrap_up_ends_at: view.wrap_up.map(|wrap_up| wrap_up.ends_at),
            wrap_up_extensions: view.wrap_up.map_or(0, |wrap_up| wrap_up.extensions),
            wrap_up_max_extensions: view.wrap_up.map_or(0, |wrap_up| wrap_up.max_extensions),
            chats: view.chats,
            device: DeviceView {
                reachable: view.reachable,
                kind: known.device,
            },
            queues: view.queues.into_iter().map(ToOwned::to_owned).collect(),
        })
    }

    pub(super) fn queue_views(&self, now: DateTime<Utc>) -> Vec<QueueView> {
        let views = self.acd.queue_views();
        views
            .map(|view| {
                let code = &view.queue.code;
                QueueView {
                    code: code.clone(),
                    name: self
                        .queues
                        .get(code)
                        .map_or_else(String::new, |q| q.rules.name.clone()),
                    waiting: view.voice.count,
                    waiting_since: view.voice.oldest,
                    longest_wait_s: waited_s(view.voice.oldest, now),
                    chats_waiting: view.chat.count,
                }
            })
            .collect()
    }

    pub(crate) fn snapshot(&self) -> FloorSnapshot {
        let now = self.app.clock.now();
        let mut agents: Vec<AgentView> = self
            .agents
            .keys()
            .filter_map(|id| self.agent(*id))
            .collect();
        agents.sort_by(|a, b| (&a.staff_no, &a.name, a.id).cmp(&(&b.staff_no, &b.name, b.id)));
        let mut waiting: Vec<WaitingView> = self
            .queues
            .keys()
            .flat_map(|code| self.acd.unanswered(code))
            .map(|view| WaitingView {
                work_id: view.id,
                media: view.media,
                queue: view.queue.unwrap_or_default().to_owned(),
                since: view.offered_at,
                caller: self
                    .works
                    .get(&view.id)
                    .and_then(|row| row.subject.get("caller")?.as_str())
                    .map(ToOwned::to_owned),
                rings_at: match view.stage {
                    Stage::Ringing { agent, .. } => Some(agent),
                    _ => None,
                },
            })
            .collect();
        waiting.sort_by_key(|work| (work.since, work.work_id));
        FloorSnapshot {
            as_of: now,
            queues: self.queue_views(now),
            agents,
            waiting,
        }
    }

    pub(crate) fn wallboard_now(&self) -> Wallboard {
        self.wallboard(self.app.clock.now())
    }

    pub(super) fn wallboard(&self, now: DateTime<Utc>) -> Wallboard {
        let (mut waiting, mut since) = (0, None);
        for queue in self.acd.queue_views() {
            waiting += queue.voice.count;
            since = [since, queue.voice.oldest].into_iter().flatten().min();
        }
        let on_post = self
            .acd
            .agent_views()
            .filter(|agent| agent.state != AgentState::SignedOut)
            .count();
        let day = self.day;
        Wallboard {
            as_of: now,
            waiting,
            waiting_since: since,
            longest_wait_s: waited_s(since, now),
            answered_in_15_bp: day.in_time_bp(),
            answered_in_15_formula: IN_TIME_FORMULA,
            on_post,
            expected: self.settings.posts,
            callbacks_due: self.callbacks.count(),
            oldest_callback_at: self.callbacks.oldest(),
            calls_today: day.offered,
            answered_today: day.answered,
            in_time_today: day.in_time,
            abandoned_today: day.abandoned,
            short_abandoned_today: day.short,
            lost_today: day.lost,
        }
    }
}
