//! What tickets and records forget of a person, and of everybody once the contract is over.

use kernel::forget::Step;
use kernel::problem::Result;
use kernel::{Forgets, Tx};

const TICKET: &[Step] = &[("tickets", "id", "requester_id")];

/// Column by column.
pub const FORGETS: &[Forgets] = &[
    Forgets::over("tickets", "title", "''").of("requester_id"),
    Forgets::over("tickets", "summary", "''").of("requester_id"),
    Forgets::over("tickets", "form", "'{}'").of("requester_id"),
    Forgets::over("tickets", "resolution", "null").of("requester_id"),
    Forgets::over("tickets", "incident_address", "null").of("requester_id"),
    Forgets::over("ticket_notes", "body", "''").through("ticket_id", TICKET),
    Forgets::over("ticket_files", "name", "''").through("ticket_id", TICKET),
    Forgets::file("ticket_files", "path"),
    Forgets::over("contact_records", "summary", "''").of("requester_id"),
    Forgets::over("work_orders", "caller_sex", "null").through("ticket_id", TICKET),
    Forgets::over("work_orders", "raw", "'{}'").through("ticket_id", TICKET),
    Forgets::over("work_orders", "received", "'{}'").through("ticket_id", TICKET),
    Forgets::over("ticket_history", "before_value", "null").through("ticket_id", TICKET),
    Forgets::over("ticket_history", "after_value", "null").through("ticket_id", TICKET),
    Forgets::over("ticket_history", "note", "null").through("ticket_id", TICKET),
    Forgets::over("case_lines", "note", "null"),
    Forgets::over("escalations", "title", "''"),
    Forgets::over("escalations", "reason", "''"),
    Forgets::over("escalations", "answer", "null"),
    Forgets::over("instructions", "title", "''"),
    Forgets::over("instructions", "body", "''"),
    Forgets::over("instructions", "reply", "null"),
    Forgets::over("emergencies", "what", "''"),
    Forgets::over("emergencies", "place", "''"),
    Forgets::over("emergencies", "final_report", "null"),
    Forgets::over("incidents", "title", "''"),
    Forgets::over("incidents", "answer", "''"),
    Forgets::over("incidents", "report", "null"),
];

/// Forgets by which words tickets are found: the words themselves can be read off it.
pub async fn forget_words(tx: &Tx) -> Result<()> {
    crate::ticket::search::forget(&**tx).await
}

/// Whether a ticket was opened or changed after `at`; that a time ran out is no change.
pub async fn changed_since(
    conn: &impl sea_orm::ConnectionTrait,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<bool> {
    crate::ticket::history::changed_since(conn, at).await
}
