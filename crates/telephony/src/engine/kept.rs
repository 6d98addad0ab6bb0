//! Kept places: requesters who wait without a call and are called back when it is their turn.

use call_control::{AgentId, CallId};
use floor::WorkId;
use kernel::problem::Problem;

use super::wish::Kept;
use super::{Engine, actor, lock};
use crate::calls::store;

impl Engine {
    /// Kept places that the process before this one left are called back like others. Before the first device can
    /// register. Whose call is not to be found is given up, and owed a call.
    pub(crate) async fn resume_kept(&self) -> Result<(), Problem> {
        let conn = self.0.app.db.read();
        for (place, of) in self.0.floor.kept_places().await? {
            let work = place.id;
            // The attempt that the end of the process cut off has its own record.
            let tried = store::has_record(conn, work).await?;
            let Some(call) = store::asked_in(conn, of).await? else {
                tracing::error!(%work, "nobody knows whom to call back");
                self.0.floor.give_up(work).await;
                continue;
            };
            let mut kept = Kept::of(&call, place);
            let rules = self.0.floor.queue_rules(&kept.queue);
            if let Some(own) = rules.and_then(|rules| rules.caller_id) {
                kept.to.caller_id = Some(own);
            }
            self.keep(work, Kept { tried, ..kept });
        }
        Ok(())
    }

    /// A requester waits in the queue without a call.
    pub(super) fn keep(&self, work: WorkId, kept: Kept) {
        lock(&self.0.kept).insert(work, kept);
    }

    /// It is a kept place's turn: the agent is rung, and when he takes it the requester is called. The call is the
    /// floor's work, as every call is: its agent writes it up by that id.
    pub(super) fn call_back(&self, work: WorkId, agent: AgentId) -> bool {
        let found = lock(&self.0.kept).get_mut(&work).map(|kept| {
            let tried = std::mem::replace(&mut kept.tried, true);
            (tried, kept.clone())
        });
        let Some((tried, kept)) = found else {
            return false;
        };
        if tried {
            self.keep_again(work);
        } else {
            self.start(work, actor::Start::Back { work, agent, kept });
        }
        true
    }

    /// An attempt for a kept place came to nothing and has its own record: the place goes on as another work.
    fn keep_again(&self, old: WorkId) {
        let work = {
            let mut places = lock(&self.0.kept);
            let Some(mut kept) = places.remove(&old) else {
                return;
            };
            kept.work.id = self.0.app.ids.next();
            kept.tried = false;
            let work = kept.work.clone();
            places.insert(work.id, kept);
            work
        };
        let engine = self.clone();
        self.0.app.tasks.spawn(async move {
            let new = work.id;
            if let Err(problem) = engine.0.floor.keep_place(old, work).await {
                tracing::warn!(%old, %problem, "a kept place is lost");
                lock(&engine.0.kept).remove(&new);
            }
        });
    }

    /// A call that was placed for a kept place is over; `done` when the requester was called.
    pub(super) fn called_back(&self, work: WorkId, call: CallId, done: bool) {
        if done {
            lock(&self.0.kept).remove(&work);
        } else {
            self.keep_again(work);
        }
        let mut works = lock(&self.0.works);
        if works.get(&work) == Some(&call) {
            works.remove(&work);
        }
    }
}
