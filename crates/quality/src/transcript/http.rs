//! The words of an evaluated call over HTTP.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, not_found, refused};
use kernel::{Actor, Permission, Tx, audit, rule};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::phrases::{self, KeyPhrases, PhraseHit};
use super::store::{self, row};
use super::{SpokenSegment, TranscriptFailure, TranscriptState, rate};
use crate::Desk;
use crate::evaluation::store::{self as evaluations, row as evaluation};
use crate::recording::store as signals;
use crate::rights::{ReadTranscripts, ScoreEvaluations};
use crate::sampling::WorkKind;

/// The routes of words.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show, ask))
        .with_state(desk.clone())
}

/// What one voice says, with the phrases that are looked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct TranscriptSegment {
    /// Who, when, and the words.
    #[serde(flatten)]
    pub said: SpokenSegment,
    /// The phrases in it, by the rules that held when the call began.
    pub hits: Vec<PhraseHit>,
}

/// The words of a recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct TranscriptView {
    /// Where they stand; null: nobody asked for them.
    pub state: Option<TranscriptState>,
    /// When they were asked for.
    pub asked_at: Option<DateTime<Utc>>,
    /// Attempts since then.
    pub attempts: i32,
    /// When it is tried again.
    pub again_at: Option<DateTime<Utc>>,
    /// Why there are none, or why the last attempt brought none.
    pub failure: Option<TranscriptFailure>,
    /// When they were written down.
    pub ready_at: Option<DateTime<Utc>>,
    /// The model that wrote them down.
    pub model: Option<String>,
    /// The recording's length in milliseconds.
    pub duration_ms: i64,
    /// What was said, in the order of time.
    pub segments: Vec<TranscriptSegment>,
    /// How fast the agent speaks: characters a minute of his speech.
    pub agent_rate: Option<u64>,
    /// The actor may ask for them, or ask again.
    pub may_ask: bool,
}

async fn view<P: Permission>(
    desk: &Desk,
    actor: &Actor<P>,
    of: &evaluation::Model,
    found: Option<row::Model>,
) -> Result<TranscriptView> {
    let conn = desk.app.db.read();
    let state = found.as_ref().map(row::Model::case).transpose()?;
    let state = state.map(|case| case.state);
    let open = matches!(state, None | Some(TranscriptState::Failed));
    let may_ask = open && desk.transcripts.is_some() && actor.principal().may::<ScoreEvaluations>();
    let mut segments = Vec::new();
    let mut agent_rate = None;
    if let Some(found) = &found
        && state == Some(TranscriptState::Ready)
    {
        let said = found.segments()?;
        let measured = signals::of_call(conn, of.contact_id).await?;
        let measured = measured.and_then(|told| u64::try_from(told.agent_ms).ok());
        agent_rate = rate(&said, measured);
        let rules = rule::in_force::<KeyPhrases>(conn, of.began_at).await?;
        segments = said
            .into_iter()
            .map(|said| TranscriptSegment {
                hits: phrases::found(&rules, &said),
                said,
            })
            .collect();
    }
    let waits = state == Some(TranscriptState::Waiting);
    Ok(TranscriptView {
        state,
        asked_at: found.as_ref().map(|row| row.asked_at),
        attempts: found.as_ref().map_or(0, |row| row.attempts),
        again_at: found.as_ref().filter(|_| waits).and_then(|row| row.next_at),
        failure: found.as_ref().and_then(row::Model::why),
        ready_at: found.as_ref().and_then(|row| row.ready_at),
        duration_ms: found.as_ref().map_or(0, |row| row.duration_ms),
        model: found.map(|row| row.model).filter(|model| !model.is_empty()),
        segments,
        agent_rate,
        may_ask,
    })
}

/// The evaluation of a recorded call that the actor may see.
async fn recorded<P: Permission>(
    desk: &Desk,
    actor: &Actor<P>,
    id: Uuid,
) -> Result<evaluation::Model> {
    let of = evaluations::seen(desk.app.db.read(), actor, id).await?;
    if of.kind == WorkKind::Call.as_str() && of.recorded {
        return Ok(of);
    }
    Err(not_found("recording"))
}

/// What was said in an evaluated call, where a transcript service is connected: by whom, when, with the phrases that are
/// looked for. Every reading stands in the audit trail.
#[utoipa::path(
    get, path = "/api/v1/evaluations/{id}/transcript", tag = "quality", operation_id = "get_evaluation_transcript",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TranscriptView), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ReadTranscripts>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<TranscriptView>> {
    let of = recorded(&desk, &actor, id).await?;
    let found = store::of_call(desk.app.db.read(), of.contact_id).await?;
    if found.is_none() && desk.transcripts.is_none() {
        return Err(not_found("transcript"));
    }
    let shown = view(&desk, &actor, &of, found).await?;
    if shown.state == Some(TranscriptState::Ready) {
        let (app, who, call) = (desk.app.clone(), actor.who(), of.contact_id);
        let details = json!({ "evaluation": of.number });
        let work = move |tx: Tx| async move {
            audit::record(&app, &*tx, &who, "transcript.read", "call", call, details).await
        };
        desk.app.db.write(work).await?;
    }
    Ok(Json(shown))
}

/// Has a call written down that was not, or whose words could not be had.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/transcript", tag = "quality", operation_id = "ask_evaluation_transcript",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TranscriptView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn ask(
    actor: Actor<ScoreEvaluations>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<TranscriptView>> {
    let of = recorded(&desk, &actor, id).await?;
    if desk.transcripts.is_none() {
        let no = refused("transcripts_off", "no transcript service is connected");
        return Err(no.with_way_out("the operator connects one with [transcripts]"));
    }
    let (app, who, call) = (desk.app.clone(), actor.who(), of.contact_id);
    let work = move |tx: Tx| async move { store::ask_again(&app, &tx, &who, call).await };
    let asked = desk.app.db.write(work).await?;
    Ok(Json(view(&desk, &actor, &of, Some(asked)).await?))
}
