//! The binary `shoujie`: capabilities put together, the console embedded, the subcommands.

mod adherence;
mod asked;
mod attendance;
pub mod backup;
mod callee;
mod console;
mod contract;
pub mod demo;
mod house;
mod learned;
mod lessons;
mod papers;
pub mod plan;
mod public;
mod reporting;
mod scripts;
pub mod setup;
mod start;
mod tls;
pub mod user;
mod waiting;
mod wiring;

pub use wiring::forgets;

pub use start::{Options, Running, migrate, migrations, start};
