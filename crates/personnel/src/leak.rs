//! A leak (泄密事件, A-56): found, contained, assessed, told to whom it must be told (PIPL 57), who answers for it held
//! liable, closed. Either side reports; only the purchaser decides who is told, who is liable and when it is over.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

mod gather;
pub mod hidden;
pub mod http;
pub mod package;
pub mod store;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::{Side, machine, words};

words! {
    /// Where a leak stands.
    LeakState {
        /// 已发现
        Discovered = "discovered",
        /// 已控制
        Contained = "contained",
        /// 已评估
        Assessed = "assessed",
        /// 已通知
        Notified = "notified",
        /// 追责中
        Liability = "liability",
        /// 已结案
        Closed = "closed",
    }
}

words! {
    /// Whether somebody outside is told.
    Duty {
        /// 待评估
        Unknown = "unknown",
        /// 须通知
        Owed = "owed",
        /// 已通知
        Done = "done",
        /// 无须通知
        Spared = "spared",
    }
}

words! {
    /// Whom the law has told.
    Told {
        /// 履行个人信息保护职责的部门
        Authority = "authority",
        /// 个人
        Persons = "persons",
    }
}

/// How long each step may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Until the purchaser says that he knows.
    pub acknowledge: DeadlineRule,
    /// 控制
    pub contain: DeadlineRule,
    /// 评估
    pub assess: DeadlineRule,
    /// 通知
    pub notify: DeadlineRule,
    /// 追责
    pub hold_liable: DeadlineRule,
    /// 结案
    pub close: DeadlineRule,
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A leak as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: LeakState,
    /// When the next step is due.
    pub step_due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub step_overdue: bool,
    /// When the purchaser has to know; none once he does.
    pub told_due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub told_overdue: bool,
    /// The purchaser knows.
    pub told: bool,
    /// The authority.
    pub authority: Duty,
    /// The persons whose data it is.
    pub persons: Duty,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 采购人确认知悉
    Acknowledge {
        /// Who does it.
        by: Side,
    },
    /// 控制
    Contain,
    /// 评估
    Assess {
        /// Personal data is concerned.
        personal: bool,
        /// What was done does not keep harm from the persons.
        harm: bool,
    },
    /// 重新评估: what the first assessment said does not stand.
    Reassess {
        /// Who does it.
        by: Side,
        /// Personal data is concerned.
        personal: bool,
        /// What was done does not keep harm from the persons.
        harm: bool,
    },
    /// 变更涉事人
    NameSuspect {
        /// Who does it.
        by: Side,
    },
    /// 通知
    Notify {
        /// Who does it.
        by: Side,
        /// Who is told.
        whom: Told,
    },
    /// The authority asks that the persons are told.
    RequirePersons {
        /// Who does it.
        by: Side,
    },
    /// 追责
    HoldLiable {
        /// Who does it.
        by: Side,
    },
    /// 结案
    Close {
        /// Who does it.
        by: Side,
        /// Its evidence is frozen.
        frozen: bool,
    },
    /// 重开
    Reopen {
        /// Who does it.
        by: Side,
    },
    /// A time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is closed.
        Ended = "leak_closed", "is closed and does not change", "the purchaser reopens it";
        /// It is not closed.
        Open = "leak_open", "is not closed";
        /// The purchaser's step.
        ByPurchaser = "leak_by_purchaser", "is the purchaser's to decide";
        /// The purchaser knows already.
        Known = "leak_known", "is known to the purchaser already";
        /// It is contained already.
        Contained = "leak_contained", "is contained already";
        /// It is not contained.
        NotContained = "leak_not_contained", "is not contained yet", "stop the leak first";
        /// It is assessed already.
        Assessed = "leak_assessed", "is assessed already";
        /// It is not assessed.
        NotAssessed = "leak_not_assessed", "is not assessed yet", "assess it first";
        /// Nobody outside has to be told.
        NotOwed = "leak_notice_not_owed", "owes no such notice";
        /// Somebody has to be told.
        NotNotified = "leak_not_notified", "has not been told to everybody who must know", "tell them first";
        /// Nobody is held liable yet.
        NotLiable = "leak_not_liable", "has no decision on liability yet", "decide who answers for it";
        /// That is decided.
        Liable = "leak_liable", "has its decision on liability";
        /// Nothing is frozen.
        NoEvidence = "leak_without_evidence", "has no frozen evidence", "build its evidence package";
        /// No time ran out.
        NotYet = "leak_not_yet", "has time left";
    }
}

impl Case {
    /// A leak that was found; what the purchaser finds he knows.
    pub fn discovered(by: Side, moment: &Moment<'_>) -> Self {
        let known = by == Side::Purchaser;
        Self {
            state: LeakState::Discovered,
            step_due_at: Some(moment.due(&moment.rules.contain)),
            step_overdue: false,
            told_due_at: (!known).then(|| moment.due(&moment.rules.acknowledge)),
            told_overdue: false,
            told: known,
            authority: Duty::Unknown,
            persons: Duty::Unknown,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        self.state != LeakState::Closed
    }

    /// Something is late, or was.
    pub fn is_overdue(&self) -> bool {
        self.step_overdue || self.told_overdue
    }

    /// When its next sign is due: what is late already gives none.
    pub fn next_alarm(&self) -> Option<DateTime<Utc>> {
        let step = self.step_due_at.filter(|_| !self.step_overdue);
        let told = self.told_due_at.filter(|_| !self.told_overdue);
        [step, told].into_iter().flatten().min()
    }

    /// The leak after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use LeakState as S;
        let mut case = *self;
        match *action {
            Action::Reopen { by } => {
                only_purchaser(by)?;
                if self.is_open() {
                    return Err(Refusal::Open);
                }
                // What was found anew is assessed anew, and whoever must know of it is told anew.
                case.authority = Duty::Unknown;
                case.persons = Duty::Unknown;
                case.enter(S::Contained, moment);
            }
            _ if !self.is_open() => return Err(Refusal::Ended),
            Action::Acknowledge { by } => {
                only_purchaser(by)?;
                if self.told {
                    return Err(Refusal::Known);
                }
                case.told = true;
                case.told_due_at = None;
                case.notified(moment);
            }
            Action::Contain => match self.state {
                S::Discovered => case.enter(S::Contained, moment),
                _ => return Err(Refusal::Contained),
            },
            Action::Assess { personal, harm } => match self.state {
                S::Discovered => return Err(Refusal::NotContained),
                S::Contained => {
                    case.authority = owed(personal);
                    case.persons = owed(personal && harm);
                    case.enter(S::Assessed, moment);
                    case.notified(moment);
                }
                _ => return Err(Refusal::Assessed),
            },
            Action::Reassess { by, personal, harm } => {
                only_purchaser(by)?;
                if matches!(self.state, S::Discovered | S::Contained) {
                    return Err(Refusal::NotAssessed);
                }
                case.authority = owed_anew(self.authority, personal);
                case.persons = owed_anew(self.persons, personal && harm);
                // Whoever is liable is decided by what is known now.
                case.enter(S::Assessed, moment);
                case.notified(moment);
            }
            Action::NameSuspect { by } => only_purchaser(by)?,
            Action::Notify { by, whom } => {
                only_purchaser(by)?;
                let duty = match whom {
                    Told::Authority => &mut case.authority,
                    Told::Persons => &mut case.persons,
                };
                match *duty {
                    Duty::Owed => *duty = Duty::Done,
                    Duty::Unknown => return Err(Refusal::NotAssessed),
                    Duty::Done | Duty::Spared => return Err(Refusal::NotOwed),
                }
                case.notified(moment);
            }
            Action::RequirePersons { by } => {
                only_purchaser(by)?;
                match (self.persons, self.authority) {
                    (Duty::Spared, Duty::Owed | Duty::Done) => case.persons = Duty::Owed,
                    (Duty::Unknown, _) => return Err(Refusal::NotAssessed),
                    _ => return Err(Refusal::NotOwed),
                }
                case.enter(S::Assessed, moment);
            }
            Action::HoldLiable { by } => {
                only_purchaser(by)?;
                match self.state {
                    S::Notified => case.enter(S::Liability, moment),
                    S::Liability => return Err(Refusal::Liable),
                    S::Assessed => return Err(Refusal::NotNotified),
                    _ => return Err(Refusal::NotAssessed),
                }
            }
            Action::Close { by, frozen } => {
                only_purchaser(by)?;
                if self.state != S::Liability {
                    return Err(Refusal::NotLiable);
                }
                if !frozen {
                    return Err(Refusal::NoEvidence);
                }
                case.enter(S::Closed, moment);
            }
            Action::Lapse => {
                let over = |due: Option<DateTime<Utc>>| due.is_some_and(|due| due <= moment.now);
                let step = over(self.step_due_at) && !self.step_overdue;
                let told = over(self.told_due_at) && !self.told_overdue;
                if !step && !told {
                    return Err(Refusal::NotYet);
                }
                case.step_overdue |= step;
                case.told_overdue |= told;
            }
        }
        Ok(case)
    }

    /// Stands in `state`, whose step is due by its own clock.
    fn enter(&mut self, state: LeakState, moment: &Moment<'_>) {
        use LeakState as S;
        let rule = match state {
            S::Discovered => Some(&moment.rules.contain),
            S::Contained => Some(&moment.rules.assess),
            S::Assessed => Some(&moment.rules.notify),
            S::Notified => Some(&moment.rules.hold_liable),
            S::Liability => Some(&moment.rules.close),
            S::Closed => None,
        };
        self.state = state;
        self.step_due_at = rule.map(|rule| moment.due(rule));
        self.step_overdue = false;
    }

    /// Once it is assessed and everybody knows who must, it counts as told.
    fn notified(&mut self, moment: &Moment<'_>) {
        let owes = self.authority == Duty::Owed || self.persons == Duty::Owed;
        if self.state == LeakState::Assessed && self.told && !owes {
            self.enter(LeakState::Notified, moment);
        }
    }
}

fn owed(is: bool) -> Duty {
    if is { Duty::Owed } else { Duty::Spared }
}

/// Who was told stays told.
fn owed_anew(before: Duty, is: bool) -> Duty {
    if before == Duty::Done {
        before
    } else {
        owed(is)
    }
}

fn only_purchaser(by: Side) -> Result<(), Refusal> {
    if by == Side::Purchaser {
        Ok(())
    } else {
        Err(Refusal::ByPurchaser)
    }
}
