//! Every date of the shipped notice, and what makes a notice wrong.

use std::collections::BTreeMap;

use calendar::{Calendar, DayKind, OvertimeClass, SpecialDay, YearCalendar};
use chrono::Datelike;

use crate::{calendar_2026, day, notice_2026};

#[test]
fn every_date_of_the_notice_has_its_kind_and_name() {
    let (notice, calendar) = (notice_2026(), calendar_2026());
    assert_eq!(
        (
            notice.off_days.len(),
            notice.makeup_workdays.len(),
            notice.statutory_holidays_300pct.len()
        ),
        (33, 6, 13)
    );
    for date in YearCalendar::dates(2026) {
        let found = calendar.day(date);
        let expected = if notice.statutory_holidays_300pct.contains(&date) {
            DayKind::Statutory
        } else if notice.off_days.contains_key(&date) {
            DayKind::Rest
        } else if notice.makeup_workdays.contains(&date) {
            DayKind::Makeup
        } else if date.weekday().number_from_monday() >= 6 {
            DayKind::Rest
        } else {
            DayKind::Workday
        };
        assert_eq!(found.kind, expected, "{date}");
        assert_eq!(
            found.name,
            notice.off_days.get(&date).cloned().unwrap_or_default()
        );
        assert!(found.published);
    }
}

#[test]
fn the_year_has_248_working_days() {
    let count = calendar_2026().workdays(day("2026-01-01"), day("2026-12-31"));
    assert_eq!((count.days, count.published), (248, true));
}

#[test]
fn overtime_is_paid_by_the_day() {
    // 10-01 is statutory, 10-05 a day off beside it, 10-10 a make-up workday.
    let calendar = calendar_2026();
    let class = |date| calendar.overtime(day(date));
    assert_eq!(class("2026-10-01"), OvertimeClass::StatutoryHoliday);
    assert_eq!(class("2026-10-05"), OvertimeClass::RestDay);
    assert_eq!(class("2026-10-10"), OvertimeClass::Extended);
    assert_eq!(class("2026-10-11"), OvertimeClass::RestDay);
    assert_eq!(class("2026-10-12"), OvertimeClass::Extended);
}

#[test]
fn the_make_up_sunday_is_staffed_and_the_festival_friday_is_not() {
    let calendar = calendar_2026();
    assert!(calendar.is_workday(day("2026-09-20")));
    assert!(!calendar.is_workday(day("2026-09-25")));
}

#[test]
fn a_year_without_a_notice_answers_with_weekends_and_says_so() {
    let calendar = calendar_2026();
    let new_year = calendar.day(day("2027-01-01"));
    assert_eq!(
        (new_year.kind, new_year.published),
        (DayKind::Workday, false)
    );
    assert_eq!(calendar.kind(day("2027-01-02")), DayKind::Rest);
    let across = calendar.add_workdays(day("2026-12-30"), 3);
    assert_eq!((across.date, across.published), (day("2027-01-04"), false));
    let within = calendar.add_workdays(day("2026-12-28"), 3);
    assert_eq!((within.date, within.published), (day("2026-12-31"), true));
    assert!(
        !calendar
            .workdays(day("2026-12-31"), day("2027-01-01"))
            .published
    );
    assert!(!calendar.is_published(2027));
}

#[test]
fn a_notice_may_move_the_december_before_its_year() {
    // The notice for 2019: 2018-12-30 to 2019-01-01 off, 2018-12-29 (Saturday) worked.
    let mut notice = notice_2026();
    notice.year = 2019;
    notice.off_days = [("2018-12-31", "元旦"), ("2019-01-01", "元旦")]
        .map(|(date, name)| (day(date), name.to_owned()))
        .into();
    notice.makeup_workdays = [day("2018-12-29")].into();
    notice.statutory_holidays_300pct = [day("2019-01-01")].into();
    let year = YearCalendar::from_notice(&notice).unwrap();
    let calendar = Calendar::new([YearCalendar::weekends(2018), year]);
    assert_eq!(calendar.kind(day("2018-12-29")), DayKind::Makeup);
    assert_eq!(calendar.kind(day("2018-12-31")), DayKind::Rest);
    assert_eq!(calendar.kind(day("2019-01-01")), DayKind::Statutory);
}

#[test]
fn every_faulty_row_of_a_notice_is_named() {
    let mut notice = notice_2026();
    notice.off_days.insert(day("2027-01-01"), "元旦".to_owned());
    notice.makeup_workdays.insert(day("2026-03-04"));
    notice.makeup_workdays.insert(day("2026-10-03"));
    notice.statutory_holidays_300pct.insert(day("2026-12-25"));
    let faults = YearCalendar::from_notice(&notice).unwrap_err();
    let faults: Vec<_> = faults
        .iter()
        .map(|fault| (fault.date.to_string(), fault.code))
        .collect();
    assert_eq!(
        faults,
        [
            ("2026-03-04".to_owned(), "makeup_is_no_weekend"),
            ("2026-10-03".to_owned(), "off_and_makeup"),
            ("2026-12-25".to_owned(), "statutory_but_not_off"),
            ("2027-01-01".to_owned(), "outside_the_year"),
        ]
    );
}

#[test]
fn expected_days_may_be_kept_before_they_are_published() {
    let expected = SpecialDay {
        kind: DayKind::Statutory,
        name: "元旦".to_owned(),
    };
    let days = BTreeMap::from([(day("2027-01-01"), expected)]);
    let calendar = Calendar::new([YearCalendar::new(2027, false, days).unwrap()]);
    let new_year = calendar.day(day("2027-01-01"));
    assert_eq!(
        (new_year.kind, new_year.published),
        (DayKind::Statutory, false)
    );
}

#[test]
fn a_weekend_that_is_worked_is_a_make_up_workday() {
    let worked = SpecialDay {
        kind: DayKind::Workday,
        name: String::new(),
    };
    let faults = YearCalendar::new(2026, true, BTreeMap::from([(day("2026-11-21"), worked)]));
    assert_eq!(faults.unwrap_err()[0].code, "worked_weekend_is_makeup");
}
