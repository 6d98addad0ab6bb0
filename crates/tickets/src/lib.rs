#![doc = include_str!("../README.md")]

pub mod carried;
pub mod contact;
pub mod cover;
pub mod emergency;
pub mod escalation;
mod evidence;
mod forget;
mod form;
mod gate;
pub mod handover;
pub mod incident;
pub mod instruction;
pub mod left;
mod matter;
mod people;
pub mod pop;
mod proof;
mod rights;
mod rules;
pub mod section;
pub mod status;
mod terms;
pub mod ticket;
pub mod trail;
mod upload;
mod waiting;
pub mod words;
pub mod work_order;

use std::sync::Arc;
use std::time::Duration;

use kernel::jobs::Schedule;
use kernel::{App, Capability, EventHandler, JobDef, Migration, migration, timer, word_index};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use contact::answers::Answers;
pub use forget::{FORGETS, changed_since, forget_words};
pub use gate::wrap_up_gate;
pub use matter::{
    Matter, all_names as matter_names, choices as matter_choices, leaves_below as matters_below,
};
pub use rights::WriteInstructions;

kernel::permissions! {
    /// See tickets and their history.
    pub ViewTickets = "tickets:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Open, correct, answer and close tickets, hand them on.
    pub HandleTickets = "tickets:handle" { Agent: Own, ShiftLead: All, OpsManager: All }
    /// Reassign tickets, decide what was asked for, press, revisit, reopen.
    pub DispatchTickets = "tickets:dispatch" { ShiftLead: All, OpsManager: All }
    /// Sign off the answers to complaints and reports.
    pub SignOffTickets = "tickets:sign_off" { PurchaserAdmin: All, PurchaserBusiness: All }
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
        Liaison: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Change the matter tree, also from a file.
    pub ManageMatters = "matters:manage" { OpsManager: All, PurchaserAdmin: All }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112312_tickets"),
        migration!("2026112502_work_orders"),
        migration!("2026112503_escalation"),
        word_index!("2026112504_ticket_words", "ticket_words"),
        migration!("2026112506_covers"),
        Migration {
            id: "2026112602_rules",
            sqlite: include_str!("../migrations/2026112602_rules.sqlite.sql"),
            postgres: include_str!("../migrations/2026112602_rules.postgres.sql"),
        },
        migration!("2026112603_incident_address"),
        migration!("2026112604_numbers"),
        migration!("2026112605_rules_from_midnight"),
        migration!("2026112609_numbers_to_kernel"),
        migration!("2026112612_channels"),
        migration!("2026112654_elsewhere"),
        migration!("2026112711_calls_of_documents"),
        migration!("2026120307_latest_records"),
    ]
}

/// What the server mounts.
pub fn capability(app: &App, answers: Arc<dyn Answers>) -> Capability {
    let routes = OpenApiRouter::new()
        .routes(routes!(ticket::http::list, ticket::http::open))
        .routes(routes!(ticket::http::get, ticket::http::edit))
        .routes(routes!(ticket::http::show_history))
        .routes(routes!(ticket::http::show_clock))
        .routes(routes!(ticket::note::list, ticket::note::add))
        .routes(routes!(ticket::link::show, ticket::link::add))
        .routes(routes!(ticket::repeat::add))
        .routes(routes!(ticket::receiver::list))
        .routes(routes!(ticket::measure::list))
        .routes(routes!(ticket::link::watch, ticket::link::unwatch))
        .routes(routes!(ticket::verbs::handle))
        .routes(routes!(ticket::verbs::dispatch))
        .routes(routes!(ticket::verbs::sign_off))
        .routes(routes!(form::list))
        .routes(routes!(contact::http::list))
        .routes(routes!(contact::http::get, contact::http::save))
        .routes(routes!(matter::tree))
        .routes(routes!(matter::edit::rows))
        .routes(routes!(matter::edit::put))
        .routes(routes!(pop::show))
        .routes(routes!(pop::of_conversation))
        .routes(routes!(proof::hear))
        .with_state(app.clone())
        .merge(contact::http::completing(app, answers))
        .merge(matter::sheet::routes(app))
        .merge(ticket::file::routes(app))
        .merge(status::routes(app))
        .merge(section::http::routes(app))
        .merge(cover::http::routes(app))
        .merge(rules::routes(app))
        .merge(escalation::http::routes(app))
        .merge(instruction::http::routes(app))
        .merge(emergency::http::routes(app))
        .merge(incident::http::routes(app))
        .merge(work_order::routes(app));
    let (calls, wrap_ups, forgotten, left) = (app.clone(), app.clone(), app.clone(), app.clone());
    let parts = app.clone();
    Capability {
        name: "tickets",
        migrations: migrations(),
        permissions: [
            permissions(),
            rights::permissions(),
            work_order::permissions(),
        ]
        .concat(),
        routes,
        event_handlers: vec![
            EventHandler::new(
                "tickets.keep_contact_record",
                contact::events::CONTACT_EVENTS,
                move |event| contact::events::on_call(calls.clone(), event),
            ),
            EventHandler::new(
                "tickets.measure_wrap_up",
                contact::events::WRAP_UP_EVENTS,
                move |event| contact::events::on_wrap_up(wrap_ups.clone(), event),
            ),
            EventHandler::new(
                "tickets.pass_contact_record",
                contact::events::PART_EVENTS,
                move |event| contact::events::on_part(parts.clone(), event),
            ),
            EventHandler::new(
                "tickets.open_of_voice_message",
                left::VOICE_EVENTS,
                move |event| left::on_voice(left.clone(), event),
            ),
            timer::start::<ticket::alarm::Tickets>(app),
            timer::start::<escalation::store::Escalations>(app),
            escalation::store::on_breach(app),
            timer::start::<instruction::store::Instructions>(app),
            timer::start::<emergency::store::Emergencies>(app),
            emergency::arrival::on_sent(app),
            timer::start::<incident::store::Incidents>(app),
            incident::store::on_opened(app),
            work_order::event_handler(app),
        ],
        jobs: [
            vec![JobDef::new(
                "tickets.owe_forgotten_records",
                Schedule::Every(Duration::from_mins(1)),
                move |_payload| contact::events::owe_forgotten(forgotten.clone()),
            )],
            vec![incident::answer::job(app)],
            work_order::jobs(app),
        ]
        .concat(),
        waiting: waiting::kinds(app),
        evidence: evidence::kinds(app),
    }
}
