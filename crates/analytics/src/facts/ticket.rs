//! What became of a ticket, and what it adds to the sums: each on the day it is counted in.

use super::Sums;
use super::cells::Share;
use super::contact::one;

kernel::table! {
    /// A ticket or work order.
    pub mod row = "ticket_facts" (id: Uuid) {
        /// Code of the platform it came from; empty for our own.
        platform: String,
        matter: Option<String>,
        /// Who owned it first; who owns it, while nobody has signed it.
        owner_id: Uuid,
        state: String,
        opened_at: DateTimeUtc,
        /// A platform sent it to us.
        dispatched: bool,
        /// A return was asked for.
        returned: bool,
        return_accepted: bool,
        /// When its answer is due; none where nobody owes one.
        due_at: Option<DateTimeUtc>,
        answered_at: Option<DateTimeUtc>,
        /// When it was closed for the first time.
        closed_at: Option<DateTimeUtc>,
        reopened: bool,
        /// The requester was asked about the answer.
        asked: bool,
        satisfaction: Option<String>,
        version: i64,
    }
}

pub use row::Model as Ticket;

/// The channel in which our own tickets are counted.
pub const OWN: &str = "ticket";

impl Ticket {
    /// Where it adds what.
    pub(crate) fn shares(&self) -> Vec<Share> {
        let share = |at, sums| Share {
            day: kernel::day::of(at),
            half_hour: None,
            channel: if self.platform.is_empty() {
                OWN.to_owned()
            } else {
                self.platform.clone()
            },
            queue: None,
            person: Some(self.owner_id),
            matter: self.matter.clone(),
            sums,
        };
        let mut shares = Vec::new();
        if self.dispatched {
            let sums = Sums {
                dispatched: 1,
                returned: one(self.returned),
                returns_accepted: one(self.return_accepted),
                ..Sums::default()
            };
            shares.push(share(self.opened_at, sums));
        }
        if let Some(due) = self.due_at {
            let answered = self.answered_at;
            let sums = Sums {
                due_met: one(answered.is_some_and(|at| at <= due)),
                due_missed: one(answered.is_some_and(|at| at > due)),
                due_open: one(answered.is_none()),
                ..Sums::default()
            };
            shares.push(share(due, sums));
        }
        if let Some(closed) = self.closed_at {
            let rated = self
                .satisfaction
                .as_deref()
                .filter(|said| *said != "unreached");
            let sums = Sums {
                closed: 1,
                reopened: one(self.reopened),
                asked: one(self.asked || self.satisfaction.is_some()),
                rated: one(rated.is_some()),
                pleased: one(rated.is_some_and(|said| said != "dissatisfied")),
                ..Sums::default()
            };
            shares.push(share(closed, sums));
        }
        shares
    }
}
