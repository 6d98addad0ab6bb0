//! What the half hours of a day are held to, as rows that are agreed anew without a new program.

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Aim;

/// What a half hour is held to: the 15 seconds are the contract's, the share is a default of the design (K-02).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntradayTerms {
    /// The share of the calls, in basis points, that is answered in time. 8,500 unless agreed.
    pub answered_bp: u16,
    /// Seconds within which a call is answered in time. 15 unless agreed.
    pub within_seconds: u16,
    /// Average handle time in seconds where nothing was handled yet. 240 unless agreed.
    pub handle_seconds: u16,
}

impl Default for IntradayTerms {
    fn default() -> Self {
        Self {
            answered_bp: 8_500,
            within_seconds: 15,
            handle_seconds: 240,
        }
    }
}

impl IntradayTerms {
    /// As the outlook reads them.
    pub fn aim(&self) -> Aim {
        Aim {
            share_bp: self.answered_bp,
            seconds: self.within_seconds,
            aht: self.handle_seconds,
        }
    }
}

impl Rule for IntradayTerms {
    const KIND: &'static str = "intraday_terms";

    fn subject(&self) -> String {
        "all".to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        let fits = (1..=9_999).contains(&self.answered_bp)
            && (1..=600).contains(&self.within_seconds)
            && (10..=3_600).contains(&self.handle_seconds);
        if fits {
            return Ok(());
        }
        let detail = "a limit is out of its range";
        Err(invalid("rule", "terms_out_of_range", detail))
    }
}

/// The terms that hold at `at`.
pub(crate) async fn in_force(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<IntradayTerms> {
    let held = rule::in_force::<IntradayTerms>(conn, at).await?;
    Ok(held.into_iter().next().unwrap_or_default())
}
