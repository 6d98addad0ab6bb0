//! Finding what may be said: an index in memory over Chinese words, synonyms, first letters of the pinyin,
//! and numbers. It is pure: what is in the tables is put into it by [`keep`].
//!
//! Words weigh as in BM25, those of the title and the keywords more. The index keeps no answers: what is found is
//! read from the tables again, which also makes sure that nothing is shown that was withdrawn a moment ago.

pub mod http;
pub mod keep;
pub mod words;

use std::cmp::Ordering;
use std::collections::HashMap;

use kernel::words as word_list;
use uuid::Uuid;

use words::{bare, initials, plain, tokens};

word_list! {
    /// Why something was found.
    FoundBy {
        /// A word stands in it.
        Word = "word",
        /// A word stands in it that means the same.
        Synonym = "synonym",
        /// The first letters of its pinyin.
        Pinyin = "pinyin",
        /// The number of the document it rests on.
        Document = "document",
        /// Its own number.
        Number = "number",
    }
}

impl FoundBy {
    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What weighs how much where it stands.
const TITLE: f32 = 3.0;
const KEYWORD: f32 = 3.0;
const QUESTION: f32 = 1.5;
const ANSWER: f32 = 1.0;
const SOURCE: f32 = 0.5;
/// How soon more of the same word adds nothing, and how much a long text is held against it.
const SATURATION: f32 = 1.2;
const LENGTH: f32 = 0.5;
/// A word that only means the same.
const SYNONYM: f32 = 0.7;
/// The whole question stands in the title.
const WHOLE: f32 = 4.0;
const PINYIN: f32 = 3.0;
const DOCUMENT: f32 = 12.0;
const NUMBER: f32 = 20.0;
/// Words of one question that count: of a long text the rarest.
const MOST_TERMS: usize = 24;

/// What the index is told of one version of an article.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The article.
    pub article_id: Uuid,
    /// The version.
    pub n: i32,
    /// The article's number.
    pub number: String,
    /// `article` or `script`
    pub kind: String,
    /// Code of the matter.
    pub matter: String,
    /// What the version is called.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// What is answered.
    pub answer: String,
    /// Words by which it is found besides.
    pub keywords: Vec<String>,
    /// Number of the document it rests on.
    pub source_no: String,
    /// Title of that document.
    pub source_title: String,
    /// It is what holds.
    pub in_force: bool,
}

impl Entry {
    /// Its words with what they weigh, and how many there are.
    fn weights(&self) -> (HashMap<String, f32>, f32) {
        let fields = [
            (self.title.as_str(), TITLE),
            (self.question.as_str(), QUESTION),
            (self.answer.as_str(), ANSWER),
            (self.source_title.as_str(), SOURCE),
        ];
        let keywords = self.keywords.iter().map(|word| (word.as_str(), KEYWORD));
        let mut weights: HashMap<String, f32> = HashMap::new();
        let mut length = 0.0;
        for (text, weight) in fields.into_iter().chain(keywords) {
            for token in tokens(text) {
                *weights.entry(token).or_default() += weight;
                length += 1.0;
            }
        }
        // A keyword is found as a whole, however it is cut.
        for keyword in &self.keywords {
            let whole = weights.entry(plain(keyword)).or_default();
            *whole = whole.max(KEYWORD);
        }
        (weights, length)
    }
}

/// What is kept of it.
#[derive(Debug)]
struct Doc {
    article_id: Uuid,
    n: i32,
    number: String,
    kind: String,
    matter: String,
    /// Title, question and keywords, as they are looked through.
    text: String,
    title: String,
    source_no: String,
    /// First letters of the title and of each keyword, a line for each.
    letters: String,
    length: f32,
    in_force: bool,
}

#[derive(Debug, Clone, Copy)]
struct Posting {
    slot: u32,
    weight: f32,
}

/// What a search is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Narrow {
    /// Only this matter.
    pub matter: Option<String>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Also what does not hold.
    pub all: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The article.
    pub article_id: Uuid,
    /// The version.
    pub n: i32,
    /// The higher, the better.
    pub score: f32,
    /// Why.
    pub why: Vec<FoundBy>,
}

/// One word of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// As it stands in texts.
    pub token: String,
    /// It was not said but means the same.
    pub synonym: bool,
}

/// A question, taken apart.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Its words; of a long one the rarest.
    pub terms: Vec<Term>,
    /// Parts that may be first letters of pinyin.
    pub letters: Vec<String>,
    whole: String,
    bare: String,
    /// A digit is in it.
    numbered: bool,
}

/// The index.
#[derive(Debug, Default)]
pub struct Index {
    slots: Vec<Option<Doc>>,
    free: Vec<u32>,
    dead: usize,
    by_article: HashMap<Uuid, Vec<u32>>,
    postings: HashMap<Box<str>, Vec<Posting>>,
    total_length: f32,
    synonyms: Vec<Vec<String>>,
}

impl Index {
    /// Versions in it.
    pub fn len(&self) -> usize {
        self.by_article.values().map(Vec::len).sum()
    }

    /// Nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.by_article.is_empty()
    }

    /// Groups of words that mean the same.
    pub fn set_synonyms(&mut self, groups: Vec<Vec<String>>) {
        let plain_words = |group: Vec<String>| group.iter().map(|word| plain(word)).collect();
        self.synonyms = groups.into_iter().map(plain_words).collect();
    }

    /// Puts the versions of an article in the place of those that were there.
    pub fn put(&mut self, article_id: Uuid, entries: &[Entry]) {
        self.remove(article_id);
        for entry in entries {
            let (weights, length) = entry.weights();
            let letters = [entry.title.as_str()]
                .into_iter()
                .chain(entry.keywords.iter().map(String::as_str))
                .map(initials)
                .collect::<Vec<_>>()
                .join("\n");
            let text = [&entry.title, &entry.question, &entry.keywords.join("\n")]
                .map(|text| plain(text))
                .join("\n");
            let doc = Doc {
                article_id,
                n: entry.n,
                number: entry.number.to_ascii_lowercase(),
                kind: entry.kind.clone(),
                matter: entry.matter.clone(),
                text,
                title: plain(&entry.title),
                source_no: bare(&entry.source_no),
                letters,
                length,
                in_force: entry.in_force,
            };
            self.total_length += length;
            let slot = if let Some(slot) = self.free.pop() {
                self.slots[slot as usize] = Some(doc);
                slot
            } else {
                self.slots.push(Some(doc));
                (self.slots.len() - 1) as u32
            };
            for (token, weight) in weights {
                let list = self.postings.entry(token.into_boxed_str()).or_default();
                list.push(Posting { slot, weight });
            }
            self.by_article.entry(article_id).or_default().push(slot);
        }
    }

    /// Takes an article out.
    pub fn remove(&mut self, article_id: Uuid) {
        for slot in self.by_article.remove(&article_id).unwrap_or_default() {
            if let Some(doc) = self.slots[slot as usize].take() {
                self.total_length -= doc.length;
                self.dead += 1;
            }
        }
        // What is gone stays in the lists until there is enough of it to be worth the walk.
        if self.dead > 256 && self.dead > self.slots.len() / 4 {
            let slots = &self.slots;
            self.postings.retain(|_, list| {
                list.retain(|posting| slots[posting.slot as usize].is_some());
                !list.is_empty()
            });
            let gone = (0..).zip(&self.slots).filter(|(_, doc)| doc.is_none());
            self.free = gone.map(|(slot, _)| slot).collect();
            self.dead = 0;
        }
    }

    /// Takes a question apart: its words, and those that mean the same.
    pub fn question(&self, text: &str) -> Question {
        let whole = plain(text.trim());
        let mut said: Vec<String> = Vec::new();
        for token in tokens(&whole) {
            if !said.contains(&token) {
                said.push(token);
            }
        }
        if said.len() > MOST_TERMS {
            said.sort_by_key(|token| {
                self.postings
                    .get(token.as_str())
                    .map_or(usize::MAX, Vec::len)
            });
            said.truncate(MOST_TERMS);
        }
        let mut meant: Vec<String> = Vec::new();
        for group in &self.synonyms {
            let named = group.iter().any(|word| whole.contains(word.as_str()));
            let others = group
                .iter()
                .filter(|word| named && !whole.contains(word.as_str()));
            for token in others.flat_map(|word| {
                let mut parts = tokens(word);
                parts.push(word.clone());
                parts
            }) {
                if !said.contains(&token) && !meant.contains(&token) && meant.len() < MOST_TERMS {
                    meant.push(token);
                }
            }
        }
        let letters = whole
            .split(|char: char| !char.is_ascii_alphanumeric())
            .filter(|part| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_lowercase()))
            .map(str::to_owned)
            .take(4)
            .collect();
        let term = |synonym: bool| move |token: String| Term { token, synonym };
        let terms = said.into_iter().map(term(false));
        Question {
            terms: terms.chain(meant.into_iter().map(term(true))).collect(),
            letters,
            numbered: whole.bytes().any(|byte| byte.is_ascii_digit()),
            bare: bare(&whole),
            whole,
        }
    }

    /// The best of what is found, the best first; of one article the better version.
    pub fn find(&self, question: &Question, narrow: &Narrow, limit: usize) -> Vec<Found> {
        let mut scores = vec![0.0_f32; self.slots.len()];
        let mut why = vec![0_u8; self.slots.len()];
        let mut covered = vec![0_u8; self.slots.len()];
        let said = question.terms.iter().filter(|term| !term.synonym).count();
        self.by_words(question, &mut scores, &mut why, &mut covered);
        let nothing_by_words = why.iter().all(|why| *why == 0);
        let mut ranked: Vec<(f32, u8, &Doc)> = Vec::new();
        let slots = self.slots.iter().zip(scores).zip(why.iter().zip(covered));
        for ((doc, mut score), (why, covered)) in slots {
            let Some(doc) = doc else { continue };
            let hidden = !narrow.all && !doc.in_force;
            let elsewhere = narrow
                .matter
                .as_ref()
                .is_some_and(|code| *code != doc.matter);
            let other = narrow.kind.as_ref().is_some_and(|kind| *kind != doc.kind);
            if hidden || elsewhere || other {
                continue;
            }
            let mut why = *why;
            score *= 0.5 + 0.5 * f32::from(covered) / said.max(1) as f32;
            score += question.beside_words(doc, &mut why, nothing_by_words);
            if why != 0 {
                ranked.push((score, why, doc));
            }
        }
        let better = |(one, _, a): &(f32, u8, &Doc), (other, _, b): &(f32, u8, &Doc)| {
            let by_score = other.partial_cmp(one).unwrap_or(Ordering::Equal);
            by_score
                .then_with(|| a.number.cmp(&b.number))
                .then(b.n.cmp(&a.n))
        };
        // Of one article there are two versions at most: what lies behind is not put in order.
        let enough = limit * 2;
        if ranked.len() > enough {
            ranked.select_nth_unstable_by(enough, better);
            ranked.truncate(enough);
        }
        ranked.sort_unstable_by(better);
        let mut found: Vec<Found> = Vec::new();
        for (score, why, doc) in ranked {
            if found.len() == limit {
                break;
            }
            if found.iter().any(|found| found.article_id == doc.article_id) {
                continue;
            }
            let reasons = FoundBy::ALL.iter().filter(|reason| why & reason.bit() != 0);
            found.push(Found {
                article_id: doc.article_id,
                n: doc.n,
                score,
                why: reasons.copied().collect(),
            });
        }
        found
    }

    fn by_words(
        &self,
        question: &Question,
        scores: &mut [f32],
        why: &mut [u8],
        covered: &mut [u8],
    ) {
        let docs = self.len().max(1) as f32;
        let usual = (self.total_length / docs).max(1.0);
        for term in &question.terms {
            let Some(list) = self.postings.get(term.token.as_str()) else {
                continue;
            };
            let many = list.len() as f32;
            let rarity = (1.0 + (docs - many + 0.5).max(0.0) / (many + 0.5)).ln();
            let (share, reason) = if term.synonym {
                (SYNONYM, FoundBy::Synonym)
            } else {
                (1.0, FoundBy::Word)
            };
            for Posting { slot, weight } in list {
                let slot = *slot as usize;
                let Some(doc) = &self.slots[slot] else {
                    continue;
                };
                let long = 1.0 - LENGTH + LENGTH * doc.length / usual;
                let dense = weight * (SATURATION + 1.0) / (weight + SATURATION * long);
                scores[slot] += share * rarity * dense;
                why[slot] |= reason.bit();
                covered[slot] = covered[slot].saturating_add(1);
            }
        }
    }
}

impl Question {
    /// What is found by other things than words adds so much.
    fn beside_words(&self, doc: &Doc, why: &mut u8, nothing_by_words: bool) -> f32 {
        let mut more = 0.0;
        let long_enough = self.whole.chars().nth(1).is_some();
        if *why != 0 && long_enough && doc.title.contains(&self.whole) {
            more += WHOLE;
        }
        // Words are cut otherwise now and then; then the text itself is looked through.
        if nothing_by_words && long_enough && doc.text.contains(&self.whole) {
            *why |= FoundBy::Word.bit();
            more += 1.0;
        }
        for part in &self.letters {
            if !doc.letters.contains(part.as_str()) {
                continue;
            }
            let best = doc.letters.lines().filter_map(|letters| {
                let at = letters.find(part.as_str())?;
                Some(if letters == part {
                    2.0
                } else if at == 0 {
                    1.0
                } else {
                    0.6
                })
            });
            if let Some(best) = best.reduce(f32::max) {
                *why |= FoundBy::Pinyin.bit();
                more += PINYIN * best;
            }
        }
        if self.bare.len() >= 3 {
            if self.numbered && doc.source_no.contains(&self.bare) {
                *why |= FoundBy::Document.bit();
                more += DOCUMENT;
            }
            if doc.number == self.bare {
                *why |= FoundBy::Number.bit();
                more += NUMBER;
            }
        }
        more
    }
}
