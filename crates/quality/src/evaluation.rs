//! An evaluation (质检单, A-14): a contact that was drawn, its score, its release to the agent, his appeal, the end.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out. Nobody evaluates himself,
//! and the agent knows of nothing before its release.

pub(crate) mod alarm;
pub mod figures;
pub mod http;
pub mod stand;
pub mod steps;
pub mod store;
pub mod view;

use calendar::{DeadlineRule, ServiceClock};
use chrono::{DateTime, Utc};
use kernel::{Side, machine, words};
use uuid::Uuid;

words! {
    /// Where an evaluation stands.
    EvaluationState {
        /// 待评
        Sampled = "sampled",
        /// 已评待公布
        Scored = "scored",
        /// 已公布
        Released = "released",
        /// 申诉中
        Appealed = "appealed",
        /// 已复评
        Rescored = "rescored",
        /// 已定
        Final = "final",
        /// 整改中: a corrective action came of it.
        Action = "action",
        /// 已作废: it could not be evaluated.
        Void = "void",
    }
}

/// What is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How long a sample may wait for its score, from the draw on.
    pub scoring: DeadlineRule,
    /// How long a score may wait for its release.
    pub release: DeadlineRule,
    /// How many working days before either of them is due it is told.
    pub reminder: u16,
    /// How long the agent may appeal, from the release on.
    pub appeal: DeadlineRule,
    /// How long the answer to an appeal may take.
    pub answer: DeadlineRule,
    /// How many tenths of a point two scores may lie apart before they have to be settled.
    pub difference_tenths: u16,
}

impl Terms {
    /// When it is told that what is due then is due soon.
    fn soon(&self, service: &ServiceClock, due: DateTime<Utc>) -> DateTime<Utc> {
        let day = service
            .calendar
            .latest_notice(kernel::day::of(due), self.reminder);
        service.hours.closing_on(day.date)
    }
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// An evaluation as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: EvaluationState,
    /// Whose work it is.
    pub agent: Uuid,
    /// Whom a complaint about the contact is about, where it is not the agent.
    pub complained: Option<Uuid>,
    /// Who gave the score; before it whom it is given to, if anybody.
    pub reviewer: Option<Uuid>,
    /// Who gave a second score.
    pub second: Option<Uuid>,
    /// Who gave the score that stands.
    pub standing: Option<Uuid>,
    /// Who scored for the purchaser.
    pub purchaser: Option<Uuid>,
    /// Two scores lie too far apart, and nobody settled it yet.
    pub unsettled: Apart,
    /// The agent appealed once.
    pub appealed: bool,
    /// When the next step is due.
    pub due_at: Option<DateTime<Utc>>,
    /// When it is told that it is late, or goes on by itself.
    pub alarm_at: Option<DateTime<Utc>>,
    /// An answer was late once, or nothing could go on for scores that were not settled.
    pub overdue: bool,
}

/// Whose scores lie too far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Apart {
    /// Those of two reviewers of the supplier.
    pub reviewers: bool,
    /// The supplier's and the purchaser's.
    pub sides: bool,
}

impl Apart {
    /// There are some.
    pub fn any(self) -> bool {
        self.reviewers || self.sides
    }
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 指派: who is to score it.
    Assign(Uuid),
    /// 评分, or 改评 by the same reviewer before the release.
    Score,
    /// 复核评分: a second reviewer's, so far from the first, in tenths.
    Second(u16),
    /// 采购人评分, so far from what stands, in tenths.
    PurchaserScore(u16),
    /// 定分: what two scores that differ come to, so far from the purchaser's, in tenths; 0 without one.
    Settle(u16),
    /// 公布
    Release,
    /// 确认
    Acknowledge,
    /// 申诉
    Appeal,
    /// 复评: what the appeal comes to, so far from the purchaser's, in tenths; 0 without one.
    Rescore(u16),
    /// 整改: a corrective action is opened.
    Correct,
    /// 作废, by somebody to whom it was once given to score, or not.
    Void {
        /// It was.
        was_his: bool,
    },
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is about oneself.
        Oneself = "evaluation_of_oneself", "is about this person", "a colleague does it";
        /// It is not his.
        NotHis = "evaluation_not_his", "is about somebody else";
        /// It belongs to another reviewer.
        Taken = "evaluation_taken", "is another reviewer's", "assign it first";
        /// There is no score.
        Unscored = "evaluation_unscored", "has no score";
        /// It is scored.
        Scored = "evaluation_scored", "is scored";
        /// The same person scored it before.
        SamePerson = "evaluation_same_person", "was scored by this person before", "somebody else does it";
        /// It was once his to score.
        WasHis = "evaluation_was_his", "was given to this person to score", "a colleague voids it";
        /// Something is still open that its agent is not told of.
        Held = "evaluation_held", "is not to be acknowledged yet", "wait for it, or appeal";
        /// Its scores lie too far apart.
        Unsettled = "evaluation_unsettled", "has scores that lie too far apart", "settle them first";
        /// Nothing is to be settled.
        Settled = "evaluation_settled", "has no scores that lie apart";
        /// It is the purchaser's score that differs.
        ByPurchaser = "evaluation_by_purchaser", "is the purchaser's to settle";
        /// The agent knows of it.
        Released = "evaluation_released", "is released and is not scored any more", "the agent may appeal";
        /// The agent knows nothing of it.
        Unreleased = "evaluation_unreleased", "is not released";
        /// The time to appeal is over.
        TooLate = "evaluation_appeal_late", "could be appealed until its time was over";
        /// It was appealed before.
        AppealedBefore = "evaluation_appealed_before", "was appealed before";
        /// There is an appeal.
        UnderAppeal = "evaluation_under_appeal", "is under appeal";
        /// There is none.
        NoAppeal = "evaluation_no_appeal", "has no appeal to answer";
        /// It is not final.
        NotFinal = "evaluation_not_final", "is not final";
        /// It is final.
        Final = "evaluation_final", "is final";
        /// It is void.
        Void = "evaluation_void", "is void", "draw another one";
        /// No clock has run out.
        NotYet = "evaluation_not_yet", "has time left";
    }
}

impl Case {
    /// One that was just drawn, and has to be scored.
    pub fn sampled(agent: Uuid, complained: Option<Uuid>, moment: &Moment<'_>) -> Self {
        let mut case = Self {
            state: EvaluationState::Sampled,
            agent,
            complained,
            reviewer: None,
            second: None,
            standing: None,
            purchaser: None,
            unsettled: Apart::default(),
            appealed: false,
            due_at: None,
            alarm_at: None,
            overdue: false,
        };
        case.owe(&moment.rules.scoring, moment);
        case
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        use EvaluationState as S;
        !matches!(self.state, S::Final | S::Action | S::Void)
    }

    /// The agent may know of it.
    pub fn is_released(&self) -> bool {
        use EvaluationState as S;
        !matches!(self.state, S::Sampled | S::Scored | S::Void)
    }

    /// It is about this person: he scores, releases and settles nothing of it.
    pub fn is_about(&self, person: Uuid) -> bool {
        self.agent == person || self.complained == Some(person)
    }

    /// Whether somebody may see it at all: nobody sees what is about himself before its release, whatever his rights,
    /// and whom a complaint is about sees nothing of another's evaluation.
    pub fn seen_by(&self, person: Uuid) -> bool {
        !self.is_about(person) || (self.agent == person && self.is_released())
    }

    /// The evaluation after what `by`, of this side, does, or why not.
    ///
    /// # Errors
    /// The reason, when it cannot be done.
    pub fn next(
        &self,
        (by, side): (Uuid, Side),
        action: &Action,
        moment: &Moment<'_>,
    ) -> Result<Self, Refusal> {
        use Action as A;
        use EvaluationState as S;
        if self.state == S::Void {
            return Err(Refusal::Void);
        }
        match action {
            A::Acknowledge | A::Appeal if by != self.agent => return Err(Refusal::NotHis),
            A::Acknowledge | A::Appeal | A::Lapse => {}
            _ if self.is_about(by) => return Err(Refusal::Oneself),
            A::Assign(to) if self.is_about(*to) => return Err(Refusal::Oneself),
            _ => {}
        }
        let mut case = *self;
        match action {
            A::Assign(_) | A::Score | A::Second(_) | A::Release | A::Void { .. } => {
                case.before_release(by, action, moment)?;
            }
            A::PurchaserScore(gap) => {
                if self.state == S::Sampled {
                    return Err(Refusal::Unscored);
                }
                case.purchaser = Some(by);
                // What is over does not change: the purchaser's score stands beside it.
                if self.is_open() {
                    case.unsettled.sides = *gap > moment.rules.difference_tenths;
                }
                let waited = matches!(self.state, S::Released | S::Rescored);
                if waited && self.unsettled.any() && !case.unsettled.any() {
                    case.wait(moment.due(&moment.rules.appeal));
                }
            }
            A::Settle(gap) => case.settle((by, side), *gap, moment)?,
            A::Acknowledge => {
                // That scores lie apart is not his to know.
                case.may_end().map_err(|why| match why {
                    Refusal::Unsettled => Refusal::Held,
                    other => other,
                })?;
                case.end();
            }
            A::Appeal => case.appeal(moment)?,
            A::Rescore(gap) => {
                if self.state != S::Appealed {
                    return Err(Refusal::NoAppeal);
                }
                if [self.reviewer, self.second, self.standing].contains(&Some(by)) {
                    return Err(Refusal::SamePerson);
                }
                case.state = S::Rescored;
                case.standing = Some(by);
                case.unsettled.sides =
                    self.purchaser.is_some() && *gap > moment.rules.difference_tenths;
                case.wait(moment.due(&moment.rules.appeal));
            }
            A::Correct => match self.state {
                S::Final | S::Action => case.state = S::Action,
                _ => return Err(Refusal::NotFinal),
            },
            A::Lapse => case.lapse(moment)?,
        }
        Ok(case)
    }

    fn before_release(
        &mut self,
        by: Uuid,
        action: &Action,
        moment: &Moment<'_>,
    ) -> Result<(), Refusal> {
        use Action as A;
        use EvaluationState as S;
        if self.is_released() {
            return Err(Refusal::Released);
        }
        match (action, self.state) {
            (A::Assign(to), S::Sampled) => self.reviewer = Some(*to),
            (A::Score, S::Sampled) => {
                if self.reviewer.is_some_and(|reviewer| reviewer != by) {
                    return Err(Refusal::Taken);
                }
                (self.reviewer, self.standing) = (Some(by), Some(by));
                self.state = S::Scored;
                self.owe(&moment.rules.release, moment);
            }
            // A change of mind after somebody looked again would make his look worth nothing.
            (A::Score, _)
                if self.second.is_some()
                    || self.purchaser.is_some()
                    || self.standing != Some(by) =>
            {
                return Err(Refusal::Taken);
            }
            (A::Score, _) => {}
            (A::Second(_), S::Scored) if [self.reviewer, self.standing].contains(&Some(by)) => {
                return Err(Refusal::SamePerson);
            }
            (A::Second(_), S::Scored) if self.second.is_some() => return Err(Refusal::Scored),
            (A::Second(gap), S::Scored) => {
                self.second = Some(by);
                self.unsettled.reviewers = *gap > moment.rules.difference_tenths;
            }
            (A::Release, S::Scored) => {
                if self.unsettled.any() {
                    return Err(Refusal::Unsettled);
                }
                self.state = S::Released;
                self.wait(moment.due(&moment.rules.appeal));
            }
            // Who is to score it does not get rid of it alone, nor by handing it over first.
            (A::Void { was_his }, S::Sampled) if *was_his || self.reviewer == Some(by) => {
                return Err(Refusal::WasHis);
            }
            (A::Void { .. }, S::Sampled) => {
                self.state = S::Void;
                (self.due_at, self.alarm_at) = (None, None);
            }
            (A::Second(_) | A::Release, _) => return Err(Refusal::Unscored),
            (_, _) => return Err(Refusal::Scored),
        }
        Ok(())
    }

    /// The reviewers' scores are settled by the supplier, the two sides' by the purchaser, either by somebody who gave
    /// none of them.
    fn settle(
        &mut self,
        (by, side): (Uuid, Side),
        gap: u16,
        moment: &Moment<'_>,
    ) -> Result<(), Refusal> {
        if !self.is_open() {
            return Err(Refusal::Final);
        }
        let gave = [self.reviewer, self.second, self.standing, self.purchaser];
        match self.unsettled {
            apart if !apart.any() => return Err(Refusal::Settled),
            Apart { sides: true, .. } if side != Side::Purchaser => {
                return Err(Refusal::ByPurchaser);
            }
            _ if gave.contains(&Some(by)) => return Err(Refusal::SamePerson),
            Apart { sides: true, .. } => self.unsettled = Apart::default(),
            _ => {
                self.unsettled.reviewers = false;
                self.unsettled.sides =
                    self.purchaser.is_some() && gap > moment.rules.difference_tenths;
            }
        }
        self.standing = Some(by);
        // The agent has his time for the score that stands now.
        if matches!(
            self.state,
            EvaluationState::Released | EvaluationState::Rescored
        ) {
            self.wait(moment.due(&moment.rules.appeal));
        }
        Ok(())
    }

    fn may_end(&self) -> Result<(), Refusal> {
        use EvaluationState as S;
        match self.state {
            S::Released | S::Rescored if self.unsettled.any() => Err(Refusal::Unsettled),
            S::Released | S::Rescored => Ok(()),
            S::Appealed => Err(Refusal::UnderAppeal),
            S::Final | S::Action => Err(Refusal::Final),
            S::Sampled | S::Scored | S::Void => Err(Refusal::Unreleased),
        }
    }

    fn appeal(&mut self, moment: &Moment<'_>) -> Result<(), Refusal> {
        use EvaluationState as S;
        match self.state {
            S::Released => {}
            S::Sampled | S::Scored | S::Void => return Err(Refusal::Unreleased),
            S::Appealed => return Err(Refusal::UnderAppeal),
            S::Rescored => return Err(Refusal::AppealedBefore),
            S::Final | S::Action => return Err(Refusal::TooLate),
        }
        if self.due_at.is_some_and(|due| due < moment.now) {
            return Err(Refusal::TooLate);
        }
        self.state = S::Appealed;
        self.appealed = true;
        self.wait(moment.due(&moment.rules.answer));
        Ok(())
    }

    fn lapse(&mut self, moment: &Moment<'_>) -> Result<(), Refusal> {
        if self.alarm_at.is_none_or(|at| at > moment.now) {
            return Err(Refusal::NotYet);
        }
        if self.is_due_soon(moment.now) {
            self.alarm_at = self.due_at;
        } else if self.may_end().is_ok() {
            // Who says nothing within his time agrees.
            self.end();
        } else {
            self.overdue = true;
            self.alarm_at = None;
        }
        Ok(())
    }

    /// There is time left until it is due: what rings is a reminder.
    pub(crate) fn is_due_soon(&self, now: DateTime<Utc>) -> bool {
        self.due_at.is_some_and(|due| due > now)
    }

    /// A reviewer's step that is due by this rule; he is reminded of it before.
    fn owe(&mut self, rule: &DeadlineRule, moment: &Moment<'_>) {
        let due = moment.due(rule);
        self.wait(due);
        let soon = moment.rules.soon(moment.service, due);
        if soon > moment.now {
            self.alarm_at = Some(soon);
        }
    }

    fn wait(&mut self, due: DateTime<Utc>) {
        (self.due_at, self.alarm_at) = (Some(due), Some(due));
        self.overdue = false;
    }

    fn end(&mut self) {
        self.state = EvaluationState::Final;
        (self.due_at, self.alarm_at) = (None, None);
    }
}
