//! The text format of the public instances of Curtois and Qu (2014).

use std::collections::HashMap;
use std::fmt;

use super::problem::{Cover, Day, Person, Problem, Shift, ShiftId, Wish};

/// What cannot be read, by its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Line of the text, from 1; 0 for the text as a whole.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for Unreadable {}

/// The most days, people and shifts that are read.
const MOST_DAYS: usize = 1_000;
const MOST_PEOPLE: usize = 5_000;
const MOST_SHIFTS: usize = 64;
/// The longest shift, and what the lengths of all must be multiples of.
const MOST_MINUTES: u32 = 1_440;
const GRAIN: u32 = 5;
/// The largest weight.
const MOST_WEIGHT: u32 = 1_000_000;

struct Reader {
    problem: Problem,
    people: HashMap<String, usize>,
    shifts: HashMap<String, ShiftId>,
    /// Names that may not follow, until all shifts are known.
    follow: Vec<(usize, Vec<String>)>,
}

/// Reads an instance.
pub fn read(text: &str) -> Result<Problem, Unreadable> {
    let mut reader = Reader {
        problem: Problem::default(),
        people: HashMap::new(),
        shifts: HashMap::new(),
        follow: Vec::new(),
    };
    let mut section = String::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("SECTION_") {
            line.clone_into(&mut section);
            continue;
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        reader
            .line(&section, &fields)
            .map_err(|what| Unreadable { line: at + 1, what })?;
    }
    reader.done().map_err(|what| Unreadable { line: 0, what })
}

impl Reader {
    fn line(&mut self, section: &str, fields: &[&str]) -> Result<(), String> {
        match section {
            "SECTION_HORIZON" | "SECTION_SHIFTS" if !self.problem.people.is_empty() => {
                Err(format!("{section} after the people"))
            }
            "SECTION_HORIZON" => {
                self.problem.days = number(fields, 0)? as usize;
                within("days", self.problem.days, MOST_DAYS)
            }
            "SECTION_SHIFTS" => self.shift(fields),
            "SECTION_STAFF" => self.person(fields),
            "SECTION_DAYS_OFF" => {
                let person = self.who(fields)?;
                for at in 1..fields.len() {
                    let day = self.day(fields, at)?;
                    self.problem.people[person].off.push(day);
                }
                Ok(())
            }
            "SECTION_SHIFT_ON_REQUESTS" => self.wish(fields, true),
            "SECTION_SHIFT_OFF_REQUESTS" => self.wish(fields, false),
            "SECTION_COVER" => {
                let cover = Cover {
                    day: self.day(fields, 0)?,
                    shift: self.which(field(fields, 1)?)?,
                    need: up_to("people needed", number(fields, 2)?, MOST_PEOPLE as u32)?,
                    under: up_to("weight", number(fields, 3)?, MOST_WEIGHT)?,
                    over: up_to("weight", number(fields, 4)?, MOST_WEIGHT)?,
                };
                self.problem.cover.push(cover);
                Ok(())
            }
            other => Err(format!("a line in the section \"{other}\"")),
        }
    }

    fn shift(&mut self, fields: &[&str]) -> Result<(), String> {
        let name = field(fields, 0)?;
        let at = self.problem.shifts.len();
        within("shifts", at + 1, MOST_SHIFTS)?;
        if self.shifts.insert(name.to_owned(), at as ShiftId).is_some() {
            return Err(format!("the shift {name} for the second time"));
        }
        self.problem.shifts.push(Shift {
            name: name.to_owned(),
            minutes: up_to("minutes of a shift", number(fields, 1)?, MOST_MINUTES)?,
            not_before: Vec::new(),
        });
        let names = fields.get(2).copied().unwrap_or_default();
        let names = names
            .split('|')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        self.follow.push((at, names.map(str::to_owned).collect()));
        Ok(())
    }

    fn person(&mut self, fields: &[&str]) -> Result<(), String> {
        let name = field(fields, 0)?;
        let at = self.problem.people.len();
        within("people", at + 1, MOST_PEOPLE)?;
        if self.people.insert(name.to_owned(), at).is_some() {
            return Err(format!("{name} for the second time"));
        }
        // A shift that is not named is not limited.
        let mut most_of = vec![self.problem.days as u32; self.problem.shifts.len()];
        for limit in field(fields, 1)?
            .split('|')
            .filter(|limit| !limit.is_empty())
        {
            let (shift, most) = limit
                .split_once('=')
                .ok_or_else(|| format!("the limit {limit}"))?;
            let most = most
                .trim()
                .parse()
                .map_err(|_| format!("the limit {limit}"))?;
            most_of[usize::from(self.which(shift.trim())?)] = most;
        }
        self.problem.people.push(Person {
            name: name.to_owned(),
            most_of,
            most_minutes: number(fields, 2)?,
            least_minutes: number(fields, 3)?,
            most_days: number(fields, 4)?,
            least_days: number(fields, 5)?,
            least_off: number(fields, 6)?,
            most_weekends: number(fields, 7)?,
            off: Vec::new(),
        });
        Ok(())
    }

    fn wish(&mut self, fields: &[&str], wants: bool) -> Result<(), String> {
        let wish = Wish {
            person: self.who(fields)?,
            day: self.day(fields, 1)?,
            shift: self.which(field(fields, 2)?)?,
            wants,
            weight: up_to("weight", number(fields, 3)?, MOST_WEIGHT)?,
        };
        self.problem.wishes.push(wish);
        Ok(())
    }

    fn who(&self, fields: &[&str]) -> Result<usize, String> {
        let name = field(fields, 0)?;
        let found = self.people.get(name).copied();
        found.ok_or_else(|| format!("{name} is not among the staff"))
    }

    fn which(&self, name: &str) -> Result<ShiftId, String> {
        let found = self.shifts.get(name).copied();
        found.ok_or_else(|| format!("{name} is not among the shifts"))
    }

    fn day(&self, fields: &[&str], at: usize) -> Result<Day, String> {
        let day = number(fields, at)? as usize;
        if day < self.problem.days {
            Ok(day)
        } else {
            Err(format!("day {day} is not in the period"))
        }
    }

    fn done(mut self) -> Result<Problem, String> {
        for (at, names) in std::mem::take(&mut self.follow) {
            for name in names {
                let shift = self.which(&name)?;
                self.problem.shifts[at].not_before.push(shift);
            }
        }
        if let Some(shift) = self
            .problem
            .shifts
            .iter()
            .find(|shift| !shift.minutes.is_multiple_of(GRAIN))
        {
            return Err(format!(
                "the shift {} has {} minutes; lengths are multiples of {GRAIN}",
                shift.name, shift.minutes
            ));
        }
        let whole = self.problem.days > 0
            && !self.problem.shifts.is_empty()
            && !self.problem.people.is_empty();
        if whole {
            Ok(self.problem)
        } else {
            Err("no days, no shifts or no staff".into())
        }
    }
}

fn field<'a>(fields: &[&'a str], at: usize) -> Result<&'a str, String> {
    let found = fields.get(at).copied().filter(|field| !field.is_empty());
    found.ok_or_else(|| format!("field {} is missing", at + 1))
}

fn number(fields: &[&str], at: usize) -> Result<u32, String> {
    let text = field(fields, at)?;
    text.parse().map_err(|_| format!("\"{text}\" is no number"))
}

fn up_to(what: &str, is: u32, most: u32) -> Result<u32, String> {
    if is <= most {
        Ok(is)
    } else {
        Err(format!("{is} {what}, at most {most}"))
    }
}

fn within(what: &str, is: usize, most: usize) -> Result<(), String> {
    if is <= most {
        Ok(())
    } else {
        Err(format!("{is} {what}, at most {most}"))
    }
}
