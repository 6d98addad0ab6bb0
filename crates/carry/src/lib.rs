#![doc = include_str!("../README.md")]

pub mod data_return;
mod evidence;
pub mod export;
mod forget;
pub mod history;
pub mod house;
pub mod import;
pub mod kind;
mod rights;

use std::sync::Arc;

use kernel::{App, Capability, Migration, migration};
use utoipa_axum::router::OpenApiRouter;

pub use forget::FORGETS;
pub use house::{House, RecordingsRemoved};
pub use rights::{
    AcceptReturns, DecideExports, HandleReturns, ImportCarried, RequestExports, ViewCarried,
    ViewCarriedHistory,
};

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112720_carry"),
        migration!("2026120410_data_returns"),
    ]
}

/// What the server mounts.
pub fn capability(app: &App, house: Arc<dyn House>) -> Capability {
    let routes = OpenApiRouter::new()
        .merge(import::http::routes(app))
        .merge(history::routes(app))
        .merge(export::http::routes(app))
        .merge(data_return::http::routes(app, &house));
    Capability {
        name: "carry",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        jobs: vec![
            export::request::job(app),
            data_return::deletion::job(app, house),
        ],
        waiting: vec![
            export::request::waiting(app),
            data_return::store::waiting(app),
        ],
        evidence: evidence::kinds(app),
        ..Capability::default()
    }
}
