//! The machine of tries under its laws, and its diagram in the README.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use calendar::{Calendar, DeadlineRule, ServiceClock, ServiceHours, YearCalendar, YearNotice};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::machine::Moment;
use learning::exam::{Action, AttemptState, Case, Refusal, Terms};
use proptest::prelude::*;
use testing::diagram::{Edges, drawn, is_drawn};

static SERVICE: LazyLock<ServiceClock> = LazyLock::new(|| {
    let notice: YearNotice = serde_json::from_str(calendar::SHIPPED[0]).unwrap();
    let year = YearCalendar::from_notice(&notice).unwrap();
    ServiceClock::new(Calendar::new(vec![year]), ServiceHours::default())
});

fn terms(qualifies: bool, tries: i32) -> Terms {
    Terms {
        pass_percent: 80,
        minutes: 60,
        tries,
        resit_after: TimeDelta::hours(24),
        resit_within: DeadlineRule::working_days("resit", 5),
        qualifies,
    }
}

fn monday_10() -> DateTime<Utc> {
    testing::MONDAY_10.parse().unwrap()
}

fn first() -> Case {
    let window = (monday_10(), monday_10() + TimeDelta::days(2));
    Case::assigned(1, window, 100)
}

fn step(case: &Case, action: &Action, now: DateTime<Utc>, terms: &Terms) -> Result<Case, Refusal> {
    case.next(action, &at(now, terms))
}

fn at(now: DateTime<Utc>, terms: &Terms) -> Moment<'_, Terms> {
    Moment {
        now,
        service: &SERVICE,
        rules: terms,
    }
}

fn actions(now: DateTime<Utc>, points: i32) -> Vec<(&'static str, Action)> {
    vec![
        ("started", Action::Start),
        ("handed in", Action::HandIn),
        ("time over", Action::Lapse),
        ("marked", Action::Mark { points }),
        ("released", Action::Release),
        ("corrected", Action::Correct { points }),
        ("certified", Action::Certify),
        ("revoked", Action::Revoke),
        (
            "rescheduled",
            Action::Reschedule {
                opens_at: now,
                closes_at: now + TimeDelta::days(1),
            },
        ),
        ("excused", Action::Excuse),
    ]
}

proptest! {
    #[test]
    fn no_way_leads_to_a_certificate_but_passing_and_none_to_a_replacement_but_the_last_try_of_a_qualification(
        walk in prop::collection::vec((0usize..10, 0i64..1_500, 0i32..=100), 0..40),
        qualifies in any::<bool>(),
        tries in 1i32..4,
        try_no in 1i32..4,
    ) {
        let terms = terms(qualifies, tries);
        let mut case = Case { try_no: try_no.min(tries), ..first() };
        let mut now = monday_10();
        for (action, later, points) in walk {
            now += TimeDelta::minutes(later);
            let (_, action) = actions(now, points)[action];
            let before = case.clone();
            if let Ok(after) = step(&case, &action, now, &terms) {
                case = after;
            }
            let told = |case: &Case| case.state.is_told();
            // What was told is told for good; only a correction gives other points.
            prop_assert!(!told(&before) || told(&case));
            if told(&before) && before.points != case.points {
                prop_assert!(matches!(action, Action::Correct { .. }), "{action:?}");
            }
            if matches!(before.state, AttemptState::Certified | AttemptState::Revoked) {
                prop_assert_eq!(before.points, case.points, "a certificate stands on it");
            }
            match case.state {
                AttemptState::Certified | AttemptState::Revoked => {
                    prop_assert!(qualifies && terms.passes(case.points.unwrap(), case.total));
                }
                AttemptState::Passed => prop_assert!(terms.passes(case.points.unwrap(), case.total)),
                AttemptState::Replacement => {
                    prop_assert!(qualifies && case.try_no == tries);
                    prop_assert!(!terms.passes(case.points.unwrap(), case.total));
                    prop_assert_eq!(case.resit(&at(now, &terms)), None);
                }
                AttemptState::Failed => {
                    prop_assert!(!terms.passes(case.points.unwrap(), case.total));
                    prop_assert_eq!(case.resit(&at(now, &terms)).is_some(), case.try_no < tries);
                }
                _ => prop_assert_eq!(case.passed(&terms), None, "nobody is told: {:?}", case),
            }
            // Nobody sits longer than he may.
            if let (Some(started), Some(deadline)) = (case.started_at, case.deadline_at) {
                prop_assert!(deadline <= started + TimeDelta::minutes(60) && deadline <= case.closes_at);
                prop_assert!(case.handed_in_at.is_none_or(|at| at <= deadline));
            }
        }
    }

    #[test]
    fn a_clock_that_runs_leads_on_and_one_that_does_not_is_deaf(
        walk in prop::collection::vec((0usize..10, 0i64..1_500, 0i32..=100), 0..20),
    ) {
        let terms = terms(true, 2);
        let (mut case, mut now) = (first(), monday_10());
        for (action, later, points) in walk {
            now += TimeDelta::minutes(later);
            if let Ok(after) = step(&case, &actions(now, points)[action].1, now, &terms) {
                case = after;
            }
            match case.alarm_at() {
                Some(alarm) => {
                    let rung = step(&case, &Action::Lapse, alarm.max(now), &terms).unwrap();
                    prop_assert!(rung.alarm_at().is_none() && rung.state != case.state);
                    if alarm > now {
                        prop_assert_eq!(step(&case, &Action::Lapse, now, &terms), Err(Refusal::NotYet));
                    }
                }
                None => prop_assert!(step(&case, &Action::Lapse, now + TimeDelta::days(400), &terms).is_err()),
            }
        }
    }
}

#[test]
fn eighty_of_a_hundred_pass_and_seventy_nine_do_not() {
    let terms = terms(true, 1);
    assert!(terms.passes(80, 100) && !terms.passes(79, 100) && !terms.passes(0, 0));
    // 80 percent of 7 points are 5.6: six pass.
    assert!(terms.passes(6, 7) && !terms.passes(5, 7));
}

#[test]
fn who_begins_late_has_until_the_window_closes() {
    let now = monday_10() + TimeDelta::days(2) - TimeDelta::minutes(10);
    let begun = step(&first(), &Action::Start, now, &terms(true, 1)).unwrap();
    assert_eq!(begun.deadline_at, Some(first().closes_at));
    let late = step(&first(), &Action::Start, first().closes_at, &terms(true, 1));
    assert_eq!(late, Err(Refusal::WindowOver));
}

/// The edges between states that any walk takes, with what takes them.
fn diagram() -> String {
    let mut edges: Edges = BTreeMap::new();
    let mut seen = HashSet::new();
    for (qualifies, tries) in [(true, 2), (true, 1), (false, 1)] {
        let terms = terms(qualifies, tries);
        let mut reached = vec![(first(), monday_10())];
        let mut at = 0;
        while at < reached.len() {
            let (case, now) = reached[at].clone();
            at += 1;
            let alarm = case.alarm_at().unwrap_or(now).max(now);
            for then in BTreeSet::from([now, alarm]) {
                for points in [0, 100] {
                    for (name, action) in actions(then, points) {
                        let Ok(after) = step(&case, &action, then, &terms) else {
                            continue;
                        };
                        let (from, to) = (case.state.as_str(), after.state.as_str());
                        if from != to {
                            edges.entry((from, to)).or_default().insert(name);
                        }
                        if seen.insert((qualifies, tries, after.state, after.points)) {
                            reached.push((after, then));
                        }
                    }
                }
            }
        }
    }
    drawn(&["assigned"], &edges)
}

#[test]
fn the_readme_draws_the_machine_as_it_is() {
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Attempt", &diagram());
}
