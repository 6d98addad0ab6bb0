//! Text of a stranger, made harmless before anybody reads it.
//!
//! Display names, User-Agent and Diversion end up in logs, rows and screens. A line end there forges a log line, an
//! escape sequence drives the terminal of who reads it, a mark for writing direction turns a name around.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What must not reach a log, a row or a screen as it is.
pub(super) fn is_unsafe(c: char) -> bool {
    matches!(c,
        // Soft hyphen, Arabic letter mark, zero width, marks and isolates of direction, line ends of Unicode.
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || (c.is_control() && c != '\t')
}

/// The text with everything unsafe written as `\u{…}`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            // Writing to a string does not fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// The text, safe and no longer than `most` characters.
pub fn shown(text: &str, most: usize) -> String {
    escaped(text).chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_or_a_screen_would_obey_is_written_out() {
        for (raw, safe) in [
            ("张三", "张三"),
            ("Bob\r\nINFO forged", "Bob\\u{d}\\u{a}INFO forged"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("12333\u{202e}33321", "12333\\u{202e}33321"),
            ("a\u{2066}b\u{2069}", "a\\u{2066}b\\u{2069}"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("a\tb", "a\tb"),
        ] {
            assert_eq!(escaped(raw), safe);
        }
        assert_eq!(shown("\u{1b}abc", 7), "\\u{1b}a");
    }
}
