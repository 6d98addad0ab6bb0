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
        let kept = |on: NaiveDate, user: Uuid| book.roster.get(&(on, user));
        for on in &days {
            let here = people.iter().filter_map(|user| kept(*on, *user));
            codes.extend(here.map(|shift| shift.code.as_str()));
        }
        let codes: Vec<String> = codes.into_iter().map(str::to_owned).collect();
        let shifts = shifts(book, &codes);
        let id = |code: &str| codes.iter().position(|one| one == code);
        let is_open = |on: NaiveDate, user: Uuid| {
            month.has(on)
                && book.calendar.is_workday(on)
                && book.away.get(&(on, user)) != Some(&DayPart::Day)
        };
        let mut wishes = Vec::new();
        let mut lines = Vec::new();
        let open: i64 = people
            .iter()
            .map(|user| days.iter().filter(|on| is_open(**on, *user)).count() as i64)
            .sum();
        let workdays = days
            .iter()
            .filter(|on| month.has(**on) && book.calendar.is_workday(**on));
        let workdays = workdays.count() as i64;
        for (person, user) in people.iter().enumerate() {
            let mut off = Vec::new();
            let mut had = vec![0_u32; codes.len()];
            let mut minutes = 0;
            let mut free = 0;
            for (day, on) in days.iter().enumerate() {
                let held = kept(*on, *user).and_then(|shift| id(&shift.code));
                if let Some(shift) = held {
                    had[shift] += 1;
                    minutes += shifts[shift].minutes;
                    wishes.push(Wish {
                        person,
                        day,
                        shift: shift as ShiftId,
                        wants: true,
                        weight: KEPT,
                    });
                } else if is_open(*on, *user) {
                    free += 1;
                } else {
                    off.push(day);
                }
            }
            for (shift, code) in codes.iter().enumerate() {
                let weight = worn(before, &people, *user, code);
                let days = (0..days.len()).filter(|_| weight > 0);
                wishes.extend(days.map(|day| Wish {
                    person,
                    day,
                    shift: shift as ShiftId,
                    wants: false,
                    weight,
                }));
            }
            // His part of each shift, by the days he is there, and one day more.
            let part = |code: &String| {
                let need = book.shifts.get(code).map_or(0, |shift| shift.people);
                (need * workdays * free).div_ceil(open.max(1)) + 1
            };
            let most_of = codes.iter().zip(&had).map(|(code, had)| had + part(code) as u32);
            lines.push(Person {
                name: user.to_string(),
                most_of: most_of.collect(),
                most_minutes: minutes.max(most_minutes(book, &days)),
                least_minutes: 0,
                most_days: u32::from(book.terms.days_in_a_row),
                least_days: 1,
                least_off: 1,
                most_weekends: days.len() as u32,
                off,
            });
        }
        let cover = cover(book, month, &days, &codes);
        Self {
            problem: Problem {
                days: days.len(),
                shifts,
                people: lines,
                wishes,
                cover,
            },
            month,
            start,
            people,
            codes,
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

/// How many each working day wants of each shift.
fn cover(book: &Book, month: Month, days: &[NaiveDate], codes: &[String]) -> Vec<Cover> {
    let mut cover = Vec::new();
    for (day, on) in days.iter().enumerate() {
        if !month.has(*on) || !book.calendar.is_workday(*on) {
            continue;
        }
        for (shift, code) in codes.iter().enumerate() {
            let wanted = book.shifts.get(code).map_or(0, |shift| shift.people);
            cover.push(Cover {
                day,
                shift: shift as ShiftId,
                need: wanted as u32,
                under: MISSING,
                over: SURPLUS,
            });
        }
    }
    cover
}

/// The minutes of the period by the weeks in it.
fn most_minutes(book: &Book, days: &[NaiveDate]) -> u32 {
    let weeks = days.chunks(7).map(|week| {
        let workdays = week.iter().filter(|on| book.calendar.is_workday(**on));
        u32::from(book.terms.week_minutes) * (workdays.count() as u32).max(5) / 5
    });
    weeks.sum()
}

/// How much more often than others somebody had a shift: the fairness of the months before.
fn worn(before: &BTreeMap<(Uuid, String), i64>, people: &[Uuid], user: Uuid, code: &str) -> u32 {
    let had = |user: Uuid| before.get(&(user, code.to_owned())).copied().unwrap_or(0);
    let all: i64 = people.iter().map(|user| had(*user)).sum();
    let more = had(user) - all / (people.len() as i64).max(1);
    (more.max(0) as u32).min(MOST_WORN)
}
