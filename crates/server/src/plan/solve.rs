//! `shoujie plan solve`.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use kernel::Clock;
use planner::roster::{self, NoLine, Plan, Problem};
use serde_json::{Map, Value, json};

use super::{Out, read};

/// How often progress is told, at most.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// The instance, and how long to search.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The instance.
    instance: PathBuf,
    /// How long to search.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=86_400), default_value = "60")]
    seconds: u32,
    /// The seed of chance; each further thread has the next.
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Seeds that are tried at the same time, each on a core.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256), default_value = "1")]
    threads: u16,
    /// The file of the roster; standard output when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Searches, and writes `{"objective": n, "roster": {"<staff id>": ["<shift id>" or "", …]}}`.
pub async fn run(args: Args, clock: Clock) -> Result<()> {
    let name = args.instance.display();
    let problem = roster::read(&read(&args.instance)?).with_context(|| name.to_string())?;
    let out = Out::at(args.out.as_deref())?;
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            asked.store(true, Ordering::Relaxed);
        }
    });
    let search = (args.seed, args.threads, args.seconds);
    let work = move || {
        let found = search_all(&problem, search, &clock, &stop);
        (problem, found)
    };
    let (problem, found) = tokio::task::spawn_blocking(work).await?;
    let plan = match found {
        Ok(plan) => plan,
        Err(error) => {
            out.give_up();
            return Err(error.context(name.to_string()));
        }
    };
    // What is written has been read by somebody else.
    let verdict = roster::check(&problem, &plan.roster);
    if let Some(breach) = verdict.breaches.first() {
        out.give_up();
        return Err(anyhow!("the roster breaks a rule: {breach}"));
    }
    eprintln!(
        "objective {}: {} for wishes, {} for cover; {} rounds",
        verdict.objective(),
        verdict.wishes,
        verdict.cover,
        plan.rounds
    );
    out.write(&format!("{}\n", told(&problem, &plan, verdict.objective())))
}

/// The best plan of all seeds.
fn search_all(
    problem: &Problem,
    (seed, threads, seconds): (u64, u16, u32),
    clock: &Clock,
    stop: &AtomicBool,
) -> Result<Plan> {
    let start = clock.monotonic();
    let limit = f64::from(seconds);
    let best = AtomicI64::new(i64::MAX);
    let told = Mutex::new((start, i64::MAX));
    let one = |seed: u64| -> Result<Plan, NoLine> {
        roster::solve(problem, seed, |progress| {
            let now = clock.monotonic();
            let gone = now.saturating_sub(start).as_secs_f64();
            let best = best
                .fetch_min(progress.best, Ordering::Relaxed)
                .min(progress.best);
            // Who tells already tells for all.
            if let Ok(mut told) = told.try_lock()
                && best < told.1
                && now >= told.0
            {
                *told = (now + TOLD_EVERY, best);
                eprintln!("{gone:.1} s: objective {best}");
            }
            if stop.load(Ordering::Relaxed) || gone >= limit {
                1.0
            } else {
                gone / limit
            }
        })
    };
    let plans: Vec<Result<Plan, NoLine>> = std::thread::scope(|scope| {
        let one = &one;
        let others: Vec<_> = (1..threads)
            .map(|at| scope.spawn(move || one(seed.wrapping_add(u64::from(at)))))
            .collect();
        let mut plans = vec![one(seed)];
        plans.extend(others.into_iter().filter_map(|other| other.join().ok()));
        plans
    });
    let mut found: Option<Plan> = None;
    let mut none = None;
    for plan in plans {
        match plan {
            Ok(plan)
                if found
                    .as_ref()
                    .is_none_or(|best| plan.objective < best.objective) =>
            {
                found = Some(plan);
            }
            Ok(_) => {}
            Err(error) => none = Some(error),
        }
    }
    match (found, none) {
        (Some(plan), _) => Ok(plan),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(anyhow!("no roster was found")),
    }
}

fn told(problem: &Problem, plan: &Plan, objective: u64) -> Value {
    let lines = problem
        .people
        .iter()
        .zip(&plan.roster.0)
        .map(|(person, line)| {
            let days: Vec<&str> = line
                .iter()
                .map(|shift| shift.map_or("", |shift| &problem.shifts[usize::from(shift)].name))
                .collect();
            (person.name.clone(), json!(days))
        });
    json!({"objective": objective, "roster": lines.collect::<Map<String, Value>>()})
}
