//! Calls over HTTP: records, recordings, and what an agent may do with a running call.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use call_control::Request;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, not_found};
use kernel::{Actor, Phone, Scope};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::rows::{call, event};
use super::store;
use crate::engine::NotHeard;
use crate::{ControlCalls, Telephony, ViewCalls};

/// The record of a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallView {
    /// The call.
    pub id: Uuid,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// Where it was taken: `shoujie`, or elsewhere: `freeswitch` (the purchaser's exchange), `import` (a file of
    /// records), `form` (written by hand).
    pub source: String,
    /// Code of the exchange, or of the origin of imported records.
    pub source_code: Option<String>,
    /// Our number.
    pub hotline: String,
    /// The requester's number, masked; empty when withheld.
    #[schema(value_type = String)]
    pub caller: Phone,
    /// The requester the number was known as.
    pub requester_id: Option<Uuid>,
    /// Code of the queue.
    pub queue: Option<String>,
    /// Who has it, had it, or is being rung.
    pub agent: Option<Colleague>,
    /// The state of call-control: `arriving`, `greeting`, `queued`, `ringing`, `answered`, `talking`,
    /// `held`, `away`, `farewell`, `ended`.
    pub state: String,
    /// The one outcome; null while the call is open.
    pub outcome: Option<String>,
    /// `requester`, `agent` or `system`.
    pub ended_by: Option<String>,
    /// The call came in.
    pub offered_at: DateTime<Utc>,
    /// It joined the queue.
    pub queued_at: Option<DateTime<Utc>>,
    /// An agent was rung first.
    pub rung_at: Option<DateTime<Utc>>,
    /// Requester and agent connected.
    pub answered_at: Option<DateTime<Utc>>,
    /// Over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Seconds in the queue until the answer or the end; null before the queue.
    pub wait_s: Option<i64>,
    /// Seconds from the answer to the end, hold included.
    pub talk_s: Option<i64>,
    /// Seconds on hold.
    pub held_s: i64,
    /// How the requester rated it by a key, 1 to 5; null while he has not.
    pub rating: Option<i32>,
    /// The agent has muted himself, now; he stays so when his browser is away and comes back.
    pub muted: bool,
    /// Who should be heard and is not, now (单通).
    pub one_way: Option<NotHeard>,
    /// There is a recording.
    pub has_recording: bool,
    /// What is known of it.
    pub recording: Option<RecordingView>,
}

/// A recording, as its call tells of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordingView {
    /// `running`, `complete`, `damaged` or `repaired`.
    pub state: String,
    /// Length.
    pub duration_ms: Option<i64>,
    /// Size.
    pub bytes: Option<i64>,
    /// SHA-256 of the file in hex.
    pub sha256: Option<String>,
    /// Sound that could not be written.
    pub lost_ms: Option<i64>,
}

/// A line of a call's journal.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallEventView {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// `arrived`, `greeted`, `queued`, `ringing`, `answered`, `held` … `ended`, `recorded`.
    pub kind: String,
    /// In a word, where there is one: the key pressed, the outcome.
    pub detail: Option<String>,
    /// All of it.
    pub details: serde_json::Value,
}

/// The lines of a call's journal in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallEvents {
    /// The lines.
    pub items: Vec<CallEventView>,
}

/// What a list of calls may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallFilter {
    /// Calls of this agent.
    pub agent: Option<Uuid>,
    /// Calls that the one who asks has, had or handed over.
    pub mine: Option<bool>,
    /// Calls of this queue.
    pub queue: Option<String>,
    /// Calls in this state now.
    pub state: Option<String>,
    /// Calls with this outcome; `open` for those that run.
    pub outcome: Option<String>,
    /// Calls taken here, or elsewhere: `shoujie`, `freeswitch`, `import`, `form`.
    pub source: Option<String>,
    /// Calls of this requester.
    pub requester: Option<Uuid>,
    /// Arrived at or after.
    pub from: Option<DateTime<Utc>>,
    /// Arrived before.
    pub to: Option<DateTime<Utc>>,
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    (to - from).num_seconds().max(0)
}

pub(crate) fn view(
    row: call::Model,
    colleagues: &HashMap<Uuid, Colleague>,
    telephony: &Telephony,
) -> CallView {
    let now = telephony.app().clock.now();
    let standing = telephony.engine().standing(row.id);
    let until = row.ended_at.unwrap_or(now);
    let has_recording = row.recording_path.is_some();
    CallView {
        wait_s: row
            .queued_at
            .map(|queued| seconds(queued, row.answered_at.unwrap_or(until))),
        talk_s: row.answered_at.map(|answered| seconds(answered, until)),
        held_s: row.held_ms / 1000,
        rating: row.rating,
        recording: has_recording.then_some(RecordingView {
            state: row.recording_state,
            duration_ms: row.recording_ms,
            bytes: row.recording_bytes,
            sha256: row.recording_sha256,
            lost_ms: row.recording_lost_ms,
        }),
        muted: standing.as_ref().is_some_and(|standing| standing.muted),
        one_way: standing.as_ref().and_then(|standing| standing.one_way),
        has_recording,
        id: row.id,
        direction: row.direction,
        source: row.source,
        source_code: row.source_code,
        hotline: row.hotline,
        caller: Phone::new(row.caller),
        requester_id: row.requester_id,
        queue: row.queue,
        agent: row
            .agent_id
            .and_then(|agent| colleagues.get(&agent).cloned()),
        state: row.state,
        outcome: row.outcome,
        ended_by: row.ended_by,
        offered_at: row.arrived_at,
        queued_at: row.queued_at,
        rung_at: row.rung_at,
        answered_at: row.answered_at,
        ended_at: row.ended_at,
    }
}

/// Lists calls, the latest first. `q` looks for a caller's whole number, or for its last four digits as `*1234`.
#[utoipa::path(
    get, path = "/api/v1/calls", tag = "calls",
    params(ListQuery, CallFilter),
    responses((status = 200, body = Page<CallView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewCalls>,
    State(telephony): State<Telephony>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<CallFilter>,
) -> Result<Json<Page<CallView>>> {
    let app = telephony.app();
    let filter = store::Filter {
        agent: filter.agent,
        mine: filter.mine.unwrap_or(false).then(|| actor.user_id()),
        queue: filter.queue,
        state: filter.state,
        outcome: filter.outcome,
        source: filter.source,
        requester: filter.requester,
        from: filter.from,
        to: filter.to,
    };
    let page = store::list(app, app.db.read(), actor.scope(), &filter, &query).await?;
    let agents = page.items.iter().filter_map(|row| row.agent_id);
    let colleagues = organization::colleagues(app.db.read(), agents).await?;
    Ok(Json(page.map(|row| view(row, &colleagues, &telephony))))
}

/// One call.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}", tag = "calls",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CallView), (status = 404, body = Problem)),
)]
pub(crate) async fn show(
    actor: Actor<ViewCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<Json<CallView>> {
    let app = telephony.app();
    let row = store::get(app.db.read(), actor.scope(), id).await?;
    let colleagues = organization::colleagues(app.db.read(), row.agent_id).await?;
    Ok(Json(view(row, &colleagues, &telephony)))
}

/// What happened to a call, in order.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/events", tag = "calls",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CallEvents), (status = 404, body = Problem)),
)]
pub(crate) async fn events(
    actor: Actor<ViewCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<Json<CallEvents>> {
    let lines = store::events(telephony.app().db.read(), actor.scope(), id).await?;
    let items = lines.into_iter().map(CallEventView::from).collect();
    Ok(Json(CallEvents { items }))
}

impl From<event::Model> for CallEventView {
    fn from(line: event::Model) -> Self {
        let detail = ["digit", "outcome"]
            .iter()
            .find_map(|key| line.details.get(key)?.as_str().map(str::to_owned));
        Self {
            at: line.at,
            kind: line.event,
            detail,
            details: line.details,
        }
    }
}

/// 404 for a call that the actor may not touch, as for one that does not run.
pub(super) fn may_control(
    telephony: &Telephony,
    actor: &Actor<ControlCalls>,
    id: Uuid,
) -> Result<()> {
    let standing = telephony
        .engine()
        .standing(id)
        .ok_or_else(|| not_found("running call"))?;
    let allowed = match actor.scope() {
        Scope::All => true,
        Scope::Own(user) => standing.agent == Some(*user),
        Scope::Queues(queues) => queues.contains(&telephony.settings().calls.queue),
    };
    if allowed {
        Ok(())
    } else {
        Err(not_found("running call"))
    }
}

pub(super) async fn control(
    telephony: &Telephony,
    actor: &Actor<ControlCalls>,
    id: Uuid,
    request: Request,
) -> Result<StatusCode> {
    may_control(telephony, actor, id)?;
    telephony.engine().request(id, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

macro_rules! wishes {
    ($($(#[$doc:meta])* $name:ident $path:literal $request:ident;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "calls",
            params(("id" = Uuid, Path)),
            responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)),
        )]
        pub(crate) async fn $name(
            actor: Actor<ControlCalls>,
            State(telephony): State<Telephony>,
            Path(id): Path<Uuid>,
        ) -> Result<StatusCode> {
            control(&telephony, &actor, id, Request::$request).await
        }
    )*};
}

wishes! {
    /// Puts the requester on hold.
    hold "/api/v1/calls/{id}/hold" Hold;
    /// Takes the requester back.
    unhold "/api/v1/calls/{id}/unhold" Unhold;
    /// Keeps the agent's voice from the requester.
    mute "/api/v1/calls/{id}/mute" Mute;
    /// Lets the agent be heard again.
    unmute "/api/v1/calls/{id}/unmute" Unmute;
    /// Ends the call.
    hang_up "/api/v1/calls/{id}/hang-up" HangUp;
    /// Talks to the one who waits and lets the other wait.
    swap "/api/v1/calls/{id}/swap" Swap;
    /// Everybody hears everybody (三方通话).
    join "/api/v1/calls/{id}/join" Join;
    /// Lets the third go and returns to the requester.
    end_consult "/api/v1/calls/{id}/end-consult" EndConsult;
    /// Leaves the call to the third.
    complete "/api/v1/calls/{id}/complete" Complete;
    /// Records silence while somebody says secrets.
    pause_recording "/api/v1/calls/{id}/pause-recording" PauseRecording;
    /// Records again.
    resume_recording "/api/v1/calls/{id}/resume-recording" ResumeRecording;
}
