//! What is agreed about people, as rows that change without a new program: what qualifies, which NDA holds, whom the
//! gate stops, how long steps may take.

use calendar::{DeadlineRule, Limit};
use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use kernel::text::{must_be_name, needed};
use kernel::{Side, Tx};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::qualification::{Item, Requirement, Rulebook};

/// The longest term that can be agreed.
const LONGEST: u16 = 60;
/// The longest a proof can be good for.
const LONGEST_VALID: u16 = 600;

impl Rule for Requirement {
    const KIND: &'static str = "qualification";

    fn subject(&self) -> String {
        self.item.as_str().to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        if self.item == Item::Nda && !self.mandatory {
            let detail = "nobody works without a confidentiality agreement (A-55)";
            return Err(invalid("rule.mandatory", "nda_is_mandatory", detail));
        }
        if let Some(level) = &self.level
            && self.item.rank(level).is_none()
        {
            return Err(invalid(
                "rule.level",
                "level_unknown",
                "no level of this item",
            ));
        }
        if self.level.is_none() && matches!(self.item, Item::Education | Item::Mandarin) {
            return Err(invalid(
                "rule.level",
                "level_missing",
                "the lowest level is needed",
            ));
        }
        let bounds = [self.least, self.most, self.least_seconds];
        if bounds
            .into_iter()
            .flatten()
            .any(|bound| !(0..=10_000).contains(&bound))
        {
            return Err(invalid("rule.least", "bound_out_of_range", "0 to 10,000"));
        }
        if self
            .valid_months
            .is_some_and(|months| !(1..=LONGEST_VALID).contains(&months))
        {
            return Err(invalid(
                "rule.valid_months",
                "term_out_of_range",
                "1 to 600 months",
            ));
        }
        Ok(())
    }
}

/// The version of the confidentiality agreement that must be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NdaVersion {
    /// What it is called in a staff file: `2026-1`.
    pub code: String,
    /// Its title.
    pub title: String,
}

impl Rule for NdaVersion {
    const KIND: &'static str = "nda_version";

    fn subject(&self) -> String {
        "nda".to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        must_be_name("rule.code", &self.code)?;
        needed("rule.title", &self.title).map(|_title| ())
    }
}

/// Whom the floor's gate stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkGateRule {
    /// Also who has no staff file: until the files are there, a new installation is not blocked.
    pub file_required: bool,
}

impl Rule for WorkGateRule {
    const KIND: &'static str = "work_gate";

    fn subject(&self) -> String {
        "gate".to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        Ok(())
    }
}

/// How many working days one step may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonnelTerm {
    /// The step: `replacement.notice`.
    pub code: String,
    /// 1 to 60.
    pub working_days: u16,
}

impl Rule for PersonnelTerm {
    const KIND: &'static str = "personnel_term";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        // The steps are known to the program: each has shipped with a row.
        if beside.before.is_none() {
            return Err(invalid("rule.code", "term_unknown", "no such step"));
        }
        if (1..=LONGEST).contains(&self.working_days) {
            return Ok(());
        }
        let detail = "1 to 60 working days";
        Err(invalid("rule.working_days", "term_out_of_range", detail))
    }
}

/// How many working days the step of this code may take at `at`.
pub(crate) async fn working_days(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<u16> {
    let held = rule::in_force::<PersonnelTerm>(conn, at).await?;
    let term = held.into_iter().find(|term| term.code == code);
    let term = term.ok_or_else(|| internal(format!("no personnel term {code} is in force")))?;
    Ok(term.working_days)
}

/// The same as a rule of deadlines.
pub(crate) async fn deadline(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<DeadlineRule> {
    let days = working_days(conn, code, at).await?;
    Ok(DeadlineRule::working_days(
        format!("personnel_terms:{code}"),
        days,
    ))
}

/// The requirements in force at `at`.
pub(crate) async fn rulebook(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Rulebook> {
    let mut requirements = rule::in_force::<Requirement>(conn, at).await?;
    requirements.sort_by_key(|requirement| requirement.item);
    let nda = rule::in_force::<NdaVersion>(conn, at).await?.pop();
    let nda = nda.ok_or_else(|| internal("no version of the NDA is in force"))?;
    Ok(Rulebook {
        requirements,
        nda: nda.code,
        supplier: organization::party_name(conn, Side::Supplier)
            .await?
            .unwrap_or_default(),
    })
}

/// Whether who has no staff file is stopped at `at`.
pub(crate) async fn file_required(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<bool> {
    let rule = rule::in_force::<WorkGateRule>(conn, at).await?.pop();
    Ok(rule.is_some_and(|rule| rule.file_required))
}

/// How long a step of a leak may take, nights and holidays included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakTerm {
    /// `acknowledge`, `contain`, `assess`, `notify`, `hold_liable` or `close`.
    pub code: String,
    /// 1 to 8,760.
    pub hours: u32,
}

impl Rule for LeakTerm {
    const KIND: &'static str = "leak_term";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        // The steps are known to the program: each has shipped with a row.
        if beside.before.is_none() {
            return Err(invalid("rule.code", "term_unknown", "no such step"));
        }
        if (1..=8_760).contains(&self.hours) {
            return Ok(());
        }
        Err(invalid(
            "rule.hours",
            "term_out_of_range",
            "1 to 8,760 hours",
        ))
    }
}

/// The terms of leaks in force.
pub(crate) struct LeakTerms(Vec<LeakTerm>);

impl LeakTerms {
    pub(crate) async fn of(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Self> {
        rule::in_force(conn, at).await.map(Self)
    }

    pub(crate) fn rule(&self, code: &str) -> Result<DeadlineRule> {
        let found = self.0.iter().find(|term| term.code == code);
        let term = found.ok_or_else(|| internal(format!("no leak term {code} is in force")))?;
        Ok(DeadlineRule {
            id: format!("leak_terms:{code}"),
            limit: Limit::ClockMinutes(term.hours.saturating_mul(60)),
            late_receipt_is_next_day: false,
        })
    }
}
