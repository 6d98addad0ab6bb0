//! Overtime in an emergency: requested by the purchaser, planned by the supplier within the caps of the law,
//! worked, confirmed by the purchaser. Pure.

pub mod http;
pub mod store;

use calendar::OvertimeClass;
use kernel::{Side, words};

use crate::terms::WorkforceTerms;

/// The longest turn of one person, in minutes.
pub const LONGEST: i64 = 12 * 60;

words! {
    /// Where an overtime order stands.
    OvertimeState {
        /// 已提出
        Requested = "requested",
        /// 已安排
        Planned = "planned",
        /// 已完成，待确认工时
        Worked = "worked",
        /// 已确认
        Confirmed = "confirmed",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

words! {
    /// The class that overtime is paid by (劳动法 第四十四条), by the day of the calendar.
    PayClass {
        /// 延长工作时间: 150 %
        Extended = "extended",
        /// 休息日: 200 %, unless leave is given instead
        RestDay = "rest_day",
        /// 法定节假日: 300 %, never leave
        StatutoryHoliday = "statutory_holiday",
    }
}

impl PayClass {
    /// The class of a day.
    pub fn of(class: OvertimeClass) -> Self {
        match class {
            OvertimeClass::Extended => Self::Extended,
            OvertimeClass::RestDay => Self::RestDay,
            OvertimeClass::StatutoryHoliday => Self::StatutoryHoliday,
        }
    }

    /// The class as the calendar knows it.
    pub fn of_calendar(self) -> OvertimeClass {
        match self {
            Self::Extended => OvertimeClass::Extended,
            Self::RestDay => OvertimeClass::RestDay,
            Self::StatutoryHoliday => OvertimeClass::StatutoryHoliday,
        }
    }
}

words! {
    /// How somebody is compensated.
    Compensation {
        /// 加班费
        Pay = "pay",
        /// 补休
        CompLeave = "comp_leave",
    }
}

/// Leave may be given instead of pay for overtime of this class: only for rest days.
pub fn may_compensate(class: PayClass, by: Compensation) -> bool {
    by == Compensation::Pay || class == PayClass::RestDay
}

words! {
    /// A cap that is passed.
    OvertimeCap {
        /// 每日上限
        Day = "day",
        /// 每月上限
        Month = "month",
    }
}

/// The caps that `minutes` more of one person would pass, who has so many on the same day and in the same month.
pub fn caps(minutes: i64, on_day: i64, in_month: i64, terms: &WorkforceTerms) -> Vec<OvertimeCap> {
    let mut passed = Vec::new();
    if on_day + minutes > i64::from(terms.overtime_day_minutes) {
        passed.push(OvertimeCap::Day);
    }
    if in_month + minutes > i64::from(terms.overtime_month_minutes) {
        passed.push(OvertimeCap::Month);
    }
    passed
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 安排
    Plan,
    /// 报工时
    Report {
        /// The day has come.
        begun: bool,
    },
    /// 确认工时
    Confirm,
    /// 退回工时
    SendBack,
    /// 撤回
    Withdraw {
        /// The day is over.
        begun: bool,
    },
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "overtime_ended", "is over and does not change", "request another one";
        /// The purchaser's step.
        ByPurchaser = "overtime_by_purchaser", "is the purchaser's to decide";
        /// The supplier's step.
        BySupplier = "overtime_by_supplier", "is the supplier's to do";
        /// Nobody is named.
        NotPlanned = "overtime_not_planned", "has nobody planned yet", "say who works it first";
        /// Its day is ahead.
        Ahead = "overtime_ahead", "lies ahead; what was worked is told afterwards";
        /// It may have been worked.
        Begun = "overtime_begun", "was planned for a day that is over", "have the hours told, and confirm or send them back";
        /// It was worked.
        Worked = "overtime_worked", "was worked and waits for the purchaser";
        /// It was not.
        NotWorked = "overtime_not_worked", "has no hours told yet";
    }
}

impl OvertimeState {
    /// The order after what somebody of side `by` does, or why not.
    pub fn next(self, by: Side, action: Action) -> Result<Self, Refusal> {
        use Action as A;
        if matches!(self, Self::Confirmed | Self::Withdrawn) {
            return Err(Refusal::Ended);
        }
        let decides = matches!(action, A::Confirm | A::SendBack | A::Withdraw { .. });
        if decides && by != Side::Purchaser {
            return Err(Refusal::ByPurchaser);
        }
        if !decides && by != Side::Supplier {
            return Err(Refusal::BySupplier);
        }
        match (action, self) {
            (A::Plan, Self::Requested | Self::Planned) | (A::SendBack, Self::Worked) => {
                Ok(Self::Planned)
            }
            (A::Plan | A::Report { .. } | A::Withdraw { .. }, Self::Worked) => Err(Refusal::Worked),
            (A::Withdraw { begun: true }, Self::Planned) => Err(Refusal::Begun),
            (A::Report { .. }, Self::Requested) => Err(Refusal::NotPlanned),
            (A::Report { begun: true }, _) => Ok(Self::Worked),
            (A::Report { .. }, _) => Err(Refusal::Ahead),
            (A::Confirm, Self::Worked) => Ok(Self::Confirmed),
            (A::Confirm | A::SendBack, _) => Err(Refusal::NotWorked),
            (A::Plan | A::Withdraw { .. }, _) => Ok(Self::Withdrawn),
        }
    }
}
