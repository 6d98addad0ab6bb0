//! One recording over HTTP: heard and exported with a reason, kept, held, and the proof of its removal.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, internal, not_found, refused};
use kernel::{Actor, Permission, audit};
use organization::{Colleague, ExportPass, Leaving, Trace};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::export::{self, Mark};
use super::keeping::{self, Condition, Place, file};
use super::reason::{Reason, reason_of};
use super::recording::{self, Source};
use super::{retention, store};
use crate::media::recorder;
use crate::{ExportRecordings, HoldRecordings, ListenRecordings, Telephony};

/// Peaks of a waveform unless asked otherwise.
const BUCKETS: usize = 800;
/// Going on listening within this time is not a new act: a player asks for many ranges.
const SAME_LISTENING: TimeDelta = TimeDelta::minutes(10);
/// The largest recording that is exported in one piece: four hours.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Where a recording of the archive lies while it is drawn; emptied at start.
pub(crate) const FETCHED: &str = "fetched";

/// A recording the actor may hear: where it lies, and what is known of its file.
struct Found {
    source: Source,
    file: Option<file::Model>,
}

async fn recording_of<P: Permission>(
    telephony: &Telephony,
    actor: &Actor<P>,
    id: Uuid,
) -> Result<Found> {
    let app = telephony.app();
    let row = store::get(app.db.read(), actor.scope(), id).await?;
    let path = row.recording_path.ok_or_else(|| not_found("recording"))?;
    let file = keeping::of_call(app.db.read(), id).await?;
    if let Some(file) = file.as_ref().filter(|file| file.removing_at.is_some()) {
        let at = file.removed_at;
        let problem = Problem::new(
            StatusCode::GONE,
            "recording_removed",
            "its time was over; the proof of its removal is kept",
        );
        return Err(problem.with("removed_at", json!(at)));
    }
    let archived = file
        .as_ref()
        .is_some_and(|file| file.place == Place::Archive.as_str());
    let source = if archived {
        let archive = telephony.archive().ok_or_else(keeping::no_archive)?;
        Source::Archive(archive.clone(), path)
    } else {
        Source::Local(app.files.local_path(&path)?)
    };
    Ok(Found { source, file })
}

/// What is asked of a recording that is to be heard.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListenQuery {
    /// Why, 2 to 200 characters; it stands in the audit trail. Not asked again while one goes on listening.
    #[serde(default)]
    pub reason: String,
    /// Hear it although it is not what was recorded.
    pub damaged: Option<bool>,
}

/// The recording: left the requester, right the agent. Every listening needs a reason and stands in the audit trail;
/// before it begins, the file is compared with what was recorded.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/recording", tag = "calls",
    params(("id" = Uuid, Path), ListenQuery),
    responses(
        (status = 200, description = "the whole file", content_type = "audio/wav"),
        (status = 206, description = "the part asked for by Range", content_type = "audio/wav"),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem),
        (status = 416, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn listen(
    actor: Actor<ListenRecordings>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Query(query): Query<ListenQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let found = recording_of(&telephony, &actor, id).await?;
    let app = telephony.app().clone();
    let session = actor.principal().session_id;
    if telephony.listening_begins(session, id, SAME_LISTENING) {
        let begun = async {
            let reason = reason_of(&query.reason)?;
            let condition = intact(&telephony, &found, query.damaged.unwrap_or(false)).await?;
            let (writer, who) = (app.clone(), actor.who());
            let details = json!({ "reason": reason, "condition": condition });
            app.db
                .write(move |tx| async move {
                    audit::record(&writer, &*tx, &who, "call.listened", "call", id, details).await
                })
                .await
        };
        if let Err(problem) = begun.await {
            // Not on paper, so not heard.
            telephony.listening_failed(session, id);
            return Err(problem);
        }
    }
    recording::serve(&found.source, &headers, &format!("call-{id}")).await
}

/// Compares a recording with what was recorded, and writes down what was found; one that is another is refused unless
/// that is known and wanted. A call that runs has nothing to compare with.
async fn intact(telephony: &Telephony, found: &Found, damaged: bool) -> Result<Option<Condition>> {
    let Some(file) = &found.file else {
        return Ok(None);
    };
    let app = telephony.app();
    let condition = keeping::look(app, telephony.archive(), file).await?;
    keeping::note(app, file, condition).await?;
    match condition {
        Condition::Missing => Err(refused(
            "recording_missing",
            "the file of the recording is not there",
        )
        .with_way_out("look for it in the backups")),
        Condition::Damaged if !damaged => Err(refused(
            "recording_damaged",
            "the file is not what was recorded",
        )
        .with_way_out("hear it with damaged=true, or look for it in the backups")),
        condition => Ok(Some(condition)),
    }
}

/// How fine a waveform is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WaveformQuery {
    /// Peaks in each lane, 1 to 4,000; 800 unless told.
    pub buckets: Option<usize>,
}

/// The outline of a recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaveformView {
    /// Length.
    pub duration_ms: u64,
    /// Peaks 0–255: the requester's lane, then the agent's.
    pub lanes: [Vec<u8>; 2],
}

/// The outline of a recording, to be drawn.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/waveform", tag = "calls",
    params(("id" = Uuid, Path), WaveformQuery),
    responses((status = 200, body = WaveformView), (status = 404, body = Problem), (status = 410, body = Problem)),
)]
pub(crate) async fn waveform(
    actor: Actor<ListenRecordings>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Query(query): Query<WaveformQuery>,
) -> Result<Json<WaveformView>> {
    let found = recording_of(&telephony, &actor, id).await?;
    let buckets = query.buckets.unwrap_or(BUCKETS).clamp(1, 4000);
    let (local, fetched) = match &found.source {
        Source::Local(path) => (path.clone(), None),
        Source::Archive(..) => {
            let name = format!("{FETCHED}/{}.wav", telephony.app().ids.next());
            let bytes = recording::whole(&found.source, LARGEST).await?;
            telephony.app().files.put(&name, &bytes).await?;
            (telephony.app().files.local_path(&name)?, Some(name))
        }
    };
    let drawn = tokio::task::spawn_blocking(move || recorder::waveform(&local, buckets)).await;
    if let Some(name) = fetched {
        telephony.app().files.remove(&name).await?;
    }
    let drawn = drawn.map_err(internal)?.map_err(recording::unread)?;
    Ok(Json(WaveformView {
        duration_ms: drawn.duration_ms,
        lanes: drawn.lanes,
    }))
}

/// A copy of the recording to be taken along: with a reason, and marked. A tone, the digits of the taker's staff number
/// and of the time are heard before the talk, and the file's INFO chunk names him; the trail has the copy's SHA-256.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/recording/export", tag = "calls",
    params(("id" = Uuid, Path), Reason, ExportPass),
    responses(
        (status = 200, description = "the marked copy", content_type = "audio/wav"),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn export(
    actor: Actor<ExportRecordings>,
    leaving: Leaving,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Query(reason): Query<Reason>,
) -> Result<Response> {
    let reason = reason_of(&reason.reason)?;
    let found = recording_of(&telephony, &actor, id).await?;
    intact(&telephony, &found, false).await?;
    let original = recording::whole(&found.source, LARGEST).await?;
    let pass = leaving.pass(telephony.app(), 1).await?;
    let principal = actor.principal();
    let mark = Mark {
        who: format!("{}（{}）", principal.name, principal.username),
        staff_no: principal.staff_no.clone(),
        at: telephony.app().clock.now(),
        reason: reason.clone(),
        call: id.to_string(),
        sha256: found.file.as_ref().and_then(|file| file.sha256.clone()),
    };
    let prompts = telephony.engine().inner().media.clone();
    let copy =
        tokio::task::spawn_blocking(move || export::marked(&original, &mark, prompts.prompts()));
    let copy = copy
        .await
        .map_err(internal)?
        .ok_or_else(|| refused("recording_damaged", "the file is none of our recordings"))?;
    let trace = Trace {
        action: "call.recording_exported",
        subject_kind: "call",
        subject: id.to_string(),
        details: json!({ "reason": reason, "bytes": copy.len() }),
    };
    pass.taken(telephony.app(), &copy, trace).await?;
    Response::builder()
        .header(header::CONTENT_TYPE, "audio/wav")
        .header(header::CONTENT_LENGTH, copy.len())
        .header(header::CACHE_CONTROL, "private, no-store")
        .header(
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"call-{id}-export.wav\""),
        )
        .body(Body::from(copy))
        .map_err(internal)
}

/// What keeps a recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldView {
    /// The hold.
    pub id: Uuid,
    /// Why.
    pub reason: String,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// Who placed it.
    pub placed_by: Option<Colleague>,
    /// Until when; null: until it is released.
    pub until: Option<DateTime<Utc>>,
    /// When it ended.
    pub released_at: Option<DateTime<Utc>>,
    /// Who released it; null when its time was over.
    pub released_by: Option<Colleague>,
    /// Why.
    pub release_reason: Option<String>,
}

/// The proof that a recording was removed.
#[derive(Debug, Serialize, ToSchema)]
pub struct RemovalView {
    /// SHA-256 of what was removed.
    pub sha256: Option<String>,
    /// Its size.
    pub bytes: Option<i64>,
    /// When.
    pub removed_at: DateTime<Utc>,
    /// The rule's subject: queue and direction, `*` for any.
    pub rule: String,
    /// Days it said.
    pub rule_days: i64,
    /// Since when it held.
    pub rule_from: DateTime<Utc>,
}

/// How a recording is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeepingView {
    /// The call.
    pub call_id: Uuid,
    /// The call's end.
    pub made_at: DateTime<Utc>,
    /// Code of the queue.
    pub queue: Option<String>,
    /// Size.
    pub bytes: Option<i64>,
    /// SHA-256 in hex.
    pub sha256: Option<String>,
    /// `local`, `both` or `archive`.
    pub place: Place,
    /// When the archive had it.
    pub archived_at: Option<DateTime<Utc>>,
    /// `good`, `damaged` or `missing`; null before the first look.
    pub condition: Option<Condition>,
    /// When it was last looked at.
    pub checked_at: Option<DateTime<Utc>>,
    /// Holds that are not released.
    pub holds_open: i64,
    /// The rule that says how long it is kept.
    pub rule: Option<String>,
    /// Until when, unless it is held.
    pub keep_until: Option<DateTime<Utc>>,
    /// Every hold there was, the latest first.
    pub holds: Vec<HoldView>,
    /// The proof of its removal.
    pub removal: Option<RemovalView>,
}

impl From<retention::removal::Model> for RemovalView {
    fn from(proof: retention::removal::Model) -> Self {
        Self {
            sha256: proof.sha256,
            bytes: proof.bytes,
            removed_at: proof.removed_at,
            rule: proof.rule,
            rule_days: proof.rule_days,
            rule_from: proof.rule_from,
        }
    }
}

impl From<file::Model> for KeepingView {
    fn from(file: file::Model) -> Self {
        Self {
            call_id: file.call_id,
            made_at: file.made_at,
            queue: file.queue,
            bytes: file.bytes,
            sha256: file.sha256,
            place: Place::parse(&file.place).unwrap_or(Place::Local),
            archived_at: file.archived_at,
            condition: file.condition.as_deref().and_then(Condition::parse),
            checked_at: file.checked_at,
            holds_open: file.holds,
            rule: None,
            keep_until: None,
            holds: Vec::new(),
            removal: None,
        }
    }
}

async fn keeping_of(telephony: &Telephony, id: Uuid) -> Result<KeepingView> {
    let app = telephony.app();
    let conn = app.db.read();
    let file = keeping::of_call(conn, id)
        .await?
        .ok_or_else(|| not_found("recording"))?;
    let terms = retention::Terms::now(conn, app.clock.now()).await?;
    let holds = retention::holds(conn, id).await?;
    let mut people: Vec<Uuid> = holds.iter().map(|hold| hold.placed_by).collect();
    people.extend(holds.iter().filter_map(|hold| hold.released_by));
    let known = organization::colleagues(conn, people).await?;
    let removal = retention::removal(conn, id).await?;
    let (rule, keep_until) = terms.due(&file).unzip();
    Ok(KeepingView {
        rule,
        keep_until,
        holds: holds
            .into_iter()
            .map(|hold| HoldView {
                id: hold.id,
                reason: hold.reason,
                placed_at: hold.placed_at,
                placed_by: known.get(&hold.placed_by).cloned(),
                until: hold.until,
                released_at: hold.released_at,
                released_by: hold.released_by.and_then(|by| known.get(&by).cloned()),
                release_reason: hold.release_reason,
            })
            .collect(),
        removal: removal.map(RemovalView::from),
        ..KeepingView::from(file)
    })
}

/// How a recording is kept: where it lies, whether it is intact, until when, what holds it, the proof of its removal.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/recording/keeping", tag = "calls",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = KeepingView), (status = 404, body = Problem)),
)]
pub(crate) async fn show_keeping(
    actor: Actor<ListenRecordings>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<Json<KeepingView>> {
    store::get(telephony.app().db.read(), actor.scope(), id).await?;
    Ok(Json(keeping_of(&telephony, id).await?))
}

/// A hold to be placed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// Why, 2 to 200 characters.
    pub reason: String,
    /// Until when; until it is released when left out.
    pub until: Option<DateTime<Utc>>,
}

/// Places a hold (证据保全): nothing removes the recording while it stands.
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/recording/holds", tag = "calls",
    params(("id" = Uuid, Path)), request_body = NewHold,
    responses(
        (status = 201, body = KeepingView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    ),
)]
pub(crate) async fn place_hold(
    actor: Actor<HoldRecordings>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewHold>,
) -> Result<(StatusCode, Json<KeepingView>)> {
    let app = telephony.app();
    let reason = reason_of(&new.reason)?;
    store::get(app.db.read(), actor.scope(), id).await?;
    retention::place(app, &actor.who(), id, reason, new.until).await?;
    Ok((StatusCode::CREATED, Json(keeping_of(&telephony, id).await?)))
}

/// Releases a hold.
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/recording/holds/{hold}/release", tag = "calls",
    params(("id" = Uuid, Path), ("hold" = Uuid, Path)), request_body = Reason,
    responses(
        (status = 200, body = KeepingView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    ),
)]
pub(crate) async fn release_hold(
    actor: Actor<HoldRecordings>,
    State(telephony): State<Telephony>,
    Path((id, hold)): Path<(Uuid, Uuid)>,
    Json(reason): Json<Reason>,
) -> Result<Json<KeepingView>> {
    let app = telephony.app();
    let reason = reason_of(&reason.reason)?;
    store::get(app.db.read(), actor.scope(), id).await?;
    retention::release(app, &actor.who(), id, hold, reason).await?;
    Ok(Json(keeping_of(&telephony, id).await?))
}
