//! What others hear of a call: how it stands, on whose screen, what the floor is told.

use std::sync::PoisonError;

use call_control::{AgentId, Supervision};
use kernel::Audience;
use serde_json::json;

use super::Actor;
use crate::engine::ThirdStanding;
use crate::engine::desk::Notice;

impl Actor {
    pub(super) fn alarm(&self, code: &str, detail: &str) {
        self.engine.alarm(self.call.id(), code, detail);
    }

    pub(super) fn keep_standing(&self) {
        let asked = self.call.consulted().and_then(|(colleague, _)| colleague);
        let mut standing = self
            .standing
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        standing.agent = self.call.agent();
        standing.answered = self.call.times().answered_at.is_some();
        standing.muted = self.call.muted();
        standing.recording_paused = self.call.recording_paused();
        standing.supervised = self.call.supervised();
        let before = standing.third.as_ref().and_then(|third| third.colleague);
        standing.third = self
            .call
            .consulted()
            .map(|(colleague, answered)| ThirdStanding {
                colleague,
                queue: self.call.consulted_queue().map(str::to_owned),
                answered,
            });
        drop(standing);
        if before != asked {
            self.tell_asked(before, false);
            self.tell_asked(asked, true);
        }
    }

    /// The screen of who is asked shows by whom, and about whom.
    fn tell_asked(&self, colleague: Option<AgentId>, asked: bool) {
        if let Some(colleague) = colleague {
            let data = json!({ "call_id": self.call.id(), "asked": asked });
            let audience = Audience::User(colleague);
            self.engine.app.live.publish(audience, "consultation", data);
        }
    }

    pub(super) fn tell_supervisor(&self, supervisor: AgentId, mode: Option<Supervision>) {
        let data = json!({
            "call_id": self.call.id(),
            "mode": mode.map(Supervision::as_str),
            "agent": self.call.agent(),
        });
        self.engine
            .app
            .live
            .publish(Audience::User(supervisor), "supervision", data);
    }

    pub(super) fn notice(&self, notice: Notice) {
        // Lives as long as the call.
        let _ = self.notices.send(notice);
    }
}
