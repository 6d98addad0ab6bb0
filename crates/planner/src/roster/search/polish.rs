//! The polish: the lines of many people together, by column generation and a dive.
//!
//! The linear program over the lines that are known says what each cell is worth; with that worth each person's best line
//! is found exactly and joins them, until no line makes it better. Then people are tied to a line one after the other,
//! those first whose line is the surest, and the rest is priced again.

use rand::RngExt as _;

use super::super::line::{Cell, NEVER, OFF, Window};
use super::super::master::{Column, Master, Row};
use super::super::problem::Day;
use super::{SHUT, Search, Time};

/// Sweeps over the people before the first is tied to a line, and between two.
const SWEEPS: usize = 150;
const SWEEPS_BETWEEN: usize = 10;
/// How much the best worth so far has a say beside the present one, which leaps.
const BLEND: f64 = 0.6;
/// So near to the least that it can cost, the program is good enough; the same for all at once, in parts of the cost.
const NEAR: f64 = 0.2;
const NEAR_ALL: f64 = 0.001;
/// One in so many of those who are left is tied at a time, and one in so many when the time is short.
const EACH: usize = 10;
const EACH_LATE: usize = 3;
/// But only whose line is taken for so much.
const LIKELY: f64 = 0.5;
/// A line is taken in when it promises this much.
const PROMISE: f64 = 0.02;
/// A line that is taken for so much is as good as sure.
const SURE: f64 = 0.85;
/// How much chance has a say in who is tied next.
const CHANCE: f64 = 0.1;

/// What is polished.
pub(super) struct Part {
    /// Who, by their place.
    pub people: Vec<usize>,
    /// Which days.
    pub window: Window,
    /// So much worse is taken as well, to begin afresh from it.
    pub slack: i64,
    /// By when the first is tied to a line, and by when the last, in parts of all the time.
    pub root_by: f64,
    pub by: f64,
}

/// How a polish ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polished {
    /// Better than before.
    Better,
    /// Nothing better was found.
    Same,
    /// There is nothing better to find.
    Best,
    /// The time was over.
    Late,
}

/// How the sweeps ended.
enum Swept {
    Done,
    /// Nothing better can come of it.
    Hopeless,
    Late,
}

/// The worth of the rows that gave the highest bound so far.
struct Centre {
    bound: f64,
    worth: Vec<f64>,
    /// What the part cost before.
    before: f64,
    /// How near to the bound is near enough.
    near: f64,
}

/// Where the cover of a part stands in the program.
struct Rows {
    first: Day,
    shifts: usize,
    /// By day of the window and shift.
    at: Vec<Option<u32>>,
}

impl Search {
    /// Finds the lines of a part anew, all together.
    pub(super) fn polish(&mut self, part: &Part, time: &mut Time<'_>) -> Polished {
        let window = part.window;
        let before = self.total;
        let kept: Vec<Vec<Cell>> = part
            .people
            .iter()
            .map(|&person| self.lines[person][window.first..window.end].to_vec())
            .collect();
        for &person in &part.people {
            self.count(person, window, false);
        }
        let (mut master, rows) = self.program(part, &kept);
        let found = self.dive(part, &mut master, &rows, time);
        let lines = match &found {
            Ok(lines) => lines,
            Err(_) => &kept,
        };
        for (&person, cells) in part.people.iter().zip(lines) {
            self.lines[person][window.first..window.end].copy_from_slice(cells);
            self.count(person, window, true);
        }
        if let Err(how) = found {
            debug_assert_eq!(self.total, before);
            return how;
        }
        if self.total < before {
            return Polished::Better;
        }
        if self.total > before + part.slack {
            for (&person, cells) in part.people.iter().zip(&kept) {
                self.count(person, window, false);
                self.lines[person][window.first..window.end].copy_from_slice(cells);
                self.count(person, window, true);
            }
        }
        Polished::Same
    }

    /// The program of a part whose people are not counted; it begins with the lines they had.
    fn program(&mut self, part: &Part, kept: &[Vec<Cell>]) -> (Master, Rows) {
        let cells = self.shifts + 1;
        let mut at = Vec::new();
        let mut needs = Vec::new();
        for day in part.window.first..part.window.end {
            for shift in 0..self.shifts {
                let place = day * self.shifts + shift;
                let (need, under, over) = self.cover[place];
                let open = (under > 0 || over > 0)
                    && part
                        .people
                        .iter()
                        .any(|&person| self.wants[person][day * cells + shift + 1] != SHUT);
                at.push(open.then_some(needs.len() as u32));
                if open {
                    needs.push(Row {
                        need: f64::from(need) - f64::from(self.there[place]),
                        under: f64::from(under),
                        over: f64::from(over),
                    });
                }
            }
        }
        let rows = Rows {
            first: part.window.first,
            shifts: self.shifts,
            at,
        };
        let first: Vec<Column> = part
            .people
            .iter()
            .zip(kept)
            .enumerate()
            .map(|(who, (&person, cells))| self.column(who, person, cells.clone(), &rows))
            .collect();
        let rng = &mut self.rng;
        let master = Master::new(needs, first, || rng.random::<f64>());
        (master, rows)
    }

    fn column(&self, who: usize, person: usize, cells: Vec<Cell>, rows: &Rows) -> Column {
        let many = self.shifts + 1;
        let mut cost = 0;
        let mut fills = Vec::new();
        for (at, &cell) in cells.iter().enumerate() {
            let day = rows.first + at;
            cost += self.wants[person][day * many + usize::from(cell)];
            if cell != OFF {
                fills.extend(rows.at[at * rows.shifts + usize::from(cell) - 1]);
            }
        }
        Column {
            who,
            cost: f64::from(cost),
            fills,
            cells,
        }
    }

    /// What the rows of a part were worth when they were last priced.
    fn remembered(&self, part: &Part, rows: &Rows) -> Vec<f64> {
        let from = part.window.first * self.shifts;
        let places = rows.at.iter().enumerate();
        places
            .filter(|(_, row)| row.is_some())
            .map(|(at, _)| self.worth[from + at])
            .collect()
    }

    /// What is remembered, or else what one more and one fewer cost now.
    fn first_worth(&self, part: &Part, master: &Master, rows: &Rows) -> Vec<f64> {
        let known = self.remembered(part, rows);
        if known.iter().all(|worth| *worth == 0.0) {
            return master.worths().to_vec();
        }
        master.within(&known)
    }

    fn remember(&mut self, part: &Part, rows: &Rows, worth: &[f64]) {
        let from = part.window.first * self.shifts;
        for (at, row) in rows.at.iter().enumerate() {
            if let Some(row) = row {
                self.worth[from + at] = worth[*row as usize];
            }
        }
    }

    /// The line that is worth most to the program, and a bound below which no line costs beyond its worth.
    fn worthiest(
        &mut self,
        who: usize,
        part: &Part,
        worth: &[f64],
        rows: &Rows,
    ) -> Option<(Column, f64)> {
        let person = part.people[who];
        let many = self.shifts + 1;
        self.costs.clear();
        for day in part.window.first..part.window.end {
            let wants = &self.wants[person][day * many..(day + 1) * many];
            self.costs.push(wants[0] as f32);
            for (shift, &want) in wants[1..].iter().enumerate() {
                if want == SHUT {
                    self.costs.push(NEVER);
                    continue;
                }
                let worth = rows.at[(day - rows.first) * rows.shifts + shift]
                    .map_or(0.0, |row| worth[row as usize]);
                self.costs.push((f64::from(want) - worth) as f32);
            }
        }
        let (first, end) = (part.window.first, part.window.end);
        let kept = self.lines[person][first..end].to_vec();
        let bound = self.find(person, part.window, None)?;
        let cells = self.lines[person][first..end].to_vec();
        self.lines[person][first..end].copy_from_slice(&kept);
        Some((self.column(who, person, cells, rows), f64::from(bound)))
    }

    /// Sweeps over the people until nobody has a line that makes it better.
    fn generate(
        &mut self,
        part: &Part,
        (master, rows): (&mut Master, &Rows),
        (tied, centre): (&[Option<usize>], &mut Centre),
        (sweeps, until): (usize, f64),
        time: &mut Time<'_>,
    ) -> Swept {
        for _ in 0..sweeps {
            master.optimize();
            if time.pass() >= 1.0 {
                return Swept::Late;
            }
            if time.gone > until {
                break;
            }
            let mut new = Vec::new();
            let mut blend = BLEND;
            loop {
                let worth: Vec<f64> = centre
                    .worth
                    .iter()
                    .zip(master.worths())
                    .map(|(centre, dual)| blend * centre + (1.0 - blend) * dual)
                    .collect();
                let mut bound = master.needed(&worth);
                for (who, tied) in tied.iter().enumerate() {
                    if let &Some(column) = tied {
                        bound += master.columns[column].beyond(&worth);
                        continue;
                    }
                    let Some((column, least)) = self.worthiest(who, part, &worth, rows) else {
                        bound = f64::NEG_INFINITY;
                        continue;
                    };
                    bound += least;
                    if master.reduced(&column) < -PROMISE {
                        new.push(column);
                    }
                }
                if bound > centre.bound {
                    centre.bound = bound;
                    centre.worth = worth;
                }
                if !new.is_empty() || blend <= 0.0 {
                    break;
                }
                blend = if blend > 0.2 { blend * 0.5 } else { 0.0 };
            }
            // Costs are whole: less than one better is not better.
            if centre.bound > centre.before - 0.9 {
                return Swept::Hopeless;
            }
            let nothing = new.is_empty();
            for column in new {
                master.add(column);
            }
            if nothing || master.objective() - centre.bound < centre.near {
                break;
            }
        }
        master.optimize();
        Swept::Done
    }

    fn dive(
        &mut self,
        part: &Part,
        master: &mut Master,
        rows: &Rows,
        time: &mut Time<'_>,
    ) -> Result<Vec<Vec<Cell>>, Polished> {
        let people = part.people.len();
        let before = master.objective() + part.slack as f64;
        let mut centre = Centre {
            bound: f64::NEG_INFINITY,
            worth: self.first_worth(part, master, rows),
            before,
            near: if part.slack > 0 {
                NEAR.max(NEAR_ALL * before)
            } else {
                NEAR
            },
        };
        let mut tied: Vec<Option<usize>> = vec![None; people];
        let mut sweeps = SWEEPS;
        loop {
            centre.bound = f64::NEG_INFINITY;
            let until = if sweeps == SWEEPS {
                part.root_by
            } else {
                part.by
            };
            let limits = (sweeps, until);
            match self.generate(part, (master, rows), (&tied, &mut centre), limits, time) {
                Swept::Late => return Err(Polished::Late),
                Swept::Hopeless if sweeps == SWEEPS => return Err(Polished::Best),
                Swept::Hopeless => return Err(Polished::Same),
                Swept::Done => {}
            }
            if sweeps == SWEEPS {
                self.remember(part, rows, &centre.worth);
            }
            // Costs are whole: less than one better is not better.
            if master.objective() > before - 0.9 {
                let root = sweeps == SWEEPS;
                return Err(if root { Polished::Best } else { Polished::Same });
            }
            sweeps = SWEEPS_BETWEEN;
            let mut surest: Vec<(f64, usize)> = vec![(0.0, usize::MAX); people];
            for (column, much) in master.taken() {
                let surest = &mut surest[master.columns[column].who];
                if much > surest.0 {
                    *surest = (much, column);
                }
            }
            let mut left: Vec<(f64, usize, usize)> = Vec::new();
            for who in 0..people {
                let (much, column) = surest[who];
                if tied[who].is_none() && column != usize::MAX {
                    let say = much + CHANCE * self.rng.random::<f64>();
                    left.push((say, who, column));
                }
            }
            if left.is_empty() {
                break;
            }
            left.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
            let late = time.gone > part.by;
            let each = if late { EACH_LATE } else { EACH };
            let many = left.len().div_ceil(each);
            for (at, &(say, who, column)) in left.iter().enumerate() {
                let likely = at == 0 || at < many && (late || say > LIKELY);
                if likely || surest[who].0 > SURE {
                    tied[who] = Some(column);
                    master.fix(column);
                }
            }
        }
        Ok(tied
            .iter()
            .zip(&part.people)
            .map(|(column, &person)| {
                column.map_or_else(
                    || self.lines[person][part.window.first..part.window.end].to_vec(),
                    |column| master.columns[column].cells.clone(),
                )
            })
            .collect())
    }
}
