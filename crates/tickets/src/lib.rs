#![doc = include_str!("../README.md")]

pub mod contact;
mod gate;
mod matter;
mod people;
pub mod pop;
mod text;
pub mod ticket;
pub mod words;

use std::time::Duration;

use kernel::jobs::Schedule;
use kernel::{App, Capability, EventHandler, JobDef, Migration, migration};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use gate::wrap_up_gate;
pub use matter::Matter;

kernel::permissions! {
    /// See tickets and their history.
    pub ViewTickets = "tickets:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Correct and close tickets.
    pub EditTickets = "tickets:edit" { Agent: Own, ShiftLead: All, OpsManager: All }
    /// See contact records and the screen pop.
    pub ViewContactRecords = "contact_records:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Write contact records, also for an agent who cannot.
    pub WriteContactRecords = "contact_records:write" { Agent: Own, ShiftLead: All }
    /// See the matter tree.
    pub ViewMatters = "matters:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("2026112312_tickets")]
}

/// What the server mounts.
pub fn capability(app: &App) -> Capability {
    let routes = OpenApiRouter::new()
        .routes(routes!(ticket::http::list))
        .routes(routes!(ticket::http::get, ticket::http::edit))
        .routes(routes!(ticket::http::close))
        .routes(routes!(ticket::http::show_history))
        .routes(routes!(contact::http::list))
        .routes(routes!(contact::http::get, contact::http::save))
        .routes(routes!(contact::http::finish))
        .routes(routes!(matter::tree))
        .routes(routes!(pop::show))
        .with_state(app.clone());
    let (calls, wrap_ups, forgotten) = (app.clone(), app.clone(), app.clone());
    Capability {
        name: "tickets",
        migrations: migrations(),
        permissions: permissions(),
        routes,
        event_handlers: vec![
            EventHandler::new(
                "tickets.keep_contact_record",
                contact::events::CALL_EVENTS,
                move |event| contact::events::on_call(calls.clone(), event),
            ),
            EventHandler::new(
                "tickets.measure_wrap_up",
                contact::events::WRAP_UP_EVENTS,
                move |event| contact::events::on_wrap_up(wrap_ups.clone(), event),
            ),
        ],
        jobs: vec![JobDef::new(
            "tickets.owe_forgotten_records",
            Schedule::Every(Duration::from_mins(1)),
            move |_payload| contact::events::owe_forgotten(forgotten.clone()),
        )],
    }
}
