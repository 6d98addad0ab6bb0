//! Many calls for a long while: nothing may be left over of them, neither memory nor files, ports or tasks.
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::agents::{Admins, Agent, Person, lead};
use benches::server::{Begun, Server};
use clap::Parser;
use rand::RngExt as _;
use reqwest::Method;
use serde_json::json;
use telephony::caller::{CallPlan, place};
use telephony::test_line::Speech;
use tokio::task::JoinSet;

/// How often what the server holds is written down.
const LOOK: Duration = Duration::from_secs(30);
/// By then every call has been placed once, and the memory that a full house needs is taken.
const WARM: Duration = Duration::from_mins(4);
/// What the memory of a full house may grow by from then on.
const GROWTH: f64 = 1.15;
/// Between the last call and the count of what is left: wrap-ups and the recordings' last writes.
const CALM: Duration = Duration::from_secs(30);

#[derive(Parser)]
#[command(about = "Many calls for a long while: nothing may be left over of them")]
struct Args {
    /// The server's binary, built for release.
    #[arg(long, default_value = "target/release/shoujie")]
    server: PathBuf,
    /// The core that the server gets.
    #[arg(long, default_value_t = 0)]
    core: usize,
    /// Calls at the same time.
    #[arg(long, default_value_t = 200)]
    calls: usize,
    /// Minutes of traffic.
    #[arg(long, default_value_t = 20)]
    minutes: u64,
}

/// What the process holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    mib: f64,
    files: usize,
    sockets: usize,
    threads: usize,
    tasks: i64,
}

impl Held {
    async fn by(server: &Server) -> Result<Self> {
        let (files, sockets) = server.open_files()?;
        Ok(Self {
            mib: server.memory_mib()?,
            files,
            sockets,
            threads: server.threads()?,
            tasks: server.figure("shoujie_tasks").await?,
        })
    }

    fn row(&self, minute: f64, calls: u64) {
        println!(
            "| {minute:>4.1} | {calls:>6} | {:>5.0} | {:>5} | {:>5} | {:>3} | {:>5} |",
            self.mib, self.files, self.sockets, self.threads, self.tasks
        );
    }
}

/// What became of the calls, as their callers saw it.
#[derive(Debug, Default)]
struct Seen {
    placed: AtomicU64,
    answered: AtomicU64,
    packets: AtomicU64,
    expected: AtomicU64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let server = Arc::new(Server::start(&args.server, args.core, &[]).await?);
    short_wrap_up(&lead(&server).await?).await?;
    let admins = Admins::signed_in(&server).await?;
    println!("hiring {} agents …", args.calls);
    let mut agents = Vec::new();
    for number in 1..=args.calls {
        let agent = Agent::hire(&server, &admins, number).await;
        let Agent { person, phone, .. } = agent.with_context(|| format!("agent {number}"))?;
        // Nobody asks what his phone tells; it must not pile up here. The whole phone goes along: it rings as long as
        // it is held.
        tokio::spawn(async move {
            let mut phone = phone;
            while phone.events.recv().await.is_some() {}
        });
        agents.push(person);
    }
    tokio::time::sleep(CALM).await;
    let idle = Held::by(&server).await?;
    println!(
        "| minute | calls | MiB | files | sockets | threads | tasks |\n| --- | --- | --- | --- | --- | --- | --- |"
    );
    idle.row(0.0, 0);

    let seen = Arc::new(Seen::default());
    let begun = Begun::now(&server)?;
    let began = Instant::now();
    let until = began + Duration::from_mins(args.minutes);
    let mut callers = JoinSet::new();
    for n in 0..args.calls {
        let (sip, seen) = (server.sip, Arc::clone(&seen));
        callers.spawn(async move {
            tokio::time::sleep(Duration::from_millis(100 * n as u64)).await;
            calls(n, sip, until, &seen).await
        });
    }
    let (mut warm, mut most) = (None, idle);
    while !callers.is_empty() {
        let over = async {
            while let Some(done) = callers.join_next().await {
                done??;
            }
            anyhow::Ok(())
        };
        if let Ok(done) = tokio::time::timeout(LOOK, over).await {
            done?;
        }
        let now = Held::by(&server).await?;
        now.row(
            began.elapsed().as_secs_f64() / 60.0,
            seen.placed.load(Relaxed),
        );
        if began.elapsed() >= WARM {
            warm.get_or_insert(now);
        }
        if now.mib > most.mib {
            most = now;
        }
    }
    tokio::time::sleep(CALM).await;
    let after = Held::by(&server).await?;
    after.row(
        began.elapsed().as_secs_f64() / 60.0,
        seen.placed.load(Relaxed),
    );
    // Who asked nothing for so long is signed out.
    judge(
        &server,
        &lead(&server).await?,
        &seen,
        &begun,
        (idle, warm.unwrap_or(most), most, after),
    )
    .await
}

/// Wrap-up takes one second, so that who has spoken is soon there for the next.
async fn short_wrap_up(lead: &Person) -> Result<()> {
    let queues = lead.ask(Method::GET, "/api/v1/queues", None).await?;
    let all = queues["items"].as_array().or_else(|| queues.as_array());
    let mut rules = all.and_then(|all| all.first()).context("a queue")?.clone();
    rules["wrap_up_s"] = json!(1);
    lead.ask(Method::PUT, "/api/v1/queues/hotline", Some(rules))
        .await?;
    Ok(())
}

/// One requester who calls again and again; every tenth call he gives up soon.
async fn calls(n: usize, sip: std::net::SocketAddr, until: Instant, seen: &Seen) -> Result<()> {
    while Instant::now() < until {
        let seconds = match seen.placed.fetch_add(1, Relaxed) % 10 {
            9 => 2,
            _ => rand::rng().random_range(20..100),
        };
        let mut plan = CallPlan::new("12333", format!("1390000{n:04}"), sip);
        plan.speech = Speech::tone(700);
        plan.talk = Some(Duration::from_secs(seconds));
        let report = place(plan).await?;
        ensure!(report.answered(), "caller {n}: {}", report.end);
        seen.answered.fetch_add(1, Relaxed);
        seen.packets.fetch_add(report.heard.packets, Relaxed);
        seen.expected
            .fetch_add(report.talk.as_millis() as u64 / 20, Relaxed);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    Ok(())
}

async fn judge(
    server: &Server,
    lead: &Person,
    seen: &Seen,
    begun: &Begun,
    (idle, warm, most, after): (Held, Held, Held, Held),
) -> Result<()> {
    let count = async |filter: &str| lead.calls_since(begun.at, filter).await;
    let placed = seen.answered.load(Relaxed);
    let (all, open) = (count("").await?, count("outcome=open").await?);
    let mut told = 0;
    for outcome in [
        "answered",
        "abandoned",
        "short_abandoned",
        "no_agent_answer",
    ] {
        let of = count(&format!("outcome={outcome}"))
            .await
            .unwrap_or_default();
        println!("{outcome}: {of}");
        told += of;
    }
    let recordings = begun.recordings(server)?.len() as u64;
    let answered = count("outcome=answered").await?;
    let (packets, expected) = (seen.packets.load(Relaxed), seen.expected.load(Relaxed));
    println!(
        "{placed} calls, {answered} answered by a person, {recordings} recordings, {packets} of {expected} packets heard"
    );
    println!(
        "memory: {:.0} MiB idle, {:.0} warm, {:.0} at most, {:.0} after; errors in the log: {}",
        idle.mib,
        warm.mib,
        most.mib,
        after.mib,
        server.errors()
    );
    ensure!(
        all == placed,
        "{placed} calls were placed, {all} are in the list"
    );
    ensure!(open == 0, "{open} calls are still open");
    ensure!(
        answered * 10 >= all * 8,
        "agents answered {answered} of {all} calls"
    );
    ensure!(told == all, "{told} of {all} calls have an outcome");
    ensure!(recordings == answered, "{recordings} recordings");
    ensure!(most.mib <= warm.mib * GROWTH, "memory grows");
    ensure!(
        after.sockets <= idle.sockets,
        "{} sockets are left over",
        after.sockets - idle.sockets
    );
    ensure!(
        after.files <= idle.files + 2,
        "{} files are left open",
        after.files - idle.files
    );
    ensure!(
        after.tasks <= idle.tasks + 5,
        "{} tasks are left over",
        after.tasks - idle.tasks
    );
    ensure!(packets * 100 >= expected * 97, "sound is missing");
    ensure!(server.errors() == 0, "there are errors in the log");
    Ok(())
}
