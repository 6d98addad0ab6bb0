//! The person behind several requesters: those who were proven, or decided, to be one. A requester's rows elsewhere
//! are never rewritten; whose they are is asked.
//!
//! Pure: two groups of requesters and what speaks for their being one go in, a refusal or nothing comes out.

pub mod claim;
pub mod http;
pub mod link;
pub mod proof;
pub mod sms;
pub mod store;
pub mod suggest;

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

/// Requesters that one person may have; whoever has more is no one person.
pub const MOST: usize = 30;

kernel::words! {
    /// What happened between two requesters.
    LinkWhat {
        /// 已合并
        Merged = "merged",
        /// 已拆分
        Unmerged = "unmerged",
        /// 已核验: the writer showed that the number is his.
        Proven = "proven",
        /// 疑似同一人: a code was read out on a call that came from the number, which anybody can pretend to have.
        Suggested = "suggested",
        /// 已排除: not the same person.
        Declined = "declined",
    }
}

kernel::words! {
    /// What shows that a number is somebody's own.
    ProofKind {
        /// 回拨报验证码: he read the code out when we called the number.
        Code = "code",
        /// 短信验证码: he typed the code that was sent to the number.
        Sms = "sms",
    }
}

/// Requesters that are one person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Who the others were joined to.
    pub root: Uuid,
    /// Each requester with the one it was merged into; the root with none.
    pub members: BTreeMap<Uuid, Option<Uuid>>,
    /// Keyed hashes of the numbers that were proven to be this person's.
    pub proven: BTreeSet<String>,
}

kernel::refusals! {
    /// Why requesters are not joined or parted.
    Refusal {
        /// They are already.
        AlreadyOne = "requester_already_one", "is the same person already";
        /// Numbers change hands: whoever proved another one may be another person.
        TwoProven = "requester_two_proven", "is a person who proved another number", "unmerge what was proven wrongly first";
        /// It would have too many requesters.
        TooMany = "requester_too_many", "would be more than one person can be";
        /// It stands alone, or the others were merged into it.
        NotMerged = "requester_not_merged", "was not merged into another", "unmerge the requester that was";
    }
}

impl Group {
    /// Whether this and another may become one person, by proof or by somebody's decision.
    pub fn may_join(&self, other: &Self) -> Result<(), Refusal> {
        if self.root == other.root {
            return Err(Refusal::AlreadyOne);
        }
        let both_proven = !self.proven.is_empty() && !other.proven.is_empty();
        if both_proven && self.proven.is_disjoint(&other.proven) {
            return Err(Refusal::TwoProven);
        }
        if self.members.len() + other.members.len() > MOST {
            return Err(Refusal::TooMany);
        }
        Ok(())
    }

    /// Who leaves with `requester` when it is parted again: those that had been merged into it.
    pub fn leaving(&self, requester: Uuid) -> Result<BTreeSet<Uuid>, Refusal> {
        if self.members.get(&requester).copied().flatten().is_none() {
            return Err(Refusal::NotMerged);
        }
        let mut leaving = BTreeSet::from([requester]);
        loop {
            let more: Vec<Uuid> = self
                .members
                .iter()
                .filter(|(id, into)| {
                    !leaving.contains(*id) && into.is_some_and(|into| leaving.contains(&into))
                })
                .map(|(id, _)| *id)
                .collect();
            if more.is_empty() {
                return Ok(leaving);
            }
            leaving.extend(more);
        }
    }
}
