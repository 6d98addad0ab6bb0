//! Score cards (质检评分表, A-14): what is looked at, what it weighs, what ends in 0 at once.
//!
//! Pure: a card and the marks of a reviewer go in, a score in tenths of a point comes out; never a float. A published
//! version never changes.

pub mod http;
pub mod store;

use std::collections::{BTreeMap, BTreeSet};

use kernel::problem::{Result, invalid};
use kernel::text::{checked, must_be_code, must_be_name};
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A full score, in tenths of a point.
pub const FULL: u16 = 1_000;
/// Items and vetoes of a card at most.
const MOST: usize = 30;
/// Points that the items of a card share out.
const POINTS: u32 = 100;
/// Pieces of evidence for one mark at most.
const MOST_EVIDENCE: usize = 20;
/// The longest recording a time stamp may point into: a day.
const LONGEST_MS: u32 = 86_400_000;

words! {
    /// Whom a fatal error harms (K-24).
    FatalKind {
        /// 业务致命: what was said is wrong.
        Business = "business",
        /// 用户致命: the requester is harmed.
        User = "user",
        /// 合规致命: a rule or the law is broken.
        Compliance = "compliance",
    }
}

/// One thing that is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardItem {
    /// Identifies it in the card: `accuracy`.
    pub code: String,
    /// 业务准确性
    pub name: String,
    /// What is looked at.
    #[serde(default)]
    pub hint: String,
    /// Points, 1 to 100; all of them together 100.
    pub weight: u16,
    /// With no point for it the whole score is 0, as an error of this kind.
    pub fatal: Option<FatalKind>,
    /// It may be left out where it does not apply; the others weigh more then.
    pub may_not_apply: bool,
    /// Points may be taken with a comment only.
    pub comment_required: bool,
}

/// What makes the whole score 0, whatever else was good (一票否决).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardVeto {
    /// Identifies it in the card: `leak`.
    pub code: String,
    /// 泄露个人信息
    pub name: String,
    /// As which error it counts.
    pub kind: FatalKind,
}

/// What a version of a card says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardBody {
    /// What is looked at.
    pub items: Vec<CardItem>,
    /// What ends in 0 at once.
    pub vetoes: Vec<CardVeto>,
    /// From how many tenths of a point on it is passed (合格), 1 to 1,000.
    pub pass_tenths: u16,
}

/// Where something was heard or read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreEvidence {
    /// Milliseconds into the recording.
    pub at_ms: Option<u32>,
    /// The message of the conversation, or the step of the work order, counted from 1.
    pub step: Option<u32>,
    /// What is heard or read there.
    #[serde(default)]
    pub note: String,
}

/// What a reviewer gives for one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemMark {
    /// The item.
    pub code: String,
    /// Tenths of a point, at most what the item weighs; null where it does not apply.
    pub tenths: Option<u16>,
    /// Why.
    #[serde(default)]
    pub comment: String,
    /// Where.
    #[serde(default)]
    pub evidence: Vec<ScoreEvidence>,
}

/// A veto that a reviewer found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VetoMark {
    /// The veto.
    pub code: String,
    /// What happened.
    pub comment: String,
    /// Where.
    #[serde(default)]
    pub evidence: Vec<ScoreEvidence>,
}

/// What a reviewer gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// One for each item of the card.
    pub items: Vec<ItemMark>,
    /// The vetoes that were found.
    #[serde(default)]
    pub vetoes: Vec<VetoMark>,
    /// What is said of the whole.
    #[serde(default)]
    pub comment: String,
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Score {
    /// Tenths of a point, 0 to 1,000.
    pub tenths: u16,
    /// 合格
    pub passed: bool,
    /// Kinds of fatal errors, each once.
    pub fatal: Vec<FatalKind>,
}

impl CardBody {
    /// Says no to a card that cannot be scored by.
    ///
    /// # Errors
    /// 422 at the field: `card_out_of_range`, `card_code_taken`, `card_weights`, and those of names and codes.
    pub fn check(&self) -> Result<()> {
        if !(1..=MOST).contains(&self.items.len()) || self.vetoes.len() > MOST {
            let detail = "1 to 30 items and at most 30 vetoes";
            return Err(invalid("items", "card_out_of_range", detail));
        }
        if !(1..=FULL).contains(&self.pass_tenths) {
            let detail = "1 to 1,000 tenths of a point";
            return Err(invalid("pass_tenths", "card_out_of_range", detail));
        }
        let mut codes = BTreeSet::new();
        let named = self.items.iter().map(|item| (&item.code, &item.name));
        let vetoes = self.vetoes.iter().map(|veto| (&veto.code, &veto.name));
        for (code, name) in named.chain(vetoes) {
            must_be_code("code", code)?;
            must_be_name("name", name)?;
            if !codes.insert(code) {
                let detail = format!("`{code}` stands twice");
                return Err(invalid("code", "card_code_taken", detail));
            }
        }
        for item in &self.items {
            checked("hint", &item.hint)?;
        }
        let points: u32 = self.items.iter().map(|item| u32::from(item.weight)).sum();
        if points != POINTS || self.items.iter().any(|item| item.weight == 0) {
            let detail = format!("the items weigh {points} points together, not 100");
            return Err(invalid("weight", "card_weights", detail));
        }
        if self.items.iter().all(|item| item.may_not_apply) {
            let detail = "one item at least always applies";
            return Err(invalid("may_not_apply", "card_nothing_applies", detail));
        }
        Ok(())
    }

    /// The score of these marks: what does not apply is left out and the rest weighs more; a fatal item without a
    /// point, or a veto, makes it 0 and not passed. Halves of a tenth are rounded up.
    ///
    /// # Errors
    /// 422 at the item where a mark is missing, too high, given twice, or lacks its comment.
    pub fn score(&self, marks: &Marks) -> Result<Score> {
        let given = by_code(marks)?;
        let known = |code: &str| self.items.iter().any(|item| item.code == code);
        if let Some(unknown) = given.keys().find(|code| !known(code)) {
            return Err(at(unknown, "mark_unknown", "is no item of this card"));
        }
        let (mut points, mut of, mut fatal) = (0_u32, 0_u32, BTreeSet::new());
        for item in &self.items {
            let Some(mark) = given.get(item.code.as_str()) else {
                return Err(at(&item.code, "mark_missing", "has no mark"));
            };
            let Some(tenths) = mark.tenths else {
                if item.may_not_apply {
                    continue;
                }
                return Err(at(&item.code, "mark_missing", "applies always"));
            };
            let most = item.weight * 10;
            if tenths > most {
                return Err(at(&item.code, "mark_too_high", "weighs less"));
            }
            if tenths == 0 {
                fatal.extend(item.fatal);
            }
            let must_say =
                (item.comment_required && tenths < most) || (item.fatal.is_some() && tenths == 0);
            if must_say && mark.comment.trim().is_empty() {
                return Err(at(&item.code, "mark_comment_missing", "needs a comment"));
            }
            points += u32::from(tenths);
            of += u32::from(most);
        }
        let mut found = BTreeSet::new();
        for mark in &marks.vetoes {
            let veto = self.vetoes.iter().find(|veto| veto.code == mark.code);
            let Some(veto) = veto.filter(|_| found.insert(&mark.code)) else {
                return Err(at(&mark.code, "mark_unknown", "is no veto of this card"));
            };
            if mark.comment.trim().is_empty() {
                return Err(at(&mark.code, "mark_comment_missing", "needs a comment"));
            }
            fatal.insert(veto.kind);
        }
        let full = u32::from(FULL);
        let tenths = if fatal.is_empty() {
            (points * full + of / 2).checked_div(of).unwrap_or_default()
        } else {
            0
        };
        let tenths = u16::try_from(tenths).unwrap_or(FULL);
        Ok(Score {
            tenths,
            passed: fatal.is_empty() && tenths >= self.pass_tenths,
            fatal: Vec::from_iter(fatal),
        })
    }
}

fn at(code: &str, problem: &'static str, what: &str) -> kernel::Problem {
    invalid(
        &format!("marks.{code}"),
        problem,
        format!("`{code}` {what}"),
    )
}

/// The marks by their items, their texts and time stamps looked at.
fn by_code(marks: &Marks) -> Result<BTreeMap<&str, &ItemMark>> {
    checked("comment", &marks.comment)?;
    let mut given = BTreeMap::new();
    for mark in &marks.items {
        evidence_fits(&mark.comment, &mark.evidence)?;
        if given.insert(mark.code.as_str(), mark).is_some() {
            return Err(at(&mark.code, "mark_twice", "has two marks"));
        }
    }
    for mark in &marks.vetoes {
        evidence_fits(&mark.comment, &mark.evidence)?;
    }
    Ok(given)
}

fn evidence_fits(comment: &str, evidence: &[ScoreEvidence]) -> Result<()> {
    checked("comment", comment)?;
    if evidence.len() > MOST_EVIDENCE {
        let detail = "at most 20 pieces of evidence for one mark";
        return Err(invalid("evidence", "evidence_too_much", detail));
    }
    for one in evidence {
        checked("evidence", &one.note)?;
        if one.at_ms.is_some_and(|at| at > LONGEST_MS) {
            let detail = "within a day of the recording";
            return Err(invalid("evidence", "evidence_out_of_range", detail));
        }
        if one.step == Some(0) {
            let detail = "messages and steps count from 1";
            return Err(invalid("evidence", "evidence_out_of_range", detail));
        }
    }
    Ok(())
}
