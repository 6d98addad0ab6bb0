//! Missed calls over HTTP.

use acd::WorkId;
use axum::extract::State;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::{Actor, audit};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::Callback;
use crate::work_item::store;
use crate::{CloseCallbacks, Floor, ViewCallbacks};

const LONGEST_NOTE: usize = 200;

/// Which missed calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackFilter {
    /// Those that were returned, instead of those that are due.
    done: Option<bool>,
}

/// Missed calls, the last first; `sort=offered_at` puts the one that waits longest first.
#[utoipa::path(
    get, path = "/api/v1/callbacks", tag = "floor",
    params(ListQuery, CallbackFilter),
    responses((status = 200, body = Page<Callback>)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewCallbacks>,
    State(floor): State<Floor>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<CallbackFilter>,
) -> Result<Json<Page<Callback>>> {
    let conn = floor.inner.app.db.read();
    let page = store::list_callbacks(conn, &query, filter.done.unwrap_or(false)).await?;
    Ok(Json(page.map(Callback::from)))
}

/// What came of a call-back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallbackDone {
    /// At most 200 characters.
    note: Option<String>,
}

/// Marks a missed call as returned. 409 `callback_done_before`.
#[utoipa::path(
    post, path = "/api/v1/callbacks/{work_id}/done", tag = "floor",
    params(("work_id" = uuid::Uuid, Path)),
    request_body = CallbackDone,
    responses((status = 200, body = Callback), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn done(
    actor: Actor<CloseCallbacks>,
    State(floor): State<Floor>,
    Path(work): Path<WorkId>,
    Json(asked): Json<CallbackDone>,
) -> Result<Json<Callback>> {
    let note = asked
        .note
        .map(|note| note.trim().to_owned())
        .filter(|note| !note.is_empty());
    if note
        .as_ref()
        .is_some_and(|note| note.chars().count() > LONGEST_NOTE)
    {
        return Err(invalid(
            "note",
            "note_length",
            "a note has at most 200 characters",
        ));
    }
    let app = floor.inner.app.clone();
    let (who, by, now) = (actor.who(), actor.user_id(), app.clock.now());
    let db = app.db.clone();
    let row = db
        .write(async move |tx| {
            store::callback_done(&*tx, work, by, now, note).await?;
            audit::record(&app, &*tx, &who, "callback.done", "work", work, json!({})).await?;
            let row = store::get(&*tx, work).await?;
            row.ok_or_else(|| internal("the missed call is gone"))
        })
        .await?;
    floor.callback_done(work).await?;
    Ok(Json(row.into()))
}
