//! Where a line of Chinese may end: GB/T 15834-2011 5.1, with words and numbers kept whole.

use std::ops::Range;

/// What does not begin a line.
const NOT_FIRST: &str =
    "，。、；：？！～·）】》〉」』〕〗〙〛｝］”’％‰℃°′″々〻ー,.;:?!)]}%>»›﹐﹑﹒﹔﹕﹖﹗．／/";
/// What does not end a line.
const NOT_LAST: &str = "（【《〈「『〔〖〘〚｛［“‘￥＄№＃([{<«‹¥$£#";

/// Rounding may not cost a line its last character.
const SLACK: f32 = 0.01;

/// It fills a square, as Chinese characters and their punctuation do.
pub(super) fn is_wide(char: char) -> bool {
    matches!(u32::from(char),
        0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE10..=0xFE6F | 0xFF00..=0xFFEF | 0x1F000..=0x3FFFF
        | 0x2018..=0x201D | 0x2014 | 0x2026 | 0x2103 | 0x2116 | 0x2460..=0x24FF | 0x25A0..=0x27BF)
}

/// About how wide a text is, in its own size.
pub(super) fn ems(text: &str) -> f32 {
    text.chars()
        .map(|char| if is_wide(char) { 1.0 } else { 0.52 })
        .sum()
}

/// Whether no line ends between these two.
fn stay_together(left: char, right: char) -> bool {
    if right == ' ' {
        return true;
    }
    if left == ' ' {
        return NOT_FIRST.contains(right);
    }
    if NOT_FIRST.contains(right) || NOT_LAST.contains(left) {
        return true;
    }
    // A dash and an ellipsis are two characters that are one.
    if left == right && matches!(left, '—' | '…') {
        return true;
    }
    !is_wide(left) && !is_wide(right)
}

/// Whether a line that has to fill its width may be widened between these two: never within a word.
pub(super) fn may_stretch(left: char, right: char) -> bool {
    left == ' ' || right == ' ' || is_wide(left) || is_wide(right)
}

/// The lines of a text of these characters and their widths: the room of the first line may be another one's.
pub(super) fn broken(text: &[(char, f32)], first: f32, room: f32) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut width = 0.0;
    let mut may_end = None;
    while let Some(&(char, advance)) = text.get(at) {
        if char == '\n' {
            lines.push(start..at);
            at += 1;
            (start, width, may_end) = (at, 0.0, None);
            continue;
        }
        if at > start && !stay_together(text[at - 1].0, char) {
            may_end = Some(at);
        }
        let room = if lines.is_empty() { first } else { room };
        if at > start && char != ' ' && width + advance > room + SLACK {
            // A word longer than a line breaks where the line ends.
            let end = may_end.unwrap_or(at);
            lines.push(start..end);
            (start, at, width, may_end) = (end, end, 0.0, None);
            continue;
        }
        width += advance;
        at += 1;
    }
    lines.push(start..text.len());
    lines
}

/// The same number of lines, as even as they get: a title does not leave one character alone.
pub(super) fn balanced(text: &[(char, f32)], room: f32) -> Vec<Range<usize>> {
    let widest = broken(text, room, room);
    if widest.len() < 2 {
        return widest;
    }
    let whole: f32 = text.iter().map(|(_, advance)| advance).sum();
    let mut narrow = whole / widest.len() as f32;
    while narrow < room {
        let lines = broken(text, narrow, narrow);
        if lines.len() == widest.len() {
            return lines;
        }
        narrow += room / 60.0;
    }
    widest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn measured(text: &str) -> Vec<(char, f32)> {
        text.chars()
            .map(|char| (char, ems(char.encode_utf8(&mut [0; 4]))))
            .collect()
    }

    fn lines(text: &str, room: f32) -> Vec<String> {
        let text = measured(text);
        let line = |range: Range<usize>| text[range].iter().map(|(char, _)| char).collect();
        broken(&text, room, room).into_iter().map(line).collect()
    }

    #[test]
    fn closing_marks_do_not_begin_a_line_nor_opening_ones_end_it() {
        assert_eq!(lines("一二三四，五六", 4.0), ["一二三", "四，五六"]);
        assert_eq!(lines("一二三“四五”。六", 4.0), ["一二三", "“四", "五”。六"]);
        assert_eq!(lines("一二三——四五", 4.0), ["一二三", "——四五"]);
    }

    #[test]
    fn words_and_numbers_are_kept_whole() {
        assert_eq!(
            lines("编号GD-2026-07的函", 6.0),
            ["编号", "GD-2026-07", "的函"]
        );
        assert_eq!(lines("共1,234.50元", 4.2), ["共", "1,234.50", "元"]);
        assert_eq!(lines("two words", 4.0), ["two ", "words"]);
        assert_eq!(lines("价￥20", 2.1), ["价", "￥20"]);
    }

    #[test]
    fn a_word_longer_than_a_line_breaks_where_the_line_ends() {
        assert_eq!(lines("abcdefgh", 2.1), ["abcd", "efgh"]);
        assert_eq!(lines("", 2.0), [""]);
        assert_eq!(lines("甲\n乙", 9.0), ["甲", "乙"]);
    }

    #[test]
    fn a_title_is_balanced() {
        let title = measured("关于国庆节期间服务时间的函告");
        let lengths: Vec<usize> = balanced(&title, 13.0).iter().map(Range::len).collect();
        assert_eq!(lengths, [7, 7]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_mark_stands_wrong(text in "[一二三，。（）“”《》a1 —]{0,60}", room in 4.0f32..20.0) {
            let lines = lines(&text, room);
            prop_assert_eq!(lines.concat(), text.clone());
            for pair in lines.windows(2) {
                let (before, after) = (pair[0].chars().next_back(), pair[1].chars().next());
                let (Some(before), Some(after)) = (before, after) else { continue };
                // A row of marks longer than the line leaves no other way.
                let choice = pair[0].chars().zip(pair[0].chars().skip(1)).any(|(left, right)| !stay_together(left, right));
                prop_assert!(!choice || !stay_together(before, after), "{:?}", lines);
            }
            for line in &lines {
                prop_assert!(ems(line.trim_end()) <= room + 1.0, "{:?}", lines);
            }
        }
    }
}
