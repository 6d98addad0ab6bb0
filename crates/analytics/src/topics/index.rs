//! The two formulas of A-36, each by matter and for phrases: how much more is asked than before (K-26), and how hard it
//! is to answer (K-27). Whole numbers in and out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Spans before the one looked at that are compared with it.
pub const COMPARED: usize = 4;

/// What was counted in a span of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Contacts.
    pub count: u32,
    /// Days on which the line was open.
    pub open_days: u32,
}

/// Which of the spans before are comparable: as many open days as the one looked at, or one more or fewer. A week of
/// Spring Festival would make every week after it hot. The nearest [`COMPARED`]; `before` begins with the latest.
pub fn comparable(now: Span, before: &[Span]) -> Vec<Span> {
    let near = before
        .iter()
        .filter(|span| span.open_days > 0 && span.open_days.abs_diff(now.open_days) <= 1);
    near.take(COMPARED).copied().collect()
}

/// 热点指数 (K-26): `count / avg(count of the previous comparable spans)`, in hundredths. None where nothing was said
/// before, or nothing can be compared: new, not hot by a number.
pub fn hot(count: u32, before: &[u32]) -> Option<i64> {
    let sum: u64 = before.iter().copied().map(u64::from).sum();
    if sum == 0 {
        return None;
    }
    let hundredths = u64::from(count) * 100 * before.len() as u64;
    i64::try_from((hundredths + sum / 2) / sum).ok()
}

/// What contacts of one matter, or of one topic, were like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TopicEffort)]
pub struct Effort {
    /// Contacts.
    pub contacts: u32,
    /// Contacts whose handling time is known.
    pub timed: u32,
    /// Talk, hold and wrap-up of those, in ms.
    pub handled_ms: i64,
    /// Contacts that were passed on.
    pub passed_on: u32,
    /// Contacts whose ticket was escalated.
    pub escalated: u32,
    /// Contacts of somebody who had asked about the same matter within seven days.
    pub repeated: u32,
    /// Contacts that were rated.
    pub rated: u32,
    /// Of those the satisfied and the rather satisfied ones.
    pub satisfied: u32,
}

impl Effort {
    /// Adds another one's contacts.
    pub fn add(&mut self, other: &Self) {
        self.contacts += other.contacts;
        self.timed += other.timed;
        self.handled_ms += other.handled_ms;
        self.passed_on += other.passed_on;
        self.escalated += other.escalated;
        self.repeated += other.repeated;
        self.rated += other.rated;
        self.satisfied += other.satisfied;
    }

    /// The five figures of K-27: mean handling time in ms, then shares; none where nobody timed or rated.
    fn figures(&self) -> [Option<f64>; 5] {
        let share = |part: u32, of: u32| (of > 0).then(|| f64::from(part) / f64::from(of));
        let mean = (self.timed > 0).then(|| self.handled_ms as f64 / f64::from(self.timed));
        [
            mean,
            share(self.passed_on, self.contacts),
            share(self.escalated, self.contacts),
            share(self.repeated, self.contacts),
            share(self.rated.saturating_sub(self.satisfied), self.rated),
        ]
    }
}

/// How hard one of several is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hardness {
    /// 难点指数 (K-27): the mean of the five, in thousandths of a standard deviation.
    pub index: i64,
    /// Handling time, passed on, escalated, repeated, not satisfied, each in thousandths; none where it is not known.
    pub parts: [Option<i64>; 5],
}

/// 难点指数 (K-27) of each: the mean of the z-scores over those with at least `least` contacts; none for the others. A
/// figure that is the same everywhere says nothing and counts as zero; one that is not known is left out of the mean.
pub fn hard(efforts: &[Effort], least: u32) -> Vec<Option<Hardness>> {
    let enough = |effort: &Effort| effort.contacts > 0 && effort.contacts >= least;
    let figures: Vec<[Option<f64>; 5]> = efforts.iter().map(Effort::figures).collect();
    let mut spread = [(0.0, 0.0); 5];
    for (n, (mean, deviation)) in spread.iter_mut().enumerate() {
        let known = efforts.iter().zip(&figures);
        let known: Vec<f64> = known
            .filter(|(effort, _)| enough(effort))
            .filter_map(|(_, figures)| figures[n])
            .collect();
        if known.is_empty() {
            continue;
        }
        let count = known.len() as f64;
        *mean = known.iter().sum::<f64>() / count;
        let squares = known.iter().map(|value| (value - *mean).powi(2));
        *deviation = (squares.sum::<f64>() / count).sqrt();
    }
    let of = |(effort, figures): (&Effort, &[Option<f64>; 5])| {
        if !enough(effort) {
            return None;
        }
        let mut parts = [None; 5];
        for (n, part) in parts.iter_mut().enumerate() {
            let (mean, deviation) = spread[n];
            *part = figures[n].map(|value| {
                // Differences below a billionth of the mean are those of the arithmetic.
                if deviation <= mean.abs() * 1e-9 {
                    return 0;
                }
                ((value - mean) / deviation * 1_000.0).round() as i64
            });
        }
        let known: Vec<i64> = parts.iter().flatten().copied().collect();
        let index = if known.is_empty() {
            0
        } else {
            (known.iter().sum::<i64>() as f64 / known.len() as f64).round() as i64
        };
        Some(Hardness { index, parts })
    };
    efforts.iter().zip(&figures).map(of).collect()
}
