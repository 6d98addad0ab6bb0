//! Personal numbers in SIP messages, masked.

use kernel::Phone;

/// Fewer digits are a service or an extension, no person's number.
const SHORTEST: usize = 7;

/// The text with the numbers of people masked, wherever they stand in it; those of `ours` stay.
pub(super) fn masked(text: &str, ours: &[String]) -> String {
    let mut found: Vec<&str> = Vec::new();
    for scheme in ["sip:", "sips:", "tel:"] {
        for (at, _) in text.match_indices(scheme) {
            let rest = &text[at + scheme.len()..];
            note(&mut found, rest, ours);
        }
    }
    // A name that is a number: From: "13900000001" <…>.
    for (at, _) in text.match_indices('"') {
        note(&mut found, &text[at + 1..], ours);
    }
    // The longest first, so that none is masked in parts.
    found.sort_by_key(|number| std::cmp::Reverse(number.len()));
    let mut shown = text.to_owned();
    for number in found {
        shown = shown.replace(number, &Phone::new(number).masked());
    }
    shown
}

fn note<'a>(found: &mut Vec<&'a str>, rest: &'a str, ours: &[String]) {
    let rest = rest.strip_prefix('+').unwrap_or(rest);
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let number = &rest[..end];
    let ours = ours.iter().any(|own| own == number);
    // What goes on with a dot or a letter is an address or an id.
    let ends =
        rest[end..].starts_with(['@', '>', ';', '"', ' ', '\r', '\n', ',']) || end == rest.len();
    if number.len() >= SHORTEST && ends && !ours && !found.contains(&number) {
        found.push(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_masked_and_ours_are_not() {
        let text = "INVITE sip:02012345@192.0.2.1 SIP/2.0\r\nFrom: \"13900000001\" <sip:+8613900000001@192.0.2.9>;tag=1\r\n\
                    P-Asserted-Identity: <tel:13900000001>\r\nTo: <sip:02012345@192.0.2.1>\r\n\
                    Call-ID: 13900000001-77\r\nContact: <sip:192.0.2.100:5060>\r\nCSeq: 12345678 INVITE\r\n\r\n\
                    o=- 1234567890 1 IN IP4 192.0.2.9\r\n";
        let shown = masked(text, &["02012345".to_owned()]);
        assert!(!shown.contains("13900000001"), "{shown}");
        assert!(shown.contains("\"139****0001\"") && shown.contains("tel:139****0001"));
        for kept in [
            "sip:02012345@",
            "sip:192.0.2.100:5060",
            "CSeq: 12345678",
            "o=- 1234567890",
        ] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }
}
