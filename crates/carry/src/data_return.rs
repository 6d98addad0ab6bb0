//! The return of the data when the contract is over (数据返还与删除, A-49, A-54): the purchaser holds what was handed over
//! and says so by its digest, the supplier deletes what he holds, tells what the law has him keep, and both sign the
//! certificate, which is frozen.
//!
//! Pure: the case and an action go in, the case after it or a refusal comes out.

pub mod certificate;
pub mod deletion;
pub mod http;
pub mod store;
mod verbs;

use kernel::{Side, words};

words! {
    /// Where a return stands.
    ReturnState {
        /// 待采购人接收
        Offered = "offered",
        /// 已接收
        Received = "received",
        /// 删除中
        Deleting = "deleting",
        /// 已删除
        Deleted = "deleted",
        /// 待采购人签认
        Signed = "signed",
        /// 已办结
        Closed = "closed",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

words! {
    /// Where else than in the system the supplier may hold data; each has its own line in the certificate.
    ReturnMedium {
        /// 系统服务器和数据库: handed to the purchaser, or wiped.
        Server = "server",
        /// 备份介质
        Backups = "backups",
        /// 办公终端
        Workstations = "workstations",
        /// 纸质材料
        Paper = "paper",
        /// 即时通讯群和网盘
        Messengers = "messengers",
    }
}

/// A return as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Case {
    /// Where it stands.
    pub state: ReturnState,
    /// Media of which nobody has said what became of them.
    pub unsaid: u8,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 接收
    Receive {
        /// Who does it.
        by: Side,
        /// What he received has the digest of what was handed over.
        same: bool,
        /// The contract ended on the day that he names himself.
        day: bool,
    },
    /// 撤回
    Withdraw {
        /// Who does it.
        by: Side,
    },
    /// 删除
    Delete {
        /// Who does it.
        by: Side,
        /// The contract is over.
        over: bool,
    },
    /// The job is through.
    Finish,
    /// 登记系统以外的介质
    Attest {
        /// Who does it.
        by: Side,
        /// Nobody said it of this medium before.
        first: bool,
    },
    /// 供应商签认
    Sign {
        /// Who does it.
        by: Side,
    },
    /// 采购人签认
    Accept {
        /// Who does it.
        by: Side,
    },
    /// 退回
    SendBack {
        /// Who does it.
        by: Side,
    },
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "data_return_ended", "is over and does not change", "begin a new one";
        /// The purchaser's step.
        ByPurchaser = "data_return_by_purchaser", "waits for the purchaser";
        /// The supplier's step.
        BySupplier = "data_return_by_supplier", "waits for the supplier";
        /// The purchaser names another day.
        OtherDay = "data_return_other_day", "ends with another day than the purchaser names", "agree on the last day of the contract";
        /// Another folder was received.
        OtherDigest = "data_return_other_digest", "was handed over with another digest", "compare the SHA-256 of manifest.json that you hold";
        /// The contract runs.
        Runs = "data_return_contract_runs", "is of a contract that is not over", "nothing is deleted before its last day has passed";
        /// The purchaser does not hold it.
        NotReceived = "data_return_not_received", "is not received by the purchaser", "nothing is deleted before he says that he holds it";
        /// It is past that.
        Past = "data_return_past", "is past this step";
        /// Nothing is deleted.
        NotDeleted = "data_return_not_deleted", "is not deleted yet", "delete first";
        /// Media are left.
        Unsaid = "data_return_medium_unsaid", "has media of which nobody said what became of them", "say it of each, also that there was nothing";
        /// It is not signed.
        NotSigned = "data_return_not_signed", "is not signed by the supplier";
    }
}

impl Case {
    /// A return whose data lie ready.
    pub fn offered() -> Self {
        let media = u8::try_from(ReturnMedium::ALL.len());
        Self {
            state: ReturnState::Offered,
            unsaid: media.unwrap_or(u8::MAX),
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, ReturnState::Closed | ReturnState::Withdrawn)
    }

    /// The return after `action`, or why not.
    pub fn next(&self, action: &Action) -> Result<Self, Refusal> {
        use ReturnState as S;
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        let mut case = *self;
        case.state = match (*action, self.state) {
            (Action::Receive { by, same, day }, S::Offered) => {
                only(Side::Purchaser, by)?;
                if !same {
                    return Err(Refusal::OtherDigest);
                }
                if !day {
                    return Err(Refusal::OtherDay);
                }
                S::Received
            }
            (Action::Withdraw { by }, S::Offered | S::Received) => {
                only(Side::Supplier, by)?;
                S::Withdrawn
            }
            // Asked again while the job is at it, or was given up: it goes on where it was.
            (Action::Delete { by, over }, S::Received | S::Deleting) => {
                only(Side::Supplier, by)?;
                if !over {
                    return Err(Refusal::Runs);
                }
                S::Deleting
            }
            (Action::Delete { .. }, S::Offered) => return Err(Refusal::NotReceived),
            (Action::Finish, S::Deleting) => S::Deleted,
            (Action::Attest { by, first }, S::Deleting | S::Deleted) => {
                only(Side::Supplier, by)?;
                if first {
                    case.unsaid = self.unsaid.saturating_sub(1);
                }
                self.state
            }
            (Action::Sign { by }, S::Deleted) => {
                only(Side::Supplier, by)?;
                if self.unsaid > 0 {
                    return Err(Refusal::Unsaid);
                }
                S::Signed
            }
            (
                Action::Attest { .. } | Action::Sign { .. },
                S::Offered | S::Received | S::Deleting,
            ) => {
                return Err(Refusal::NotDeleted);
            }
            (Action::Accept { by }, S::Signed) => {
                only(Side::Purchaser, by)?;
                S::Closed
            }
            (Action::SendBack { by }, S::Signed) => {
                only(Side::Purchaser, by)?;
                S::Deleted
            }
            (Action::Accept { .. } | Action::SendBack { .. }, _) => return Err(Refusal::NotSigned),
            _ => return Err(Refusal::Past),
        };
        Ok(case)
    }
}

fn only(whose: Side, by: Side) -> Result<(), Refusal> {
    match whose {
        _ if whose == by => Ok(()),
        Side::Purchaser => Err(Refusal::ByPurchaser),
        _ => Err(Refusal::BySupplier),
    }
}
