//! What a contract has where its draft does not say otherwise, and when both sides are warned
//! and reminded: a rule that is agreed anew without a new program.

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HALF;

/// The longest contract in months.
const LONGEST: u32 = 36;
/// Seats at most.
const MOST_SEATS: i64 = 200;
/// The highest tax in basis points.
pub(crate) const HIGHEST_TAX_BP: i64 = 1_300;

/// Terms of a contract, and its reminders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractTerms {
    /// Months of the term, in whole half years.
    pub months: u32,
    /// Seats.
    pub seats: i64,
    /// The cap in fen.
    pub cap_fen: i64,
    /// Basis points of tax.
    pub tax_bp: i64,
    /// Working days of a review.
    pub review_days: i64,
    /// Working days of a payment.
    pub payment_days: i64,
    /// From so many basis points of the cap on both sides are warned.
    pub warn_bp: i64,
    /// Days before the agreed day of a statement on which the supplier is reminded.
    pub statement_lead_days: u64,
    /// Working days after a half year in which its statement can be drawn before it is late, whatever day is agreed.
    pub statement_grace_days: u16,
    /// Days before the end of a review or payment on which the purchaser is reminded.
    pub soon_days: u64,
    /// Days before the end of the term on which both sides are reminded of it.
    pub end_reminder_days: Vec<u64>,
}

impl ContractTerms {
    /// 422 for what no contract can have.
    pub(crate) fn must_be_sound(&self) -> Result<()> {
        let wrong = |field: &str, detail: &str| Err(invalid(field, "term_out_of_range", detail));
        if !(HALF..=LONGEST).contains(&self.months) || !self.months.is_multiple_of(HALF) {
            return wrong("months", "6 to 36 months, in half years");
        }
        if !(1..=MOST_SEATS).contains(&self.seats) {
            return wrong("seats", "1 to 200 seats");
        }
        if !(100..=100_000_000_000).contains(&self.cap_fen) {
            return wrong("cap_fen", "1 yuan to 1,000,000,000 yuan");
        }
        if !(0..=HIGHEST_TAX_BP).contains(&self.tax_bp) {
            return Err(invalid("tax_bp", "tax_out_of_range", "0 to 1,300"));
        }
        let days = 1..=60;
        if !days.contains(&self.review_days) || !days.contains(&self.payment_days) {
            return wrong("review_days", "1 to 60 working days");
        }
        Ok(())
    }
}

impl Rule for ContractTerms {
    const KIND: &'static str = "contract_terms";

    fn subject(&self) -> String {
        "terms".to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        self.must_be_sound()?;
        let days = |days: &u64| (1..=180).contains(days);
        let reminders = self.end_reminder_days.iter();
        let sound = (1..=10_000).contains(&self.warn_bp)
            && self.statement_lead_days <= 60
            && self.statement_grace_days <= 60
            && self.soon_days <= 30
            && (1..=5).contains(&self.end_reminder_days.len())
            && reminders.clone().all(days);
        if sound {
            return Ok(());
        }
        let detail =
            "warn at 1 to 10,000 basis points; 1 to 5 reminders, 1 to 180 days before the end";
        Err(invalid("rule.warn_bp", "bound_out_of_range", detail))
    }
}

/// The terms that hold at `at`.
pub(crate) async fn in_force(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<ContractTerms> {
    let held = rule::in_force::<ContractTerms>(conn, at).await?;
    let mut held = held.into_iter();
    held.next()
        .ok_or_else(|| internal("no terms of contracts hold"))
}
