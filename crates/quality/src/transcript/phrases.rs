//! Phrases that are looked for in what was said (关键词), as rules that are agreed anew: what calms (安抚用语), and what is
//! never to be said (服务禁语).

use kernel::problem::{Result, invalid};
use kernel::rule::{Beside, Rule};
use kernel::text::{must_be_code, must_be_name};
use kernel::{Tx, words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SpokenLane, SpokenSegment};

/// Phrases of one rule at most, and characters of one phrase.
const MOST: usize = 200;
const LONGEST: usize = 40;

words! {
    /// What a phrase tells.
    PhraseKind {
        /// 安抚用语
        Comfort = "comfort",
        /// 服务禁语
        Forbidden = "forbidden",
        /// 关注词
        Watched = "watched",
    }
}

/// Phrases that are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyPhrases {
    /// Identifies them: `forbidden`.
    pub code: String,
    /// 服务禁语
    pub name: String,
    /// What they tell.
    pub kind: PhraseKind,
    /// Of whose words; null: of both voices'.
    pub lane: Option<SpokenLane>,
    /// 1 to 200, each of 1 to 40 characters; spaces, signs and capital letters do not count.
    pub phrases: Vec<String>,
    /// False: they are not looked for any more.
    pub active: bool,
}

impl Rule for KeyPhrases {
    const KIND: &'static str = "key_phrases";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        must_be_code("rule.code", &self.code)?;
        must_be_name("rule.name", &self.name)?;
        let fits = |phrase: &String| phrase.chars().count() <= LONGEST && !plain(phrase).is_empty();
        if (1..=MOST).contains(&self.phrases.len()) && self.phrases.iter().all(fits) {
            return Ok(());
        }
        let detail = "1 to 200 phrases, each of 1 to 40 characters";
        Err(invalid("rule.phrases", "phrases_out_of_range", detail))
    }
}

/// The letters and figures of a text, each with its place in code points.
fn plain(text: &str) -> Vec<(usize, char)> {
    let letters = text
        .chars()
        .enumerate()
        .filter(|(_, char)| char.is_alphanumeric());
    letters
        .flat_map(|(at, char)| char.to_lowercase().map(move |low| (at, low)))
        .collect()
}

/// A phrase that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PhraseHit {
    /// Code of its rule.
    pub code: String,
    /// The rule's name.
    pub name: String,
    /// What it tells.
    pub kind: PhraseKind,
    /// Where it begins in the segment's text, in code points.
    pub start: usize,
    /// Behind its last character.
    pub end: usize,
    /// About where it is heard in the recording, in milliseconds: by its place in the segment.
    pub at_ms: u64,
}

/// What is found in a segment, in the order of its places.
pub fn found(rules: &[KeyPhrases], segment: &SpokenSegment) -> Vec<PhraseHit> {
    let text = plain(&segment.text);
    let long = segment.until_ms - segment.from_ms;
    let mut hits = Vec::new();
    let heard = rules
        .iter()
        .filter(|rule| rule.active && rule.lane.is_none_or(|lane| lane == segment.lane));
    for rule in heard {
        for phrase in &rule.phrases {
            let phrase = plain(phrase);
            for (at, window) in text.windows(phrase.len().max(1)).enumerate() {
                let is_it = window.iter().map(|(_, char)| char);
                if !is_it.eq(phrase.iter().map(|(_, char)| char)) {
                    continue;
                }
                let (Some(first), Some(last)) = (window.first(), window.last()) else {
                    continue;
                };
                hits.push(PhraseHit {
                    code: rule.code.clone(),
                    name: rule.name.clone(),
                    kind: rule.kind,
                    start: first.0,
                    end: last.0 + 1,
                    at_ms: segment.from_ms + long * at as u64 / text.len() as u64,
                });
            }
        }
    }
    hits.sort_by_key(|hit| (hit.start, hit.end));
    hits
}
