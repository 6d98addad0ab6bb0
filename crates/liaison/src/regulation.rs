//! The rule library: management rules of the purchaser, procedures and standards of the supplier, in
//! versions that do not change. Whoever a text concerns confirms that he has read the version in force; a new version
//! is to be read anew.
//!
//! Pure: who has to read and who has, in; who has not, out.

pub mod http;
pub mod store;

use std::collections::BTreeSet;

use kernel::{Side, words};
use uuid::Uuid;

words! {
    /// What it is.
    RegulationKind {
        /// 管理规定
        ManagementRule = "management_rule",
        /// 作业流程
        Procedure = "procedure",
        /// 服务与质量标准
        Standard = "standard",
    }
}

impl RegulationKind {
    /// Who writes texts of this kind.
    pub fn side(self) -> Side {
        match self {
            Self::ManagementRule => Side::Purchaser,
            Self::Procedure | Self::Standard => Side::Supplier,
        }
    }
}

words! {
    /// The step of the work where a text applies.
    ProcessStep {
        /// 接听
        Answering = "answering",
        /// 在线会话
        Chatting = "chatting",
        /// 登记
        Recording = "recording",
        /// 工单办理
        WorkOrder = "work_order",
        /// 投诉处理
        Complaint = "complaint",
        /// 升级请示
        Escalation = "escalation",
        /// 应急
        Emergency = "emergency",
        /// 回访
        Revisit = "revisit",
        /// 质检
        Quality = "quality",
        /// 排班考勤
        Roster = "roster",
        /// 培训考核
        Training = "training",
        /// 现场管理
        Site = "site",
        /// 保密
        Confidentiality = "confidentiality",
    }
}

/// Of those who have to read the ones who have not.
pub fn unconfirmed(audience: &[Uuid], read: &BTreeSet<Uuid>) -> Vec<Uuid> {
    let left = audience.iter().filter(|user| !read.contains(user));
    left.copied().collect()
}
