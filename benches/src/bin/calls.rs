//! What a recorded call costs: CPU, memory, delay and loss at 50 to 1,000 calls at the same time, beside a bare relay
//! of the same packets; and the time from INVITE to ring.
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::agents::{Admins, Desk, Person, lead};
use benches::line::signalling::{Telephones, all_talk};
use benches::line::voices::{Travel, Voices};
use benches::peers::{PEERS, SOURCE};
use benches::percentile;
use benches::server::{Begun, Server};
use benches::usage::{self, Usage};
use clap::Parser;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Agents who are hired at the same time: the server hashes their passwords, which takes its CPU.
const HIRED_AT_ONCE: usize = 4;
/// Between two steps, so that what the one began does not count for the next.
const SETTLE: Duration = Duration::from_secs(3);
/// What the relay's cost may be multiplied with.
const TIMES: f64 = 1.6;

#[derive(Parser)]
#[command(about = "CPU, memory, delay and loss of recorded calls beside a bare relay")]
struct Args {
    /// The server's binary, built for release.
    #[arg(long, default_value = "target/release/shoujie")]
    server: PathBuf,
    /// The core that the server and the relay get.
    #[arg(long, default_value_t = 0)]
    core: usize,
    /// Calls at the same time, one measurement for each number; the calls of one go on in the next.
    #[arg(long, value_delimiter = ',', default_values_t = [50, 100, 200, 500, 1000])]
    calls: Vec<usize>,
    /// Seconds that are measured for each.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Calls placed a second.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// The last number of calls for 180 seconds: what the README's table needs, about 12 minutes.
    #[arg(long)]
    all: bool,
    /// 50 calls for a few seconds: whether it works, in a minute.
    #[arg(long)]
    quick: bool,
    /// Without the relay.
    #[arg(long)]
    alone: bool,
    /// Waits so many seconds at the largest number before it ends, to be looked at with other tools.
    #[arg(long, default_value_t = 0)]
    linger: u64,
}

/// One measurement.
struct Row {
    calls: usize,
    usage: Usage,
    travel: Travel,
    memory_mib: f64,
}

/// How fast the calls of one step came through.
struct Rings {
    placed: usize,
    /// INVITE to its 200, sorted.
    answered: Vec<Duration>,
    /// INVITE to the ring at the agent's phone, sorted.
    ring: Vec<Duration>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut args = Args::parse();
    if args.quick {
        (args.calls, args.seconds) = (vec![50], 5);
    }
    args.calls.sort_unstable();
    let most = *args.calls.last().context("how many calls?")?;
    ensure!((1..=2000).contains(&most), "1 to 2000 calls");
    let relay = if args.alone {
        Vec::new()
    } else {
        relayed(&args).await?
    };
    let house = most.to_string();
    let settings = [
        ("SHOUJIE__SIP__INVITES_PER_SECOND", "1000"),
        ("SHOUJIE__CALLS__MOST", house.as_str()),
    ];
    let server = Server::start(&args.server, args.core, &settings).await?;
    let server = Arc::new(server);
    let voices = Arc::new(Voices::open(most * 2)?);
    let telephones = Telephones::open(server.sip, Arc::clone(&voices))?;
    let lead = lead(&server).await?;
    println!("hiring {most} agents …");
    hire(&server, &telephones, most).await?;
    tokio::time::sleep(SETTLE).await;
    let idle_mib = server.memory_mib()?;
    let idle = Usage::during(server.pid()?, Duration::from_secs(5)).await?;
    println!(
        "idle with {most} phones: {:.1} % of one core, {idle_mib:.0} MiB",
        idle.share_of_a_core() * 100.0
    );
    print_head();
    let mut rows = Vec::new();
    let mut rings = Vec::new();
    let mut placed = 0;
    let begun = Begun::now(&server)?;
    for calls in args.calls.clone() {
        let first = Instant::now();
        for call in placed..calls {
            let at = first + (call - placed) as u32 * Duration::from_secs(1) / args.rate;
            tokio::time::sleep_until(at.into()).await;
            telephones.call(call);
        }
        let held = all_talk(&telephones, calls, Duration::from_secs(20)).await;
        let (answered, ring) = telephones.times(placed..calls);
        rings.push(Rings {
            placed: calls - placed,
            answered,
            ring,
        });
        placed = calls;
        held?;
        tokio::time::sleep(SETTLE).await;
        let seconds = if args.all && calls == most {
            180
        } else {
            args.seconds
        };
        voices.travel()?;
        let usage = Usage::during(server.pid()?, Duration::from_secs(seconds)).await?;
        let row = Row {
            calls,
            usage,
            travel: voices.travel()?,
            memory_mib: server.memory_mib()?,
        };
        print_row(&row, relay.iter().find(|one| one.calls == calls), idle_mib);
        rows.push(row);
    }
    print_rings(&args, &rings);
    if args.linger > 0 {
        println!("lingering: process {}", server.pid()?);
        tokio::time::sleep(Duration::from_secs(args.linger)).await;
    }
    end(&server, &lead, &telephones, &begun, placed).await?;
    print_verdict(&rows, &relay);
    Ok(())
}

async fn hire(server: &Arc<Server>, telephones: &Arc<Telephones>, count: usize) -> Result<()> {
    let admins = Admins::signed_in(server).await?;
    let turns = Arc::new(Semaphore::new(HIRED_AT_ONCE));
    let mut hired = JoinSet::new();
    for number in 1..=count {
        let (server, admins, turns) = (Arc::clone(server), admins.clone(), Arc::clone(&turns));
        let telephones = Arc::clone(telephones);
        hired.spawn(async move {
            let _turn = turns.acquire().await?;
            let desk = Desk::hire(&server, &admins, number)
                .await
                .with_context(|| format!("agent {number}"))?;
            // The ends after those of the callers.
            let end = count + number - 1;
            telephones
                .register(&desk.username, &desk.secret, end)
                .await?;
            desk.ready().await
        });
    }
    while let Some(agent) = hired.join_next().await {
        agent??;
    }
    Ok(())
}

/// The same packets through a bare relay on the server's core, before the server runs.
async fn relayed(args: &Args) -> Result<Vec<Row>> {
    let program = std::env::current_exe()?.with_file_name("relay");
    println!("\nbare relay\n");
    print_head();
    let mut rows = Vec::new();
    for calls in args.calls.clone() {
        let relay = Relay::start(&program, args.core, calls)?;
        let voices = Voices::open(calls * 2)?;
        relay.join(&voices, calls)?;
        tokio::time::sleep(SETTLE).await;
        voices.travel()?;
        let pid = relay.process.id();
        let usage = Usage::during(pid, Duration::from_secs(args.seconds)).await?;
        let row = Row {
            calls,
            usage,
            travel: voices.travel()?,
            memory_mib: usage::memory_mib(pid)?,
        };
        print_row(&row, None, 0.0);
        rows.push(row);
    }
    println!("\nShoujie, recording in stereo\n");
    Ok(rows)
}

/// A running relay.
struct Relay {
    process: Child,
    ports: Vec<u16>,
}

impl Relay {
    fn start(program: &Path, core: usize, calls: usize) -> Result<Self> {
        let mut process = Command::new("taskset")
            .args(["-c", &core.to_string()])
            .arg(program)
            .arg(calls.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("taskset {}", program.display()))?;
        let output = process.stdout.take().context("the relay's output")?;
        let lines = BufReader::new(output).lines().take(calls * 2);
        let ports = lines
            .map(|line| Ok(line?.parse()?))
            .collect::<Result<_>>()?;
        Ok(Self { process, ports })
    }

    /// Call `n` is between the ends `n` and `calls + n`.
    fn join(&self, voices: &Voices, calls: usize) -> Result<()> {
        let mut input = self.process.stdin.as_ref().context("the relay's input")?;
        for call in 0..calls {
            for end in [call, calls + call] {
                writeln!(input, "{}", voices.port(end))?;
            }
        }
        input.flush()?;
        for call in 0..calls {
            for (end, at) in [(call, 2 * call), (calls + call, 2 * call + 1)] {
                let port = self.ports[at];
                voices.aim(end, Some(SocketAddr::from(([127, 0, 0, 1], port))));
            }
        }
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ends all calls. The load was real: every call has a row and a recording.
async fn end(
    server: &Server,
    lead: &Person,
    telephones: &Telephones,
    begun: &Begun,
    calls: usize,
) -> Result<()> {
    let trouble = telephones.trouble();
    ensure!(trouble.is_empty(), "{trouble}");
    for call in 0..calls {
        telephones.hang_up(call);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut total = 0;
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        total = lead.calls_since(begun.at, "outcome=answered").await?;
        if total == calls as u64 {
            break;
        }
    }
    ensure!(
        total == calls as u64,
        "calls with the outcome answered: {total}"
    );
    let recordings = begun.recordings(server)?;
    ensure!(recordings.len() == calls, "{} recordings", recordings.len());
    let sizes = recordings.iter().map(|(_, size)| *size);
    println!(
        "\n{calls} recordings, the shortest of {} s",
        sizes.min().unwrap_or_default() / 16_000
    );
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn print_head() {
    println!(
        "| calls | ms of CPU per call-second | times the relay | in user mode | of the core | heard | lost | delay p50 | p99 | memory a call |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
}

fn print_row(row: &Row, relay: Option<&Row>, idle_mib: f64) {
    let own = row.usage.per_call_second_ms(row.calls);
    let times = relay.map_or_else(String::new, |relay| {
        format!("{:.2}", own / relay.usage.per_call_second_ms(relay.calls))
    });
    let travel = &row.travel;
    // What a telephone hears when nothing is lost.
    let whole = row.usage.wall.as_secs_f64() * 50.0;
    println!(
        "| {} | {own:.3} | {times} | {:.0} % | {:.0} % | {:.1} % | {} | {:.1} ms | {:.1} ms | {:.0} kB |",
        row.calls,
        row.usage.user_share() * 100.0,
        row.usage.share_of_a_core() * 100.0,
        travel.received as f64 * 100.0 / (whole * 2.0 * row.calls as f64),
        travel.lost,
        ms(travel.delay(50)),
        ms(travel.delay(99)),
        (row.memory_mib - idle_mib) * 1024.0 / row.calls as f64,
    );
}

fn print_rings(args: &Args, rings: &[Rings]) {
    println!(
        "\n{} calls a second through the queue, the others talking:\n",
        args.rate
    );
    println!("| calls placed | INVITE to 200 p50 | p99 | INVITE to ring p50 | p99 | most |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for Rings {
        placed,
        answered,
        ring,
    } in rings
    {
        println!(
            "| {placed} | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} ms |",
            ms(percentile(answered, 50)),
            ms(percentile(answered, 99)),
            ms(percentile(ring, 50)),
            ms(percentile(ring, 99)),
            ms(percentile(ring, 100)),
        );
    }
}

fn print_verdict(rows: &[Row], relay: &[Row]) {
    println!("\nreference: {SOURCE}\n");
    println!("| engine | ms of CPU per call-second, 100 calls | 200 calls |");
    println!("| --- | --- | --- |");
    let figure = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
    let at = |rows: &[Row], calls: usize| {
        let row = rows.iter().find(|row| row.calls == calls);
        figure(row.map(|row| row.usage.per_call_second_ms(calls)))
    };
    println!(
        "| **Shoujie, recording** | {} | {} |",
        at(rows, 100),
        at(rows, 200)
    );
    println!(
        "| bare relay, now | {} | {} |",
        at(relay, 100),
        at(relay, 200)
    );
    for peer in PEERS {
        println!(
            "| {} | {} | {} |",
            peer.name,
            figure(peer.at_100),
            figure(peer.at_200)
        );
    }
    println!();
    for row in rows {
        let Some(relay) = relay.iter().find(|relay| relay.calls == row.calls) else {
            continue;
        };
        let times =
            row.usage.per_call_second_ms(row.calls) / relay.usage.per_call_second_ms(relay.calls);
        let held = times <= TIMES && row.travel.lost == 0;
        println!(
            "{} calls: {times:.2} times the relay, {} packets lost: {}",
            row.calls,
            row.travel.lost,
            if held { "held" } else { "not held" }
        );
    }
}
