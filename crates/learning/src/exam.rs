//! One try at an exam (§A.7): assigned, in progress, handed in, marked, passed or failed; then the purchaser's
//! certificate or a replacement.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod answers;
pub mod attempt_http;
pub mod http;
pub mod marking;
pub mod marking_http;
pub mod steps;
pub mod store;
pub mod taker_http;

use calendar::DeadlineRule;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{machine, words};

words! {
    /// Where a try stands.
    AttemptState {
        /// 待考
        Assigned = "assigned",
        /// 考试中
        InProgress = "in_progress",
        /// 已交卷
        Submitted = "submitted",
        /// 已评卷: every point is known, nobody is told yet.
        Marked = "marked",
        /// 合格
        Passed = "passed",
        /// 不合格
        Failed = "failed",
        /// 已发证
        Certified = "certified",
        /// 证书已撤销
        Revoked = "revoked",
        /// 不合格，应予更换: the last try of a qualification failed.
        Replacement = "replacement",
        /// 免除: he need not sit it.
        Excused = "excused",
    }
}

words! {
    /// What an exam is for.
    Purpose {
        /// 服务资格考核: leads to the certificate, or to a replacement.
        Qualification = "qualification",
        /// 培训测验
        Training = "training",
    }
}

words! {
    /// When the result is told.
    Release {
        /// As soon as every point is known.
        Automatic = "automatic",
        /// When somebody says so.
        Manual = "manual",
    }
}

impl AttemptState {
    /// The result was told.
    pub fn is_told(self) -> bool {
        matches!(
            self,
            Self::Passed | Self::Failed | Self::Certified | Self::Revoked | Self::Replacement
        )
    }
}

/// What was agreed when the exam was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The share of the points that passes.
    pub pass_percent: i32,
    /// Minutes from the start.
    pub minutes: i32,
    /// Tries, the first one counted.
    pub tries: i32,
    /// Hours after a failed try before the next.
    pub resit_after: TimeDelta,
    /// How long the next try may then be begun.
    pub resit_within: DeadlineRule,
    /// It is a qualification.
    pub qualifies: bool,
}

impl Terms {
    /// So many points pass.
    pub fn passes(&self, points: i32, total: i32) -> bool {
        total > 0 && i64::from(points) * 100 >= i64::from(total) * i64::from(self.pass_percent)
    }
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A try as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: AttemptState,
    /// 1 is the first.
    pub try_no: i32,
    /// From when it may be begun.
    pub opens_at: DateTime<Utc>,
    /// When it may not be begun any more, and ends for who sits.
    pub closes_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When the time is over.
    pub deadline_at: Option<DateTime<Utc>>,
    /// When it was handed in.
    pub handed_in_at: Option<DateTime<Utc>>,
    /// The time ran out.
    pub by_timer: bool,
    /// It was never begun.
    pub missed: bool,
    /// The points reached, once known.
    pub points: Option<i32>,
    /// The points there are.
    pub total: i32,
    /// The next try has begun.
    pub next_begun: bool,
}

/// What may be done to a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Begins it; who comes back goes on.
    Start,
    /// 交卷
    HandIn,
    /// Its clock ran out: handed in as it stands, or missed.
    Lapse,
    /// Every point is known.
    Mark {
        /// Their sum.
        points: i32,
    },
    /// The result is told.
    Release,
    /// A result that was told is corrected.
    Correct {
        /// The points that are right.
        points: i32,
    },
    /// 发证, by the purchaser.
    Certify,
    /// 撤销, by the purchaser.
    Revoke,
    /// Another time to begin it.
    Reschedule {
        /// From when.
        opens_at: DateTime<Utc>,
        /// Until when.
        closes_at: DateTime<Utc>,
    },
    /// He need not sit it.
    Excuse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It may not be begun yet.
        NotOpen = "exam_not_open", "is not open yet";
        /// It may not be begun any more.
        WindowOver = "exam_window_over", "could be begun until its window closed", "ask the trainer for another time";
        /// It has not begun.
        NotStarted = "exam_not_started", "has not begun", "begin it first";
        /// It has begun.
        Begun = "exam_begun", "has begun already";
        /// It was handed in.
        HandedIn = "exam_handed_in", "was handed in and does not change";
        /// It was not handed in.
        NotHandedIn = "exam_not_handed_in", "was not handed in yet";
        /// It is not marked.
        Unmarked = "exam_unmarked", "has answers that nobody has marked yet", "mark them first";
        /// The result is not told.
        NotReleased = "exam_not_released", "has no result that was told";
        /// The result was told.
        Told = "exam_result_told", "has a result that was told and does not change", "a correction is a new result with its reason";
        /// It was not passed.
        NotPassed = "exam_not_passed", "was not passed";
        /// It leads to no certificate.
        NoQualification = "exam_no_qualification", "is no qualification and leads to no certificate";
        /// A certificate stands on it.
        Certified = "exam_certified", "carries a certificate", "revoke the certificate first";
        /// No certificate stands on it.
        Uncertified = "exam_uncertified", "carries no certificate";
        /// The next try has begun.
        ResitBegun = "exam_resit_begun", "was followed by a resit that has begun";
        /// It need not be sat.
        Excused = "exam_excused", "need not be sat";
        /// Its time is not over.
        NotYet = "exam_not_yet", "has time left";
        /// The window ends before it begins, or lies behind.
        WindowInvalid = "exam_window_invalid", "needs a window that ends after it begins and after now";
        /// Not so many points.
        PointsInvalid = "exam_points_invalid", "has other points to give";
    }
}

impl Case {
    /// A try to be sat.
    pub fn assigned(
        try_no: i32,
        (opens_at, closes_at): (DateTime<Utc>, DateTime<Utc>),
        total: i32,
    ) -> Self {
        Self {
            state: AttemptState::Assigned,
            try_no,
            opens_at,
            closes_at,
            started_at: None,
            deadline_at: None,
            handed_in_at: None,
            by_timer: false,
            missed: false,
            points: None,
            total,
            next_begun: false,
        }
    }

    /// When its clock runs out.
    pub fn alarm_at(&self) -> Option<DateTime<Utc>> {
        match self.state {
            AttemptState::Assigned => Some(self.closes_at),
            AttemptState::InProgress => self.deadline_at,
            _ => None,
        }
    }

    /// Whether it was passed, once it is told.
    pub fn passed(&self, terms: &Terms) -> Option<bool> {
        let told = self.state.is_told();
        self.points
            .filter(|_| told)
            .map(|points| terms.passes(points, self.total))
    }

    /// The try that follows a failed one, where one is left.
    pub fn resit(&self, moment: &Moment<'_>) -> Option<Self> {
        if self.state != AttemptState::Failed || self.try_no >= moment.rules.tries {
            return None;
        }
        let opens_at = moment.now + moment.rules.resit_after;
        let within = Moment {
            now: opens_at,
            ..*moment
        };
        let closes_at = within.due(&moment.rules.resit_within);
        Some(Self::assigned(
            self.try_no + 1,
            (opens_at, closes_at),
            self.total,
        ))
    }

    /// The try after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use AttemptState as State;
        let (now, terms) = (moment.now, moment.rules);
        let mut case = self.clone();
        match (self.state, *action) {
            (State::Excused, _) => return Err(Refusal::Excused),
            (State::Assigned, Action::Start) => {
                if now < self.opens_at {
                    return Err(Refusal::NotOpen);
                }
                if now >= self.closes_at {
                    return Err(Refusal::WindowOver);
                }
                case.state = State::InProgress;
                case.started_at = Some(now);
                let over = now + TimeDelta::minutes(terms.minutes.into());
                case.deadline_at = Some(over.min(self.closes_at));
            }
            // Who comes back after his browser was killed goes on, with the time gone.
            (State::InProgress, Action::Start) => {
                if self.deadline_at.is_some_and(|deadline| deadline <= now) {
                    return Err(Refusal::HandedIn);
                }
            }
            (State::Assigned, Action::Lapse) => {
                if now < self.closes_at {
                    return Err(Refusal::NotYet);
                }
                case.missed = true;
                case.by_timer = true;
                case.conclude(0, terms);
            }
            (
                State::Assigned,
                Action::Reschedule {
                    opens_at,
                    closes_at,
                },
            ) => {
                if closes_at <= opens_at || closes_at <= now {
                    return Err(Refusal::WindowInvalid);
                }
                (case.opens_at, case.closes_at) = (opens_at, closes_at);
            }
            (State::Assigned, Action::Excuse) => case.state = State::Excused,
            (State::Assigned, Action::HandIn) => return Err(Refusal::NotStarted),
            (State::InProgress, Action::HandIn) => {
                let over = self.deadline_at.unwrap_or(now);
                case.state = State::Submitted;
                case.by_timer = over <= now;
                case.handed_in_at = Some(now.min(over));
            }
            (State::InProgress, Action::Lapse) => {
                let over = self.deadline_at.unwrap_or(now);
                if now < over {
                    return Err(Refusal::NotYet);
                }
                case.state = State::Submitted;
                case.by_timer = true;
                case.handed_in_at = Some(over);
            }
            (State::Submitted, Action::Mark { points }) => {
                if !(0..=self.total).contains(&points) {
                    return Err(Refusal::PointsInvalid);
                }
                case.state = State::Marked;
                case.points = Some(points);
            }
            (State::Marked, Action::Release) => {
                case.conclude(self.points.unwrap_or_default(), terms);
            }
            (State::Passed | State::Failed | State::Replacement, Action::Correct { points }) => {
                if self.next_begun {
                    return Err(Refusal::ResitBegun);
                }
                if !(0..=self.total).contains(&points) {
                    return Err(Refusal::PointsInvalid);
                }
                case.conclude(points, terms);
            }
            (State::Passed, Action::Certify) => {
                if !terms.qualifies {
                    return Err(Refusal::NoQualification);
                }
                case.state = State::Certified;
            }
            (State::Certified, Action::Revoke) => case.state = State::Revoked,
            (State::Certified | State::Revoked, Action::Correct { .. } | Action::Certify) => {
                return Err(Refusal::Certified);
            }
            (State::Assigned | State::InProgress, Action::Mark { .. }) => {
                return Err(Refusal::NotHandedIn);
            }
            (State::InProgress, Action::Reschedule { .. } | Action::Excuse) => {
                return Err(Refusal::Begun);
            }
            (State::Submitted, Action::Release) => return Err(Refusal::Unmarked),
            (State::Submitted | State::Marked, Action::Start | Action::HandIn | Action::Lapse) => {
                return Err(Refusal::HandedIn);
            }
            (state, Action::Correct { .. } | Action::Release) if !state.is_told() => {
                return Err(Refusal::NotReleased);
            }
            (_, Action::Certify) => return Err(Refusal::NotPassed),
            (_, Action::Revoke) => return Err(Refusal::Uncertified),
            (State::Submitted | State::Marked, _) => return Err(Refusal::HandedIn),
            (_, _) => return Err(Refusal::Told),
        }
        Ok(case)
    }

    fn conclude(&mut self, points: i32, terms: &Terms) {
        self.points = Some(points);
        self.state = if terms.passes(points, self.total) {
            AttemptState::Passed
        } else if self.try_no >= terms.tries && terms.qualifies {
            AttemptState::Replacement
        } else {
            AttemptState::Failed
        };
    }
}
