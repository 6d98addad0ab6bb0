//! Personal data in free texts, taken out before a text leaves the house. Nothing of a number is left, not even its
//! ends: whoever gets the text has no use for them.

/// Digits of the shortest number that may be somebody's: a telephone number of a place.
const SHORTEST: usize = 7;
/// Signs that people put between the digits of one number.
const BETWEEN: usize = 2;

/// The text without what is not seen; `blank` stands for control characters, line breaks among them.
pub(super) fn visible(text: &str, blank: char) -> String {
    let seen = text.chars().filter(|char| !is_hidden(*char));
    seen.map(|char| if char.is_control() { blank } else { char })
        .collect()
}

/// Characters without a shape: they would cut a number in two, or hide words from whoever reads along.
fn is_hidden(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text without telephone numbers, identity numbers and e-mail addresses; a word stands in their place.
pub fn without_personal_data(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| visible(line, ' ')).collect();
    let chars: Vec<char> = lines.join("\n").chars().collect();
    without_numbers(&without_addresses(&chars))
}

fn without_addresses(chars: &[char]) -> Vec<char> {
    let mut kept: Vec<char> = Vec::new();
    let mut at = 0;
    while let Some(char) = chars.get(at) {
        let domain = chars[at + 1..]
            .iter()
            .take_while(|char| is_of_address(**char));
        let domain = domain.count();
        let name = kept.iter().rev().take_while(|char| is_of_address(**char));
        let name = name.count();
        if matches!(char, '@' | '＠') && name > 0 && domain > 0 {
            kept.truncate(kept.len() - name);
            kept.extend("[邮箱]".chars());
            at += 1 + domain;
        } else {
            kept.push(*char);
            at += 1;
        }
    }
    kept
}

fn is_of_address(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '%' | '+' | '-')
}

fn without_numbers(chars: &[char]) -> String {
    let mut kept = String::new();
    let mut at = 0;
    while let Some(char) = chars.get(at) {
        if !is_digit(*char) {
            kept.push(*char);
            at += 1;
            continue;
        }
        let rest = &chars[at..];
        let (length, digits) = match date(rest) {
            Some(length) => (length, 0),
            None => number(rest),
        };
        match digits {
            15 | 18 => kept.push_str("[证件号]"),
            SHORTEST.. => kept.push_str("[号码]"),
            _ => kept.extend(&rest[..length]),
        }
        at += length;
    }
    kept
}

/// Digits of any script, and those that are spoken: 幺三八零零.
fn is_digit(char: char) -> bool {
    char.is_numeric() || "零一二三四五六七八九幺两".contains(char)
}

fn is_between(char: char) -> bool {
    matches!(
        char,
        ' ' | '\u{a0}' | '\u{3000}' | '-' | '－' | '\u{2010}'
            ..='\u{2015}' | '.' | '·' | '_' | '/' | '*' | '(' | ')' | '（' | '）'
    )
}

/// How far a number reaches, and of how many digits it is.
fn number(chars: &[char]) -> (usize, usize) {
    let (mut end, mut digits) = (0, 0);
    loop {
        let run = chars[end..]
            .iter()
            .take_while(|char| is_digit(**char))
            .count();
        end += run;
        digits += run;
        let rest = &chars[end..];
        let between = rest.iter().take_while(|char| is_between(**char)).count();
        let goes_on = rest.get(between).is_some_and(|char| is_digit(*char));
        if between == 0 || between > BETWEEN || !goes_on {
            break;
        }
        end += between;
    }
    if digits == 17 && matches!(chars.get(end), Some('x' | 'X' | 'ｘ' | 'Ｘ')) {
        return (end + 1, 18);
    }
    (end, digits)
}

/// 2026-11-26 is no number of anybody.
fn date(chars: &[char]) -> Option<usize> {
    let sign = *chars.get(4)?;
    if !matches!(sign, '-' | '/' | '.') {
        return None;
    }
    let two = |from: usize| {
        let digits = chars[from..].iter().take_while(|char| is_digit(**char));
        let length = digits.count();
        let text: String = chars[from..from + length].iter().collect();
        (length <= 2).then_some(())?;
        Some((from + length, text.parse::<u32>().ok()?))
    };
    let year: String = chars[..4].iter().collect();
    (1900..2100)
        .contains(&year.parse::<u32>().ok()?)
        .then_some(())?;
    let (end, month) = two(5)?;
    (chars.get(end) == Some(&sign)).then_some(())?;
    let (end, day) = two(end + 1)?;
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_go_however_they_are_written() {
        let gone = [
            ("手机13800138000，谢谢", "手机[号码]，谢谢"),
            ("138-0013-8000", "[号码]"),
            ("138 0013 8000", "[号码]"),
            ("1 3 8 0 0 1 3 8 0 0 0", "[号码]"),
            ("１３８００１３８０００", "[号码]"),
            ("一三八零零一三八〇〇〇", "[号码]"),
            ("幺三八零零幺三八零零零", "[号码]"),
            ("138\u{200b}0013\u{2060}8000", "[号码]"),
            ("+86 13800138000", "+[号码]"),
            ("(020)83333333", "([号码]"),
            ("83333333转101", "[号码]转101"),
            ("身份证440106199001011234。", "身份证[证件号]。"),
            ("44010619900101123X", "[证件号]"),
            ("440106 19900101 123x", "[证件号]"),
            ("440106900101123", "[证件号]"),
            ("A123456(7)", "A[号码])"),
            ("考试 2026-11-26 13800138000", "考试 2026-11-26 [号码]"),
            ("邮箱zhang.san+1@mail.example.org，", "邮箱[邮箱]，"),
            ("zhang＠qq.com", "[邮箱]"),
            ("13800138000@139.com", "[邮箱]"),
            ("a@b@c", "[邮箱]@c"),
        ];
        for (text, left) in gone {
            assert_eq!(without_personal_data(text), left, "{text}");
        }
    }

    #[test]
    fn dates_hotlines_and_amounts_stay() {
        let same = [
            "拨打12333或12345",
            "2026-11-26 10:00-12:00",
            "2026/1/5 到 2026.12.31",
            "2026年11月26日",
            "粤人社发〔2024〕29号",
            "交了1200.50元，第一批，三天",
            "@所有人",
            "一行\n两行",
            "",
        ];
        for text in same {
            assert_eq!(without_personal_data(text), text);
        }
    }

    #[test]
    fn what_is_not_seen_goes() {
        assert_eq!(visible("a\u{202e}b\u{e0041}\u{7}c\nd", ' '), "ab c d");
    }
}
