//! Change control: nothing of what is said, and later nothing of facilities and layout, changes without the
//! purchaser's consent. A change is proposed, decided by the purchaser, takes effect at its time and comes to its
//! end; in an emergency it takes effect at once and must be ratified, else it falls by itself and what stood before
//! stands again.
//!
//! Pure, and without a word of what is changed: the case, an action and the moment go in, the case after it or a
//! refusal comes out.

pub mod http;
pub mod store;
pub(crate) mod waiting;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::words;
use kernel::{Side, machine};

words! {
    /// Where a change stands.
    ChangeState {
        /// 草稿
        Draft = "draft",
        /// 待审批: the purchaser owes a decision.
        Submitted = "submitted",
        /// 退回: the author owes a better one.
        Returned = "returned",
        /// 待生效: consented to for a later time.
        Approved = "approved",
        /// 应急生效（待追认）: it holds, and the purchaser owes his consent.
        PendingRatification = "pending_ratification",
        /// 生效中
        Effective = "effective",
        /// 暂停: an emergency change stands in its place until that one is ratified.
        Paused = "paused",
        /// 撤下
        Withdrawn = "withdrawn",
        /// 失效: its validity is over.
        Expired = "expired",
        /// 被取代
        Superseded = "superseded",
    }
}

impl ChangeState {
    /// What it says is what holds now.
    pub fn in_force(self) -> bool {
        matches!(self, Self::PendingRatification | Self::Effective)
    }

    /// It is written on still, or decided on.
    pub fn in_work(self) -> bool {
        matches!(
            self,
            Self::Draft | Self::Submitted | Self::Returned | Self::Approved
        )
    }

    /// It takes no step any more.
    pub fn ended(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Expired | Self::Superseded)
    }
}

/// How long the purchaser has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// For a decision; then he is asked again.
    pub decide: DeadlineRule,
    /// For the ratification of an emergency change; then it falls.
    pub ratify: DeadlineRule,
}

/// When, and under which rules.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A change as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: ChangeState,
    /// It took effect before anybody consented.
    pub emergency: bool,
    /// When the purchaser's decision is due.
    pub due_at: Option<DateTime<Utc>>,
    /// Times he was asked again.
    pub reminders: u32,
    /// From when it holds.
    pub effective_at: Option<DateTime<Utc>>,
    /// When it ceases to hold by itself; none for good.
    pub until: Option<DateTime<Utc>>,
    /// When it is to be looked at again; none once that was said.
    pub review_at: Option<DateTime<Utc>>,
    /// It is to be looked at again now.
    pub due_for_review: bool,
}

/// What may be done to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its content is written on.
    Edit,
    /// 提交
    Submit,
    /// 撤回: taken back before it was decided.
    Recall,
    /// Given up.
    Discard,
    /// 同意
    Approve {
        /// Of whom decides.
        by: Side,
        /// From when it is to hold; at once when past.
        at: DateTime<Utc>,
    },
    /// 退回
    Return {
        /// Of whom decides.
        by: Side,
    },
    /// 应急变更: in force at once.
    Emergency {
        /// When the ratification is due already of the emergency change whose place it takes: one after another
        /// gains no time.
        within: Option<DateTime<Utc>>,
    },
    /// 追认
    Ratify {
        /// Of whom decides.
        by: Side,
    },
    /// 不予追认: it falls at once.
    Refuse {
        /// Of whom decides.
        by: Side,
    },
    /// 撤下, at once.
    Withdraw {
        /// Of whom decides.
        by: Side,
    },
    /// 复核: looked at again and still right.
    Review {
        /// Of whom decides.
        by: Side,
        /// When it is to be looked at again.
        next: Option<DateTime<Utc>>,
    },
    /// An emergency change takes its place for the time being.
    Pause,
    /// That one has fallen.
    Resume,
    /// Another one takes its place for good.
    Supersede,
    /// Its clock ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It cannot be done in this state.
        NotNow(state: ChangeState) = "approval_not_now", format!("is {}: this cannot be done now", state.as_str());
        /// It is over.
        Ended = "approval_ended", "is over and does not change", "propose a new version";
        /// It is being decided on.
        UnderApproval = "article_under_approval", "is submitted and does not change", "recall it first";
        /// Only the purchaser consents.
        PurchaserOnly = "approval_purchaser_only", "is decided by the purchaser alone", "submit it and wait for his decision";
        /// Its time is not over.
        NotYet = "approval_not_yet", "has time left";
        /// It would not hold for a moment.
        Over = "validity_over", "would be over before it holds", "give it a later end of validity";
    }
}

impl Case {
    /// A new draft, which holds until then and is to be looked at again then.
    pub fn draft(until: Option<DateTime<Utc>>, review_at: Option<DateTime<Utc>>) -> Self {
        Self {
            state: ChangeState::Draft,
            emergency: false,
            due_at: None,
            reminders: 0,
            effective_at: None,
            until,
            review_at,
            due_for_review: false,
        }
    }

    /// The time of its next sign: a decision that is late, the beginning, the review, the end.
    pub fn alarm_at(&self) -> Option<DateTime<Utc>> {
        match self.state {
            ChangeState::Submitted => self.due_at,
            ChangeState::Approved => self.effective_at,
            ChangeState::PendingRatification => earliest([self.due_at, self.until]),
            ChangeState::Effective => earliest([self.review_at, self.until]),
            ChangeState::Paused => self.until,
            ChangeState::Draft
            | ChangeState::Returned
            | ChangeState::Withdrawn
            | ChangeState::Expired
            | ChangeState::Superseded => None,
        }
    }

    /// The change after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use ChangeState::{
            Approved, Draft, Effective, Expired, Paused, PendingRatification, Returned, Submitted,
            Superseded, Withdrawn,
        };
        let mut case = self.clone();
        match (self.state, action) {
            (Withdrawn | Expired | Superseded, _) => return Err(Refusal::Ended),
            (Draft | Returned, Action::Edit) => {}
            (Submitted | Approved, Action::Edit) => return Err(Refusal::UnderApproval),
            (Draft | Returned, Action::Submit) => {
                case.not_over(moment.now)?;
                case.state = Submitted;
                case.reminders = 0;
                case.due_at = Some(moment.due(&moment.rules.decide));
            }
            (Submitted, Action::Recall) => case.rest(Draft),
            (Draft | Returned, Action::Discard) => case.rest(Withdrawn),
            (Submitted, Action::Approve { by, at }) => {
                by_purchaser(*by)?;
                case.not_over(moment.now.max(*at))?;
                case.hold_from(*at, moment.now);
            }
            (Submitted, Action::Return { by }) => {
                by_purchaser(*by)?;
                case.rest(Returned);
            }
            // What the purchaser has just returned is no emergency.
            (Draft | Submitted, Action::Emergency { within }) => {
                case.not_over(moment.now)?;
                case.state = PendingRatification;
                case.emergency = true;
                case.reminders = 0;
                case.effective_at = Some(moment.now);
                let due = moment.due(&moment.rules.ratify);
                case.due_at = Some(within.map_or(due, |within| within.min(due)));
            }
            (PendingRatification, Action::Ratify { by }) => {
                by_purchaser(*by)?;
                case.rest(Effective);
            }
            (PendingRatification, Action::Refuse { by })
            | (Approved | Effective | Paused, Action::Withdraw { by }) => {
                by_purchaser(*by)?;
                case.rest(Withdrawn);
            }
            (Effective, Action::Review { by, next }) => {
                by_purchaser(*by)?;
                case.due_for_review = false;
                case.review_at = *next;
            }
            (Effective, Action::Pause) => case.state = Paused,
            (Paused, Action::Resume) => case.state = Effective,
            // What nobody has ratified takes nobody's place for good.
            (Effective | Paused | PendingRatification, Action::Supersede) => case.rest(Superseded),
            (state, Action::Lapse) => case.lapse(state, moment)?,
            (state, _) => return Err(Refusal::NotNow(state)),
        }
        Ok(case)
    }

    fn lapse(&mut self, state: ChangeState, moment: &Moment<'_>) -> Result<(), Refusal> {
        let alarm = self.alarm_at().ok_or(Refusal::NotNow(state))?;
        if alarm > moment.now {
            return Err(Refusal::NotYet);
        }
        let over = self.until.is_some_and(|until| until <= moment.now);
        match state {
            ChangeState::Submitted => {
                self.reminders += 1;
                self.due_at = Some(moment.due(&moment.rules.decide));
            }
            // Nobody was there to put it into force before its validity was over.
            ChangeState::Approved
            | ChangeState::PendingRatification
            | ChangeState::Effective
            | ChangeState::Paused
                if over =>
            {
                self.rest(ChangeState::Expired);
            }
            ChangeState::Approved => self.hold_from(alarm, moment.now),
            ChangeState::PendingRatification => self.rest(ChangeState::Withdrawn),
            _ => {
                self.review_at = None;
                self.due_for_review = true;
            }
        }
        Ok(())
    }

    fn hold_from(&mut self, at: DateTime<Utc>, now: DateTime<Utc>) {
        if at > now {
            self.rest(ChangeState::Approved);
            self.effective_at = Some(at);
        } else {
            self.rest(ChangeState::Effective);
            self.effective_at = Some(now);
        }
    }

    /// Nobody owes a decision in this state.
    fn rest(&mut self, state: ChangeState) {
        self.state = state;
        self.due_at = None;
        self.reminders = 0;
        if state.ended() {
            self.due_for_review = false;
        }
    }

    fn not_over(&self, at: DateTime<Utc>) -> Result<(), Refusal> {
        match self.until {
            Some(until) if until <= at => Err(Refusal::Over),
            _ => Ok(()),
        }
    }
}

fn by_purchaser(side: Side) -> Result<(), Refusal> {
    if side == Side::Purchaser {
        Ok(())
    } else {
        Err(Refusal::PurchaserOnly)
    }
}

fn earliest<const N: usize>(times: [Option<DateTime<Utc>>; N]) -> Option<DateTime<Utc>> {
    times.into_iter().flatten().min()
}
