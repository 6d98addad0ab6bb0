//! Addresses of exports as they are kept and shown: a number by which somebody can be called is hidden however it was
//! typed (`138 0013 8000`, `138-0013-8000`, `+86 13800138000`, in digits of full width).

/// The shortest number by which somebody can be called.
const LEAST_DIGITS: usize = 7;
/// Characters that people put between the digits of one number, so many in a row at most.
const BETWEEN: usize = 3;

/// One character as it stands in an address: itself, or escaped.
struct Letter<'a> {
    raw: &'a str,
    plain: char,
}

impl Letter<'_> {
    fn digit(&self) -> Option<char> {
        let wide = u32::from('０')..=u32::from('９');
        let code = u32::from(self.plain);
        if wide.contains(&code) {
            return char::from_digit(code - u32::from('０'), 10);
        }
        Some(self.plain).filter(char::is_ascii_digit)
    }

    fn stands_between(&self) -> bool {
        self.plain.is_whitespace() || "-－‐‑–—.．·()（）+＋".contains(self.plain)
    }
}

/// The address: of a run of digits in its filter that may be somebody's number, the last four stay. Days are none, and
/// its path names rows by their ids, which stay.
pub(super) fn masked(address: &str) -> String {
    let Some((path, filter)) = address.split_once('?') else {
        return address.to_owned();
    };
    let letters = letters(filter);
    let mut shown = String::with_capacity(address.len());
    shown.push_str(path);
    shown.push('?');
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        if letter.digit().is_none() {
            shown.push_str(letter.raw);
            at += 1;
            continue;
        }
        let end = end_of_number(&letters, at);
        let run = letters.get(at..end).unwrap_or_default();
        let digits: Vec<char> = run.iter().filter_map(Letter::digit).collect();
        if digits.len() >= LEAST_DIGITS && !is_day(run) {
            shown.push_str("****");
            shown.extend(digits.iter().skip(digits.len() - 4));
        } else {
            shown.extend(run.iter().map(|letter| letter.raw));
        }
        at = end;
    }
    shown
}

/// Behind the last digit of the number that begins here.
fn end_of_number(letters: &[Letter<'_>], from: usize) -> usize {
    let mut end = from;
    let behind = letters.iter().enumerate().skip(from);
    for (at, letter) in behind {
        if letter.digit().is_some() {
            end = at + 1;
        } else if !letter.stands_between() || at - end >= BETWEEN {
            break;
        }
    }
    end
}

/// `2026-11-23`
fn is_day(run: &[Letter<'_>]) -> bool {
    let text: String = run.iter().map(|letter| letter.plain).collect();
    text.parse::<chrono::NaiveDate>().is_ok()
}

/// The characters of an address, those that are escaped with what they mean. What is no text stands as it is.
fn letters(address: &str) -> Vec<Letter<'_>> {
    let mut letters = Vec::new();
    let mut rest = address;
    while let Some(first) = rest.chars().next() {
        let (length, plain) = escaped(rest).unwrap_or((first.len_utf8(), first));
        let (raw, behind) = rest.split_at(length);
        letters.push(Letter { raw, plain });
        rest = behind;
    }
    letters
}

/// The character that `%XX…` means and how long it stands there.
fn escaped(text: &str) -> Option<(usize, char)> {
    let mut bytes = Vec::new();
    let mut parts = text.as_bytes().chunks(3);
    while let Some([b'%', high, low]) = parts.next() {
        let value = |digit: u8| char::from(digit).to_digit(16);
        let byte = value(*high)? * 16 + value(*low)?;
        bytes.push(u8::try_from(byte).ok()?);
        if let Ok(whole) = std::str::from_utf8(&bytes) {
            return Some((bytes.len() * 3, whole.chars().next()?));
        }
        if bytes.len() == 4 {
            break;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_number_is_hidden_however_it_was_typed() {
        for typed in [
            "13800138000",
            "138%200013%208000",
            "138-0013-8000",
            "%2B86%20138%200013%208000",
            "１３８００１３８０００",
            "１３８%E3%80%80００１３%E3%80%80８０００",
            "%EF%BC%91380013-8000",
            "(020)%208330-8000",
            "020%EF%BC%8D83308000",
        ] {
            let shown = masked(&format!(
                "/api/v1/work-orders/export?platform=12345&q={typed}"
            ));
            assert!(shown.ends_with("****8000"), "{typed}: {shown}");
            assert!(
                !shown.contains("138") && !shown.contains("8330"),
                "{typed}: {shown}"
            );
        }
    }

    #[test]
    fn days_words_and_short_numbers_stay_as_they_are() {
        for address in [
            "/api/v1/work-orders/export?from=2026-11-23&to=2026-11-30",
            "/api/v1/work-orders/export?from=2026-11-23T09:00:00%2B08:00",
            "/api/v1/work-orders/export?platform=12345&q=%E5%87%86%E8%80%83%E8%AF%81%20107",
            "/api/v1/work-orders/export?q=100%",
            "/api/v1/calls/0192f3c1-1234-7567-8901-234567890123/recording/export",
            "/api/v1/work-orders/export?q=%E5%87",
        ] {
            assert_eq!(masked(address), address);
        }
    }
}
