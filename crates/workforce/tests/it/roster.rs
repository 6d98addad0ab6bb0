//! The rules of a roster: each breach is found and explained, one more away and a swap are checked at once.

use std::collections::BTreeSet;

use calendar::{Calendar, TimeOfDay, YearCalendar, YearNotice};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use uuid::Uuid;
use workforce::shift::repair::repair;
use workforce::shift::{
    Away, DayPart, Roster, RosterBreach as B, RosterRules, Shift, check, swapped, what_if, why_not,
};

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
        &Away::new(),
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
    let found = what_if(&full(on), &Away::new(), &away, (&calendar, &rules));
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
    let (none, calendar) = (Away::new(), calendar_2026());
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

#[test]
fn a_week_with_a_make_up_workday_has_its_hours_and_one_more_shift_is_too_many() {
    let days = |from: &str, to: &str| {
        let last = day(to);
        day(from).iter_days().take_while(move |on| *on <= last)
    };
    let calendar = calendar_2026();
    // From Monday the 14th to the make-up Sunday: six working days of eight hours.
    let mut roster: Roster = days("2026-09-14", "2026-09-20")
        .filter(|on| calendar.is_workday(*on))
        .flat_map(full)
        .collect();
    assert!(breaches(&roster, "2026-09-14", "2026-09-20").is_empty());
    roster.insert((day("2026-09-19"), user(0)), shift(("11:30", "12:30")));
    let found = breaches(&roster, "2026-09-14", "2026-09-20");
    assert_eq!(
        found.iter().filter(|one| **one == B::WeekMinutes).count(),
        7
    );
    assert!(found.contains(&B::DayOff) && found.contains(&B::DaysInARow));
}

#[test]
fn half_a_day_of_leave_holds_the_seat_for_the_other_half() {
    let on = day("2026-11-24");
    let (calendar, rules) = (calendar_2026(), RosterRules::default());
    let away = Away::from([((on, user(0)), DayPart::Morning)]);
    let found = check(&full(on), (on, on), &away, (&calendar, &rules));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].rule, found[0].is), (B::Seats, 5));
}

#[test]
fn why_not_names_the_rule_that_a_shift_would_break() {
    let (monday, sunday) = (day("2026-11-23"), day("2026-11-29"));
    let (calendar, rules) = (calendar_2026(), RosterRules::default());
    let by = (&calendar, &rules);
    let of = |on, part| Away::from([((on, user(6)), part)]);
    let shift = shift(("11:30", "12:30"));
    let why = |on, away: &Away| -> Vec<B> {
        let found = why_not(&full(monday), (on, user(6)), &shift, away, by);
        found.into_iter().map(|one| one.rule).collect()
    };
    assert!(why(monday, &Away::new()).is_empty());
    assert_eq!(why(sunday, &Away::new()), [B::DayOff]);
    assert_eq!(why(monday, &of(monday, DayPart::Day)), [B::OnLeave]);
}

#[test]
fn a_sick_call_is_mended_with_as_few_cells_as_possible() {
    let on = day("2026-11-24");
    let (calendar, rules) = (calendar_2026(), RosterRules::default());
    let by = (&calendar, &rules);
    let shifts = [shift(("11:30", "12:30")), shift(("12:30", "13:30"))];
    let team: Vec<Uuid> = (0..6).map(user).collect();
    // A seventh is free: he takes the place, nobody else moves.
    let more: Vec<Uuid> = (0..7).map(user).collect();
    let gone = [(on, user(0))];
    let mended = repair(&full(on), &gone, (&more, &shifts), &Away::new(), by);
    assert_eq!(mended.left, [], "{mended:?}");
    let touched: BTreeSet<Uuid> = mended.changes.iter().map(|((_, user), _)| *user).collect();
    assert_eq!(
        (mended.changes.len(), touched),
        (2, BTreeSet::from([user(0), user(6)]))
    );
    // Nobody is free: two of one turn are away, one of the other changes his turn, and it is told who is missing.
    let gone = [(on, user(0)), (on, user(2))];
    let mended = repair(&full(on), &gone, (&team, &shifts), &Away::new(), by);
    assert_eq!(mended.changes.len(), 3, "{mended:?}");
    let left: Vec<B> = mended.left.iter().map(|one| one.rule).collect();
    assert_eq!(left, [B::Seats]);
}

proptest! {
    /// Fewer people never mend a day, and whoever is on leave is told for each of his shifts.
    #[test]
    fn taking_people_away_mends_no_day(gone in prop::collection::btree_set(0u128..6, 0..6), n in 0u64..300) {
        let on = day("2026-01-01").checked_add_days(Days::new(n)).unwrap();
        let (calendar, rules) = (calendar_2026(), RosterRules::default());
        let leave: Away = gone.iter().map(|one| ((on, user(*one)), DayPart::Day)).collect();
        let whole = check(&full(on), (on, on), &leave, (&calendar, &rules));
        prop_assert_eq!(whole.iter().filter(|one| one.rule == B::OnLeave).count(), gone.len());
        let mut thinner = full(on);
        for one in leave.keys() { thinner.remove(one); }
        let left = check(&thinner, (on, on), &leave, (&calendar, &rules));
        let short = left.iter().any(|one| one.rule == B::Seats);
        prop_assert_eq!(short, calendar.is_workday(on) && !gone.is_empty());
    }
}
