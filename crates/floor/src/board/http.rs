//! The boards over HTTP.

use axum::extract::State;
use kernel::Actor;
use kernel::http::Json;
use kernel::problem::Result;

use super::{FloorSnapshot, Wallboard};
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

/// The numbers of the wallboard.
#[utoipa::path(
    get, path = "/api/v1/wallboard", tag = "floor",
    responses((status = 200, body = Wallboard)),
)]
pub(crate) async fn wallboard(
    _actor: Actor<ViewWallboard>,
    State(floor): State<Floor>,
) -> Result<Json<Wallboard>> {
    Ok(Json(floor.wallboard().await?))
}
