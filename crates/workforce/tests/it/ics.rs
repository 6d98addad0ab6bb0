//! A roster as a calendar reads it (RFC 5545).

use calendar::TimeOfDay;
use uuid::Uuid;
use workforce::roster::ics::{Event, calendar};
use workforce::shift::Shift;

#[test]
fn lines_are_folded_at_75_octets_and_what_has_a_meaning_is_marked() {
    let clock = |text: &str| text.parse::<TimeOfDay>().unwrap();
    let shift = Shift {
        code: "lunch_early".to_owned(),
        from: clock("08:30"),
        to: clock("18:00"),
        lunch: Some((clock("11:30"), clock("13:00"))),
    };
    let name = format!("午休一轮; A,B\\C\n{}", "职称评审咨询高峰加派".repeat(6));
    let event = Event {
        day: "2026-09-20".parse().unwrap(),
        user_id: Uuid::from_u128(1),
        shift,
        name: name.clone(),
    };
    let text = calendar(&[event], "2026-09-01T00:00:00Z".parse().unwrap());
    assert!(text.ends_with("END:VCALENDAR\r\n"));
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    assert!(!text.replace("\r\n", "").contains('\n'));
    let whole = text.replace("\r\n ", "");
    // 08:30 in Guangzhou.
    assert!(
        whole.contains("\r\nDTSTART:20260920T003000Z\r\nDTEND:20260920T100000Z\r\n"),
        "{whole}"
    );
    let marked = name
        .replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,")
        .replace('\n', "\\n");
    assert!(
        whole.contains(&format!("\r\nSUMMARY:{marked}\r\n")),
        "{whole}"
    );
    assert!(whole.contains("UID:2026-09-20-00000000-0000-0000-0000-000000000001@shoujie"));
}
