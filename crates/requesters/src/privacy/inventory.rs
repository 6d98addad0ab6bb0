//! The inventory of personal information: what, where, for what, on which basis, how long, seen by whom. Rows that
//! change without a new program; those before stay, so that years later it can be told what was declared when. A test
//! of the server compares it with the schema.

use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use kernel::text::{must_be_code, needed};
use kernel::{Role, Tx};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Columns of one row.
const MOST_COLUMNS: usize = 60;
/// A hundred years.
const LONGEST_DAYS: u32 = 36_500;

/// Why something is kept although it was to be erased, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InformationKept {
    /// The law, or the need.
    pub why: String,
    /// Days from the erasure on.
    pub days: u32,
}

impl InformationKept {
    /// The last day of keeping what would have been erased on `day`.
    pub fn until(&self, day: NaiveDate) -> NaiveDate {
        day.checked_add_days(Days::new(self.days.into()))
            .unwrap_or(NaiveDate::MAX)
    }
}

/// One kind of personal information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonalInformation {
    /// Names it for good.
    pub code: String,
    /// What it is.
    pub what: String,
    /// Where it is: `table.column`.
    pub columns: Vec<String>,
    /// For what.
    pub purpose: String,
    /// On which basis.
    pub basis: String,
    /// How long it is kept after the last use.
    pub keep_days: u32,
    /// Which roles see it, masked or in the clear.
    pub seen_by: Vec<Role>,
    /// 敏感个人信息
    pub sensitive: bool,
    /// Kept although the person asks for its deletion; null: it is erased. Left out it is kept until the row says so.
    #[serde(default = "unsaid")]
    #[schema(required = false)]
    pub kept_on_request: Option<InformationKept>,
    /// Kept by the supplier after the contract is over; null: it is erased. Left out it is kept until the row says so.
    #[serde(default = "unsaid")]
    #[schema(required = false)]
    pub kept_at_end: Option<InformationKept>,
}

/// What a row of an earlier program says: nothing is erased for good because nobody was asked.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the default of a field has its type"
)]
fn unsaid() -> Option<InformationKept> {
    Some(InformationKept {
        why: "个人信息清单尚未写明是否删除，暂予保留".to_owned(),
        days: 1_095,
    })
}

impl Rule for PersonalInformation {
    const KIND: &'static str = "personal_information";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        must_be_code("rule.code", &self.code)?;
        needed("rule.what", &self.what)?;
        needed("rule.purpose", &self.purpose)?;
        needed("rule.basis", &self.basis)?;
        let plain = |name: &str| {
            let letters =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            !name.is_empty() && name.bytes().all(letters)
        };
        let is_column = |column: &String| {
            let parts = column.split_once('.');
            parts.is_some_and(|(table, column)| plain(table) && plain(column))
        };
        if !(1..=MOST_COLUMNS).contains(&self.columns.len()) || !self.columns.iter().all(is_column)
        {
            let detail = "1 to 60 columns, each as table.column";
            return Err(invalid("rule.columns", "columns_invalid", detail));
        }
        let twice = beside.others.iter().find(|other| {
            self.columns
                .iter()
                .any(|column| other.columns.contains(column))
        });
        if let Some(other) = twice {
            let detail = format!("`{}` has one of these columns already", other.code);
            return Err(invalid("rule.columns", "columns_taken", detail));
        }
        if self.seen_by.is_empty() {
            let detail = "somebody sees it, or it is of no use";
            return Err(invalid("rule.seen_by", "roles_missing", detail));
        }
        for (field, kept) in [
            ("rule.kept_on_request", &self.kept_on_request),
            ("rule.kept_at_end", &self.kept_at_end),
        ] {
            let Some(kept) = kept else { continue };
            needed(field, &kept.why)?;
            if !(1..=LONGEST_DAYS).contains(&kept.days) {
                return Err(invalid(field, "term_out_of_range", "1 to 36,500 days"));
            }
        }
        if (1..=LONGEST_DAYS).contains(&self.keep_days) {
            return Ok(());
        }
        Err(invalid(
            "rule.keep_days",
            "term_out_of_range",
            "1 to 36,500 days",
        ))
    }
}

/// Within how many days a request of a person is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivacyTerm {
    /// `answer`
    pub code: String,
    /// 1 to 60.
    pub days: u16,
}

impl Rule for PrivacyTerm {
    const KIND: &'static str = "privacy_term";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        if beside.before.is_none() {
            return Err(invalid("rule.code", "term_unknown", "no such step"));
        }
        if (1..=60).contains(&self.days) {
            return Ok(());
        }
        Err(invalid("rule.days", "term_out_of_range", "1 to 60 days"))
    }
}

/// Within how many days an answer is due at `at`.
pub(super) async fn days(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<u16> {
    let term = rule::in_force::<PrivacyTerm>(conn, at).await?.pop();
    let term = term.ok_or_else(|| internal("no privacy term is in force"))?;
    Ok(term.days)
}

organization::rule_doors! { crate::ViewPrivacy;
    /// The inventory of personal information.
    personal_information: super::PersonalInformation, "/api/v1/rules/personal-information", crate::SetPrivacyRules;
    /// Within how many days a request of a person is answered (PIPL 50).
    privacy_terms: super::PrivacyTerm, "/api/v1/rules/privacy-terms", crate::SetPrivacyRules;
}
