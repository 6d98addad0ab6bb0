//! The closed lists of words on the wire and in the tables (domain B.2, F).

use kernel::words;

words! {
    /// What the requester wants (诉求类型, domain B.2).
    RequestType {
        /// 咨询
        Consult = "consult",
        /// 求助
        Help = "help",
        /// 投诉
        Complaint = "complaint",
        /// 举报
        Report = "report",
        /// 建议
        Suggestion = "suggestion",
        /// 表扬
        Praise = "praise",
        /// 故障
        Fault = "fault",
    }
}

words! {
    /// How pressing a ticket is (紧急程度, domain C.6).
    Priority {
        /// 一般
        Normal = "normal",
        /// 紧急
        Urgent = "urgent",
        /// 特急
        Critical = "critical",
    }
}

words! {
    /// How a contact ended for the requester (处理结果).
    ContactResult {
        /// 咨询已答复: answered on the spot, no ticket needed.
        Answered = "answered",
        /// 待跟进: the agent keeps it.
        FollowUp = "follow_up",
        /// 转业务科室: somebody else must answer, the agent stays the owner.
        Forwarded = "forwarded",
        /// 误拨
        Misdial = "misdial",
        /// 静默
        Silent = "silent",
        /// 骚扰
        Harassment = "harassment",
        /// 并入已有工单: belongs to the requester's open ticket.
        Attached = "attached",
    }
}
