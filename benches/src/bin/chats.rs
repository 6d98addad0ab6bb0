//! Messages of visitors, stored and shown to agents: 1,000 a second, and as many as there is room for.
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::agents::{Admins, Agent, Person};
use benches::percentile;
use benches::server::Server;
use clap::Parser;
use kernel::Db;
use reqwest::{Client, Method, Response};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// What a message may take from the visitor to the agent's screen: the hundredth slowest.
const LIMIT: Duration = Duration::from_millis(100);
const AGENTS: usize = 6;

#[derive(Parser)]
#[command(about = "Messages of visitors, stored and shown to agents")]
struct Args {
    /// The server's binary, built for release.
    #[arg(long, default_value = "target/release/shoujie")]
    server: PathBuf,
    /// The core that the server gets.
    #[arg(long, default_value_t = 0)]
    core: usize,
    /// Conversations at the same time.
    #[arg(long, default_value_t = 300)]
    conversations: usize,
    /// Messages a second.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// When each message was sent and how long it took to the agent's screen.
struct Board {
    began: Instant,
    sent: Vec<AtomicU64>,
    took: Mutex<Vec<Duration>>,
}

impl Board {
    fn new(messages: usize) -> Self {
        Self {
            began: Instant::now(),
            sent: (0..messages).map(|_| AtomicU64::new(0)).collect(),
            took: Mutex::default(),
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    fn shown(&self, number: usize) {
        let Some(sent) = self.sent.get(number) else {
            return;
        };
        // Swapped: shown twice counts once.
        let at = sent.swap(0, Relaxed);
        if at > 0 {
            let took = Duration::from_micros(self.now().saturating_sub(at));
            let mut all = self.took.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(took);
        }
    }

    fn count(&self) -> usize {
        self.took
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

/// Reads an agent's screen: takes what rings, notes what is shown.
async fn watch(
    person: Person,
    mut screen: Response,
    board: Arc<Board>,
    taken: Arc<AtomicUsize>,
) -> Result<()> {
    let mut rest = String::new();
    while let Some(chunk) = screen.chunk().await? {
        rest.push_str(&String::from_utf8_lossy(&chunk));
        while let Some(end) = rest.find("\n\n") {
            let event: String = rest.drain(..end + 2).collect();
            if event.contains("\"what\":\"offered\"") {
                let data = event.lines().find_map(|line| line.strip_prefix("data:"));
                let data: Value = serde_json::from_str(data.unwrap_or("{}").trim())?;
                let id = data["id"].as_str().context("an offer without id")?;
                let path = format!("/api/v1/conversations/{id}/accept");
                person.ask(Method::POST, &path, Some(json!({}))).await?;
                taken.fetch_add(1, Relaxed);
            } else if let Some(at) = event.find("\"text\":\"m") {
                let digits = event[at + 9..].split('"').next().unwrap_or_default();
                if let Ok(number) = digits.parse() {
                    board.shown(number);
                }
            }
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Visitor {
    client: Client,
    base: String,
    token: String,
}

impl Visitor {
    async fn begin(base: &str, client: &Client, consent: &str) -> Result<Self> {
        let new = json!({"channel": "web", "consent": consent, "text": "您好"});
        let visit: Value = client
            .post(format!("{base}/api/v1/chat/sessions"))
            .json(&new)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        Ok(Self {
            client: client.clone(),
            base: base.to_owned(),
            token: visit["token"].as_str().context("a token")?.to_owned(),
        })
    }

    async fn says(&self, number: usize, board: &Board) -> Result<()> {
        let said = json!({"client_id": format!("c{number}"), "text": format!("m{number}")});
        board.sent[number].store(board.now().max(1), Relaxed);
        let answer = self
            .client
            .post(format!("{}/api/v1/chat/messages", self.base))
            .bearer_auth(&self.token)
            .json(&said)
            .send()
            .await?;
        answer.error_for_status()?.bytes().await?;
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let folder = TempDir::new()?;
    let database = format!("sqlite://{}", folder.path().join("shoujie.db").display());
    let slots = (args.conversations / AGENTS + 2).to_string();
    let settings = [
        ("SHOUJIE__FLOOR__CHAT_SLOTS", slots.as_str()),
        ("SHOUJIE__CHANNELS__VISITORS_PER_ADDRESS", "1000000"),
        ("SHOUJIE__CHANNELS__MESSAGES_PER_VISITOR", "1000000"),
    ];
    let core = args.core.to_string();
    let server = Server::start_set(
        folder.path(),
        &database,
        &args.server,
        (&core, "warn"),
        &settings,
    )
    .await?;
    let server = Arc::new(server);

    let open = usize::try_from(args.rate * args.seconds)?;
    let most = 200_000;
    let board = Arc::new(Board::new(open + most));
    let taken = Arc::new(AtomicUsize::new(0));
    let admins = Admins::signed_in(&server).await?;
    let mut agents = Vec::new();
    for number in 0..AGENTS {
        let agent = Agent::hire(&server, &admins, number).await?;
        let screen = agent.person.screen().await?;
        tokio::spawn(watch(
            agent.person.clone(),
            screen,
            board.clone(),
            taken.clone(),
        ));
        agents.push(agent);
    }
    println!("opening {} conversations …", args.conversations);
    let client = Client::builder().pool_max_idle_per_host(256).build()?;
    let config: Value = client
        .get(format!("{}/api/v1/chat/config", server.http))
        .send()
        .await?
        .json()
        .await?;
    let consent = config["notice"]["version"].as_str().context("a notice")?;
    let mut visitors = Vec::new();
    for _ in 0..args.conversations {
        visitors.push(Visitor::begin(&server.http, &client, consent).await?);
    }
    for _ in 0..600 {
        if taken.load(Relaxed) == args.conversations {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(
        taken.load(Relaxed) == args.conversations,
        "agents took {}",
        taken.load(Relaxed)
    );

    println!("{} messages a second for {} s …", args.rate, args.seconds);
    let cpu = server.cpu()?;
    let began = Instant::now();
    let mut sending = JoinSet::new();
    for number in 0..open {
        let at = began + Duration::from_micros(number as u64 * 1_000_000 / args.rate);
        tokio::time::sleep_until(at.into()).await;
        let (visitor, board) = (visitors[number % visitors.len()].clone(), board.clone());
        sending.spawn(async move { visitor.says(number, &board).await });
        while let Some(done) = sending.try_join_next() {
            done??;
        }
    }
    while let Some(done) = sending.join_next().await {
        done??;
    }
    let wall = began.elapsed();
    settle(&board, open).await;
    let spent = server.cpu()?;
    let used = (spent.0 + spent.1).saturating_sub(cpu.0 + cpu.1);
    let mut took = std::mem::take(&mut *board.took.lock().unwrap_or_else(PoisonError::into_inner));
    took.sort_unstable();
    println!(
        "stored {} and shown {} of {open} in {:.1} s ({:.0} a second); visitor to agent p50 {:.1} ms, p99 {:.1} ms, \
         slowest {:.1} ms; {:.0} % of a core",
        open,
        took.len(),
        wall.as_secs_f64(),
        open as f64 / wall.as_secs_f64(),
        ms(percentile(&took, 50)),
        ms(percentile(&took, 99)),
        ms(took.last().copied().unwrap_or_default()),
        used.as_secs_f64() / wall.as_secs_f64() * 100.0,
    );
    let p99 = percentile(&took, 99);
    let shown = took.len();

    // As many as there is room for: each conversation says the next word when the last one is stored.
    let next = Arc::new(AtomicUsize::new(open));
    let began = Instant::now();
    let until = began + Duration::from_secs(10);
    let mut talking = JoinSet::new();
    for visitor in visitors {
        let (next, board) = (next.clone(), board.clone());
        talking.spawn(async move {
            while Instant::now() < until {
                let number = next.fetch_add(1, Relaxed);
                if number >= open + most {
                    break;
                }
                visitor.says(number, &board).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = talking.join_next().await {
        done??;
    }
    let full = (next.load(Relaxed) - open) as f64 / began.elapsed().as_secs_f64();
    println!("with all the room there is: {full:.0} a second");
    for agent in agents {
        agent.phone.stop().await;
    }
    Arc::into_inner(server)
        .context("the server is still held")?
        .stop()
        .await?;
    let (paced, bare) = bare_loop(folder.path(), args.rate, args.conversations).await?;
    println!(
        "bare loop of grouped commits on the same disk, one row a message: {paced:.0} a second of {} offered, {bare:.0} a \
         second with all the room there is; the server reached {:.0} % and {:.0} % of that",
        args.rate,
        open as f64 / wall.as_secs_f64() / paced * 100.0,
        full / bare * 100.0
    );
    ensure!(shown == open, "{} messages were not shown", open - shown);
    ensure!(p99 <= LIMIT, "p99 is beyond {LIMIT:?}");
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Waits until the last one is shown.
async fn settle(board: &Board, all: usize) {
    for _ in 0..100 {
        if board.count() >= all {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The rate of messages alone: one row each, by the same grouping writer, with the offered rate and with as many writers
/// at once as there were conversations. It runs on the generator's core.
async fn bare_loop(folder: &Path, rate: u64, writers: usize) -> Result<(f64, f64)> {
    let db = Db::connect(&format!("sqlite://{}", folder.join("bare.db").display())).await?;
    let made = "create table said (conversation blob not null, seq integer not null, id blob not null, text text not \
        null, at text not null, primary key (conversation, seq))";
    db.write(async move |tx| {
        tx.execute_unprepared(made).await?;
        Ok(())
    })
    .await?;
    let write = |db: Db, number: i64| async move {
        db.write(async move |tx| {
            let row = Statement::from_sql_and_values(
                DbBackend::Sqlite,
                "insert into said values (?, ?, ?, ?, ?)",
                [
                    vec![1u8; 16].into(),
                    number.into(),
                    vec![2u8; 16].into(),
                    format!("m{number}").into(),
                    "2026-11-26T00:00:00Z".into(),
                ],
            );
            tx.execute_raw(row).await?;
            Ok(())
        })
        .await
    };
    let began = Instant::now();
    let mut sending = JoinSet::new();
    for number in 0..rate * 10 {
        let at = began + Duration::from_micros(number * 1_000_000 / rate);
        tokio::time::sleep_until(at.into()).await;
        sending.spawn(write(db.clone(), number as i64));
        while let Some(done) = sending.try_join_next() {
            done??;
        }
    }
    while let Some(done) = sending.join_next().await {
        done??;
    }
    let paced = (rate * 10) as f64 / began.elapsed().as_secs_f64();
    let next = Arc::new(AtomicUsize::new(1_000_000));
    let began = Instant::now();
    let until = began + Duration::from_secs(10);
    let mut talking = JoinSet::new();
    for _ in 0..writers {
        let (db, next) = (db.clone(), next.clone());
        talking.spawn(async move {
            while Instant::now() < until {
                let number = next.fetch_add(1, Relaxed) as i64;
                write(db.clone(), number).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = talking.join_next().await {
        done??;
    }
    let written = next.load(Relaxed) - 1_000_000;
    Ok((paced, written as f64 / began.elapsed().as_secs_f64()))
}
