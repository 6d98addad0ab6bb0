//! What a roster is held to, as rows that are agreed anew without a new program.

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shift::RosterRules;

/// The longest search for a roster that may be asked for, in seconds.
pub const LONGEST_SEARCH: u16 = 60;

/// What a roster is held to. What ships is a default of the design; the hours of a week are those of 劳动法 第三十六条
/// and 国务院关于职工工作时间的规定 第三条.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterTerms {
    /// Minutes of rest between two shifts of one person. 660 unless agreed.
    pub rest_minutes: u16,
    /// Days of work in a row, at most. 6 by 劳动法 第三十八条.
    pub days_in_a_row: u16,
    /// Minutes of work in a week of five working days. 2,400 by the rule.
    pub week_minutes: u16,
    /// Seats that are held at any minute while people are at lunch. 2 unless agreed.
    pub lunch_seats: u16,
    /// People of a working day. 6 by A-28.
    pub seats: u16,
    /// A swap that both agreed to and that breaks nothing needs no lead. Not so unless agreed.
    pub swap_auto: bool,
    /// Seconds that a draft is searched for unless told. 2 unless agreed.
    pub draft_seconds: u16,
}

impl Default for RosterTerms {
    fn default() -> Self {
        Self {
            rest_minutes: 660,
            days_in_a_row: 6,
            week_minutes: 2_400,
            lunch_seats: 2,
            seats: 6,
            swap_auto: false,
            draft_seconds: 2,
        }
    }
}

impl RosterTerms {
    /// As the rules of a roster read them.
    pub fn rules(&self) -> RosterRules {
        RosterRules {
            rest_minutes: self.rest_minutes.into(),
            days_in_a_row: self.days_in_a_row.into(),
            week_minutes: self.week_minutes.into(),
            lunch_seats: self.lunch_seats.into(),
            seats: self.seats.into(),
        }
    }
}

impl Rule for RosterTerms {
    const KIND: &'static str = "roster_terms";

    fn subject(&self) -> String {
        "all".to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        let fits = self.rest_minutes <= 24 * 60
            && (1..=31).contains(&self.days_in_a_row)
            && (60..=5_040).contains(&self.week_minutes)
            && self.lunch_seats <= self.seats
            && self.seats <= 2_000
            && (1..=LONGEST_SEARCH).contains(&self.draft_seconds);
        if fits {
            return Ok(());
        }
        Err(invalid(
            "rule",
            "terms_out_of_range",
            "a limit is out of its range",
        ))
    }
}

/// The terms that hold at `at`.
pub(crate) async fn in_force(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<RosterTerms> {
    let held = rule::in_force::<RosterTerms>(conn, at).await?;
    Ok(held.into_iter().next().unwrap_or_default())
}
