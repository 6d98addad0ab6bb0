#![doc = include_str!("../README.md")]

pub mod approval;
pub mod article;
mod number;
pub mod rights;
mod rules;
mod terms;

use kernel::{App, Capability, Migration, migration, timer};
use utoipa_axum::router::OpenApiRouter;

pub use article::{Cited, cite, cited};

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("2026112621_knowledge")]
}

/// What the server mounts.
pub fn capability(app: &App) -> Capability {
    let routes = OpenApiRouter::new()
        .merge(approval::http::routes(app))
        .merge(article::http::routes(app))
        .merge(rules::routes(app));
    Capability {
        name: "knowledge",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        event_handlers: vec![timer::start::<approval::store::Approvals>(app)],
        jobs: Vec::new(),
    }
}
