//! The history tries the forecast: from each week on, one and two weeks ahead, as if the rest were not known yet.

use chrono::{Datelike as _, NaiveDate, TimeDelta};

use super::history::History;
use super::model::{Event, Forecast, Interval, Model};

/// Open days that the first trial learns from.
const LEARNT: usize = 40;
/// How far ahead is tried, in days.
const AHEAD: i64 = 14;

/// A way to forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Calendar regression times the decayed profile.
    Model,
    /// The same weekday of the last week that had it.
    LastWeek,
    /// The mean of the last four such weekdays.
    FourWeeks,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Model, Self::LastWeek, Self::FourWeeks];
}

/// How a way did.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Which.
    pub way: Way,
    /// Sum of the errors by the sum of what came.
    pub wape: f64,
    /// Of the bins, the share that lay in the interval; the model's only.
    pub covered: Option<f64>,
    /// Bins that were tried.
    pub bins: usize,
}

/// One bin that was tried: what was expected, and what came.
struct Tried {
    mean: f64,
    came: f64,
    origin: usize,
}

/// Tries every way on the history.
pub fn try_out(history: &History, events: &[Event]) -> Vec<Trial> {
    Way::ALL
        .into_iter()
        .map(|way| {
            let tried = rolling(history, events, way);
            let error: f64 = tried.iter().map(|one| (one.mean - one.came).abs()).sum();
            let came: f64 = tried.iter().map(|one| one.came).sum();
            Trial {
                way,
                wape: error / came.max(1.0),
                covered: (way == Way::Model).then(|| covered(&tried)),
                bins: tried.len(),
            }
        })
        .collect()
}

fn rolling(history: &History, events: &[Event], way: Way) -> Vec<Tried> {
    let mut tried = Vec::new();
    let Some(first) = history.days.get(LEARNT.min(history.days.len() * 2 / 3)) else {
        return tried;
    };
    let last = history.days.last().map_or(first.date, |day| day.date);
    let mut monday =
        first.date + TimeDelta::days(7 - i64::from(first.date.weekday().num_days_from_monday()));
    let mut origin = 0;
    while monday <= last {
        let known = history.until(monday);
        let model = (way == Way::Model).then(|| Model::learn(&known, events));
        for day in history
            .days
            .iter()
            .filter(|day| day.date >= monday && (day.date - monday).num_days() < AHEAD)
        {
            let means = match &model {
                Some(model) => model.means(day.date),
                None => naive(&known, day.date, if way == Way::LastWeek { 1 } else { 4 }),
            };
            tried.extend(means.iter().zip(&day.calls).map(|(&mean, &came)| Tried {
                mean,
                came,
                origin,
            }));
        }
        monday += TimeDelta::days(7);
        origin += 1;
    }
    tried
}

fn naive(known: &History, date: NaiveDate, weeks: usize) -> Vec<f64> {
    let like: Vec<_> = known
        .days
        .iter()
        .rev()
        .filter(|day| day.date.weekday() == date.weekday())
        .take(weeks)
        .collect();
    let mut means = vec![0.0; known.bins()];
    for day in &like {
        for (mean, calls) in means.iter_mut().zip(&day.calls) {
            *mean += calls / like.len() as f64;
        }
    }
    means
}

/// How far a bin may be off: chance (Poisson) and what the model does not know (a share of the mean).
fn width(mean: f64, unknown: f64) -> f64 {
    (mean.max(0.5) + (unknown * mean).powi(2)).sqrt()
}

/// The share of the mean that is not known, and the reach that holds nine in ten of the bins that were tried.
fn spread<'a>(tried: impl Iterator<Item = &'a Tried> + Clone) -> (f64, f64) {
    // What is left of the squared error when chance is taken off.
    let (mut left, mut squares) = (0.0, 0.0);
    for one in tried.clone() {
        left += (one.came - one.mean).powi(2) - one.mean;
        squares += one.mean.powi(2);
    }
    let unknown = (f64::max(left, 0.0) / f64::max(squares, 1.0)).sqrt();
    let mut off: Vec<f64> = tried
        .map(|one| (one.came - one.mean).abs() / width(one.mean, unknown))
        .collect();
    off.sort_unstable_by(f64::total_cmp);
    let reach = off
        .get((off.len() * 9).div_ceil(10).saturating_sub(1))
        .copied()
        .unwrap_or(1.645);
    (unknown, reach)
}

/// The share of the bins in an interval that was drawn from the trials before theirs.
fn covered(tried: &[Tried]) -> f64 {
    let (mut inside, mut all) = (0_usize, 0_usize);
    let origins = tried.last().map_or(0, |one| one.origin + 1);
    for origin in 2..origins {
        // The trials of two weeks before were over when this one began.
        let (unknown, reach) = spread(tried.iter().filter(|one| one.origin + 2 <= origin));
        for one in tried.iter().filter(|one| one.origin == origin) {
            all += 1;
            inside += usize::from((one.came - one.mean).abs() <= reach * width(one.mean, unknown));
        }
    }
    inside as f64 / all.max(1) as f64
}

impl Forecast {
    /// Of so many days behind the history; those whose weekday is closed have no bins.
    pub fn make(history: &History, events: &[Event], days: i64) -> Self {
        let model = Model::learn(history, events);
        let tried = rolling(history, events, Way::Model);
        let (unknown, reach) = spread(tried.iter());
        let last = history.days.last().map(|day| day.date);
        let mut intervals = Vec::new();
        for date in last
            .into_iter()
            .flat_map(|last| (1..=days).map(move |ahead| last + TimeDelta::days(ahead)))
        {
            if !model.is_open(date) {
                continue;
            }
            for (bin, mean) in model.means(date).into_iter().enumerate() {
                let off = reach * width(mean, unknown);
                intervals.push(Interval {
                    start: history.start(date, bin),
                    mean,
                    low90: (mean - off).max(0.0),
                    high90: mean + off,
                });
            }
        }
        Self { intervals }
    }
}
