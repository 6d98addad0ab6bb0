#![doc = include_str!("../README.md")]

pub mod attendance;
mod capital;
pub mod contract;
mod evidence;
pub mod presence;
pub mod question;
pub mod rights;
pub mod seat_fee;
pub mod statement;
pub mod term;
mod trail;
mod waiting;

use std::sync::Arc;

use kernel::{App, Capability, Migration, migration, timer};
use utoipa_axum::router::OpenApiRouter;

pub use attendance::{Attendance, ChainHead, SignedSheets, Signers};
pub use capital::capital;
pub use statement::checks::{Concern, SubmissionCheck, SubmissionFacts};
pub use statement::file::Printer;

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026120301_settlement"),
        migration!("2026120401_settlement_rounds"),
    ]
}

/// What other capabilities answer.
pub struct Ports {
    /// Knows the frozen days.
    pub attendance: Arc<dyn Attendance>,
    /// Knows what is not in order before a statement is submitted.
    pub facts: Arc<dyn SubmissionFacts>,
    /// Lays papers out.
    pub printer: Arc<dyn Printer>,
}

/// What the server mounts.
pub fn capability(app: &App, ports: Ports) -> Capability {
    let desk = statement::http::Desk {
        app: app.clone(),
        attendance: ports.attendance,
        facts: ports.facts,
        printer: ports.printer,
    };
    let routes = OpenApiRouter::new()
        .merge(contract::http::routes(app))
        .merge(contract::price::routes(app))
        .merge(contract::counting::routes(app))
        .merge(attendance::routes(app))
        .merge(statement::http::routes(&desk))
        .merge(statement::review::routes(&desk))
        .merge(statement::checks::routes(&desk))
        .merge(statement::days::routes(&desk))
        .merge(statement::round::routes(&desk))
        .merge(statement::file::routes(&desk))
        .merge(statement::invoice::routes(&desk))
        .merge(statement::payment::routes(&desk))
        .merge(statement::adjustment::routes(&desk))
        .merge(statement::recount::routes(&desk))
        .merge(question::routes(app))
        .merge(question::doors::routes(app));
    Capability {
        name: "settlement",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        event_handlers: vec![
            timer::start::<statement::store::Statements>(app),
            timer::start::<contract::ending::Contracts>(app),
            statement::file::freezer(&desk),
        ],
        waiting: waiting::kinds(app),
        evidence: evidence::kinds(app),
        ..Capability::default()
    }
}
