//! What an agent is about to write to a requester and should not: numbers of identity cards and bank cards, and lists of
//! telephone numbers. A slip is held before it leaves; who means it asks the lead.

use kernel::words;

/// Digits of the longest number that is looked for.
const LONGEST: usize = 19;
/// So many telephone numbers are a list.
const LIST: usize = 3;
/// Weights of the first seventeen digits of an identity number (GB 11643).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";

words! {
    /// What is found in a text.
    HeldKind {
        /// 身份证号
        IdNumber = "id_number",
        /// 银行卡号
        BankCard = "bank_card",
        /// 号码清单
        PhoneList = "phone_list",
    }
}

/// What a text holds that should not leave; each kind once.
pub fn found(text: &str) -> Vec<HeldKind> {
    let plain: String = text.chars().map(narrow).collect();
    let groups = grouped(&plain);
    let holds = |is: fn(&str) -> bool| groups.iter().any(|groups| together(groups, is));
    let mut kinds = Vec::new();
    if holds(is_id_number) {
        kinds.push(HeldKind::IdNumber);
    }
    if holds(is_bank_card) {
        kinds.push(HeldKind::BankCard);
    }
    let mut phones: Vec<&str> = runs(&plain)
        .into_iter()
        .filter(|run| is_mobile(run))
        .collect();
    phones.sort_unstable();
    phones.dedup();
    if phones.len() >= LIST {
        kinds.push(HeldKind::PhoneList);
    }
    kinds
}

/// Digits as wide as a Chinese character are digits.
fn narrow(char: char) -> char {
    match char {
        '０'..='９' => char::from_u32(char as u32 - '０' as u32 + '0' as u32).unwrap_or(char),
        'Ｘ' | 'ｘ' | 'x' => 'X',
        _ => char,
    }
}

/// Stretches of digits that only single spaces or dashes part, each as its groups.
fn grouped(text: &str) -> Vec<Vec<&str>> {
    let other = |char: char| !(char.is_ascii_digit() || matches!(char, 'X' | ' ' | '-'));
    let mut all = Vec::new();
    for stretch in text.split(other) {
        let mut groups = Vec::new();
        for group in stretch.split([' ', '-']) {
            if group.is_empty() {
                // Two of them part more than groups.
                all.push(std::mem::take(&mut groups));
            } else {
                groups.push(group);
            }
        }
        all.push(groups);
    }
    all
}

/// Whether some neighbouring groups together are such a number: it may stand beside others.
fn together(groups: &[&str], is: fn(&str) -> bool) -> bool {
    (0..groups.len()).any(|from| {
        let mut run = String::new();
        groups[from..].iter().any(|group| {
            run.push_str(group);
            run.len() <= LONGEST && is(&run)
        })
    })
}

/// Stretches of digits, and of `X` behind them.
fn runs(text: &str) -> Vec<&str> {
    text.split(|char: char| !(char.is_ascii_digit() || char == 'X'))
        .filter(|run| !run.is_empty())
        .collect()
}

fn is_id_number(run: &str) -> bool {
    let bytes = run.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    // A day somebody can be born on: numbers of orders have as many digits.
    let of = |from: usize, to: usize| run.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let born = of(6, 10).is_some_and(|year| (1900..2100).contains(&year))
        && of(10, 12).is_some_and(|month| (1..=12).contains(&month))
        && of(12, 14).is_some_and(|day| (1..=31).contains(&day));
    if !born {
        return false;
    }
    let sum: u32 = bytes
        .iter()
        .zip(WEIGHTS)
        .map(|(byte, weight)| u32::from(byte - b'0') * weight)
        .sum();
    CHECKS.get((sum % 11) as usize) == Some(&bytes[17])
}

/// 16 to 19 digits of a card's network with the right check digit (ISO/IEC 7812).
fn is_bank_card(run: &str) -> bool {
    let bytes = run.as_bytes();
    if !(16..=19).contains(&bytes.len())
        || !bytes.iter().all(u8::is_ascii_digit)
        || !(run.starts_with("62") || run.starts_with(['4', '5']))
    {
        return false;
    }
    let sum: u32 = bytes
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_mobile(run: &str) -> bool {
    let bytes = run.as_bytes();
    bytes.len() == 11
        && bytes[0] == b'1'
        && (b'3'..=b'9').contains(&bytes[1])
        && bytes.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_should_not_leave_is_found_and_nothing_else() {
        let of = |text: &str| found(text);
        // The example of GB 11643.
        assert_eq!(of("证件号11010519491231002X，请核对"), [HeldKind::IdNumber]);
        assert_eq!(
            of("１１０１０５１９４９１２３１００２ｘ"),
            [HeldKind::IdNumber]
        );
        assert_eq!(of("110105 19491231 002X"), [HeldKind::IdNumber]);
        assert_eq!(of("110105194912310021"), [], "its check digit is wrong");
        assert_eq!(of("卡号 6222 0212 3456 7894"), [HeldKind::BankCard]);
        assert_eq!(of("4111111111111111"), [HeldKind::BankCard]);
        assert_eq!(
            of("张三 13900000001 11010519491231002X"),
            [HeldKind::IdNumber],
            "beside his telephone number"
        );
        assert_eq!(
            of("4111111111111111 6222 0212 3456 7894"),
            [HeldKind::BankCard]
        );
        assert_eq!(of("工单编号 20261123000012345678"), []);
        assert_eq!(of("请拨 13900000001 或 13900000002"), []);
        assert_eq!(
            of("13900000001、13900000002、13900000003"),
            [HeldKind::PhoneList]
        );
        assert_eq!(of("13900000001 13900000001 13900000001"), [], "one number");
        assert_eq!(of("咨询电话 020-12345678"), []);
    }
}
