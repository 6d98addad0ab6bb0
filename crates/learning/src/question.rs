//! A question of the bank (题库, A-52): what is asked, what is right, how an answer is marked. Pure.

pub mod http;
pub mod sheet;
pub mod stats;
pub mod store;

use kernel::problem::{Result, invalid};
use kernel::text::{checked, needed};
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Variants of one blank, and blanks of one question.
const MOST_VARIANTS: usize = 20;
/// Characters of one answer in words.
const LONGEST_ANSWER: usize = 4_000;

words! {
    /// How a question is asked.
    QuestionKind {
        /// 单选
        Single = "single",
        /// 多选
        Multiple = "multiple",
        /// 判断
        TrueFalse = "true_false",
        /// 填空
        Fill = "fill",
        /// 简答
        Short = "short",
        /// 来电模拟: what would be said, after hearing a recording.
        CallSimulation = "call_simulation",
    }
}

words! {
    /// How hard a question is.
    Difficulty {
        /// 易
        Easy = "easy",
        /// 中
        Medium = "medium",
        /// 难
        Hard = "hard",
    }
}

impl QuestionKind {
    /// A machine can mark it.
    pub fn is_objective(self) -> bool {
        !matches!(self, Self::Short | Self::CallSimulation)
    }

    /// It has options.
    pub fn has_options(self) -> bool {
        matches!(self, Self::Single | Self::Multiple)
    }
}

/// What a question says, with what is right; who answers gets [`Asked`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionContent {
    /// What is asked.
    pub text: String,
    /// 2 to 8 options of a single or multiple choice.
    #[serde(default)]
    pub options: Vec<String>,
    /// The right options, counted from 0.
    #[serde(default)]
    pub right: Vec<usize>,
    /// Whether what is said is true.
    #[serde(default)]
    pub truth: Option<bool>,
    /// For each blank what is taken for right.
    #[serde(default)]
    pub blanks: Vec<Vec<String>>,
    /// What a good answer holds, for who marks it.
    #[serde(default)]
    pub model_answer: String,
    /// Why, shown when the solution is.
    #[serde(default)]
    pub explanation: String,
    /// The call that is heard before the answer.
    #[serde(default)]
    pub recording: Option<Uuid>,
}

/// An answer as it is given: the options as they were shown, yes or no, or words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenAnswer {
    /// Chosen options, counted from 0 in the order shown.
    #[serde(default)]
    pub chosen: Vec<usize>,
    /// It is true, or it is not.
    #[serde(default)]
    pub truth: Option<bool>,
    /// One text for each blank; the one text of a short answer.
    #[serde(default)]
    pub texts: Vec<String>,
}

/// A question as it is put to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Asked {
    /// What is asked.
    pub text: String,
    /// The options, in the order of this taker.
    pub options: Vec<String>,
    /// How many blanks there are.
    pub blanks: usize,
    /// A recording is to be heard.
    pub recording: bool,
}

impl QuestionContent {
    /// The same, trimmed; says no to what is no question of its kind.
    pub fn checked(mut self, kind: QuestionKind) -> Result<Self> {
        self.text = needed("text", &self.text)?;
        self.model_answer = checked("model_answer", &self.model_answer)?;
        self.explanation = checked("explanation", &self.explanation)?;
        if kind.has_options() {
            let options = self.options.iter().map(|option| needed("options", option));
            self.options = options.collect::<Result<_>>()?;
            let mut each = self.options.clone();
            each.sort_unstable();
            each.dedup();
            let many = self.options.len();
            if !(2..=8).contains(&many) || each.len() != many {
                let detail = "a choice has 2 to 8 options, each another one";
                return Err(invalid("options", "options_invalid", detail));
            }
            self.right.sort_unstable();
            self.right.dedup();
            let enough = if kind == QuestionKind::Single {
                self.right.len() == 1
            } else {
                self.right.len() >= 2
            };
            if !enough || self.right.iter().any(|right| *right >= many) {
                let detail =
                    "one right option of a single choice, two or more of a multiple choice";
                return Err(invalid("right", "answer_invalid", detail));
            }
        } else {
            self.options.clear();
            self.right.clear();
        }
        match kind {
            QuestionKind::TrueFalse if self.truth.is_none() => {
                return Err(invalid("truth", "answer_invalid", "is it true or not?"));
            }
            QuestionKind::TrueFalse => {}
            _ => self.truth = None,
        }
        if kind == QuestionKind::Fill {
            let many = self.blanks.len();
            let fits = |blank: &Vec<String>| (1..=MOST_VARIANTS).contains(&blank.len());
            if !(1..=MOST_VARIANTS).contains(&many) || !self.blanks.iter().all(fits) {
                let detail = "1 to 20 blanks, each with 1 to 20 variants";
                return Err(invalid("blanks", "answer_invalid", detail));
            }
            for variant in self.blanks.iter_mut().flatten() {
                *variant = needed("blanks", variant)?;
            }
        } else {
            self.blanks.clear();
        }
        if !kind.is_objective() && self.model_answer.is_empty() {
            let detail = "who marks it must know what a good answer holds";
            return Err(invalid("model_answer", "text_missing", detail));
        }
        if kind == QuestionKind::CallSimulation {
            if self.recording.is_none() {
                return Err(invalid(
                    "recording",
                    "recording_missing",
                    "which call is heard?",
                ));
            }
        } else {
            self.recording = None;
        }
        Ok(self)
    }

    /// The question as it is put, its options in this order.
    pub fn asked(&self, order: &[usize]) -> Asked {
        let options = order.iter().filter_map(|at| self.options.get(*at).cloned());
        Asked {
            text: self.text.clone(),
            options: options.collect(),
            blanks: self.blanks.len(),
            recording: self.recording.is_some(),
        }
    }

    /// The points of an answer out of `most`; `None` where a person must say. Of a multiple choice half the points
    /// are given where all that was chosen is right and something is missing; of blanks each its share.
    pub fn mark(
        &self,
        kind: QuestionKind,
        order: &[usize],
        given: &GivenAnswer,
        most: i32,
    ) -> Option<i32> {
        if given.is_blank() {
            return Some(0);
        }
        match kind {
            QuestionKind::Single | QuestionKind::Multiple => {
                let mut chosen: Vec<usize> = given
                    .chosen
                    .iter()
                    .filter_map(|at| order.get(*at).copied())
                    .collect();
                chosen.sort_unstable();
                chosen.dedup();
                let all_right = chosen.iter().all(|at| self.right.contains(at));
                Some(if chosen == self.right {
                    most
                } else if kind == QuestionKind::Multiple && all_right && !chosen.is_empty() {
                    most / 2
                } else {
                    0
                })
            }
            QuestionKind::TrueFalse => Some(if given.truth == self.truth { most } else { 0 }),
            QuestionKind::Fill => {
                let texts = given.texts.iter().map(|text| plain(text));
                let pairs = self.blanks.iter().zip(texts);
                let right = pairs
                    .filter(|(blank, text)| blank.iter().any(|variant| plain(variant) == *text))
                    .count();
                let many = i32::try_from(self.blanks.len()).unwrap_or(i32::MAX).max(1);
                Some(most * i32::try_from(right).unwrap_or_default() / many)
            }
            QuestionKind::Short | QuestionKind::CallSimulation => None,
        }
    }
}

impl GivenAnswer {
    /// Nothing was answered.
    pub fn is_blank(&self) -> bool {
        self.chosen.is_empty()
            && self.truth.is_none()
            && self.texts.iter().all(|text| text.trim().is_empty())
    }

    /// Says no to what is no answer of this kind of question.
    pub fn checked(self, kind: QuestionKind, options: usize, blanks: usize) -> Result<Self> {
        let no = |detail: &str| Err(invalid("answer", "answer_invalid", detail));
        let empty_but = |chosen: bool, truth: bool, texts: bool| {
            (chosen || self.chosen.is_empty())
                && (truth || self.truth.is_none())
                && (texts || self.texts.is_empty())
        };
        let fits = match kind {
            QuestionKind::Single => empty_but(true, false, false) && self.chosen.len() <= 1,
            QuestionKind::Multiple => empty_but(true, false, false) && self.chosen.len() <= options,
            QuestionKind::TrueFalse => empty_but(false, true, false),
            QuestionKind::Fill => empty_but(false, false, true) && self.texts.len() <= blanks,
            QuestionKind::Short | QuestionKind::CallSimulation => {
                empty_but(false, false, true) && self.texts.len() <= 1
            }
        };
        if !fits {
            return no("this is no answer of this kind of question");
        }
        if self.chosen.iter().any(|at| *at >= options) {
            return no("there is no such option");
        }
        let bad = |char: char| char.is_control() && !matches!(char, '\n' | '\r' | '\t');
        if self
            .texts
            .iter()
            .any(|text| text.chars().count() > LONGEST_ANSWER || text.chars().any(bad))
        {
            return no("at most 4,000 plain characters");
        }
        Ok(self)
    }
}

/// A text of a blank as it is compared: without space and case, full width as half, without the full stop.
pub fn plain(text: &str) -> String {
    let half = |char: char| match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(char as u32 - 0xfee0).unwrap_or(char),
        '\u{3000}' => ' ',
        other => other,
    };
    let text: String = text
        .chars()
        .map(half)
        .filter(|char| !char.is_whitespace())
        .collect();
    text.trim_end_matches(['。', '.', ';', ',']).to_lowercase()
}
