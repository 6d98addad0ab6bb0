//! A calibration (校准, A-14): several reviewers score one sample, each without seeing the others'; all are shown at
//! once, with how far each lies from the expert's.
//!
//! Pure: the case and an action go in, the case after it or a refusal comes out.

pub mod http;
pub mod store;

use kernel::words;
use uuid::Uuid;

words! {
    /// Where a calibration stands.
    CalibrationState {
        /// 盲评中
        Blind = "blind",
        /// 已揭晓
        Revealed = "revealed",
        /// 已取消
        Cancelled = "cancelled",
    }
}

/// A calibration as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: CalibrationState,
    /// Whose score is the measure.
    pub expert: Uuid,
    /// Whose work is scored.
    pub agent: Uuid,
    /// Who scored.
    pub scored: Vec<Uuid>,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 盲评
    Score,
    /// 揭晓
    Reveal,
    /// 取消
    Cancel,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is over.
        Ended = "calibration_ended", "is over", "open another one";
        /// It is about oneself.
        Oneself = "calibration_of_oneself", "is about this person's work";
        /// He scored before.
        Scored = "calibration_scored", "was scored by this person before";
        /// Too few scores to compare.
        TooFew = "calibration_too_few", "has fewer than two scores";
        /// The measure is missing.
        NoExpert = "calibration_no_expert", "has no score of the expert yet";
    }
}

impl Case {
    /// The calibration after what `by` does, or why not.
    ///
    /// # Errors
    /// The reason, when it cannot be done.
    pub fn next(&self, by: Uuid, action: Action) -> Result<Self, Refusal> {
        if self.state != CalibrationState::Blind {
            return Err(Refusal::Ended);
        }
        if by == self.agent {
            return Err(Refusal::Oneself);
        }
        let mut case = self.clone();
        match action {
            Action::Score if self.scored.contains(&by) => return Err(Refusal::Scored),
            Action::Score => case.scored.push(by),
            Action::Reveal if !self.scored.contains(&self.expert) => {
                return Err(Refusal::NoExpert);
            }
            Action::Reveal if self.scored.len() < 2 => return Err(Refusal::TooFew),
            Action::Reveal => case.state = CalibrationState::Revealed,
            Action::Cancel => case.state = CalibrationState::Cancelled,
        }
        Ok(case)
    }

    /// Whether somebody sees a score of `of` now: before all are shown, his own alone.
    pub fn shows(&self, of: Uuid, to: Uuid) -> bool {
        self.state == CalibrationState::Revealed || of == to
    }
}
