//! When something is due, by which rule.

use calendar::{DeadlineRule, Limit};

use crate::{at, clock_2026};

fn two_days() -> DeadlineRule {
    DeadlineRule::working_days("12345.consult", 2)
}

#[test]
fn a_working_day_limit_ends_when_service_ends_and_names_its_rule() {
    let deadline = clock_2026().deadline(&two_days(), at("2026-04-30 10:00"));
    assert_eq!(deadline.business_due_at, at("2026-05-07 18:00"));
    assert_eq!(deadline.rule_id, "12345.consult");
    assert!(deadline.published);
}

#[test]
fn what_comes_after_closing_counts_as_the_next_working_days() {
    let clock = clock_2026();
    let due = |received| clock.deadline(&two_days(), at(received)).business_due_at;
    assert_eq!(due("2026-11-23 17:59"), at("2026-11-25 18:00"));
    assert_eq!(due("2026-11-23 18:00"), at("2026-11-26 18:00"));
    assert_eq!(due("2026-11-23 12:30"), at("2026-11-25 18:00"), "at lunch");
    assert_eq!(
        due("2026-11-23 06:00"),
        at("2026-11-25 18:00"),
        "before opening"
    );
    assert_eq!(
        due("2026-11-21 10:00"),
        at("2026-11-25 18:00"),
        "Saturday counts as Monday"
    );
    assert_eq!(
        due("2026-11-20 19:00"),
        at("2026-11-25 18:00"),
        "so does Friday night"
    );
}

#[test]
fn a_rule_may_count_late_receipt_on_its_own_day() {
    let rule = DeadlineRule {
        late_receipt_is_next_day: false,
        ..two_days()
    };
    let clock = clock_2026();
    let due = |received| clock.deadline(&rule, at(received)).business_due_at;
    assert_eq!(due("2026-11-23 18:00"), at("2026-11-25 18:00"));
    assert_eq!(
        due("2026-11-21 10:00"),
        at("2026-11-24 18:00"),
        "Saturday: Monday is day one"
    );
}

#[test]
fn no_working_days_means_by_the_end_of_the_day_of_receipt() {
    let rule = DeadlineRule::working_days("same_day", 0);
    let clock = clock_2026();
    let due = |received| clock.deadline(&rule, at(received)).business_due_at;
    assert_eq!(due("2026-11-23 10:00"), at("2026-11-23 18:00"));
    assert_eq!(due("2026-10-01 10:00"), at("2026-10-08 18:00"));
}

#[test]
fn hour_limits_run_on_the_service_clock_or_on_the_wall() {
    let clock = clock_2026();
    let service = DeadlineRule::service_minutes("urgent.sign", 120);
    assert_eq!(
        clock
            .deadline(&service, at("2026-11-23 17:00"))
            .business_due_at,
        at("2026-11-24 09:30")
    );
    let wall = DeadlineRule {
        limit: Limit::ClockMinutes(120),
        ..service
    };
    assert_eq!(
        clock
            .deadline(&wall, at("2026-11-23 17:00"))
            .business_due_at,
        at("2026-11-23 19:00")
    );
}

#[test]
fn a_deadline_that_touches_an_unpublished_year_says_so() {
    let clock = clock_2026();
    let near = clock.deadline(&two_days(), at("2026-12-29 10:00"));
    assert_eq!(
        (near.business_due_at, near.published),
        (at("2026-12-31 18:00"), true)
    );
    let across = clock.deadline(&two_days(), at("2026-12-30 10:00"));
    assert_eq!(
        (across.business_due_at, across.published),
        (at("2027-01-01 18:00"), false)
    );
    let wall = DeadlineRule {
        id: "wall".to_owned(),
        limit: Limit::ClockMinutes(60),
        late_receipt_is_next_day: true,
    };
    assert!(clock.deadline(&wall, at("2027-03-01 10:00")).published);
}
