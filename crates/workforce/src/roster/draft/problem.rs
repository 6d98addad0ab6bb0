//! A month as the roster solver reads it, and its answer read back. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, Weekday};
use planner::roster::{Cover, Person, Problem, Roster, Shift, ShiftId, Wish};
use uuid::Uuid;

use crate::roster::{Book, Month};
use crate::shift::{DayPart, check};

/// What a missing person costs, in the scale of wishes.
const MISSING: u32 = 100;
/// What one too many costs.
const SURPLUS: u32 = 1;
/// What it costs to change a cell that is kept: more than anything else of that day.
const KEPT: u32 = 1_000;
/// A shift that somebody had more often than others before costs so much each time, at most.
const MOST_WORN: u32 = 3;

/// A month to be solved: who, from which day on, with which shifts by their codes.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// What the solver reads; day 0 is a Monday.
    pub problem: Problem,
    month: Month,
    start: NaiveDate,
    people: Vec<Uuid>,
    codes: Vec<String>,
}

/// What the lines of all people are made of.
struct Frame<'a> {
    book: &'a Book,
    month: Month,
    days: Vec<NaiveDate>,
    codes: Vec<String>,
    shifts: Vec<Shift>,
    /// Working days of the month.
    workdays: i64,
    /// Days that people may be planned on, all of them together.
    open: i64,
}

impl Frame<'_> {
    fn is_workday(&self, on: NaiveDate) -> bool {
        self.month.has(on) && self.book.calendar.is_workday(on)
    }

    /// Somebody may be planned on the day.
    fn is_open(&self, on: NaiveDate, user: Uuid) -> bool {
        self.is_workday(on) && self.book.away.get(&(on, user)) != Some(&DayPart::Day)
    }

    /// The shift that is there already.
    fn kept(&self, on: NaiveDate, user: Uuid) -> Option<usize> {
        let shift = self.book.roster.get(&(on, user))?;
        self.codes.iter().position(|code| *code == shift.code)
    }

    /// How many a working day wants of the shift.
    fn wanted(&self, code: &str) -> i64 {
        self.book.shifts.get(code).map_or(0, |shift| shift.people)
    }

    /// The rules of one person, and his wishes: what is kept stays, what he had too often is avoided.
    fn line(&self, (person, user): (usize, Uuid), worn: &[u32]) -> (Person, Vec<Wish>) {
        let mut wishes = Vec::new();
        let mut off = Vec::new();
        let mut had = vec![0_u32; self.codes.len()];
        let (mut minutes, mut free) = (0, 0);
        for (day, on) in self.days.iter().enumerate() {
            let wish = |shift: usize, wants, weight| Wish {
                person,
                day,
                shift: shift as ShiftId,
                wants,
                weight,
            };
            if let Some(shift) = self.kept(*on, user) {
                had[shift] += 1;
                minutes += self.shifts[shift].minutes;
                wishes.push(wish(shift, true, KEPT));
            } else if self.is_open(*on, user) {
                free += 1;
                let worn = worn.iter().enumerate().filter(|(_, weight)| **weight > 0);
                wishes.extend(worn.map(|(shift, weight)| wish(shift, false, *weight)));
            } else {
                off.push(day);
            }
        }
        // His part of each shift, by the days he is there, and one day more.
        let open = self.open.max(1);
        let part = |code: &String| (self.wanted(code) * self.workdays * free + open - 1) / open + 1;
        let most_of = self.codes.iter().zip(&had);
        let most_of = most_of.map(|(code, had)| had + part(code) as u32);
        let person = Person {
            name: user.to_string(),
            most_of: most_of.collect(),
            most_minutes: most_minutes(self.book, &self.days).max(minutes),
            least_minutes: 0,
            most_days: u32::from(self.book.terms.days_in_a_row),
            least_days: 1,
            least_off: 1,
            most_weekends: self.days.len() as u32,
            off,
        };
        (person, wishes)
    }

    /// How many each working day wants of each shift.
    fn cover(&self) -> Vec<Cover> {
        let workdays = self.days.iter().enumerate();
        let workdays = workdays.filter(|(_, on)| self.is_workday(**on));
        let of_day = |(day, _): (usize, &NaiveDate)| {
            let codes = self.codes.iter().enumerate();
            let need = move |(shift, code): (usize, &String)| Cover {
                day,
                shift: shift as ShiftId,
                need: self.wanted(code) as u32,
                under: MISSING,
                over: SURPLUS,
            };
            codes.map(need).collect::<Vec<_>>()
        };
        workdays.flat_map(of_day).collect()
    }
}

impl Draft {
    /// The draft of a month: cells that are there and leave stay, days off stay free, each shift wants its people on each
    /// working day. `before` tells how often each person had each shift in the months before.
    pub fn of(
        book: &Book,
        month: Month,
        people: Vec<Uuid>,
        before: &BTreeMap<(Uuid, String), i64>,
    ) -> Self {
        let start = month.first().week(Weekday::Mon).first_day();
        let last = month.last();
        let days: Vec<NaiveDate> = start.iter_days().take_while(|on| *on <= last).collect();
        let wanted = book.shifts.values();
        let wanted = wanted.filter(|shift| !shift.archived && shift.people > 0);
        let mut codes: BTreeSet<&str> = wanted.map(|shift| shift.shape.code.as_str()).collect();
        for on in &days {
            let here = people
                .iter()
                .filter_map(|user| book.roster.get(&(*on, *user)));
            codes.extend(here.map(|shift| shift.code.as_str()));
        }
        let codes: Vec<String> = codes.into_iter().map(str::to_owned).collect();
        let mut frame = Frame {
            shifts: shifts(book, &codes),
            workdays: 0,
            open: 0,
            book,
            month,
            days,
            codes,
        };
        let workdays = frame.days.iter().filter(|on| frame.is_workday(**on));
        frame.workdays = workdays.count() as i64;
        let open = |on: &NaiveDate| {
            people
                .iter()
                .filter(|user| frame.is_open(*on, **user))
                .count()
        };
        frame.open = frame.days.iter().map(open).sum::<usize>() as i64;
        let worn = worn(before, &people);
        let (mut lines, mut wishes) = (Vec::new(), Vec::new());
        for (person, user) in people.iter().enumerate() {
            let codes = frame.codes.iter();
            let worn: Vec<u32> = codes
                .map(|code| worn.get(&(*user, code.clone())).copied().unwrap_or(0))
                .collect();
            let (line, his) = frame.line((person, *user), &worn);
            lines.push(line);
            wishes.extend(his);
        }
        let problem = Problem {
            days: frame.days.len(),
            cover: frame.cover(),
            shifts: frame.shifts,
            people: lines,
            wishes,
        };
        Self {
            problem,
            month,
            start,
            people,
            codes: frame.codes,
        }
    }

    /// The cells of the month that the answer adds to what was kept; one that breaks a hard rule is left out.
    pub fn read(&self, answer: &Roster, book: &Book) -> Vec<((NaiveDate, Uuid), String)> {
        let mut added = BTreeMap::new();
        let mut after = book.clone();
        for (user, line) in self.people.iter().zip(&answer.0) {
            for (day, shift) in line.iter().enumerate() {
                let Some(on) = self.start.checked_add_days(Days::new(day as u64)) else {
                    continue;
                };
                let key = (on, *user);
                let open = self.month.has(on) && !book.roster.contains_key(&key);
                let Some(shift) = shift.filter(|_| open) else {
                    continue;
                };
                let code = &self.codes[usize::from(shift)];
                if let Some(known) = book.shifts.get(code) {
                    after.roster.insert(key, known.shape.clone());
                    added.insert(key, code.clone());
                }
            }
        }
        // Minutes of a week are not a rule of the solver: what passes them goes, the last day first.
        loop {
            let days = (self.month.first(), self.month.last());
            let broken = check(&after.roster, days, &after.away, after.by());
            let hard = broken.iter().rev().filter(|one| one.rule.is_hard());
            let mut gone = BTreeSet::new();
            for one in hard {
                let Some(user) = one.user_id else { continue };
                let key = (one.day, user);
                if gone.insert(user) && added.remove(&key).is_some() {
                    after.roster.remove(&key);
                } else {
                    gone.remove(&user);
                }
            }
            if gone.is_empty() {
                return added.into_iter().collect();
            }
        }
    }
}

/// The shifts of these codes, each with those that may not follow it for want of rest.
fn shifts(book: &Book, codes: &[String]) -> Vec<Shift> {
    let shapes: Vec<_> = codes
        .iter()
        .filter_map(|code| book.shifts.get(code))
        .map(|shift| &shift.shape)
        .collect();
    let rest = i64::from(book.terms.rest_minutes);
    let shift = |one: &&crate::shift::Shift| {
        let too_soon = |next: &crate::shift::Shift| {
            24 * 60 - i64::from(one.to.minutes()) + i64::from(next.from.minutes()) < rest
        };
        let not_before = shapes.iter().enumerate();
        let not_before = not_before.filter(|(_, next)| too_soon(next));
        Shift {
            name: one.code.clone(),
            minutes: one.minutes() as u32,
            not_before: not_before.map(|(at, _)| at as ShiftId).collect(),
        }
    };
    shapes.iter().map(shift).collect()
}

/// The minutes of the period by the weeks in it.
fn most_minutes(book: &Book, days: &[NaiveDate]) -> u32 {
    let weeks = days.chunks(7).map(|week| {
        let workdays = week.iter().filter(|on| book.calendar.is_workday(**on));
        u32::from(book.terms.week_minutes) * (workdays.count() as u32).max(5) / 5
    });
    weeks.sum()
}

/// How much more often than others each person had each shift: the fairness of the months before.
fn worn(had: &BTreeMap<(Uuid, String), i64>, people: &[Uuid]) -> BTreeMap<(Uuid, String), u32> {
    let of_now = || had.iter().filter(|((user, _), _)| people.contains(user));
    let mut all: BTreeMap<&str, i64> = BTreeMap::new();
    for ((_, code), days) in of_now() {
        *all.entry(code).or_default() += days;
    }
    let people = (people.len() as i64).max(1);
    let more = |(key, days): (&(Uuid, String), &i64)| {
        let mean = all.get(key.1.as_str()).copied().unwrap_or(0) / people;
        (key.clone(), ((days - mean).max(0) as u32).min(MOST_WORN))
    };
    of_now().map(more).collect()
}
