//! A special task (专项工作, A-19): requested by the purchaser, planned with hours and worked by the supplier,
//! delivered, accepted and rated by the purchaser.
//!
//! Pure: the case and an action go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;

use kernel::{Side, words};

/// The most hours of one task, in minutes.
pub const LONGEST: i64 = 60 * 2_000;

words! {
    /// Where a special task stands.
    SpecialTaskState {
        /// 已提出
        Requested = "requested",
        /// 已报计划
        Planned = "planned",
        /// 进行中
        Working = "working",
        /// 已交付，待验收
        Delivered = "delivered",
        /// 已验收
        Accepted = "accepted",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

/// A special task as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: SpecialTaskState,
    /// Minutes that were planned.
    pub planned: Option<i64>,
    /// Minutes that were worked.
    pub worked: i64,
    /// One to five, with the acceptance.
    pub rating: Option<u8>,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 报计划
    Plan {
        /// Minutes it is to take.
        minutes: i64,
    },
    /// 记工时
    Work {
        /// Minutes that were worked.
        minutes: i64,
    },
    /// 交付
    Deliver,
    /// 验收
    Accept {
        /// One to five.
        rating: u8,
    },
    /// 退回
    SendBack,
    /// 撤回
    Withdraw,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "special_task_ended", "is over and does not change", "request another one";
        /// The purchaser's step.
        ByPurchaser = "special_task_by_purchaser", "is the purchaser's to decide";
        /// The supplier's step.
        BySupplier = "special_task_by_supplier", "is the supplier's to do";
        /// There is no plan.
        NotPlanned = "special_task_not_planned", "has no plan yet", "plan its hours first";
        /// It is delivered.
        Delivered = "special_task_delivered", "is delivered and waits for the purchaser";
        /// It is not.
        NotDelivered = "special_task_not_delivered", "is not delivered yet";
        /// Nobody worked on it.
        NoHours = "special_task_without_hours", "has no hours worked", "note the hours first";
        /// It is worked on.
        UnderWay = "special_task_under_way", "is worked on; its plan stands";
        /// So many minutes cannot be.
        Minutes = "special_task_minutes", "takes 1 minute to 2,000 hours";
        /// There are five stars.
        Rating = "special_task_rating", "is rated with 1 to 5";
    }
}

impl Case {
    /// A new one.
    pub fn requested() -> Self {
        Self {
            state: SpecialTaskState::Requested,
            planned: None,
            worked: 0,
            rating: None,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        !matches!(
            self.state,
            SpecialTaskState::Accepted | SpecialTaskState::Withdrawn
        )
    }

    /// The task after what somebody of side `by` does, or why not.
    pub fn next(&self, by: Side, action: &Action) -> Result<Self, Refusal> {
        use Action as A;
        use SpecialTaskState as S;
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        let decides = matches!(action, A::Accept { .. } | A::SendBack | A::Withdraw);
        if decides && by != Side::Purchaser {
            return Err(Refusal::ByPurchaser);
        }
        if !decides && by != Side::Supplier {
            return Err(Refusal::BySupplier);
        }
        let sound = |minutes: i64| (1..=LONGEST).contains(&minutes);
        let mut case = *self;
        case.state = match (action, self.state) {
            (A::Plan { minutes }, S::Requested | S::Planned) => {
                if !sound(*minutes) {
                    return Err(Refusal::Minutes);
                }
                case.planned = Some(*minutes);
                S::Planned
            }
            (A::Plan { .. } | A::Work { .. } | A::Deliver | A::Withdraw, S::Delivered) => {
                return Err(Refusal::Delivered);
            }
            (A::Plan { .. }, _) => return Err(Refusal::UnderWay),
            (A::Work { .. } | A::Deliver, S::Requested) => return Err(Refusal::NotPlanned),
            (A::Work { minutes }, _) => {
                if !sound(*minutes) || self.worked + minutes > LONGEST {
                    return Err(Refusal::Minutes);
                }
                case.worked += minutes;
                S::Working
            }
            (A::Deliver, S::Working) => S::Delivered,
            (A::Deliver, _) => return Err(Refusal::NoHours),
            (A::Accept { rating }, S::Delivered) => {
                if !(1..=5).contains(rating) {
                    return Err(Refusal::Rating);
                }
                case.rating = Some(*rating);
                S::Accepted
            }
            (A::SendBack, S::Delivered) => S::Working,
            (A::Accept { .. } | A::SendBack, _) => return Err(Refusal::NotDelivered),
            (A::Withdraw, _) => S::Withdrawn,
        };
        Ok(case)
    }
}
