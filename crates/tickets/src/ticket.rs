//! A ticket (工单): one request, held by the person who first took it until it is closed.
//!
//! A ticket that a platform sent is a work order as well (`work_order`); both live the same life.

pub mod act;
pub mod alarm;
pub mod clock;
pub mod draft;
pub mod file;
pub mod history;
pub mod http;
pub mod life;
pub mod limits;
pub mod link;
pub mod measure;
pub mod note;
pub mod receiver;
pub mod repeat;
pub mod search;
pub mod store;
pub mod verbs;
pub mod viewer;

use kernel::Problem;
use kernel::problem::refused;

use life::Refusal;

impl Refusal {
    /// The refusal as a problem document about the ticket `number`.
    pub fn about(self, number: &str) -> Problem {
        let (what, way_out) = match self {
            Self::NotNow(state) => (
                format!("is {}: this cannot be done now", state.as_str()),
                None,
            ),
            Self::Ended(state) => (format!("is {} and does not change", state.as_str()), None),
            Self::Undecided => (
                "waits for a decision on what was asked".to_owned(),
                Some("the shift lead or the purchaser decides first"),
            ),
            Self::NothingAsked => ("has nothing to decide".to_owned(), None),
            Self::TooOften => (
                "has been asked for as often as its rules allow".to_owned(),
                None,
            ),
            Self::TooLate => ("is past the time for this".to_owned(), None),
            Self::TooLong => (
                "may be extended by its original limit at most, in the same unit".to_owned(),
                None,
            ),
            Self::OwnAnswer => (
                "cannot be signed off by who answered it".to_owned(),
                Some("another person of the purchaser signs it off"),
            ),
            Self::NotTheOwner => (
                "is owned by somebody else".to_owned(),
                Some("the owner or the shift lead can do this"),
            ),
            Self::NotTheReceiver => ("was offered to somebody else".to_owned(), None),
            Self::SameOwner => ("belongs to that person already".to_owned(), None),
            Self::SignOffNeeded => (
                "is a complaint or a report: its answer needs the purchaser's sign-off".to_owned(),
                Some("answer it; the purchaser's business section signs it off"),
            ),
            Self::NoTransfer => ("is not on its way to anybody".to_owned(), None),
        };
        let problem = refused(self.code(), format!("ticket `{number}` {what}"));
        let problem = match self {
            Self::NotNow(state) | Self::Ended(state) => problem.with("state", state.as_str()),
            _ => problem,
        };
        match way_out {
            Some(way_out) => problem.with_way_out(way_out),
            None => problem,
        }
    }
}
