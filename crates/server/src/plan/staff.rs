//! `shoujie plan staff`.

use anyhow::{Context as _, Result};
use planner::staffing::{
    Load, Targets, agents_for, answered_within, chat_aht, service, with_shrinkage,
};
use serde_json::json;

use super::Out;
use super::figures::{ServiceLevel, calls, seconds, service_level, share, some_seconds};

/// The time that the service level is told for when no target names one (K-03).
const WITHIN: f64 = 20.0;

/// What comes in, and what is to be reached.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Calls of the interval.
    #[arg(long, value_parser = calls)]
    calls: f64,
    /// Length of the interval.
    #[arg(long, value_parser = some_seconds, default_value = "30m")]
    interval: f64,
    /// Average handle time.
    #[arg(long, value_parser = some_seconds)]
    aht: f64,
    /// Average patience; without it callers never give up.
    #[arg(long, value_parser = some_seconds)]
    patience: Option<f64>,
    /// At least this share is answered within this time [default when nothing else is asked: 0.8/20s].
    #[arg(long, value_parser = service_level)]
    service_level: Option<ServiceLevel>,
    /// At most this share gives up.
    #[arg(long, value_parser = share)]
    abandon: Option<f64>,
    /// At most this wait on average.
    #[arg(long, value_parser = seconds)]
    asa: Option<f64>,
    /// At most this share of an agent's time is taken.
    #[arg(long, value_parser = share)]
    occupancy: Option<f64>,
    /// Share of the paid time that goes to leave, breaks and meetings.
    #[arg(long, value_parser = share, default_value = "0")]
    shrinkage: f64,
    /// Conversations that an agent holds at the same time, for chats.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=20), default_value = "1")]
    at_once: u32,
    /// How much one conversation slows the others: 0 not at all, 1 as if one came after the other.
    #[arg(long, value_parser = share, default_value = "0")]
    drag: f64,
    /// Do not search: tell what so many agents make of it.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=20_000))]
    agents: Option<u32>,
}

/// Prints the agents and what they make of the load.
pub fn run(args: &Args) -> Result<()> {
    let aht = chat_aht(args.aht, args.at_once, args.drag);
    let load = Load::of_interval(args.calls, args.interval, aht, args.patience);
    let mut wanted = args.service_level;
    if wanted.is_none() && args.abandon.is_none() && args.asa.is_none() && args.occupancy.is_none()
    {
        wanted = Some(ServiceLevel {
            share: 0.8,
            within: WITHIN,
        });
    }
    let targets = Targets {
        service_level: wanted.map(|level| (level.share, level.within)),
        abandoned: args.abandon,
        asa: args.asa,
        occupancy: args.occupancy,
    };
    let agents = match args.agents {
        Some(agents) => agents,
        None => agents_for(load, &targets)
            .context("no number of agents up to 20,000 reaches these targets")?,
    };
    let within = wanted.map_or(WITHIN, |level| level.within);
    let made = service(load, agents);
    let answer = json!({
        "agents": agents,
        "rostered": with_shrinkage(agents, args.shrinkage),
        "model": if args.patience.is_some() { "erlang_a" } else { "erlang_c" },
        "erlangs": load.erlangs(),
        "service_level": answered_within(load, agents, within),
        "within": within,
        "abandoned": made.abandoned,
        "asa": made.asa,
        "wait_probability": made.wait_probability,
        "occupancy": made.occupancy,
    });
    Out::at(None)?.write(&format!("{answer:#}\n"))
}
