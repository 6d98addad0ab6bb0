//! New knowledge reaches people: a version says who must read it and pass which quiz by when. Pure: what a
//! quiz must be, how it is marked, and who owes what.

pub mod http;
pub mod store;

use chrono::{DateTime, Utc};
use kernel::problem::{Result, invalid};
use kernel::text::{checked, needed};
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Questions of one quiz.
const MOST_QUESTIONS: usize = 20;

words! {
    /// What somebody owes of a reading.
    ReadingState {
        /// 待阅读
        ToRead = "to_read",
        /// 待测验
        ToAnswer = "to_answer",
        /// 已完成
        Done = "done",
        /// 已终止: the version does not hold any more, or he is not meant any more.
        Ended = "ended",
    }
}

/// A question of a quiz, as it is set and kept; who answers is shown [`QuizQuestion::asked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuizQuestion {
    /// What is asked.
    pub text: String,
    /// 2 to 6 options.
    pub options: Vec<String>,
    /// The right one, counted from 0.
    pub answer: usize,
    /// Why, shown once the quiz is passed.
    #[serde(default)]
    pub explanation: String,
}

/// A question without its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AskedQuestion {
    /// What is asked.
    pub text: String,
    /// The options.
    pub options: Vec<String>,
}

impl QuizQuestion {
    /// The question as it is put to somebody.
    pub fn asked(&self) -> AskedQuestion {
        AskedQuestion {
            text: self.text.clone(),
            options: self.options.clone(),
        }
    }
}

/// A quiz and what passes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiz {
    /// None where reading is enough.
    pub questions: Vec<QuizQuestion>,
    /// The share of right answers that passes.
    pub pass_percent: u32,
}

/// How a quiz was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The share of right answers, rounded down.
    pub percent: u32,
    /// It is enough.
    pub passed: bool,
    /// The questions answered wrong, counted from 0.
    pub wrong: Vec<usize>,
}

impl Quiz {
    /// The same quiz, trimmed; says no to what cannot be.
    pub fn checked(mut self) -> Result<Self> {
        if self.questions.len() > MOST_QUESTIONS {
            return Err(invalid("questions", "too_many_questions_set", "at most 20"));
        }
        if !(1..=100).contains(&self.pass_percent) {
            let detail = "1 to 100 percent";
            return Err(invalid("pass_percent", "pass_mark_invalid", detail));
        }
        for question in &mut self.questions {
            question.text = needed("questions", &question.text)?;
            question.explanation = checked("questions", &question.explanation)?;
            let options = question
                .options
                .iter()
                .map(|option| needed("questions", option));
            question.options = options.collect::<Result<_>>()?;
            let many = question.options.len();
            let mut each = question.options.clone();
            each.sort_unstable();
            each.dedup();
            if !(2..=6).contains(&many) || each.len() != many {
                let detail = "a question has 2 to 6 options, each another one";
                return Err(invalid("questions", "options_invalid", detail));
            }
            if question.answer >= many {
                let detail = "the right answer is one of the options";
                return Err(invalid("questions", "answer_invalid", detail));
            }
        }
        Ok(self)
    }

    /// Marks the answers, one for each question in their order.
    pub fn mark(&self, answers: &[usize]) -> Result<Mark> {
        if answers.len() != self.questions.len() {
            let detail = "one answer for each question";
            return Err(invalid("answers", "answers_incomplete", detail));
        }
        let pairs = self.questions.iter().zip(answers).enumerate();
        let mut wrong = Vec::new();
        for (at, (question, answer)) in pairs {
            if *answer >= question.options.len() {
                let detail = "there is no such option";
                return Err(invalid("answers", "answers_incomplete", detail));
            }
            if *answer != question.answer {
                wrong.push(at);
            }
        }
        let all = self.questions.len().max(1);
        let percent = ((all - wrong.len()) * 100 / all) as u32;
        Ok(Mark {
            percent,
            passed: percent >= self.pass_percent,
            wrong,
        })
    }
}

/// A reading as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// When it is to be read.
    pub read_due_at: DateTime<Utc>,
    /// When it was.
    pub read_at: Option<DateTime<Utc>>,
    /// When the quiz is to be passed; none where there is none.
    pub quiz_due_at: Option<DateTime<Utc>>,
    /// When it was.
    pub passed_at: Option<DateTime<Utc>>,
    /// It is not asked for any more.
    pub ended: bool,
}

impl Case {
    /// What is owed.
    pub fn state(&self) -> ReadingState {
        if self.ended {
            ReadingState::Ended
        } else if self.read_at.is_none() {
            ReadingState::ToRead
        } else if self.quiz_due_at.is_some() && self.passed_at.is_none() {
            ReadingState::ToAnswer
        } else {
            ReadingState::Done
        }
    }

    /// Something is owed whose time is over: he is held up until he has done it.
    pub fn blocking(&self, now: DateTime<Utc>) -> bool {
        let late = |due: DateTime<Utc>| due < now;
        match self.state() {
            ReadingState::ToRead => late(self.read_due_at) || self.quiz_due_at.is_some_and(late),
            ReadingState::ToAnswer => self.quiz_due_at.is_some_and(late),
            ReadingState::Done | ReadingState::Ended => false,
        }
    }

    /// When he is told next that he is late.
    pub fn alarm_after(&self, told: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let dues = match self.state() {
            ReadingState::ToRead => [Some(self.read_due_at), self.quiz_due_at],
            ReadingState::ToAnswer => [self.quiz_due_at, None],
            ReadingState::Done | ReadingState::Ended => [None, None],
        };
        let ahead = |due: &DateTime<Utc>| told.is_none_or(|told| *due > told);
        dues.into_iter().flatten().filter(ahead).min()
    }
}
