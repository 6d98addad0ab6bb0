//! Facts: what became of each contact and each ticket, in one row of its own, written when something happened and
//! summed into cells in the same transaction. A fact is always made anew from the rows of those who own them, so what
//! is told twice, late or corrected gives the same.

pub mod cells;
pub mod contact;
mod events;
pub mod keep;
mod load;
pub mod recount;
pub mod sums;
pub mod ticket;

pub(crate) use events::handlers;
pub use sums::Sums;

use chrono::{DateTime, TimeDelta, Utc};

/// A contact of the same matter by the same person within this time says that the one before resolved nothing (K-18).
pub const REPEAT_WITHIN: TimeDelta = TimeDelta::days(7);
/// The limit of K-03.
pub(crate) const LEVEL_MS: i64 = 20_000;
/// The limit of K-17.
pub(crate) const REPLY_MS: i64 = 24 * 3_600_000;
/// 诉求类型 that a contact can resolve at once; the others need a ticket (K-18).
pub const RESOLVABLE: [&str; 3] = ["consult", "help", "fault"];

/// Milliseconds between two times, not below nothing.
pub(crate) fn between(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    (to - from).num_milliseconds().max(0)
}
