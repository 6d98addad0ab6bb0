//! Daily checks of seats and patrols of areas: what is to be looked at is agreed as rows; what was not looked
//! at on a working day is shown, and told in the evening.

pub mod http;
pub mod store;

use kernel::problem::{Result, invalid};
use kernel::rule::{Beside, Rule};
use kernel::text::{must_be_name, needed};
use kernel::{Tx, words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Items of one point, at most.
const ITEMS: usize = 30;

words! {
    /// What is looked at.
    CheckScope {
        /// 座席
        Seat = "seat",
        /// 区域
        Area = "area",
    }
}

/// A seat or an area that is looked at every working day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckPoint {
    /// `Z1`, `hall`
    pub code: String,
    /// A seat or an area.
    pub scope: CheckScope,
    /// What it is called.
    pub name: String,
    /// What is looked at.
    pub items: Vec<String>,
    /// It counts with a picture only.
    pub photo: bool,
    /// False: it is not looked at any more.
    pub active: bool,
}

impl Rule for CheckPoint {
    const KIND: &'static str = "check_point";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        must_be_name("rule.code", &self.code)?;
        must_be_name("rule.name", &self.name)?;
        if self.items.is_empty() || self.items.len() > ITEMS {
            let detail = "1 to 30 things to look at";
            return Err(invalid("rule.items", "check_items", detail));
        }
        for item in &self.items {
            needed("rule.items", item)?;
        }
        Ok(())
    }
}

/// What was found of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckedItem {
    /// What was looked at.
    pub item: String,
    /// It is in order.
    pub ok: bool,
}

/// How many of them are not in order; none where something was not looked at.
pub fn defects(asked: &[String], found: &[CheckedItem]) -> Option<usize> {
    let whole = asked.len() == found.len()
        && asked
            .iter()
            .all(|item| found.iter().filter(|one| one.item == *item).count() == 1);
    whole.then(|| found.iter().filter(|one| !one.ok).count())
}
