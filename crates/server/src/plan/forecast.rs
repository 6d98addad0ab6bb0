//! `shoujie plan forecast`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, ensure};
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};
use planner::forecast::{Event, Forecast, History, Way, try_out};

use super::figures::{calls, days, minutes};
use super::{Out, read};

/// How a start may be written.
const STARTS: [&str; 4] = [
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S",
];
/// The longest history, in years.
const MOST_YEARS: i32 = 20;
/// The most events, and the most days that one may move before and after it.
const MOST_EVENTS: usize = 1_000;
const MOST_AWAY: i64 = 60;
/// The most kinds of events, each day around them counted.
const MOST_EFFECTS: i64 = 400;

/// The history, and how far to look.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The counts: `start,calls`, a row for each bin that was open. Closed days have no rows.
    csv: PathBuf,
    /// Length of a bin of the forecast.
    #[arg(long, value_parser = minutes, default_value = "30m")]
    bin: u32,
    /// How far ahead, from the last day of the history.
    #[arg(long, value_parser = days, default_value = "14d")]
    horizon: u32,
    /// What moves the load: `kind,date,lead,lag`, past and to come, with the days before and after that it moves.
    #[arg(long, value_name = "CSV")]
    events: Option<PathBuf>,
    /// The file of the forecast, `start,mean,low90,high90`; standard output when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the forecast; how it and the naive ways did on the history goes to standard error.
pub fn run(args: &Args) -> Result<()> {
    let name = args.csv.display();
    let counts = counts(&read(&args.csv)?).with_context(|| name.to_string())?;
    if let Some(apart) = apart(&counts) {
        ensure!(
            apart <= args.bin,
            "{name}: its rows are {apart} minutes apart; --bin must be {apart}m or more"
        );
    }
    let events = match &args.events {
        Some(path) => events(&read(path)?).with_context(|| path.display().to_string())?,
        None => Vec::new(),
    };
    let history = History::of(counts, args.bin).with_context(|| name.to_string())?;
    let out = Out::at(args.out.as_deref())?;
    for trial in try_out(&history, &events) {
        let way = match trial.way {
            Way::Model => "model",
            Way::LastWeek => "last week",
            Way::FourWeeks => "mean of four weeks",
        };
        let covered = trial.covered.map_or_else(String::new, |covered| {
            format!(", {:.1} % in the 90 % interval", covered * 100.0)
        });
        eprintln!(
            "{way}: {:.2} % off in {} bins of the back-test{covered}",
            trial.wape * 100.0,
            trial.bins
        );
    }
    let mut text = String::from("start,mean,low90,high90\n");
    for one in Forecast::make(&history, &events, i64::from(args.horizon)).intervals {
        let start = one.start.format("%Y-%m-%d %H:%M");
        writeln!(
            text,
            "{start},{:.3},{:.3},{:.3}",
            one.mean, one.low90, one.high90
        )?;
    }
    out.write(&text)
}

/// The rows of a CSV below a header, with their lines.
fn rows<'a>(text: &'a str, header: &str) -> Result<impl Iterator<Item = (usize, &'a str)>> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let first = lines.next().map_or("", |(_, line)| line.trim());
    ensure!(
        first.eq_ignore_ascii_case(header),
        "line 1: the header must be {header}"
    );
    Ok(lines
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty()))
}

fn counts(text: &str) -> Result<Vec<(NaiveDateTime, f64)>> {
    let mut counts = Vec::new();
    for (line, row) in rows(text, "start,calls")? {
        let count = row
            .split_once(',')
            .and_then(|(at, count)| Some((start(at.trim())?, calls(count).ok()?)));
        counts.push(count.with_context(|| {
            format!("line {line}: \"{row}\" is no row like 2026-11-23 09:00,12")
        })?);
    }
    let years = counts.iter().map(|(at, _)| at.year());
    let years = years.clone().max().unwrap_or(0) - years.min().unwrap_or(0);
    ensure!(years <= MOST_YEARS, "it spans more than {MOST_YEARS} years");
    Ok(counts)
}

fn start(text: &str) -> Option<NaiveDateTime> {
    let found = STARTS
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    (1970..=9998).contains(&found.year()).then_some(found)
}

/// The shortest time between two rows of a day, in minutes.
fn apart(counts: &[(NaiveDateTime, f64)]) -> Option<u32> {
    let mut days: BTreeMap<NaiveDate, Vec<NaiveTime>> = BTreeMap::new();
    for (at, _) in counts {
        days.entry(at.date()).or_default().push(at.time());
    }
    let gaps = days.values_mut().filter_map(|times| {
        times.sort_unstable();
        times.dedup();
        times
            .windows(2)
            .map(|two| (two[1] - two[0]).num_minutes().max(1) as u32)
            .min()
    });
    gaps.min()
}

fn events(text: &str) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for (line, row) in rows(text, "kind,date,lead,lag")? {
        let event = event(row).ok_or_else(|| {
            anyhow!("line {line}: \"{row}\" is no row like registration,2026-11-23,3,10")
        })?;
        events.push(event);
        ensure!(
            events.len() <= MOST_EVENTS,
            "more than {MOST_EVENTS} events"
        );
    }
    let mut reach: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for event in &events {
        let (lead, lag) = reach.entry(&event.kind).or_default();
        (*lead, *lag) = ((*lead).max(event.lead), (*lag).max(event.lag));
    }
    let effects: i64 = reach.values().map(|(lead, lag)| lead + lag + 1).sum();
    ensure!(
        effects <= MOST_EFFECTS,
        "{effects} days around the kinds of events; at most {MOST_EFFECTS} can be learnt"
    );
    Ok(events)
}

fn event(row: &str) -> Option<Event> {
    let mut fields = row.split(',').map(str::trim);
    let mut next = || fields.next();
    let (kind, date) = (next()?.to_owned(), next()?.parse().ok()?);
    let mut away = || -> Option<i64> {
        let days = next()?.parse().ok()?;
        (0..=MOST_AWAY).contains(&days).then_some(days)
    };
    Some(Event {
        kind,
        date,
        lead: away()?,
        lag: away()?,
    })
}
