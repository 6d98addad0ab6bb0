#![doc = include_str!("../README.md")]

pub mod platform;

use floor::Floor;
use kernel::problem::Result;
use kernel::{App, Capability, Migration};

/// The capability at work.
#[derive(Clone)]
pub struct Channels {
    #[expect(dead_code, reason = "conversations read it")]
    app: App,
}

impl Channels {
    /// With the floor that gives conversations to agents.
    pub fn new(app: &App, _floor: &Floor) -> Result<Self> {
        Ok(Self { app: app.clone() })
    }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    Vec::new()
}

/// What the server mounts.
pub fn capability(_channels: &Channels) -> Capability {
    Capability {
        name: "channels",
        migrations: migrations(),
        ..Capability::default()
    }
}
