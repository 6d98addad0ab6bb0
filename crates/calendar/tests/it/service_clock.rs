//! When the line is open, and time that runs only then.

use calendar::{HoursFault, Period, ServiceClock, ServiceHours, TimeOfDay};
use chrono::TimeDelta;
use proptest::prelude::*;

use crate::{at, calendar_2026, clock_2026};

fn time(text: &str) -> TimeOfDay {
    text.parse().unwrap()
}

fn hours(periods: &[(&str, &str)]) -> Result<ServiceHours, HoursFault> {
    let period = |(from, to): &(&str, &str)| Period {
        from: time(from),
        to: time(to),
    };
    ServiceHours::new(periods.iter().map(period).collect())
}

#[test]
fn the_line_is_open_in_the_periods_of_a_working_day() {
    let clock = clock_2026();
    let open = |text| clock.is_open(at(text));
    assert!(!open("2026-11-23 08:29"));
    assert!(open("2026-11-23 08:30"));
    assert!(open("2026-11-23 11:59"));
    assert!(!open("2026-11-23 12:00"), "lunch");
    assert!(open("2026-11-23 13:30"));
    assert!(!open("2026-11-23 18:00"));
}

#[test]
fn holidays_are_closed_and_make_up_days_are_open() {
    let clock = clock_2026();
    assert!(!clock.is_open(at("2026-09-25 10:00")), "Friday, Mid-Autumn");
    assert!(clock.is_open(at("2026-09-20 10:00")), "Sunday, worked");
    assert!(
        !clock.is_open(at("2026-10-06 10:00")),
        "Tuesday in the National Day week"
    );
    assert!(clock.is_open(at("2026-10-10 10:00")), "Saturday, worked");
}

#[test]
fn the_caller_after_hours_is_told_when_the_line_opens() {
    let clock = clock_2026();
    assert_eq!(
        clock.next_opening(at("2026-11-23 07:00")),
        Some(at("2026-11-23 08:30"))
    );
    assert_eq!(
        clock.next_opening(at("2026-11-23 12:15")),
        Some(at("2026-11-23 13:30"))
    );
    assert_eq!(
        clock.next_opening(at("2026-11-23 21:00")),
        Some(at("2026-11-24 08:30"))
    );
    assert_eq!(
        clock.next_opening(at("2026-09-30 18:00")),
        Some(at("2026-10-08 08:30"))
    );
    assert_eq!(
        clock.next_opening(at("2026-09-19 21:00")),
        Some(at("2026-09-20 08:30"))
    );
    assert_eq!(
        clock.next_opening(at("2026-11-23 09:00")),
        Some(at("2026-11-23 13:30"))
    );
}

#[test]
fn the_end_of_the_running_period_is_known() {
    let clock = clock_2026();
    assert_eq!(
        clock.closing(at("2026-11-23 09:00")),
        Some(at("2026-11-23 12:00"))
    );
    assert_eq!(
        clock.closing(at("2026-11-23 17:59")),
        Some(at("2026-11-23 18:00"))
    );
    assert_eq!(clock.closing(at("2026-11-23 12:30")), None);
}

#[test]
fn service_time_stands_still_at_lunch_at_night_and_on_days_off() {
    let clock = clock_2026();
    let add = |from, minutes| clock.add(at(from), TimeDelta::minutes(minutes));
    assert_eq!(add("2026-11-23 11:30", 60), at("2026-11-23 14:00"));
    assert_eq!(add("2026-11-23 17:30", 60), at("2026-11-24 09:00"));
    assert_eq!(add("2026-09-24 17:00", 120), at("2026-09-28 09:30"));
    assert_eq!(
        add("2026-11-21 10:00", 30),
        at("2026-11-23 09:00"),
        "a Saturday"
    );
    assert_eq!(
        add("2026-11-23 08:30", 480),
        at("2026-11-23 18:00"),
        "ends with the day"
    );
    assert_eq!(add("2026-11-23 10:00", 0), at("2026-11-23 10:00"));
    let night = clock.between(at("2026-11-23 17:00"), at("2026-11-24 09:30"));
    assert_eq!(night, TimeDelta::minutes(120));
}

#[test]
fn a_day_may_end_at_midnight() {
    let clock = ServiceClock::new(calendar_2026(), hours(&[("00:00", "24:00")]).unwrap());
    assert!(clock.is_open(at("2026-11-23 23:59")));
    assert!(clock.is_open(at("2026-11-24 00:00")));
    assert!(!clock.is_open(at("2026-11-21 00:00")), "a Saturday");
    assert_eq!(clock.hours.minutes_a_day(), 24 * 60);
}

#[test]
fn hours_must_be_in_order_and_apart() {
    assert_eq!(hours(&[]), Err(HoursFault::None));
    assert_eq!(hours(&[("12:00", "08:30")]), Err(HoursFault::Backward(0)));
    assert_eq!(hours(&[("09:00", "09:00")]), Err(HoursFault::Backward(0)));
    let overlapping = hours(&[("08:30", "12:00"), ("12:00", "18:00")]);
    assert_eq!(overlapping, Err(HoursFault::Overlapping(1)));
    assert_eq!(ServiceHours::default().minutes_a_day(), 480);
}

#[test]
fn a_time_of_day_reads_as_it_is_written() {
    assert_eq!(time("08:30").to_string(), "08:30");
    assert_eq!(time("24:00").minutes(), 1440);
    for wrong in ["8:30", "08:60", "24:01", "+8:30", "0830", "", "08:3０"] {
        assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
    }
    assert_eq!(serde_json::to_string(&time("13:05")).unwrap(), "\"13:05\"");
    assert_eq!(
        serde_json::from_str::<TimeOfDay>("\"13:05\"").unwrap(),
        time("13:05")
    );
}

proptest! {
    #[test]
    fn time_added_is_time_passed(start in 0i64..1_500_000, minutes in 1i64..20_000) {
        let clock = clock_2026();
        let from = at("2025-06-01 00:00") + TimeDelta::minutes(start);
        let reached = clock.add(from, TimeDelta::minutes(minutes));
        prop_assert_eq!(clock.between(from, reached), TimeDelta::minutes(minutes));
        let before = reached - TimeDelta::minutes(1);
        prop_assert!(clock.between(from, before) < TimeDelta::minutes(minutes));
    }

    #[test]
    fn the_line_is_closed_until_the_next_opening_and_open_then(start in 0i64..1_500_000) {
        let clock = clock_2026();
        let now = at("2025-06-01 00:00") + TimeDelta::minutes(start);
        let opening = clock.next_opening(now).unwrap();
        prop_assert!(opening > now && clock.is_open(opening));
        prop_assert!(!clock.is_open(opening - TimeDelta::minutes(1)));
        if let Some(closing) = clock.closing(now) {
            prop_assert!(now < closing && closing < opening && !clock.is_open(closing));
        } else {
            prop_assert_eq!(clock.between(now, opening), TimeDelta::zero());
        }
    }
}
