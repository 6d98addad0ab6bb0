//! Topics of a span of days: phrases that were said more than before, those of one thing put together. A burst of one
//! day counts as well as a slow growth over weeks.

use std::collections::{BTreeMap, HashMap, HashSet};

use jieba_rs::Jieba;
use uuid::Uuid;

use super::Rise;
use super::index::{self, Span};
use super::mask::{Masked, Masker};
use super::phrase::{Cutter, Gram, length, once, phrases};

/// Phrases looked at, the strongest first.
const LOOKED_AT: usize = 600;
/// Below it chance does as much, in nats.
const CHANCE: f64 = 7.0;
/// Examples of one topic.
const EXAMPLES: usize = 5;

/// One contact and what was written of it.
#[derive(Debug, Clone)]
pub struct Said {
    /// Which contact.
    pub contact: Uuid,
    /// Whose. Somebody who calls ten times makes no topic.
    pub requester: Uuid,
    /// Spans before the one looked at; 0 is that one.
    pub span: usize,
    /// The day in its span, from 0.
    pub day: usize,
    /// Code of the matter.
    pub matter: Option<String>,
    /// Summary and messages.
    pub text: String,
    /// Names that are known of it: of the requester, of who took it.
    pub names: Vec<String>,
}

/// What counts.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The least contacts, and people, of a topic.
    pub least: u32,
    /// 热点指数 from which it is shown, in hundredths.
    pub ratio: i64,
    /// Topics told at most.
    pub most: usize,
    /// Days on which the line was open in the span looked at, then in those before it, the latest first.
    pub open_days: Vec<u32>,
    /// Days of a span.
    pub days: usize,
    /// Groups of words that mean the same.
    pub synonyms: Vec<Vec<String>>,
}

/// An example of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Which contact.
    pub contact: Uuid,
    /// What was written of it, without what is somebody's.
    pub text: String,
}

/// A topic.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its most telling phrase.
    pub name: String,
    /// The phrases it was found by, the most telling first.
    pub phrases: Vec<String>,
    /// Its contacts: places among those of the span.
    pub contacts: Vec<usize>,
    /// Contacts by span, the one looked at first.
    pub spans: Vec<u32>,
    /// Contacts by day of the span looked at.
    pub days: Vec<u32>,
    /// 热点指数 in hundredths; none where nothing was said of it before.
    pub ratio: Option<i64>,
    /// In which way it rises.
    pub rise: Rise,
    /// How far it is from chance, in thousandths of a nat.
    pub score: i64,
    /// Its matters, the most frequent first.
    pub matters: Vec<(String, u32)>,
    /// Examples, those first of which least had to be taken out.
    pub examples: Vec<Example>,
}

/// Reads what was said; first the span looked at, then those before it in any order and in pieces.
pub struct Finder<'a> {
    masker: Masker<'a>,
    bounds: Bounds,
    cutter: Cutter<'a>,
    said: Vec<Said>,
    grams: Vec<Gram>,
    known: HashMap<Gram, u32>,
    /// For each phrase its contacts of the span looked at.
    now: Vec<Vec<u32>>,
    /// For each phrase its contacts before, by a running number.
    before: Vec<Vec<u32>>,
    spans: Vec<u8>,
}

impl<'a> Finder<'a> {
    /// Reads the contacts of the span looked at.
    pub fn new(dictionary: &'a Jieba, bounds: Bounds, said: Vec<Said>) -> Self {
        let mut cutter = Cutter::new(dictionary, &bounds.synonyms);
        let texts = said.iter().map(|said| (said.requester, said.text.as_str()));
        let masker = Masker::learned(dictionary, texts, bounds.least as usize);
        let texts: Vec<Vec<u32>> = said
            .iter()
            .map(|said| {
                let text = masker.mask(&said.text, &said.names).text;
                cutter.cut(&text, true)
            })
            .collect();
        let grams = phrases(&cutter, &texts, bounds.least.max(2));
        let known: HashMap<Gram, u32> = grams
            .iter()
            .enumerate()
            .map(|(n, gram)| (*gram, n as u32))
            .collect();
        let mut now = vec![Vec::new(); grams.len()];
        for (at, words) in texts.iter().enumerate() {
            for gram in once(words) {
                if let Some(n) = known.get(&gram) {
                    now[*n as usize].push(at as u32);
                }
            }
        }
        Self {
            masker,
            bounds,
            cutter,
            said,
            before: vec![Vec::new(); grams.len()],
            grams,
            known,
            now,
            spans: Vec::new(),
        }
    }

    /// Reads contacts of spans before. What is somebody's need not be taken out here: only phrases are counted that
    /// were found without it.
    pub fn before(&mut self, said: &[Said]) {
        for one in said {
            let at = self.spans.len() as u32;
            self.spans.push(u8::try_from(one.span).unwrap_or(u8::MAX));
            let words = self.cutter.cut(&one.text, false);
            for gram in once(&words) {
                if let Some(n) = self.known.get(&gram) {
                    self.before[*n as usize].push(at);
                }
            }
        }
    }

    /// The topics, the strongest first.
    pub fn topics(&self) -> Vec<Topic> {
        let mut strong: Vec<(usize, Measured)> = (0..self.grams.len())
            .filter(|n| self.people(&self.now[*n]) >= self.bounds.least)
            .filter_map(|n| Some((n, self.measured(&self.now[n], &self.before[n])?)))
            .filter(|(_, measured)| measured.score >= CHANCE)
            .collect();
        strong.sort_by(|(a, left), (b, right)| right.score.total_cmp(&left.score).then(a.cmp(b)));
        strong.truncate(LOOKED_AT);
        let mut groups: Vec<Group> = Vec::new();
        for (n, measured) in strong {
            let now: HashSet<u32> = self.now[n].iter().copied().collect();
            let written = self.cutter.written(&self.grams[n]);
            let weight = measured.score * (1.0 + 0.25 * (length(&self.grams[n]) - 1) as f64);
            match groups.iter_mut().find(|group| group.is_of(&written, &now)) {
                Some(group) => {
                    group.now.extend(&now);
                    group.before.extend(&self.before[n]);
                    group.phrases.push((written, weight));
                }
                None => groups.push(Group {
                    core: now.clone(),
                    now,
                    before: self.before[n].iter().copied().collect(),
                    phrases: vec![(written, weight)],
                }),
            }
        }
        let mut topics: Vec<Topic> = groups
            .into_iter()
            .filter_map(|group| self.topic(group))
            .collect();
        topics.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.name.cmp(&b.name)));
        topics.truncate(self.bounds.most);
        topics
    }

    fn people(&self, contacts: &[u32]) -> u32 {
        let people: HashSet<Uuid> = contacts
            .iter()
            .map(|at| self.said[*at as usize].requester)
            .collect();
        people.len() as u32
    }

    fn measured(&self, now: &[u32], before: &[u32]) -> Option<Measured> {
        let spans = self.by_span(now.len(), before);
        let mut days = vec![0; self.bounds.days];
        for at in now {
            if let Some(day) = days.get_mut(self.said[*at as usize].day) {
                *day += 1;
            }
        }
        measure(&spans, &days, &self.bounds)
    }

    fn by_span(&self, now: usize, before: &[u32]) -> Vec<u32> {
        let mut spans = vec![0; self.bounds.open_days.len().max(1)];
        spans[0] = now as u32;
        for at in before {
            if let Some(span) = spans.get_mut(usize::from(self.spans[*at as usize])) {
                *span += 1;
            }
        }
        spans
    }

    fn topic(&self, group: Group) -> Option<Topic> {
        let mut contacts: Vec<u32> = group.now.into_iter().collect();
        contacts.sort_unstable();
        let before: Vec<u32> = group.before.into_iter().collect();
        let measured = self.measured(&contacts, &before)?;
        let mut phrases = group.phrases;
        phrases.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let mut phrases: Vec<String> = phrases.into_iter().map(|(phrase, _)| phrase).collect();
        // Nobody stands in what is published, whatever was overlooked in a longer text.
        phrases.retain(|phrase| self.masker.mask(phrase, &[]).holes == 0);
        phrases.truncate(8);
        let name = phrases.first()?.clone();
        let mut matters: BTreeMap<&str, u32> = BTreeMap::new();
        for at in &contacts {
            if let Some(matter) = &self.said[*at as usize].matter {
                *matters.entry(matter).or_default() += 1;
            }
        }
        let mut matters: Vec<(String, u32)> = matters
            .into_iter()
            .map(|(code, n)| (code.to_owned(), n))
            .collect();
        matters.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        matters.truncate(5);
        let contacts: Vec<usize> = contacts.into_iter().map(|at| at as usize).collect();
        Some(Topic {
            examples: self.examples(&contacts, &phrases),
            name,
            phrases,
            contacts,
            spans: measured.spans,
            days: measured.days,
            ratio: measured.ratio,
            rise: measured.rise,
            score: (measured.score * 1_000.0).round() as i64,
            matters,
        })
    }

    /// Examples of these contacts, places among those of the span: one of each person; the fewest holes, then the shortest that say most.
    pub fn examples(&self, contacts: &[usize], phrases: &[String]) -> Vec<Example> {
        let mut all: Vec<(usize, usize, usize, Masked)> = contacts
            .iter()
            .take(200)
            .map(|at| {
                let said = &self.said[*at];
                let mask = self.masker.mask(&said.text, &said.names);
                let tells = phrases
                    .iter()
                    .filter(|phrase| mask.text.contains(phrase.as_str()))
                    .count();
                (mask.holes, usize::MAX - tells, *at, mask)
            })
            .collect();
        all.sort_by_key(|(holes, tells, at, _)| (*holes, *tells, *at));
        let mut people = HashSet::new();
        let mut examples = Vec::new();
        for (_, _, at, mask) in all {
            let said = &self.said[at];
            if examples.len() < EXAMPLES && people.insert(said.requester) {
                let text: String = mask.text.chars().take(300).collect();
                examples.push(Example {
                    contact: said.contact,
                    text,
                });
            }
        }
        examples
    }
}

/// Phrases of one thing.
struct Group {
    /// The contacts of its strongest phrase.
    core: HashSet<u32>,
    now: HashSet<u32>,
    before: HashSet<u32>,
    phrases: Vec<(String, f64)>,
}

impl Group {
    /// Another phrase is of the same thing: it stands in the same contacts, or is nearly the same phrase.
    fn is_of(&self, phrase: &str, contacts: &HashSet<u32>) -> bool {
        let (first, _) = &self.phrases[0];
        let shared = contacts.intersection(&self.core).count();
        let (small, large) = {
            let (a, b) = (contacts.len(), self.core.len());
            (a.min(b).max(1), a.max(b))
        };
        let together = shared * 10 >= small * 6 && large <= small * 5;
        let contained =
            (first.contains(phrase) || phrase.contains(first.as_str())) && shared * 10 >= small * 3;
        together || contained || self.phrases.iter().any(|(known, _)| alike(known, phrase))
    }
}

/// The same characters in another order, or one character more, less or other in a phrase of four.
pub fn alike(a: &str, b: &str) -> bool {
    let (mut a, mut b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().min(b.len()) < 4 {
        return false;
    }
    if distance(&a, &b) <= 1 {
        return true;
    }
    a.sort_unstable();
    b.sort_unstable();
    a == b
}

/// Characters to add, take away or change (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let change = corner + usize::from(left != right);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

/// How something rises.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Contacts by span.
    pub spans: Vec<u32>,
    /// Contacts by day.
    pub days: Vec<u32>,
    /// 热点指数 in hundredths.
    pub ratio: Option<i64>,
    /// In which way.
    pub rise: Rise,
    /// How far from chance, in nats.
    pub score: f64,
}

/// How far `count` is above what was to be expected, in nats (likelihood ratio of Poisson).
fn above(count: f64, expected: f64) -> f64 {
    if count <= expected {
        return 0.0;
    }
    count * (count / expected).ln() - (count - expected)
}

/// How something rises that was counted so by span (the one looked at first) and by day; none where it is not shown:
/// too few, or neither hot by K-26 nor a burst of a day nor growing.
pub fn measure(spans: &[u32], days: &[u32], bounds: &Bounds) -> Option<Measured> {
    let (count, before) = spans.split_first()?;
    if *count < bounds.least {
        return None;
    }
    let open = |span: usize| bounds.open_days.get(span).copied().unwrap_or(0);
    let now = Span {
        count: *count,
        open_days: open(0),
    };
    let all: Vec<Span> = (before.iter().enumerate())
        .map(|(n, count)| Span {
            count: *count,
            open_days: open(n + 1),
        })
        .collect();
    let compared = index::comparable(now, &all);
    let counts: Vec<u32> = compared.iter().map(|span| span.count).collect();
    let ratio = index::hot(*count, &counts);
    let sum: u32 = counts.iter().sum();
    let open_days: u32 = compared.iter().map(|span| span.open_days).sum();
    let a_day = (f64::from(sum) + 0.5) / f64::from(open_days.max(1));
    let (count_now, days_now) = (f64::from(*count), f64::from(now.open_days.max(1)));
    let week = above(count_now, a_day * days_now);
    let top = days.iter().copied().max().unwrap_or(0);
    let others = f64::from(*count - top) / (days_now - 1.0).max(1.0);
    let day = above(f64::from(top), a_day.max(others)) - days_now.ln();
    let one_day = top * 10 >= count * 6 && top >= bounds.least;
    // From the oldest on, each at least as much as the one before, and never twice as much at once.
    let grows = counts.len() >= 3
        && counts.windows(2).all(|pair| pair[0] >= pair[1])
        && counts
            .first()
            .is_some_and(|last| *count > *last && count_now <= 2.0 * f64::from(*last))
        && counts.last().is_some_and(|oldest| *oldest * 2 <= *count);
    // Against the two oldest: what grows is compared with where it began.
    let growth = match counts.as_slice() {
        [.., b, a] if grows => above(count_now, f64::from(a + b) / 2.0 + 0.5),
        _ => 0.0,
    };
    let rise = if one_day {
        Rise::Day
    } else if grows {
        Rise::Slow
    } else {
        Rise::Week
    };
    let hot = ratio.is_none_or(|ratio| ratio >= bounds.ratio);
    let burst = one_day && day >= CHANCE;
    if !(hot || burst || grows) {
        return None;
    }
    Some(Measured {
        spans: spans.to_vec(),
        days: days.to_vec(),
        ratio,
        rise,
        score: week.max(day).max(growth),
    })
}
