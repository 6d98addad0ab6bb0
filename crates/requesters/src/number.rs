//! Pure: turns what a trunk, a SIP phone or a person writes into one form of a telephone number, so that the
//! same caller is found again.

/// The longest number kept; what is longer is cut (E.164 allows 15 digits, a SIP user anything).
const LONGEST: usize = 32;

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// 手机: 11 digits, 13 to 19.
    Mobile,
    /// 固话: with area code, or local with 7 or 8 digits.
    Landline,
    /// Short and service numbers: 12345, 95588, 400….
    Service,
    /// A number of another country, `+` first.
    Foreign,
    /// Anything else, such as the name of a SIP phone.
    Other,
    /// The caller hid it.
    Withheld,
}

impl NumberKind {
    /// The code stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Landline => "landline",
            Self::Service => "service",
            Self::Foreign => "foreign",
            Self::Other => "other",
            Self::Withheld => "withheld",
        }
    }
}

/// A number in the form it is stored and dialled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// `13900000001`, `02083300000`, `12345`, `+85221234567`.
    pub text: String,
    /// Its kind.
    pub kind: NumberKind,
}

/// The stored form of `raw`; `None` when the caller withheld the number.
///
/// ```text
/// +86 139-0000-0001, 8613900000001, 013900000001, sip:13900000001@10.0.0.1;user=phone -> 13900000001
/// tel:+86-20-8330-0000 -> 02083300000          0085221234567 -> +85221234567
/// ```
pub fn normalise(raw: &str) -> Option<Number> {
    let text = user_part(raw);
    if is_withheld(&text) {
        return None;
    }
    if !text.starts_with('+') && !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Number {
            text,
            kind: NumberKind::Other,
        });
    }
    let (text, kind) = classify(&text);
    Some(Number { text, kind })
}

/// The last four digits of a number, as one asks for them: `*1234` or `尾号1234`.
pub fn last_digits(words: &str) -> Option<&str> {
    let digits = words
        .strip_prefix('*')
        .or_else(|| words.strip_prefix("尾号"))?
        .trim_start();
    (digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// The user of a SIP or tel URI, or of plain text, with only the characters a number or a SIP user may have.
fn user_part(raw: &str) -> String {
    let mut part = raw.trim();
    // `"display" <sip:user@host>`: the name in quotes is chosen by the caller and never trusted.
    if let Some((_, inside)) = part.split_once('<') {
        part = inside.split('>').next().unwrap_or_default();
    }
    for scheme in ["sips:", "sip:", "tel:"] {
        if part
            .get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
        {
            part = &part[scheme.len()..];
            break;
        }
    }
    part = part.split(['@', ';', '?']).next().unwrap_or_default();
    let mut text = String::new();
    for char in percent_decoded(part).chars().map(half_width) {
        let keep = match char {
            '+' => text.is_empty(),
            '.' | '-' | '_' | '*' | '#' => true,
            _ => char.is_ascii_alphanumeric(),
        };
        if keep && text.len() < LONGEST {
            text.push(char.to_ascii_lowercase());
        }
    }
    if text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        // `+agent` is no international number.
        text.trim_start_matches('+').to_owned()
    } else {
        text.replace(['.', '-', '_'], "")
    }
}

fn percent_decoded(part: &str) -> String {
    let mut text = String::new();
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        match after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(u8::is_ascii)
        {
            Some(byte) => {
                text.push(char::from(byte));
                rest = &after[2..];
            }
            None => rest = after,
        }
    }
    text + rest
}

/// `１３９` typed with a Chinese input method is `139`.
fn half_width(char: char) -> char {
    match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        _ => char,
    }
}

fn is_withheld(text: &str) -> bool {
    // RFC 3323 §4.1 names `anonymous`; the others are what exchanges send instead.
    let known = [
        "anonymous",
        "unknown",
        "unavailable",
        "restricted",
        "private",
        "withheld",
        "blocked",
        "null",
    ];
    known.contains(&text) || text.trim_start_matches('+').trim_matches('0').is_empty()
}

fn classify(text: &str) -> (String, NumberKind) {
    let international = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
    if let Some(digits) = international {
        if let Some(number) = digits.strip_prefix("86").and_then(chinese_without_zero) {
            return number;
        }
        let is_number = (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        return if is_number {
            (format!("+{digits}"), NumberKind::Foreign)
        } else {
            (text.to_owned(), NumberKind::Other)
        };
    }
    // With 12 or more digits a leading 86 cannot be a local number.
    if text.len() >= 12
        && let Some(number) = text.strip_prefix("86").and_then(chinese_without_zero)
    {
        return number;
    }
    chinese(text).unwrap_or_else(|| (text.to_owned(), NumberKind::Other))
}

/// A Chinese number as dialled inside the country.
fn chinese(digits: &str) -> Option<(String, NumberKind)> {
    let bytes = digits.as_bytes();
    let kind = match (bytes, digits.len()) {
        ([b'1', b'3'..=b'9', ..], 11) => NumberKind::Mobile,
        // The zero before an out-of-town mobile.
        ([b'0', b'1', b'3'..=b'9', ..], 12) => {
            return Some((digits[1..].to_owned(), NumberKind::Mobile));
        }
        ([b'4' | b'8', b'0', b'0', ..], 10) | ([b'1' | b'9', ..], 3..=6) => NumberKind::Service,
        ([b'0', b'1'..=b'9', ..], 10..=12) | ([b'2'..=b'8', ..], 7..=8) => NumberKind::Landline,
        _ => return None,
    };
    Some((digits.to_owned(), kind))
}

/// What follows +86: the zero of the area code is left out there, but not always.
fn chinese_without_zero(digits: &str) -> Option<(String, NumberKind)> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match (digits.as_bytes(), digits.len()) {
        ([b'1'..=b'9', ..], 9..=11) => {
            chinese(digits).or_else(|| Some((format!("0{digits}"), NumberKind::Landline)))
        }
        _ => chinese(digits),
    }
}
