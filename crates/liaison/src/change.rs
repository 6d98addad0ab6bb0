//! A change of facilities or layout (设施、布置变更, A-61): proposed by the supplier, consented to by the purchaser,
//! carried out, and closed with a picture of what is there now. In an emergency it is carried out first and ratified
//! after; what is not ratified is put back. Changes of answers have their own gate in `knowledge`.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::{Side, machine, words};

words! {
    /// Where a change stands.
    SiteChangeState {
        /// 草稿
        Draft = "draft",
        /// 待审批
        Submitted = "submitted",
        /// 退回
        Returned = "returned",
        /// 已同意，待实施
        Approved = "approved",
        /// 已生效
        Effective = "effective",
        /// 应急生效，待追认
        EffectivePendingRatification = "effective_pending_ratification",
        /// 未追认，须恢复原状
        Revoked = "revoked",
        /// 已归档
        Archived = "archived",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What is changed.
    SiteChangeKind {
        /// 设施、设备
        Facility = "facility",
        /// 布置
        Layout = "layout",
    }
}

/// What is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// For the purchaser's decision.
    pub decide: DeadlineRule,
    /// For the ratification of what was carried out in an emergency.
    pub ratify: DeadlineRule,
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A change as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: SiteChangeState,
    /// It was carried out before anybody consented.
    pub emergency: bool,
    /// When the purchaser's decision is due.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 提交
    Submit,
    /// 退回
    Return,
    /// 同意
    Approve,
    /// 实施
    Apply,
    /// 应急实施
    Emergency,
    /// 追认
    Ratify,
    /// 不予追认
    Refuse,
    /// 归档
    Archive {
        /// Pictures of what is there now.
        evidence: u64,
    },
    /// 撤回
    Withdraw,
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "site_change_ended", "is over and does not change", "propose another one";
        /// The purchaser's step.
        ByPurchaser = "site_change_by_purchaser", "is the purchaser's to decide";
        /// The supplier's step.
        BySupplier = "site_change_by_supplier", "is the supplier's to carry out";
        /// Nobody consented.
        NotApproved = "site_change_not_approved", "has no consent of the purchaser",
            "submit it; in an emergency carry it out as such and have it ratified";
        /// The purchaser owes his ratification.
        NotRatified = "site_change_not_ratified", "waits for the purchaser's ratification";
        /// There is no picture.
        NoEvidence = "site_change_without_evidence", "has no picture of what is there now", "add one first";
        /// It does not stand before this step.
        NotNext = "site_change_step_not_next", "does not stand before this step";
        /// It is carried out.
        CarriedOut = "site_change_carried_out", "was carried out", "propose one that puts it back";
        /// No clock has run out.
        NotYet = "site_change_not_yet", "has time left";
    }
}

impl Case {
    /// A new draft.
    pub fn drafted() -> Self {
        Self {
            state: SiteChangeState::Draft,
            emergency: false,
            due_at: None,
            overdue: false,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        !matches!(
            self.state,
            SiteChangeState::Archived | SiteChangeState::Withdrawn
        )
    }

    /// What it says may be changed.
    pub fn is_draft(&self) -> bool {
        matches!(
            self.state,
            SiteChangeState::Draft | SiteChangeState::Returned
        )
    }

    /// It is there.
    pub fn is_carried_out(&self) -> bool {
        matches!(
            self.state,
            SiteChangeState::Effective | SiteChangeState::EffectivePendingRatification
        )
    }

    /// The change after what somebody of side `by` does, or why not.
    pub fn next(&self, by: Side, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use Action as A;
        use SiteChangeState as S;
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        let decides = matches!(action, A::Return | A::Approve | A::Ratify | A::Refuse);
        if decides && by != Side::Purchaser {
            return Err(Refusal::ByPurchaser);
        }
        if !decides && *action != A::Lapse && by != Side::Supplier {
            return Err(Refusal::BySupplier);
        }
        let mut case = *self;
        // Whoever owed a step by a clock and does it stops the clock; that it was late stays.
        if *action != A::Lapse {
            case.due_at = None;
        }
        case.state = match (action, self.state) {
            (A::Submit, S::Draft | S::Returned) => {
                case.due_at = Some(moment.due(&moment.rules.decide));
                case.overdue = false;
                S::Submitted
            }
            (A::Return, S::Submitted) => S::Returned,
            (A::Approve, S::Submitted) => S::Approved,
            (A::Apply, S::Approved) | (A::Ratify, S::EffectivePendingRatification) => S::Effective,
            (A::Apply, S::Draft | S::Returned | S::Submitted) => return Err(Refusal::NotApproved),
            (A::Emergency, S::Draft | S::Returned | S::Submitted) => {
                case.emergency = true;
                case.due_at = Some(moment.due(&moment.rules.ratify));
                case.overdue = false;
                S::EffectivePendingRatification
            }
            (A::Refuse, S::EffectivePendingRatification) => S::Revoked,
            (A::Archive { .. }, S::EffectivePendingRatification) => {
                return Err(Refusal::NotRatified);
            }
            (A::Archive { evidence: 0 }, S::Effective | S::Revoked) => {
                return Err(Refusal::NoEvidence);
            }
            (A::Archive { .. }, S::Effective | S::Revoked) => S::Archived,
            (A::Withdraw, S::Draft | S::Submitted | S::Returned | S::Approved) => S::Withdrawn,
            (A::Withdraw, _) => return Err(Refusal::CarriedOut),
            (A::Lapse, state) => {
                if self.overdue || self.due_at.is_none_or(|due| due > moment.now) {
                    return Err(Refusal::NotYet);
                }
                case.overdue = true;
                state
            }
            _ => return Err(Refusal::NotNext),
        };
        Ok(case)
    }
}
