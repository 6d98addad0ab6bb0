//! What somebody takes part in whose call it is not: he is asked, or he supervises.

use axum::extract::State;
use kernel::http::Json;
use kernel::problem::{Problem, Result};
use kernel::{Actor, PersonName, Phone, Scope};
use organization::Colleague;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::control::SupervisionMode;
use super::store;
use crate::{ControlCalls, SuperviseCalls, Telephony};

/// What the person is asked about who is asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsultationView {
    /// The call.
    pub call_id: Uuid,
    /// Who asks; null once he has left.
    pub asked_by: Option<Colleague>,
    /// The queue through which he is asked; null when he was named.
    pub queue: Option<String>,
    /// He has answered.
    pub answered: bool,
    /// The requester's number, masked; empty when withheld.
    #[schema(value_type = String)]
    pub caller: Phone,
    /// The requester, whose card may be opened.
    pub requester_id: Option<Uuid>,
    /// His name, masked.
    #[schema(value_type = Option<String>)]
    pub requester_name: Option<PersonName>,
}

/// What one is asked about now; null for who is not asked. Told by the event `consultation` when it changes.
#[utoipa::path(
    get, path = "/api/v1/consultation", tag = "calls",
    responses((status = 200, body = Option<ConsultationView>), (status = 403, body = Problem)),
)]
pub(crate) async fn consultation(
    actor: Actor<ControlCalls>,
    State(telephony): State<Telephony>,
) -> Result<Json<Option<ConsultationView>>> {
    let Some((call_id, standing)) = telephony.engine().asked_in(actor.user_id()) else {
        return Ok(Json(None));
    };
    let conn = telephony.app().db.read();
    // Who is asked in this call may know of it, whosever it is.
    let call = store::get(conn, &Scope::All, call_id).await?;
    let askers = organization::colleagues(conn, standing.agent).await?;
    let asked_by = askers.into_values().next();
    let requester = match call.requester_id {
        Some(id) => requesters::find(conn, id).await?,
        None => None,
    };
    let third = standing.third;
    Ok(Json(Some(ConsultationView {
        call_id,
        asked_by,
        answered: third.as_ref().is_some_and(|third| third.answered),
        queue: third.and_then(|third| third.queue),
        caller: Phone::new(call.caller),
        requester_id: call.requester_id,
        requester_name: requester.and_then(|requester| requester.name),
    })))
}

/// The call that somebody supervises.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySupervision {
    /// The call.
    pub call_id: Uuid,
    /// Who has it.
    pub agent: Option<Colleague>,
    /// How he takes part.
    pub mode: SupervisionMode,
}

/// The call that one supervises now, for a page that was loaded anew; null for who supervises none.
#[utoipa::path(
    get, path = "/api/v1/supervision", tag = "calls",
    responses((status = 200, body = Option<MySupervision>), (status = 403, body = Problem)),
)]
pub(crate) async fn supervision(
    actor: Actor<SuperviseCalls>,
    State(telephony): State<Telephony>,
) -> Result<Json<Option<MySupervision>>> {
    let Some((call_id, standing)) = telephony.engine().supervised_by(actor.user_id()) else {
        return Ok(Json(None));
    };
    let Some((_, mode)) = standing.supervised else {
        return Ok(Json(None));
    };
    let conn = telephony.app().db.read();
    let agents = organization::colleagues(conn, standing.agent).await?;
    Ok(Json(Some(MySupervision {
        call_id,
        agent: agents.into_values().next(),
        mode: mode.into(),
    })))
}
