#![doc = include_str!("../README.md")]

pub mod alerts;
pub mod facts;
mod forget;
pub mod kpi;
pub mod performance;
pub mod reports;
pub mod rights;
pub mod samples;
pub mod targets;
pub mod topics;

use std::sync::Arc;

use kernel::{App, Capability, Migration, migration};
use utoipa_axum::router::OpenApiRouter;

pub use forget::FORGETS;
pub use samples::{Answered, Grave, Sampled, Samples};

/// What other capabilities answer.
pub struct Ports {
    /// Knows what was checked of contacts (K-23 to K-25), and what was grave (K-31).
    pub samples: Arc<dyn Samples>,
    /// Knows what was written of contacts.
    pub contacts: Arc<dyn topics::Contacts>,
    /// Makes what follows from a topic.
    pub spawns: Arc<dyn topics::Spawns>,
    /// Knows what indicators say of people.
    pub indicators: Arc<dyn performance::Indicators>,
}

/// What figures are counted with; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The shared services.
    pub app: App,
    /// Knows what was checked of contacts.
    pub samples: Arc<dyn Samples>,
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026120521_kpi_facts"),
        migration!("2026120522_kpi_targets"),
        migration!("2026120531_topics"),
        migration!("2026120532_performance"),
        migration!("2026120541_reports"),
        migration!("2026120542_k10_variant"),
        migration!("2026120543_reports_discarded"),
    ]
}

/// The part of indicators: facts, figures, targets, alerts.
pub fn indicators(app: &App, samples: Arc<dyn Samples>) -> Capability {
    let desk = Desk {
        app: app.clone(),
        samples,
    };
    Capability {
        name: "analytics",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes: OpenApiRouter::new()
            .merge(kpi::http::routes(&desk))
            .merge(kpi::export::routes(&desk))
            .merge(targets::routes(app))
            .merge(alerts::http::routes(&desk)),
        event_handlers: facts::handlers(app),
        jobs: vec![facts::recount::job(app), alerts::watch::job(&desk)],
        ..Capability::default()
    }
}

/// What the server mounts; the reports beside it ([`reports::capability`]).
pub fn capability(app: &App, ports: Ports) -> Capability {
    let indicators = indicators(app, ports.samples);
    let topics = topics::part(app, ports.contacts, ports.spawns);
    let performance = performance::part(app, ports.indicators);
    Capability {
        permissions: [
            indicators.permissions,
            topics.permissions,
            performance.permissions,
        ]
        .concat(),
        routes: indicators
            .routes
            .merge(topics.routes)
            .merge(performance.routes),
        jobs: [indicators.jobs, topics.jobs].concat(),
        waiting: topics.waiting,
        evidence: [topics.evidence, performance.evidence].concat(),
        ..indicators
    }
}
