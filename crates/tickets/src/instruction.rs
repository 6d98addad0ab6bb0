//! 请示 and 报告: two kinds of document from the supplier to the purchaser, one matter each. A 请示 needs a
//! binding reply by its due time, a 报告 only its receipt.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::Result;
use kernel::{App, Tx, machine, words};
use uuid::Uuid;

use crate::{matter, section};

words! {
    /// The two kinds; nobody may take one for the other.
    Kind {
        /// 请示
        InstructionRequest = "instruction_request",
        /// 报告
        Report = "report",
    }
}

words! {
    /// Where a document stands.
    State {
        /// 草稿
        Draft = "draft",
        /// 已报送
        Submitted = "submitted",
        /// 退回修改
        Returned = "returned",
        /// 已批复
        Replied = "replied",
        /// 已收悉
        Received = "received",
        /// 办结
        Closed = "closed",
    }
}

/// How long each step may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// A draft or a returned document until it is submitted.
    pub submit: DeadlineRule,
    /// A 请示 until its reply.
    pub reply: DeadlineRule,
    /// A 报告 until its receipt.
    pub receipt: DeadlineRule,
    /// From the reply or the receipt to the closing.
    pub close: DeadlineRule,
}

/// When, and under which rules.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A document as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Which kind.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// When the next step is due; none once it is closed.
    pub due_at: Option<DateTime<Utc>>,
    /// The rule that made it due then.
    pub rule_id: Option<String>,
    /// When the silence is told next: at the due time, then each service day.
    pub alarm_at: Option<DateTime<Utc>>,
    /// Times the silence was told.
    pub reminders: u32,
}

/// What may be done to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The text is changed.
    Edit,
    /// 报送
    Submit,
    /// 退回: it is not clear enough to be answered.
    Return,
    /// 批复
    Reply,
    /// 收悉
    Receive,
    /// 办结
    Close,
    /// Nobody did what was due.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It cannot be done in this state.
        NotNow(state: State) = "instruction_not_now", format!("is {}: this cannot be done now", state.as_str());
        /// It is closed.
        Ended = "instruction_ended", "is closed and does not change";
        /// A 报告 is not replied to.
        NeedsNoReply = "report_needs_no_reply", "is a report and takes no reply",
            "receive it; what has to be answered is submitted as a request";
        /// A 请示 is not done with its receipt.
        NeedsReply = "instruction_needs_reply", "is a request and needs a reply", "reply to it";
        /// Its time is not over.
        NotYet = "instruction_not_yet", "has time left";
    }
}

impl Case {
    /// A new draft.
    pub fn draft(kind: Kind, moment: &Moment<'_>) -> Self {
        let mut case = Self {
            kind,
            state: State::Draft,
            due_at: None,
            rule_id: None,
            alarm_at: None,
            reminders: 0,
        };
        case.enter(State::Draft, moment);
        case
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// The document after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use State::{Closed, Draft, Received, Replied, Returned, Submitted};
        let mut case = self.clone();
        match (self.state, action) {
            (Closed, _) => return Err(Refusal::Ended),
            (Draft | Returned, Action::Edit) => {}
            (Draft | Returned, Action::Submit) => case.enter(Submitted, moment),
            (Submitted, Action::Return) => case.enter(Returned, moment),
            (Submitted, Action::Reply) => match self.kind {
                Kind::InstructionRequest => case.enter(Replied, moment),
                Kind::Report => return Err(Refusal::NeedsNoReply),
            },
            (Submitted, Action::Receive) => match self.kind {
                Kind::Report => case.enter(Received, moment),
                Kind::InstructionRequest => return Err(Refusal::NeedsReply),
            },
            (Replied | Received, Action::Close) => case.enter(Closed, moment),
            (_, Action::Lapse) => {
                if self.alarm_at.is_some_and(|at| at > moment.now) {
                    return Err(Refusal::NotYet);
                }
                case.reminders += 1;
                // A calendar without any working day ahead is no calendar: told again after a day.
                let again = moment.service.next_day_opening(moment.now);
                case.alarm_at = Some(again.unwrap_or(moment.now + chrono::TimeDelta::days(1)));
            }
            (state, _) => return Err(Refusal::NotNow(state)),
        }
        Ok(case)
    }

    fn enter(&mut self, state: State, moment: &Moment<'_>) {
        let terms = moment.rules;
        let rule = match (state, self.kind) {
            (State::Draft | State::Returned, _) => Some(&terms.submit),
            (State::Submitted, Kind::InstructionRequest) => Some(&terms.reply),
            (State::Submitted, Kind::Report) => Some(&terms.receipt),
            (State::Replied | State::Received, _) => Some(&terms.close),
            (State::Closed, _) => None,
        };
        self.state = state;
        self.reminders = 0;
        self.due_at = rule.map(|rule| moment.due(rule));
        self.rule_id = rule.map(|rule| rule.id.clone());
        self.alarm_at = self.due_at;
    }
}

/// Begins the draft of a 请示 to the section of a matter by what was learnt elsewhere; gives its id.
///
/// # Errors
/// 422 for what is no leaf of the matter tree.
pub async fn begin(
    app: &App,
    tx: &Tx,
    who: &Who,
    (title, body): (&str, &str),
    (matter, author): (&str, Uuid),
) -> Result<Uuid> {
    let of_matter = matter::section_of_leaf(&**tx, matter).await?;
    let text = store::Text {
        matter: matter.to_owned(),
        section: section::store::known(&**tx, of_matter.as_deref()).await?,
        ticket_id: None,
        call_id: None,
        title: title.to_owned(),
        body: body.to_owned(),
    };
    let document = store::draft(app, tx, who, author, (Kind::InstructionRequest, text)).await?;
    Ok(document.id)
}
