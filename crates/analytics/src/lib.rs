#![doc = include_str!("../README.md")]

use kernel::{App, Capability, Migration};

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    Vec::new()
}

/// What the server mounts.
pub fn capability(_app: &App) -> Capability {
    Capability {
        name: "analytics",
        migrations: migrations(),
        ..Capability::default()
    }
}
