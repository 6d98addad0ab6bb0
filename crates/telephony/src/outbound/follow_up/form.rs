//! The short form of a list: what is asked, and whether an answer fits.

use std::collections::BTreeMap;

use kernel::problem::{Result, invalid};
use kernel::text::{must_be_code, needed};
use kernel::words;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Questions of one list, and options of one question.
const MOST_QUESTIONS: usize = 20;
const MOST_OPTIONS: usize = 12;
/// The highest score that can be asked for.
const HIGHEST: u8 = 10;
/// Characters of a text that answers.
const LONGEST: usize = 500;

words! {
    /// How a question is answered.
    QuestionKind {
        /// One of its options.
        Choice = "choice",
        /// A whole number from 1 to `most`.
        Score = "score",
        /// A text.
        Text = "text",
    }
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Names it in the answers.
    pub code: String,
    /// What is asked.
    pub text: String,
    /// How it is answered.
    pub kind: QuestionKind,
    /// What may be chosen.
    #[serde(default)]
    pub options: Vec<String>,
    /// The highest score.
    #[serde(default)]
    pub most: Option<u8>,
    /// Who is reached must have answered it.
    #[serde(default)]
    pub needed: bool,
}

/// Answers by the codes of the questions.
pub type Answers = BTreeMap<String, Value>;

/// Says no to a form that nobody could answer.
pub fn check(questions: &[Question]) -> Result<()> {
    if questions.len() > MOST_QUESTIONS {
        return Err(invalid(
            "questions",
            "too_many_questions",
            "at most 20 questions",
        ));
    }
    for (place, question) in questions.iter().enumerate() {
        let field = |name: &str| format!("questions.{place}.{name}");
        must_be_code(&field("code"), &question.code)?;
        if questions[..place]
            .iter()
            .any(|before| before.code == question.code)
        {
            return Err(invalid(
                &field("code"),
                "code_twice",
                "two questions have one code",
            ));
        }
        needed("questions", &question.text)?;
        match question.kind {
            QuestionKind::Choice => {
                let many = question.options.len();
                let empty = question
                    .options
                    .iter()
                    .any(|option| option.trim().is_empty());
                if !(2..=MOST_OPTIONS).contains(&many) || empty {
                    let detail = "2 to 12 options, none of them empty";
                    return Err(invalid(&field("options"), "options_invalid", detail));
                }
            }
            QuestionKind::Score => {
                if !question
                    .most
                    .is_some_and(|most| (2..=HIGHEST).contains(&most))
                {
                    return Err(invalid(&field("most"), "score_invalid", "from 2 to 10"));
                }
            }
            QuestionKind::Text => {}
        }
    }
    Ok(())
}

/// The answers that were given, without empty ones; says no to what does not fit, and to a needed one that is missing.
pub fn fitting(questions: &[Question], answers: &Answers) -> Result<Answers> {
    let strange = answers
        .keys()
        .find(|code| questions.iter().all(|question| question.code != **code));
    if let Some(code) = strange {
        return Err(invalid(
            &format!("answers.{code}"),
            "answer_unknown",
            "nobody asked this",
        ));
    }
    let mut kept = Answers::new();
    for question in questions {
        let field = format!("answers.{}", question.code);
        let given = answers
            .get(&question.code)
            .filter(|answer| !answer.is_null() && answer.as_str() != Some(""));
        let Some(answer) = given else {
            if question.needed {
                return Err(invalid(
                    &field,
                    "answer_missing",
                    "this question needs an answer",
                ));
            }
            continue;
        };
        let fits = match question.kind {
            QuestionKind::Choice => answer
                .as_str()
                .is_some_and(|chosen| question.options.iter().any(|option| option == chosen)),
            QuestionKind::Score => answer.as_u64().is_some_and(|score| {
                (1..=u64::from(question.most.unwrap_or_default())).contains(&score)
            }),
            QuestionKind::Text => answer
                .as_str()
                .is_some_and(|text| text.chars().count() <= LONGEST && !text.contains('\0')),
        };
        if !fits {
            return Err(invalid(
                &field,
                "answer_invalid",
                "this is no answer to the question",
            ));
        }
        kept.insert(question.code.clone(), answer.clone());
    }
    Ok(kept)
}
