//! The verbs on a ticket: edit and close by hand, open, void and attach by the wrap-up.

use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result, not_found, refused, stale};
use kernel::{App, Scope, Tx};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;
use uuid::Uuid;

use super::store::{self, row};
use super::{Action, history};
use crate::contact::WrapUp;

/// What is to be corrected; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edit {
    pub request_type: Option<String>,
    pub matter: Option<String>,
    pub summary: Option<String>,
}

/// Corrects a ticket the actor may edit.
pub(crate) async fn edit(
    app: &App,
    tx: &Tx,
    who: &Who,
    scope: &Scope,
    (id, version): (Uuid, i64),
    edit: Edit,
) -> Result<row::Model> {
    let before = for_change(&**tx, scope, id, version).await?;
    let mut after = before.clone().after(Action::Edit, app.clock.now())?;
    after.request_type = edit.request_type.or(after.request_type);
    after.matter_code = edit.matter.or(after.matter_code);
    after.summary = edit.summary.unwrap_or(after.summary);
    let saved = store::save(app, &**tx, who, "edited", &before, after).await?;
    if saved.version != before.version {
        audit::record(
            app,
            &**tx,
            who,
            "ticket.edited",
            "ticket",
            id,
            json!({ "version": saved.version }),
        )
        .await?;
    }
    Ok(saved)
}

/// Closes a ticket with what was done for the requester.
pub(crate) async fn close(
    app: &App,
    tx: &Tx,
    who: &Who,
    scope: &Scope,
    (id, version): (Uuid, i64),
    resolution: String,
) -> Result<row::Model> {
    let before = for_change(&**tx, scope, id, version).await?;
    let mut after = before.clone().after(Action::Close, app.clock.now())?;
    after.resolution = Some(resolution);
    let saved = store::save(app, &**tx, who, "closed", &before, after).await?;
    audit::record(
        app,
        &**tx,
        who,
        "ticket.closed",
        "ticket",
        id,
        json!({ "version": saved.version }),
    )
    .await?;
    app.events
        .publish(tx, "ticket.closed", id, facts(&saved))
        .await?;
    Ok(saved)
}

/// The wrap-up needs the draft: it becomes the requester's ticket.
pub(crate) async fn open(
    app: &App,
    tx: &Tx,
    who: &Who,
    draft: row::Model,
    wrap_up: &WrapUp,
) -> Result<row::Model> {
    let mut after = draft.clone().after(Action::Open, app.clock.now())?;
    after.request_type = wrap_up.request_type.map(|word| word.as_str().to_owned());
    after.matter_code.clone_from(&wrap_up.matter);
    after.summary.clone_from(&wrap_up.summary);
    let saved = store::save(app, &**tx, who, "opened", &draft, after).await?;
    app.events
        .publish(tx, "ticket.opened", saved.id, facts(&saved))
        .await?;
    Ok(saved)
}

/// The wrap-up needs no draft.
pub(crate) async fn void(app: &App, tx: &Tx, who: &Who, draft: row::Model) -> Result<row::Model> {
    let after = draft.clone().after(Action::Void, app.clock.now())?;
    store::save(app, &**tx, who, "voided", &draft, after).await
}

/// The ticket a contact may be attached to: open, and of the same requester.
pub(crate) async fn attachable(
    conn: &impl ConnectionTrait,
    id: Uuid,
    requester: Uuid,
) -> Result<row::Model> {
    let ticket = row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| unknown(id))?;
    if ticket.requester_id != requester {
        return Err(unknown(id));
    }
    if ticket.state != super::State::Open.as_str() {
        let problem = refused(
            "ticket_not_open",
            format!("ticket `{}` is not open", ticket.number),
        );
        return Err(problem.with_field("ticket_id"));
    }
    Ok(ticket)
}

/// Notes on a ticket that its requester called again.
pub(crate) async fn attach(
    app: &App,
    tx: &Tx,
    who: &Who,
    ticket: &row::Model,
    call: Uuid,
) -> Result<()> {
    history::write(
        app,
        &**tx,
        who,
        ticket,
        "contact_attached",
        history::note(call),
    )
    .await?;
    let mut facts = facts(ticket);
    facts["call_id"] = json!(call);
    app.events
        .publish(tx, "ticket.contact_attached", ticket.id, facts)
        .await
}

fn facts(ticket: &row::Model) -> serde_json::Value {
    json!({
        "ticket_id": ticket.id,
        "number": ticket.number,
        "request_type": ticket.request_type,
        "matter": ticket.matter_code,
        "requester_id": ticket.requester_id,
        "first_owner_id": ticket.first_owner_id,
        "owner_id": ticket.current_owner_id,
        "at": ticket.updated_at,
    })
}

fn unknown(id: Uuid) -> Problem {
    not_found("open ticket of this requester")
        .with_field("ticket_id")
        .with("ticket_id", id.to_string())
}

/// The ticket as the actor read it; with `Own` only the current owner may change it.
async fn for_change(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
    version: i64,
) -> Result<row::Model> {
    let ticket = store::get(conn, scope, id).await?;
    if let Scope::Own(user) = scope
        && ticket.current_owner_id != *user
    {
        return Err(refused(
            "not_the_owner",
            format!("ticket `{}` is owned by somebody else", ticket.number),
        )
        .with_way_out("the owner or the shift lead can change it"));
    }
    if ticket.version != version {
        return Err(stale(&format!("ticket `{}`", ticket.number)).with("version", ticket.version));
    }
    Ok(ticket)
}
