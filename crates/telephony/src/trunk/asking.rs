//! A trunk is asked at once whether it is there: whoever set it up does not wait for the next round.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, not_found};
use kernel::rate::Rate;
use kernel::{Actor, audit};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::health::Heard;
use super::http::TrunkNow;
use super::{TrunkFault, store};
use crate::{EditTrunks, Telephony};

/// How often one trunk is asked by hand: a carrier may take more for a flood.
pub(crate) fn rate() -> Rate<Uuid> {
    Rate::new(6, TimeDelta::minutes(1))
}

/// What came of asking.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrunkAnswer {
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// The SIP status it answered with, whichever it is a sign of life; null when no answer came.
    pub status: Option<u16>,
    /// How long the answer took.
    pub latency_ms: Option<u32>,
    /// Why none came; null with an answer.
    pub fault: Option<TrunkFault>,
    /// How the trunk stands since.
    pub now: TrunkNow,
}

/// Asks a trunk now (OPTIONS); an answer is waited for 5 seconds. At most six times a minute.
#[utoipa::path(
    post, path = "/api/v1/trunks/{id}/ask", tag = "telephony",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = TrunkAnswer), (status = 404, body = Problem), (status = 429, body = Problem),
        (status = 503, body = Problem),
    ),
)]
pub(crate) async fn ask(
    actor: Actor<EditTrunks>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<Json<TrunkAnswer>> {
    let app = telephony.app().clone();
    let row = store::one(app.db.read(), id).await?;
    let stack = telephony.stack()?;
    let line = stack.board().line(id).ok_or_else(|| not_found("trunk"))?;
    let asked_at = app.clock.now();
    telephony.trunk_may_be_asked(id)?;
    let heard = Box::pin(stack.ask(&line)).await;
    let (status, latency_ms, fault) = match heard {
        Heard::Answer { status, latency_ms } => (Some(status), Some(latency_ms), None),
        Heard::Nothing(fault) => (None, None, Some(fault)),
    };
    let who = actor.who();
    let details = json!({
        "name": row.name, "status": status, "latency_ms": latency_ms, "fault": fault,
    });
    app.db
        .clone()
        .write(async move |tx| {
            audit::record(&app, &*tx, &who, "trunk.asked", "trunk", id, details).await
        })
        .await?;
    Ok(Json(TrunkAnswer {
        asked_at,
        status,
        latency_ms,
        fault,
        now: TrunkNow::of(Some(line.as_ref())),
    }))
}
