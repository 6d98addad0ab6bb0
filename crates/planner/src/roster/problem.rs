//! What is to be rostered, and by which rules.

/// A day of the period, 0 is its first.
pub type Day = usize;

/// A shift by its place in [`Problem::shifts`].
pub type ShiftId = u8;

/// A kind of shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Its name on the roster.
    pub name: String,
    /// Working time in minutes.
    pub minutes: u32,
    /// Shifts that nobody may work on the day after it, for want of rest.
    pub not_before: Vec<ShiftId>,
}

/// Somebody who is rostered, with the rules of his contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// His name on the roster.
    pub name: String,
    /// The most days with each shift; 0 for what he cannot do.
    pub most_of: Vec<u32>,
    /// The most minutes of the period.
    pub most_minutes: u32,
    /// The fewest minutes of the period.
    pub least_minutes: u32,
    /// The most working days in a row.
    pub most_days: u32,
    /// The fewest working days in a row; a run that touches an end of the period is never too short.
    pub least_days: u32,
    /// The fewest days off in a row; the same holds for them.
    pub least_off: u32,
    /// The most weekends with work on Saturday or Sunday.
    pub most_weekends: u32,
    /// Days on which he is off.
    pub off: Vec<Day>,
}

/// What somebody asks for, and what it costs when he does not get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Who asks, by his place in [`Problem::people`].
    pub person: usize,
    /// For which day.
    pub day: Day,
    /// Which shift it is about.
    pub shift: ShiftId,
    /// He wants to have it, or not to have it.
    pub wants: bool,
    /// What it costs.
    pub weight: u32,
}

/// How many a day needs in a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    /// On which day.
    pub day: Day,
    /// In which shift.
    pub shift: ShiftId,
    /// So many.
    pub need: u32,
    /// What each missing one costs.
    pub under: u32,
    /// What each one too many costs.
    pub over: u32,
}

/// A period, its people, and what is wanted of the roster. Day 0 is a Monday.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// Days of the period.
    pub days: Day,
    /// The kinds of shift.
    pub shifts: Vec<Shift>,
    /// Who is rostered.
    pub people: Vec<Person>,
    /// What they ask for.
    pub wishes: Vec<Wish>,
    /// What each day needs.
    pub cover: Vec<Cover>,
}

impl Problem {
    /// `next` may be worked on the day after `shift`.
    pub fn may_follow(&self, shift: ShiftId, next: ShiftId) -> bool {
        !self.shifts[usize::from(shift)].not_before.contains(&next)
    }
}

/// Saturday or Sunday, when day 0 is a Monday.
pub(crate) const fn is_weekend(day: Day) -> bool {
    day % 7 >= 5
}

/// For each person and day the shift, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster(pub Vec<Vec<Option<ShiftId>>>);
