//! The beginning: a line for everybody that keeps every rule.

use super::super::line::{OFF, Open, Reach, Window};
use super::super::problem::Day;
use super::{AT_ONCE, SHUT, Search, WINDOW};

/// How often one line is begun anew when its windows do not come together.
const BEGINNINGS: usize = 200;

impl Search {
    /// A first line for everybody; the one for whom there is none.
    pub(super) fn begin(&mut self) -> Result<(), usize> {
        for person in 0..self.lines.len() {
            if self.days <= AT_ONCE {
                self.begin_at_once(person).ok_or(person)?;
            } else {
                self.begin_by_windows(person).ok_or(person)?;
            }
        }
        Ok(())
    }

    /// A line of the whole period; other prices help where too many of a scarce shift stood in the way.
    fn begin_at_once(&mut self, person: usize) -> Option<()> {
        let whole = self.whole();
        (0..BEGINNINGS).find_map(|beginning| self.put_back(person, whole, noise(beginning)))
    }

    /// A long line, window by window. What must still come is known, so that no window leaves the next without a way; each
    /// takes its part of the work where it can.
    fn begin_by_windows(&mut self, person: usize) -> Option<()> {
        let cells = self.shifts + 1;
        let mut ends: Vec<Day> = (WINDOW..self.days).step_by(WINDOW).collect();
        ends.push(self.days);
        let wants = &self.wants[person];
        let open = |day: Day, shift: usize| wants[day * cells + shift + 1] != SHUT;
        let rules = &self.rules[person];
        let reach = Reach::all(rules, self.days, &ends, open);
        let free = |days: std::ops::Range<Day>| {
            let free = days.filter(|&day| (0..self.shifts).any(|shift| open(day, shift)));
            free.count()
        };
        let all_free = free(0..self.days).max(1);
        let parts: Vec<usize> = ends.iter().map(|&end| free(0..end)).collect();
        for beginning in 0..BEGINNINGS {
            self.lines[person].fill(OFF);
            let mut first = 0;
            let whole = ends
                .iter()
                .zip(&reach)
                .zip(&parts)
                .all(|((&end, reach), part)| {
                    let window = Window { first, end };
                    first = end;
                    self.price(person, window, noise(beginning));
                    if end == self.days {
                        return self.find(person, window, None).is_some();
                    }
                    let rules = &self.rules[person];
                    let slack = (1 + beginning) * rules.longest;
                    let paced = Open {
                        reach,
                        units: (
                            (rules.least * part / all_free).saturating_sub(slack),
                            (rules.most * part / all_free + slack).min(rules.most),
                        ),
                        weekends: (rules.most_weekends * end).div_ceil(self.days),
                        part: (end, self.days),
                    };
                    let at_will = Open {
                        units: (0, rules.most),
                        weekends: rules.most_weekends,
                        ..paced
                    };
                    self.find(person, window, Some(&paced)).is_some()
                        || self.find(person, window, Some(&at_will)).is_some()
                });
            if whole {
                self.count(person, self.whole(), true);
                return Some(());
            }
        }
        None
    }
}

fn noise(beginning: usize) -> i32 {
    beginning as i32 * 20
}
