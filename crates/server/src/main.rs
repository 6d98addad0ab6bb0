//! The one binary of Shoujie.

mod cli;

use std::process::ExitCode;

/// The system's allocator keeps 64 MiB for each thread that hashed a password; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    cli::run().await
}
