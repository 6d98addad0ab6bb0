//! Who may be given a ticket: colleagues who take requests, never the owner and never the person complained about
//!

use std::collections::HashMap;

use axum::extract::State;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result};
use kernel::{Actor, App, Role};
use organization::Colleague;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::viewer::Viewer;
use super::{act, store};
use crate::HandleTickets;
use crate::cover::{self, Away};

/// Somebody who may be given a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receiver {
    /// Who.
    #[serde(flatten)]
    pub person: Colleague,
    /// Where he stands on the floor: `ready`, `talking`, `break` …; null for who is not signed in there.
    pub state: Option<String>,
    /// Why he is not there; null while he is.
    pub away: Option<Away>,
}

/// Who may be given a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receivers {
    /// Agents by staff number, then the shift leads.
    pub items: Vec<Receiver>,
}

/// The colleagues who may be given a ticket, and whether they are there.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/receivers", tag = "tickets",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = Receivers), (status = 404, body = Problem)),
)]
pub(crate) async fn list(
    actor: Actor<HandleTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<Receivers>> {
    let (conn, now) = (app.db.read(), app.clock.now());
    let ticket = store::get(conn, &Viewer::of(&app, &actor).await?, id).await?;
    let service = act::service_clock(conn).await?;
    let duty = cover::store::duty(conn, now, &service).await?;
    let sessions = floor::agent_state::store::open_sessions(conn).await?;
    let states: HashMap<Uuid, String> = sessions
        .into_iter()
        .map(|session| (session.agent_id, session.state))
        .collect();
    let mut people = organization::colleagues::holders(conn, Role::Agent).await?;
    for lead in organization::colleagues::holders(conn, Role::ShiftLead).await? {
        if !people.iter().any(|known| known.id == lead.id) {
            people.push(lead);
        }
    }
    let left_out = [Some(ticket.current_owner_id), ticket.complained_agent_id];
    people.retain(|person| !left_out.contains(&Some(person.id)));
    let items = people.into_iter().map(|person| Receiver {
        state: states.get(&person.id).cloned(),
        away: duty.away(person.id),
        person,
    });
    Ok(Json(Receivers {
        items: items.collect(),
    }))
}
