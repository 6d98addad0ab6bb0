//! What the hotline offers now: greeting, menu, message box, rating. Kept in memory, so that no call waits for it.

use std::sync::{PoisonError, RwLock};

use call_control::Line;

/// What the hotline offers now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineNow {
    /// Menu, message box, rating.
    pub offers: Line,
    /// Names of prompts said before the greeting (an incident) while the line is open.
    pub before_greeting: Vec<String>,
    /// The line is closed whatever the calendar says: the name of the prompt that says why.
    pub closed_by: Option<String>,
}

/// The present setting; changed by whoever edits the line.
#[derive(Debug, Default)]
pub(crate) struct Setting(RwLock<LineNow>);

impl Setting {
    pub(crate) fn get(&self) -> LineNow {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set(&self, line: LineNow) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = line;
    }
}
