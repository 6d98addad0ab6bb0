//! The statement of half a year (费用结算表, A-65 … A-67): drawn from frozen attendance, checked within the supplier,
//! submitted with its digest, reviewed within 10 working days, invoiced, and paid within 30. Lines that the purchaser
//! objects to may be set aside and the rest confirmed. What is confirmed never changes; silence is no consent.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod adjustment;
pub mod carry;
pub mod checks;
pub mod days;
pub mod draw;
pub mod file;
pub mod http;
pub mod invoice;
pub mod paper;
pub mod payment;
pub mod recount;
pub mod review;
pub mod round;
pub mod sheet;
pub mod store;
pub mod view;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::{machine, words};

words! {
    /// Where a statement stands.
    StatementState {
        /// 编制中
        Draft = "draft",
        /// 内部已核对
        InternalChecked = "internal_checked",
        /// 已提交
        Submitted = "submitted",
        /// 审核中
        UnderReview = "under_review",
        /// 退回
        Rejected = "rejected",
        /// 已确认
        Confirmed = "confirmed",
        /// 已开票
        Invoiced = "invoiced",
        /// 待付款
        PaymentDue = "payment_due",
        /// 已付款
        Paid = "paid",
        /// 已办结
        Closed = "closed",
    }
}

/// What is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// For the purchaser's review.
    pub review: DeadlineRule,
    /// For the payment.
    pub payment: DeadlineRule,
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A statement as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: StatementState,
    /// Its lines were drawn since it was planned or rejected.
    pub drawn: bool,
    /// When review or payment is due.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 编制
    Draw,
    /// 内部核对
    Check {
        /// By who drew it.
        own: bool,
    },
    /// 内部退回
    SendBack,
    /// 提交
    Submit,
    /// 开始审核
    Begin,
    /// 退回修改
    Reject {
        /// Objections.
        items: usize,
    },
    /// 确认，有异议的明细除外
    Confirm {
        /// Lines that are confirmed.
        lines: usize,
    },
    /// 开票
    Invoice {
        /// Of the confirmed amount.
        matches: bool,
    },
    /// 退票
    ReturnInvoice {
        /// Something of it was paid.
        paid: bool,
    },
    /// 交票
    HandIn {
        /// From when the payment's time runs.
        from: DateTime<Utc>,
    },
    /// 收票
    Receive {
        /// From when the payment's time runs, where no hand-in is known.
        from: DateTime<Utc>,
    },
    /// 付款
    Pay {
        /// Fen that are left after it.
        left_fen: i64,
    },
    /// 办结
    Close {
        /// Fen that were to be paid and were not.
        owed_fen: i64,
    },
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is confirmed.
        Confirmed = "statement_confirmed", "is confirmed and does not change", "what changed since is an adjustment";
        /// There is nothing in it.
        NotDrawn = "statement_not_drawn", "was not drawn from attendance since", "draw it first";
        /// Nobody checks his own work.
        OwnWork = "statement_own_work", "was drawn by the same person", "have another one check it";
        /// Why is not said.
        NoObjection = "statement_without_objection", "is rejected with no objection", "say to which line, and what";
        /// The sums differ.
        Amount = "invoice_amount", "has another confirmed amount than the invoice";
        /// More than is owed.
        TooMuch(over_fen: i64) = "payment_too_much", format!("would be paid {over_fen} fen too much");
        /// Every line is objected to.
        AllObjected = "statement_all_objected", "has no line left that is confirmed", "reject it";
        /// There is something to be paid.
        Owed(fen: i64) = "statement_owed", format!("has {fen} fen that are not paid"), "issue the invoice and have it paid";
        /// What is paid was invoiced.
        PaidAlready = "invoice_paid", "is paid in part, so its invoice stands";
        /// It does not stand before this step.
        NotNext = "statement_step_not_next", "does not stand before this step";
        /// No clock has run out.
        NotYet = "statement_not_yet", "has time left";
    }
}

impl Case {
    /// Planned with the contract.
    pub fn planned() -> Self {
        Self {
            state: StatementState::Draft,
            drawn: false,
            due_at: None,
            overdue: false,
        }
    }

    /// Its lines are frozen for good.
    pub fn is_confirmed(&self) -> bool {
        use StatementState as S;
        matches!(
            self.state,
            S::Confirmed | S::Invoiced | S::PaymentDue | S::Paid | S::Closed
        )
    }

    /// The statement after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use Action as A;
        use StatementState as S;
        let mut case = *self;
        if !matches!(action, A::Lapse | A::Begin | A::Pay { .. }) {
            case.due_at = None;
        }
        case.state = match (action, self.state) {
            (A::Draw, S::Draft | S::Rejected) => {
                case.drawn = true;
                case.overdue = false;
                S::Draft
            }
            (A::Draw | A::Reject { .. } | A::Confirm { .. }, _) if self.is_confirmed() => {
                return Err(Refusal::Confirmed);
            }
            (A::Check { .. }, S::Draft) if !self.drawn => return Err(Refusal::NotDrawn),
            (A::Check { own: true }, S::Draft) => return Err(Refusal::OwnWork),
            (A::Check { own: false }, S::Draft) => S::InternalChecked,
            (A::SendBack, S::InternalChecked) => S::Draft,
            (A::Submit, S::InternalChecked) => {
                case.due_at = Some(moment.due(&moment.rules.review));
                case.overdue = false;
                S::Submitted
            }
            (A::Begin, S::Submitted) => S::UnderReview,
            (A::Reject { items: 0 }, S::UnderReview) => return Err(Refusal::NoObjection),
            (A::Reject { .. }, S::UnderReview) => {
                case.drawn = false;
                case.overdue = false;
                S::Rejected
            }
            (A::Confirm { lines: 0 }, S::UnderReview) => return Err(Refusal::AllObjected),
            (A::ReturnInvoice { paid: true }, S::PaymentDue) => return Err(Refusal::PaidAlready),
            (A::Confirm { .. }, S::UnderReview)
            | (A::ReturnInvoice { .. }, S::Invoiced | S::PaymentDue) => {
                case.overdue = false;
                S::Confirmed
            }
            (A::Invoice { matches: false }, S::Confirmed) => return Err(Refusal::Amount),
            (A::Invoice { matches: true }, S::Confirmed) => S::Invoiced,
            (A::HandIn { from } | A::Receive { from }, S::Invoiced) => {
                let due = moment.service.deadline(&moment.rules.payment, *from);
                case.due_at = Some(due.business_due_at);
                case.overdue = false;
                S::PaymentDue
            }
            // Whoever records the receipt late moves no clock.
            (A::Receive { .. }, S::PaymentDue) => {
                case.due_at = self.due_at;
                S::PaymentDue
            }
            (A::Pay { left_fen }, S::PaymentDue) if *left_fen < 0 => {
                return Err(Refusal::TooMuch(-left_fen));
            }
            (A::Pay { left_fen: 0 }, S::PaymentDue) => {
                case.due_at = None;
                S::Paid
            }
            (A::Pay { .. }, S::PaymentDue) => S::PaymentDue,
            (A::Close { owed_fen }, S::Confirmed) if *owed_fen > 0 => {
                return Err(Refusal::Owed(*owed_fen));
            }
            (A::Close { .. }, S::Paid | S::Confirmed) => S::Closed,
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
