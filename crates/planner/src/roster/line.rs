//! The best line of days of one person, with everybody else as they are.
//!
//! Dynamic programming over the days of a window. A state is what the next day must know: off for so many days, or on a
//! shift of a class for so many days in a row; with it the weekends and the minutes so far. All minutes of one state stand
//! side by side, so that a transition is one pass over two slices. How a value came about is not kept: going back, it is
//! found by looking for the value again.

mod reach;
mod rules;
mod table;

use super::problem::{Day, is_weekend};
pub(crate) use reach::Reach;
pub(crate) use rules::Rules;
use table::{Place, Size, Span, grow, relax};

/// A cell of a line: 0 is off, else the shift + 1.
pub(crate) type Cell = u8;
pub(crate) const OFF: Cell = 0;

/// A cell nobody may have.
pub(crate) const NEVER: f32 = f32::INFINITY;

/// How often a line with too many of one shift is tried again without some of them.
const REPAIRS: usize = 6;
/// A shift that may be taken so often is counted exactly where it must be.
const MOST_COUNTED: usize = 7;

/// The part of a line that is found anew.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub first: Day,
    /// The day behind it.
    pub end: Day,
}

/// The end of a window behind which nothing is yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open<'a> {
    /// What may follow.
    pub reach: &'a Reach,
    /// Units so far, at least and at most.
    pub units: (usize, usize),
    /// Weekends so far, at most.
    pub weekends: usize,
    /// The window ends after so many parts of the period: (day, days).
    pub part: (Day, Day),
}

/// What stands around a window.
struct Around {
    units: usize,
    weekends: usize,
    /// Of each shift, how often it may be taken in the window.
    room: Vec<usize>,
    /// Saturday is the last day of the window and the Sunday behind it is worked: the weekend is counted.
    paid: bool,
}

/// What may be done on a day: the cheapest shift of those that are alike.
#[derive(Debug, Clone, Copy)]
struct Move {
    shift: usize,
    length: usize,
    class: usize,
    before: usize,
    cost: f32,
    /// It is the one that is counted.
    counts: bool,
}

/// Room for the tables of lines; made once.
#[derive(Debug, Default)]
pub(crate) struct Liner {
    /// By day, state, row and units; filled within the spans.
    tables: Vec<f32>,
    spans: Vec<Span>,
    /// The best of each set of classes of one day and run, and its spans.
    joined: Vec<f32>,
    joined_spans: Vec<Span>,
    moves: Vec<Move>,
    /// Of each day the place of its first move, and what a day off costs.
    days: Vec<(usize, f32)>,
    forbidden: Vec<bool>,
    found: Vec<Cell>,
}

impl Liner {
    /// Writes the best cells of the window into `line`; `None` when the rules allow none. `costs` has for each day of the
    /// window its cells, [`NEVER`] where one may not be. Gives a bound below which no line costs: that of the line that
    /// takes shifts as often as it likes.
    pub(crate) fn best(
        &mut self,
        rules: &Rules,
        line: &mut [Cell],
        (window, open): (Window, Option<&Open<'_>>),
        costs: &[f32],
        mut pick: impl FnMut(usize) -> usize,
    ) -> Option<f32> {
        let shifts = rules.length.len();
        let cells = shifts + 1;
        let around = Around::read(rules, line, window, open);
        self.forbidden.clear();
        self.forbidden
            .resize((window.end - window.first) * cells, false);
        for (shift, &room) in around.room.iter().enumerate() {
            if room == 0 {
                for day in 0..window.end - window.first {
                    self.forbidden[day * cells + shift + 1] = true;
                }
            }
        }
        let mut counted = None;
        let mut bound = None;
        for repair in 0..REPAIRS + shifts {
            let cost = self.pass(rules, line, (window, open), &around, (costs, counted))?;
            let bound = *bound.get_or_insert(cost);
            if counted.is_none() {
                counted = self.to_count(&around);
                if counted.is_some() {
                    continue;
                }
            }
            let strict = repair >= REPAIRS;
            if !self.forbid_surplus(&around, cells, costs, strict, &mut pick) {
                line[window.first..window.end].copy_from_slice(&self.found);
                return Some(bound);
            }
        }
        None
    }

    /// Of the shifts that were taken too often, the one of which the fewest are left: it is counted exactly.
    fn to_count(&self, around: &Around) -> Option<usize> {
        let surplus = |shift: usize| {
            let cell = shift as Cell + 1;
            let there: usize = self
                .found
                .iter()
                .map(|&found| usize::from(found == cell))
                .sum();
            there > around.room[shift]
        };
        (0..around.room.len())
            .filter(|&shift| around.room[shift] <= MOST_COUNTED && surplus(shift))
            .min_by_key(|&shift| around.room[shift])
    }

    /// Of a shift that was taken too often the surplus is forbidden where it stands now, the dearest first; strictly,
    /// it is forbidden wherever it is not kept.
    fn forbid_surplus(
        &mut self,
        around: &Around,
        cells: usize,
        costs: &[f32],
        strict: bool,
        pick: &mut impl FnMut(usize) -> usize,
    ) -> bool {
        let mut surplus = false;
        for (shift, &room) in around.room.iter().enumerate() {
            let cell = shift as Cell + 1;
            let there: usize = self
                .found
                .iter()
                .map(|&found| usize::from(found == cell))
                .sum();
            if there <= room {
                continue;
            }
            surplus = true;
            let place = |at: usize| at * cells + usize::from(cell);
            // Chance decides among equals.
            let mut drawn: Vec<(f32, usize, usize)> = (0..self.found.len())
                .filter(|&at| self.found[at] == cell)
                .map(|at| (costs[place(at)], pick(1 << 16), at))
                .collect();
            drawn.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
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

    /// What may be done on each day of the window.
    fn offer(&mut self, rules: &Rules, costs: &[f32], days: usize, counted: Option<usize>) {
        let cells = rules.length.len() + 1;
        self.moves.clear();
        self.days.clear();
        for at in 0..days {
            self.days.push((self.moves.len(), costs[at * cells]));
            for group in &rules.groups {
                let mut best: Option<Move> = None;
                for &shift in &group.shifts {
                    let place = at * cells + shift + 1;
                    let cost = costs[place];
                    if cost >= NEVER || self.forbidden[place] {
                        continue;
                    }
                    let counts = counted == Some(shift);
                    let this = Move {
                        shift,
                        length: group.length,
                        class: group.class,
                        before: group.before,
                        cost,
                        counts,
                    };
                    if counts {
                        self.moves.push(this);
                    } else if best.is_none_or(|best| cost < best.cost) {
                        best = Some(this);
                    }
                }
                self.moves.extend(best);
            }
        }
        self.days.push((self.moves.len(), 0.0));
    }

    fn pass(
        &mut self,
        rules: &Rules,
        line: &[Cell],
        (window, open): (Window, Option<&Open<'_>>),
        around: &Around,
        (costs, counted): (&[f32], Option<usize>),
    ) -> Option<f32> {
        let days = window.end - window.first;
        let (least, most, most_weekends) = match open {
            Some(open) => (open.units.0, open.units.1, open.weekends),
            None => (rules.least, rules.most, rules.most_weekends),
        };
        let room = most.checked_sub(around.units)?.min(rules.most_in(days));
        let floor = least.saturating_sub(around.units);
        if floor > room {
            return None;
        }
        let layers = most_weekends
            .checked_sub(around.weekends)?
            .min(days.div_ceil(7) + 1)
            + 1;
        let levels = counted.map_or(1, |shift| around.room[shift] + 1);
        let size = Size {
            layers,
            rows: levels * layers,
            width: room + 1,
            floor,
            room,
        };
        self.offer(rules, costs, days, counted);
        let (states, block) = (rules.states(), size.block());
        // Only what the spans hold is ever read.
        grow(&mut self.tables, (days + 1) * states * block);
        grow(&mut self.joined, rules.sets.len() * block);
        self.spans.clear();
        self.spans
            .resize((days + 1) * states * size.rows, Span::NONE);
        let start = rules.begin(line, window.first);
        self.tables[start * block] = 0.0;
        self.spans[start * size.rows] = Span { low: 0, high: 0 };
        for at in 0..days {
            self.day(rules, window, at, around, size);
        }
        self.trace(rules, line, (window, open), around, size)
    }

    /// From the values before a day to those after it.
    fn day(&mut self, rules: &Rules, window: Window, at: usize, around: &Around, size: Size) {
        let (days, day) = (window.end - window.first, window.first + at);
        let (states, rows, width, block) = (rules.states(), size.rows, size.width, size.block());
        let (before, after) = self.tables.split_at_mut((at + 1) * states * block);
        let (from, to) = (&before[at * states * block..], after);
        let (spans, new) = self.spans.split_at_mut((at + 1) * states * rows);
        let (spans, new) = (&spans[at * states * rows..], new);
        let (moves, off) = (
            &self.moves[self.days[at].0..self.days[at + 1].0],
            self.days[at].1,
        );
        // Who has still to work more than the days allow is not followed.
        let lowest = size.floor.saturating_sub(rules.most_in(days - at - 1));
        let mut go = |(from, spans): (&[f32], &[Span]),
                      target: usize,
                      (length, cost): (usize, f32),
                      (counts, weekend): (bool, bool)| {
            for (row, span) in spans.iter().enumerate() {
                if span.low > span.high || length > size.room {
                    continue;
                }
                let low = span.low.max(lowest.saturating_sub(length));
                let high = span.high.min(size.room - length);
                let Some(next) = size.row(row, counts, weekend) else {
                    continue;
                };
                if low > high {
                    continue;
                }
                let target = target * rows + next;
                let to = &mut to[target * width..][..width];
                new[target].widen(to, low + length, high + length);
                relax(
                    &mut to[low + length..=high + length],
                    &from[row * width..][low..=high],
                    cost,
                );
            }
        };
        let pays_saturday = day % 7 == 5 && !(around.paid && at + 1 == days);
        let weekend = pays_saturday || day % 7 == 6;
        for source in 0..rules.least_off {
            let told = (
                &from[source * block..][..block],
                &spans[source * rows..][..rows],
            );
            if off < NEVER {
                go(told, rules.off(source + 2), (0, off), (false, false));
            }
            if source + 1 == rules.least_off {
                for a_move in moves {
                    let target = rules.on(a_move.class, 1, day == 0);
                    go(
                        told,
                        target,
                        (a_move.length, a_move.cost),
                        (a_move.counts, weekend),
                    );
                }
            }
        }
        for run in 0..rules.runs() {
            let source = |class: usize| rules.least_off + class * rules.runs() + run;
            let reached = |class: usize| {
                let spans = &spans[source(class) * rows..][..rows];
                spans.iter().any(|span| span.low <= span.high)
            };
            if !(0..rules.classes()).any(reached) {
                continue;
            }
            // What may follow the same shifts is looked at together, the best of it for each minute.
            self.joined_spans.clear();
            for (at, set) in rules.sets.iter().enumerate() {
                let (done, joined) = self.joined.split_at_mut(at * block);
                self.joined_spans.resize((at + 1) * rows, Span::NONE);
                for row in 0..rows {
                    let joined = &mut joined[row * width..][..width];
                    let mut span = Span::NONE;
                    if let Some(base) = set.base {
                        span = self.joined_spans[base * rows + row];
                        if span.low <= span.high {
                            let cells = span.low..=span.high;
                            let base = &done[base * block + row * width..][..width];
                            joined[cells.clone()].copy_from_slice(&base[cells]);
                        }
                    }
                    for &class in &set.more {
                        let Span { low, high } = spans[source(class) * rows + row];
                        if low <= high {
                            let from = &from[source(class) * block + row * width..][..width];
                            span.widen(joined, low, high);
                            relax(&mut joined[low..=high], &from[low..=high], 0.0);
                        }
                    }
                    self.joined_spans[at * rows + row] = span;
                }
            }
            let told = |set: usize| {
                (
                    &self.joined[set * block..][..block],
                    &self.joined_spans[set * rows..][..rows],
                )
            };
            let Some((_, worked, short)) = rules.run(rules.least_off + run) else {
                continue;
            };
            if (worked >= rules.least_days || short) && off < NEVER {
                let all = told(rules.sets.len() - 1);
                go(all, rules.off(1), (0, off), (false, false));
            }
            if worked < rules.most_days {
                for a_move in moves {
                    go(
                        told(a_move.before),
                        rules.on(a_move.class, worked + 1, short),
                        (a_move.length, a_move.cost),
                        (a_move.counts, pays_saturday),
                    );
                }
            }
        }
    }

    /// Finds the cheapest end and goes back from it.
    fn trace(
        &mut self,
        rules: &Rules,
        line: &[Cell],
        (window, open): (Window, Option<&Open<'_>>),
        around: &Around,
        size: Size,
    ) -> Option<f32> {
        let (days, states) = (window.end - window.first, rules.states());
        let mut best: Option<(f32, Place)> = None;
        for state in 0..states {
            if open.is_none() && !rules.fits(line, window.end, state) {
                continue;
            }
            for row in 0..size.rows {
                let Span { low, high } = self.spans[(days * states + state) * size.rows + row];
                for units in low.max(size.floor)..=high {
                    let place = Place { state, row, units };
                    let may_end = open.is_none_or(|open| {
                        let weekends = around.weekends + row % size.layers;
                        let left = rules.most_weekends.saturating_sub(weekends);
                        open.reach.can_end(rules, state, left, around.units + units)
                    });
                    let value = self.value(days, states, place, size);
                    if may_end && value < best.map_or(NEVER, |(value, _)| value) {
                        best = Some((value, place));
                    }
                }
            }
        }
        let (value, mut place) = best?;
        self.found.clear();
        self.found.resize(days, OFF);
        for at in (0..days).rev() {
            let (before, cell) = self.came_from(rules, window, at, around, (place, size))?;
            self.found[at] = cell;
            place = before;
        }
        Some(value)
    }

    /// A value after so many days.
    fn value(&self, days: usize, states: usize, place: Place, size: Size) -> f32 {
        let row = (days * states + place.state) * size.rows + place.row;
        if self.spans[row].holds(place.units) {
            self.tables[row * size.width + place.units]
        } else {
            NEVER
        }
    }

    /// Whence the value of a place came, and by which cell.
    fn came_from(
        &self,
        rules: &Rules,
        window: Window,
        at: usize,
        around: &Around,
        (to, size): (Place, Size),
    ) -> Option<(Place, Cell)> {
        let states = rules.states();
        let (days, day) = (window.end - window.first, window.first + at);
        let value = self.value(at + 1, states, to, size);
        // The value is the least of all that lead to it.
        let is_it = |from: Place, cost: f32| self.value(at, states, from, size) + cost <= value;
        let Some((class, ..)) = rules.run(to.state) else {
            let off = self.days[at].1;
            let state = (0..states).find(|&state| {
                let target = match rules.run(state) {
                    None => rules.off(state + 2),
                    Some((_, worked, short)) if short || worked >= rules.least_days => rules.off(1),
                    Some(_) => return false,
                };
                target == to.state && is_it(Place { state, ..to }, off)
            })?;
            return Some((Place { state, ..to }, OFF));
        };
        let pays_saturday = day % 7 == 5 && !(around.paid && at + 1 == days);
        for a_move in &self.moves[self.days[at].0..self.days[at + 1].0] {
            if a_move.class != class || a_move.length > to.units {
                continue;
            }
            for state in 0..states {
                let (target, weekend) = match rules.run(state) {
                    None if state + 1 == rules.least_off => {
                        let weekend = pays_saturday || day % 7 == 6;
                        (rules.on(class, 1, day == 0), weekend)
                    }
                    Some((from, worked, short))
                        if worked < rules.most_days
                            && rules.sets[a_move.before].classes >> from & 1 == 1 =>
                    {
                        (rules.on(class, worked + 1, short), pays_saturday)
                    }
                    _ => continue,
                };
                let down = usize::from(weekend) + usize::from(a_move.counts) * size.layers;
                if target != to.state || to.row < down {
                    continue;
                }
                let from = Place {
                    state,
                    row: to.row - down,
                    units: to.units - a_move.length,
                };
                let goes = size.row(from.row, a_move.counts, weekend) == Some(to.row);
                if goes && is_it(from, a_move.cost) {
                    return Some((from, a_move.shift as Cell + 1));
                }
            }
        }
        None
    }
}

impl Around {
    fn read(rules: &Rules, line: &[Cell], window: Window, open: Option<&Open<'_>>) -> Self {
        let mut around = Self {
            units: 0,
            weekends: 0,
            room: rules.most_of.iter().map(|&most| most as usize).collect(),
            paid: false,
        };
        let mut behind = window.end;
        if let Some(Open {
            part: (end, days), ..
        }) = open
        {
            // What is behind an open end is not there yet; each shift has its part of the whole.
            behind = line.len();
            for room in &mut around.room {
                *room = (*room * end).div_ceil(*days);
            }
        }
        let outside = |day: Day| {
            (day < window.first || day >= behind) && line.get(day).is_some_and(|&cell| cell != OFF)
        };
        for day in (0..window.first).chain(behind..line.len()) {
            if line[day] != OFF {
                let shift = usize::from(line[day]) - 1;
                around.units += rules.length[shift];
                around.room[shift] = around.room[shift].saturating_sub(1);
                if is_weekend(day) && (day % 7 == 5 || !outside(day - 1)) {
                    around.weekends += 1;
                }
            }
        }
        around.paid = window.end % 7 == 6 && outside(window.end);
        around
    }
}
