#![doc = include_str!("../README.md")]

pub mod attendance;
pub mod contract;
pub mod presence;
pub mod question;
pub mod rights;
pub mod seat_fee;
pub mod statement;
pub mod term;
mod trail;

use std::sync::Arc;

use kernel::{App, Capability, Migration, migration, timer};
use utoipa_axum::router::OpenApiRouter;

pub use attendance::{Attendance, SignedSheets};
pub use trail::SettlementLine;

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("2026120301_settlement")]
}

/// What the server mounts; `attendance` knows the frozen days.
pub fn capability(app: &App, attendance: Arc<dyn Attendance>) -> Capability {
    let desk = statement::http::Desk {
        app: app.clone(),
        attendance,
    };
    Capability {
        name: "settlement",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes: OpenApiRouter::new()
            .merge(contract::routes(app))
            .merge(attendance::routes(app))
            .merge(statement::http::routes(&desk))
            .merge(statement::money::routes(&desk))
            .merge(statement::adjustment::routes(&desk))
            .merge(question::routes(app))
            .merge(question::doors::routes(app)),
        event_handlers: vec![timer::start::<statement::store::Statements>(app)],
        ..Capability::default()
    }
}
