//! What is left to come of a long line that is found window by window: from which states, with how many weekends left, it
//! can still be brought to its end, and with how much work.

use super::super::problem::{Day, is_weekend};
use super::rules::Rules;

/// Units of work from a day to the end, at least and at most; nothing where the first is greater.
type Range = (u32, u32);
const NOTHING: Range = (u32::MAX, 0);

/// The work that can follow the end of a window.
#[derive(Debug)]
pub(crate) struct Reach {
    layers: usize,
    /// By state and weekends left.
    ranges: Vec<Range>,
}

impl Reach {
    /// For each of the days, which ascend, what can follow from it on. `open` tells whether a shift may be worked on a day.
    pub(crate) fn all(
        rules: &Rules,
        days: Day,
        ends: &[Day],
        open: impl Fn(Day, usize) -> bool,
    ) -> Vec<Self> {
        let layers = rules.most_weekends.min(days.div_ceil(7)) + 1;
        let mut next = vec![(0, 0); rules.states() * layers];
        let mut found = Vec::new();
        let mut wanted = ends.iter().rev().peekable();
        for day in (0..=days).rev() {
            if day < days {
                next = step(rules, &next, layers, day, &open);
            }
            if wanted.next_if_eq(&&day).is_some() {
                found.push(Self {
                    layers,
                    ranges: next.clone(),
                });
            }
        }
        found.reverse();
        found
    }

    /// So many units are enough, and not too many, with so many weekends left.
    pub(crate) fn can_end(
        &self,
        rules: &Rules,
        state: usize,
        weekends: usize,
        units: usize,
    ) -> bool {
        let (low, high) = self.ranges[state * self.layers + weekends.min(self.layers - 1)];
        low <= high && units + high as usize >= rules.least && units + low as usize <= rules.most
    }
}

fn step(
    rules: &Rules,
    next: &[Range],
    layers: usize,
    day: Day,
    open: &impl Fn(Day, usize) -> bool,
) -> Vec<Range> {
    let mut now = vec![NOTHING; next.len()];
    let groups: Vec<_> = rules
        .groups
        .iter()
        .filter(|group| group.shifts.iter().any(|&shift| open(day, shift)))
        .collect();
    for state in 0..rules.states() {
        let run = rules.run(state);
        let now = &mut now[state * layers..][..layers];
        let mut take = |target: usize, weekend: bool, length: usize| {
            let up = usize::from(weekend);
            for left in up..layers {
                let (low, high) = next[target * layers + left - up];
                if low <= high {
                    let length = length as u32;
                    now[left].0 = now[left].0.min(low + length);
                    now[left].1 = now[left].1.max(high + length);
                }
            }
        };
        let may_rest = run.is_none_or(|(_, worked, short)| short || worked >= rules.least_days);
        if may_rest {
            let off = if run.is_none() { state + 2 } else { 1 };
            take(rules.off(off), false, 0);
        }
        for group in &groups {
            match run {
                None if state + 1 == rules.least_off => {
                    take(
                        rules.on(group.class, 1, day == 0),
                        is_weekend(day),
                        group.length,
                    );
                }
                Some((class, worked, short))
                    if worked < rules.most_days
                        && rules.sets[group.before].classes >> class & 1 == 1 =>
                {
                    let target = rules.on(group.class, worked + 1, short);
                    take(target, day % 7 == 5, group.length);
                }
                _ => {}
            }
        }
    }
    now
}
