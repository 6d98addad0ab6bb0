//! Meetings of the two sides: minutes that the other side confirms, and what is to be done of them, by whom
//! and until when.
//!
//! Pure: the case and an action go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;

use chrono::{DateTime, Utc};
use kernel::{Side, words};

words! {
    /// Where minutes stand.
    MeetingState {
        /// 已记录，待对方确认
        Recorded = "recorded",
        /// 已确认
        Confirmed = "confirmed",
    }
}

words! {
    /// Where something that is to be done stands.
    MeetingActionState {
        /// 待办
        Open = "open",
        /// 已完成
        Done = "done",
        /// 已取消
        Cancelled = "cancelled",
    }
}

/// Minutes as their rules see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where they stand.
    pub state: MeetingState,
    /// Who wrote them.
    pub side: Side,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The words are written on.
    Edit,
    /// The other side says that it was so.
    Confirm,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// Both sides stand to it.
        Confirmed = "meeting_confirmed", "is confirmed by both sides and does not change";
        /// The other side's minutes.
        ByWriter = "meeting_by_writer", "is written by the other side", "say what is wrong before you confirm it";
        /// One's own.
        ByOther = "meeting_by_other", "is confirmed by the side that did not write it";
    }
}

impl Case {
    /// The minutes after what somebody of side `by` does, or why not.
    pub fn next(&self, by: Side, action: &Action) -> Result<Self, Refusal> {
        match action {
            _ if self.state == MeetingState::Confirmed => Err(Refusal::Confirmed),
            Action::Edit if by != self.side => Err(Refusal::ByWriter),
            Action::Edit => Ok(*self),
            Action::Confirm if by == self.side => Err(Refusal::ByOther),
            Action::Confirm => Ok(Self {
                state: MeetingState::Confirmed,
                ..*self
            }),
        }
    }
}

/// Something that is to be done, as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// Where it stands.
    pub state: MeetingActionState,
    /// When it is told that it is late; once.
    pub alarm_at: Option<DateTime<Utc>>,
    /// It was late.
    pub overdue: bool,
}

impl Task {
    /// It is done, or is not to be done any more.
    pub fn ended(&self, state: MeetingActionState) -> Option<Self> {
        (self.state == MeetingActionState::Open).then_some(Self {
            state,
            alarm_at: None,
            ..*self
        })
    }

    /// Its time ran out.
    pub fn lapsed(&self, now: DateTime<Utc>) -> Option<Self> {
        let late = self.alarm_at.is_some_and(|at| at <= now);
        (late && self.state == MeetingActionState::Open).then_some(Self {
            overdue: true,
            alarm_at: None,
            ..*self
        })
    }
}
