//! What is written down of a call: its record and journal, its recording, its closing.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use call_control::{AgentId, Event, Outcome, State};
use chrono::{DateTime, Utc};
use kernel::{Audience, Phone};
use sea_orm::prelude::Uuid;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Actor, PATIENCE, Start};
use crate::calls::journal::Line;
use crate::calls::rows::{blank, call};
use crate::calls::{legs, recording};
use crate::engine::wish::Outside;
use crate::engine::{Inner, NotHeard};
use crate::ladder;
use crate::media::{Recording, Side};
use crate::sip::IncomingCall;

/// What is still said after the end, above all the answer to our BYE, comes within this time.
const LAST_MESSAGES: Duration = Duration::from_secs(4);

/// A line that comes and goes is told so often; nobody may fill a journal by falling quiet.
const NOTICED: u32 = 40;

/// The record of a call that begins.
pub(super) fn new_row(engine: &Inner, id: Uuid, start: &Start, now: DateTime<Utc>) -> call::Model {
    let placed = |to: &Outside, agent: AgentId, queue: Option<String>| {
        let number = requesters::normalise(&to.number).map_or(to.number.clone(), |n| n.text);
        call::Model {
            direction: "outbound".to_owned(),
            hotline: to.caller_id.clone().unwrap_or_default(),
            caller_hash: Phone::new(number.clone()).hash(engine.app.key.bytes()),
            caller: number,
            queue,
            agent_id: Some(agent),
            ..blank(id, now)
        }
    };
    match start {
        Start::In(incoming) => came_in(engine, id, incoming, now),
        Start::Out(order) => placed(&order.to, order.agent, order.queue.clone()),
        Start::Phone { order, call } => {
            if let Some(ladder) = engine.ladder.get() {
                ladder.claim(&call.sip_call_id, id);
            }
            placed(&order.to, order.agent, order.queue.clone())
        }
        Start::Back { agent, kept, .. } => placed(&kept.to, *agent, Some(kept.queue.clone())),
    }
}

fn came_in(engine: &Inner, id: Uuid, incoming: &IncomingCall, now: DateTime<Utc>) -> call::Model {
    if let Some(ladder) = engine.ladder.get() {
        ladder.claim(&incoming.sip_call_id, id);
    }
    // In the one form in which the same number is found again, however the trunk writes it.
    let caller =
        requesters::normalise(&incoming.caller).map_or(String::new(), |number| number.text);
    call::Model {
        hotline: incoming.called.clone(),
        caller_hash: Phone::new(caller.clone()).hash(engine.app.key.bytes()),
        caller,
        trunk: incoming.source.to_string(),
        sip_call_id: incoming.sip_call_id.chars().take(200).collect(),
        ..blank(id, now)
    }
}

impl Actor {
    pub(super) fn start_recording(&mut self) {
        let path = recording::path_of(self.call.id(), self.row.arrived_at);
        match self.engine.app.files.local_path(&path) {
            Ok(local) => {
                self.session.start_recording(local);
                self.row.recording_state = "running".to_owned();
                self.row.recording_path = Some(path);
            }
            Err(problem) => {
                tracing::error!(call = %self.call.id(), %problem, "no recording");
                self.alarm("recording_failing", &problem.detail);
            }
        }
    }

    /// Writes a change into the journal. Nothing of a call waits for the disk; the agent's screen, which asks for the call
    /// as soon as its softphone rings, waits for the record instead.
    pub(super) fn write(&mut self, event: &Event) {
        let mut details = serde_json::to_value(event).unwrap_or_default();
        let name = details
            .as_object_mut()
            .and_then(|fields| fields.remove("event"))
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default();
        let told = match event {
            Event::Queued => vec!["call.offered"],
            Event::Ringing { .. } => vec!["call.ringing"],
            Event::Answered { .. } => vec!["call.answered"],
            Event::Held => vec!["call.held"],
            Event::Resumed => vec!["call.resumed"],
            Event::HandedOver { .. } | Event::TakenOver { .. } => vec!["call.handed_over"],
            Event::Passed { .. } => vec!["call.passed"],
            Event::Rated { .. } => vec!["call.rated"],
            Event::CallbackAsked => vec!["call.callback_asked"],
            Event::Ended { outcome, .. } => match outcome {
                Outcome::Abandoned | Outcome::ShortAbandoned => {
                    vec!["call.ended", "call.abandoned"]
                }
                // Nobody's contact: it never came to the desk.
                Outcome::Blocked => vec![],
                Outcome::Interrupted => vec!["call.ended", "call.interrupted"],
                Outcome::MessageLeft => vec!["call.ended", "call.message_left"],
                _ => vec!["call.ended"],
            },
            _ => vec![],
        };
        if matches!(event, Event::Queued) {
            self.row.queue = Some(self.queue());
        }
        if let Event::Ended { outcome, ended_by } = event {
            self.row.outcome = Some(outcome.as_str().to_owned());
            self.row.ended_by = Some(ended_by.as_str().to_owned());
        }
        if marked(event) {
            self.session.mark(name.clone());
        }
        if let Event::Rated { score } = event {
            self.row.rating = i32::try_from(*score).ok();
        }
        let written = self.journal(&name, details, told);
        if matches!(event, Event::Ringing { .. }) {
            let (engine, call) = (Arc::clone(&self.engine), self.call.id());
            tokio::spawn(async move {
                if engine.app.clock.timeout(PATIENCE, written).await.is_err() {
                    // The record follows; nothing is lost.
                    tracing::warn!(%call, "the database is slow: a call rings without its record");
                    engine.alarm(call, "database_slow", "a call rings without its record");
                }
            });
        }
    }

    pub(super) fn journal(
        &mut self,
        event: &str,
        details: Value,
        told: Vec<&'static str>,
    ) -> oneshot::Receiver<()> {
        let now = self.now();
        let times = self.call.times();
        let agent_before = self.row.agent_id;
        let one_way = self.not_heard();
        let row = &mut self.row;
        row.events += 1;
        row.queued_at = times.queued_at;
        row.rung_at = times.rung_at;
        row.answered_at = times.answered_at;
        row.ended_at = times.ended_at;
        row.held_ms = times.held_ms;
        self.call.state().as_str().clone_into(&mut row.state);
        // Who was rung and did not take it has no part in the record.
        let part = times.answered_at.is_some() || !self.call.ended();
        row.agent_id = self.call.agent().filter(|_| part);
        let live = row.agent_id.or(agent_before).map(|agent| {
            let data = json!({
                "call_id": row.id,
                "event": event,
                "state": row.state,
                "caller": Phone::new(row.caller.clone()),
                "held": self.call.state() == State::Held,
                "muted": self.call.muted(),
                "recording_paused": self.call.recording_paused(),
                "third": self.call.consulted().map(|(colleague, answered)| json!({
                    "colleague": colleague, "queue": self.call.consulted_queue(),
                    "answered": answered, "together": self.call.together(),
                })),
                "one_way": one_way,
                "answered_at": row.answered_at,
                "outcome": row.outcome,
            });
            (Audience::User(agent), data)
        });
        self.engine.journal.write(Line {
            row: row.clone(),
            at: now,
            event: event.to_owned(),
            details,
            told,
            told_at: now,
            live,
        })
    }

    fn not_heard(&self) -> Option<NotHeard> {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        standing.one_way
    }

    /// A side fell quiet, or is heard again. Who is on hold may be still.
    pub(super) fn one_way(&mut self, side: Side, quiet: bool) {
        let before = self.not_heard();
        let after = NotHeard::after(before, side, quiet);
        if after == before || (quiet && self.call.state() == State::Held) {
            return;
        }
        let changes = {
            let mut standing = self
                .standing
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            standing.one_way = after;
            standing.one_way_changes += 1;
            standing.one_way_changes
        };
        if changes > NOTICED {
            return;
        }
        tracing::warn!(call = %self.call.id(), ?side, quiet, "one-way audio");
        let details = json!({ "side": legs::code_of(side), "quiet": quiet });
        self.journal("one_way", details, vec![]);
        self.engine.app.live.publish(
            Audience::Permission("telephony:view"),
            "alarm",
            json!({
                "code": "one_way_audio",
                "detail": after.map_or("both are heard again", |_| "a side that should send is not heard"),
                "call_id": self.call.id(),
                "one_way": after,
                "over": after.is_none(),
            }),
        );
    }

    /// After the end: legs and media are let go, the recording is closed and entered.
    pub(super) async fn close(&mut self) {
        for (_, slot) in self.legs.drain() {
            slot.sip.hang_up();
        }
        let summary = self.session.close().await;
        tracing::info!(
            call = %self.call.id(),
            outcome = self.row.outcome,
            requester = ?summary.requester,
            agent = ?summary.agent,
            "call ended"
        );
        let heard = legs::rows(&self.engine.app, self.call.id(), &summary.legs);
        self.engine.journal.legs(self.call.id(), heard);
        self.keep_ladder();
        if let Some(recording) = summary.recording {
            self.enter_recording(recording).await;
        }
    }

    /// Writes the SIP messages down once the last of them have come; nobody waits for it.
    fn keep_ladder(&self) {
        let Some(messages) = self.engine.ladder.get().cloned() else {
            return;
        };
        let (app, call) = (self.engine.app.clone(), self.call.id());
        self.engine.app.tasks.spawn(async move {
            tokio::select! {
                () = app.clock.sleep(LAST_MESSAGES) => {}
                () = app.shutdown.cancelled() => {}
            }
            ladder::store::keep(&app, call, messages.take(call)).await;
        });
    }

    async fn enter_recording(&mut self, recording: Recording) {
        let entered = recording::measure(recording.path.clone()).await;
        let row = &mut self.row;
        row.recording_ms = i64::try_from(recording.duration_ms).ok();
        row.recording_lost_ms = i64::try_from(recording.lost_ms).ok();
        let damaged = recording.error.is_some() || recording.lost_ms > 0;
        row.recording_state = if damaged { "damaged" } else { "complete" }.to_owned();
        match entered {
            Ok((bytes, sha256)) => {
                row.recording_bytes = i64::try_from(bytes).ok();
                row.recording_sha256 = Some(sha256);
            }
            Err(error) => {
                tracing::error!(call = %row.id, %error, "recording cannot be read back");
                row.recording_state = "damaged".to_owned();
            }
        }
        let details = json!({
            "duration_ms": row.recording_ms,
            "bytes": row.recording_bytes,
            "sha256": row.recording_sha256,
            "lost_ms": row.recording_lost_ms,
            "error": recording.error,
        });
        self.journal("recorded", details, vec!["call.recorded"]);
    }
}

/// What stands as a mark in the recording.
const fn marked(event: &Event) -> bool {
    matches!(
        event,
        Event::Held
            | Event::Resumed
            | Event::DeviceLost
            | Event::DeviceBack
            | Event::Consulting { .. }
            | Event::ConsultAnswered { .. }
            | Event::ConsultEnded { .. }
            | Event::Swapped
            | Event::Joined
            | Event::HandedOver { .. }
            | Event::Passed { .. }
            | Event::Supervised { .. }
            | Event::SupervisionEnded { .. }
            | Event::TakenOver { .. }
            | Event::SurveyBegan
    )
}
