//! A person of the supplier from candidate to the day he leaves (A-51: 候选→培训中→考核通过→上岗).
//!
//! Pure: the case and an action go in, the case after it or a refusal comes out.

pub mod carried;
pub mod evidence;
pub mod file;
pub mod http;
pub mod store;
pub mod verbs;

use kernel::{Side, words};

words! {
    /// Where somebody stands.
    StaffState {
        /// 候选
        Candidate = "candidate",
        /// 培训中
        Training = "training",
        /// 考核通过
        Passed = "passed",
        /// 在岗
        OnPost = "on_post",
        /// 停岗
        Suspended = "suspended",
        /// 离职
        Left = "left",
    }
}

/// Somebody as the rules see him.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Case {
    /// Where he stands.
    pub state: StaffState,
    /// The purchaser certified that he passed.
    pub passed: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 开始岗前培训
    BeginTraining,
    /// 考核通过: certified by somebody of this side.
    Pass {
        /// Whose certificate it is.
        by: Side,
    },
    /// 上岗
    TakePost {
        /// Mandatory items that do not stand.
        missing: usize,
        /// He works on no other project.
        exclusive: bool,
        /// The purchaser waived the pass for now.
        exempt: bool,
    },
    /// 下岗: off his post, still with the supplier.
    LeavePost,
    /// 停岗
    Suspend,
    /// 复岗: back to where he can take a post again.
    Resume,
    /// 离职
    Leave,
    /// 重新录用
    Return,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// He left.
        Gone = "staff_left", "left the supplier", "take him on anew first";
        /// He did not leave.
        Here = "staff_not_left", "did not leave";
        /// He holds a post.
        OnPost = "staff_on_post", "is on post", "take him off the post first";
        /// He holds none.
        NotOnPost = "staff_not_on_post", "holds no post";
        /// He is suspended.
        Suspended = "staff_suspended", "is suspended", "resume him first";
        /// He is not.
        NotSuspended = "staff_not_suspended", "is not suspended";
        /// He is being trained, or passed already.
        Trained = "staff_in_training", "is in training or has passed";
        /// He has not begun.
        NotInTraining = "staff_not_in_training", "has not begun the pre-job training", "begin the training first";
        /// Only the purchaser certifies.
        NotPurchaser = "pass_by_purchaser", "is certified by the purchaser alone (A-51)";
        /// He has not passed.
        NotPassed = "staff_not_passed", "has not passed the purchaser's pre-job training (A-51)", "the purchaser certifies the pass, or waives it for a transition";
        /// Something mandatory is missing.
        Unqualified(missing: usize) = "staff_unqualified", format!("lacks {missing} mandatory items"), "complete the evidence, or ask the purchaser to waive the item";
        /// He works elsewhere too.
        NotExclusive = "staff_not_exclusive", "is assigned to another project too (A-28)", "end the other assignment first";
    }
}

impl Case {
    /// A new candidate.
    pub fn candidate() -> Self {
        Self {
            state: StaffState::Candidate,
            passed: false,
        }
    }

    /// He belongs to the supplier.
    pub fn is_open(&self) -> bool {
        self.state != StaffState::Left
    }

    /// The case after `action`, or why not.
    pub fn next(&self, action: &Action) -> Result<Self, Refusal> {
        use StaffState::{Candidate, Left, OnPost, Passed, Suspended, Training};
        let rested = if self.passed { Passed } else { Training };
        let (state, passed) = match (self.state, action) {
            (Left, Action::Return) => (Candidate, false),
            (Left, _) => return Err(Refusal::Gone),
            (_, Action::Return) => return Err(Refusal::Here),

            (Candidate, Action::BeginTraining) => (Training, false),
            (_, Action::BeginTraining) => return Err(Refusal::Trained),

            (_, Action::Pass { by }) if *by != Side::Purchaser => {
                return Err(Refusal::NotPurchaser);
            }
            (Candidate, Action::Pass { .. }) => return Err(Refusal::NotInTraining),
            (Suspended, Action::Pass { .. } | Action::TakePost { .. } | Action::Suspend) => {
                return Err(Refusal::Suspended);
            }
            (OnPost, Action::Pass { .. }) => (OnPost, true),
            (Training | Passed, Action::Pass { .. }) => (Passed, true),

            (OnPost, Action::TakePost { .. } | Action::Leave) => return Err(Refusal::OnPost),
            (
                Candidate | Training | Passed,
                Action::TakePost {
                    missing,
                    exclusive,
                    exempt,
                },
            ) => {
                if !self.passed && !exempt {
                    return Err(Refusal::NotPassed);
                }
                if *missing > 0 {
                    return Err(Refusal::Unqualified(*missing));
                }
                if !exclusive {
                    return Err(Refusal::NotExclusive);
                }
                (OnPost, self.passed)
            }

            (OnPost, Action::LeavePost) | (Suspended, Action::Resume) => (rested, self.passed),
            (_, Action::LeavePost) => return Err(Refusal::NotOnPost),

            (_, Action::Suspend) => (Suspended, self.passed),
            (_, Action::Resume) => return Err(Refusal::NotSuspended),

            (_, Action::Leave) => (Left, self.passed),
        };
        Ok(Self { state, passed })
    }
}
