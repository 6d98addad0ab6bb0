//! The contact record (联络记录): one for each call, written up before wrap-up may end.

pub mod answers;
pub mod complete;
pub mod documents;
pub mod events;
pub mod http;
pub mod manual;
pub mod store;

use kernel::Problem;
use kernel::problem::{invalid, refused};
use kernel::words;
use uuid::Uuid;

use crate::words::{ContactResult, RequestType};

words! {
    /// How far the writing has come.
    State {
        /// 待记录: the agent may write and has to.
        Draft = "draft",
        /// 已记录
        Complete = "complete",
        /// 待补录: the time ran out; a debt that the lead sees.
        Owed = "owed",
        /// 漏接: nobody took the call; there is nothing to write.
        Missed = "missed",
    }
}

/// What may happen to a contact record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The agent saves what is written so far.
    Save,
    /// The agent says it is done.
    Complete,
    /// Wrap-up time ran out, or the process died in the middle.
    RunOut,
    /// The call ended and nobody had taken it.
    Miss,
}

/// Why a contact record says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is complete; what it led to is corrected on the ticket.
    Complete,
    /// Nobody took the call, or not yet.
    NotAnswered,
    /// `result` is missing.
    ResultMissing,
    /// `request_type` is missing.
    RequestTypeMissing,
    /// `matter` is missing.
    MatterMissing,
    /// `summary` is missing: whoever owns the ticket must know what is owed.
    SummaryMissing,
    /// `ticket_id` is missing.
    TicketMissing,
    /// A complaint or a report is never answered away: it needs a ticket.
    TicketNeeded,
}

impl Refusal {
    /// Stable code; the console translates it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Complete => "contact_record_complete",
            Self::NotAnswered => "call_not_answered",
            Self::ResultMissing => "result_missing",
            Self::RequestTypeMissing => "request_type_missing",
            Self::MatterMissing => "matter_missing",
            Self::SummaryMissing => "summary_missing",
            Self::TicketMissing => "ticket_missing",
            Self::TicketNeeded => "ticket_needed",
        }
    }

    fn field(self) -> Option<&'static str> {
        match self {
            Self::Complete | Self::NotAnswered => None,
            Self::ResultMissing | Self::TicketNeeded => Some("result"),
            Self::RequestTypeMissing => Some("request_type"),
            Self::MatterMissing => Some("matter"),
            Self::SummaryMissing => Some("summary"),
            Self::TicketMissing => Some("ticket_id"),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match (refusal, refusal.field()) {
            (Refusal::TicketNeeded, Some(field)) => invalid(
                field,
                refusal.code(),
                "a complaint or a report needs a ticket",
            )
            .with_way_out("choose follow_up, forwarded or attached"),
            (_, Some(field)) => invalid(
                field,
                refusal.code(),
                format!("a contact record needs {field}"),
            ),
            (Refusal::NotAnswered, None) => refused(refusal.code(), "nobody has taken this call"),
            (_, None) => refused(refusal.code(), "the contact record is complete"),
        }
    }
}

impl State {
    /// The state after `action`; `answered` tells whether an agent took the call.
    pub fn next(self, action: Action, answered: bool) -> Result<Self, Refusal> {
        match (self, action) {
            (Self::Complete, _) => Err(Refusal::Complete),
            (Self::Missed, _) => Err(Refusal::NotAnswered),
            (Self::Draft | Self::Owed, _) if answered == (action == Action::Miss) => {
                Err(Refusal::NotAnswered)
            }
            (Self::Draft | Self::Owed, Action::Complete) => Ok(Self::Complete),
            (state, Action::Save) => Ok(state),
            (Self::Draft | Self::Owed, Action::RunOut) => Ok(Self::Owed),
            (Self::Draft | Self::Owed, Action::Miss) => Ok(Self::Missed),
        }
    }
}

/// What becomes of the draft ticket that was opened with the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftFate {
    /// It becomes the requester's ticket.
    Open,
    /// No ticket was needed, or the contact belongs to another one.
    Void,
}

/// What the agent wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrapUp {
    /// 诉求类型
    pub request_type: Option<RequestType>,
    /// 事项: code of a leaf of the matter tree.
    pub matter: Option<String>,
    /// 处理结果
    pub result: Option<ContactResult>,
    /// 摘要
    pub summary: String,
    /// The approved answers that were given: `<article>@<version>`.
    pub articles: Vec<String>,
    /// The open ticket the contact is attached to.
    pub ticket_id: Option<Uuid>,
}

/// A wrap-up that may end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What was written, without what the result does not need.
    pub wrap_up: WrapUp,
    /// The result.
    pub result: ContactResult,
    /// What becomes of the draft ticket.
    pub draft: DraftFate,
}

impl WrapUp {
    /// Judges whether classification and result are there, and what follows from them.
    ///
    /// | result | needs | draft ticket |
    /// | --- | --- | --- |
    /// | misdial, silent, harassment | nothing more | void |
    /// | answered | matter; consult unless told, no complaint or report | void |
    /// | `follow_up`, forwarded | request type, matter, summary | open |
    /// | attached | the ticket, which classifies it | void |
    pub fn settle(mut self) -> Result<Settled, Refusal> {
        let result = self.result.ok_or(Refusal::ResultMissing)?;
        if result != ContactResult::Attached {
            self.ticket_id = None;
        }
        let draft = match result {
            ContactResult::Misdial | ContactResult::Silent | ContactResult::Harassment => {
                self.request_type = None;
                self.matter = None;
                DraftFate::Void
            }
            ContactResult::Answered => {
                let request_type = self.request_type.unwrap_or(RequestType::Consult);
                if matches!(request_type, RequestType::Complaint | RequestType::Report) {
                    return Err(Refusal::TicketNeeded);
                }
                self.request_type = Some(request_type);
                self.matter.as_ref().ok_or(Refusal::MatterMissing)?;
                DraftFate::Void
            }
            ContactResult::FollowUp | ContactResult::Forwarded => {
                self.request_type.ok_or(Refusal::RequestTypeMissing)?;
                self.matter.as_ref().ok_or(Refusal::MatterMissing)?;
                if self.summary.trim().is_empty() {
                    return Err(Refusal::SummaryMissing);
                }
                DraftFate::Open
            }
            ContactResult::Attached => {
                self.ticket_id.ok_or(Refusal::TicketMissing)?;
                DraftFate::Void
            }
        };
        Ok(Settled {
            wrap_up: self,
            result,
            draft,
        })
    }
}
