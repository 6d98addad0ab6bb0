#![doc = include_str!("../README.md")]

pub mod certificate;
pub mod coaching;
pub mod course;
pub mod demo;
pub mod dice;
mod evidence;
pub mod exam;
mod files;
pub mod paper;
pub mod question;
pub mod rights;
mod rows;
mod rules;
pub mod sources;
pub mod terms;
pub mod typing;
mod waiting;

use std::sync::Arc;

use kernel::{App, Capability, Migration, migration, timer};
use utoipa_axum::router::OpenApiRouter;

pub use certificate::has_pass;
pub use sources::{NoSources, SourceArticle, Sources};
pub use typing::store::best as best_typing;

/// What the handlers stand on.
#[derive(Clone)]
pub(crate) struct Learning {
    pub(crate) app: App,
    pub(crate) sources: Arc<dyn Sources>,
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112801_learning"),
        migration!("2026120305_latest_learning"),
    ]
}

/// What the server mounts; questions and materials come from `sources`.
pub fn capability(app: &App, sources: Arc<dyn Sources>) -> Capability {
    let learning = Learning {
        app: app.clone(),
        sources,
    };
    let routes = OpenApiRouter::new()
        .merge(course::http::routes(&learning))
        .merge(course::session_http::routes(app))
        .merge(course::ledger::routes(app))
        .merge(question::http::routes(&learning))
        .merge(paper::http::routes(app))
        .merge(exam::http::routes(app))
        .merge(exam::attempt_http::routes(app))
        .merge(exam::marking_http::routes(&learning))
        .merge(exam::taker_http::routes(&learning))
        .merge(certificate::routes(app))
        .merge(typing::http::routes(app))
        .merge(rules::routes(app));
    Capability {
        name: "learning",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        event_handlers: vec![
            timer::start::<exam::steps::Attempts>(app),
            timer::start::<typing::store::Tests>(app),
        ],
        jobs: Vec::new(),
        waiting: vec![waiting::kind(app)],
        evidence: evidence::kinds(app),
    }
}
