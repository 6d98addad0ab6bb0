//! The line closes while a requester waits: he is served for as long as his queue's rules say, and then told.

use call_control::{AfterClosing, Input, State};
use chrono::TimeDelta;
use kernel::Audience;
use serde_json::{Value, json};

use super::Actor;

/// A ring at closing time is not cut off; it is looked again so soon.
const AFTER_A_RING: TimeDelta = TimeDelta::seconds(2);

impl Actor {
    /// Until when he is served, if the line is closed; whom an agent has answered once is served to the end.
    pub(super) fn look_at_hours(&mut self) {
        let waits = matches!(
            self.call.state(),
            State::Queued | State::Ringing | State::Confirming
        );
        let times = self.call.times();
        let closed = self.engine.closed_since();
        let since = closed.filter(|_| waits && times.answered_at.is_none() && self.kept.is_none());
        self.serve_until = since.map(|closed| {
            let rules = self.engine.floor.queue_rules(&self.queue());
            let served = rules.map_or(0, |rules| rules.serve_after_closing_s);
            let since = times.queued_at.map_or(closed, |queued| queued.max(closed));
            since + TimeDelta::seconds(served.into())
        });
        if let Some(until) = self.serve_until {
            // They may think of going home: somebody waits for them.
            let waiting = json!({
                "call_id": self.call.id(), "queue": self.queue(), "serve_until": until,
            });
            self.closing_told = true;
            self.tell_desk(waiting);
        }
    }

    fn tell_desk(&self, data: Value) {
        let desk = Audience::Permission("floor:work");
        self.engine.app.live.publish(desk, "closing", data);
    }

    /// Whoever was told that he waits is told when he does no more.
    pub(super) fn look_whether_he_waits(&mut self) {
        let waits = self.call.times().answered_at.is_none()
            && matches!(
                self.call.state(),
                State::Queued | State::Ringing | State::Confirming
            );
        if !waits && std::mem::take(&mut self.closing_told) {
            self.tell_desk(json!({
                "call_id": self.call.id(), "queue": self.queue(), "serve_until": null,
            }));
        }
    }

    /// The time to serve him all the same is over.
    pub(super) fn closing(&mut self) {
        self.serve_until = match self.call.state() {
            State::Ringing | State::Confirming => Some(self.now() + AFTER_A_RING),
            _ => None,
        };
        if self.serve_until.is_none() {
            self.offer_what_is_left();
        }
    }

    /// The queue's longest wait is over. After closing time "call again later" is no help.
    pub(super) fn given_up(&mut self) {
        if self.serve_until.take().is_some() && self.call.state() == State::Queued {
            self.offer_what_is_left();
        } else {
            self.tell(Input::GiveUp);
        }
    }

    fn offer_what_is_left(&mut self) {
        let rules = self.engine.floor.queue_rules(&self.queue());
        let then = match rules.map(|rules| rules.after_closing).unwrap_or_default() {
            // Nobody can call back who withheld his number.
            floor::AfterClosing::CallBack if self.row.caller.is_empty() => AfterClosing::MessageBox,
            floor::AfterClosing::CallBack => AfterClosing::CallBack,
            floor::AfterClosing::MessageBox => AfterClosing::MessageBox,
            floor::AfterClosing::End => AfterClosing::End,
        };
        self.announce_at = None;
        self.tell(Input::Closing(then));
    }
}
