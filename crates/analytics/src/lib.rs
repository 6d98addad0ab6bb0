#![doc = include_str!("../README.md")]

pub mod performance;
pub mod topics;

use std::sync::Arc;

use kernel::{App, Capability, Migration, migration};

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026120531_topics"),
        migration!("2026120532_performance"),
    ]
}

/// What other capabilities answer.
pub struct Ports {
    /// Knows the contacts.
    pub contacts: Arc<dyn topics::Contacts>,
    /// Makes what follows from a topic.
    pub spawns: Arc<dyn topics::Spawns>,
    /// Knows what indicators say of people.
    pub indicators: Arc<dyn performance::Indicators>,
}

/// What the server mounts.
pub fn capability(app: &App, ports: Ports) -> Capability {
    let topics = topics::part(app, ports.contacts, ports.spawns);
    let performance = performance::part(app, ports.indicators);
    Capability {
        name: "analytics",
        migrations: migrations(),
        permissions: [topics.permissions, performance.permissions].concat(),
        routes: topics.routes.merge(performance.routes),
        evidence: [topics.evidence, performance.evidence].concat(),
        ..topics
    }
}
