#![doc = include_str!("../README.md")]

pub mod kpi;
pub mod samples;

use std::sync::Arc;

use kernel::{App, Capability, Migration};

pub use samples::{NoSamples, Samples};

/// What other capabilities answer.
pub struct Ports {
    /// Knows what was checked of contacts (K-23, K-24, K-25).
    pub samples: Arc<dyn Samples>,
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
    Vec::new()
}

/// What the server mounts.
pub fn capability(_app: &App, _ports: Ports) -> Capability {
    Capability {
        name: "analytics",
        migrations: migrations(),
        ..Capability::default()
    }
}
