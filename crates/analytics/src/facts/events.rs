//! Hears what happened; each time the fact is made anew from the rows, so order and repetition do not matter.

use kernel::problem::Result;
use kernel::{App, Event, EventHandler};
use uuid::Uuid;

use super::keep;

/// After these a contact's rows stand as they will be counted.
const CONTACTS: &[&str] = &[
    "work.accepted",
    "work.abandoned",
    "work.ended",
    "work.passed",
    "work.handed_over",
    "work.wrap_up_ended",
    "work.wrap_up_expired",
    "work.part_wrap_up_ended",
    "work.part_wrap_up_expired",
    "call.answered",
    "call.ended",
    "call.entered",
    "call.rated",
    "call.interrupted",
    "call.message_left",
    "conversation.offered",
    "conversation.answered",
    "conversation.handed_on",
    "conversation.put_back",
    "conversation.ended",
    "conversation.abandoned",
    "conversation.left",
    "conversation.closed",
    "conversation.wrap_up_expired",
    "conversation.rated",
    "contact.completed",
    "contact.owed",
];

/// After these a ticket's.
const TICKETS: &[&str] = &[
    "ticket.opened",
    "ticket.voided",
    "ticket.edited",
    "ticket.signed",
    "ticket.return_asked",
    "ticket.extension_asked",
    "ticket.granted",
    "ticket.refused",
    "ticket.reassigned",
    "ticket.transfer_accepted",
    "ticket.suspended",
    "ticket.resumed",
    "ticket.replied",
    "ticket.approved",
    "ticket.sent_back",
    "ticket.revisited",
    "ticket.closed",
    "ticket.reopened",
    "ticket.rejected",
    "ticket.merged",
    "ticket.rated",
    "ticket.archived",
    "ticket.dispatched",
    "ticket.left_by_voice",
];

/// Keeps the facts.
pub(crate) fn handlers(app: &App) -> Vec<EventHandler> {
    let (of_contacts, of_tickets) = (app.clone(), app.clone());
    vec![
        EventHandler::new("analytics.contact_facts", CONTACTS, move |event| {
            contact(of_contacts.clone(), event)
        }),
        EventHandler::new("analytics.ticket_facts", TICKETS, move |event| {
            ticket(of_tickets.clone(), event)
        }),
    ]
}

async fn contact(app: App, event: Event) -> Result<()> {
    let Ok(id) = event.subject_id.parse::<Uuid>() else {
        return Ok(());
    };
    app.db
        .write(move |tx| async move { keep::contacts(&tx, &[id]).await })
        .await?;
    Ok(())
}

async fn ticket(app: App, event: Event) -> Result<()> {
    let Ok(id) = event.subject_id.parse::<Uuid>() else {
        return Ok(());
    };
    app.db
        .write(move |tx| async move { keep::tickets(&tx, &[id]).await })
        .await?;
    Ok(())
}
