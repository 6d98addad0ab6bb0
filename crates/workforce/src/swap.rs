//! Swaps of shifts (换班, A-11): one asks, the other accepts, the rules are checked at once, the lead approves. Pure.

pub mod http;
pub mod store;

use kernel::words;

words! {
    /// Where a swap stands.
    SwapState {
        /// 待对方同意
        Asked = "asked",
        /// 对方已同意，待班长审批
        Accepted = "accepted",
        /// 已换班
        Approved = "approved",
        /// 对方未同意
        Declined = "declined",
        /// 班长未批准
        Refused = "refused",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

/// What may be done with a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 同意
    Accept {
        /// Nothing breaks, and the terms ask no lead for such a one.
        at_once: bool,
    },
    /// 不同意
    Decline,
    /// 批准
    Approve,
    /// 不批准
    Refuse,
    /// 撤回
    Withdraw,
}

kernel::refusals! {
    /// Why something cannot be done with a swap.
    Refusal {
        /// It was decided, declined or withdrawn.
        Ended = "swap_ended", "is over and does not change", "ask for another one";
        /// The other one has not said yes.
        NotAccepted = "swap_not_accepted", "waits for the colleague";
        /// The other one said yes.
        Accepted = "swap_accepted", "was accepted and waits for the shift lead";
    }
}

impl SwapState {
    /// The swap after it, or why not.
    pub fn next(self, action: Action) -> Result<Self, Refusal> {
        use Action as A;
        match (self, action) {
            (Self::Asked, A::Accept { at_once: true }) | (Self::Accepted, A::Approve) => {
                Ok(Self::Approved)
            }
            (Self::Asked, A::Accept { at_once: false }) => Ok(Self::Accepted),
            (Self::Asked, A::Decline) => Ok(Self::Declined),
            (Self::Accepted, A::Refuse) => Ok(Self::Refused),
            (Self::Asked | Self::Accepted, A::Withdraw) => Ok(Self::Withdrawn),
            (Self::Asked, A::Approve | A::Refuse) => Err(Refusal::NotAccepted),
            (Self::Accepted, A::Accept { .. } | A::Decline) => Err(Refusal::Accepted),
            _ => Err(Refusal::Ended),
        }
    }
}
