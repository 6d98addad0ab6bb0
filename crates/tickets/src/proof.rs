//! A code that the requester reads out on the telephone: it was shown to whoever writes, and tells that the number is
//! his. Here it is known who talks to whom, and which way the call went.

use axum::extract::State;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, not_found, refused};
use kernel::{Actor, App};
use requesters::{CallWay, EditRequesters, ProofOutcome};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::contact::{events, store as contacts};

/// What was read out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeardCode {
    /// Six digits.
    code: String,
}

/// Takes the code that the requester reads out, while the actor talks to him. On a call that we made it proves the
/// number and joins writer and caller to one person; on one that came in it suggests that they are.
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/proof", tag = "requesters", operation_id = "hear_code",
    params(("id" = Uuid, Path, description = "The call")),
    request_body = HeardCode,
    responses((status = 200, body = ProofOutcome), (status = 404, body = Problem), (status = 409, body = Problem), (status = 429, body = Problem)),
)]
pub(crate) async fn hear(
    actor: Actor<EditRequesters>,
    State(app): State<App>,
    Path(call): Path<Uuid>,
    Json(heard): Json<HeardCode>,
) -> Result<Json<ProofOutcome>> {
    // What was told of the call and not heard yet is heard now.
    events::until_answered(&app, call).await?;
    let db = app.db.clone();
    let outcome = db
        .write(async move |tx| {
            let record = contacts::find(&*tx, call).await?;
            let own = record.filter(|record| record.agent_id == Some(actor.user_id()));
            let record = own.ok_or_else(|| not_found("call"))?;
            let talks = record.answered_at.is_some() && record.ended_at.is_none();
            if record.medium != "voice" || !talks {
                let detail = "a code is taken while you talk to whoever reads it out";
                return Err(refused("proof_no_call", detail));
            }
            let way = match record.direction.as_str() {
                "outbound" => CallWay::WeCalled,
                _ => CallWay::CalledUs,
            };
            let whose = (record.requester_id, way);
            requesters::finish_proof(&app, &tx, &actor.who(), &heard.code, whose).await
        })
        .await?;
    requesters::must_be_right(outcome).map(Json)
}
