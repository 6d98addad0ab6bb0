//! The tables of the lines: of each day and state a row of minutes, filled within a span.

use super::NEVER;

/// The minutes of one state with a value, in units; none where the first is greater.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub low: usize,
    pub high: usize,
}

impl Span {
    pub const NONE: Self = Self {
        low: usize::MAX,
        high: 0,
    };

    pub fn holds(self, units: usize) -> bool {
        (self.low..=self.high).contains(&units)
    }

    /// Makes room in a row of which only the span is filled.
    pub fn widen(&mut self, row: &mut [f32], low: usize, high: usize) {
        if self.low > self.high {
            row[low..=high].fill(NEVER);
            *self = Self { low, high };
            return;
        }
        if low < self.low {
            row[low..self.low].fill(NEVER);
            self.low = low;
        }
        if high > self.high {
            row[self.high + 1..=high].fill(NEVER);
            self.high = high;
        }
    }
}

/// The measures of the tables of one pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Weekends that are told apart.
    pub layers: usize,
    /// Weekends, and how often the counted shift was taken.
    pub rows: usize,
    pub width: usize,
    /// Units in the window, at least and at most.
    pub floor: usize,
    pub room: usize,
}

impl Size {
    pub fn block(self) -> usize {
        self.rows * self.width
    }

    /// The row to which a row goes, and whether there is one.
    pub fn row(self, from: usize, counts: bool, weekend: bool) -> Option<usize> {
        if weekend && from % self.layers + 1 == self.layers {
            return None;
        }
        let to = from + usize::from(weekend) + usize::from(counts) * self.layers;
        (to < self.rows).then_some(to)
    }
}

/// Where a value stands on its day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub state: usize,
    pub row: usize,
    pub units: usize,
}

pub(super) fn grow(table: &mut Vec<f32>, to: usize) {
    if table.len() < to {
        table.resize(to, NEVER);
    }
}

/// The better of what is there and what comes over, each minute by itself.
pub(super) fn relax(target: &mut [f32], source: &[f32], cost: f32) {
    for (target, source) in target.iter_mut().zip(source) {
        let value = source + cost;
        *target = if value < *target { value } else { *target };
    }
}
