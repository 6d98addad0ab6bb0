//! CPU for each second of a recorded call, and the time from INVITE to ring.
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::agents::{Admins, Agent, Person, lead};
use benches::peers::{PEERS, SOURCE};
use benches::percentile;
use benches::server::Server;
use clap::Parser;
use reqwest::Method;
use telephony::caller::{CallPlan, CallReport, place};
use telephony::phone::PhoneEvent;
use telephony::test_line::Speech;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Agents who are hired at the same time: the server hashes their passwords, which takes its CPU.
const HIRED_AT_ONCE: usize = 4;
/// Between two steps, so that what the one began does not count for the next.
const SETTLE: Duration = Duration::from_secs(3);

#[derive(Parser)]
#[command(about = "CPU for each second of a recorded call, and the time from INVITE to ring")]
struct Args {
    /// The server's binary, built for release.
    #[arg(long, default_value = "target/release/shoujie")]
    server: PathBuf,
    /// The core that the server gets.
    #[arg(long, default_value_t = 0)]
    core: usize,
    /// Calls at the same time.
    #[arg(long, default_value_t = 100)]
    calls: usize,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Calls placed a second.
    #[arg(long, default_value_t = 10)]
    rate: u32,
}

/// What the server used in a while.
struct Usage {
    user: Duration,
    system: Duration,
    wall: Duration,
}

impl Usage {
    async fn during(server: &Server, wait: Duration) -> Result<Self> {
        let (began, before) = (Instant::now(), server.cpu()?);
        tokio::time::sleep(wait).await;
        let (wall, after) = (began.elapsed(), server.cpu()?);
        Ok(Self {
            user: after.0.saturating_sub(before.0),
            system: after.1.saturating_sub(before.1),
            wall,
        })
    }

    fn per_call_second_ms(&self, calls: usize) -> f64 {
        (self.user + self.system).as_secs_f64() * 1000.0 / (calls as f64 * self.wall.as_secs_f64())
    }

    fn share_of_a_core(&self) -> f64 {
        (self.user + self.system).as_secs_f64() / self.wall.as_secs_f64()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!((1..=900).contains(&args.calls), "1 to 900 calls");
    let server = Arc::new(Server::start(&args.server, args.core).await?);
    let lead = lead(&server).await?;
    println!("hiring {} agents …", args.calls);
    let mut agents = hire(&server, args.calls).await?;
    tokio::time::sleep(SETTLE).await;
    let idle_mib = server.memory_mib()?;
    let idle = Usage::during(&server, Duration::from_secs(5)).await?;

    println!("placing {} calls, {} a second …", args.calls, args.rate);
    let stop = CancellationToken::new();
    let mut callers = JoinSet::new();
    let first = Instant::now();
    for n in 0..args.calls {
        let at = first + n as u32 * Duration::from_secs(1) / args.rate;
        tokio::time::sleep_until(at.into()).await;
        let mut plan = CallPlan::new("12333", number(n), server.sip);
        plan.speech = Speech::tone(700);
        plan.stop = stop.clone();
        callers.spawn(async move { (n, place(plan).await) });
    }
    let rung = rings(&mut agents).await?;
    tokio::time::sleep(SETTLE).await;
    println!("measuring for {} s …", args.seconds);
    let busy = Usage::during(&server, Duration::from_secs(args.seconds)).await?;
    let busy_mib = server.memory_mib()?;
    stop.cancel();
    let mut reports: Vec<(usize, CallReport)> = Vec::new();
    while let Some(joined) = callers.join_next().await {
        let (n, report) = joined?;
        reports.push((n, report.with_context(|| format!("call {n}"))?));
    }
    for agent in agents {
        agent.phone.stop().await;
    }
    check(&server, &lead, &reports).await?;

    let mut answered: Vec<Duration> = reports
        .iter()
        .filter_map(|(_, report)| report.setup)
        .collect();
    let mut ring: Vec<Duration> = reports
        .iter()
        .filter_map(|(n, report)| {
            Some(
                rung.get(&tail(*n))?
                    .saturating_duration_since(report.called_at),
            )
        })
        .collect();
    answered.sort_unstable();
    ring.sort_unstable();
    ensure!(
        ring.len() == args.calls,
        "only {} rings belong to a call",
        ring.len()
    );
    print(&args, &idle, &busy, (idle_mib, busy_mib), &answered, &ring);
    Ok(())
}

async fn hire(server: &Arc<Server>, count: usize) -> Result<Vec<Agent>> {
    let admins = Admins::signed_in(server).await?;
    let turns = Arc::new(Semaphore::new(HIRED_AT_ONCE));
    let mut hired = JoinSet::new();
    for number in 1..=count {
        let (server, admins, turns) = (Arc::clone(server), admins.clone(), Arc::clone(&turns));
        hired.spawn(async move {
            let _turn = turns.acquire().await?;
            Agent::hire(&server, &admins, number)
                .await
                .with_context(|| format!("agent {number}"))
        });
    }
    let mut agents = Vec::new();
    while let Some(agent) = hired.join_next().await {
        agents.push(agent??);
    }
    Ok(agents)
}

/// The number that call `n` comes from; phones show its last four digits.
fn number(n: usize) -> String {
    format!("1390000{n:04}")
}

fn tail(n: usize) -> String {
    format!("{n:04}")
}

/// Waits until every phone has answered; tells when each call, by the end of its number, rang.
async fn rings(agents: &mut [Agent]) -> Result<HashMap<String, Instant>> {
    let mut rung = HashMap::new();
    for agent in agents {
        loop {
            let event =
                tokio::time::timeout(Duration::from_mins(1), agent.phone.events.recv()).await;
            match event
                .context("a phone is not rung")?
                .context("a phone ended")?
            {
                PhoneEvent::Ringing { from, at, .. } => {
                    let tail = from.get(from.len().saturating_sub(4)..).unwrap_or_default();
                    rung.insert(tail.to_owned(), at);
                }
                PhoneEvent::Answered { .. } => break,
                _ => {}
            }
        }
    }
    Ok(rung)
}

/// The load was real: everybody heard the other side, and every call has a row and a recording.
async fn check(server: &Server, lead: &Person, reports: &[(usize, CallReport)]) -> Result<()> {
    tokio::time::sleep(SETTLE).await;
    for (n, report) in reports {
        let expected = report.talk.as_millis() as u64 / 20;
        let heard = &report.heard;
        ensure!(report.answered(), "call {n}: {}", report.end);
        ensure!(
            heard.packets * 100 >= expected * 97,
            "call {n} heard {} of {expected} packets",
            heard.packets
        );
    }
    let answered = lead
        .ask(
            Method::GET,
            "/api/v1/calls?outcome=answered&per_page=1",
            None,
        )
        .await?;
    let total = answered["total"].as_u64();
    ensure!(
        total == Some(reports.len() as u64),
        "calls with the outcome answered: {total:?}"
    );
    let recordings = server.recordings()?;
    ensure!(
        recordings.len() == reports.len(),
        "{} recordings",
        recordings.len()
    );
    let shortest = recordings
        .iter()
        .map(|(_, size)| *size)
        .min()
        .unwrap_or_default();
    println!(
        "{} recordings, the shortest of {} s",
        recordings.len(),
        shortest / 16_000
    );
    Ok(())
}

fn print(
    args: &Args,
    idle: &Usage,
    busy: &Usage,
    (idle_mib, busy_mib): (f64, f64),
    answered: &[Duration],
    ring: &[Duration],
) {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let own = busy.per_call_second_ms(args.calls);
    println!(
        "\n{} calls at the same time, recorded in stereo, {} s measured\n",
        args.calls, args.seconds
    );
    println!("| engine | ms of CPU per call-second, 100 calls | 200 calls |");
    println!("| --- | --- | --- |");
    let figure = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
    let here = |calls: usize| figure((args.calls == calls).then_some(own));
    println!("| **Shoujie, recording** | {} | {} |", here(100), here(200));
    for peer in PEERS {
        println!(
            "| {} | {} | {} |",
            peer.name,
            figure(peer.at_100),
            figure(peer.at_200)
        );
    }
    println!("\nreference: {SOURCE}\n");
    println!(
        "Shoujie at {} calls: {own:.2} ms of CPU per call-second",
        args.calls
    );
    println!(
        "  of that in user mode {:.0} %; {:.0} % of one core",
        busy.user.as_secs_f64() * 100.0 / (busy.user + busy.system).as_secs_f64(),
        busy.share_of_a_core() * 100.0
    );
    println!(
        "  idle with {} phones registered: {:.1} % of one core",
        args.calls,
        idle.share_of_a_core() * 100.0
    );
    println!("  memory: {idle_mib:.0} MiB before the calls, {busy_mib:.0} MiB with them");
    println!(
        "INVITE to 200: p50 {:.1} ms, p95 {:.1} ms",
        ms(percentile(answered, 50)),
        ms(percentile(answered, 95))
    );
    println!(
        "INVITE to ring at the agent's phone (greeting of 20 ms included): p50 {:.1} ms, p95 {:.1} ms, most {:.1} ms",
        ms(percentile(ring, 50)),
        ms(percentile(ring, 95)),
        ms(percentile(ring, 100))
    );
}
