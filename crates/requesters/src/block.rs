//! The block list (黑名单): who may not write for a while, asked for by one person and approved by another, never
//! without an end.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;
pub(crate) mod waiting;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::words;
use uuid::Uuid;

words! {
    /// Where a block stands.
    State {
        /// 待审批
        Requested = "requested",
        /// 已批准
        Approved = "approved",
        /// 未批准
        Declined = "declined",
        /// 已解除
        Lifted = "lifted",
        /// 已到期
        Over = "over",
    }
}

/// What is agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The longest that a block may last, in days.
    pub longest_days: i64,
}

/// When, and under which rules. Blocks know no working days.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// When.
    pub now: DateTime<Utc>,
    /// What is agreed.
    pub rules: &'a Terms,
}

/// A block as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: State,
    /// Who asked for it.
    pub asked_by: Uuid,
    /// From when it holds.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// What may be done to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 批准, by somebody else than who asked.
    Approve {
        /// Who.
        by: Uuid,
    },
    /// 不批准, or taken back.
    Decline,
    /// 解除, before its time.
    Lift,
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "requester_block_ended", "is over and does not change", "ask for a new one";
        /// It is decided.
        Decided = "requester_block_decided", "is decided already";
        /// Nobody approves what he asked for.
        Own = "requester_block_own", "was asked for by you", "somebody else decides";
        /// Nobody has approved it yet.
        NotApproved = "requester_block_not_approved", "is not approved yet", "decline it";
        /// Its end is not after its beginning, or is past.
        NoTime = "requester_block_no_time", "would end before it begins";
        /// It would last too long.
        TooLong(days: i64) = "requester_block_too_long", format!("lasts at most {days} days");
        /// Its time is not over.
        NotYet = "requester_block_not_yet", "has time left";
    }
}

impl Case {
    /// A block that somebody asks for.
    pub fn asked(
        asked_by: Uuid,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        moment: &Moment<'_>,
    ) -> Result<Self, Refusal> {
        let from = from.max(moment.now);
        if until <= from {
            return Err(Refusal::NoTime);
        }
        let days = moment.rules.longest_days;
        if until - from > TimeDelta::try_days(days).unwrap_or_default() {
            return Err(Refusal::TooLong(days));
        }
        Ok(Self {
            state: State::Requested,
            asked_by,
            from,
            until,
        })
    }

    /// It is asked for or holds.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Requested | State::Approved)
    }

    /// When its own timer acts.
    pub fn alarm_at(&self) -> Option<DateTime<Utc>> {
        self.is_open().then_some(self.until)
    }

    /// Keeps somebody away at this moment.
    pub fn holds_at(&self, now: DateTime<Utc>) -> bool {
        self.state == State::Approved && self.from <= now && now < self.until
    }

    /// The block after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        let mut case = self.clone();
        match (self.state, action) {
            (State::Declined | State::Lifted | State::Over, _) => return Err(Refusal::Ended),
            (_, Action::Lapse) => {
                if self.until > moment.now {
                    return Err(Refusal::NotYet);
                }
                case.state = State::Over;
            }
            // Its timer was not there yet.
            _ if self.until <= moment.now => return Err(Refusal::Ended),
            (State::Requested, Action::Approve { by }) => {
                if *by == self.asked_by {
                    return Err(Refusal::Own);
                }
                case.state = State::Approved;
                case.from = self.from.max(moment.now);
            }
            (State::Requested, Action::Decline) => case.state = State::Declined,
            (State::Requested, Action::Lift) => return Err(Refusal::NotApproved),
            (State::Approved, Action::Lift) => case.state = State::Lifted,
            (State::Approved, Action::Approve { .. } | Action::Decline) => {
                return Err(Refusal::Decided);
            }
        }
        Ok(case)
    }
}
