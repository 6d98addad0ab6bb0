//! `shoujie plan`: the planner by hand, from files to files. Needs no database and no settings.

mod figures;
mod forecast;
mod simulate;
mod solve;
mod staff;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use clap::Subcommand;
use kernel::Clock;

/// The largest file that is read.
const MOST_BYTES: u64 = 256 << 20;

/// What is to be planned.
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Find a roster for an instance in the text format of Curtois and Qu (2014). Ctrl-C ends the search and writes the
    /// best roster so far.
    Solve(solve::Args),
    /// Forecast calls from a history of counts.
    Forecast(forecast::Args),
    /// How many agents an interval needs, by Erlang A, or by Erlang C where callers never give up.
    Staff(staff::Args),
    /// Try a day out: callers drawn by chance meet the product's own distributor.
    Simulate(simulate::Args),
}

/// Runs it.
pub async fn run(command: PlanCommand, clock: Clock) -> Result<()> {
    match command {
        PlanCommand::Solve(args) => solve::run(args, clock).await,
        PlanCommand::Forecast(args) => forecast::run(&args),
        PlanCommand::Staff(args) => staff::run(&args),
        PlanCommand::Simulate(args) => simulate::run(&args),
    }
}

/// Reads a text file, if it is not absurdly large.
fn read(path: &Path) -> Result<String> {
    let name = path.display();
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text))
        .with_context(|| format!("{name} cannot be read"))?;
    ensure!(
        text.len() as u64 <= MOST_BYTES,
        "{name} has more than {} MiB",
        MOST_BYTES >> 20
    );
    Ok(text)
}

/// Where a result goes: a file, or standard output.
struct Out<'a> {
    path: Option<&'a Path>,
    /// The file was not there before.
    made: bool,
}

impl<'a> Out<'a> {
    /// Finds out before the work begins whether its result can be written. What is there stays until then.
    fn at(path: Option<&'a Path>) -> Result<Self> {
        let mut made = false;
        if let Some(path) = path {
            made = !path.exists();
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(Self { path, made })
    }

    fn write(self, text: &str) -> Result<()> {
        match self.path {
            Some(path) => std::fs::write(path, text)
                .with_context(|| format!("{} cannot be written", path.display())),
            None => std::io::stdout()
                .write_all(text.as_bytes())
                .context("standard output cannot be written"),
        }
    }

    /// There is no result.
    fn give_up(self) {
        if let (Some(path), true) = (self.path, self.made) {
            // Empty, and not worth a second complaint.
            let _ = std::fs::remove_file(path);
        }
    }
}
