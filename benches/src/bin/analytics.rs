//! Figures of a month and a year over HTTP in a database of millions of contacts, as the dashboard asks for them.
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use benches::agents::lead;
use benches::contacts::fill;
use benches::percentile;
use benches::server::Server;
use clap::Parser;
use tempfile::TempDir;
use testing::Kind;

/// What the dashboard of a month may take: the hundredth slowest answer.
const LIMIT: Duration = Duration::from_millis(300);

#[derive(Parser)]
#[command(about = "Figures of a month and a year among millions of contacts")]
struct Args {
    /// The server's binary, built for release.
    #[arg(long, default_value = "target/release/shoujie")]
    server: PathBuf,
    /// The core that the server gets.
    #[arg(long, default_value = "0")]
    core: String,
    /// Contacts in the database.
    #[arg(long, default_value_t = 1_000_000)]
    contacts: usize,
    /// Requests of each kind.
    #[arg(long, default_value_t = 200)]
    requests: usize,
    /// `sqlite`, `postgres` or both.
    #[arg(long)]
    database: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut slow = Vec::new();
    for (name, kind) in [("sqlite", Kind::Sqlite), ("postgres", Kind::Postgres)] {
        if args.database.as_deref().is_none_or(|asked| asked == name) {
            println!("\n## {name}, {} contacts\n", args.contacts);
            slow.extend(measured(&args, kind).await?);
        }
    }
    ensure!(
        slow.is_empty(),
        "slower than {LIMIT:?}: {}",
        slow.join("; ")
    );
    Ok(())
}

/// Fills a database and asks; returns what was too slow.
async fn measured(args: &Args, kind: Kind) -> Result<Vec<String>> {
    let folder = TempDir::new()?;
    let database = testing::database(kind, &[]).await;
    let start = async || {
        let cores = (args.core.as_str(), "warn");
        let empty = [("SHOUJIE__SERVICE__DEMO_FIGURES", "false")];
        Server::start_set(folder.path(), &database.url, &args.server, cores, &empty).await
    };
    // The tables are made by the server.
    start().await?.stop().await?;
    let began = Instant::now();
    fill(&database.url, args.contacts).await?;
    println!("filled in {:.0} s", began.elapsed().as_secs_f64());

    let server = start().await?;
    let lead = lead(&server).await?;
    let mut bad = Vec::new();
    println!("\n| | p50 ms | p99 ms | most ms |\n| --- | --- | --- | --- |");
    for (what, path) in asks() {
        let mut times = Vec::new();
        for _ in 0..args.requests {
            let began = Instant::now();
            lead.try_ask(path).await?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
        let slowest = percentile(&times, 99);
        let (half, most) = (percentile(&times, 50), percentile(&times, 100));
        println!("| {what} | {} | {} | {} |", ms(half), ms(slowest), ms(most));
        if slowest > LIMIT {
            bad.push(format!("{what}: {} ms", ms(slowest)));
        }
    }
    println!("\nmemory of the server: {:.0} MiB", server.memory_mib()?);
    server.stop().await?;
    Ok(bad)
}

fn asks() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "dashboard of a month",
            "/api/v1/kpi-figures?kpis=k01,k02,k03,k04,k05,k06,k07,k08,k09,k15,k16,k17,k18,k19,k20,k21,k22&from=2026-10-01&to=2026-10-31",
        ),
        (
            "its trend by day",
            "/api/v1/kpi-series?kpis=k01,k02,k03,k04,k05,k09,k18,k19&by=day&from=2026-10-01&to=2026-10-31",
        ),
        (
            "a year",
            "/api/v1/kpi-figures?kpis=k01,k02,k05,k09,k18&from=2025-11-28&to=2026-11-27",
        ),
        (
            "a month by half-hour",
            "/api/v1/kpi-series?kpis=k02&by=half_hour&from=2026-10-01&to=2026-10-31",
        ),
        (
            "a month by person",
            "/api/v1/kpi-series?kpis=k09&by=person&from=2026-10-01&to=2026-10-31",
        ),
        (
            "a month by matter",
            "/api/v1/kpi-series?kpis=k18&by=matter&from=2026-10-01&to=2026-10-31",
        ),
        (
            "one queue's month",
            "/api/v1/kpi-figures?kpis=k01,k02&queue=q3&from=2026-10-01&to=2026-10-31",
        ),
        (
            "rows behind a day's number",
            "/api/v1/kpi-rows?kpi=k02&from=2026-10-14&to=2026-10-14&counts=false",
        ),
    ]
}
