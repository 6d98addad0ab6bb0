//! Amounts in capital numerals (大写金额), as invoices and statements carry them: `人民币捌仟叁佰叁拾叁元叁角叁分`.
//!
//! Pure, after 《正确填写票据和结算凭证的基本规定》: 零 once for zeros between digits, 整 where there are no 分, 负 before what
//! is below nothing.

const DIGITS: [&str; 10] = ["零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"];
const PLACES: [&str; 4] = ["", "拾", "佰", "仟"];
const GROUPS: [&str; 5] = ["", "万", "亿", "万亿", "亿亿"];

/// An amount of fen in capital numerals.
pub fn capital(fen: i64) -> String {
    let mut text = String::from("人民币");
    if fen < 0 {
        text.push('负');
    }
    let fen = fen.unsigned_abs();
    let (yuan, jiao, cents) = (fen / 100, fen / 10 % 10, fen % 10);
    if yuan > 0 {
        text.push_str(&whole(yuan));
        text.push('元');
    } else if jiao == 0 && cents == 0 {
        text.push_str("零元");
    }
    if jiao > 0 {
        text.push_str(DIGITS[jiao as usize]);
        text.push('角');
    } else if yuan > 0 && cents > 0 {
        text.push('零');
    }
    if cents > 0 {
        text.push_str(DIGITS[cents as usize]);
        text.push('分');
    } else {
        text.push('整');
    }
    text
}

/// A whole number above nothing, in groups of four digits.
fn whole(number: u64) -> String {
    let mut groups = Vec::new();
    let mut left = number;
    while left > 0 {
        groups.push(left % 10_000);
        left /= 10_000;
    }
    let mut text = String::new();
    // A zero is owed where digits were left out before the next one that is said.
    let mut zero = false;
    for (at, group) in groups.iter().enumerate().rev() {
        if *group == 0 {
            zero = !text.is_empty();
            continue;
        }
        if !text.is_empty() && (zero || *group < 1_000) {
            text.push('零');
        }
        text.push_str(&four(*group));
        text.push_str(GROUPS[at]);
        zero = false;
    }
    text
}

/// Up to four digits, without a zero before or behind them.
fn four(group: u64) -> String {
    let mut text = String::new();
    let mut zero = false;
    for (at, place) in PLACES.iter().enumerate().rev() {
        let digit = group / 10_u64.pow(at as u32) % 10;
        if digit == 0 {
            zero = !text.is_empty();
            continue;
        }
        if zero {
            text.push('零');
        }
        text.push_str(DIGITS[digit as usize]);
        text.push_str(place);
        zero = false;
    }
    text
}
