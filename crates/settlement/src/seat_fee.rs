//! The seat fee of a month (座席服务费, A-64): one line for each seat and month, by one of three methods, from frozen
//! attendance.
//!
//! Pure. Everything is counted in half days and fen; a line is rounded once, half up, at its end. A line is never more
//! than one price of a month, and there are never more lines than seats: whoever overlaps with his successor fills the
//! seat once.

use std::collections::{BTreeMap, BTreeSet};

use calendar::Calendar;
use chrono::NaiveDate;
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::presence::{DayRecord, PresenceCount, PresenceKind};
use crate::term::{Month, Price, stretches};

/// Half days of a day.
const WHOLE: i64 = 2;

words! {
    /// How a part of a month is paid.
    ProRata {
        /// (a) 按月末在岗人数
        MonthEnd = "month_end",
        /// (b) 按工作日折算
        WorkingDays = "working_days",
        /// (c) 按自然日折算
        CalendarDays = "calendar_days",
    }
}

/// Which days are worked: the calendar, or the days a statement has kept of it.
pub trait Workdays {
    /// Whether this day is worked.
    fn is_workday(&self, day: NaiveDate) -> bool;
}

impl Workdays for Calendar {
    fn is_workday(&self, day: NaiveDate) -> bool {
        Calendar::is_workday(self, day)
    }
}

impl Workdays for BTreeSet<NaiveDate> {
    fn is_workday(&self, day: NaiveDate) -> bool {
        self.contains(&day)
    }
}

/// What a fee is counted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FeeRules)]
pub struct Rules {
    /// The method of the first month.
    pub method: ProRata,
    /// Seats of the contract.
    pub seats: i64,
    /// What counts as 到岗 in the first month.
    pub presence: Vec<PresenceCount>,
    /// The price table.
    pub prices: Vec<Price>,
    /// What both are from a later month on, the earliest first.
    #[serde(default)]
    pub changes: Vec<RuleChange>,
}

/// Method and table from the first day of a billing month on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FeeRuleChange)]
pub struct RuleChange {
    /// The first day they hold.
    pub from: NaiveDate,
    /// The method.
    pub method: ProRata,
    /// What counts as 到岗.
    pub presence: Vec<PresenceCount>,
}

impl Rules {
    /// Method and table that hold on a day.
    pub fn on(&self, day: NaiveDate) -> (ProRata, &[PresenceCount]) {
        let changed = self.changes.iter().rfind(|change| change.from <= day);
        changed.map_or((self.method, &self.presence), |change| {
            (change.method, &change.presence)
        })
    }
}

/// A line of the statement: one seat in one month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The month.
    pub month: Month,
    /// The seat, from 1.
    pub seat: i64,
    /// The price of a month that held on the last day of it, in fen.
    pub price_fen: i64,
    /// Half days that count.
    pub halves: i64,
    /// Half days of the whole month.
    pub of_halves: i64,
    /// In fen.
    pub amount_fen: i64,
    /// Days of the count on which the seat was not fully on post.
    pub short_days: Vec<NaiveDate>,
    /// Who filled it.
    pub people: Vec<String>,
    /// The attendance it was made of.
    pub evidence: Vec<Uuid>,
    /// The rule in words of numbers: `833333×28/42`, more with `+` where the price changed.
    pub rule: String,
}

/// `over` ÷ `under`, rounded half up; both are not negative.
fn half_up(over: i128, under: i128) -> i64 {
    let under = under.max(1);
    i64::try_from((2 * over + under) / (2 * under)).unwrap_or(i64::MAX)
}

/// Half days of each seat on each day. A person fills one seat at a time: of his records the first seats hold until he
/// has filled a day.
struct Filled {
    halves: BTreeMap<(i64, NaiveDate), i64>,
    overtime: BTreeMap<(i64, NaiveDate), i64>,
}

impl Filled {
    fn by(rules: &Rules, records: &[&DayRecord]) -> Self {
        let (mut halves, mut overtime) = (BTreeMap::new(), BTreeMap::new());
        let mut given: BTreeMap<(NaiveDate, &str), i64> = BTreeMap::new();
        for record in records {
            let mut table = rules.on(record.day).1.iter();
            let counted = table
                .find(|row| row.kind == record.presence)
                .map_or(0, |row| row.of(record.minutes));
            let given = given.entry((record.day, &record.person)).or_default();
            let counted = counted.min(WHOLE - *given).max(0);
            *given += counted;
            let into = if record.presence == PresenceKind::Overtime {
                &mut overtime
            } else {
                &mut halves
            };
            let seat: &mut i64 = into.entry((record.seat, record.day)).or_default();
            *seat = (*seat + counted).min(WHOLE);
        }
        Self { halves, overtime }
    }

    fn on(&self, seat: i64, day: NaiveDate) -> i64 {
        self.halves.get(&(seat, day)).copied().unwrap_or_default()
    }

    fn overtime(&self, seat: i64, month: &Month) -> i64 {
        let days = self
            .overtime
            .range((seat, month.from)..=(seat, month.until));
        days.map(|(_, halves)| halves).sum()
    }
}

/// The lines of these months for every seat of the contract, by seat and month. The order of `records`, and one that
/// comes twice, change nothing.
pub fn lines(
    calendar: &impl Workdays,
    rules: &Rules,
    months: &[Month],
    records: &[DayRecord],
) -> Vec<Line> {
    let mut sorted: BTreeMap<(NaiveDate, i64, Uuid), &DayRecord> = BTreeMap::new();
    for record in records {
        sorted.insert((record.day, record.seat, record.id), record);
    }
    let sorted: Vec<&DayRecord> = sorted.into_values().collect();
    let filled = Filled::by(rules, &sorted);
    let mut lines = Vec::new();
    for month in months {
        for seat in 1..=rules.seats {
            let mine = sorted.iter().copied().filter(|record| {
                record.seat == seat && (month.from..=month.until).contains(&record.day)
            });
            lines.push(line(calendar, rules, month, seat, &filled, mine));
        }
    }
    lines
}

fn line<'a>(
    calendar: &impl Workdays,
    rules: &Rules,
    month: &Month,
    seat: i64,
    filled: &Filled,
    records: impl Iterator<Item = &'a DayRecord>,
) -> Line {
    let (method, _) = rules.on(month.from);
    let days = counted_days(calendar, method, month, seat, filled);
    let of_halves = days.len() as i64 * WHOLE;
    let parts = stretches(&rules.prices, month);
    let price_fen = parts.last().map_or(0, |part| part.price_fen);
    let mut here: i64 = days.values().sum();
    // Overtime the purchaser agreed to makes up for days that are missing, at the price of the month's end: a line
    // stays within its month.
    let made_up = if method == ProRata::MonthEnd {
        0
    } else {
        filled.overtime(seat, month).min(of_halves - here)
    };
    here += made_up;
    let (mut over, mut words) = (i128::from(price_fen) * i128::from(made_up), Vec::new());
    for part in &parts {
        let halves: i64 = days.range(part.from..=part.until).map(|(_, h)| h).sum();
        over += i128::from(part.price_fen) * i128::from(halves);
        words.push(format!("{}×{halves}", part.price_fen));
    }
    if made_up > 0 {
        words.push(format!("{price_fen}×{made_up}"));
    }
    let (mut people, mut evidence) = (BTreeSet::new(), BTreeSet::new());
    for record in records {
        people.insert(record.person.clone());
        evidence.insert(record.id);
    }
    let short = days.iter().filter(|(_, halves)| **halves < WHOLE);
    Line {
        month: *month,
        seat,
        price_fen,
        halves: here,
        of_halves,
        amount_fen: half_up(over, i128::from(of_halves)),
        short_days: short.map(|(day, _)| *day).collect(),
        people: people.into_iter().collect(),
        evidence: evidence.into_iter().collect(),
        rule: format!("({})/{of_halves}", words.join("+")),
    }
}

/// The days a method counts, each with its half days on post.
fn counted_days(
    calendar: &impl Workdays,
    method: ProRata,
    month: &Month,
    seat: i64,
    filled: &Filled,
) -> BTreeMap<NaiveDate, i64> {
    let all = month.from.iter_days().take_while(|day| *day <= month.until);
    let worked: BTreeMap<NaiveDate, i64> = all
        .filter(|day| calendar.is_workday(*day))
        .map(|day| (day, filled.on(seat, day)))
        .collect();
    match method {
        ProRata::WorkingDays => worked,
        // On post at the last working day is on post for the month, be it half a day.
        ProRata::MonthEnd => worked
            .last_key_value()
            .map(|(day, halves)| (*day, if *halves > 0 { WHOLE } else { 0 }))
            .into_iter()
            .collect(),
        ProRata::CalendarDays => {
            let all = month.from.iter_days().take_while(|day| *day <= month.until);
            all.map(|day| {
                let halves = worked.get(&day).copied();
                (day, halves.unwrap_or_else(|| rest_day(&worked, day)))
            })
            .collect()
        }
    }
}

/// A day off within a vacancy is a day of the vacancy; one beside a day on post is not.
fn rest_day(worked: &BTreeMap<NaiveDate, i64>, day: NaiveDate) -> i64 {
    let before = worked.range(..day).next_back();
    let after = worked.range(day..).next();
    let on_post = |side: Option<(&NaiveDate, &i64)>| side.is_some_and(|(_, halves)| *halves > 0);
    if on_post(before) || on_post(after) {
        WHOLE
    } else {
        0
    }
}

/// The sum of the lines in fen.
pub fn total(lines: &[Line]) -> i64 {
    lines.iter().map(|line| line.amount_fen).sum()
}

/// What these months cost at most in fen: every seat on post, each month at the price of its last day.
pub fn forecast(prices: &[Price], seats: i64, months: &[Month]) -> i64 {
    let price = |month: &Month| {
        let parts = stretches(prices, month);
        parts.last().map_or(0, |part| part.price_fen)
    };
    months.iter().map(|month| price(month) * seats).sum()
}
