//! Lists, searches and pages of tickets in a full database, as a browser asks for them.
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::agents::{Person, agent, lead};
use benches::filling::{Filled, fill};
use benches::percentile;
use benches::server::Server;
use chrono::{TimeDelta, Utc};
use clap::Parser;
use kernel::Db;
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::json;
use tempfile::TempDir;
use testing::Kind;

/// What a page may take: the hundredth slowest answer.
const LIMIT: Duration = Duration::from_millis(100);

#[derive(Parser)]
#[command(about = "Lists, searches and pages of tickets in a full database")]
struct Args {
    /// The server's binary, built for release.
    #[arg(long, default_value = "target/release/shoujie")]
    server: PathBuf,
    /// The core that the server gets.
    #[arg(long, default_value = "0")]
    core: String,
    /// Tickets in the database.
    #[arg(long, default_value_t = 1_000_000)]
    tickets: usize,
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
            println!("\n## {name}, {} tickets\n", args.tickets);
            slow.extend(measured(&args, kind).await?);
        }
    }
    ensure!(
        slow.is_empty(),
        "slower than {LIMIT:?} or read without an index: {}",
        slow.join("; ")
    );
    Ok(())
}

/// Fills a database and asks; returns what was too slow.
async fn measured(args: &Args, kind: Kind) -> Result<Vec<String>> {
    let folder = TempDir::new()?;
    let database = testing::database(kind, &[]).await;
    let start = async |log: &'static str| {
        Server::start_in(folder.path(), &database.url, &args.server, &args.core, log).await
    };
    let server = start("warn").await?;
    let agent = agent(&server, 1).await?;
    let me = agent.ask(Method::GET, "/api/v1/session", None).await?;
    let me = me["user"]["id"]
        .as_str()
        .or(me["id"].as_str())
        .context("who am I")?
        .parse()?;
    let ticket = json!({"phone": "13900000001", "title": "样本", "summary": "样本", "request_type": "consult", "matter": "101"});
    agent
        .ask(Method::POST, "/api/v1/tickets", Some(ticket))
        .await?;
    let key = hex(&std::fs::read_to_string(
        folder.path().join("data/secret.key"),
    )?)?;
    let began = Instant::now();
    let filled = fill(&database.url, &key, args.tickets, me, Utc::now()).await?;
    println!("filled in {:.0} s", began.elapsed().as_secs_f64());
    server.stop().await?;

    // Once with the statements in the log, for their plans; then without, for the time.
    let server = start("warn,sqlx::query=debug").await?;
    let lead_ = lead(&server).await?;
    let db = Db::connect(&database.url).await?;
    let mut bad = Vec::new();
    for ask in asks(&filled) {
        server.take_statements();
        for path in &ask.paths {
            lead_.ask(Method::GET, path, None).await?;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        for statement in server.take_statements() {
            if let Some(scan) = scan(&db, &statement).await? {
                bad.push(format!("{}: {scan}", ask.what));
            }
        }
    }
    server.stop().await?;

    let server = start("warn").await?;
    let people: [(&str, Person); 2] = [
        ("lead", lead(&server).await?),
        ("agent", benches::agents::agent(&server, 1).await?),
    ];
    println!("\n| | p50 ms | p99 ms | most ms |\n| --- | --- | --- | --- |");
    for (who, person) in &people {
        for ask in asks(&filled) {
            let mut times = Vec::new();
            for n in 0..args.requests {
                let path = &ask.paths[n % ask.paths.len()];
                let began = Instant::now();
                person.try_ask(path).await?;
                times.push(began.elapsed());
            }
            times.sort_unstable();
            let (half, most) = (percentile(&times, 50), percentile(&times, 100));
            let slowest = percentile(&times, 99);
            let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
            println!(
                "| {} ({who}) | {} | {} | {} |",
                ask.what,
                ms(half),
                ms(slowest),
                ms(most)
            );
            if slowest > LIMIT {
                bad.push(format!("{} ({who}): {} ms", ask.what, ms(slowest)));
            }
        }
    }
    println!("\nmemory of the server: {:.0} MiB", server.memory_mib()?);
    server.stop().await?;
    Ok(bad)
}

/// Requests of one kind.
struct Ask {
    what: &'static str,
    paths: Vec<String>,
}

fn asks(filled: &Filled) -> Vec<Ask> {
    let day = |ago: i64| {
        (Utc::now() - TimeDelta::days(ago))
            .format("%Y-%m-%dT00:00:00Z")
            .to_string()
    };
    let list = |what: &'static str, queries: &[String]| Ask {
        what,
        paths: queries
            .iter()
            .map(|query| format!("/api/v1/tickets?{query}"))
            .collect(),
    };
    let same = |query: &str| vec![query.to_owned()];
    let owners: Vec<String> = filled
        .owners
        .iter()
        .take(50)
        .map(|owner| format!("owner={owner}"))
        .collect();
    let firsts: Vec<String> = filled
        .owners
        .iter()
        .take(50)
        .map(|owner| format!("first_owner={owner}&request_type=complaint"))
        .collect();
    let phones: Vec<String> = filled
        .phones
        .iter()
        .take(50)
        .map(|phone| format!("q={phone}"))
        .collect();
    let tails: Vec<String> = filled
        .phones
        .iter()
        .take(50)
        .map(|phone| format!("q=*{}", &phone[7..]))
        .collect();
    let numbers: Vec<String> = filled
        .tickets
        .iter()
        .take(50)
        .map(|(_, number)| format!("q={number}"))
        .collect();
    vec![
        list("list, newest first", &same("")),
        list("open, due first", &same("open=true&sort=due_at")),
        list("last changed first", &same("sort=-updated_at")),
        list("in handling", &same("state=in_handling")),
        list("one matter", &same("matter=106")),
        list(
            "one matter, critical",
            &same("matter=106&priority=critical"),
        ),
        list("critical", &same("priority=critical")),
        list("critical and open", &same("priority=critical&open=true")),
        list(
            "complaints of a week",
            &same(&format!(
                "request_type=complaint&from={}&to={}",
                day(400),
                day(393)
            )),
        ),
        list(
            "a platform's, pending review",
            &same("platform=12345&state=pending_review"),
        ),
        list("a section's open ones", &same("section=titles&open=true")),
        list("of an owner", &owners),
        list("first taken by, complaints", &firsts),
        list(
            "due in a day",
            &same(&format!("open=true&due_before={}&sort=due_at", day(-1))),
        ),
        list("search: common word", &same("q=准考证")),
        list("search: two words", &same("q=电子证书 没有同步")),
        list("search: long phrase", &same("q=询问现场核验的地点和时间")),
        list("search: one character", &same("q=费")),
        list("search: rare name", &same(&format!("q={}", filled.rare))),
        list("search: nothing", &same("q=量子力学")),
        list("search: Latin", &same("q=pdf")),
        list(
            "search: common, in handling",
            &same("q=准考证&state=in_handling"),
        ),
        list("search: common, one matter", &same("q=退费&matter=106")),
        list(
            "search: common, another matter",
            &same("q=准考证打印&matter=106"),
        ),
        list(
            "search: common, of an owner",
            &filled
                .owners
                .iter()
                .take(50)
                .map(|owner| format!("q=准考证&owner={owner}"))
                .collect::<Vec<_>>(),
        ),
        list("search: telephone number", &phones),
        list("search: last four digits", &tails),
        list("search: number", &numbers),
        Ask {
            what: "open a ticket",
            paths: filled
                .tickets
                .iter()
                .map(|(id, _)| format!("/api/v1/tickets/{id}"))
                .collect(),
        },
    ]
}

/// What of a large table the statement reads without an index; `None` when nothing.
async fn scan(db: &Db, statement: &str) -> Result<Option<String>> {
    // What nothing narrows, and nothing sorts, ends with its limit.
    let bounded = statement.contains("AND TRUE") && !statement.contains("ORDER BY");
    if !statement.to_lowercase().starts_with("select") || bounded {
        return Ok(None);
    }
    let backend = db.backend();
    let (sql, column) = match backend {
        DbBackend::Postgres => (format!("explain (generic_plan) {statement}"), "QUERY PLAN"),
        _ => (format!("explain query plan {statement}"), "detail"),
    };
    let rows = db
        .read()
        .query_all_raw(Statement::from_string(backend, sql))
        .await;
    let Ok(rows) = rows else { return Ok(None) };
    for row in rows {
        let line: String = row.try_get("", column)?;
        let large = ["tickets", "ticket_words", "requesters", "work_orders"];
        let bare = |table: &str| match backend {
            DbBackend::Postgres => line.contains(&format!("Seq Scan on {table}")),
            _ => line.trim() == format!("SCAN {table}"),
        };
        if large.iter().any(|table| bare(table)) {
            return Ok(Some(format!("{} in {statement}", line.trim())));
        }
    }
    Ok(None)
}

fn hex(text: &str) -> Result<Vec<u8>> {
    let text = text.trim();
    (0..text.len() / 2)
        .map(|at| {
            Ok(u8::from_str_radix(
                text.get(2 * at..2 * at + 2).context("key")?,
                16,
            )?)
        })
        .collect()
}
