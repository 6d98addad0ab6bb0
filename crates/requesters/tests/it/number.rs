//! How numbers are brought into one form.

use proptest::prelude::*;
use requesters::{NumberKind, normalise};

fn text_of(raw: &str) -> Option<String> {
    normalise(raw).map(|number| number.text)
}

#[test]
fn one_mobile_is_found_in_every_way_it_is_written() {
    for raw in [
        "13900000001",
        "+8613900000001",
        "008613900000001",
        "8613900000001",
        "013900000001",
        "139-0000-0001",
        " 139 0000 0001 ",
        "(+86) 139 0000 0001",
        "１３９０００００００１",
        "＋86 13900000001",
        "sip:13900000001@10.0.0.1:5060;user=phone",
        "SIP:+8613900000001@trunk",
        "tel:+86-139-0000-0001",
        "\"王\" <sip:13900000001@10.0.0.1>;tag=abc",
        "%2B8613900000001",
        "13900000001;phone-context=+86",
    ] {
        let number = normalise(raw).unwrap();
        assert_eq!(
            (number.text.as_str(), number.kind),
            ("13900000001", NumberKind::Mobile),
            "{raw}"
        );
    }
}

#[test]
fn a_landline_keeps_its_area_code_with_the_zero() {
    for (raw, text) in [
        ("02083300000", "02083300000"),
        ("020-83300000", "02083300000"),
        ("+862083300000", "02083300000"),
        ("+8602083300000", "02083300000"),
        ("862083300000", "02083300000"),
        ("+861065000000", "01065000000"),
        ("+8675583300000", "075583300000"),
        ("075583300000", "075583300000"),
        ("83300000", "83300000"),
    ] {
        let number = normalise(raw).unwrap();
        assert_eq!(
            (number.text.as_str(), number.kind),
            (text, NumberKind::Landline),
            "{raw}"
        );
    }
}

#[test]
fn service_and_foreign_numbers_are_told_apart() {
    for (raw, text, kind) in [
        ("12345", "12345", NumberKind::Service),
        ("110", "110", NumberKind::Service),
        ("95588", "95588", NumberKind::Service),
        ("4008001234", "4008001234", NumberKind::Service),
        ("+864008001234", "4008001234", NumberKind::Service),
        ("+85221234567", "+85221234567", NumberKind::Foreign),
        ("0085221234567", "+85221234567", NumberKind::Foreign),
        ("+1 (202) 555-0100", "+12025550100", NumberKind::Foreign),
        ("agent1", "agent1", NumberKind::Other),
        ("sip:Agent.1@shoujie.invalid", "agent.1", NumberKind::Other),
    ] {
        let number = normalise(raw).unwrap();
        assert_eq!((number.text.as_str(), number.kind), (text, kind), "{raw}");
    }
}

#[test]
fn a_withheld_number_is_no_number() {
    for raw in [
        "",
        " ",
        "anonymous",
        "Anonymous",
        "sip:anonymous@anonymous.invalid",
        "unknown",
        "0",
        "000",
        "+",
        "，",
    ] {
        assert_eq!(text_of(raw), None, "{raw:?}");
    }
}

#[test]
fn what_a_caller_puts_into_the_user_part_stays_harmless() {
    assert_eq!(text_of("1390000\u{0}0001"), Some("13900000001".to_owned()));
    assert_eq!(text_of("1390000%000001"), Some("13900000001".to_owned()));
    assert_eq!(
        text_of("139%zz0000%e4%bd0001%"),
        Some("139zz0000e4bd0001".to_owned())
    );
    assert_eq!(
        text_of("<script>alert(1)</script>"),
        Some("script".to_owned())
    );
    assert_eq!(text_of(&"9".repeat(5000)).unwrap().len(), 32);
}

proptest! {
    #[test]
    fn any_text_gives_a_short_plain_number_that_stays_itself(raw in ".{0,80}") {
        if let Some(number) = normalise(&raw) {
            prop_assert!(!number.text.is_empty() && number.text.len() <= 33);
            prop_assert!(number.text.bytes().all(|byte| byte.is_ascii_lowercase()
                || byte.is_ascii_digit() || b"+.-_*#".contains(&byte)));
            prop_assert_eq!(normalise(&number.text), Some(number));
        }
    }

    #[test]
    fn any_digits_give_a_number_that_stays_itself(raw in "[+0-9 %@;<>:tel-]{0,40}") {
        if let Some(number) = normalise(&raw) {
            prop_assert_eq!(normalise(&number.text), Some(number));
        }
    }
}
