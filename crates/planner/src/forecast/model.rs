//! The model: logarithm of a day's total by ridge regression, with newer days weighing more.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, TimeDelta};

use super::history::{History, at};

/// Something in the calendar that moves the load: a registration, a score release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is; all of one kind are expected to move the load alike.
    pub kind: String,
    /// Its day.
    pub date: NaiveDate,
    /// Days before it that it moves.
    pub lead: i64,
    /// Days after it that it moves.
    pub lag: i64,
}

/// A bin of the future.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// When it begins.
    pub start: NaiveDateTime,
    /// Calls expected.
    pub mean: f64,
    /// Nine in ten such bins lie between this
    pub low90: f64,
    /// and this.
    pub high90: f64,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Bins of the open days, in their order.
    pub intervals: Vec<Interval>,
}

/// How fast a day is forgotten for the level, in open days to half its weight.
const HALF_LEVEL: f64 = 90.0;
/// The same for the shares of a weekday's bins, in weeks.
const HALF_PROFILE: f64 = 5.0;
/// Days of its own that a weekday's profile needs to weigh as much as the profile of all days.
const OWN_PROFILE: f64 = 1.0;
/// How much of the last days' common error is carried on, and over how many days it is judged.
const CARRIED: f64 = 0.5;
const RECENT: usize = 10;
/// Ridge of what is no weekday, in days.
const RIDGE: f64 = 12.0;
/// What is believed until the history knows better, as logarithms: more calls around the first, on the next days, and at
/// the end of a month (not in its middle, nor later), on the first day after a closed one, and on the second.
const BELIEVED: [f64; 7] = [0.04, 0.04, 0.0, 0.04, 0.0, 0.10, 0.05];

/// A model that has learnt from a history.
#[derive(Debug, Clone)]
pub struct Model {
    weights: Vec<f64>,
    kinds: Vec<(String, i64, i64)>,
    events: Vec<Event>,
    /// Shares of a day's bins, by weekday.
    profiles: Vec<Vec<f64>>,
    /// The last days' common error, of the logarithm.
    carried: f64,
    open: [bool; 7],
    days: Vec<NaiveDate>,
}

impl Model {
    /// Learns. `events` may lie in the past and in the future.
    pub fn learn(history: &History, events: &[Event]) -> Self {
        let mut kinds: Vec<(String, i64, i64)> = Vec::new();
        for event in events {
            match kinds.iter_mut().find(|kind| kind.0 == event.kind) {
                Some(kind) => (kind.1, kind.2) = (kind.1.max(event.lead), kind.2.max(event.lag)),
                None => kinds.push((event.kind.clone(), event.lead, event.lag)),
            }
        }
        let mut model = Self {
            weights: Vec::new(),
            kinds,
            events: events.to_vec(),
            profiles: profiles(history),
            carried: 0.0,
            open: history.open_weekdays(),
            days: history.days.iter().map(|day| day.date).collect(),
        };
        let rows: Vec<(Vec<f64>, f64)> = history
            .days
            .iter()
            .map(|day| {
                let row = model.features(day.date);
                let total = day.total().max(1.0).ln() - believed(&row);
                (row, total)
            })
            .collect();
        let newest = rows.len();
        let weight = |at: usize| 0.5_f64.powf((newest - 1 - at) as f64 / HALF_LEVEL);
        model.weights = ridge(&rows, weight, 7);
        let recent = &rows[newest.saturating_sub(RECENT)..];
        let error: f64 = recent
            .iter()
            .map(|(row, total)| total - dot(&model.weights, row))
            .sum();
        model.carried = CARRIED * error / recent.len().max(1) as f64;
        model
    }

    /// What a day is expected to bring in all.
    pub fn total(&self, date: NaiveDate) -> f64 {
        let row = self.features(date);
        (dot(&self.weights, &row) + believed(&row) + self.carried).exp()
    }

    /// The mean of each bin of a day.
    pub fn means(&self, date: NaiveDate) -> Vec<f64> {
        let total = self.total(date);
        self.profiles[at(date.weekday())]
            .iter()
            .map(|share| share * total)
            .collect()
    }

    /// A day that is open by its weekday.
    pub fn is_open(&self, date: NaiveDate) -> bool {
        self.open[at(date.weekday())]
    }

    /// Weekday (7), the day of the month, days after a closed weekday and before one, events.
    fn features(&self, date: NaiveDate) -> Vec<f64> {
        let mut row = vec![0.0; 7];
        row[at(date.weekday())] = 1.0;
        let day = f64::from(date.day());
        let length = f64::from(days_of_month(date));
        // How near the first, the middle and the last of the month are.
        let near = |of: f64, wide: f64| {
            let away = (day - of)
                .abs()
                .min((day - of + length).abs())
                .min((day - of - length).abs());
            (-(away / wide).powi(2)).exp()
        };
        row.extend([
            near(1.0, 1.5),
            near(4.5, 2.5),
            near(15.5, 1.5),
            near(length - 1.0, 1.5),
            near(22.0, 4.0),
        ]);
        // A weekday that should have been open and was not.
        let missed = |back: i64| {
            let before = date - TimeDelta::days(back);
            self.open[at(before.weekday())] && self.was_closed(before)
        };
        let weekend = (1..=7)
            .take_while(|&back| !self.open[at((date - TimeDelta::days(back)).weekday())])
            .count() as i64;
        let after = f64::from(u8::from(missed(weekend + 1)));
        let second = f64::from(u8::from(!missed(weekend + 1) && missed(weekend + 2)));
        row.extend([after, second]);
        for (kind, lead, lag) in &self.kinds {
            for offset in -lead..=*lag {
                let there = self
                    .events
                    .iter()
                    .any(|event| event.kind == *kind && (date - event.date).num_days() == offset);
                row.push(f64::from(u8::from(there)));
            }
        }
        row
    }

    fn was_closed(&self, date: NaiveDate) -> bool {
        self.days.first().is_some_and(|first| *first <= date)
            && self.days.last().is_some_and(|last| date < *last)
            && self.days.binary_search(&date).is_err()
    }
}

/// The part of a day that is believed: what stands behind its weekday.
fn believed(row: &[f64]) -> f64 {
    dot(&BELIEVED, &row[7..])
}

fn days_of_month(date: NaiveDate) -> u32 {
    let first = date.with_day(1).unwrap_or(date);
    let next = first
        .checked_add_months(chrono::Months::new(1))
        .unwrap_or(first);
    (next - first).num_days() as u32
}

fn dot(weights: &[f64], row: &[f64]) -> f64 {
    weights
        .iter()
        .zip(row)
        .map(|(weight, value)| weight * value)
        .sum()
}

/// Shares of each weekday's bins: its own days, newer ones weighing more, drawn to the shares of all days.
fn profiles(history: &History) -> Vec<Vec<f64>> {
    let bins = history.bins();
    let Some(last) = history.days.last() else {
        return vec![vec![0.0; bins]; 7];
    };
    let mut all = vec![0.0; bins];
    let mut own = vec![(0.0, vec![0.0; bins]); 7];
    let mut weights = 0.0;
    for day in &history.days {
        let total = day.total();
        if total <= 0.0 {
            continue;
        }
        let weeks = (last.date - day.date).num_days() as f64 / 7.0;
        let weight = 0.5_f64.powf(weeks / HALF_PROFILE);
        let own = &mut own[at(day.date.weekday())];
        own.0 += weight;
        weights += weight;
        for (at, calls) in day.calls.iter().enumerate() {
            own.1[at] += weight * calls / total;
            all[at] += weight * calls / total;
        }
    }
    let common: Vec<f64> = all
        .iter()
        .map(|share| share / f64::max(weights, 1e-9))
        .collect();
    own.into_iter()
        .map(|(weight, sums)| {
            let mix = sums
                .iter()
                .zip(&common)
                .map(|(sum, common)| (sum + OWN_PROFILE * common) / (weight + OWN_PROFILE));
            mix.collect()
        })
        .collect()
}

/// Weighted least squares with a ridge on all but the first `free` columns.
fn ridge(rows: &[(Vec<f64>, f64)], weight: impl Fn(usize) -> f64, free: usize) -> Vec<f64> {
    let columns = rows.first().map_or(0, |row| row.0.len());
    let mut normal = vec![vec![0.0; columns + 1]; columns];
    for (at, (row, target)) in rows.iter().enumerate() {
        let weight = weight(at);
        for (line, value) in normal.iter_mut().zip(row) {
            for (cell, other) in line.iter_mut().zip(row) {
                *cell += weight * value * other;
            }
            line[columns] += weight * value * target;
        }
    }
    for (at, line) in normal.iter_mut().enumerate() {
        line[at] += if at < free { 1e-6 } else { RIDGE };
    }
    solve(normal)
}

/// Gauss with pivots; the last column is the right side.
fn solve(mut lines: Vec<Vec<f64>>) -> Vec<f64> {
    let many = lines.len();
    for at in 0..many {
        let pivot = (at..many)
            .max_by(|&a, &b| lines[a][at].abs().total_cmp(&lines[b][at].abs()))
            .unwrap_or(at);
        lines.swap(at, pivot);
        let head = lines[at].clone();
        if head[at].abs() < 1e-12 {
            continue;
        }
        for (below, line) in lines.iter_mut().enumerate() {
            if below != at {
                let factor = line[at] / head[at];
                for (cell, head) in line.iter_mut().zip(&head) {
                    *cell -= factor * head;
                }
            }
        }
    }
    (0..many)
        .map(|at| {
            if lines[at][at].abs() < 1e-12 {
                0.0
            } else {
                lines[at][many] / lines[at][at]
            }
        })
        .collect()
}

/// What is left of a day, given what came so far: the forecast of the rest in the proportion of the part that is known,
/// drawn to the forecast while that part is small.
pub fn intraday(means: &[f64], so_far: &[f64]) -> Vec<f64> {
    /// Calls that must be known for what is known to weigh as much as the forecast.
    const DRAWN: f64 = 30.0;
    let known = so_far.len().min(means.len());
    let expected: f64 = means[..known].iter().sum();
    let came: f64 = so_far[..known].iter().sum();
    let ratio = (came + DRAWN) / (expected + DRAWN);
    means[known..].iter().map(|mean| mean * ratio).collect()
}
