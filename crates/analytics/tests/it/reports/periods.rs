//! Periods, and when their reports are drafted.

use analytics::reports::numbers::FigureUnit;
use analytics::reports::period::{ReportPeriod, ReportPeriodKind as K};
use analytics::reports::template::{DraftSchedule, drafted_on, filled};
use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;

use super::machine::service;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn a_period_is_named_as_papers_name_it() {
    let named = |kind, on: &str| ReportPeriod::holding(kind, day(on)).name();
    assert_eq!(named(K::Daily, "2026-11-03"), "2026年11月3日");
    assert_eq!(named(K::Weekly, "2026-11-05"), "2026年11月2日至8日");
    assert_eq!(named(K::Monthly, "2026-11-30"), "2026年11月");
    assert_eq!(named(K::HalfYear, "2026-06-30"), "2026年上半年");
    assert_eq!(named(K::HalfYear, "2026-07-01"), "2026年下半年");
    let half = ReportPeriod::holding(K::HalfYear, day("2026-08-01"));
    assert_eq!(half.months().len(), 6);
    assert_eq!(
        (half.from, half.until),
        (day("2026-07-01"), day("2026-12-31"))
    );
}

#[test]
fn reports_are_drafted_on_working_days_only() {
    let service = service();
    let schedule = |workday, hour, minute| DraftSchedule {
        enabled: true,
        workday,
        hour,
        minute,
    };
    let next = |kind, schedule: DraftSchedule, now: &str| {
        let now: DateTime<Utc> = now.parse().unwrap();
        let at = schedule.next(kind, &service.calendar, now).unwrap();
        at.format("%Y-%m-%dT%H:%M").to_string()
    };
    // Friday evening, after half past six: the next working day is Monday.
    let daily = schedule(1, 18, 30);
    assert_eq!(
        next(K::Daily, daily, "2026-11-27T10:00:00Z"),
        "2026-11-27T10:30"
    );
    assert_eq!(
        next(K::Daily, daily, "2026-11-27T10:30:00Z"),
        "2026-11-30T10:30"
    );
    // The first working day of December, and of a month that begins with a holiday.
    let monthly = schedule(1, 9, 0);
    assert_eq!(
        next(K::Monthly, monthly, "2026-11-27T10:00:00Z"),
        "2026-12-01T01:00"
    );
    assert_eq!(
        next(K::Monthly, monthly, "2026-09-28T10:00:00Z"),
        "2026-10-08T01:00"
    );
    assert_eq!(
        next(K::HalfYear, schedule(3, 9, 0), "2026-03-01T00:00:00Z"),
        "2026-07-03T01:00"
    );
    assert_eq!(
        next(K::Weekly, schedule(1, 9, 0), "2026-11-27T10:00:00Z"),
        "2026-11-30T01:00"
    );
    let off = DraftSchedule {
        enabled: false,
        ..monthly
    };
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    assert!(off.next(K::Monthly, &service.calendar, now).is_none());
    // A monthly report on 1 December is of November, a daily one of its own day.
    assert_eq!(
        drafted_on(K::Monthly, day("2026-12-01")).name(),
        "2026年11月"
    );
    assert_eq!(
        drafted_on(K::Daily, day("2026-12-01")).name(),
        "2026年12月1日"
    );
}

#[test]
fn a_number_is_read_the_same_everywhere() {
    use FigureUnit as U;
    assert_eq!(U::BasisPoints.shown(Some(9_312)), "93.12%");
    assert_eq!(U::BasisPoints.shown(Some(10_000)), "100.00%");
    assert_eq!(U::Milliseconds.shown(Some(12_350)), "12.4 秒");
    assert_eq!(U::Milliseconds.shown(Some(14_700_000)), "4 小时 05 分");
    assert_eq!(U::Count.shown(Some(3)), "3");
    assert_eq!(U::Hundredths.shown(Some(-125)), "-1.25");
    assert_eq!(U::Count.shown(None), "—");
}

#[test]
fn only_known_places_of_a_text_are_filled() {
    let known = [("k01".to_owned(), "93.12%".to_owned())].into();
    assert_eq!(
        filled("接通率 {k01}，{ k01 }；{unknown} {", &known),
        "接通率 93.12%，93.12%；{unknown} {"
    );
}

proptest! {
    #[test]
    fn periods_follow_each_other_without_a_gap(offset in 0_u64..4_000, kind in 0_usize..4) {
        let kind = [K::Daily, K::Weekly, K::Monthly, K::HalfYear][kind];
        let on = day("2022-09-01") + chrono::Days::new(offset);
        let period = ReportPeriod::holding(kind, on);
        prop_assert!(period.from <= on && on <= period.until);
        prop_assert_eq!(ReportPeriod::holding(kind, period.until), period);
        prop_assert_eq!(period.before().until + chrono::Days::new(1), period.from);
    }
}
