//! The linear program over whole lines: each person takes one line, or parts of several, so that wishes and cover cost
//! least. Its duals price what a further line is worth; its fractions say which lines go together.
//!
//! Primal simplex with a dense inverse: a few hundred rows, and lines that come while it runs.

use super::line::Cell;

/// Below this a value is nothing.
const TINY: f64 = 1e-7;
/// What gains less does not come in; costs are whole.
const GAIN: f64 = 1e-4;
/// What a line that may not be taken costs on top.
const BANNED: f64 = 1e6;
/// Pivots after which the duals are computed anew.
const REFRESH: usize = 64;
/// Candidates that are kept from one look at all lines.
const CANDIDATES: usize = 24;
/// A row of which no more than one in so many is filled is updated cell by cell.
const SPARSE: usize = 6;
/// Pivots of one run, for each row.
const PIVOTS: usize = 40;
/// Pivots in a row that come to nothing, at most.
const FAILURES: usize = 8;

/// A line of somebody in the window.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The row of the person.
    pub who: usize,
    /// Its wishes.
    pub cost: f64,
    /// The cover rows that it fills, from 0.
    pub fills: Vec<u32>,
    /// The cells.
    pub cells: Vec<Cell>,
}

impl Column {
    /// What it costs beyond the worth of what it fills.
    pub(crate) fn beyond(&self, worth: &[f64]) -> f64 {
        let fills = self.fills.iter();
        self.cost - fills.map(|&row| worth[row as usize]).sum::<f64>()
    }
}

/// What a day needs in a shift: so many, and what one too few and one too many cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub need: f64,
    pub under: f64,
    pub over: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Var {
    Column(usize),
    Under(usize),
    Over(usize),
}

/// The program and its present basis.
#[derive(Debug)]
pub(crate) struct Master {
    people: usize,
    size: usize,
    rows: Vec<Row>,
    pub columns: Vec<Column>,
    banned: Vec<bool>,
    basis: Vec<Var>,
    /// Row by row.
    inverse: Vec<f64>,
    value: Vec<f64>,
    duals: Vec<f64>,
    pivots: usize,
    candidates: Vec<Var>,
    alpha: Vec<f64>,
    pivot_row: Vec<f64>,
    /// Where it is not 0.
    filled: Vec<usize>,
}

impl Master {
    /// The first columns are the lines that the people have, in their order. `blur` breaks ties, 0 to 1 each.
    pub(crate) fn new(rows: Vec<Row>, first: Vec<Column>, mut blur: impl FnMut() -> f64) -> Self {
        let people = first.len();
        let size = people + rows.len();
        let mut there = vec![0.0; rows.len()];
        let mut inverse = vec![0.0; size * size];
        let mut value = vec![1.0; people];
        let mut basis: Vec<Var> = (0..people).map(Var::Column).collect();
        for (who, column) in first.iter().enumerate() {
            inverse[who * size + who] = 1.0;
            for &row in &column.fills {
                there[row as usize] += 1.0;
                inverse[(people + row as usize) * size + who] = -1.0;
            }
        }
        for (at, row) in rows.iter().enumerate() {
            let line = people + at;
            inverse[line * size + line] = 1.0;
            let missing = row.need - there[at];
            let little = 1e-5 * (1.0 + blur());
            if missing >= 0.0 {
                basis.push(Var::Under(at));
                value.push(missing + little);
            } else {
                basis.push(Var::Over(at));
                value.push(-missing + little);
                for cell in &mut inverse[line * size..(line + 1) * size] {
                    *cell = -*cell;
                }
            }
        }
        let mut master = Self {
            people,
            size,
            rows,
            banned: vec![false; people],
            columns: first,
            basis,
            inverse,
            value,
            duals: vec![0.0; size],
            pivots: 0,
            candidates: Vec::new(),
            alpha: vec![0.0; size],
            pivot_row: vec![0.0; size],
            filled: Vec::new(),
        };
        master.refresh();
        master
    }

    /// One more line.
    pub(crate) fn add(&mut self, column: Column) {
        self.columns.push(column);
        self.banned.push(false);
    }

    /// What filling each cover row is worth.
    pub(crate) fn worths(&self) -> &[f64] {
        &self.duals[self.people..]
    }

    /// Worths within what one too many and one too few cost.
    pub(crate) fn within(&self, worth: &[f64]) -> Vec<f64> {
        let rows = worth.iter().zip(&self.rows);
        rows.map(|(worth, row)| worth.clamp(-row.over, row.under))
            .collect()
    }

    /// All that is needed, at these worths.
    pub(crate) fn needed(&self, worth: &[f64]) -> f64 {
        let rows = worth.iter().zip(&self.rows);
        rows.map(|(worth, row)| worth * row.need).sum()
    }

    /// What filling a cover row is worth.
    fn worth(&self, row: usize) -> f64 {
        self.duals[self.people + row]
    }

    /// What a line costs beyond what it is worth; below 0 it makes the whole better.
    pub(crate) fn reduced(&self, column: &Column) -> f64 {
        let filled: f64 = column
            .fills
            .iter()
            .map(|&row| self.worth(row as usize))
            .sum();
        column.cost - self.duals[column.who] - filled
    }

    /// The present cost.
    pub(crate) fn objective(&self) -> f64 {
        self.basis
            .iter()
            .zip(&self.value)
            .map(|(&var, value)| self.cost(var) * value)
            .sum()
    }

    /// The lines in the basis, and how much of each is taken.
    pub(crate) fn taken(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let taken = self.basis.iter().zip(&self.value);
        taken.filter_map(|(&var, &value)| match var {
            Var::Column(at) => Some((at, value)),
            _ => None,
        })
    }

    /// Nobody but this line for its person.
    pub(crate) fn fix(&mut self, column: usize) {
        let who = self.columns[column].who;
        for (at, other) in self.columns.iter().enumerate() {
            if other.who == who && at != column {
                self.banned[at] = true;
            }
        }
        self.candidates.clear();
        self.refresh();
    }

    fn cost(&self, var: Var) -> f64 {
        match var {
            Var::Column(at) if self.banned[at] => self.columns[at].cost + BANNED,
            Var::Column(at) => self.columns[at].cost,
            Var::Under(at) => self.rows[at].under,
            Var::Over(at) => self.rows[at].over,
        }
    }

    fn gain(&self, var: Var) -> f64 {
        match var {
            Var::Column(at) => self.reduced(&self.columns[at]),
            Var::Under(at) => self.rows[at].under - self.worth(at),
            Var::Over(at) => self.rows[at].over + self.worth(at),
        }
    }

    fn refresh(&mut self) {
        self.duals.fill(0.0);
        for at in 0..self.size {
            let cost = self.cost(self.basis[at]);
            if cost != 0.0 {
                let row = &self.inverse[at * self.size..(at + 1) * self.size];
                for (dual, cell) in self.duals.iter_mut().zip(row) {
                    *dual += cost * cell;
                }
            }
        }
    }

    /// To the optimum over the columns that are there.
    pub(crate) fn optimize(&mut self) {
        let mut failed = 0;
        for _ in 0..PIVOTS * self.size {
            let Some(enters) = self.choose() else { return };
            if self.pivot(enters) {
                failed = 0;
                continue;
            }
            failed += 1;
            if failed > FAILURES {
                return;
            }
            self.refresh();
            self.candidates.retain(|&var| var != enters);
        }
    }

    fn choose(&mut self) -> Option<Var> {
        for look in 0..2 {
            let mut best = (-GAIN, None);
            for &var in &self.candidates {
                let gain = self.gain(var);
                if gain < best.0 {
                    best = (gain, Some(var));
                }
            }
            if best.1.is_some() || look > 0 {
                return best.1;
            }
            self.look();
        }
        None
    }

    /// Looks at all lines and keeps the best.
    fn look(&mut self) {
        let mut found: Vec<(f64, Var)> = Vec::new();
        let columns = (0..self.columns.len())
            .filter(|&at| !self.banned[at])
            .map(Var::Column);
        let slacks = (0..self.rows.len()).flat_map(|at| [Var::Under(at), Var::Over(at)]);
        for var in columns.chain(slacks) {
            let gain = self.gain(var);
            if gain < -GAIN {
                found.push((gain, var));
            }
        }
        if found.len() > CANDIDATES {
            found.select_nth_unstable_by(CANDIDATES, |a, b| a.0.total_cmp(&b.0));
            found.truncate(CANDIDATES);
        }
        self.candidates.clear();
        self.candidates
            .extend(found.into_iter().map(|(_, var)| var));
    }

    /// Takes a variable into the basis.
    fn pivot(&mut self, enters: Var) -> bool {
        let size = self.size;
        let (inverse, people) = (&self.inverse, self.people);
        match enters {
            Var::Column(at) => {
                let column = &self.columns[at];
                for (line, alpha) in self.alpha.iter_mut().enumerate() {
                    let row = &inverse[line * size..(line + 1) * size];
                    let mut sum = row[column.who];
                    for &fill in &column.fills {
                        sum += row[people + fill as usize];
                    }
                    *alpha = sum;
                }
            }
            Var::Under(at) | Var::Over(at) => {
                let sign = if enters == Var::Under(at) { 1.0 } else { -1.0 };
                for (line, alpha) in self.alpha.iter_mut().enumerate() {
                    *alpha = sign * inverse[line * size + people + at];
                }
            }
        }
        let mut leaves = None;
        let mut step = f64::INFINITY;
        for (line, &alpha) in self.alpha.iter().enumerate() {
            if alpha > 1e-6 {
                let ratio = self.value[line] / alpha;
                let nearer = ratio < step - TINY
                    || (ratio < step + TINY
                        && leaves.is_some_and(|other: usize| alpha > self.alpha[other]));
                if nearer {
                    step = ratio.min(step);
                    leaves = Some(line);
                }
            }
        }
        // Who is in already gains nothing: that was an error of the duals.
        let Some(leaves) = leaves.filter(|&line| self.basis[line] != enters) else {
            return false;
        };
        let step = step.max(0.0);
        let gain = self.gain(enters);
        let by = self.alpha[leaves];
        self.pivot_row
            .copy_from_slice(&self.inverse[leaves * size..(leaves + 1) * size]);
        for cell in &mut self.pivot_row {
            *cell /= by;
        }
        for (dual, cell) in self.duals.iter_mut().zip(&self.pivot_row) {
            *dual += gain * cell;
        }
        // With few people most of the row is empty.
        self.filled.clear();
        self.filled
            .extend((0..size).filter(|&at| self.pivot_row[at].abs() > 1e-12));
        let sparse = self.filled.len() * SPARSE < size;
        for line in 0..size {
            let alpha = self.alpha[line];
            if line == leaves || alpha.abs() < 1e-11 {
                continue;
            }
            self.value[line] = (self.value[line] - step * alpha).max(0.0);
            let row = &mut self.inverse[line * size..(line + 1) * size];
            if sparse {
                for &at in &self.filled {
                    row[at] -= alpha * self.pivot_row[at];
                }
                continue;
            }
            for (cell, pivot) in row.iter_mut().zip(&self.pivot_row) {
                *cell -= alpha * pivot;
            }
        }
        self.inverse[leaves * size..(leaves + 1) * size].copy_from_slice(&self.pivot_row);
        self.value[leaves] = step;
        self.basis[leaves] = enters;
        self.pivots += 1;
        if self.pivots.is_multiple_of(REFRESH) {
            self.refresh();
        }
        true
    }
}
