//! The rules of a roster: each breach is found and explained, one more away and a swap are checked at once.

use std::collections::BTreeSet;

use calendar::{Calendar, TimeOfDay, YearCalendar, YearNotice};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use uuid::Uuid;
use workforce::shift::{Roster, RosterBreach as B, RosterRules, Shift, check, swapped, what_if};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn clock(text: &str) -> TimeOfDay {
    text.parse().unwrap()
}

fn calendar_2026() -> Calendar {
    let notice: YearNotice = serde_json::from_str(calendar::SHIPPED[0]).unwrap();
    Calendar::new([YearCalendar::from_notice(&notice).unwrap()])
}

fn shift(lunch: (&str, &str)) -> Shift {
    Shift {
        code: "day".to_owned(),
        from: clock("08:30"),
        to: clock("17:30"),
        lunch: Some((clock(lunch.0), clock(lunch.1))),
    }
}

fn user(n: u128) -> Uuid {
    Uuid::from_u128(n + 1)
}

/// Six people, lunch in two turns.
fn full(on: NaiveDate) -> Roster {
    let turn = |n: u128| {
        if n.is_multiple_of(2) {
            ("11:30", "12:30")
        } else {
            ("12:30", "13:30")
        }
    };
    (0..6).map(|n| ((on, user(n)), shift(turn(n)))).collect()
}

fn breaches(roster: &Roster, from: &str, to: &str) -> Vec<B> {
    let found = check(
        roster,
        (day(from), day(to)),
        &BTreeSet::new(),
        (&calendar_2026(), &RosterRules::default()),
    );
    found.into_iter().map(|one| one.rule).collect()
}

#[test]
fn a_make_up_sunday_needs_its_people_and_a_holiday_on_a_friday_none() {
    assert_eq!(
        breaches(&Roster::new(), "2026-09-20", "2026-09-20"),
        [B::Seats]
    );
    assert!(breaches(&full(day("2026-09-20")), "2026-09-20", "2026-09-20").is_empty());
    assert!(breaches(&Roster::new(), "2026-09-25", "2026-09-25").is_empty());
    assert!(
        breaches(&full(day("2026-09-25")), "2026-09-25", "2026-09-25")
            .iter()
            .all(|one| *one == B::DayOff)
    );
}

#[test]
fn lunch_is_taken_in_turns() {
    let on = day("2026-11-24");
    let together: Roster = (0..6)
        .map(|n| ((on, user(n)), shift(("12:00", "13:00"))))
        .collect();
    assert_eq!(
        breaches(&together, "2026-11-24", "2026-11-24"),
        [B::LunchCover]
    );
}

#[test]
fn one_more_away_says_what_breaks_and_why() {
    let on = day("2026-11-24");
    let away = [(on, user(0))];
    let (calendar, rules) = (calendar_2026(), RosterRules::default());
    let found = what_if(
        &full(on),
        (on, on),
        &BTreeSet::new(),
        &away,
        (&calendar, &rules),
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].explain(), "5 people on 2026-11-24, 6 are needed");
}

#[test]
fn a_swap_that_leaves_too_little_rest_is_told_before_it_is_agreed() {
    let of = |code: &str, from: &str, to: &str| Shift {
        code: code.to_owned(),
        from: clock(from),
        to: clock(to),
        lunch: None,
    };
    let (tuesday, wednesday, thursday) = (day("2026-11-24"), day("2026-11-25"), day("2026-11-26"));
    let roster = Roster::from([
        ((tuesday, user(0)), of("early", "07:00", "12:00")),
        ((thursday, user(0)), of("early", "07:00", "12:00")),
        ((wednesday, user(1)), of("late", "14:00", "23:00")),
    ]);
    let (none, calendar) = (BTreeSet::new(), calendar_2026());
    let rules = RosterRules {
        seats: 0,
        ..RosterRules::default()
    };
    let by = (&calendar, &rules);
    let (_, new) = swapped(
        &roster,
        ((tuesday, user(0)), (wednesday, user(1))),
        &none,
        by,
    )
    .unwrap();
    assert_eq!(new.len(), 1);
    let why = new[0].explain();
    assert_eq!(
        why,
        "480 minutes of rest before the shift of 2026-11-26, 660 are needed"
    );
    // Nobody is given a second shift of a day.
    let busy = swapped(
        &roster,
        ((thursday, user(0)), (wednesday, user(1))),
        &none,
        by,
    );
    assert!(busy.is_some());
    let mut more = roster.clone();
    more.insert((wednesday, user(0)), of("early", "07:00", "12:00"));
    assert!(swapped(&more, ((tuesday, user(0)), (wednesday, user(1))), &none, by).is_none());
}

proptest! {
    /// Fewer people never mend a day, and whoever is on leave is told for each of his shifts.
    #[test]
    fn taking_people_away_mends_no_day(gone in prop::collection::btree_set(0u128..6, 0..6), n in 0u64..300) {
        let on = day("2026-01-01").checked_add_days(Days::new(n)).unwrap();
        let (calendar, rules) = (calendar_2026(), RosterRules::default());
        let leave: BTreeSet<_> = gone.iter().map(|one| (on, user(*one))).collect();
        let whole = check(&full(on), (on, on), &leave, (&calendar, &rules));
        prop_assert_eq!(whole.iter().filter(|one| one.rule == B::OnLeave).count(), gone.len());
        let mut thinner = full(on);
        for one in &leave { thinner.remove(one); }
        let left = check(&thinner, (on, on), &leave, (&calendar, &rules));
        let short = left.iter().any(|one| one.rule == B::Seats);
        prop_assert_eq!(short, calendar.is_workday(on) && !gone.is_empty());
    }
}
