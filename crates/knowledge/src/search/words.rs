//! Words of Chinese texts, and where they stand. Cutting is the same at indexing and at asking.

use std::sync::LazyLock;

use jieba_rs::Jieba;
use pinyin::ToPinyin as _;

/// The dictionary: 33 MB of memory and a fifth of a second, the first time something is looked for.
static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// The dictionary, for who cuts texts as well: it is read once in a process.
pub fn dictionary() -> &'static Jieba {
    &JIEBA
}

/// Words that say nothing of what is asked.
const EMPTY: &[&str] = &[
    "的",
    "了",
    "吗",
    "呢",
    "吧",
    "啊",
    "我",
    "你",
    "您",
    "我们",
    "你们",
    "他",
    "她",
    "它",
    "是",
    "在",
    "有",
    "和",
    "与",
    "或",
    "及",
    "也",
    "都",
    "就",
    "还",
    "要",
    "会",
    "能",
    "可",
    "可以",
    "请",
    "请问",
    "怎么",
    "怎么办",
    "怎样",
    "如何",
    "什么",
    "为什么",
    "哪里",
    "哪个",
    "时候",
    "什么时候",
    "不",
    "没",
    "没有",
    "这",
    "那",
    "一个",
    "这个",
    "那个",
    "被",
    "把",
    "到",
    "从",
    "对",
    "为",
    "以",
    "上",
    "下",
    "中",
    "后",
    "前",
    "再",
    "又",
    "很",
    "想",
    "知道",
    "告诉",
    "你好",
    "您好",
    "谢谢",
    "一下",
    "不是",
    "不能",
];

/// The same text as it is compared: small letters, half width, character by character.
pub fn plain(text: &str) -> String {
    text.chars().map(plain_char).collect()
}

fn plain_char(char: char) -> char {
    let half = match char {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        other => other,
    };
    half.to_ascii_lowercase()
}

/// The letters and digits of a number, without its brackets and spaces: `粤人社发2024 29号`.
pub fn bare(text: &str) -> String {
    text.chars()
        .map(plain_char)
        .filter(|char| char.is_alphanumeric())
        .collect()
}

/// The words of a text, in their order.
pub fn tokens(text: &str) -> Vec<String> {
    let text = plain(text);
    let words = JIEBA.cut_for_search(&text, true);
    words
        .into_iter()
        .map(|token| token.word)
        .filter(|word| word.chars().any(char::is_alphanumeric) && !EMPTY.contains(word))
        .map(str::to_owned)
        .collect()
}

/// 报名条件 → bmtj; letters and digits stay, everything else falls away.
pub fn initials(text: &str) -> String {
    text.chars().filter_map(initial).collect()
}

fn initial(char: char) -> Option<char> {
    let char = plain_char(char);
    if char.is_ascii_alphanumeric() {
        return Some(char);
    }
    char.to_pinyin()?.plain().chars().next()
}

/// A place in a text, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The first character.
    pub start: usize,
    /// Behind the last one.
    pub end: usize,
}

/// Where any of the words stands in a text; what touches is one place.
pub fn places<'a>(text: &str, words: impl IntoIterator<Item = &'a str>) -> Vec<Place> {
    let text: Vec<char> = plain(text).chars().collect();
    let mut places: Vec<Place> = Vec::new();
    for word in words {
        let word: Vec<char> = word.chars().collect();
        if word.is_empty() || word.len() > text.len() {
            continue;
        }
        let starts = text.windows(word.len()).enumerate();
        places.extend(
            starts
                .filter(|(_, window)| *window == word)
                .map(|(start, _)| Place {
                    start,
                    end: start + word.len(),
                }),
        );
    }
    places.sort_unstable();
    let mut joined: Vec<Place> = Vec::new();
    for place in places {
        match joined.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => joined.push(place),
        }
    }
    joined
}

/// Where the first letters of the pinyin stand in a text.
pub fn place_of_letters(text: &str, letters: &str) -> Option<Place> {
    let known = text.chars().enumerate();
    let known: Vec<(usize, char)> = known
        .filter_map(|(at, char)| Some((at, initial(char)?)))
        .collect();
    let all: String = known.iter().map(|(_, letter)| *letter).collect();
    // Initials are ASCII: a byte is a letter.
    let from = all.find(letters)?;
    let (start, _) = known.get(from)?;
    let (last, _) = known.get(from + letters.len() - 1)?;
    Some(Place {
        start: *start,
        end: last + 1,
    })
}

/// The part of a text around the first of the words, at most so many characters, and its place in the text.
pub fn excerpt<'a>(text: &str, words: impl IntoIterator<Item = &'a str>, longest: usize) -> String {
    let first = places(text, words).first().map_or(0, |place| place.start);
    let count = text.chars().count();
    let before = longest / 4;
    let from = first
        .saturating_sub(before)
        .min(count.saturating_sub(longest));
    text.chars().skip(from).take(longest).collect()
}
