//! The independent checker: reads a finished roster by the words of the rules, shares nothing with the solver, and names
//! every breach in a sentence.

use std::fmt;

use super::problem::{Day, Problem, Roster, is_weekend};

/// A hard rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Whose line.
    pub person: String,
    /// The day it shows on, where it has one.
    pub day: Option<Day>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            Some(day) => write!(f, "{}, day {day}: {}", self.person, self.what),
            None => write!(f, "{}: {}", self.person, self.what),
        }
    }
}

/// What a roster is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Hard rules that are broken.
    pub breaches: Vec<Breach>,
    /// Wishes not met, by their weight.
    pub wishes: u64,
    /// Missing and superfluous people, by their weight.
    pub cover: u64,
}

impl Verdict {
    /// Wishes and cover together: what is minimised.
    pub fn objective(&self) -> u64 {
        self.wishes + self.cover
    }
}

/// Runs of days that are alike: (first day, days, worked).
fn runs(worked: &[bool]) -> Vec<(Day, usize, bool)> {
    let mut runs: Vec<(Day, usize, bool)> = Vec::new();
    for (day, &works) in worked.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if run.2 == works => run.1 += 1,
            _ => runs.push((day, 1, works)),
        }
    }
    runs
}

/// Reads a roster by the rules.
pub fn check(problem: &Problem, roster: &Roster) -> Verdict {
    let mut breaches = Vec::new();
    if roster.0.len() != problem.people.len()
        || roster.0.iter().any(|line| line.len() != problem.days)
    {
        breaches.push(Breach {
            person: "roster".into(),
            day: None,
            what: "its size is not that of the period".into(),
        });
        return Verdict {
            breaches,
            wishes: 0,
            cover: 0,
        };
    }
    for (person, line) in problem.people.iter().zip(&roster.0) {
        let mut tell = |day: Option<Day>, what: String| {
            breaches.push(Breach {
                person: person.name.clone(),
                day,
                what,
            });
        };
        if line
            .iter()
            .flatten()
            .any(|&shift| usize::from(shift) >= problem.shifts.len())
        {
            tell(None, "a shift that does not exist".into());
            continue;
        }
        let of = |shift: u8| &problem.shifts[usize::from(shift)];
        for (day, pair) in line.windows(2).enumerate() {
            if let [Some(first), Some(next)] = pair
                && of(*first).not_before.contains(next)
            {
                let (first, next) = (&of(*first).name, &of(*next).name);
                tell(Some(day + 1), format!("{next} may not follow {first}"));
            }
        }
        for (shift, &most) in person.most_of.iter().enumerate() {
            let count = line
                .iter()
                .filter(|cell| cell.map(usize::from) == Some(shift))
                .count();
            if count > most as usize {
                let name = &problem.shifts[shift].name;
                tell(None, format!("{count} days of {name}, at most {most}"));
            }
        }
        let minutes: u32 = line.iter().flatten().map(|&shift| of(shift).minutes).sum();
        if minutes > person.most_minutes {
            tell(
                None,
                format!("{minutes} minutes, at most {}", person.most_minutes),
            );
        }
        if minutes < person.least_minutes {
            tell(
                None,
                format!("{minutes} minutes, at least {}", person.least_minutes),
            );
        }
        let worked: Vec<bool> = line.iter().map(Option::is_some).collect();
        for (first, days, works) in runs(&worked) {
            let inside = first > 0 && first + days < problem.days;
            if works && days > person.most_days as usize {
                tell(
                    Some(first),
                    format!("{days} days in a row, at most {}", person.most_days),
                );
            }
            if works && inside && days < person.least_days as usize {
                tell(
                    Some(first),
                    format!("{days} days in a row, at least {}", person.least_days),
                );
            }
            if !works && inside && days < person.least_off as usize {
                tell(
                    Some(first),
                    format!("{days} days off in a row, at least {}", person.least_off),
                );
            }
        }
        let weekends = worked
            .chunks(7)
            .filter(|week| week.iter().skip(5).any(|works| *works))
            .count();
        if weekends > person.most_weekends as usize {
            tell(
                None,
                format!("{weekends} weekends, at most {}", person.most_weekends),
            );
        }
        for &day in &person.off {
            if worked.get(day) == Some(&true) {
                tell(Some(day), "is off on this day".into());
            }
        }
    }
    debug_assert!(is_weekend(5) && is_weekend(6) && !is_weekend(7));
    let mut wishes = 0;
    for wish in &problem.wishes {
        let has = roster.0[wish.person][wish.day] == Some(wish.shift);
        wishes += u64::from(wish.weight) * u64::from(has != wish.wants);
    }
    let mut cover = 0;
    for need in &problem.cover {
        let there = roster
            .0
            .iter()
            .filter(|line| line[need.day] == Some(need.shift))
            .count() as u32;
        cover += u64::from(need.need.saturating_sub(there)) * u64::from(need.under);
        cover += u64::from(there.saturating_sub(need.need)) * u64::from(need.over);
    }
    Verdict {
        breaches,
        wishes,
        cover,
    }
}
