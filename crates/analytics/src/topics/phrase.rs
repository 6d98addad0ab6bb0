//! Phrases of what was said: words of the dictionary and runs of words that stand together more often than by chance
//! and end where sentences go on in many ways (mutual information, left and right entropy), so that what no dictionary
//! has yet (粤省心 小程序, 穗职通) is found as well.

use std::collections::HashMap;

use jieba_rs::Jieba;

/// Words of the longest phrase.
pub(super) const LONGEST: usize = 4;
/// Characters of the longest phrase.
const CHARACTERS: usize = 14;
/// How much more often than by chance the two parts of a phrase stand together, as a logarithm.
const COHESION: f64 = 1.0;
/// In how many ways a text goes on before and behind a phrase, in nats.
const FREEDOM: f64 = 0.5;

/// Where a phrase cannot reach over: signs, numbers, words that say nothing.
pub(super) const BREAK: u32 = 0;
/// A word that nobody said in the span that is looked at.
const STRANGE: u32 = u32::MAX;

/// A phrase: its words, the rest [`BREAK`].
pub(super) type Gram = [u32; LONGEST];

/// What every record of a hotline says, whatever it is about.
const EMPTY: &str = "的 了 吗 呢 吧 啊 呀 我 你 您 他 她 它 我们 你们 他们 是 在 有 和 与 或 及 也 都 就 还 要 会 能 可 可以 请 请问 怎么 怎么办 怎样 如何 \
什么 为什么 哪里 哪个 时候 什么时候 不 没 没有 这 那 一个 这个 那个 被 把 到 从 对 为 以 上 下 中 后 前 再 又 很 想 知道 告诉 你好 您好 谢谢 一下 不是 不能 \
来电 来电人 致电 咨询 反映 询问 表示 告知 希望 要求 市民 诉求人 群众 考生 先生 女士 已 已经 解释 答复 回复 处理 跟进 转 称 说 其 该 并 但 因 由于 因为 所以 \
问题 情况 相关 有关 进行 需要 是否 目前 现在 今天 昨天 明天 上午 下午 刚才 一直 多次 仍 仍然 还是 无法 不了 出现 显示 提示 帮忙 核实 尽快 具体 关于 向 让 给 \
等 之 于 至 将 个 次 条 年 月 日 点 号 时 分 第 自己 本人 对方 工作 人员 工作人员 电话 热线 客服 座席 建议 登记 记录 内容 办理 应该 应当 得 着 过 去 来 用";

/// Cuts texts and numbers their words.
pub(super) struct Cutter<'a> {
    dictionary: &'a Jieba,
    alike: Vec<(String, String)>,
    empty: Vec<&'static str>,
    numbers: HashMap<String, u32>,
    words: Vec<String>,
}

impl<'a> Cutter<'a> {
    /// With groups of words that mean the same: the first of a group stands for all.
    pub(super) fn new(dictionary: &'a Jieba, synonyms: &[Vec<String>]) -> Self {
        let mut alike = Vec::new();
        for group in synonyms {
            if let Some((first, others)) = group.split_first() {
                alike.extend(others.iter().map(|other| (other.clone(), first.clone())));
            }
        }
        // The longest first: what is within another does not cut it.
        alike.sort_by_key(|(word, _)| std::cmp::Reverse(word.chars().count()));
        let mut empty: Vec<&str> = EMPTY.split_whitespace().collect();
        empty.sort_unstable();
        Self {
            dictionary,
            alike,
            empty,
            numbers: HashMap::new(),
            words: vec![String::new()],
        }
    }

    /// The words of a text by number; `learn` gives new words a number.
    pub(super) fn cut(&mut self, text: &str, learn: bool) -> Vec<u32> {
        let mut text = knowledge::plain(text);
        for (word, first) in &self.alike {
            if text.contains(word.as_str()) && !first.contains(word.as_str()) {
                text = text.replace(word.as_str(), first);
            }
        }
        let mut cut = Vec::new();
        let mut hole = false;
        for token in self.dictionary.cut(&text, true) {
            let word = token.word;
            // What was taken out stands in brackets.
            match word {
                "[" => hole = true,
                "]" => hole = false,
                _ => {}
            }
            let says = !hole
                && word.chars().all(char::is_alphanumeric)
                && !word.chars().all(char::is_numeric)
                && self.empty.binary_search(&word).is_err();
            if !says {
                if cut.last() != Some(&BREAK) {
                    cut.push(BREAK);
                }
                continue;
            }
            let number = match self.numbers.get(word) {
                Some(number) => *number,
                None if learn => {
                    let number = self.words.len() as u32;
                    self.words.push(word.to_owned());
                    self.numbers.insert(word.to_owned(), number);
                    number
                }
                None => STRANGE,
            };
            cut.push(number);
        }
        cut
    }

    /// A phrase as it is written.
    pub(super) fn written(&self, gram: &Gram) -> String {
        let mut written = String::new();
        for number in gram.iter().take_while(|number| **number != BREAK) {
            let word = self.words.get(*number as usize).map_or("", String::as_str);
            let latin = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphanumeric());
            if latin(written.chars().last()) && latin(word.chars().next()) {
                written.push(' ');
            }
            written.push_str(word);
        }
        written
    }
}

/// Words of a phrase.
pub(super) fn length(gram: &Gram) -> usize {
    gram.iter().take_while(|number| **number != BREAK).count()
}

/// The phrases of a text with where they begin, each as often as it stands there.
fn grams(words: &[u32]) -> impl Iterator<Item = (usize, Gram)> + '_ {
    (0..words.len()).flat_map(move |from| {
        let reach = words[from..].iter().take(LONGEST);
        let reach = reach
            .take_while(|number| !matches!(**number, BREAK | STRANGE))
            .count();
        (1..=reach).map(move |length| {
            let mut gram = [BREAK; LONGEST];
            gram[..length].copy_from_slice(&words[from..from + length]);
            (from, gram)
        })
    })
}

/// Each phrase of a text once.
pub(super) fn once(words: &[u32]) -> Vec<Gram> {
    let mut all: Vec<Gram> = grams(words).map(|(_, gram)| gram).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What stands before or behind a phrase.
#[derive(Default)]
struct Neighbours {
    words: HashMap<u32, u32>,
    breaks: u32,
    all: u32,
}

impl Neighbours {
    fn meet(&mut self, word: u32) {
        self.all += 1;
        if word == BREAK {
            self.breaks += 1;
        } else {
            *self.words.entry(word).or_default() += 1;
        }
    }

    /// Entropy; each end of a sentence is another way to go on.
    fn freedom(&self) -> f64 {
        let all = f64::from(self.all.max(1));
        let words: f64 = self
            .words
            .values()
            .map(|count| {
                let share = f64::from(*count) / all;
                -share * share.ln()
            })
            .sum();
        words + f64::from(self.breaks) / all * all.ln()
    }
}

/// The phrases of `texts` that stand in at least `least` of them and are one: long enough, cohesive, free at both ends,
/// and not merely a part of a longer one.
pub(super) fn phrases(cutter: &Cutter<'_>, texts: &[Vec<u32>], least: u32) -> Vec<Gram> {
    let mut found: HashMap<Gram, u32> = HashMap::new();
    for words in texts {
        for gram in once(words) {
            *found.entry(gram).or_default() += 1;
        }
    }
    found.retain(|_, count| *count >= least);
    let total = texts.len() as f64;
    let mut sound: HashMap<Gram, u32> = HashMap::new();
    for (gram, count) in &found {
        let written = cutter.written(gram).chars().count();
        let fits = (2..=CHARACTERS).contains(&written);
        if fits && (length(gram) == 1 || cohesion(gram, &found, total) >= COHESION) {
            sound.insert(*gram, *count);
        }
    }
    let mut around: HashMap<Gram, [Neighbours; 2]> = HashMap::new();
    for words in texts {
        for (from, gram) in grams(words) {
            let many = length(&gram);
            if many < 2 || !sound.contains_key(&gram) {
                continue;
            }
            let sides = around.entry(gram).or_default();
            let at = |place: Option<usize>| {
                place
                    .and_then(|place| words.get(place).copied())
                    .unwrap_or(BREAK)
            };
            sides[0].meet(at(from.checked_sub(1)));
            sides[1].meet(at(Some(from + many)));
        }
    }
    sound.retain(|gram, _| {
        around
            .get(gram)
            .is_none_or(|sides| sides.iter().all(|side| side.freedom() >= FREEDOM))
    });
    let mut parts: Vec<Gram> = Vec::new();
    for (gram, count) in &sound {
        for part in within(gram) {
            if sound
                .get(&part)
                .is_some_and(|whole| count * 10 >= whole * 8)
            {
                parts.push(part);
            }
        }
    }
    for part in parts {
        sound.remove(&part);
    }
    let mut phrases: Vec<Gram> = sound.into_keys().collect();
    phrases.sort_unstable();
    phrases
}

/// The least cohesion over the ways to cut a phrase in two. Parts that hardly ever stand without each other belong
/// together even where half of all texts are about them, and chance would have them meet as well.
fn cohesion(gram: &Gram, found: &HashMap<Gram, u32>, total: f64) -> f64 {
    let many = length(gram);
    let count = |part: &[u32]| {
        let mut whole = [BREAK; LONGEST];
        whole[..part.len()].copy_from_slice(part);
        found.get(&whole).map_or(1.0, |count| f64::from(*count))
    };
    let whole = count(&gram[..many]);
    let cuts = (1..many).map(|cut| {
        let (left, right) = (count(&gram[..cut]), count(&gram[cut..many]));
        if whole * 10.0 >= left.max(right) * 6.0 {
            return f64::INFINITY;
        }
        (whole * total / (left * right)).ln()
    });
    cuts.fold(f64::INFINITY, f64::min)
}

/// The phrases within a phrase.
fn within(gram: &Gram) -> Vec<Gram> {
    let many = length(gram);
    let mut parts = Vec::new();
    for size in 1..many {
        for from in 0..=many - size {
            let mut part = [BREAK; LONGEST];
            part[..size].copy_from_slice(&gram[from..from + size]);
            parts.push(part);
        }
    }
    parts
}
