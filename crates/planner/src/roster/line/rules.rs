//! The rules of one person as his lines count them, and what a day must hand to the next.

use super::super::problem::{Day, Person, Problem};
use super::{Cell, OFF};

/// The rules of one person. Shifts that he cannot work are in no group.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Minutes of each shift, in the largest units that measure all of his.
    pub length: Vec<usize>,
    pub most_of: Vec<u32>,
    pub least: usize,
    pub most: usize,
    pub most_days: usize,
    pub least_days: usize,
    pub least_off: usize,
    pub most_weekends: usize,
    /// Minutes of the longest shift, in units.
    pub longest: usize,
    /// Shifts that ask for the same rest after them are of one class.
    class: Vec<usize>,
    /// Of each class the shifts that may follow it.
    after: Vec<u64>,
    /// The sets of classes that some shift may follow, smaller ones first; the last is all of them.
    pub sets: Vec<Set>,
    pub groups: Vec<Group>,
}

/// Shifts between which the rules see no difference but how often each may be worked.
#[derive(Debug)]
pub(crate) struct Group {
    pub shifts: Vec<usize>,
    pub length: usize,
    pub class: usize,
    /// The set of classes that they may follow.
    pub before: usize,
}

/// Classes: those of a smaller set, and more.
#[derive(Debug)]
pub(crate) struct Set {
    pub classes: u64,
    pub base: Option<usize>,
    pub more: Vec<usize>,
}

impl Set {
    /// All that are asked for, and the set of all, each once.
    fn all(of: &[u64], classes: usize) -> Vec<Self> {
        let everything = u64::MAX >> (64 - classes.clamp(1, 64));
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
            let base = sets.iter().rposition(|set| set.classes & !mask == 0);
            let left = mask & !base.map_or(0, |base| sets[base].classes);
            sets.push(Self {
                classes: mask,
                base,
                more: (0..classes)
                    .filter(|class| left >> class & 1 == 1)
                    .collect(),
            });
        }
        sets
    }
}

impl Rules {
    pub(crate) fn of(problem: &Problem, person: &Person) -> Self {
        let shifts = problem.shifts.len();
        let can: Vec<usize> = (0..shifts).filter(|&at| person.most_of[at] > 0).collect();
        let minutes = |shift: usize| problem.shifts[shift].minutes;
        let unit = can.iter().map(|&at| minutes(at)).fold(0, gcd).max(1);
        let may_follow = |first: usize, next: usize| problem.may_follow(first as u8, next as u8);
        let mut after: Vec<u64> = Vec::new();
        let mut class = vec![0; shifts];
        for &first in &can {
            let mask = can
                .iter()
                .filter(|&&next| may_follow(first, next))
                .fold(0, |mask, next| mask | 1 << next);
            class[first] = after
                .iter()
                .position(|&known| known == mask)
                .unwrap_or_else(|| {
                    after.push(mask);
                    after.len() - 1
                });
        }
        let before = |next: usize| {
            let classes = after.iter().enumerate();
            classes
                .filter(|(_, mask)| *mask >> next & 1 == 1)
                .fold(0, |mask, (class, _)| mask | 1 << class)
        };
        let all: Vec<u64> = can.iter().map(|&next| before(next)).collect();
        let sets = Set::all(&all, after.len());
        let mut groups: Vec<Group> = Vec::new();
        for &shift in &can {
            let alike = Group {
                shifts: vec![shift],
                length: (minutes(shift) / unit) as usize,
                class: class[shift],
                before: sets
                    .iter()
                    .position(|set| set.classes == before(shift))
                    .unwrap_or(0),
            };
            let known = groups.iter_mut().find(|group| {
                (group.length, group.class, group.before)
                    == (alike.length, alike.class, alike.before)
            });
            match known {
                Some(group) => group.shifts.push(shift),
                None => groups.push(alike),
            }
        }
        let runs = |days: u32| (days.max(1) as usize).min(problem.days + 1);
        Self {
            length: (0..shifts)
                .map(|at| (minutes(at) / unit) as usize)
                .collect(),
            most_of: person.most_of.clone(),
            least: person.least_minutes.div_ceil(unit) as usize,
            most: (person.most_minutes / unit) as usize,
            most_days: (person.most_days as usize).clamp(1, problem.days),
            least_days: runs(person.least_days),
            least_off: runs(person.least_off),
            most_weekends: person.most_weekends as usize,
            longest: groups.iter().map(|group| group.length).max().unwrap_or(0),
            class,
            after,
            sets,
            groups,
        }
    }

    pub(crate) fn classes(&self) -> usize {
        self.after.len()
    }

    /// Runs that are told apart after one class: by their days, and those that began with the period while they would be
    /// too short elsewhere.
    pub(crate) fn runs(&self) -> usize {
        self.most_days + self.least_days - 1
    }

    pub(crate) fn states(&self) -> usize {
        self.least_off + self.classes() * self.runs()
    }

    /// Off for so many days in a row.
    pub(crate) fn off(&self, days: usize) -> usize {
        days.min(self.least_off) - 1
    }

    /// On a shift of a class, for so many days in a row.
    pub(crate) fn on(&self, class: usize, days: usize, since_start: bool) -> usize {
        let run = if since_start && days < self.least_days {
            self.most_days + days - 1
        } else {
            days - 1
        };
        self.least_off + class * self.runs() + run
    }

    /// (class, days, began with the period and is short)
    pub(crate) fn run(&self, state: usize) -> Option<(usize, usize, bool)> {
        let at = state.checked_sub(self.least_off)?;
        let (class, run) = (at / self.runs(), at % self.runs());
        Some(if run < self.most_days {
            (class, run + 1, false)
        } else {
            (class, run - self.most_days + 1, true)
        })
    }

    /// The most units that can be worked in so many days, by the runs alone.
    pub(crate) fn most_in(&self, days: usize) -> usize {
        let (cycles, rest) = (
            days / (self.most_days + self.least_off),
            days % (self.most_days + self.least_off),
        );
        (cycles * self.most_days + rest.min(self.most_days)) * self.longest
    }

    /// The state before the first day of a window.
    pub(crate) fn begin(&self, line: &[Cell], first: Day) -> usize {
        let Some(&last) = first.checked_sub(1).and_then(|day| line.get(day)) else {
            return self.off(self.least_off);
        };
        let days = line[..first]
            .iter()
            .rev()
            .take_while(|&&cell| (cell == OFF) == (last == OFF))
            .count();
        let since_start = days == first;
        if last == OFF {
            self.off(if since_start { self.least_off } else { days })
        } else {
            self.on(self.class[usize::from(last) - 1], days, since_start)
        }
    }

    /// The last day of a window and what stands behind it make legal runs.
    pub(crate) fn fits(&self, line: &[Cell], end: Day, state: usize) -> bool {
        let Some(&next) = line.get(end) else {
            return true;
        };
        let days = line[end..]
            .iter()
            .take_while(|&&cell| (cell == OFF) == (next == OFF))
            .count();
        let to_the_end = end + days == line.len();
        match (self.run(state), next) {
            (None, OFF) => to_the_end || state + 1 + days >= self.least_off,
            (None, _) => state + 1 == self.least_off && (to_the_end || days >= self.least_days),
            (Some((_, run, short)), OFF) => {
                (short || run >= self.least_days) && (to_the_end || days >= self.least_off)
            }
            (Some((class, run, short)), next) => {
                self.after[class] >> (next - 1) & 1 == 1
                    && run + days <= self.most_days
                    && (short || to_the_end || run + days >= self.least_days)
            }
        }
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
