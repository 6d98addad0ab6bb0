//! `shoujie plan simulate`.

use anyhow::{Result, ensure};
use planner::simulation::{Slot, Tally, Trial};
use serde_json::{Value, json};

use super::Out;
use super::figures::{ServiceLevel, calls, seconds, service_level, some_seconds};

/// The most calls of all days together.
const MOST_CALLS: f64 = 10_000_000.0;

/// The day, and who is on the phones.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Calls expected in each interval, one after the other: `20,25,30`.
    #[arg(long, value_parser = calls, value_delimiter = ',', required = true)]
    calls: Vec<f64>,
    /// Agents on the phones in each interval; one number stands for all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=5_000), value_delimiter = ',', required = true)]
    agents: Vec<u32>,
    /// Length of an interval.
    #[arg(long, value_parser = some_seconds, default_value = "30m")]
    interval: f64,
    /// Average handle time: talk, and wrap-up.
    #[arg(long, value_parser = some_seconds)]
    aht: f64,
    /// Of it, the wrap-up.
    #[arg(long, value_parser = seconds, default_value = "0")]
    wrap_up: f64,
    /// Average patience; without it callers never give up.
    #[arg(long, value_parser = some_seconds)]
    patience: Option<f64>,
    /// How long it rings before an agent answers.
    #[arg(long, value_parser = seconds, default_value = "0")]
    ring: f64,
    /// Who waits so long is let go.
    #[arg(long, value_parser = some_seconds)]
    max_wait: Option<f64>,
    /// The share to be answered within a time.
    #[arg(long, value_parser = service_level, default_value = "0.8/20s")]
    service_level: ServiceLevel,
    /// How often the day is tried.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000), default_value = "100")]
    days: u32,
    /// The same seed brings the same callers, whatever the agents.
    #[arg(long, default_value = "1")]
    seed: u64,
}

/// Prints what becomes of the callers, by interval and in all.
pub fn run(args: &Args) -> Result<()> {
    let slots = args.calls.len();
    ensure!(
        args.agents.len() == slots || args.agents.len() == 1,
        "--calls has {slots} intervals, --agents has {}",
        args.agents.len()
    );
    let calls: f64 = args.calls.iter().sum();
    ensure!(
        calls * f64::from(args.days) <= MOST_CALLS,
        "at most 10,000,000 calls are tried in all; ask for fewer --days"
    );
    let trial = Trial {
        interval: args.interval,
        slots: (0..slots)
            .map(|at| Slot {
                calls: args.calls[at],
                agents: args.agents[at.min(args.agents.len() - 1)],
            })
            .collect(),
        aht: args.aht,
        wrap_up: args.wrap_up,
        patience: args.patience,
        ring: args.ring,
        in_time: args.service_level.within,
        max_wait: args.max_wait,
    };
    let mut sums = vec![Tally::default(); slots];
    let mut levels = Vec::new();
    for day in 0..args.days {
        let mut whole = Tally::default();
        let tallies = trial.run(args.seed.wrapping_add(u64::from(day)))?;
        for (sum, tally) in sums.iter_mut().zip(&tallies) {
            sum.add(tally);
            whole.add(tally);
        }
        levels.extend(whole.service_level());
    }
    levels.sort_unstable_by(f64::total_cmp);
    let mut total = Tally::default();
    let mut intervals = Vec::new();
    for (slot, sum) in trial.slots.iter().zip(&sums) {
        total.add(sum);
        let mut told = told(sum, args.days);
        told["agents"] = json!(slot.agents);
        intervals.push(told);
    }
    let reached = levels
        .iter()
        .filter(|&&level| level >= args.service_level.share)
        .count();
    let answer = json!({
        "days": args.days,
        "seed": args.seed,
        "within": args.service_level.within,
        "total": told(&total, args.days),
        "days_reaching_service_level": share(reached, levels.len()),
        "service_level_low90": at(&levels, 0.05),
        "service_level_high90": at(&levels, 0.95),
        "intervals": intervals,
    });
    Out::at(None)?.write(&format!("{answer:#}\n"))
}

/// Counts are those of a mean day.
fn told(tally: &Tally, days: u32) -> Value {
    let mean = |count: u64| count as f64 / f64::from(days);
    json!({
        "calls": mean(tally.calls),
        "answered": mean(tally.answered),
        "let_go": mean(tally.let_go),
        "service_level": tally.service_level(),
        "abandoned": tally.abandonment(),
        "asa": tally.asa(),
        "longest_wait": tally.longest,
        "occupancy": tally.occupancy(),
    })
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The value below which this share of the sorted ones lies.
fn at(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}
