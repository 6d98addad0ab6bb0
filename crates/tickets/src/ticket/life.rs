//! The life of a ticket (domain B.3, A.7): what may be done to it next, by whom, and what becomes of it.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out. Whether somebody
//! holds the right to an action at all is asked by the handlers; here stands what the case itself demands.

use calendar::{DeadlineRule, Limit, ServiceClock};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::words;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::{Alarm, Clock, ClockChange};

words! {
    /// Where a ticket stands.
    State {
        /// 草稿: opened with the call; the wrap-up decides what becomes of it.
        Draft = "draft",
        /// 待签收: sent to us by a platform, taken by nobody yet.
        PendingSign = "pending_sign",
        /// 办理中: somebody owes the requester something.
        InHandling = "in_handling",
        /// 挂起: the requester has to add something.
        Suspended = "suspended",
        /// 待审核: the answer waits for its sign-off.
        PendingReview = "pending_review",
        /// 已答复: the requester has the answer and may be asked about it.
        Replied = "replied",
        /// 办结
        Closed = "closed",
        /// 已退单: it went back to where it came from.
        Returned = "returned",
        /// 不予受理
        Rejected = "rejected",
        /// 已并单: another ticket carries it on.
        Merged = "merged",
        /// 作废: the contact needed no ticket.
        Void = "void",
        /// 归档
        Archived = "archived",
    }
}

impl State {
    /// Somebody owes something: there is an owner, a clock and a next step.
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::Draft
                | Self::PendingSign
                | Self::InHandling
                | Self::Suspended
                | Self::PendingReview
                | Self::Replied
        )
    }

    /// Its time is counted: the next step is ours or the purchaser's, not the requester's.
    pub fn is_timed(self) -> bool {
        matches!(
            self,
            Self::PendingSign | Self::InHandling | Self::PendingReview
        )
    }

    /// The codes of the states in which somebody owes something, for queries.
    pub fn open_codes() -> Vec<&'static str> {
        let open = Self::ALL.iter().filter(|state| state.is_open());
        open.map(|state| state.as_str()).collect()
    }
}

words! {
    /// What the requester said when asked (回访).
    Satisfaction {
        /// 满意
        Satisfied = "satisfied",
        /// 基本满意
        Fair = "fair",
        /// 不满意
        Dissatisfied = "dissatisfied",
        /// 无法联系
        Unreached = "unreached",
    }
}

/// The rules of the platform and request type that a ticket came under; rows, never constants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How long handling may take.
    pub limit: DeadlineRule,
    /// How long a ticket from a platform may wait to be signed.
    pub sign: DeadlineRule,
    /// How often a return may be asked for.
    pub returns: u32,
    /// How often an extension may be granted.
    pub extensions: u32,
    /// How often dissatisfaction opens it anew by itself.
    pub reopenings: u32,
    /// How many calls that reach nobody end the revisit.
    pub attempts: u32,
    /// Minutes a receiver has to accept a transfer.
    pub transfer_minutes: u32,
    /// An answer waits for the purchaser's sign-off (domain A.6 item 11).
    pub sign_off: bool,
    /// The requester is asked about the answer before it is closed.
    pub revisit: bool,
}

/// A transfer that waits for its receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Who gives it away and stays the owner until it is accepted.
    pub from: Uuid,
    /// Who is asked.
    pub to: Uuid,
    /// When it falls back.
    pub until: DateTime<Utc>,
}

/// What was asked for and is not decided yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// 退单
    Return,
    /// 延期
    Extension(Limit),
}

impl Asked {
    /// The code stored and sent.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Extension(_) => "extension",
        }
    }
}

/// A ticket as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Where it stands.
    pub state: State,
    /// Who took it first, for good; `None` while nobody has signed it.
    pub first_owner: Option<Uuid>,
    /// Who answers for it now.
    pub owner: Uuid,
    /// When handling is due; a draft waits for its wrap-up and has none.
    pub clock: Option<Clock>,
    /// When it must be signed.
    pub sign_due_at: Option<DateTime<Utc>>,
    /// A transfer on its way.
    pub transfer: Option<Transfer>,
    /// A return or an extension asked for.
    pub asked: Option<Asked>,
    /// Who wrote the answer that waits for sign-off.
    pub replied_by: Option<Uuid>,
    /// When the requester had his answer: what is held against the limit, since asking him about it takes time too.
    #[serde(default)]
    pub answered_at: Option<DateTime<Utc>>,
    /// Returns asked for so far.
    pub returns: u32,
    /// Extensions granted so far.
    pub extensions: u32,
    /// Times it was handled anew.
    pub reopenings: u32,
    /// Revisits that reached nobody, in a row.
    pub attempts: u32,
    /// 催办: times the requester or the platform pressed.
    pub urged: u32,
    /// 督办: due by then.
    pub supervised_until: Option<DateTime<Utc>>,
    /// When it came to its end.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What may be done to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The wrap-up needs the ticket.
    Open,
    /// The wrap-up needs no ticket.
    Void,
    /// Request type, matter, priority or text is corrected.
    Edit,
    /// 签收
    Sign,
    /// 退单: asks that the platform take it back.
    AskReturn,
    /// 延期: asks for more time.
    AskExtension(Limit),
    /// Decides what was asked for.
    Decide {
        /// Granted or refused.
        granted: bool,
    },
    /// 改派, by who runs the floor.
    Reassign {
        /// The new owner.
        to: Uuid,
    },
    /// 转办: asks a colleague to take it.
    OfferTransfer {
        /// Who.
        to: Uuid,
    },
    /// The receiver takes it.
    AcceptTransfer,
    /// The receiver does not, or who offered it thinks better of it.
    RefuseTransfer,
    /// Nobody answered in time: it falls back.
    LetTransferFall,
    /// 挂起
    Suspend,
    /// 恢复
    Resume,
    /// 催办
    Urge,
    /// 督办, until then.
    Supervise {
        /// The deadline of the supervision.
        until: DateTime<Utc>,
    },
    /// 答复
    Reply,
    /// 审核通过
    Approve,
    /// 审核退回
    SendBack,
    /// 回访
    Revisit(Satisfaction),
    /// 办结 with an explanation, where a revisit is not due or has said what it can.
    Close,
    /// 重办
    Reopen,
    /// 不予受理
    Reject,
    /// 并单
    Merge,
    /// The requester rates an answer that was closed without asking him.
    Rate,
    /// 归档
    Archive,
}

impl Action {
    /// What was done, as history and events name it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open => "opened",
            Self::Void => "voided",
            Self::Edit => "edited",
            Self::Sign => "signed",
            Self::AskReturn => "return_asked",
            Self::AskExtension(_) => "extension_asked",
            Self::Decide { granted: true } => "granted",
            Self::Decide { granted: false } => "refused",
            Self::Reassign { .. } => "reassigned",
            Self::OfferTransfer { .. } => "transfer_offered",
            Self::AcceptTransfer => "transfer_accepted",
            Self::RefuseTransfer => "transfer_refused",
            Self::LetTransferFall => "transfer_fell_back",
            Self::Suspend => "suspended",
            Self::Resume => "resumed",
            Self::Urge => "urged",
            Self::Supervise { .. } => "supervised",
            Self::Reply => "replied",
            Self::Approve => "approved",
            Self::SendBack => "sent_back",
            Self::Revisit(_) => "revisited",
            Self::Close => "closed",
            Self::Reopen => "reopened",
            Self::Reject => "rejected",
            Self::Merge => "merged",
            Self::Rate => "rated",
            Self::Archive => "archived",
        }
    }
}

kernel::refusals! {
    /// Why a ticket says no.
    Refusal {
        /// Not in this state.
        NotNow(state: State) = "ticket_not_now", format!("is {}: this cannot be done now", state.as_str());
        /// It is over; only reopening or archiving is left.
        Ended(state: State) = "ticket_ended", format!("is {} and does not change", state.as_str());
        /// Something that was asked for waits for its decision first.
        Undecided = "ticket_undecided", "waits for a decision on what was asked",
            "the shift lead or the purchaser decides first";
        /// Nothing was asked for.
        NothingAsked = "ticket_nothing_asked", "has nothing to decide";
        /// As often as the rules allow, it has been asked before.
        TooOften = "ticket_asked_too_often", "has been asked for as often as its rules allow";
        /// The time is over already.
        TooLate = "ticket_too_late", "is past the time for this";
        /// More than the original limit was asked for.
        TooLong = "ticket_extension_too_long", "may be extended by its original limit at most, in the same unit";
        /// Who wrote the answer may not sign it off.
        OwnAnswer = "ticket_own_answer", "cannot be signed off by who answered it",
            "another person of the purchaser signs it off";
        /// Only the owner does this.
        NotTheOwner = "not_the_owner", "is owned by somebody else", "the owner or the shift lead can do this";
        /// Only who was asked may accept.
        NotTheReceiver = "ticket_not_the_receiver", "was offered to somebody else";
        /// It belongs to that person already.
        SameOwner = "ticket_same_owner", "belongs to that person already";
        /// The answer needs the purchaser's sign-off.
        SignOffNeeded = "ticket_sign_off_needed",
            "is a complaint or a report: its answer needs the purchaser's sign-off",
            "answer it; the purchaser's business section signs it off";
        /// No transfer is on its way.
        NoTransfer = "ticket_no_transfer", "is not on its way to anybody";
    }
}

/// Who acts, when, and under which rules.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Who.
    pub by: Uuid,
    /// When.
    pub now: DateTime<Utc>,
    /// The calendar and the hours.
    pub service: &'a ServiceClock,
    /// The rules of this ticket.
    pub rules: &'a Rules,
    /// Who acts stands in for its owner now, and answers in his place.
    pub covers: bool,
}

/// What an action made of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The case after it.
    pub case: Case,
    /// How the clock was changed, if it was.
    pub clock: Option<ClockChange>,
}

impl Case {
    /// A draft that opened with a contact, owned by who took it.
    pub fn draft(agent: Uuid) -> Self {
        Self {
            state: State::Draft,
            first_owner: Some(agent),
            owner: agent,
            clock: None,
            sign_due_at: None,
            transfer: None,
            asked: None,
            replied_by: None,
            answered_at: None,
            returns: 0,
            extensions: 0,
            reopenings: 0,
            attempts: 0,
            urged: 0,
            supervised_until: None,
            ended_at: None,
        }
    }

    /// A ticket that a platform sent: `owner` answers for it until somebody signs, the clock runs from the
    /// dispatch at `received_at`.
    pub fn dispatched(owner: Uuid, received_at: DateTime<Utc>, moment: &Moment<'_>) -> Done {
        let start = ClockChange::Started {
            at: received_at,
            rule: moment.rules.limit.clone(),
        };
        let sign = moment.service.deadline(&moment.rules.sign, received_at);
        let case = Self {
            state: State::PendingSign,
            first_owner: None,
            clock: Some(Clock::start(
                moment.rules.limit.clone(),
                received_at,
                moment.service,
            )),
            sign_due_at: Some(sign.business_due_at),
            ..Self::draft(owner)
        };
        Done {
            case,
            clock: Some(start),
        }
    }

    /// The case after `action`, or why not.
    #[expect(
        clippy::match_same_arms,
        reason = "read from state to state, the order counts"
    )]
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Done, Refusal> {
        use State::{
            Archived, Closed, Draft, InHandling, Merged, PendingReview, PendingSign, Rejected,
            Replied, Returned, Suspended, Void,
        };
        let Moment {
            by,
            now,
            service,
            rules,
            covers,
        } = *moment;
        let mut case = self.clone();
        let mut clock = None;
        let mut start = |case: &mut Case, rule: DeadlineRule| {
            let change = ClockChange::Started { at: now, rule };
            case.turn(&change, service);
            clock = Some(change);
        };
        match (self.state, action) {
            (Archived | Merged | Void, _) => return Err(Refusal::Ended(self.state)),
            (Closed | Returned | Rejected, Action::Archive) => case.end(Archived, now),
            (Closed, Action::Rate) => {}
            (Closed, Action::Reopen) => {
                case.begin_anew();
                start(&mut case, halved(&rules.limit));
            }
            (Closed | Returned | Rejected, _) => return Err(Refusal::Ended(self.state)),

            (Draft, Action::Open) => {
                case.state = InHandling;
                start(&mut case, rules.limit.clone());
            }
            (Draft, Action::Void) => case.end(Void, now),
            (Draft, Action::Edit) => {}
            (Draft, _) => return Err(Refusal::NotNow(Draft)),

            (_, Action::Edit) => {}
            (_, Action::Urge) => case.urged += 1,
            (_, Action::Supervise { until }) => {
                if *until <= now {
                    return Err(Refusal::TooLate);
                }
                case.supervised_until = Some(*until);
            }
            (_, Action::Merge) => case.end(Merged, now),
            (_, Action::Reassign { to }) => case.hand_to(*to)?,
            (_, Action::Decide { granted }) => match case.asked.take() {
                None => return Err(Refusal::NothingAsked),
                Some(Asked::Return) if *granted => case.end(Returned, now),
                Some(Asked::Extension(by)) if *granted => {
                    case.extensions += 1;
                    let change = ClockChange::Extended { at: now, by };
                    case.turn(&change, service);
                    clock = Some(change);
                }
                Some(_) => {}
            },

            (PendingSign, Action::Sign) => {
                case.state = InHandling;
                case.first_owner = Some(by);
                case.owner = by;
                case.sign_due_at = None;
            }
            (PendingSign | InHandling, Action::AskReturn) => {
                self.nothing_asked()?;
                if self.returns >= rules.returns {
                    return Err(Refusal::TooOften);
                }
                case.returns += 1;
                case.asked = Some(Asked::Return);
            }
            (PendingSign | InHandling, Action::Reject) => case.end(Rejected, now),
            (InHandling, Action::AskExtension(by)) => {
                self.nothing_asked()?;
                if self.extensions >= rules.extensions {
                    return Err(Refusal::TooOften);
                }
                if self
                    .clock
                    .as_ref()
                    .is_none_or(|clock| clock.is_breached(now))
                {
                    return Err(Refusal::TooLate);
                }
                if !is_within(*by, rules.limit.limit) {
                    return Err(Refusal::TooLong);
                }
                case.asked = Some(Asked::Extension(*by));
            }

            (InHandling, Action::OfferTransfer { to }) => {
                self.owned_by(by)?;
                if *to == self.owner {
                    return Err(Refusal::SameOwner);
                }
                case.transfer = Some(Transfer {
                    from: by,
                    to: *to,
                    until: now + TimeDelta::minutes(i64::from(rules.transfer_minutes)),
                });
            }
            (_, Action::AcceptTransfer) => {
                let transfer = case.transfer.take().ok_or(Refusal::NoTransfer)?;
                if transfer.to != by {
                    return Err(Refusal::NotTheReceiver);
                }
                if transfer.until <= now {
                    return Err(Refusal::TooLate);
                }
                case.owner = transfer.to;
            }
            (_, Action::RefuseTransfer) => {
                let transfer = case.transfer.take().ok_or(Refusal::NoTransfer)?;
                if ![transfer.to, transfer.from].contains(&by) {
                    return Err(Refusal::NotTheReceiver);
                }
            }
            (_, Action::LetTransferFall) => {
                let transfer = case.transfer.take().ok_or(Refusal::NoTransfer)?;
                if now < transfer.until {
                    return Err(Refusal::NotNow(self.state));
                }
            }

            (InHandling, Action::Suspend) => {
                self.nothing_asked()?;
                case.state = Suspended;
                let change = ClockChange::Paused { at: now };
                case.turn(&change, service);
                clock = Some(change);
            }
            (Suspended, Action::Resume) => {
                case.state = InHandling;
                let change = ClockChange::Resumed { at: now };
                case.turn(&change, service);
                clock = Some(change);
            }
            (InHandling, Action::Reply) => {
                // 谁承办谁答复, or who stands in for him.
                if !covers {
                    self.owned_by(by)?;
                }
                self.nothing_asked()?;
                case.transfer = None;
                case.replied_by = Some(by);
                case.state = if rules.sign_off {
                    PendingReview
                } else {
                    Replied
                };
            }
            (InHandling, Action::Close) => {
                self.nothing_asked()?;
                if rules.sign_off {
                    return Err(Refusal::SignOffNeeded);
                }
                case.end(Closed, now);
            }
            (PendingReview, Action::Approve) => {
                if self.replied_by == Some(by) || self.owner == by {
                    return Err(Refusal::OwnAnswer);
                }
                case.state = Replied;
            }
            (PendingReview, Action::SendBack) => {
                case.state = InHandling;
                case.replied_by = None;
            }
            (Replied, Action::Revisit(said)) => match said {
                Satisfaction::Satisfied | Satisfaction::Fair => case.end(Closed, now),
                Satisfaction::Unreached => {
                    case.attempts += 1;
                    if case.attempts >= rules.attempts {
                        case.end(Closed, now);
                    }
                }
                Satisfaction::Dissatisfied if self.reopenings < rules.reopenings => {
                    case.begin_anew();
                    start(&mut case, halved(&rules.limit));
                }
                // Once more will not help by itself: it is supervised and needs an explanation to close.
                Satisfaction::Dissatisfied => case.supervised_until = Some(now),
            },
            (Replied, Action::Close) if !rules.revisit || self.supervised_until.is_some() => {
                case.end(Closed, now);
            }
            (state, _) => return Err(Refusal::NotNow(state)),
        }
        if matches!(case.state, Replied | Closed) {
            case.answered_at = case.answered_at.or(Some(now));
        }
        Ok(Done { case, clock })
    }

    /// The next sign after `told` of any clock that still matters.
    pub fn next_alarm(
        &self,
        told: DateTime<Utc>,
        service: &ServiceClock,
    ) -> Option<(DateTime<Utc>, Alarm)> {
        let clock = self.timed();
        let ahead = |at: Option<DateTime<Utc>>, alarm| Some((at.filter(|at| *at > told)?, alarm));
        [
            clock.and_then(|clock| clock.next_alarm(told, service)),
            ahead(self.sign_due_at, Alarm::SignDue),
            // A transfer falls however late it is looked at.
            self.transfer
                .as_ref()
                .map(|transfer| (transfer.until, Alarm::TransferDue)),
            ahead(
                self.supervised_until.filter(|_| self.state.is_open()),
                Alarm::SupervisionDue,
            ),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When the limit is over; `None` while no clock runs.
    pub fn runs_until(&self) -> Option<DateTime<Utc>> {
        Some(self.running()?.due_at)
    }

    /// How much of the limit is used, in per cent, more than 100 after its end; `None` while no clock runs.
    pub fn used_percent(&self, now: DateTime<Utc>, service: &ServiceClock) -> Option<u32> {
        Some(self.running()?.used_percent(now, service))
    }

    fn timed(&self) -> Option<&Clock> {
        self.clock.as_ref().filter(|_| self.state.is_timed())
    }

    fn running(&self) -> Option<&Clock> {
        self.timed().filter(|clock| clock.paused_at.is_none())
    }

    /// Starts the clock anew from the receipt under other rules; a draft has none to start. A stretch on hold
    /// is carried over by pausing the new clock where the old one stood still.
    pub fn restart(
        &mut self,
        rules: &Rules,
        received_at: DateTime<Utc>,
        service: &ServiceClock,
    ) -> Vec<ClockChange> {
        let Some(old) = self.clock.clone() else {
            return Vec::new();
        };
        let mut changes = vec![ClockChange::Started {
            at: received_at,
            rule: rules.limit.clone(),
        }];
        changes.extend(old.paused_at.map(|at| ClockChange::Paused { at }));
        for change in &changes {
            self.turn(change, service);
        }
        changes
    }

    fn turn(&mut self, change: &ClockChange, service: &ServiceClock) {
        self.clock = match (self.clock.take(), change) {
            (Some(clock), change) => Some(clock.after(change, service)),
            (None, ClockChange::Started { at, rule }) => {
                Some(Clock::start(rule.clone(), *at, service))
            }
            (None, _) => None,
        };
    }

    fn end(&mut self, state: State, now: DateTime<Utc>) {
        self.state = state;
        self.ended_at = Some(now);
        self.transfer = None;
        self.asked = None;
        self.sign_due_at = None;
    }

    fn begin_anew(&mut self) {
        self.state = State::InHandling;
        self.reopenings += 1;
        self.attempts = 0;
        self.replied_by = None;
        self.answered_at = None;
        self.ended_at = None;
    }

    fn hand_to(&mut self, to: Uuid) -> Result<(), Refusal> {
        if to == self.owner && self.transfer.is_none() {
            return Err(Refusal::SameOwner);
        }
        self.owner = to;
        self.transfer = None;
        Ok(())
    }

    fn owned_by(&self, by: Uuid) -> Result<(), Refusal> {
        if self.owner == by {
            Ok(())
        } else {
            Err(Refusal::NotTheOwner)
        }
    }

    fn nothing_asked(&self) -> Result<(), Refusal> {
        match self.asked {
            None => Ok(()),
            Some(_) => Err(Refusal::Undecided),
        }
    }
}

/// Half of a limit, at least one of its units: what a second handling gets.
fn halved(rule: &DeadlineRule) -> DeadlineRule {
    let limit = match rule.limit {
        Limit::WorkingDays(days) => Limit::WorkingDays((days / 2).max(1)),
        Limit::ServiceMinutes(minutes) => Limit::ServiceMinutes((minutes / 2).max(1)),
        Limit::ClockMinutes(minutes) => Limit::ClockMinutes((minutes / 2).max(1)),
    };
    DeadlineRule {
        limit,
        ..rule.clone()
    }
}

/// An extension is no longer than the original limit, in the same unit.
fn is_within(by: Limit, original: Limit) -> bool {
    match (by, original) {
        (Limit::WorkingDays(by), Limit::WorkingDays(original)) => (1..=original).contains(&by),
        (Limit::ServiceMinutes(by), Limit::ServiceMinutes(original))
        | (Limit::ClockMinutes(by), Limit::ClockMinutes(original)) => (1..=original).contains(&by),
        _ => false,
    }
}
