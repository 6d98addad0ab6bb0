//! A ticket (工单): one request, held by the person who first took it until it is closed (A-32).

pub mod change;
pub mod draft;
pub mod history;
pub mod http;
pub mod store;

use chrono::{DateTime, Utc};
use kernel::Problem;
use kernel::problem::refused;

/// Where a ticket stands.
///
/// ```text
/// draft ──open──▶ open ──close──▶ closed
///   └────void───▶ void
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// 草稿: opened with the call; the wrap-up decides what becomes of it.
    Draft,
    /// 处理中: somebody owes the requester something.
    Open,
    /// 办结: the requester has what could be given.
    Closed {
        /// When.
        at: DateTime<Utc>,
    },
    /// 作废: the contact needed no ticket.
    Void {
        /// When.
        at: DateTime<Utc>,
    },
}

/// What may be done to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The wrap-up needs the ticket.
    Open,
    /// The wrap-up needs no ticket.
    Void,
    /// The request is dealt with.
    Close,
    /// Request type, matter or summary is corrected.
    Edit,
}

/// Why a ticket says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Only a draft can be opened or voided.
    NotADraft,
    /// A draft waits for its wrap-up and cannot be closed.
    StillADraft,
    /// A closed ticket does not change.
    Closed,
    /// A void ticket does not change.
    Void,
}

impl State {
    /// The state after `action` at `now`.
    pub fn next(self, action: Action, now: DateTime<Utc>) -> Result<Self, Refusal> {
        match (self, action) {
            (Self::Closed { .. }, _) => Err(Refusal::Closed),
            (Self::Void { .. }, _) => Err(Refusal::Void),
            (state, Action::Edit) => Ok(state),
            (Self::Draft, Action::Open) => Ok(Self::Open),
            (Self::Draft, Action::Void) => Ok(Self::Void { at: now }),
            (Self::Draft, Action::Close) => Err(Refusal::StillADraft),
            (Self::Open, Action::Close) => Ok(Self::Closed { at: now }),
            (Self::Open, Action::Open | Action::Void) => Err(Refusal::NotADraft),
        }
    }

    /// The code stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Closed { .. } => "closed",
            Self::Void { .. } => "void",
        }
    }

    /// When the ticket came to its end; `None` while it lives.
    pub fn ended_at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Draft | Self::Open => None,
            Self::Closed { at } | Self::Void { at } => Some(at),
        }
    }

    /// The state as it stands in a row.
    pub fn of(code: &str, ended_at: Option<DateTime<Utc>>) -> Option<Self> {
        match (code, ended_at) {
            ("draft", None) => Some(Self::Draft),
            ("open", None) => Some(Self::Open),
            ("closed", Some(at)) => Some(Self::Closed { at }),
            ("void", Some(at)) => Some(Self::Void { at }),
            _ => None,
        }
    }
}

impl Refusal {
    /// Stable code; the console translates it.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotADraft => "ticket_not_a_draft",
            Self::StillADraft => "ticket_still_a_draft",
            Self::Closed => "ticket_closed",
            Self::Void => "ticket_void",
        }
    }

    /// The refusal as a problem document about the ticket `number`.
    pub fn about(self, number: &str) -> Problem {
        let (what, way_out) = match self {
            Self::NotADraft => ("is open already", None),
            Self::StillADraft => (
                "is a draft",
                Some("complete the contact record it was opened with"),
            ),
            Self::Closed => ("is closed", None),
            Self::Void => ("is void", None),
        };
        let problem = refused(self.code(), format!("ticket `{number}` {what}"));
        match way_out {
            Some(way_out) => problem.with_way_out(way_out),
            None => problem,
        }
    }
}
