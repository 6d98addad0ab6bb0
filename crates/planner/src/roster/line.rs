//! The best line of days of one person, with everybody else as they are.
//!
//! Dynamic programming over the days of a window. A state is what the next day must know: off for so many days, or on a
//! shift for so many days in a row; with it the weekends and the minutes so far. All minutes of one state stand side by
//! side, so that a transition is one pass over two slices.

use super::problem::{Day, Person, Problem, is_weekend};

/// A cell of a line: 0 is off, else the shift + 1.
pub(crate) type Cell = u8;
pub(crate) const OFF: Cell = 0;

/// A cell nobody may have.
pub(crate) const NEVER: i32 = i32::MAX;

/// The low bits of a value name the state it came from; the rest is its cost.
const TAG: u32 = 10;
const COST: i32 = !((1 << TAG) - 1);
const INF: i32 = 1 << 30;
const LOST: i32 = 1 << 29;

/// How often a line with too many of one shift is tried again without some of them.
const REPAIRS: usize = 6;
/// A shift that may be taken so often is counted exactly where it must be.
const MOST_COUNTED: usize = 7;

/// The rules of one person, as the lines count them.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Minutes of each shift, in units.
    length: Vec<usize>,
    most_of: Vec<u32>,
    least: usize,
    most: usize,
    most_days: usize,
    least_days: usize,
    least_off: usize,
    most_weekends: usize,
    /// Whether the second may follow the first, shift by shift.
    follows: Vec<Vec<bool>>,
    /// The sets of shifts that some shift may follow, smaller ones first; the last is all of them.
    sets: Vec<Set>,
    /// Of each shift the set that it may follow.
    before: Vec<usize>,
}

/// Shifts: those of a smaller set, and more.
#[derive(Debug)]
struct Set {
    shifts: u64,
    base: Option<usize>,
    more: Vec<usize>,
}

impl Set {
    /// All that are asked for, and the set of all, each once.
    fn all(of: &[u64], shifts: usize) -> Vec<Self> {
        let everything = u64::MAX >> (64 - shifts.clamp(1, 64));
        let mut masks: Vec<u64> = of
            .iter()
            .copied()
            .filter(|&mask| mask != everything)
            .collect();
        masks.sort_unstable_by_key(|mask| (mask.count_ones(), *mask));
        masks.dedup();
        masks.push(everything);
        let mut sets: Vec<Self> = Vec::new();
        for mask in masks {
            let base = sets.iter().rposition(|set| set.shifts & !mask == 0);
            let left = mask & !base.map_or(0, |base| sets[base].shifts);
            sets.push(Self {
                shifts: mask,
                base,
                more: (0..shifts).filter(|shift| left >> shift & 1 == 1).collect(),
            });
        }
        sets
    }
}

impl Rules {
    pub(crate) fn of(problem: &Problem, person: &Person, unit: u32) -> Self {
        let shifts = problem.shifts.len();
        let before: Vec<u64> = (0..shifts)
            .map(|next| {
                (0..shifts)
                    .filter(|&first| problem.may_follow(first as u8, next as u8))
                    .fold(0, |mask, first| mask | 1 << first)
            })
            .collect();
        let sets = Set::all(&before, shifts);
        let runs = |days: u32| (days.max(1) as usize).min(problem.days + 1);
        let least_days = runs(person.least_days);
        Self {
            length: problem
                .shifts
                .iter()
                .map(|shift| (shift.minutes / unit) as usize)
                .collect(),
            most_of: person.most_of.clone(),
            least: person.least_minutes.div_ceil(unit) as usize,
            most: (person.most_minutes / unit) as usize,
            most_days: (person.most_days as usize).clamp(1, problem.days),
            least_days,
            least_off: runs(person.least_off),
            most_weekends: person.most_weekends as usize,
            before: before
                .iter()
                .map(|mask| sets.iter().position(|set| set.shifts == *mask).unwrap_or(0))
                .collect(),
            sets,
            follows: (0..shifts)
                .map(|first| {
                    (0..shifts)
                        .map(|next| problem.may_follow(first as u8, next as u8))
                        .collect()
                })
                .collect(),
        }
    }

    /// Runs that are told apart on one shift: by their days, and those that began with the period while they would be too
    /// short elsewhere.
    fn runs(&self) -> usize {
        self.most_days + self.least_days - 1
    }

    /// Fewer than the tags can name.
    pub(crate) fn can_be_told(&self) -> bool {
        self.states() < 1 << TAG
    }

    fn states(&self) -> usize {
        self.least_off + self.length.len() * self.runs()
    }

    fn off(&self, days: usize) -> usize {
        days.min(self.least_off) - 1
    }

    fn on(&self, shift: usize, days: usize, since_start: bool) -> usize {
        let run = if since_start && days < self.least_days {
            self.most_days + days - 1
        } else {
            days - 1
        };
        self.least_off + shift * self.runs() + run
    }

    /// (shift, days, began with the period and is short)
    fn run(&self, state: usize) -> Option<(usize, usize, bool)> {
        let at = state.checked_sub(self.least_off)?;
        let (shift, run) = (at / self.runs(), at % self.runs());
        Some(if run < self.most_days {
            (shift, run + 1, false)
        } else {
            (shift, run - self.most_days + 1, true)
        })
    }
}

/// The part of a line that is found anew, and what it may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub first: Day,
    /// The day behind it.
    pub end: Day,
    /// Nothing is behind it yet: its end is free. Then so many minutes, in units, and weekends so far, at least and at
    /// most.
    pub pace: Option<(usize, usize, usize)>,
}

/// What stands around a window.
struct Around {
    units: usize,
    weekends: usize,
    of: Vec<u32>,
    /// Saturday is the last day of the window and the Sunday behind it is worked: the weekend is counted.
    paid: bool,
}

/// Room for the tables of lines; made once.
#[derive(Debug, Default)]
pub(crate) struct Liner {
    tables: Vec<i32>,
    /// Of each day and state: the fewest and most minutes with a value.
    spans: Vec<(u32, u32)>,
    /// The best of each set of shifts of one day and run, and its spans.
    joined: Vec<i32>,
    joined_spans: Vec<(u32, u32)>,
    forbidden: Vec<bool>,
    found: Vec<Cell>,
}

impl Liner {
    /// Writes the best cells of the window into `line` and gives their cost; `None` when the rules allow none. `costs` has
    /// for each day of the window its cells, [`NEVER`] where one may not be.
    pub(crate) fn best(
        &mut self,
        rules: &Rules,
        line: &mut [Cell],
        window: Window,
        costs: &[i32],
        mut pick: impl FnMut(usize) -> usize,
    ) -> Option<i32> {
        let cells = rules.length.len() + 1;
        let around = Around::read(rules, line, window);
        self.forbidden.clear();
        self.forbidden
            .resize((window.end - window.first) * cells, false);
        for (shift, &most) in rules.most_of.iter().enumerate() {
            if most <= around.of[shift] {
                for day in 0..window.end - window.first {
                    self.forbidden[day * cells + shift + 1] = true;
                }
            }
        }
        let mut counted = None;
        for repair in 0..REPAIRS + rules.length.len() {
            let cost = self.pass(rules, line, window, &around, (costs, counted))?;
            if counted.is_none() {
                counted = self.to_count(rules, &around);
                if counted.is_some() {
                    continue;
                }
            }
            let strict = repair >= REPAIRS;
            if !self.forbid_surplus(rules, &around, cells, costs, strict, &mut pick) {
                line[window.first..window.end].copy_from_slice(&self.found);
                return Some(cost);
            }
        }
        None
    }

    /// Of the shifts that were taken too often, the one of which the fewest are left: it is counted exactly.
    fn to_count(&self, rules: &Rules, around: &Around) -> Option<(usize, usize)> {
        let room = |shift: usize| rules.most_of[shift].saturating_sub(around.of[shift]) as usize;
        let surplus = |shift: usize| {
            let cell = shift as Cell + 1;
            let there = self.found.iter().map(|&found| usize::from(found == cell));
            there.sum::<usize>() > room(shift)
        };
        (0..rules.length.len())
            .filter(|&shift| room(shift) <= MOST_COUNTED && surplus(shift))
            .map(|shift| (shift, room(shift)))
            .min_by_key(|&(_, room)| room)
    }

    /// Of a shift that was taken too often the surplus is forbidden where it stands now, the dearest first; strictly,
    /// it is forbidden wherever it is not kept.
    fn forbid_surplus(
        &mut self,
        rules: &Rules,
        around: &Around,
        cells: usize,
        costs: &[i32],
        strict: bool,
        pick: &mut impl FnMut(usize) -> usize,
    ) -> bool {
        let mut surplus = false;
        for (shift, &most) in rules.most_of.iter().enumerate() {
            let cell = shift as Cell + 1;
            let mut there: Vec<usize> = (0..self.found.len())
                .filter(|&at| self.found[at] == cell)
                .collect();
            let room = most.saturating_sub(around.of[shift]) as usize;
            if there.len() <= room {
                continue;
            }
            surplus = true;
            let place = |at: usize| at * cells + usize::from(cell);
            // Chance decides among equals.
            let mut drawn: Vec<(i32, usize, usize)> = there
                .drain(..)
                .map(|at| (costs[place(at)], pick(1 << 16), at))
                .collect();
            drawn.sort_unstable();
            for &(.., at) in &drawn[room..] {
                self.forbidden[place(at)] = true;
            }
            if strict {
                for at in 0..self.found.len() {
                    let kept = drawn[..room].iter().any(|&(.., kept)| kept == at);
                    self.forbidden[place(at)] |= !kept;
                }
            }
        }
        surplus
    }

    fn pass(
        &mut self,
        rules: &Rules,
        line: &[Cell],
        window: Window,
        around: &Around,
        (costs, counted): (&[i32], Option<(usize, usize)>),
    ) -> Option<i32> {
        let (first, end) = (window.first, window.end);
        let (days, shifts, states) = (end - first, rules.length.len(), rules.states());
        let cells = shifts + 1;
        let (least, most, most_weekends) = match window.pace {
            Some((least, most, weekends)) => (least, most, weekends),
            None => (rules.least, rules.most, rules.most_weekends),
        };
        let longest = rules.length.iter().copied().max().unwrap_or(0);
        let room = most.checked_sub(around.units)?.min(days * longest);
        let floor = least.saturating_sub(around.units);
        let weekends = most_weekends
            .checked_sub(around.weekends)?
            .min(days.div_ceil(7) + 1);
        if floor > room {
            return None;
        }
        let (width, layers) = (room + 1, weekends + 1);
        let levels = counted.map_or(1, |(_, most)| most + 1);
        let block = levels * layers * width;
        let table = states * block;
        self.tables.clear();
        self.tables.resize((days + 1) * table, INF);
        self.spans.clear();
        self.spans.resize((days + 1) * states, (u32::MAX, 0));

        self.joined.clear();
        self.joined.resize(rules.sets.len() * block, INF);
        self.joined_spans.clear();
        self.joined_spans.resize(rules.sets.len(), (u32::MAX, 0));

        let start = begin(rules, line, first);
        self.tables[start * block] = 0;
        self.spans[start] = (0, 0);
        for at in 0..days {
            let day = first + at;
            let (before, after) = self.tables.split_at_mut((at + 1) * table);
            let (from, to) = (&before[at * table..], &mut after[..table]);
            let (spans, new) = self.spans.split_at_mut((at + 1) * states);
            let (spans, new) = (&spans[at * states..], &mut new[..states]);
            let price = |cell: usize| {
                let cost = costs[at * cells + cell];
                (cost != NEVER && !self.forbidden[at * cells + cell]).then_some(cost << TAG)
            };
            // Who has still to work so many minutes, or has no room, is not followed.
            let left = (days - at - 1) * longest;
            let lowest = floor.saturating_sub(left);
            let mut go = |(source, span, mask): (&[i32], (u32, u32), i32),
                          target: usize,
                          shift: Option<usize>,
                          weekend: bool,
                          cost: i32| {
                let length = shift.map_or(0, |shift| rules.length[shift]);
                if span.0 > span.1 || length > room {
                    return;
                }
                let (low, high) = (
                    (span.0 as usize).max(lowest.saturating_sub(length)),
                    (span.1 as usize).min(room - length),
                );
                if low > high {
                    return;
                }
                let up = usize::from(weekend);
                let counts = shift.is_some() && counted.map(|(counted, _)| counted) == shift;
                for level in 0..levels - usize::from(counts) {
                    let next = (level + usize::from(counts)) * layers;
                    for layer in 0..layers - up {
                        let source = &source[(level * layers + layer) * width..][low..=high];
                        let target = &mut to[target * block + (next + layer + up) * width..]
                            [low + length..=high + length];
                        relax(target, source, mask, cost);
                    }
                }
                let span = &mut new[target];
                span.0 = span.0.min((low + length) as u32);
                span.1 = span.1.max((high + length) as u32);
            };
            let saturday = day % 7 == 5 && !(around.paid && at + 1 == days);
            let sunday = day % 7 == 6;
            for source in 0..rules.least_off {
                let tag = source as i32;
                let told = (&from[source * block..][..block], spans[source], COST);
                if let Some(cost) = price(0) {
                    go(told, rules.off(source + 2), None, false, cost | tag);
                }
                if source + 1 < rules.least_off {
                    continue;
                }
                for shift in 0..shifts {
                    if let Some(cost) = price(shift + 1) {
                        let target = rules.on(shift, 1, day == 0);
                        let weekend = saturday || sunday;
                        go(told, target, Some(shift), weekend, cost | tag);
                    }
                }
            }
            for run in 0..rules.runs() {
                // What may follow the same shifts is looked at together, the best of it for each minute.
                for (at, set) in rules.sets.iter().enumerate() {
                    let (done, joined) = self.joined.split_at_mut(at * block);
                    let joined = &mut joined[..block];
                    let mut span = (u32::MAX, 0);
                    match set.base {
                        Some(base) => {
                            joined.copy_from_slice(&done[base * block..][..block]);
                            span = self.joined_spans[base];
                        }
                        None => joined.fill(INF),
                    }
                    for &shift in &set.more {
                        let source = rules.least_off + shift * rules.runs() + run;
                        let (low, high) = spans[source];
                        if low > high {
                            continue;
                        }
                        let from = &from[source * block..][..block];
                        for row in 0..levels * layers {
                            let cells = row * width + low as usize..=row * width + high as usize;
                            let target = &mut joined[cells.clone()];
                            relax(target, &from[cells], COST, source as i32);
                        }
                        span = (span.0.min(low), span.1.max(high));
                    }
                    self.joined_spans[at] = span;
                }
                let told = |set: usize| {
                    let joined = &self.joined[set * block..][..block];
                    (joined, self.joined_spans[set], !0)
                };
                let Some((_, worked, short)) = rules.run(rules.least_off + run) else {
                    continue;
                };
                if (worked >= rules.least_days || short)
                    && let Some(cost) = price(0)
                {
                    go(told(rules.sets.len() - 1), rules.off(1), None, false, cost);
                }
                if worked + 1 > rules.most_days {
                    continue;
                }
                for shift in 0..shifts {
                    if let Some(cost) = price(shift + 1) {
                        let target = rules.on(shift, worked + 1, short);
                        go(
                            told(rules.before[shift]),
                            target,
                            Some(shift),
                            saturday,
                            cost,
                        );
                    }
                }
            }
        }
        let bounds = (floor, room, weekends);
        self.trace(rules, line, window, around, (bounds, counted), table)
    }

    /// Finds the cheapest end and goes back from it.
    fn trace(
        &mut self,
        rules: &Rules,
        line: &[Cell],
        window: Window,
        around: &Around,
        ((floor, room, weekends), counted): ((usize, usize, usize), Option<(usize, usize)>),
        table: usize,
    ) -> Option<i32> {
        let (days, width) = (window.end - window.first, room + 1);
        let layers = weekends + 1;
        let levels = counted.map_or(1, |(_, most)| most + 1);
        let block = levels * layers * width;
        let last = &self.tables[days * table..];
        let mut best = (LOST, 0, 0, 0);
        for state in 0..rules.states() {
            let (low, high) = self.spans[days * rules.states() + state];
            if low > high || (window.pace.is_none() && !fits(rules, line, window.end, state)) {
                continue;
            }
            let low = (low as usize).max(floor);
            for layer in 0..levels * layers {
                for units in low..=high as usize {
                    let value = last[state * block + layer * width + units] & COST;
                    if value < best.0 {
                        best = (value, state, layer, units);
                    }
                }
            }
        }
        let (value, mut state, mut layer, mut units) = best;
        if value >= LOST {
            return None;
        }
        self.found.clear();
        self.found.resize(days, OFF);
        for at in (0..days).rev() {
            let tagged = self.tables[(at + 1) * table + state * block + layer * width + units];
            let source = (tagged & !COST) as usize;
            if let Some((shift, ..)) = rules.run(state) {
                self.found[at] = shift as Cell + 1;
                units -= rules.length[shift];
                let day = window.first + at;
                let paid = around.paid && at + 1 == days;
                let paid_for = match day % 7 {
                    5 => !paid,
                    6 => rules.run(source).is_none(),
                    _ => false,
                };
                layer -= usize::from(paid_for);
                if counted.is_some_and(|(counted, _)| counted == shift) {
                    layer -= layers;
                }
            }
            state = source;
        }
        Some(value >> TAG)
    }
}

/// The better of what is there and what comes over, each minute by itself.
fn relax(target: &mut [i32], source: &[i32], mask: i32, cost: i32) {
    for (target, source) in target.iter_mut().zip(source) {
        let value = (source & mask) + cost;
        *target = if value < *target { value } else { *target };
    }
}

/// The state before the first day of a window.
fn begin(rules: &Rules, line: &[Cell], first: Day) -> usize {
    let Some(&last) = first.checked_sub(1).and_then(|day| line.get(day)) else {
        return rules.off(rules.least_off);
    };
    let days = line[..first]
        .iter()
        .rev()
        .take_while(|&&cell| (cell == OFF) == (last == OFF))
        .count();
    let since_start = days == first;
    if last == OFF {
        rules.off(if since_start { rules.least_off } else { days })
    } else {
        rules.on(usize::from(last) - 1, days, since_start)
    }
}

/// The last day of a window and what stands behind it make legal runs.
fn fits(rules: &Rules, line: &[Cell], end: Day, state: usize) -> bool {
    let Some(&next) = line.get(end) else {
        return true;
    };
    let days = line[end..]
        .iter()
        .take_while(|&&cell| (cell == OFF) == (next == OFF))
        .count();
    let to_the_end = end + days == line.len();
    match (rules.run(state), next) {
        (None, OFF) => to_the_end || state + 1 + days >= rules.least_off,
        (None, _) => state + 1 == rules.least_off && (to_the_end || days >= rules.least_days),
        (Some((_, run, short)), OFF) => {
            (short || run >= rules.least_days) && (to_the_end || days >= rules.least_off)
        }
        (Some((shift, run, short)), next) => {
            rules.follows[shift][usize::from(next) - 1]
                && run + days <= rules.most_days
                && (short || to_the_end || run + days >= rules.least_days)
        }
    }
}

impl Around {
    fn read(rules: &Rules, line: &[Cell], window: Window) -> Self {
        let mut around = Self {
            units: 0,
            weekends: 0,
            of: vec![0; rules.length.len()],
            paid: false,
        };
        // What is behind an open end is not there yet.
        let behind = if window.pace.is_some() {
            line.len()
        } else {
            window.end
        };
        let outside = |day: Day| {
            (day < window.first || day >= behind) && line.get(day).is_some_and(|&cell| cell != OFF)
        };
        for day in (0..window.first).chain(behind..line.len()) {
            if line[day] != OFF {
                let shift = usize::from(line[day]) - 1;
                around.units += rules.length[shift];
                around.of[shift] += 1;
                if is_weekend(day) && (day % 7 == 5 || !outside(day - 1)) {
                    around.weekends += 1;
                }
            }
        }
        around.paid = window.end % 7 == 6 && outside(window.end);
        around
    }
}

impl Rules {
    /// What a line should hold by a day, as a part of the whole: units at least and at most, and weekends.
    pub(crate) fn pace(&self, end: Day, days: Day, slack: usize) -> (usize, usize, usize) {
        let longest = self.length.iter().copied().max().unwrap_or(0);
        let least = (self.least * end / days).saturating_sub(slack * longest);
        let most = self.most * end / days + slack * longest;
        (
            least,
            most.min(self.most),
            (self.most_weekends * end).div_ceil(days),
        )
    }
}
