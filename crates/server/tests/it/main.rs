//! The whole product, driven from outside.

mod architecture;
mod call;
mod clauses;
mod conformance;
mod crash;
mod load;
mod rights;
mod schema;
mod support;
