//! Rosters of the public instances, searched by the binary from outside and read by the independent checker.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use planner::roster::{Problem, Roster, ShiftId, check, read};
use serde_json::Value;

/// Instance, best known objective, and what OR-Tools CP-SAT 9.15 found in about 60 s of CPU, by the README of the
/// instances.
const KNOWN: [(u32, u64, Option<u64>); 13] = [
    (1, 607, Some(607)),
    (2, 828, Some(828)),
    (3, 1_001, Some(1_002)),
    (4, 1_716, Some(1_723)),
    (5, 1_143, Some(1_271)),
    (7, 1_056, Some(1_271)),
    (8, 1_300, Some(2_239)),
    (9, 439, None),
    (11, 3_443, None),
    (13, 1_348, Some(16_583)),
    (16, 3_225, None),
    (19, 3_149, None),
    (23, 17_428, None),
];
/// Instances whose mean gap must stay within the share that follows, in parts of a hundred.
const LIMITS: [(&[u32], f64); 2] = [(&[1, 2, 3, 4, 5, 7, 8], 2.0), (&[9, 11, 16], 5.0)];

#[derive(Parser)]
#[command(about = "Objective and gap of rosters for the public instances")]
struct Args {
    /// The binary.
    #[arg(long)]
    server: PathBuf,
    /// The core it gets.
    #[arg(long, default_value = "0")]
    core: String,
    /// The folder of the instances.
    #[arg(long, default_value = "../shared/benchmarks/curtois-qu-2014")]
    instances: PathBuf,
    /// Which; all but 13, 19 and 23 when not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<u32>,
    /// How long each search takes.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Seeds of each instance.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// Threads of each search; more than one get the cores from 0 on.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir()?;
    let mut gaps: Vec<(u32, f64)> = Vec::new();
    println!("| instance | best known | median | gap % | all | CP-SAT |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (instance, best, peer) in KNOWN {
        let small = ![13, 19, 23].contains(&instance);
        if !(args.only.contains(&instance) || args.only.is_empty() && small) {
            continue;
        }
        let file = args.instances.join(format!("Instance{instance}.txt"));
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        let problem = read(&text)?;
        let mut found = Vec::new();
        for seed in 1..=args.seeds {
            let out = folder.path().join(format!("{instance}-{seed}.json"));
            search(&args, &file, seed, &out)?;
            found.push(checked(&problem, &std::fs::read_to_string(&out)?)?);
        }
        let all: Vec<String> = found.iter().map(u64::to_string).collect();
        found.sort_unstable();
        let median = found[found.len() / 2];
        let gap = (median as f64 / best as f64 - 1.0) * 100.0;
        let peer = peer.map_or_else(|| "–".to_owned(), |peer| peer.to_string());
        println!(
            "| {instance} | {best} | {median} | {gap:.2} | {} | {peer} |",
            all.join(", ")
        );
        gaps.push((instance, gap));
    }
    for (instances, limit) in LIMITS {
        let of: Vec<f64> = gaps
            .iter()
            .filter(|(instance, _)| instances.contains(instance))
            .map(|(_, gap)| *gap)
            .collect();
        if of.len() == instances.len() {
            let mean = of.iter().sum::<f64>() / of.len() as f64;
            println!("mean gap of {instances:?}: {mean:.2} %, at most {limit} %");
            ensure!(
                mean <= limit,
                "the gap of {instances:?} is beyond {limit} %"
            );
        }
    }
    Ok(())
}

fn search(args: &Args, file: &Path, seed: u64, out: &Path) -> Result<()> {
    let cores = if args.threads == 1 {
        args.core.clone()
    } else {
        format!("0-{}", args.threads - 1)
    };
    let mut command = Command::new("taskset");
    command.args(["-c", &cores]).arg(&args.server);
    command.args(["plan", "solve"]).arg(file);
    for (name, value) in [
        ("--seconds", u64::from(args.seconds)),
        ("--seed", seed),
        ("--threads", u64::from(args.threads)),
    ] {
        command.args([name, &value.to_string()]);
    }
    let status = command
        .arg("--out")
        .arg(out)
        .stderr(Stdio::null())
        .status()
        .context("the search cannot be started")?;
    ensure!(status.success(), "the search of {} failed", file.display());
    Ok(())
}

/// The objective of what was written, by the checker; it must be the one that was written.
fn checked(problem: &Problem, text: &str) -> Result<u64> {
    let written: Value = serde_json::from_str(text)?;
    let line = |name: &str| -> Result<Vec<Option<ShiftId>>> {
        let cells = written["roster"][name]
            .as_array()
            .with_context(|| format!("{name} has no line"))?;
        cells
            .iter()
            .map(|cell| match cell.as_str() {
                Some("") => Ok(None),
                Some(name) => {
                    let shift = problem.shifts.iter().position(|shift| shift.name == name);
                    Ok(Some(shift.context("a shift that is not there")? as ShiftId))
                }
                None => bail!("a cell that is no text"),
            })
            .collect()
    };
    let lines = problem.people.iter().map(|person| line(&person.name));
    let roster = Roster(lines.collect::<Result<_>>()?);
    let verdict = check(problem, &roster);
    if let Some(breach) = verdict.breaches.first() {
        bail!("a rule is broken: {breach}");
    }
    ensure!(
        Some(verdict.objective()) == written["objective"].as_u64(),
        "the objective that was written is not that of the roster"
    );
    Ok(verdict.objective())
}
