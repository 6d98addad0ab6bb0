//! The search: a few lines are taken out and put back, each at its best, again and again.

use std::fmt;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::line::{Cell, Liner, NEVER, OFF, Rules, Window};
use super::problem::{Day, Problem, Roster};

/// A window of at most so many days is found at once; a longer period goes by windows.
const WINDOW: usize = 28;
/// And the shortest that is tried alone.
const SHORTEST: usize = 7;
/// How often a window is the longest.
const WHOLE: f64 = 0.3;
/// Lines that are taken out together, at most.
const TOGETHER: usize = 2;
/// How much a price is blurred, in parts of the temperature.
const BLUR: f64 = 0.3;
/// How often one line is begun anew when its windows do not come together.
const BEGINNINGS: usize = 200;

/// How far the search is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Rounds so far.
    pub rounds: u64,
    /// The best objective so far.
    pub best: i64,
}

/// A roster that was found.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The roster.
    pub roster: Roster,
    /// Wishes and cover that it leaves open, by their weight.
    pub objective: i64,
    /// Rounds it took.
    pub rounds: u64,
}

/// Somebody's rules allow him no line at all, or none was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoLine {
    /// Who.
    pub person: String,
}

impl fmt::Display for NoLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no line keeps all rules of {}: his minutes, days off, weekends and runs do not go together",
            self.person
        )
    }
}

impl std::error::Error for NoLine {}

/// Finds a roster that keeps every hard rule, as good as the time allows. `spent` tells how much of the time is gone (0 to
/// 1, the search ends at 1); it is asked once a round.
pub fn solve(
    problem: &Problem,
    seed: u64,
    mut spent: impl FnMut(Progress) -> f64,
) -> Result<Plan, NoLine> {
    let mut search = Search::new(problem, seed)?;
    let mut best = (search.total, search.lines.clone());
    let mut rounds = 0;
    // The first temperature is a part of what one cell costs.
    let typical = search.typical();
    loop {
        let gone = spent(Progress {
            rounds,
            best: best.0,
        });
        if gone >= 1.0 {
            break;
        }
        rounds += 1;
        let heat = typical * HOT * (COLD / HOT).powf(gone);
        search.round(heat);
        if search.total < best.0 {
            best.0 = search.total;
            best.1.clone_from(&search.lines);
        }
    }
    let lines = best
        .1
        .iter()
        .map(|line| line.iter().map(|&cell| cell.checked_sub(1)).collect());
    Ok(Plan {
        roster: Roster(lines.collect()),
        objective: best.0,
        rounds,
    })
}

/// The temperature at the beginning and at the end, in parts of what one cell costs.
const HOT: f64 = 0.1;
const COLD: f64 = 0.01;

struct Search {
    days: Day,
    shifts: usize,
    rules: Vec<Rules>,
    /// What each cell costs by wishes: person, day, cell.
    wants: Vec<Vec<i32>>,
    /// (need, under, over) of each day and shift.
    cover: Vec<(u32, i32, i32)>,
    lines: Vec<Vec<Cell>>,
    there: Vec<u32>,
    total: i64,
    liner: Liner,
    costs: Vec<i32>,
    rng: StdRng,
    order: Vec<usize>,
}

impl Search {
    fn new(problem: &Problem, seed: u64) -> Result<Self, NoLine> {
        let (days, shifts) = (problem.days, problem.shifts.len());
        let unit = problem
            .shifts
            .iter()
            .map(|shift| shift.minutes)
            .fold(0, gcd)
            .max(1);
        let cells = shifts + 1;
        let mut wants: Vec<Vec<i32>> = vec![vec![0; days * cells]; problem.people.len()];
        for (person, wants) in problem.people.iter().zip(&mut wants) {
            for day in 0..days {
                for (shift, &most) in person.most_of.iter().enumerate() {
                    if most == 0 || person.off.contains(&day) {
                        wants[day * cells + shift + 1] = NEVER;
                    }
                }
            }
        }
        for wish in &problem.wishes {
            let cell = usize::from(wish.shift) + 1;
            let day = &mut wants[wish.person][wish.day * cells..(wish.day + 1) * cells];
            for (at, cost) in day.iter_mut().enumerate() {
                if (at == cell) != wish.wants && *cost != NEVER {
                    *cost += wish.weight as i32;
                }
            }
        }
        let mut cover = vec![(0, 0, 0); days * shifts];
        for need in &problem.cover {
            let at = &mut cover[need.day * shifts + usize::from(need.shift)];
            *at = (at.0 + need.need, need.under as i32, need.over as i32);
        }
        let mut search = Self {
            days,
            shifts,
            rules: problem
                .people
                .iter()
                .map(|person| Rules::of(problem, person, unit))
                .collect(),
            wants,
            cover,
            lines: vec![vec![OFF; days]; problem.people.len()],
            there: vec![0; days * shifts],
            total: 0,
            liner: Liner::default(),
            costs: Vec::new(),
            rng: StdRng::seed_from_u64(seed),
            order: Vec::new(),
        };
        search.begin().map_err(|person| NoLine {
            person: problem.people[person].name.clone(),
        })?;
        search.total = search.recount();
        Ok(search)
    }

    /// A first line for everybody; the one for whom there is none.
    fn begin(&mut self) -> Result<(), usize> {
        for person in 0..self.lines.len() {
            if self.days <= 2 * WINDOW {
                let window = Window {
                    first: 0,
                    end: self.days,
                    pace: None,
                };
                self.put_back(person, window, 0).ok_or(person)?;
            } else {
                self.begin_by_windows(person).ok_or(person)?;
            }
        }
        Ok(())
    }

    /// A long line, window by window, each at the pace of the whole.
    fn begin_by_windows(&mut self, person: usize) -> Option<()> {
        'again: for beginning in 0..BEGINNINGS {
            self.lines[person].fill(OFF);
            let mut first = 0;
            while first < self.days {
                let end = (first + WINDOW).min(self.days);
                let last = end == self.days;
                let slack = 1 + beginning / 20;
                let window = Window {
                    first,
                    end,
                    pace: (!last).then(|| self.rules[person].pace(end, self.days, slack)),
                };
                let noise = (beginning as i32) * 20;
                self.price(person, window, noise);
                let (rules, rng) = (&self.rules[person], &mut self.rng);
                let found = self.liner.best(
                    rules,
                    &mut self.lines[person],
                    window,
                    &self.costs,
                    |many| rng.random_range(0..many),
                );
                if found.is_none() {
                    continue 'again;
                }
                first = end;
            }
            self.count(
                person,
                Window {
                    first: 0,
                    end: self.days,
                    pace: None,
                },
                true,
            );
            return Some(());
        }
        None
    }

    /// What a cell costs on the whole: the middle of the weights that are not 0.
    fn typical(&self) -> f64 {
        let mut weights: Vec<i32> = self
            .cover
            .iter()
            .map(|cover| cover.1)
            .filter(|&weight| weight > 0)
            .collect();
        weights.sort_unstable();
        weights
            .get(weights.len() / 2)
            .map_or(10.0, |&weight| f64::from(weight))
    }

    fn recount(&self) -> i64 {
        let cells = self.shifts + 1;
        let wishes: i64 = self
            .lines
            .iter()
            .zip(&self.wants)
            .map(|(line, wants)| {
                line.iter()
                    .enumerate()
                    .map(|(day, &cell)| i64::from(wants[day * cells + usize::from(cell)]))
                    .sum::<i64>()
            })
            .sum();
        let cover: i64 = self
            .there
            .iter()
            .zip(&self.cover)
            .map(|(&there, cover)| cover_cost(there, *cover))
            .sum();
        wishes + cover
    }

    fn round(&mut self, heat: f64) {
        let people = self.lines.len();
        let window = self.window();
        let most = TOGETHER.min(people);
        let many = self.rng.random_range(1..=most);
        self.order.clear();
        while self.order.len() < many {
            let person = self.rng.random_range(0..people);
            if !self.order.contains(&person) {
                self.order.push(person);
            }
        }
        let order = std::mem::take(&mut self.order);
        let before = self.total;
        let kept: Vec<Vec<Cell>> = order
            .iter()
            .map(|&person| self.lines[person][window.first..window.end].to_vec())
            .collect();
        for &person in &order {
            self.count(person, window, false);
        }
        let mut back = order.clone();
        back.shuffle(&mut self.rng);
        let noise = if self.rng.random_range(0..4) == 0 {
            0
        } else {
            (heat * BLUR).ceil() as i32
        };
        let mut whole = true;
        let mut done = 0;
        for &person in &back {
            if self.put_back(person, window, noise).is_none() {
                whole = false;
                break;
            }
            done += 1;
        }
        let worse = (self.total - before) as f64;
        if whole && (worse <= 0.0 || self.rng.random::<f64>() < (-worse / heat).exp()) {
            self.order = order;
            return;
        }
        for &person in &back[..done] {
            self.count(person, window, false);
        }
        for (&person, kept) in order.iter().zip(&kept) {
            self.lines[person][window.first..window.end].copy_from_slice(kept);
            self.count(person, window, true);
        }
        debug_assert_eq!(self.total, before);
        self.order = order;
    }

    fn window(&mut self) -> Window {
        let most = WINDOW.min(self.days);
        let long = if self.rng.random::<f64>() < WHOLE {
            most
        } else {
            self.rng.random_range(SHORTEST.min(most)..=most)
        };
        let first = self.rng.random_range(0..=self.days - long);
        Window {
            first,
            end: first + long,
            pace: None,
        }
    }

    /// Prices the cells of a window for somebody who is not counted in it.
    fn price(&mut self, person: usize, window: Window, noise: i32) {
        let cells = self.shifts + 1;
        self.costs.clear();
        for day in window.first..window.end {
            let wants = &self.wants[person][day * cells..(day + 1) * cells];
            self.costs.push(wants[0]);
            for shift in 0..self.shifts {
                let want = wants[shift + 1];
                if want == NEVER {
                    self.costs.push(NEVER);
                    continue;
                }
                let at = day * self.shifts + shift;
                let (need, under, over) = self.cover[at];
                let one_more = if self.there[at] < need { -under } else { over };
                let noise = if noise > 0 {
                    self.rng.random_range(0..=noise)
                } else {
                    0
                };
                self.costs.push(want + one_more + noise);
            }
        }
    }

    fn put_back(&mut self, person: usize, window: Window, noise: i32) -> Option<()> {
        self.price(person, window, noise);
        let (rules, rng) = (&self.rules[person], &mut self.rng);
        self.liner.best(
            rules,
            &mut self.lines[person],
            window,
            &self.costs,
            |many| rng.random_range(0..many),
        )?;
        self.count(person, window, true);
        Some(())
    }

    /// Counts somebody's cells of a window in, or out.
    fn count(&mut self, person: usize, window: Window, into: bool) {
        let cells = self.shifts + 1;
        for day in window.first..window.end {
            let cell = usize::from(self.lines[person][day]);
            let want = i64::from(self.wants[person][day * cells + cell]);
            self.total += if into { want } else { -want };
            if cell == 0 {
                continue;
            }
            let at = day * self.shifts + cell - 1;
            let cover = self.cover[at];
            self.total -= cover_cost(self.there[at], cover);
            if into {
                self.there[at] += 1;
            } else {
                self.there[at] -= 1;
            }
            self.total += cover_cost(self.there[at], cover);
        }
    }
}

fn cover_cost(there: u32, (need, under, over): (u32, i32, i32)) -> i64 {
    i64::from(need.saturating_sub(there)) * i64::from(under)
        + i64::from(there.saturating_sub(need)) * i64::from(over)
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
