//! The planner against fixtures, public instances and its own checker.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod forecast;
mod roster;
mod simulation;
mod staffing;

use std::path::PathBuf;

/// A file beside the project; `None`, with a message, where it is missing.
fn shared(path: &str) -> Option<String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(path);
    let read = std::fs::read_to_string(&file).ok();
    if read.is_none() {
        eprintln!("skipped: {} is missing", file.display());
    }
    read
}
