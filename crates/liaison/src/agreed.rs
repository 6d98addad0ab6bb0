//! What both sides agree about their dealings, as rows that change without a new program: how long steps may take,
//! the marks of the letters, their templates.

use std::collections::BTreeMap;

use calendar::{DeadlineRule, Limit};

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use kernel::text::{checked, must_be_code, must_be_name, needed};
use kernel::{Side, Tx, words};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::side;

/// Fields and paragraphs of a template, at most.
const MOST: usize = 40;
/// The longest a letter may wait for its reply, in working days.
pub(crate) const LONGEST_REPLY: u16 = 60;

words! {
    /// What a term counts in.
    LiaisonTermUnit {
        /// 工作日
        WorkingDays = "working_days",
        /// 分钟, nights and holidays included.
        ClockMinutes = "clock_minutes",
    }
}

/// How long one step between the sides may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiaisonTerm {
    /// The step: `letter.receipt`.
    pub code: String,
    /// What it counts in.
    pub unit: LiaisonTermUnit,
    /// 1 to 60 working days, 1 to 1,440 minutes.
    pub amount: u16,
}

impl Rule for LiaisonTerm {
    const KIND: &'static str = "liaison_term";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        // The steps are known to the program: each has shipped with a row.
        if beside.before.is_none() {
            return Err(invalid("rule.code", "term_unknown", "no such step"));
        }
        let most = match self.unit {
            LiaisonTermUnit::WorkingDays => 60,
            LiaisonTermUnit::ClockMinutes => 1_440,
        };
        if (1..=most).contains(&self.amount) {
            return Ok(());
        }
        let detail = format!("1 to {most}");
        Err(invalid("rule.amount", "term_out_of_range", detail))
    }
}

/// How long the step of this code may take at `at`.
pub(crate) async fn term(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<DeadlineRule> {
    let held = rule::in_force::<LiaisonTerm>(conn, at).await?;
    let term = held.into_iter().find(|term| term.code == code);
    let term = term.ok_or_else(|| internal(format!("no liaison term {code} is in force")))?;
    let id = format!("liaison_terms:{code}");
    Ok(match term.unit {
        LiaisonTermUnit::WorkingDays => DeadlineRule::working_days(id, term.amount),
        LiaisonTermUnit::ClockMinutes => DeadlineRule {
            id,
            limit: Limit::ClockMinutes(term.amount.into()),
            late_receipt_is_next_day: true,
        },
    })
}

/// What the numbers of a side's letters begin with (发文字号).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterSeries {
    /// Whose letters.
    pub side: Side,
    /// `热线服函`
    pub mark: String,
}

impl Rule for LetterSeries {
    const KIND: &'static str = "letter_series";

    fn subject(&self) -> String {
        side::text(self.side).to_owned()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        if self.side == Side::Either {
            return Err(invalid("rule.side", "side_unknown", "one of the two sides"));
        }
        must_be_name("rule.mark", &self.mark)?;
        if beside.others.iter().any(|other| other.mark == self.mark) {
            let detail = "the other side's letters are marked so";
            return Err(invalid("rule.mark", "name_taken", detail));
        }
        Ok(())
    }
}

/// The mark of a side's letters at `at`.
pub(crate) async fn mark(
    conn: &impl ConnectionTrait,
    of: Side,
    at: DateTime<Utc>,
) -> Result<String> {
    let held = rule::in_force::<LetterSeries>(conn, at).await?;
    let found = held.into_iter().find(|series| series.side == of);
    let found = found.ok_or_else(|| internal("no letter series is in force for a side"))?;
    Ok(found.mark)
}

/// A field of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterField {
    /// As it stands in the text: `{{code}}`.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// It may not be left out.
    pub needed: bool,
}

/// A letter with holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterTemplate {
    /// Identifies it.
    pub code: String,
    /// 一般公函
    pub name: String,
    /// The title; holes are `{{code}}`.
    pub title: String,
    /// The paragraphs; holes are `{{code}}`.
    pub body: Vec<String>,
    /// What fills the holes.
    pub fields: Vec<LetterField>,
    /// Working days for the reply; null where none is asked for.
    pub reply_days: Option<u16>,
    /// False: no letter is begun with it any more.
    pub active: bool,
}

impl Rule for LetterTemplate {
    const KIND: &'static str = "letter_template";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        must_be_code("rule.code", &self.code)?;
        must_be_name("rule.name", &self.name)?;
        needed("rule.title", &self.title)?;
        if self.body.is_empty() || self.body.len() > MOST || self.fields.len() > MOST {
            let detail = "1 to 40 paragraphs and at most 40 fields";
            return Err(invalid("rule.body", "template_out_of_range", detail));
        }
        for paragraph in &self.body {
            needed("rule.body", paragraph)?;
        }
        for field in &self.fields {
            must_be_code("rule.fields", &field.code)?;
            must_be_name("rule.fields", &field.name)?;
        }
        if self
            .reply_days
            .is_some_and(|days| !(1..=LONGEST_REPLY).contains(&days))
        {
            return Err(invalid(
                "rule.reply_days",
                "term_out_of_range",
                "1 to 60 working days",
            ));
        }
        let texts = self.body.iter().chain([&self.title]);
        for hole in texts.flat_map(|text| holes(text)) {
            if !self.fields.iter().any(|field| field.code == hole) {
                let detail = format!("no field fills {{{{{hole}}}}}");
                return Err(invalid("rule.fields", "template_hole_unknown", detail));
            }
        }
        Ok(())
    }
}

/// The codes of the holes of a text.
fn holes(text: &str) -> Vec<&str> {
    let behind = text.split("{{").skip(1);
    behind
        .filter_map(|rest| Some(rest.split_once("}}")?.0))
        .collect()
}

/// The text with its holes filled; what a value holds is never looked at again.
fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut parts = text.split("{{");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if let Some((hole, rest)) = part.split_once("}}") {
            whole.push_str(values.get(hole).map_or("", String::as_str));
            whole.push_str(rest);
        } else {
            whole.push_str("{{");
            whole.push_str(part);
        }
    }
    whole
}

impl LetterTemplate {
    /// Title and paragraphs with the holes filled; says no where a needed value is missing or none is known so.
    pub fn fill(&self, values: &BTreeMap<String, String>) -> Result<(String, Vec<String>)> {
        for (code, value) in values {
            if !self.fields.iter().any(|field| field.code == *code) {
                let detail = format!("the template has no field `{code}`");
                return Err(invalid("fields", "letter_field_unknown", detail));
            }
            checked("fields", value)?;
        }
        for field in self.fields.iter().filter(|field| field.needed) {
            let given = values.get(&field.code).map(|value| value.trim());
            if given.is_none_or(str::is_empty) {
                let detail = format!("`{}` is needed", field.name);
                return Err(invalid("fields", "letter_field_missing", detail)
                    .with("field_code", field.code.clone()));
            }
        }
        let body = self.body.iter().map(|text| filled(text, values)).collect();
        Ok((filled(&self.title, values), body))
    }
}

/// The template of this code, if letters are begun with it at `at`.
pub(crate) async fn template(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<LetterTemplate> {
    let held = rule::in_force::<LetterTemplate>(conn, at).await?;
    held.into_iter()
        .find(|template| template.code == code && template.active)
        .ok_or_else(|| invalid("template", "template_unknown", "no such template is in use"))
}
