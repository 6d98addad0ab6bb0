//! Figures of a month and a year over HTTP in a database of millions of contacts, as the dashboard asks for them; the
//! monthly report from its draft to its files; and how long after an event its figure is there.
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::agents::{DEMO, Person, agent, lead};
use benches::contacts::fill;
use benches::percentile;
use benches::server::Server;
use clap::Parser;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use testing::Kind;

/// What the dashboard of a month may take: the hundredth slowest answer.
const LIMIT: Duration = Duration::from_millis(300);
/// What a monthly report may take from its draft to its files.
const REPORT: Duration = Duration::from_secs(30);
/// When the figure of an event must be there.
const FACT: Duration = Duration::from_secs(2);
/// Contacts that are noted one after the other to see when they count.
const NOTED: usize = 50;

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
    ensure!(slow.is_empty(), "too slow: {}", slow.join("; "));
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
    let counted = figure(&lead, YEAR).await?;
    ensure!(
        counted >= args.contacts as u64,
        "the year counts {counted} contacts"
    );
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
    let took = report(&server).await?;
    println!(
        "\nmonthly report, drafted, checked, released with its files: {:.1} s",
        took.as_secs_f64()
    );
    if took > REPORT {
        bad.push(format!("monthly report: {took:?}"));
    }
    let slowest = facts(&server, &lead).await?;
    println!(
        "{NOTED} contacts noted, each counted within {:.0} ms",
        slowest.as_secs_f64() * 1000.0
    );
    if slowest > FACT {
        bad.push(format!("fact after {slowest:?}"));
    }
    println!("memory of the server: {:.0} MiB", server.memory_mib()?);
    server.stop().await?;
    Ok(bad)
}

/// All contacts of the year that was filled.
const YEAR: &str = "/api/v1/kpi-figures?kpis=k01&from=2025-11-28&to=2026-11-27";

/// Contacts below the first figure of an answer.
async fn figure(who: &Person, path: &str) -> Result<u64> {
    let told = who.ask(Method::GET, path, None).await?;
    let first = &told["items"][0];
    first["denominator"]
        .as_u64()
        .with_context(|| format!("no number in {first}"))
}

/// July's report, from its draft to its frozen files.
async fn report(server: &Server) -> Result<Duration> {
    let signed_in = async |name| Person::signed_in(server, name, DEMO).await;
    let (analyst, quality) = (signed_in("analyst").await?, signed_in("quality").await?);
    let manager = signed_in("manager").await?;
    let templates = analyst
        .ask(Method::GET, "/api/v1/report-templates", None)
        .await?;
    let monthly = templates["items"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["period"] == "monthly"))
        .context("no monthly template")?;
    let began = Instant::now();
    let new = json!({"template_id": monthly["id"], "day": "2026-07-15"});
    let mut report = analyst
        .ask(Method::POST, "/api/v1/reports", Some(new))
        .await?;
    let path = format!(
        "/api/v1/reports/{}",
        report["id"].as_str().context("no id")?
    );
    for (who, verb) in [
        (&analyst, "submit"),
        (&quality, "check"),
        (&manager, "release"),
    ] {
        let body = json!({"version": report["version"], "note": "已核对"});
        report = who
            .ask(Method::POST, &format!("{path}/{verb}"), Some(body))
            .await?;
    }
    let took = began.elapsed();
    ensure!(report["state"] == "released", "{report}");
    Ok(took)
}

/// The longest time from the start of a request that notes a contact until its day's figure counts it.
async fn facts(server: &Server, lead: &Person) -> Result<Duration> {
    let manager = Person::signed_in(server, "manager", DEMO).await?;
    let channel = json!({"version": null, "name": "窗口来访", "kind": "manual", "queue": null, "enabled": true});
    manager
        .ask(Method::PUT, "/api/v1/channels/window", Some(channel))
        .await?;
    let agent = agent(server, 3).await?;
    let today = chrono::Utc::now() + chrono::TimeDelta::hours(8);
    let day = today.format("%Y-%m-%d");
    let path = format!("/api/v1/kpi-figures?kpis=k18&from={day}&to={day}");
    let mut slowest = Duration::ZERO;
    for number in 0..NOTED {
        let before = figure(lead, &path).await?;
        let visit = json!({"channel": "window", "phone": format!("1390000{number:04}"), "name": "来访者", "request_type": "consult",
            "matter": "110", "result": "answered", "summary": "来访：证书领取"});
        let began = Instant::now();
        agent
            .ask(Method::POST, "/api/v1/manual-contacts", Some(visit))
            .await?;
        while figure(lead, &path).await? <= before {
            ensure!(
                began.elapsed() < FACT * 5,
                "contact {number} is not counted"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        slowest = slowest.max(began.elapsed());
    }
    Ok(slowest)
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
