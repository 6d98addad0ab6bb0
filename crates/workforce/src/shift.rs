//! The rules of a roster as data: each breach with its code, whom and when it is about, and a sentence
//! that explains it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Calendar, TimeOfDay};
use chrono::{Days, NaiveDate};
use kernel::words;
use uuid::Uuid;

/// One kind of shift, with its turn at lunch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// `early`
    pub code: String,
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends, on the same day.
    pub to: TimeOfDay,
    /// The turn at lunch; none for a shift that is shorter.
    pub lunch: Option<(TimeOfDay, TimeOfDay)>,
}

impl Shift {
    /// Minutes of work, lunch left out.
    pub fn minutes(&self) -> i64 {
        let lunch = self.lunch.map_or(0, |(from, to)| length(from, to));
        length(self.from, self.to) - lunch
    }

    /// Somebody on this shift is at the seat at this minute of the day.
    fn is_on(&self, minute: i64) -> bool {
        let within = |from: TimeOfDay, to: TimeOfDay| {
            (i64::from(from.minutes())..i64::from(to.minutes())).contains(&minute)
        };
        within(self.from, self.to) && !self.lunch.is_some_and(|(from, to)| within(from, to))
    }
}

fn length(from: TimeOfDay, to: TimeOfDay) -> i64 {
    i64::from(to.minutes()) - i64::from(from.minutes())
}

/// What a roster is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterRules {
    /// Minutes between two shifts of one person.
    pub rest_minutes: i64,
    /// Days of work in a row.
    pub days_in_a_row: u32,
    /// Minutes of one person in a week from Monday on (劳动法 第三十六条).
    pub week_minutes: i64,
    /// Seats that are held at any minute while people are at lunch.
    pub lunch_seats: usize,
    /// Seats of a working day.
    pub seats: usize,
}

impl Default for RosterRules {
    fn default() -> Self {
        Self {
            rest_minutes: 11 * 60,
            days_in_a_row: 6,
            week_minutes: 40 * 60,
            lunch_seats: 2,
            seats: 6,
        }
    }
}

words! {
    /// A rule that a roster breaks.
    RosterBreach {
        /// 间隔休息不足
        Rest = "rest",
        /// 连续工作天数过多
        DaysInARow = "days_in_a_row",
        /// 周工时过长
        WeekMinutes = "week_minutes",
        /// 午间在岗不足
        LunchCover = "lunch_cover",
        /// 当日人数不足
        Seats = "seats",
        /// 非工作日排班
        DayOff = "day_off",
        /// 请假期间排班
        OnLeave = "on_leave",
    }
}

/// A breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// The day it shows on.
    pub day: NaiveDate,
    /// Which rule.
    pub rule: RosterBreach,
    /// Who, where it is about one person.
    pub user_id: Option<Uuid>,
    /// What there is.
    pub is: i64,
    /// What is allowed or needed.
    pub limit: i64,
}

impl Breach {
    /// Why not, in a sentence.
    pub fn explain(&self) -> String {
        let (day, is, limit) = (self.day, self.is, self.limit);
        match self.rule {
            RosterBreach::Rest => {
                format!("{is} minutes of rest before the shift of {day}, {limit} are needed")
            }
            RosterBreach::DaysInARow => {
                format!("{day} is day {is} of work in a row, {limit} are allowed")
            }
            RosterBreach::WeekMinutes => {
                format!("{is} minutes of work in the week of {day}, {limit} are allowed")
            }
            RosterBreach::LunchCover => {
                format!("{is} seats are held during a turn at lunch on {day}, {limit} are needed")
            }
            RosterBreach::Seats => format!("{is} people on {day}, {limit} are needed"),
            RosterBreach::DayOff => format!("{day} is a day off; work on it is overtime"),
            RosterBreach::OnLeave => format!("he is on leave on {day}"),
        }
    }
}

/// Who works which shift on which day; one shift of a person and day by its shape.
pub type Roster = BTreeMap<(NaiveDate, Uuid), Shift>;

/// Every breach of a roster between two days, by day; `leave` holds the days of people who are away.
pub fn check(
    roster: &Roster,
    (from, to): (NaiveDate, NaiveDate),
    leave: &BTreeSet<(NaiveDate, Uuid)>,
    (calendar, rules): (&Calendar, &RosterRules),
) -> Vec<Breach> {
    let mut found = BTreeSet::new();
    for on in from.iter_days().take_while(|on| *on <= to) {
        let here: Vec<&Shift> = roster
            .range((on, Uuid::nil())..=(on, Uuid::max()))
            // Who is on leave holds no seat.
            .filter(|(key, _)| !leave.contains(*key))
            .map(|(_, shift)| shift)
            .collect();
        let mut say = |rule, is: usize, limit: usize| {
            found.insert(Breach {
                day: on,
                rule,
                user_id: None,
                is: is as i64,
                limit: limit as i64,
            });
        };
        if calendar.is_workday(on) {
            if here.len() < rules.seats {
                say(RosterBreach::Seats, here.len(), rules.seats);
            }
            if let Some(least) = at_lunch(&here)
                && least < rules.lunch_seats
            {
                say(RosterBreach::LunchCover, least, rules.lunch_seats);
            }
        }
    }
    for (&(on, user), shift) in roster.range((from, Uuid::nil())..=(to, Uuid::max())) {
        let mut say = |rule, is: i64, limit: i64| {
            found.insert(Breach {
                day: on,
                rule,
                user_id: Some(user),
                is,
                limit,
            });
        };
        if !calendar.is_workday(on) {
            say(RosterBreach::DayOff, 1, 0);
        }
        if leave.contains(&(on, user)) {
            say(RosterBreach::OnLeave, 1, 0);
        }
        if let Some(before) = on.pred_opt().and_then(|day| roster.get(&(day, user))) {
            let rest = 24 * 60 + length(before.to, shift.from);
            if rest < rules.rest_minutes {
                say(RosterBreach::Rest, rest, rules.rest_minutes);
            }
        }
        let row = days_in_a_row(roster, on, user);
        if row > i64::from(rules.days_in_a_row) {
            say(RosterBreach::DaysInARow, row, rules.days_in_a_row.into());
        }
        let week = on.week(chrono::Weekday::Mon);
        let minutes: i64 = week
            .first_day()
            .iter_days()
            .take(7)
            .filter_map(|day| roster.get(&(day, user)))
            .map(Shift::minutes)
            .sum();
        if minutes > rules.week_minutes {
            say(RosterBreach::WeekMinutes, minutes, rules.week_minutes);
        }
    }
    found.into_iter().collect()
}

/// The fewest who are at their seats at any minute of anybody's turn at lunch; none where nobody has one.
fn at_lunch(here: &[&Shift]) -> Option<usize> {
    let turns = here.iter().filter_map(|shift| shift.lunch);
    let minutes = turns.flat_map(|(from, to)| from.minutes()..to.minutes());
    minutes
        .map(|minute| {
            let on = here.iter().filter(|shift| shift.is_on(minute.into()));
            on.count()
        })
        .min()
}

fn days_in_a_row(roster: &Roster, on: NaiveDate, user: Uuid) -> i64 {
    let mut row = 0;
    let mut day = Some(on);
    // A longer row than a month of work is said to be a month.
    while let Some(worked) = day.filter(|day| row < 31 && roster.contains_key(&(*day, user))) {
        row += 1;
        day = worked.checked_sub_days(Days::new(1));
    }
    row
}

/// What would break if these people were away on these days as well (再少一人会怎样): the breaches that are not there
/// without it.
pub fn what_if(
    roster: &Roster,
    days: (NaiveDate, NaiveDate),
    leave: &BTreeSet<(NaiveDate, Uuid)>,
    away: &[(NaiveDate, Uuid)],
    by: (&Calendar, &RosterRules),
) -> Vec<Breach> {
    let before = check(roster, days, leave, by);
    let mut thinner = roster.clone();
    for one in away {
        thinner.remove(one);
    }
    let after = check(&thinner, days, leave, by);
    after
        .into_iter()
        .filter(|one| !before.contains(one))
        .collect()
}

/// What would break if two people changed the shifts of two days (换班), checked at once: the breaches that are not
/// there without it. None where one of them has no shift to give.
pub fn swapped(
    roster: &Roster,
    (mine, theirs): ((NaiveDate, Uuid), (NaiveDate, Uuid)),
    leave: &BTreeSet<(NaiveDate, Uuid)>,
    by: (&Calendar, &RosterRules),
) -> Option<(Roster, Vec<Breach>)> {
    let mut after = roster.clone();
    let (given, taken) = (after.remove(&mine)?, after.remove(&theirs)?);
    // He who takes a shift must be free for it.
    if after.contains_key(&(mine.0, theirs.1)) || after.contains_key(&(theirs.0, mine.1)) {
        return None;
    }
    after.insert((mine.0, theirs.1), given);
    after.insert((theirs.0, mine.1), taken);
    let (first, last) = (mine.0.min(theirs.0), mine.0.max(theirs.0));
    let around = Days::new(7);
    let days = (
        first.checked_sub_days(around)?,
        last.checked_add_days(around)?,
    );
    let before = check(roster, days, leave, by);
    let breaches = check(&after, days, leave, by);
    let new = breaches
        .into_iter()
        .filter(|one| !before.contains(one))
        .collect();
    Some((after, new))
}
