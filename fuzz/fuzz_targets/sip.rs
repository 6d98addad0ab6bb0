//! A datagram, or what a stream has read.
#![no_main]

// Each target uses one of them.
#[allow(dead_code)]
#[path = "../../crates/telephony/tests/it/edge/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::sip(data));
