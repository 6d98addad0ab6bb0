//! What people on the project are paid and how they are insured: the floor of a quoted price, five
//! insurances a month with proof, pay with its checks. The month is handed in by the supplier and checked by the
//! purchaser.
//!
//! Pure: the case of a month, an action in, the case after it or a refusal out. Sums are in [`sums`].

pub mod alert;
pub mod demo;
pub(crate) mod entry;
pub(crate) mod facts;
pub mod import;
pub mod law;
pub(crate) mod month;
pub(crate) mod people;
pub(crate) mod proof;
pub(crate) mod quotation;
pub(crate) mod rows;
pub mod sums;

use std::fmt;

use chrono::{Datelike as _, Months, NaiveDate};
use kernel::problem::{Result, invalid};
use kernel::{Side, words};

words! {
    /// The five insurances of A-58.
    InsuranceItem {
        /// 养老
        Pension = "pension",
        /// 医疗
        Medical = "medical",
        /// 工伤
        Injury = "injury",
        /// 生育
        Maternity = "maternity",
        /// 失业
        Unemployment = "unemployment",
    }
}

words! {
    /// What somebody does on the project, beside holding a post.
    Duty {
        /// 座席
        Agent = "agent",
        /// 管理人员
        Manager = "manager",
        /// 顶岗人员
        Substitute = "substitute",
        /// 其他支撑人员
        Support = "support",
    }
}

words! {
    /// Where a month of wages stands.
    WageMonthState {
        /// 填报中
        Open = "open",
        /// 待采购人核查
        Submitted = "submitted",
        /// 已核查
        Confirmed = "confirmed",
    }
}

/// The month as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Case {
    /// Where it stands.
    pub state: WageMonthState,
}

/// What may be done with a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Something of it is written.
    Write,
    /// 报送
    Submit {
        /// Who does it.
        by: Side,
        /// The month is over.
        over: bool,
        /// What is missing or wrong.
        missing: usize,
    },
    /// 核查通过
    Confirm {
        /// Who does it.
        by: Side,
    },
    /// 退回
    Return {
        /// Who does it.
        by: Side,
    },
}

kernel::refusals! {
    /// Why a month says no.
    Refusal {
        /// It was handed in.
        Submitted = "wage_month_submitted", "was handed in and does not change", "the purchaser returns it first";
        /// It was checked.
        Confirmed = "wage_month_confirmed", "was checked by the purchaser and does not change", "pay or correct it in a later month, as back pay";
        /// The supplier's step.
        BySupplier = "wage_month_by_supplier", "is the supplier's to hand in";
        /// The purchaser's step.
        ByPurchaser = "wage_month_by_purchaser", "is the purchaser's to check";
        /// It is not over.
        NotOver = "wage_month_not_over", "is not over yet";
        /// Proof is missing or a check failed.
        Incomplete(missing: usize) = "wage_month_incomplete", format!("lacks {missing} things"), "see what is missing, and add it";
        /// It was not handed in.
        NotSubmitted = "wage_month_not_submitted", "was not handed in", "the supplier hands it in first";
    }
}

impl Case {
    /// A month nobody wrote anything of.
    pub fn open() -> Self {
        Self {
            state: WageMonthState::Open,
        }
    }

    /// The month after `action`, or why not.
    pub fn next(&self, action: &Action) -> std::result::Result<Self, Refusal> {
        use WageMonthState as S;
        let frozen = match self.state {
            S::Confirmed => return Err(Refusal::Confirmed),
            S::Submitted => Some(Refusal::Submitted),
            S::Open => None,
        };
        let state = match action {
            Action::Submit { by, .. } if *by != Side::Supplier => return Err(Refusal::BySupplier),
            Action::Confirm { by } | Action::Return { by } if *by != Side::Purchaser => {
                return Err(Refusal::ByPurchaser);
            }
            Action::Write | Action::Submit { .. } if frozen.is_some() => {
                return Err(Refusal::Submitted);
            }
            Action::Confirm { .. } | Action::Return { .. } if frozen.is_none() => {
                return Err(Refusal::NotSubmitted);
            }
            Action::Write | Action::Return { .. } => S::Open,
            Action::Submit { over: false, .. } => return Err(Refusal::NotOver),
            Action::Submit { missing: 0, .. } => S::Submitted,
            Action::Submit { missing, .. } => return Err(Refusal::Incomplete(*missing)),
            Action::Confirm { .. } => S::Confirmed,
        };
        Ok(Self { state })
    }
}

/// A month of the calendar, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(NaiveDate);

impl Month {
    /// The month of a day.
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// The month of `2026-10`, from 2020 to 2100.
    pub fn read(field: &'static str, text: &str) -> Result<Self> {
        let plain = text.len() == 7;
        let day = format!("{text}-01").parse::<NaiveDate>().ok();
        day.filter(|day| plain && (2020..=2100).contains(&day.year()))
            .map(Self)
            .ok_or_else(|| invalid(field, "month_invalid", "a month as 2026-10"))
    }

    /// Its first day.
    pub fn first(self) -> NaiveDate {
        self.0
    }

    /// Its last day.
    pub fn last(self) -> NaiveDate {
        self.next().0.pred_opt().unwrap_or(self.0)
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    /// The month before it.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }

    /// The months from this one to `last`, [`MOST_MONTHS`] at most.
    pub fn until(self, last: Self) -> Vec<Self> {
        let all = std::iter::successors(Some(self), |month| Some(month.next()));
        all.take_while(|month| *month <= last)
            .take(MOST_MONTHS)
            .collect()
    }
}

/// Months that are shown or asked about at once.
pub const MOST_MONTHS: usize = 24;

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}
