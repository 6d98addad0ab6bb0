//! 平滑过渡: the six incumbents of the predecessor come over without a gap.
//!
//! Pure: the case and an action go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;
pub mod verbs;

use kernel::{Side, words};

words! {
    /// Where a transition stands.
    TransitionState {
        /// 准备中
        Preparing = "preparing",
        /// 并行运行
        Parallel = "parallel",
        /// 已上线
        Live = "live",
        /// 完成
        Completed = "completed",
    }
}

words! {
    /// What an incumbent says.
    Willingness {
        /// 未表态
        Unknown = "unknown",
        /// 愿意
        Willing = "willing",
        /// 不愿意
        Unwilling = "unwilling",
    }
}

words! {
    /// What is handed over.
    HandoverKind {
        /// 资产
        Asset = "asset",
        /// 账号
        Account = "account",
        /// 知识
        Knowledge = "knowledge",
        /// 数据
        Data = "data",
    }
}

/// A transition as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Case {
    /// Where it stands.
    pub state: TransitionState,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 开始并行运行
    BeginParallel,
    /// 上线签认
    SignOff {
        /// Who signs.
        by: Side,
        /// Posts without somebody who may work on the day.
        seats_empty: usize,
    },
    /// 完成
    Complete {
        /// Posts whose person has not signed his new contract.
        unsigned: usize,
        /// Things not handed over.
        items_open: usize,
    },
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "transition_ended", "is completed and does not change";
        /// It runs in parallel already.
        Begun = "transition_begun", "has begun its parallel run";
        /// It does not.
        NotBegun = "transition_not_begun", "has not begun its parallel run", "begin it first";
        /// The purchaser signs.
        ByPurchaser = "transition_by_purchaser", "is signed off by the purchaser";
        /// Zero gap.
        SeatsEmpty(seats: usize) = "transition_seats_empty", format!("has {seats} posts without somebody who may work (A-48: zero gap)"), "put people on the posts; the purchaser may exempt the incumbents for a time";
        /// It is live already.
        Live = "transition_live", "is live already";
        /// It is not live.
        NotLive = "transition_not_live", "is not live yet", "the purchaser signs off the go-live first";
        /// Contracts.
        Unsigned(people: usize) = "transition_unsigned", format!("has {people} people without a new contract"), "have them signed (转签), or give the post to somebody else";
        /// Things.
        ItemsOpen(items: usize) = "transition_items_open", format!("has {items} things that are not handed over");
    }
}

impl Case {
    /// A new transition.
    pub fn preparing() -> Self {
        Self {
            state: TransitionState::Preparing,
        }
    }

    /// It is under way.
    pub fn is_open(&self) -> bool {
        self.state != TransitionState::Completed
    }

    /// The transition after `action`, or why not.
    pub fn next(&self, action: &Action) -> Result<Self, Refusal> {
        use TransitionState as S;
        let state = match (self.state, action) {
            (S::Completed, _) => return Err(Refusal::Ended),
            (S::Preparing, Action::BeginParallel) => S::Parallel,
            (_, Action::BeginParallel) => return Err(Refusal::Begun),
            (_, Action::SignOff { by, .. }) if *by != Side::Purchaser => {
                return Err(Refusal::ByPurchaser);
            }
            (S::Preparing, Action::SignOff { .. }) => return Err(Refusal::NotBegun),
            (S::Parallel, Action::SignOff { seats_empty, .. }) => {
                if *seats_empty > 0 {
                    return Err(Refusal::SeatsEmpty(*seats_empty));
                }
                S::Live
            }
            (S::Live, Action::SignOff { .. }) => return Err(Refusal::Live),
            (
                S::Live,
                Action::Complete {
                    unsigned,
                    items_open,
                },
            ) => {
                if *unsigned > 0 {
                    return Err(Refusal::Unsigned(*unsigned));
                }
                if *items_open > 0 {
                    return Err(Refusal::ItemsOpen(*items_open));
                }
                S::Completed
            }
            (_, Action::Complete { .. }) => return Err(Refusal::NotLive),
        };
        Ok(Self { state })
    }
}
