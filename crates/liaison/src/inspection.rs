//! An inspection by the purchaser. One that was not announced (抽查、暗访) is his alone until he releases it.
//!
//! Pure: the case and an action go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;

use kernel::words;

words! {
    /// How it was done.
    InspectionKind {
        /// 例行检查
        Announced = "announced",
        /// 抽查
        Spot = "spot",
        /// 暗访
        Unannounced = "unannounced",
    }
}

impl InspectionKind {
    /// The supplier knows of it from the beginning.
    pub fn is_open_from_the_beginning(self) -> bool {
        self == Self::Announced
    }
}

words! {
    /// Where it stands.
    InspectionState {
        /// 未公开
        Hidden = "hidden",
        /// 已公开
        Released = "released",
        /// 已办结
        Closed = "closed",
    }
}

/// An inspection as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: InspectionState,
}

/// What the purchaser may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its words are written on.
    Edit,
    /// 公开
    Release,
    /// 发出整改通知
    Demand,
    /// 办结
    Close {
        /// Rectifications that are not verified.
        open: u64,
    },
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "inspection_ended", "is closed and does not change";
        /// The supplier knows it.
        Released = "inspection_released", "is released already";
        /// What was released stays as it is.
        Frozen = "inspection_frozen", "was released and stays as it is", "record another one";
        /// The supplier does not know of it.
        Hidden = "inspection_hidden", "is not released to the supplier", "release it first";
        /// Something is to be put right.
        Unverified(open: u64) = "inspection_unverified",
            format!("has {open} rectifications that are not verified");
    }
}

impl Case {
    /// What was just recorded.
    pub fn recorded(kind: InspectionKind) -> Self {
        Self {
            state: if kind.is_open_from_the_beginning() {
                InspectionState::Released
            } else {
                InspectionState::Hidden
            },
        }
    }

    /// The supplier knows nothing of it.
    pub fn is_hidden(&self) -> bool {
        self.state == InspectionState::Hidden
    }

    /// The inspection after `action`, or why not.
    pub fn next(&self, action: &Action) -> Result<Self, Refusal> {
        use InspectionState as S;
        let state = match (self.state, action) {
            (S::Closed, _) => return Err(Refusal::Ended),
            (S::Hidden, Action::Edit) => S::Hidden,
            (S::Released, Action::Edit) => return Err(Refusal::Frozen),
            (S::Hidden, Action::Release) | (S::Released, Action::Demand) => S::Released,
            (S::Released, Action::Release) => return Err(Refusal::Released),
            (S::Hidden, Action::Demand | Action::Close { .. }) => return Err(Refusal::Hidden),
            (S::Released, Action::Close { open: 0 }) => S::Closed,
            (S::Released, Action::Close { open }) => return Err(Refusal::Unverified(*open)),
        };
        Ok(Self { state })
    }
}
