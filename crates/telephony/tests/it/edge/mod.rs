//! The edge from outside: what strangers send, and what becomes of it.
#![expect(
    clippy::disallowed_methods,
    reason = "SIP and RTP run in real time, and so do their tests"
)]

mod flood;
mod guessing;
mod ipv6;
mod mutants;
mod streams;
mod targets;
mod text;
mod torture;
