//! A corrective action (整改单, A-15): a problem, its cause, what is done, by when, verified, closed.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out. Nobody verifies his own
//! work, and nothing closes unverified or with a coaching that was not held.

pub mod http;
pub mod steps;
pub mod store;

use chrono::{DateTime, Utc};
use kernel::{Side, words};
use uuid::Uuid;

words! {
    /// Where a corrective action stands.
    CorrectiveState {
        /// 待分析
        Open = "open",
        /// 整改中
        Planned = "planned",
        /// 待验证
        Done = "done",
        /// 已验证
        Verified = "verified",
        /// 已关闭
        Closed = "closed",
        /// 已撤销
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What it came of.
    CorrectiveSource {
        /// 质检
        Evaluation = "evaluation",
        /// 投诉
        Complaint = "complaint",
        /// 检查
        Inspection = "inspection",
        /// 其他
        ByHand = "by_hand",
    }
}

/// A corrective action as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: CorrectiveState,
    /// What it came of.
    pub source: CorrectiveSource,
    /// Who answers for it.
    pub owner: Uuid,
    /// Whose work it is about, if anybody's.
    pub about: Option<Uuid>,
    /// Who said that it is done.
    pub done_by: Option<Uuid>,
    /// Who verified it.
    pub verified_by: Option<Uuid>,
    /// A coaching that came of it is not held yet.
    pub coaching: bool,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// When it is told that it is late; once each round.
    pub alarm_at: Option<DateTime<Utc>>,
    /// It was late once.
    pub overdue: bool,
    /// Times it was to be done: more than one when it was sent back.
    pub rounds: u32,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 定措施: its cause, what is done, due then.
    Plan(DateTime<Utc>),
    /// 改派: who answers for it from now on.
    Reassign(Uuid),
    /// 安排辅导
    Coach,
    /// The coaching was held.
    Coached,
    /// The coaching was called off.
    CalledOff,
    /// 报完成
    Finish,
    /// 验证通过
    Verify,
    /// 退回, due then.
    SendBack(DateTime<Utc>),
    /// 关闭
    Close,
    /// 撤销
    Withdraw,
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "corrective_ended", "is over and does not change", "open another one";
        /// It is about oneself.
        Oneself = "corrective_about_oneself", "is about this person", "a colleague does it";
        /// It is somebody else's.
        NotHis = "corrective_not_his", "is another person's to do";
        /// He answers for it already.
        SameOwner = "corrective_same_owner", "is this person's already";
        /// Its cause and what is done are not said.
        Unplanned = "corrective_unplanned", "has no cause and no action yet", "plan it first";
        /// It is not done.
        NotDone = "corrective_not_done", "is not done";
        /// It is done.
        Done = "corrective_done", "is done and waits to be verified";
        /// It is due before now.
        DueBefore = "corrective_due_before", "cannot be due in the past";
        /// Its own work.
        SamePerson = "corrective_same_person", "cannot be verified by who did it", "somebody else verifies it";
        /// Nobody verified it.
        Unverified = "corrective_unverified", "is not verified by a second person", "have it verified";
        /// It is verified.
        Verified = "corrective_verified", "is verified";
        /// The purchaser closes what came of a complaint.
        ByPurchaser = "corrective_by_purchaser", "came of a complaint and is the purchaser's to close";
        /// What came of a complaint is put right.
        OfComplaint = "corrective_of_complaint", "came of a complaint and is put right";
        /// The coaching was not held.
        CoachingOpen = "corrective_coaching_open", "has a coaching that was not held yet";
        /// There is one.
        CoachingThere = "corrective_coaching_there", "has a coaching already";
        /// There is none.
        NoCoaching = "corrective_no_coaching", "has no coaching that is ahead";
        /// Nobody is to be coached.
        AboutNobody = "corrective_about_nobody", "is about nobody who could be coached";
        /// No clock has run out.
        NotYet = "corrective_not_yet", "has time left";
    }
}

impl Case {
    /// A new one, due then.
    pub fn opened(
        source: CorrectiveSource,
        owner: Uuid,
        about: Option<Uuid>,
        due: DateTime<Utc>,
    ) -> Self {
        Self {
            state: CorrectiveState::Open,
            source,
            owner,
            about,
            done_by: None,
            verified_by: None,
            coaching: false,
            due_at: Some(due),
            alarm_at: Some(due),
            overdue: false,
            rounds: 1,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        use CorrectiveState as S;
        !matches!(self.state, S::Closed | S::Withdrawn)
    }

    /// The corrective action after what `by`, of this side, does, or why not.
    ///
    /// # Errors
    /// The reason, when it cannot be done.
    pub fn next(
        &self,
        (by, side): (Uuid, Side),
        action: &Action,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        use Action as A;
        use CorrectiveState as S;
        if !self.is_open() {
            return Err(Refusal::Ended);
        }
        // Who is coached does his part himself; the rest is said and judged by others.
        let himself = matches!(action, A::Finish | A::Coached | A::CalledOff | A::Lapse);
        if self.about == Some(by) && !himself {
            return Err(Refusal::Oneself);
        }
        let mut case = *self;
        match (action, self.state) {
            (A::Plan(due) | A::SendBack(due), _) if *due <= now => return Err(Refusal::DueBefore),
            (A::Plan(due), S::Open | S::Planned) => {
                case.state = S::Planned;
                case.wait(*due);
            }
            (A::Reassign(to), S::Open | S::Planned) if self.owner == *to => {
                return Err(Refusal::SameOwner);
            }
            (A::Reassign(to), S::Open | S::Planned) => case.owner = *to,
            (A::Coach, S::Open | S::Planned) if self.about.is_none() => {
                return Err(Refusal::AboutNobody);
            }
            (A::Coach, S::Open | S::Planned) if self.coaching => {
                return Err(Refusal::CoachingThere);
            }
            (A::Coach, S::Open | S::Planned) => case.coaching = true,
            (A::Coached | A::CalledOff, _) if !self.coaching => return Err(Refusal::NoCoaching),
            (A::Coached | A::CalledOff, _) => case.coaching = false,
            (A::Finish, S::Open) => return Err(Refusal::Unplanned),
            (A::Finish, S::Planned) if self.owner != by => return Err(Refusal::NotHis),
            (A::Finish, S::Planned) if self.coaching => return Err(Refusal::CoachingOpen),
            (A::Finish, S::Planned) => {
                case.state = S::Done;
                case.done_by = Some(by);
                (case.due_at, case.alarm_at) = (None, None);
            }
            (A::Verify | A::SendBack(_), S::Done)
                if [self.done_by, Some(self.owner)].contains(&Some(by)) =>
            {
                return Err(Refusal::SamePerson);
            }
            (A::Verify, S::Done) => {
                case.state = S::Verified;
                case.verified_by = Some(by);
            }
            (A::SendBack(due), S::Done) => {
                case.state = S::Planned;
                case.done_by = None;
                case.rounds += 1;
                case.wait(*due);
            }
            (A::Verify | A::SendBack(_), S::Open | S::Planned) => return Err(Refusal::NotDone),
            (A::Close, S::Verified) => {
                if self.source == CorrectiveSource::Complaint && side != Side::Purchaser {
                    return Err(Refusal::ByPurchaser);
                }
                case.state = S::Closed;
            }
            (A::Close, _) => return Err(Refusal::Unverified),
            (
                A::Withdraw
                | A::Verify
                | A::SendBack(_)
                | A::Plan(_)
                | A::Reassign(_)
                | A::Coach
                | A::Finish,
                S::Verified,
            ) => return Err(Refusal::Verified),
            (A::Withdraw | A::Plan(_) | A::Reassign(_) | A::Coach | A::Finish, S::Done) => {
                return Err(Refusal::Done);
            }
            // A complaint is answered, and nobody lets his own duty fall.
            (A::Withdraw, _) if self.source == CorrectiveSource::Complaint => {
                return Err(Refusal::OfComplaint);
            }
            (A::Withdraw, _) if self.owner == by => return Err(Refusal::SamePerson),
            (A::Withdraw, _) => {
                case.coaching = false;
                case.state = S::Withdrawn;
                (case.due_at, case.alarm_at) = (None, None);
            }
            (A::Lapse, _) => {
                if self.alarm_at.is_none_or(|at| at > now) {
                    return Err(Refusal::NotYet);
                }
                case.overdue = true;
                case.alarm_at = None;
            }
            (_, S::Closed | S::Withdrawn) => return Err(Refusal::Ended),
        }
        Ok(case)
    }

    fn wait(&mut self, due: DateTime<Utc>) {
        (self.due_at, self.alarm_at) = (Some(due), Some(due));
    }
}
