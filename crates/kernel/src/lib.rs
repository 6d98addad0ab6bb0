#![doc = include_str!("../README.md")]

pub mod app;
pub mod assemble;
pub mod attachment;
pub mod audit;
pub mod capability;
mod claim;
pub mod clock;
pub mod config;
pub mod day;
pub mod db;
pub mod events;
pub mod evidence;
pub mod files;
pub mod forget;
pub mod http;
pub mod idempotency;
pub mod ids;
pub mod jobs;
pub mod key;
pub mod lease;
pub mod list;
pub mod live;
pub mod machine;
pub mod masked;
pub mod metrics;
pub mod migrate;
pub mod numbers;
pub mod outbound;
pub mod params;
pub mod persist;
pub mod problem;
pub mod rate;
pub mod rights;
pub mod rule;
pub mod search;
mod stop;
mod sweep;
mod table;
pub mod text;
pub mod timer;
pub mod versioned;
pub mod vital;
pub mod waiting;
mod words;

pub use app::App;
pub use assemble::{Assembled, assemble, capability, mount, run};
pub use capability::Capability;
pub use clock::Clock;
pub use config::Config;
pub use db::{Db, Tx};
pub use events::{Event, EventHandler, Events};
pub use files::Files;
pub use forget::Forgets;
pub use ids::Ids;
pub use jobs::{JobDef, Jobs};
pub use key::Key;
pub use live::{Audience, Live};
pub use masked::{Email, IdNumber, PersonName, Phone};
pub use migrate::Migration;
pub use params::Params;
pub use problem::{Problem, Result};
pub use rights::{
    Actor, Permission, PermissionDef, Principal, Rights, Role, Scope, Side, SignedIn,
};

/// The kernel's own tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112301_kernel"),
        migration!("2026112601_rules"),
        migration!("2026112608_numbers"),
    ]
}
