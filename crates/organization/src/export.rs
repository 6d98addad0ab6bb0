//! What leaves the house as a file (导出, A-54): every export of rows goes through one door. A few rows pass at once,
//! more need a request that somebody else approved and that is good for once; every file names its taker, and the log
//! keeps its digest.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod access;
pub mod door;
pub mod http;
pub mod limits;
mod masking;
pub mod store;
mod told;

use chrono::{DateTime, Utc};
use kernel::words;

pub use door::{ExportPass, Leaving, Pass, Trace};
pub(crate) use told::{evidence, waiting};

words! {
    /// What may be exported; each has its doors, see [`ExportKind::of_path`].
    ExportKind {
        /// 工单
        WorkOrders = "work_orders",
        /// 回访名单
        FollowUps = "follow_ups",
        /// 培训台账
        TrainingLedger = "training_ledger",
        /// 题库
        Questions = "questions",
        /// 事项目录
        Matters = "matters",
        /// 查询表
        Lookups = "lookups",
        /// 录音
        Recording = "recording",
        /// 信令抓包
        CallTrace = "call_trace",
        /// 费用结算表
        Statements = "statements",
        /// 运营报告
        Reports = "reports",
        /// 运营指标
        KpiFigures = "kpi_figures",
        /// 数据返还与删除证明
        ReturnCertificate = "return_certificate",
    }
}

impl ExportKind {
    /// The export behind a path of the API; none for what is no export.
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.strip_prefix("/api/v1/")?;
        let steps: Vec<&str> = path.split('/').collect();
        match steps[..] {
            ["work-orders", "export"] => Some(Self::WorkOrders),
            ["follow-up-lists", _, "export"] => Some(Self::FollowUps),
            ["training-ledger", "export"] => Some(Self::TrainingLedger),
            ["questions", "export"] => Some(Self::Questions),
            ["matters", "export"] => Some(Self::Matters),
            ["exam-plans" | "title-batches", "export"] => Some(Self::Lookups),
            ["calls", _, "recording", "export"] => Some(Self::Recording),
            ["calls", _, "ladder.pcap"] => Some(Self::CallTrace),
            ["statements", _, "export" | "pdf"] => Some(Self::Statements),
            ["reports", _, "files", _] => Some(Self::Reports),
            ["kpi-figures", "export"] => Some(Self::KpiFigures),
            ["data-returns", _, "certificate"] => Some(Self::ReturnCertificate),
            _ => None,
        }
    }
}

words! {
    /// Where a request for an export stands.
    ExportRequestState {
        /// 待审批
        Waiting = "waiting",
        /// 已批准
        Approved = "approved",
        /// 未批准
        Declined = "declined",
        /// 已撤回
        Withdrawn = "withdrawn",
        /// 已导出
        Used = "used",
        /// 已过期
        Lapsed = "lapsed",
    }
}

/// A request as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: ExportRequestState,
    /// Rows it may take at most.
    pub rows: u64,
    /// Until when it may be used.
    pub until: DateTime<Utc>,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 批准
    Approve {
        /// By who asked.
        own: bool,
    },
    /// 不批准
    Decline {
        /// By who asked.
        own: bool,
    },
    /// 撤回
    Withdraw {
        /// By who asked.
        own: bool,
    },
    /// 导出
    Use {
        /// By who asked.
        own: bool,
        /// What leaves is what was asked for.
        same: bool,
        /// Rows that leave.
        rows: u64,
    },
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "export_request_ended", "is over and does not change", "ask anew";
        /// It is decided.
        Decided = "export_request_decided", "is decided already";
        /// Nobody decides on what he asked for.
        Own = "export_request_own", "is one's own; somebody else decides";
        /// Only who asked.
        Other = "export_request_other", "belongs to who asked for it";
        /// Nobody approved it.
        NotApproved = "export_request_not_approved", "is not approved", "wait for the decision";
        /// Something else leaves than was asked for.
        Differs = "export_request_differs", "was approved for other rows", "ask for these";
        /// There are more rows by now.
        Grew = "export_request_grew", "was approved for fewer rows", "ask anew";
        /// Its time is over.
        Over = "export_request_over", "was to be used before", "ask anew";
        /// Its time is not over.
        NotYet = "export_request_not_yet", "has time left";
    }
}

impl Case {
    /// A new request.
    pub fn asked(rows: u64, until: DateTime<Utc>) -> Self {
        Self {
            state: ExportRequestState::Waiting,
            rows,
            until,
        }
    }

    /// It waits for a decision or for its use.
    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            ExportRequestState::Waiting | ExportRequestState::Approved
        )
    }

    /// The request after `action`, or why not.
    pub fn next(&self, action: &Action, now: DateTime<Utc>) -> Result<Self, Refusal> {
        use ExportRequestState as S;
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        let over = self.until <= now;
        let state = match (self.state, action) {
            (_, Action::Lapse) if over => S::Lapsed,
            (_, Action::Lapse) => return Err(Refusal::NotYet),
            (_, Action::Withdraw { own: true }) => S::Withdrawn,
            (_, Action::Withdraw { own: false } | Action::Use { own: false, .. }) => {
                return Err(Refusal::Other);
            }
            _ if over => return Err(Refusal::Over),
            (S::Waiting, Action::Approve { own: false }) => S::Approved,
            (S::Waiting, Action::Decline { own: false }) => S::Declined,
            (S::Waiting, Action::Approve { .. } | Action::Decline { .. }) => {
                return Err(Refusal::Own);
            }
            (_, Action::Approve { .. } | Action::Decline { .. }) => return Err(Refusal::Decided),
            (S::Approved, Action::Use { same: false, .. }) => return Err(Refusal::Differs),
            (S::Approved, Action::Use { rows, .. }) if *rows > self.rows => {
                return Err(Refusal::Grew);
            }
            (S::Approved, Action::Use { .. }) => S::Used,
            (_, Action::Use { .. }) => return Err(Refusal::NotApproved),
        };
        Ok(Self { state, ..*self })
    }
}
