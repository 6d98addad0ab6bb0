//! 并单: one ticket is carried on by another.

use axum::extract::State;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::text::needed;
use kernel::{Actor, App};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::DispatchTickets;
use crate::ticket::act::{self, Hand};
use crate::ticket::http::{TicketDetail, detail};
use crate::ticket::life::{Action, State as Standing};
use crate::ticket::link::{LinkKind, tie};
use crate::ticket::store;
use crate::ticket::viewer::Viewer;

/// A ticket that is to be carried on by another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Merge {
    /// The ticket that carries it on.
    into: Uuid,
    /// The version that was read.
    version: i64,
    /// Why they are one.
    reason: String,
}

/// Merges a ticket into another: it ends, the other one carries it on, and both histories say so.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/merge", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = Merge,
    responses((status = 200, body = TicketDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn merge(
    actor: Actor<DispatchTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(merge): Json<Merge>,
) -> Result<Json<TicketDetail>> {
    let reason = needed("reason", &merge.reason)?;
    if merge.into == id {
        return Err(invalid(
            "into",
            "merge_into_itself",
            "a ticket is not merged into itself",
        ));
    }
    let viewer = Viewer::of(&app, &actor).await?;
    let (db, done, who, looks) = (app.db.clone(), app.clone(), actor.who(), viewer.clone());
    let ticket = db
        .write(move |tx| async move {
            let before = act::as_read(&*tx, &looks, id, merge.version).await?;
            let into = store::get(&*tx, &looks, merge.into)
                .await
                .map_err(|problem| problem.with_field("into"))?;
            if !into.open || into.standing()? == Standing::Draft {
                return Err(refused(
                    "ticket_not_open",
                    format!(
                        "ticket `{}` carries nothing on: it is {}",
                        into.number, into.state
                    ),
                )
                .with_field("into"));
            }
            let hand = Hand::of(&app, &tx, &who).await?;
            let merged = Box::pin(hand.act(before, &Action::Merge, Some(&reason))).await?;
            tie(&app, &tx, &who, (&merged, LinkKind::Duplicate, &into)).await?;
            Ok(merged)
        })
        .await?;
    detail(&done, actor.principal(), &viewer, ticket).await
}
