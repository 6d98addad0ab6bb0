//! What a colleague sees who is asked about a call: whose it is telephony knows, what is written of it the tickets.

use axum::extract::State;
use kernel::http::Json;
use kernel::problem::Problem;
use kernel::{Actor, App, Result, Scope};
use telephony::{ControlCalls, Telephony};
use tickets::pop::{Pop, for_call};
use tickets::ticket::viewer::Viewer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Who is on the line in the call that one is asked about, and what is written of it so far, to be read; null for who
/// is not asked.
#[utoipa::path(
    get, path = "/api/v1/consultation/pop", tag = "calls",
    responses((status = 200, body = Option<Pop>), (status = 403, body = Problem)),
)]
async fn pop(
    actor: Actor<ControlCalls>,
    State((app, telephony)): State<(App, Telephony)>,
) -> Result<Json<Option<Pop>>> {
    let Some((call, _)) = telephony.engine().asked_in(actor.user_id()) else {
        return Ok(Json(None));
    };
    let viewer = Viewer::of(&app, &actor).await?;
    // For as long as he is asked he may know of it, whosever it is.
    let pop = Box::pin(for_call(&app, &viewer, &Scope::All, call)).await?;
    Ok(Json(Some(pop)))
}

/// What the server mounts.
pub fn routes(app: &App, telephony: &Telephony) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(pop))
        .with_state((app.clone(), telephony.clone()))
}
