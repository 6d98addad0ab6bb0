//! A session description.
#![no_main]

// Each target uses one of them.
#[allow(dead_code)]
#[path = "../../crates/telephony/tests/it/edge/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::sdp_text(data));
