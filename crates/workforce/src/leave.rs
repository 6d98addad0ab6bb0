//! Leave (请假, A-11): asked for by the agent, decided by the lead, in half days. Pure.

pub mod balance;
pub(crate) mod cells;
pub mod http;
pub mod store;

use calendar::Calendar;
use chrono::NaiveDate;
use kernel::words;

use crate::shift::DayPart;

/// Days of one request, at most: 产假 with what is added to it.
pub const LONGEST: i64 = 200;

words! {
    /// A kind of leave; settlement counts some of them as 到岗.
    LeaveKind {
        /// 年休假
        Annual = "annual",
        /// 病假
        Sick = "sick",
        /// 事假
        Personal = "personal",
        /// 婚假
        Marriage = "marriage",
        /// 产假
        Maternity = "maternity",
        /// 陪产假
        Paternity = "paternity",
        /// 丧假
        Bereavement = "bereavement",
        /// 调休: taken from overtime on rest days.
        Comp = "comp",
        /// 采购人组织的培训
        PurchaserTraining = "purchaser_training",
    }
}

words! {
    /// Where a request for leave stands.
    LeaveState {
        /// 待审批
        Requested = "requested",
        /// 已批准
        Approved = "approved",
        /// 未批准
        Refused = "refused",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

/// What may be done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 批准
    Approve,
    /// 不批准
    Refuse,
    /// 撤回
    Withdraw {
        /// Its first day has come.
        begun: bool,
    },
}

kernel::refusals! {
    /// Why something cannot be done with a request for leave.
    Refusal {
        /// It was decided, or withdrawn.
        Ended = "leave_decided", "is decided and does not change", "ask for leave anew";
        /// Part of it was taken.
        Begun = "leave_begun", "has begun", "tell the shift lead; what was worked stands in the attendance";
    }
}

impl LeaveState {
    /// The request after it, or why not.
    pub fn next(self, action: Action) -> Result<Self, Refusal> {
        match (self, action) {
            (Self::Requested, Action::Approve) => Ok(Self::Approved),
            (Self::Requested, Action::Refuse) => Ok(Self::Refused),
            (Self::Requested, Action::Withdraw { .. })
            | (Self::Approved, Action::Withdraw { begun: false }) => Ok(Self::Withdrawn),
            (Self::Approved, Action::Withdraw { begun: true }) => Err(Refusal::Begun),
            _ => Err(Refusal::Ended),
        }
    }
}

/// From when until when, by half days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaveSpan {
    /// The first day.
    pub from: NaiveDate,
    /// It begins at noon of the first day.
    pub from_noon: bool,
    /// The last day.
    pub to: NaiveDate,
    /// It ends at noon of the last day.
    pub to_noon: bool,
}

impl LeaveSpan {
    /// It ends after it begins, and is no longer than a request may be.
    pub fn is_sound(&self) -> bool {
        let days = (self.to - self.from).num_days();
        let nothing = days == 0 && self.from_noon && self.to_noon;
        (0..LONGEST).contains(&days) && !nothing
    }

    /// Which part of the day it takes; none of a day outside it.
    pub fn part(&self, on: NaiveDate) -> Option<DayPart> {
        if !(self.from..=self.to).contains(&on) {
            return None;
        }
        let late = on == self.from && self.from_noon;
        let early = on == self.to && self.to_noon;
        Some(match (late, early) {
            (true, _) => DayPart::Afternoon,
            (_, true) => DayPart::Morning,
            _ => DayPart::Day,
        })
    }

    /// The days with the part it takes of each.
    pub fn parts(&self) -> impl Iterator<Item = (NaiveDate, DayPart)> + '_ {
        let days = self.from.iter_days().take_while(move |on| *on <= self.to);
        days.filter_map(move |on| Some((on, self.part(on)?)))
    }

    /// Half days of working days that it takes.
    pub fn half_days(&self, calendar: &Calendar) -> i64 {
        let worked = self.parts().filter(|(on, _)| calendar.is_workday(*on));
        worked
            .map(|(_, part)| if part == DayPart::Day { 2 } else { 1 })
            .sum()
    }

    /// Some half day is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let both = |part: DayPart, theirs: DayPart| {
            part == theirs || part == DayPart::Day || theirs == DayPart::Day
        };
        let mut shared = self
            .parts()
            .filter_map(|(on, part)| Some((part, other.part(on)?)));
        shared.any(|(part, theirs)| both(part, theirs))
    }
}
