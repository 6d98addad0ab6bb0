//! A roster as a calendar file (RFC 5545). Pure.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::shift::Shift;

/// Octets of a line, its end left out (RFC 5545 §3.1).
const WIDTH: usize = 75;

/// One shift as an event.
#[derive(Debug, Clone)]
pub struct Event {
    /// The day.
    pub day: NaiveDate,
    /// Whose.
    pub user_id: Uuid,
    /// The hours.
    pub shift: Shift,
    /// What the shift is called.
    pub name: String,
}

/// The calendar of these shifts, made at `now`.
pub fn calendar(events: &[Event], now: DateTime<Utc>) -> String {
    let mut out = String::new();
    let mut line = |text: &str| out.push_str(&folded(text));
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line("PRODID:-//Shoujie//Roster//ZH");
    line("CALSCALE:GREGORIAN");
    line("METHOD:PUBLISH");
    for event in events {
        let (from, to) = (event.shift.from.on(event.day), event.shift.to.on(event.day));
        line("BEGIN:VEVENT");
        // The same shift of a day keeps its name, so that a calendar that reads again changes it (§3.8.4.7).
        line(&format!("UID:{}-{}@shoujie", event.day, event.user_id));
        line(&format!("DTSTAMP:{}", stamp(now)));
        line(&format!("DTSTART:{}", stamp(from)));
        line(&format!("DTEND:{}", stamp(to)));
        line(&format!("SUMMARY:{}", escaped(&event.name)));
        if let Some((from, to)) = event.shift.lunch {
            line(&format!(
                "DESCRIPTION:{}",
                escaped(&format!("午休 {from}–{to}"))
            ));
        }
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    out
}

/// A moment in UTC (§3.3.5, form 2).
fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// Text with what has a meaning of its own marked (§3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' | ';' | ',' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            '\r' => {}
            other => out.push(other),
        }
    }
    out
}

/// A line of at most 75 octets, what is longer goes on behind a space; no character is torn (§3.1).
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut width = 0;
    for char in text.chars() {
        if width + char.len_utf8() > WIDTH {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(char);
        width += char.len_utf8();
    }
    out.push_str("\r\n");
    out
}
