//! Counting working days: the vectors, and that forward and backward agree.

use calendar::YearCalendar;
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde::Deserialize;

use crate::{calendar_2026, day};

/// `/work/shared/fixtures/workday_vectors.json`, computed independently of this crate.
const VECTORS: &str = include_str!("../workday_vectors.json");

#[derive(Deserialize)]
struct Vectors {
    add: Vec<Add>,
    latest_notice_for_departure_minus_5wd: Vec<Notice>,
    workdays_per_month_2026: Vec<u32>,
    workdays_total_2026: u32,
}

#[derive(Deserialize)]
struct Add {
    start: NaiveDate,
    n: u16,
    deadline: NaiveDate,
}

#[derive(Deserialize)]
struct Notice {
    departure: NaiveDate,
    latest_notice: NaiveDate,
}

fn vectors() -> Vectors {
    serde_json::from_str(VECTORS).unwrap()
}

#[test]
fn n_working_days_end_where_the_vectors_say() {
    let (calendar, vectors) = (calendar_2026(), vectors());
    assert_eq!(vectors.add.len(), 9);
    for vector in vectors.add {
        let found = calendar.add_workdays(vector.start, vector.n);
        assert_eq!(
            (found.date, found.published),
            (vector.deadline, true),
            "{}",
            vector.start
        );
    }
}

#[test]
fn the_latest_notice_is_the_one_of_the_vectors() {
    let (calendar, vectors) = (calendar_2026(), vectors());
    assert_eq!(vectors.latest_notice_for_departure_minus_5wd.len(), 4);
    for vector in vectors.latest_notice_for_departure_minus_5wd {
        let found = calendar.latest_notice(vector.departure, 5);
        assert_eq!((found.date, found.published), (vector.latest_notice, true));
    }
}

#[test]
fn each_month_has_the_working_days_of_the_vectors() {
    let (calendar, vectors) = (calendar_2026(), vectors());
    let months: Vec<u32> = (1..=12)
        .map(|month| calendar.workdays_in_month(2026, month).unwrap().days)
        .collect();
    assert_eq!(months, vectors.workdays_per_month_2026);
    assert_eq!(months.iter().sum::<u32>(), vectors.workdays_total_2026);
    assert_eq!(calendar.workdays_in_month(2026, 13), None);
}

#[test]
fn a_departure_on_a_day_off_needs_the_term_to_end_on_the_working_day_before() {
    // Sunday 2026-08-02: five working days end on Friday 07-31, so notice is due on 07-24.
    assert_eq!(
        calendar_2026().latest_notice(day("2026-08-02"), 5).date,
        day("2026-07-24")
    );
}

#[test]
fn no_working_days_is_the_day_itself() {
    assert_eq!(
        calendar_2026().add_workdays(day("2026-10-01"), 0).date,
        day("2026-10-01")
    );
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    // A year on either side of the published one, so that both kinds of year are crossed.
    (0u64..3 * 365).prop_map(|days| day("2025-01-01") + Days::new(days))
}

proptest! {
    #[test]
    fn a_notice_given_on_the_latest_day_has_run_out_by_the_departure(
        departure in any_day(),
        n in 0u16..60,
    ) {
        let calendar = calendar_2026();
        let notice = calendar.latest_notice(departure, n).date;
        prop_assert!(calendar.is_workday(notice));
        prop_assert!(calendar.add_workdays(notice, n).date <= departure);
    }

    #[test]
    fn a_notice_given_one_working_day_later_has_not(departure in any_day(), n in 1u16..60) {
        let calendar = calendar_2026();
        let notice = calendar.latest_notice(departure, n).date;
        let later = calendar.add_workdays(notice, 1).date;
        prop_assert!(calendar.add_workdays(later, n).date > departure);
    }

    #[test]
    fn counting_back_from_a_deadline_finds_its_start(start in any_day(), n in 0u16..60) {
        let calendar = calendar_2026();
        let start = calendar.on_or_after(start).date;
        let deadline = calendar.add_workdays(start, n).date;
        prop_assert_eq!(calendar.latest_notice(deadline, n).date, start);
    }

    #[test]
    fn a_deadline_has_exactly_n_working_days_behind_the_start(start in any_day(), n in 1u16..60) {
        let calendar = calendar_2026();
        let deadline = calendar.add_workdays(start, n).date;
        prop_assert!(calendar.is_workday(deadline));
        prop_assert_eq!(calendar.workdays(start.succ_opt().unwrap(), deadline).days, u32::from(n));
    }

    #[test]
    fn counting_in_two_steps_is_counting_once(start in any_day(), a in 0u16..40, b in 0u16..40) {
        let calendar = calendar_2026();
        let stepwise = calendar.add_workdays(calendar.add_workdays(start, a).date, b).date;
        prop_assert_eq!(stepwise, calendar.add_workdays(start, a + b).date);
    }
}

#[test]
fn a_year_lists_its_dates() {
    assert_eq!(YearCalendar::dates(2026).count(), 365);
    assert_eq!(YearCalendar::dates(2028).count(), 366);
}
