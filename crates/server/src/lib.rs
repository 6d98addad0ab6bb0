//! The binary `shoujie`: capabilities put together, the console embedded, the subcommands.

mod adherence;
mod asked;
mod attendance;
pub mod backup;
mod callee;
mod checked;
mod console;
mod contract;
pub mod demo;
mod house;
mod learned;
mod lessons;
mod papers;
mod performance;
pub mod plan;
mod public;
mod reporting;
mod reviewed;
mod scripts;
pub mod setup;
mod start;
mod tls;
mod topics;
pub mod user;
mod waiting;
mod wiring;

pub use wiring::forgets;

pub use start::{Options, Running, migrate, migrations, start};
