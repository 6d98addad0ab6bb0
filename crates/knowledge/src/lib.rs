#![doc = include_str!("../README.md")]

pub mod approval;
pub mod article;
pub mod assist;
pub mod carried;
pub mod demo;
mod evidence;
pub mod fault_tree;
pub mod gap;
pub mod lookup;
mod number;
pub mod reading;
pub mod rights;
mod rules;
pub mod search;
pub mod synonym;
mod terms;
mod upload;

use std::sync::Arc;

use kernel::{App, Capability, Migration, Result, migration, timer};
use utoipa_axum::router::OpenApiRouter;

pub use article::{Cited, Said, ScriptPurpose, begin, cite, cited, held, script_for};
pub use assist::without_personal_data;
pub use reading::http::{BlockingReading, must_pass};
pub use search::words::{dictionary, plain};
pub use synonym::groups as synonyms;

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112621_knowledge"),
        migration!("2026112622_knowledge_search"),
        migration!("2026112623_knowledge_guidance"),
        migration!("2026112624_knowledge_reading"),
        migration!("2026112642_script_purpose"),
        migration!("2026120306_latest_readings"),
        migration!("2026112741_policy_update_term"),
    ]
}

/// What the server mounts; a summary chooses from `choices`.
pub fn capability(app: &App, choices: Arc<dyn assist::Choices>) -> Result<Capability> {
    let shelf = search::keep::Shelf::default();
    shelf.warm_up(app);
    let routes = OpenApiRouter::new()
        .merge(approval::http::routes(app))
        .merge(article::http::routes(app))
        .merge(search::http::routes(app, &shelf))
        .merge(synonym::routes(app))
        .merge(gap::http::routes(app))
        .merge(lookup::http::routes(app))
        .merge(lookup::public::routes(app))
        .merge(fault_tree::http::routes(app))
        .merge(fault_tree::walk::routes(app))
        .merge(reading::http::routes(app))
        .merge(assist::http::routes(app, &shelf, choices)?)
        .merge(rules::routes(app));
    Ok(Capability {
        name: "knowledge",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        event_handlers: vec![
            timer::start::<approval::store::Approvals>(app),
            timer::start::<reading::store::Readings>(app),
        ],
        jobs: vec![reading::store::job(app)],
        waiting: approval::waiting::kinds(app),
        evidence: evidence::kinds(app),
    })
}
