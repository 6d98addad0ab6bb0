//! The day as it goes: what was forecast for each half hour, what came, what the rest is expected to bring, how many
//! people that needs, how many are there, and what can be done where they are too few. Pure but for [`load`], [`terms`] and [`http`].

pub mod http;
pub mod load;
pub mod terms;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use kernel::words;
use planner::forecast::{History, Model, intraday};
use planner::staffing::{Load, Targets, agents_for};

/// Minutes of a bin.
pub const BIN: u32 = 30;
/// Bins of a day.
pub const BINS: usize = 48;

/// What one half hour of a day brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HalfHour {
    /// The day.
    pub day: NaiveDate,
    /// Its number in the day, from 0.
    pub half_hour: usize,
    /// Calls that came.
    pub calls: i64,
    /// Of them those that somebody answered.
    pub handled: i64,
    /// Seconds of talk and wrap-up of those.
    pub handle_seconds: i64,
}

words! {
    /// What can be done where too few people are there.
    ShortfallAnswer {
        /// 调整午休、小休
        MoveBreak = "move_break",
        /// 加班
        Overtime = "overtime",
        /// 转回呼
        Callback = "callback",
    }
}

impl ShortfallAnswer {
    /// The page of the console on which it is done.
    pub fn page(self) -> &'static str {
        match self {
            Self::MoveBreak => "/roster",
            Self::Overtime => "/overtime",
            Self::Callback => "/callbacks",
        }
    }
}

/// What a half hour is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aim {
    /// So large a share of the calls, in basis points,
    pub share_bp: u16,
    /// answered within so many seconds.
    pub seconds: u16,
    /// Average handle time where nothing was handled yet, in seconds.
    pub aht: u16,
}

/// One half hour of today.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// When it begins, in Guangzhou.
    pub from: NaiveDateTime,
    /// What was forecast in the morning; none without enough history.
    pub forecast: Option<f64>,
    /// What is expected now, for half hours that are not over.
    pub expected: Option<f64>,
    /// What came; of the half hour that runs, so far.
    pub actual: Option<i64>,
    /// People that are needed for what is expected.
    pub needed: Option<u32>,
    /// People whose hours they are.
    pub planned: u32,
}

/// Half hours in a row for which too few people are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Shortfall {
    /// When it begins.
    pub from: NaiveDateTime,
    /// When it is over.
    pub until: NaiveDateTime,
    /// How many people are missing, where it is worst.
    pub missing: u32,
    /// What can be done.
    pub answers: Vec<ShortfallAnswer>,
}

/// What a day is looked at by.
#[derive(Debug, Clone, Copy)]
pub struct Today<'a> {
    /// Now, in Guangzhou.
    pub now: NaiveDateTime,
    /// Half hours of earlier days.
    pub history: &'a [HalfHour],
    /// Half hours of today.
    pub today: &'a [HalfHour],
    /// People whose hours cover each half hour of today.
    pub planned: &'a [u32; BINS],
    /// People who are at lunch in each half hour of today.
    pub at_lunch: &'a [u32; BINS],
    /// What is to be reached.
    pub aim: Aim,
}

impl Today<'_> {
    fn bin(&self) -> usize {
        use chrono::Timelike as _;
        (self.now.hour() * 2 + self.now.minute() / BIN) as usize
    }

    /// When a bin of today begins.
    fn start(&self, bin: usize) -> NaiveDateTime {
        self.now.date().and_time(NaiveTime::MIN) + TimeDelta::minutes(bin as i64 * i64::from(BIN))
    }

    fn came(&self, bin: usize) -> i64 {
        let mut all = self.today.iter();
        all.find(|one| one.half_hour == bin)
            .map_or(0, |one| one.calls)
    }

    /// The average handle time in seconds, of today and before.
    pub fn aht(&self) -> f64 {
        let all = || self.history.iter().chain(self.today);
        let handled: i64 = all().map(|one| one.handled).sum();
        let seconds: i64 = all().map(|one| one.handle_seconds).sum();
        if handled > 0 && seconds > 0 {
            seconds as f64 / handled as f64
        } else {
            f64::from(self.aim.aht)
        }
    }

    /// What the day was expected to bring by bins, and what the bins that are not over are expected to bring by now.
    fn forecast(&self) -> Option<([f64; BINS], [f64; BINS])> {
        let counts = self.history.iter().map(|one| {
            let minutes = TimeDelta::minutes(one.half_hour as i64 * i64::from(BIN));
            (one.day.and_time(NaiveTime::MIN) + minutes, one.calls as f64)
        });
        let history = History::of(counts, BIN).ok()?;
        let model = Model::learn(&history, &[]);
        let means = model.means(self.now.date());
        let first = history.first_bin;
        let over = self.bin().saturating_sub(first).min(means.len());
        let so_far: Vec<f64> = (first..first + over)
            .map(|bin| self.came(bin) as f64)
            .collect();
        let (mut morning, mut now) = ([0.0; BINS], [0.0; BINS]);
        for (at, mean) in means.iter().enumerate() {
            morning[first + at] = *mean;
        }
        for (at, mean) in intraday(&means, &so_far).iter().enumerate() {
            now[first + over + at] = *mean;
        }
        Some((morning, now))
    }

    /// The half hours from the first to the last that anybody works in or calls come in.
    pub fn outlook(&self) -> Vec<Outlook> {
        let forecast = self.forecast();
        let (aht, running) = (self.aht(), self.bin());
        let targets = Targets {
            service_level: Some((
                f64::from(self.aim.share_bp) / 10_000.0,
                f64::from(self.aim.seconds),
            )),
            ..Targets::default()
        };
        let of = |bin: usize| {
            let expected = forecast.as_ref().map(|found| found.1[bin]);
            let expected = expected.filter(|_| bin >= running);
            let needed = expected.and_then(|calls| {
                let load = Load::of_interval(calls, f64::from(BIN) * 60.0, aht, None);
                if calls < 0.5 {
                    Some(0)
                } else {
                    agents_for(load, &targets)
                }
            });
            Outlook {
                from: self.start(bin),
                forecast: forecast.as_ref().map(|found| found.0[bin]),
                expected,
                actual: (bin <= running).then(|| self.came(bin)),
                needed,
                planned: self.planned[bin],
            }
        };
        let matters = |bin: &usize| {
            let foreseen = forecast.as_ref().map_or(0.0, |found| found.0[*bin]);
            self.planned[*bin] > 0
                || self.at_lunch[*bin] > 0
                || self.came(*bin) > 0
                || foreseen >= 0.5
        };
        let first = (0..BINS).find(|bin| matters(bin));
        let last = (0..BINS).rev().find(|bin| matters(bin));
        match (first, last) {
            (Some(first), Some(last)) => (first..=last).map(of).collect(),
            _ => Vec::new(),
        }
    }

    /// Where too few people are there from now on, with what can be done.
    pub fn shortfalls(&self, outlook: &[Outlook]) -> Vec<Shortfall> {
        let mut found: Vec<Shortfall> = Vec::new();
        for one in outlook {
            let missing = one.needed.unwrap_or(0).saturating_sub(one.planned);
            if missing == 0 {
                continue;
            }
            let until = one.from + TimeDelta::minutes(BIN.into());
            match found.last_mut() {
                Some(last) if last.until == one.from => {
                    last.until = until;
                    last.missing = last.missing.max(missing);
                }
                _ => found.push(Shortfall {
                    from: one.from,
                    until,
                    missing,
                    answers: vec![ShortfallAnswer::Overtime, ShortfallAnswer::Callback],
                }),
            }
        }
        for one in &mut found {
            let mut bins =
                (0..BINS).filter(|bin| (one.from..one.until).contains(&self.start(*bin)));
            // Somebody at lunch could go before or after.
            if bins.any(|bin| self.at_lunch[bin] > 0) {
                one.answers.insert(0, ShortfallAnswer::MoveBreak);
            }
        }
        found
    }
}
