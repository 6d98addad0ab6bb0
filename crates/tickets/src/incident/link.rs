//! What belongs to an incident: tickets and contacts, linked by one click.

use kernel::audit::Who;
use kernel::problem::{Result, not_found, refused};
use kernel::{App, Scope, Tx};
use sea_orm::sea_query::{OnConflict, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::Action;
use super::store::{self, row};
use crate::contact::store::row as record_row;
use crate::ticket::life::State as Standing;
use crate::ticket::store::{self as tickets, row as ticket_row};
use crate::ticket::viewer::Viewer;

kernel::table! {
    pub(crate) mod link_row = "incident_tickets" (incident_id: Uuid, ticket_id: Uuid) {
        linked_at: DateTimeUtc,
        linked_by: Option<Uuid>,
        outcome: Option<String>,
        done_at: Option<DateTimeUtc>,
    }
}

kernel::table! {
    pub(crate) mod contact_row = "incident_contacts" (incident_id: Uuid, call_id: Uuid) {
        linked_at: DateTimeUtc,
        linked_by: Option<Uuid>,
    }
}

/// The calls that belong to an incident.
pub(crate) fn contacts_of(incident: Uuid) -> SelectStatement {
    contact_row::Entity::find()
        .select_only()
        .column(contact_row::Column::CallId)
        .filter(contact_row::Column::IncidentId.eq(incident))
        .into_query()
}

/// Links tickets and their contacts. All or none: one that cannot be seen, or belongs to another open incident,
/// refuses the request; one that is linked already is left as it is.
pub(crate) async fn tickets(
    app: &App,
    tx: &Tx,
    who: &Who,
    incident: Uuid,
    (viewer, ids): (&Viewer, &[Uuid]),
) -> Result<row::Model> {
    let incident = store::get_to_link(&**tx, incident).await?;
    let mut new = 0;
    for id in ids {
        let ticket = tickets::get(&**tx, viewer, *id).await?;
        if ticket.incident_id == Some(incident.id) {
            continue;
        }
        if [Standing::Draft, Standing::Void].contains(&ticket.standing()?) {
            return Err(refused(
                "ticket_not_open",
                format!("ticket `{}` is no request yet", ticket.number),
            )
            .with_field("tickets"));
        }
        if let Some(other) = ticket.incident_id {
            let other = store::get(&**tx, other).await?;
            if other.open {
                return Err(refused(
                    "ticket_of_another_incident",
                    format!("ticket `{}` belongs to `{}`", ticket.number, other.number),
                )
                .with_field("tickets"));
            }
        }
        link(app, tx, who, &incident, &ticket).await?;
        new += 1;
    }
    done(app, tx, who, incident, ("linked", new)).await
}

async fn link(
    app: &App,
    tx: &Tx,
    who: &Who,
    incident: &row::Model,
    ticket: &ticket_row::Model,
) -> Result<()> {
    let after = ticket_row::Model {
        incident_id: Some(incident.id),
        ..ticket.clone()
    };
    let told = ("incident_linked", Some(incident.number.as_str()));
    tickets::save(app, &**tx, who, told, ticket, after).await?;
    let row = link_row::ActiveModel {
        incident_id: Set(incident.id),
        ticket_id: Set(ticket.id),
        linked_at: Set(app.clock.now()),
        linked_by: Set(who.user_id),
        outcome: Set(None),
        done_at: Set(None),
    };
    link_row::Entity::insert(row)
        .exec_without_returning(&**tx)
        .await?;
    let mut of_ticket = Condition::any().add(record_row::Column::TicketId.eq(ticket.id));
    if let Some(call) = ticket.source_call_id {
        of_ticket = of_ticket.add(record_row::Column::Id.eq(call));
    }
    let records = record_row::Entity::find()
        .filter(of_ticket)
        .all(&**tx)
        .await?;
    for record in records {
        link_contact(app, tx, who, incident.id, record.id).await?;
    }
    Ok(())
}

/// Takes a ticket that was linked by mistake out again.
pub(crate) async fn unlink(
    app: &App,
    tx: &Tx,
    who: &Who,
    incident: Uuid,
    (viewer, id): (&Viewer, Uuid),
) -> Result<row::Model> {
    let incident = store::get_to_link(&**tx, incident).await?;
    let ticket = tickets::get(&**tx, viewer, id).await?;
    if ticket.incident_id != Some(incident.id) {
        return Err(not_found("ticket of this incident"));
    }
    let after = ticket_row::Model {
        incident_id: None,
        ..ticket.clone()
    };
    let told = ("incident_unlinked", Some(incident.number.as_str()));
    tickets::save(app, &**tx, who, told, &ticket, after).await?;
    link_row::Entity::delete_by_id((incident.id, ticket.id))
        .exec(&**tx)
        .await?;
    done(app, tx, who, incident, ("unlinked", 1)).await
}

/// Links contacts that needed no ticket. All or none, as with tickets.
pub(crate) async fn contacts(
    app: &App,
    tx: &Tx,
    who: &Who,
    incident: Uuid,
    (scope, ids): (&Scope, &[Uuid]),
) -> Result<row::Model> {
    let incident = store::get_to_link(&**tx, incident).await?;
    let mut new = 0;
    for id in ids {
        let record = record_row::Entity::find_by_id(*id).one(&**tx).await?;
        let seen = record.filter(|record| match scope {
            Scope::All => true,
            Scope::Own(user) => record.agent_id == Some(*user),
            Scope::Queues(queues) => record
                .queue
                .as_ref()
                .is_some_and(|queue| queues.contains(queue)),
        });
        let record = seen.ok_or_else(|| not_found("contact record"))?;
        if link_contact(app, tx, who, incident.id, record.id).await? {
            new += 1;
        }
    }
    done(app, tx, who, incident, ("contacts_linked", new)).await
}

async fn link_contact(app: &App, tx: &Tx, who: &Who, incident: Uuid, call: Uuid) -> Result<bool> {
    let row = contact_row::ActiveModel {
        incident_id: Set(incident),
        call_id: Set(call),
        linked_at: Set(app.clock.now()),
        linked_by: Set(who.user_id),
    };
    let known = OnConflict::columns([contact_row::Column::IncidentId, contact_row::Column::CallId])
        .do_nothing()
        .to_owned();
    let written = contact_row::Entity::insert(row)
        .on_conflict(known)
        .exec_without_returning(&**tx)
        .await?;
    Ok(written > 0)
}

/// One line for all that one click linked; nothing when all was linked before.
async fn done(
    app: &App,
    tx: &Tx,
    who: &Who,
    incident: row::Model,
    (what, new): (&str, usize),
) -> Result<row::Model> {
    if new == 0 {
        return Ok(incident);
    }
    let note = new.to_string();
    let told = (what, Some(note.as_str()));
    store::act(app, tx, who, &incident, &Action::Link, told, |_| {}).await
}
