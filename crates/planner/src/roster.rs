//! Rosters: who works which shift on which day.

mod check;
mod curtois;
mod line;
mod master;
mod problem;
mod search;

pub use check::{Breach, Verdict, check};
pub use curtois::{Unreadable, read};
pub use problem::{Cover, Day, Person, Problem, Roster, Shift, ShiftId, Wish};
pub use search::{NoLine, Plan, Progress, solve};
