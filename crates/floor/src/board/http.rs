//! The boards over HTTP.

use axum::extract::State;
use kernel::Actor;
use kernel::http::Json;
use kernel::problem::Result;

use super::{FloorSnapshot, Wallboard, WallboardView};
use crate::{Floor, ViewFloor, ViewWallboard};

/// The floor as it stands: queues, agents, who waits.
#[utoipa::path(
    get, path = "/api/v1/floor", tag = "floor",
    responses((status = 200, body = FloorSnapshot)),
)]
pub(crate) async fn floor(
    _actor: Actor<ViewFloor>,
    State(floor): State<Floor>,
) -> Result<Json<FloorSnapshot>> {
    Ok(Json(floor.snapshot().await?))
}

/// The parameter that says how much of the calls is to be answered in time.
const IN_TIME_TARGET: &str = "service.k02_answered_in_15_s_target_bp";

/// The numbers of the wallboard.
#[utoipa::path(
    get, path = "/api/v1/wallboard", tag = "floor",
    responses((status = 200, body = WallboardView)),
)]
pub(crate) async fn wallboard(
    _actor: Actor<ViewWallboard>,
    State(floor): State<Floor>,
) -> Result<Json<WallboardView>> {
    let app = &floor.inner.app;
    let now: Wallboard = floor.wallboard().await?;
    let target = app.params.row_at(app.db.read(), IN_TIME_TARGET, now.as_of);
    let answered_in_15_target_bp = target.await?.and_then(|row| row.value.parse().ok());
    Ok(Json(WallboardView {
        now,
        answered_in_15_target_bp,
    }))
}
