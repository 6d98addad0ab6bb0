//! The rules of a roster as data: each breach with its code, whom and when it is about, and a sentence
//! that explains it. Pure.

pub mod repair;

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Calendar, TimeOfDay};
use chrono::{Days, NaiveDate, Weekday};
use kernel::words;
use uuid::Uuid;

/// One kind of shift, with its turn at lunch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// `lunch_early`
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

    /// The hours of work in their order, lunch left out.
    pub fn hours(&self) -> Vec<(TimeOfDay, TimeOfDay)> {
        match self.lunch {
            Some((from, to)) => vec![(self.from, from), (to, self.to)],
            None => vec![(self.from, self.to)],
        }
    }

    /// Somebody on this shift is at the seat at this minute of the day.
    fn is_on(&self, minute: u16) -> bool {
        let within =
            |from: TimeOfDay, to: TimeOfDay| (from.minutes()..to.minutes()).contains(&minute);
        within(self.from, self.to) && !self.lunch.is_some_and(|(from, to)| within(from, to))
    }
}

fn length(from: TimeOfDay, to: TimeOfDay) -> i64 {
    i64::from(to.minutes()) - i64::from(from.minutes())
}

/// Half days are cut here.
pub const NOON: TimeOfDay = match TimeOfDay::new(12, 0) {
    Some(noon) => noon,
    None => panic!("twelve is a time of day"),
};

words! {
    /// Which part of a day somebody is away.
    DayPart {
        /// 全天
        Day = "day",
        /// 上午
        Morning = "morning",
        /// 下午
        Afternoon = "afternoon",
    }
}

impl DayPart {
    /// It covers this minute of the day.
    pub fn covers(self, minute: u16) -> bool {
        match self {
            Self::Day => true,
            Self::Morning => minute < NOON.minutes(),
            Self::Afternoon => minute >= NOON.minutes(),
        }
    }
}

/// What a roster is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterRules {
    /// Minutes between two shifts of one person.
    pub rest_minutes: i64,
    /// Days of work in a row.
    pub days_in_a_row: u32,
    /// Minutes of one person in a week of five working days from Monday on (劳动法 第三十六条). A week that holds a
    /// make-up workday has as much more: its rest day is given in another week.
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

impl RosterBreach {
    /// A roster that breaks it is not published; what is not hard needs a reason.
    pub fn is_hard(self) -> bool {
        !matches!(self, Self::LunchCover | Self::Seats)
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

    /// How far it is from what is allowed.
    pub fn depth(&self) -> i64 {
        (self.is - self.limit).abs()
    }
}

/// Who works which shift on which day; one shift of a person and day by its shape.
pub type Roster = BTreeMap<(NaiveDate, Uuid), Shift>;

/// Who is away on which day, and which part of it.
pub type Away = BTreeMap<(NaiveDate, Uuid), DayPart>;

/// What a roster is judged by.
pub type By<'a> = (&'a Calendar, &'a RosterRules);

/// A cell as it is to be: the shift, or none where somebody is taken off.
pub type Planned = ((NaiveDate, Uuid), Option<Shift>);

/// Every breach of a roster between two days, by day.
pub fn check(
    roster: &Roster,
    (from, to): (NaiveDate, NaiveDate),
    away: &Away,
    by: By<'_>,
) -> Vec<Breach> {
    let mut found = BTreeSet::new();
    for on in from.iter_days().take_while(|on| *on <= to) {
        of_day(roster, on, away, by, &mut found);
    }
    for &(on, user) in roster.range(between(from, to)).map(|(key, _)| key) {
        of_person(roster, (on, user), away, by, &mut found);
    }
    found.into_iter().collect()
}

fn between(from: NaiveDate, to: NaiveDate) -> std::ops::RangeInclusive<(NaiveDate, Uuid)> {
    (from, Uuid::nil())..=(to, Uuid::max())
}

/// What a change of these cells may break: the days themselves, and for their people the week before and after.
pub fn around(
    roster: &Roster,
    cells: &[(NaiveDate, Uuid)],
    away: &Away,
    by: By<'_>,
) -> Vec<Breach> {
    let mut found = BTreeSet::new();
    let days: BTreeSet<NaiveDate> = cells.iter().map(|(on, _)| *on).collect();
    for on in days {
        of_day(roster, on, away, by, &mut found);
    }
    let week = Days::new(7);
    let mut looked: BTreeSet<(NaiveDate, Uuid)> = BTreeSet::new();
    for &(on, user) in cells {
        let first = on.checked_sub_days(week).unwrap_or(on);
        for day in first.iter_days().take(15) {
            if roster.contains_key(&(day, user)) && looked.insert((day, user)) {
                of_person(roster, (day, user), away, by, &mut found);
            }
        }
    }
    found.into_iter().collect()
}

/// Of the breaches after a change those that were not there before, or not so bad.
pub fn worse(before: &[Breach], after: Vec<Breach>) -> Vec<Breach> {
    let known: BTreeMap<_, i64> = before
        .iter()
        .map(|one| ((one.day, one.rule, one.user_id), one.depth()))
        .collect();
    let new = |one: &Breach| {
        let was = known.get(&(one.day, one.rule, one.user_id));
        was.is_none_or(|depth| one.depth() > *depth)
    };
    after.into_iter().filter(new).collect()
}

/// The breaches of the day itself: its seats, and those that are held at lunch.
fn of_day(
    roster: &Roster,
    on: NaiveDate,
    away: &Away,
    (calendar, rules): By<'_>,
    found: &mut BTreeSet<Breach>,
) {
    if !calendar.is_workday(on) {
        return;
    }
    // Who is on leave holds no seat.
    let here: Vec<(&Shift, Option<DayPart>)> = roster
        .range(between(on, on))
        .map(|(key, shift)| (shift, away.get(key).copied()))
        .filter(|(_, part)| *part != Some(DayPart::Day))
        .collect();
    let mut say = |rule, is: usize, limit: usize| {
        if is < limit {
            found.insert(Breach {
                day: on,
                rule,
                user_id: None,
                is: is as i64,
                limit: limit as i64,
            });
        }
    };
    let without = |part| here.iter().filter(|(_, away)| *away != Some(part)).count();
    let fewest = without(DayPart::Morning).min(without(DayPart::Afternoon));
    say(RosterBreach::Seats, fewest, rules.seats);
    if let Some(least) = at_lunch(&here) {
        say(RosterBreach::LunchCover, least, rules.lunch_seats);
    }
}

/// The fewest who are at their seats at any minute of anybody's turn at lunch; none where nobody has one.
fn at_lunch(here: &[(&Shift, Option<DayPart>)]) -> Option<usize> {
    let turns: BTreeSet<(u16, u16)> = here
        .iter()
        .filter_map(|(shift, _)| shift.lunch)
        .map(|(from, to)| (from.minutes(), to.minutes()))
        .collect();
    let minutes: BTreeSet<u16> = turns.into_iter().flat_map(|(from, to)| from..to).collect();
    let held = |minute: u16| {
        let on = here.iter().filter(|(shift, away)| {
            shift.is_on(minute) && !away.is_some_and(|part| part.covers(minute))
        });
        on.count()
    };
    minutes.into_iter().map(held).min()
}

/// The breaches of one person's shift of a day.
fn of_person(
    roster: &Roster,
    (on, user): (NaiveDate, Uuid),
    away: &Away,
    (calendar, rules): By<'_>,
    found: &mut BTreeSet<Breach>,
) {
    let Some(shift) = roster.get(&(on, user)) else {
        return;
    };
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
    if away.get(&(on, user)) == Some(&DayPart::Day) {
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
    let week = || on.week(Weekday::Mon).first_day().iter_days().take(7);
    let minutes: i64 = week()
        .filter_map(|day| roster.get(&(day, user)))
        .map(Shift::minutes)
        .sum();
    let workdays = week().filter(|day| calendar.is_workday(*day)).count();
    let limit = rules.week_minutes * workdays.max(5) as i64 / 5;
    if minutes > limit {
        say(RosterBreach::WeekMinutes, minutes, limit);
    }
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
    away: &Away,
    gone: &[(NaiveDate, Uuid)],
    by: By<'_>,
) -> Vec<Breach> {
    let before = around(roster, gone, away, by);
    let mut thinner = roster.clone();
    for one in gone {
        thinner.remove(one);
    }
    worse(&before, around(&thinner, gone, away, by))
}

/// Why somebody may not take a shift on a day (为何不可排): the breaches that it would add, none where he may.
pub fn why_not(
    roster: &Roster,
    cell: (NaiveDate, Uuid),
    shift: &Shift,
    away: &Away,
    by: By<'_>,
) -> Vec<Breach> {
    let mut with = roster.clone();
    with.insert(cell, shift.clone());
    let before = around(roster, &[cell], away, by);
    worse(&before, around(&with, &[cell], away, by))
}

/// What would break if two people changed the shifts of two days (换班), checked at once: the breaches that are not
/// there without it. None where one of them has no shift to give.
pub fn swapped(
    roster: &Roster,
    (mine, theirs): ((NaiveDate, Uuid), (NaiveDate, Uuid)),
    away: &Away,
    by: By<'_>,
) -> Option<(Roster, Vec<Breach>)> {
    let mut after = roster.clone();
    let (given, taken) = (after.remove(&mine)?, after.remove(&theirs)?);
    // He who takes a shift must be free for it.
    if after.contains_key(&(mine.0, theirs.1)) || after.contains_key(&(theirs.0, mine.1)) {
        return None;
    }
    after.insert((mine.0, theirs.1), given);
    after.insert((theirs.0, mine.1), taken);
    let cells = [mine, theirs, (mine.0, theirs.1), (theirs.0, mine.1)];
    let before = around(roster, &cells, away, by);
    let new = worse(&before, around(&after, &cells, away, by));
    Some((after, new))
}
