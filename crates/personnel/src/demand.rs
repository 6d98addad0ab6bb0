//! A demand of the purchaser for more or other people. The supplier answers with a plan; there is no action
//! by which he could say no.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::{Side, machine, words};

words! {
    /// Where a demand stands.
    DemandState {
        /// 已提出
        Raised = "raised",
        /// 已报方案
        PlanSubmitted = "plan_submitted",
        /// 方案已同意
        PlanAccepted = "plan_accepted",
        /// 执行中
        Executing = "executing",
        /// 已验收
        Verified = "verified",
        /// 采购人撤回
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What is demanded.
    DemandKind {
        /// 增派
        Add = "add",
        /// 调换
        Replace = "replace",
    }
}

/// What is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// From the demand to the person on post.
    pub fulfil: DeadlineRule,
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A demand as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: DemandState,
    /// When it has to be fulfilled; the clock never stops for a plan that is sent back.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 报方案
    SubmitPlan {
        /// Who does it.
        by: Side,
    },
    /// 同意方案
    AcceptPlan {
        /// Who does it.
        by: Side,
    },
    /// 退回方案
    ReturnPlan {
        /// Who does it.
        by: Side,
    },
    /// 开始执行
    Start {
        /// Who does it.
        by: Side,
    },
    /// 验收
    Verify {
        /// Who does it.
        by: Side,
    },
    /// 撤回
    Withdraw {
        /// Who does it.
        by: Side,
    },
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "demand_ended", "is over and does not change", "raise a new one";
        /// The purchaser's step.
        ByPurchaser = "demand_by_purchaser", "is the purchaser's to decide";
        /// The supplier's step.
        BySupplier = "demand_by_supplier", "is the supplier's to carry out";
        /// There is no plan.
        NoPlan = "demand_without_plan", "has no plan to decide on", "the supplier submits a plan first";
        /// The plan is accepted.
        PlanStands = "demand_plan_stands", "has an accepted plan", "carry it out";
        /// The plan is not accepted.
        PlanOpen = "demand_plan_open", "has no accepted plan", "the purchaser accepts a plan first";
        /// It has not begun.
        NotExecuting = "demand_not_executing", "is not being carried out yet";
        /// Its time is not over.
        NotYet = "demand_not_yet", "has time left";
    }
}

impl Case {
    /// A new demand; its clock runs.
    pub fn raised(moment: &Moment<'_>) -> Self {
        Self {
            state: DemandState::Raised,
            due_at: Some(moment.due(&moment.rules.fulfil)),
            overdue: false,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, DemandState::Verified | DemandState::Withdrawn)
    }

    /// The demand after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use DemandState as S;
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        let mut case = *self;
        match action {
            Action::SubmitPlan { by } | Action::Start { by } if *by != Side::Supplier => {
                return Err(Refusal::BySupplier);
            }
            Action::AcceptPlan { by }
            | Action::ReturnPlan { by }
            | Action::Verify { by }
            | Action::Withdraw { by }
                if *by != Side::Purchaser =>
            {
                return Err(Refusal::ByPurchaser);
            }
            Action::SubmitPlan { .. } => match self.state {
                S::Raised | S::PlanSubmitted => case.state = S::PlanSubmitted,
                _ => return Err(Refusal::PlanStands),
            },
            Action::AcceptPlan { .. } | Action::ReturnPlan { .. } => match self.state {
                S::PlanSubmitted if matches!(action, Action::AcceptPlan { .. }) => {
                    case.state = S::PlanAccepted;
                }
                S::PlanSubmitted => case.state = S::Raised,
                S::Raised => return Err(Refusal::NoPlan),
                _ => return Err(Refusal::PlanStands),
            },
            Action::Start { .. } => match self.state {
                S::PlanAccepted => case.state = S::Executing,
                S::Executing => return Err(Refusal::PlanStands),
                _ => return Err(Refusal::PlanOpen),
            },
            Action::Verify { .. } => match self.state {
                S::Executing => {
                    case.state = S::Verified;
                    case.due_at = None;
                }
                _ => return Err(Refusal::NotExecuting),
            },
            Action::Withdraw { .. } => {
                case.state = S::Withdrawn;
                case.due_at = None;
            }
            Action::Lapse => {
                if self.overdue || self.due_at.is_none_or(|due| due > moment.now) {
                    return Err(Refusal::NotYet);
                }
                case.overdue = true;
            }
        }
        Ok(case)
    }
}
