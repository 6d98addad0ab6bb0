//! A paper (试卷) is a set of rules: how many questions of which kind, matter and difficulty, for how many points.
//! Drawing it is pure: the same pool, seed, taker and try give the same paper.

pub mod http;
pub mod store;

use kernel::problem::{Result, invalid};
use kernel::text::must_be_code;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::dice::Dice;
use crate::question::{Difficulty, QuestionKind};

/// Parts of one paper.
const MOST_PARTS: usize = 20;
/// Questions of one paper.
const MOST_QUESTIONS: u32 = 200;

/// So many questions of one sort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperPart {
    /// The kind of its questions.
    pub kind: QuestionKind,
    /// What their matter's code begins with: `1` is all of the exams; any when left out.
    pub matter: Option<String>,
    /// How hard; any when left out.
    pub difficulty: Option<Difficulty>,
    /// How many.
    pub many: u32,
    /// Points for each.
    pub points: i32,
}

/// By which rules a paper is drawn, and what passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Blueprint {
    /// Its parts, in their order.
    pub parts: Vec<PaperPart>,
    /// The share of the points that passes; the one agreed when left out.
    pub pass_percent: Option<i32>,
    /// Minutes from the start: 1 to 300.
    pub minutes: i32,
    /// How often who failed may try again: 0 to 5.
    pub max_resits: i32,
    /// Hours before he may.
    pub resit_after_hours: i32,
    /// Working days he then has for it.
    pub resit_within_days: i32,
}

/// A question that may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolQuestion {
    /// The question.
    pub id: Uuid,
    /// Its version.
    pub n: i32,
    /// How it is asked.
    pub kind: QuestionKind,
    /// The code of its matter.
    pub matter: String,
    /// How hard it is.
    pub difficulty: Difficulty,
    /// How many options it has.
    pub options: usize,
    /// How many blanks it has.
    pub blanks: usize,
}

/// A question of one taker's paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// Its place, from 1 on.
    pub no: i32,
    /// The question.
    pub question_id: Uuid,
    /// Its version.
    pub n: i32,
    /// How it is asked.
    pub kind: QuestionKind,
    /// The points it gives at most.
    pub points: i32,
    /// In which order its options are shown.
    pub order: Vec<usize>,
    /// How many blanks it has.
    pub blanks: usize,
}

impl PaperPart {
    fn takes(&self, question: &PoolQuestion) -> bool {
        self.kind == question.kind
            && self
                .difficulty
                .is_none_or(|difficulty| difficulty == question.difficulty)
            && self
                .matter
                .as_ref()
                .is_none_or(|matter| question.matter.starts_with(matter.as_str()))
    }
}

impl Blueprint {
    /// The same rules; says no to what cannot be.
    pub fn checked(self) -> Result<Self> {
        let range = |field: &str, value: i32, from: i32, to: i32| {
            if (from..=to).contains(&value) {
                return Ok(());
            }
            Err(invalid(
                field,
                "paper_out_of_range",
                format!("{from} to {to}"),
            ))
        };
        if !(1..=MOST_PARTS).contains(&self.parts.len()) {
            return Err(invalid("parts", "paper_out_of_range", "1 to 20 parts"));
        }
        for part in &self.parts {
            range(
                "parts",
                i32::try_from(part.many).unwrap_or(i32::MAX),
                1,
                100,
            )?;
            range("parts", part.points, 1, 100)?;
            if let Some(matter) = &part.matter {
                must_be_code("parts", matter)?;
            }
        }
        if self.questions() > MOST_QUESTIONS {
            return Err(invalid(
                "parts",
                "paper_out_of_range",
                "at most 200 questions",
            ));
        }
        if let Some(percent) = self.pass_percent {
            range("pass_percent", percent, 1, 100)?;
        }
        range("minutes", self.minutes, 1, 300)?;
        range("max_resits", self.max_resits, 0, 5)?;
        range("resit_after_hours", self.resit_after_hours, 0, 720)?;
        range("resit_within_days", self.resit_within_days, 1, 60)?;
        Ok(self)
    }

    /// How many questions it has.
    pub fn questions(&self) -> u32 {
        self.parts.iter().map(|part| part.many).sum()
    }

    /// The points there are.
    pub fn total(&self) -> i32 {
        let of = |part: &PaperPart| part.points * i32::try_from(part.many).unwrap_or_default();
        self.parts.iter().map(of).sum()
    }

    /// For each part how many questions of the pool it could take.
    pub fn available(&self, pool: &[PoolQuestion]) -> Vec<usize> {
        let of = |part: &PaperPart| pool.iter().filter(|question| part.takes(question)).count();
        self.parts.iter().map(of).collect()
    }

    /// What some part could take.
    pub fn taken_from(&self, pool: Vec<PoolQuestion>) -> Vec<PoolQuestion> {
        let wanted = |question: &PoolQuestion| self.parts.iter().any(|part| part.takes(question));
        pool.into_iter().filter(wanted).collect()
    }

    /// The paper of one taker: no question twice, the questions of a part and their options in an order of his own.
    /// `None` where the pool is too small.
    pub fn draw(
        &self,
        pool: &[PoolQuestion],
        seed: &str,
        taker: Uuid,
        try_no: i32,
    ) -> Option<Vec<Drawn>> {
        let mut dice = Dice::of(&[seed, &taker.to_string(), &try_no.to_string()]);
        let mut cards: Vec<usize> = (0..pool.len()).collect();
        dice.shuffle(&mut cards);
        // A question that two parts could take goes where it is needed.
        let slots: Vec<&PaperPart> = self
            .parts
            .iter()
            .flat_map(|part| std::iter::repeat_n(part, part.many as usize))
            .collect();
        let mut slot_of: Vec<Option<usize>> = vec![None; cards.len()];
        for slot in 0..slots.len() {
            let mut seen = vec![false; cards.len()];
            if !placed(slot, &slots, &cards, pool, &mut slot_of, &mut seen) {
                return None;
            }
        }
        let mut card_of = vec![0; slots.len()];
        for (card, slot) in slot_of.iter().enumerate() {
            if let Some(slot) = slot {
                card_of[*slot] = cards[card];
            }
        }
        let mut paper = Vec::with_capacity(slots.len());
        let mut from = 0;
        for part in &self.parts {
            let to = from + part.many as usize;
            let mine = &mut card_of[from..to];
            dice.shuffle(mine);
            for &at in mine.iter() {
                let question = &pool[at];
                let mut order: Vec<usize> = (0..question.options).collect();
                dice.shuffle(&mut order);
                paper.push(Drawn {
                    no: i32::try_from(paper.len() + 1).unwrap_or(i32::MAX),
                    question_id: question.id,
                    n: question.n,
                    kind: question.kind,
                    points: part.points,
                    order,
                    blanks: question.blanks,
                });
            }
            from = to;
        }
        Some(paper)
    }
}

/// Finds a card for a slot, moving others that have a choice (bipartite matching by augmenting ways).
fn placed(
    slot: usize,
    slots: &[&PaperPart],
    cards: &[usize],
    pool: &[PoolQuestion],
    slot_of: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    // First what nobody has: most slots end here.
    let free = (0..cards.len())
        .find(|&card| slot_of[card].is_none() && slots[slot].takes(&pool[cards[card]]));
    if let Some(card) = free {
        slot_of[card] = Some(slot);
        return true;
    }
    for card in 0..cards.len() {
        if seen[card] || !slots[slot].takes(&pool[cards[card]]) {
            continue;
        }
        seen[card] = true;
        let moved =
            slot_of[card].is_none_or(|other| placed(other, slots, cards, pool, slot_of, seen));
        if moved {
            slot_of[card] = Some(slot);
            return true;
        }
    }
    false
}
