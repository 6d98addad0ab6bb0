//! What a recording told, over HTTP.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, not_found};
use kernel::{Actor, App};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Signals, store};
use crate::evaluation::store as evaluations;
use crate::rights::ViewEvaluations;
use crate::sampling::WorkKind;

/// The routes of recordings.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show))
        .with_state(app.clone())
}

/// What a recording told.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalsView {
    /// When it was measured.
    pub measured_at: DateTime<Utc>,
    /// What was heard.
    #[serde(flatten)]
    pub signals: Signals,
}

/// What the recording of an evaluated call tells by itself: silences, overlaps, how much each spoke, both lanes to be
/// drawn; no words.
#[utoipa::path(
    get, path = "/api/v1/evaluations/{id}/signals", tag = "quality", operation_id = "get_evaluation_signals",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SignalsView), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewEvaluations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<SignalsView>> {
    let conn = app.db.read();
    let evaluation = evaluations::seen(conn, &actor, id).await?;
    let unmeasured = || not_found("recording");
    if evaluation.kind != WorkKind::Call.as_str() {
        return Err(unmeasured());
    }
    let row = store::of_call(conn, evaluation.contact_id).await?;
    let row = row.ok_or_else(unmeasured)?;
    Ok(Json(SignalsView {
        measured_at: row.measured_at,
        signals: row.signals()?,
    }))
}
