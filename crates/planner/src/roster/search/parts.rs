//! What is polished next: everything at once where the time allows, else some people on some days.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;

use super::super::line::Window;
use super::super::problem::Day;
use super::polish::Part;
use super::{SHORTEST, Search, WINDOW};

/// The fewest people of a part.
const FEW: usize = 4;
/// Days and shifts of a part: with more the program takes ever more steps for little, and many people on few days do better.
const ROWS: usize = 160;
/// Whole lines are polished where the period has no more days and shifts than this.
const MOST_ROWS: usize = 200;
/// Everything is polished at once where that takes no more of the time that is left; a part takes so much of all the time.
const MOST_AFRESH: f64 = 0.45;
const PART_OF_TIME: f64 = 0.025;
/// A part tells of all when these are no more than so many times its people.
const KNOWN: f64 = 4.0;
/// What a polish takes grows like this with the people.
const GROWTH: f64 = 1.3;

/// A way to cut parts out of the whole.
pub(super) struct Cut {
    days: Day,
    /// People whose lines are found in the time of a part.
    many: f64,
    /// All the people.
    people: usize,
    /// How long the last polish of how many people took.
    took: Option<(usize, f64)>,
}

impl Cut {
    /// A polish of so many people took so much of the time.
    pub(super) fn learn(&mut self, many: usize, took: f64) {
        self.took = Some((many, took));
        let right = many as f64 * (PART_OF_TIME / took.max(1e-6)).powf(1.0 / GROWTH);
        self.many = right.clamp(self.many / 2.0, self.many * 1.5);
        self.many = self
            .many
            .clamp(FEW.min(self.people) as f64, self.people as f64);
    }
}

impl Search {
    /// How parts are cut out of the whole: by weeks, and by whole lines where days and shifts are few.
    pub(super) fn cuts(&self) -> Vec<Cut> {
        let weeks = (ROWS / self.shifts.max(1))
            .clamp(SHORTEST, WINDOW)
            .min(self.days);
        let mut lengths = vec![weeks];
        if self.days * self.shifts <= MOST_ROWS && weeks < self.days {
            lengths.push(self.days);
        }
        let people = self.lines.len();
        let cut = |days| Cut {
            days,
            many: FEW.min(people) as f64,
            people,
            took: None,
        };
        lengths.into_iter().map(cut).collect()
    }

    /// Everything can be polished at once in the time that is left.
    pub(super) fn time_for_all(&self, cuts: &[Cut], left: f64) -> bool {
        let people = self.lines.len();
        let whole = cuts.iter().find(|cut| cut.days == self.days);
        whole.and_then(|cut| cut.took).is_some_and(|(many, took)| {
            let times = people as f64 / many as f64;
            times <= KNOWN && took * times.powf(GROWTH) < MOST_AFRESH * left
        })
    }

    pub(super) fn all(&mut self, now: f64, left: f64) -> Part {
        let mut people: Vec<usize> = (0..self.lines.len()).collect();
        people.shuffle(&mut self.rng);
        Part {
            people,
            window: self.whole(),
            slack: self.total / 4 + 100,
            root_by: now + left * MOST_AFRESH,
            by: now + left * 1.5 * MOST_AFRESH,
        }
    }

    /// Some people, on some days.
    pub(super) fn part(&mut self, cut: &Cut, now: f64) -> Part {
        let mut people: Vec<usize> = (0..self.lines.len()).collect();
        people.shuffle(&mut self.rng);
        let many = cut.many * self.rng.random_range(0.6..=1.0);
        people.truncate((many.round() as usize).max(1));
        let first = self.rng.random_range(0..=self.days - cut.days);
        Part {
            people,
            window: Window {
                first,
                end: first + cut.days,
            },
            slack: 0,
            root_by: now + 2.0 * PART_OF_TIME,
            by: now + 3.0 * PART_OF_TIME,
        }
    }
}
