//! The search: a few lines are taken out and put back, each at its best, again and again.

mod begin;
mod parts;
mod polish;

use std::fmt;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::line::{Cell, Liner, NEVER, OFF, Open, Rules, Window};
use super::problem::{Day, Problem, Roster};
use polish::Polished;

/// A window of at most so many days is found at once; a longer period goes by windows.
const WINDOW: usize = 28;
/// And the shortest that is tried alone.
const SHORTEST: usize = 7;
/// What a cell costs that nobody may have.
const SHUT: i32 = i32::MAX;
/// The longest period that is begun at once.
const AT_ONCE: usize = 100;
/// How often a window is the longest.
const WHOLE: f64 = 0.3;
/// Lines that are taken out together, at most.
const TOGETHER: usize = 2;
/// How much a price is blurred, in parts of the temperature.
const BLUR: f64 = 0.3;

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
    /// Why not.
    pub why: &'static str,
}

impl fmt::Display for NoLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no line was found for {}: {}", self.person, self.why)
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
    let mut time = Time {
        spent: &mut spent,
        rounds: 0,
        best: search.total,
        gone: 0.0,
    };
    let lines = search.run(&mut time);
    let lines = lines
        .iter()
        .map(|line| line.iter().map(|&cell| cell.checked_sub(1)).collect());
    Ok(Plan {
        roster: Roster(lines.collect()),
        objective: time.best,
        rounds: time.rounds,
    })
}

/// How much of the time is gone.
struct Time<'a> {
    spent: &'a mut dyn FnMut(Progress) -> f64,
    rounds: u64,
    best: i64,
    gone: f64,
}

impl Time<'_> {
    /// One more round; 1 and more when the time is over.
    fn pass(&mut self) -> f64 {
        self.gone = (self.spent)(Progress {
            rounds: self.rounds,
            best: self.best,
        });
        if self.gone < 1.0 {
            self.rounds += 1;
        }
        self.gone
    }
}

/// The part of the time that is annealed before the polish.
const ANNEALED: f64 = 0.2;
/// The same for rosters of more cells than this, whose program is slow.
const ANNEALED_LARGE: f64 = 0.4;
const LARGE: usize = 8_000;
/// Polishes without success before everything is begun afresh.
const PATIENCE: u32 = 10;
/// The end of the time, in which only the best so far is polished.
const LAST: f64 = 0.1;
/// The temperature at the beginning and at the end, in parts of what one cell costs.
const HOT: f64 = 0.1;
const COLD: f64 = 0.01;
/// The same for large rosters, which have no time to cool down from there.
const HOT_LARGE: f64 = 0.02;
const COLD_LARGE: f64 = 0.005;

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
    /// What filling a place was worth to the last polish: day and shift.
    worth: Vec<f64>,
    liner: Liner,
    costs: Vec<f32>,
    rng: StdRng,
    order: Vec<usize>,
}

impl Search {
    fn new(problem: &Problem, seed: u64) -> Result<Self, NoLine> {
        let (days, shifts) = (problem.days, problem.shifts.len());
        let cells = shifts + 1;
        let mut wants: Vec<Vec<i32>> = vec![vec![0; days * cells]; problem.people.len()];
        for (person, wants) in problem.people.iter().zip(&mut wants) {
            for day in 0..days {
                for (shift, &most) in person.most_of.iter().enumerate() {
                    if most == 0 || person.most_days == 0 || person.off.contains(&day) {
                        wants[day * cells + shift + 1] = SHUT;
                    }
                }
            }
        }
        for wish in &problem.wishes {
            let cell = usize::from(wish.shift) + 1;
            let day = &mut wants[wish.person][wish.day * cells..(wish.day + 1) * cells];
            for (at, cost) in day.iter_mut().enumerate() {
                if (at == cell) != wish.wants && *cost != SHUT {
                    *cost = cost.saturating_add(weight(wish.weight));
                }
            }
        }
        let mut cover = vec![(0_u32, 0, 0); days * shifts];
        for need in &problem.cover {
            let at = &mut cover[need.day * shifts + usize::from(need.shift)];
            *at = (
                at.0.saturating_add(need.need),
                weight(need.under),
                weight(need.over),
            );
        }
        let mut search = Self {
            days,
            shifts,
            rules: problem
                .people
                .iter()
                .map(|person| Rules::of(problem, person))
                .collect(),
            wants,
            cover,
            lines: vec![vec![OFF; days]; problem.people.len()],
            there: vec![0; days * shifts],
            total: 0,
            worth: vec![0.0; days * shifts],
            liner: Liner::default(),
            costs: Vec::new(),
            rng: StdRng::seed_from_u64(seed),
            order: Vec::new(),
        };
        search.begin().map_err(|person| NoLine {
            person: problem.people[person].name.clone(),
            why: "his minutes, days off, weekends and runs of days do not go together",
        })?;
        search.total = search.recount();
        Ok(search)
    }

    /// Anneals, then polishes; gives the best lines.
    fn run(&mut self, time: &mut Time<'_>) -> Vec<Vec<Cell>> {
        let mut best = self.lines.clone();
        let large = self.lines.len() * self.days > LARGE;
        let (annealed, hot, cold) = if large {
            (ANNEALED_LARGE, HOT_LARGE, COLD_LARGE)
        } else {
            (ANNEALED, HOT, COLD)
        };
        // The first temperature is a part of what one cell costs.
        let typical = self.typical();
        loop {
            let gone = time.pass() / annealed;
            if gone >= 1.0 {
                break;
            }
            self.round(typical * hot * (cold / hot).powf(gone));
            self.keep(&mut best, time);
        }
        let mut cuts = self.cuts();
        // The first parts tell how long a polish takes; then everything is begun afresh.
        let mut fails = PATIENCE;
        while time.gone < 1.0 {
            let left = 1.0 - time.gone;
            if left <= LAST || fails >= PATIENCE && self.total > time.best {
                self.restore(&best, time.best);
            }
            let afresh = fails >= PATIENCE && left > LAST && self.time_for_all(&cuts, left);
            if fails >= 2 * PATIENCE {
                fails = 0;
            }
            let at = self.rng.random_range(0..cuts.len());
            let part = if afresh {
                self.all(time.gone, left)
            } else {
                self.part(&cuts[at], time.gone)
            };
            let from = time.gone;
            let polished = self.polish(&part, time);
            let took = time.gone - from;
            if !afresh {
                cuts[at].learn(part.people.len(), took);
            }
            if polished == Polished::Better || afresh {
                fails = 0;
            } else {
                fails += 1;
            }
            self.keep(&mut best, time);
            // A short while of rounds, not longer than the polish took.
            let until = time.gone + took.min(0.01);
            while time.gone < until && time.pass() < 1.0 {
                self.round(typical * COLD);
                self.keep(&mut best, time);
            }
        }
        best
    }

    fn keep(&self, best: &mut Vec<Vec<Cell>>, time: &mut Time<'_>) {
        if self.total < time.best {
            time.best = self.total;
            best.clone_from(&self.lines);
        }
    }

    /// Back to lines that were.
    fn restore(&mut self, lines: &[Vec<Cell>], total: i64) {
        self.lines.clone_from_slice(lines);
        self.there.fill(0);
        for line in lines {
            for (day, &cell) in line.iter().enumerate() {
                if cell != OFF {
                    self.there[day * self.shifts + usize::from(cell) - 1] += 1;
                }
            }
        }
        self.total = total;
        debug_assert_eq!(self.recount(), total);
    }

    fn whole(&self) -> Window {
        Window {
            first: 0,
            end: self.days,
        }
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
        }
    }

    /// Prices the cells of a window for somebody who is not counted in it.
    fn price(&mut self, person: usize, window: Window, noise: i32) {
        let cells = self.shifts + 1;
        self.costs.clear();
        for day in window.first..window.end {
            let wants = &self.wants[person][day * cells..(day + 1) * cells];
            self.costs.push(wants[0] as f32);
            for (shift, &want) in wants[1..].iter().enumerate() {
                if want == SHUT {
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
                self.costs.push((want + one_more + noise) as f32);
            }
        }
    }

    /// The cells of a window anew, at the prices that are set.
    fn find(&mut self, person: usize, window: Window, open: Option<&Open<'_>>) -> Option<f32> {
        let rng = &mut self.rng;
        self.liner.best(
            &self.rules[person],
            &mut self.lines[person],
            (window, open),
            &self.costs,
            |many| rng.random_range(0..many),
        )
    }

    fn put_back(&mut self, person: usize, window: Window, noise: i32) -> Option<()> {
        self.price(person, window, noise);
        self.find(person, window, None)?;
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

/// Weights beyond this are as good as this.
fn weight(of: u32) -> i32 {
    of.min(1_000_000) as i32
}

fn cover_cost(there: u32, (need, under, over): (u32, i32, i32)) -> i64 {
    i64::from(need.saturating_sub(there)) * i64::from(under)
        + i64::from(there.saturating_sub(need)) * i64::from(over)
}
