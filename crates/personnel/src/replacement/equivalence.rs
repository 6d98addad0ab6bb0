//! 资历相当: who leaves and who comes, side by side. Pure.

use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::qualification::{Finding, Item};

words! {
    /// What is compared.
    Compared {
        /// 学历
        Education = "education",
        /// 热线经验（月）
        Experience = "experience",
        /// 岗前考核
        Exam = "exam",
        /// 质检成绩
        Quality = "quality",
    }
}

/// What a person brings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The highest level proven.
    pub education: Option<String>,
    /// Months on hotlines.
    pub experience: Option<i64>,
    /// Score of the pre-job exam.
    pub exam: Option<i64>,
    /// Mean quality score, where there is one.
    pub quality: Option<i64>,
}

/// One line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EquivalenceComparison)]
pub struct Comparison {
    /// What.
    pub item: Compared,
    /// What who leaves has; null where it is not known, and then nothing is asked.
    pub departing: Option<String>,
    /// What the candidate has.
    pub candidate: Option<String>,
    /// The candidate is not less.
    pub holds: bool,
}

impl Profile {
    /// What stands in a staff file, as it was judged.
    pub fn of(findings: &[Finding], quality: Option<i64>) -> Self {
        let one = |item| findings.iter().find(|finding| finding.item == item);
        Self {
            education: one(Item::Education).and_then(|finding| finding.have_level.clone()),
            experience: one(Item::Experience).and_then(|finding| finding.have),
            exam: one(Item::PreJob).and_then(|finding| finding.have),
            quality,
        }
    }
}

/// The two side by side. The exam is compared once the candidate has taken it.
pub fn compare(departing: &Profile, candidate: &Profile) -> Vec<Comparison> {
    let rank = |level: &Option<String>| {
        let level = level.as_deref()?;
        Item::Education
            .rank(level)
            .and_then(|rank| i64::try_from(rank).ok())
    };
    let number = |item, has: Option<i64>, brings: Option<i64>, open: bool| Comparison {
        item,
        departing: has.map(|number| number.to_string()),
        candidate: brings.map(|number| number.to_string()),
        holds: has.is_none() || brings >= has || (open && brings.is_none()),
    };
    vec![
        Comparison {
            item: Compared::Education,
            departing: departing.education.clone(),
            candidate: candidate.education.clone(),
            holds: rank(&departing.education).is_none()
                || rank(&candidate.education) >= rank(&departing.education),
        },
        number(
            Compared::Experience,
            departing.experience,
            candidate.experience,
            false,
        ),
        number(Compared::Exam, departing.exam, candidate.exam, true),
        // Who has not worked here has no score of ours yet.
        number(
            Compared::Quality,
            departing.quality,
            candidate.quality,
            true,
        ),
    ]
}

/// Nothing is less.
pub fn holds(comparison: &[Comparison]) -> bool {
    comparison.iter().all(|one| one.holds)
}
