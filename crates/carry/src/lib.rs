#![doc = include_str!("../README.md")]

mod evidence;
pub mod export;
pub mod history;
pub mod import;
pub mod kind;
mod rights;

use kernel::{App, Capability, Migration, migration};
use utoipa_axum::router::OpenApiRouter;

pub use rights::{DecideExports, ImportCarried, RequestExports, ViewCarried, ViewCarriedHistory};

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("2026112720_carry")]
}

/// What the server mounts.
pub fn capability(app: &App) -> Capability {
    let routes = OpenApiRouter::new()
        .merge(import::http::routes(app))
        .merge(history::routes(app))
        .merge(export::http::routes(app));
    Capability {
        name: "carry",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        jobs: vec![export::request::job(app)],
        waiting: vec![export::request::waiting(app)],
        evidence: evidence::kinds(app),
        ..Capability::default()
    }
}
