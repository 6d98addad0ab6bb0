//! The whole product, driven from outside.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
#![expect(clippy::disallowed_methods, reason = "real peers keep real time")]

mod architecture;
mod backup;
mod call;
mod chat_load;
mod clauses;
mod complaints;
mod conformance;
mod contract;
mod crash;
mod databases;
mod demo;
mod desk;
mod heard;
mod load;
mod plan;
mod rights;
mod scanners;
mod schema;
mod setup;
mod shoujie;
mod stop;
mod support;
mod waiting;
