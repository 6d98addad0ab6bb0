//! An improvement plan (绩效改进计划): opened from a low score with a goal, measured by the next sheets, closed by the
//! lead. Pure.

use kernel::words;

words! {
    /// Where a plan stands.
    ImprovementState {
        /// 进行中
        Open = "open",
        /// 已复测: a later month tells the value after it.
        Measured = "measured",
        /// 已关闭，达标
        Reached = "reached",
        /// 已关闭，未达标
        Missed = "missed",
    }
}

/// A plan as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: ImprovementState,
    /// The value to be reached.
    pub goal: i64,
    /// More is better.
    pub rises: bool,
    /// The value of the last month after it was opened.
    pub after: Option<i64>,
}

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 复测: a later sheet has a value.
    Measure {
        /// In the unit of the indicator.
        value: i64,
    },
    /// 关闭
    Close,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Closed = "improvement_closed", "is closed and does not change", "open another one";
        /// No month since has a value.
        NotMeasured = "improvement_not_measured", "has no value after it yet", "wait for the next month's sheet";
    }
}

impl Case {
    /// A new one.
    pub fn opened(goal: i64, rises: bool) -> Self {
        Self {
            state: ImprovementState::Open,
            goal,
            rises,
            after: None,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            ImprovementState::Open | ImprovementState::Measured
        )
    }

    /// The plan after `action`, or why not.
    pub fn next(&self, action: &Action) -> Result<Self, Refusal> {
        if !self.is_open() {
            return Err(Refusal::Closed);
        }
        let mut case = *self;
        match action {
            Action::Measure { value } => {
                case.after = Some(*value);
                case.state = ImprovementState::Measured;
            }
            Action::Close => {
                let after = self.after.ok_or(Refusal::NotMeasured)?;
                let reached = if self.rises {
                    after >= self.goal
                } else {
                    after <= self.goal
                };
                case.state = if reached {
                    ImprovementState::Reached
                } else {
                    ImprovementState::Missed
                };
            }
        }
        Ok(case)
    }
}
