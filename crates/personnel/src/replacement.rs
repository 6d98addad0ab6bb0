//! A replacement: who leaves is announced five working days before, and somebody of equal standing is on his
//! post without a gap.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod equivalence;
pub mod handover;
pub mod http;
pub mod store;
pub mod verbs;

use calendar::Calendar;
use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::{Side, machine, words};

words! {
    /// Where a replacement stands.
    ReplacementState {
        /// 拟通知
        NoticeDrafted = "notice_drafted",
        /// 已通知
        NoticeServed = "notice_served",
        /// 已提名候选人
        CandidateProposed = "candidate_proposed",
        /// 采购人不同意
        RejectedByPurchaser = "rejected_by_purchaser",
        /// 资历相当
        QualificationOk = "qualification_ok",
        /// 培训中
        Training = "training",
        /// 考核通过
        ExamPassed = "exam_passed",
        /// 交接中
        Handover = "handover",
        /// 已上岗
        OnPost = "on_post",
        /// 办结
        Closed = "closed",
        /// 撤销: he stays after all.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// Why somebody is replaced.
    ReplacementCause {
        /// 离职
        Resignation = "resignation",
        /// 疾病、意外
        Illness = "illness",
        /// 不能履职
        Unfit = "unfit",
        /// 考核不合格
        ExamFailed = "exam_failed",
        /// 采购人要求
        Demanded = "demanded",
    }
}

/// What is agreed, in working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// From the notice to the last day.
    pub notice: u16,
    /// From the discovery of what could not be announced to the new one on post.
    pub sudden: u16,
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A replacement as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: ReplacementState,
    /// 无法提前: it could not be announced; the clock runs from its discovery.
    pub sudden: bool,
    /// The last day on post.
    pub last_day: NaiveDate,
    /// When the notice was served.
    pub notice_on: Option<NaiveDate>,
    /// When the new one has to be on post; none before the notice, and once it is over.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 通知采购人, on this day.
    Serve {
        /// The day of the notice.
        on: NaiveDate,
    },
    /// 提名
    Propose {
        /// The candidate is who leaves.
        same: bool,
        /// He holds a post already.
        holds_post: bool,
    },
    /// 采购人不同意
    Reject {
        /// Who says so.
        by: Side,
    },
    /// 采购人同意
    Accept {
        /// Who says so.
        by: Side,
        /// Not less than who leaves, in everything that is compared.
        equivalent: bool,
        /// The purchaser waives what is less.
        waived: bool,
    },
    /// 开始培训
    Train,
    /// 考核通过: the purchaser certified the candidate.
    PassExam {
        /// It stands in his file.
        certified: bool,
    },
    /// 开始交接
    HandOver,
    /// 上岗
    TakePost {
        /// Open tickets of who leaves that nobody accepted.
        open_tickets: usize,
    },
    /// 办结
    Close {
        /// Who left is off his post.
        gone: bool,
    },
    /// 撤销
    Withdraw,
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "replacement_ended", "is over and does not change", "open a new one";
        /// The notice is too late for the last day.
        NoticeTooShort(days: u16) = "notice_too_short", format!("is announced less than {days} working days before the last day (A-46)"), "name a later last day, or record that it could not be announced in time";
        /// It is announced already.
        Served = "replacement_served", "is announced already";
        /// Not announced yet.
        NotServed = "replacement_not_served", "is not announced yet", "serve the notice first";
        /// The candidate is who leaves.
        SamePerson = "replacement_same_person", "needs somebody else than who leaves";
        /// The candidate holds a post.
        CandidateOnPost = "replacement_candidate_on_post", "needs somebody who holds no post (A-28)";
        /// No candidate is proposed.
        NoCandidate = "replacement_no_candidate", "has no candidate to decide on", "propose one first";
        /// It is the purchaser's to say.
        NotPurchaser = "replacement_by_purchaser", "is decided by the purchaser";
        /// The candidate is less than who leaves.
        NotEquivalent = "replacement_not_equivalent", "has a candidate of lesser standing (A-46)", "propose another one, or the purchaser waives it with a reason";
        /// Not accepted yet.
        NotAccepted = "replacement_not_accepted", "has no candidate the purchaser accepted", "the purchaser accepts the candidate first";
        /// It is not the turn of this step.
        NotNow = "replacement_not_now", "is not at this step";
        /// The certificate is missing.
        NotCertified = "replacement_not_certified", "has a candidate without the purchaser's certificate (A-51)", "the purchaser certifies the pass in the staff file first";
        /// Tickets wait.
        TicketsOpen(tickets: usize) = "replacement_tickets_open", format!("has {tickets} open tickets that nobody accepted"), "offer them to colleagues, who accept them";
        /// Who leaves is still on the post.
        StillOnPost = "replacement_still_on_post", "is about somebody who is still on post";
        /// Its time is not over.
        NotYet = "replacement_not_yet", "has time left";
    }
}

impl Case {
    /// A replacement that is prepared.
    pub fn drafted(last_day: NaiveDate, sudden: bool) -> Self {
        Self {
            state: ReplacementState::NoticeDrafted,
            sudden,
            last_day,
            notice_on: None,
            due_at: None,
            overdue: false,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        !matches!(
            self.state,
            ReplacementState::Closed | ReplacementState::Withdrawn
        )
    }

    /// The replacement after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use ReplacementState as S;
        let mut case = self.clone();
        match (self.state, action) {
            (S::Closed | S::Withdrawn, _) => return Err(Refusal::Ended),

            (_, Action::Lapse) => {
                if self.due_at.is_none_or(|due| due > moment.now) || self.overdue {
                    return Err(Refusal::NotYet);
                }
                case.overdue = true;
            }
            (S::OnPost, Action::Withdraw) => return Err(Refusal::NotNow),
            (_, Action::Withdraw) => {
                case.state = S::Withdrawn;
                case.due_at = None;
            }

            (S::NoticeDrafted, Action::Serve { on }) => {
                let days = moment.rules.notice;
                let calendar = &moment.service.calendar;
                if !self.sudden && earliest_last_day(calendar, *on, days) > self.last_day {
                    return Err(Refusal::NoticeTooShort(days));
                }
                case.state = S::NoticeServed;
                case.notice_on = Some(*on);
                case.due_at = Some(self.due(*on, moment));
            }
            (_, Action::Serve { .. }) => return Err(Refusal::Served),
            (S::NoticeDrafted, _) => return Err(Refusal::NotServed),

            (
                S::NoticeServed | S::RejectedByPurchaser | S::CandidateProposed,
                Action::Propose { same, holds_post },
            ) => {
                if *same {
                    return Err(Refusal::SamePerson);
                }
                if *holds_post {
                    return Err(Refusal::CandidateOnPost);
                }
                case.state = S::CandidateProposed;
            }
            (_, Action::Propose { .. }) => return Err(Refusal::NotNow),

            (S::CandidateProposed, Action::Reject { by } | Action::Accept { by, .. })
                if *by != Side::Purchaser =>
            {
                return Err(Refusal::NotPurchaser);
            }
            (S::CandidateProposed, Action::Reject { .. }) => case.state = S::RejectedByPurchaser,
            (
                S::CandidateProposed,
                Action::Accept {
                    equivalent, waived, ..
                },
            ) => {
                if !equivalent && !waived {
                    return Err(Refusal::NotEquivalent);
                }
                case.state = S::QualificationOk;
            }
            (_, Action::Reject { .. } | Action::Accept { .. }) => return Err(Refusal::NoCandidate),

            (S::NoticeServed | S::RejectedByPurchaser | S::CandidateProposed, _) => {
                return Err(Refusal::NotAccepted);
            }

            (S::QualificationOk, Action::Train) => case.state = S::Training,
            // Who passed before needs no second training.
            (S::QualificationOk | S::Training, Action::PassExam { certified }) => {
                if !certified {
                    return Err(Refusal::NotCertified);
                }
                case.state = S::ExamPassed;
            }
            (S::ExamPassed, Action::HandOver) => case.state = S::Handover,
            (S::Handover, Action::TakePost { open_tickets }) => {
                if *open_tickets > 0 {
                    return Err(Refusal::TicketsOpen(*open_tickets));
                }
                case.state = S::OnPost;
                case.due_at = None;
            }
            (S::OnPost, Action::Close { gone }) => {
                if !gone {
                    return Err(Refusal::StillOnPost);
                }
                case.state = S::Closed;
            }
            (_, Action::Train | Action::PassExam { .. } | Action::HandOver) => {
                return Err(Refusal::NotNow);
            }
            (_, Action::TakePost { .. } | Action::Close { .. }) => return Err(Refusal::NotNow),
        }
        Ok(case)
    }

    /// When the new one has to be on post: by the end of the last day, so that there is no gap; after what came
    /// suddenly within the term from its discovery.
    fn due(&self, on: NaiveDate, moment: &Moment<'_>) -> DateTime<Utc> {
        let (calendar, hours) = (&moment.service.calendar, &moment.service.hours);
        let day = if self.sudden {
            calendar.add_workdays(on, moment.rules.sudden).date
        } else {
            calendar.on_or_before(self.last_day).date
        };
        hours.closing_on(calendar.on_or_after(day).date)
    }
}

/// The earliest last day for a notice of that day; one given on a day off counts as given on the next working day.
pub fn earliest_last_day(calendar: &Calendar, notice: NaiveDate, days: u16) -> NaiveDate {
    let given = calendar.on_or_after(notice).date;
    calendar.add_workdays(given, days).date
}

/// Working days on which the post was empty between the last day of the one and the first of the other; until
/// `today` while nobody has come. Zero is what is owed.
pub fn gap(
    calendar: &Calendar,
    last_day: NaiveDate,
    on_post: Option<NaiveDate>,
    today: NaiveDate,
) -> i64 {
    let first_empty = last_day + Days::new(1);
    let last_empty = match on_post {
        Some(first) => first - Days::new(1),
        None => today,
    };
    if last_empty < first_empty {
        return 0;
    }
    i64::from(calendar.workdays(first_empty, last_empty).days)
}
