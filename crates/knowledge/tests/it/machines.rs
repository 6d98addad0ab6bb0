//! The machine of changes under its laws, and its diagram in the README.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use calendar::{Calendar, DeadlineRule, ServiceClock, ServiceHours, YearCalendar, YearNotice};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Side;
use kernel::machine::Moment;
use knowledge::approval::{Action, Case, ChangeState, Refusal, Terms};
use proptest::prelude::*;
use testing::diagram::{Edges, drawn, is_drawn};

static SERVICE: LazyLock<ServiceClock> = LazyLock::new(|| {
    let notice: YearNotice = serde_json::from_str(calendar::SHIPPED[0]).unwrap();
    let year = YearCalendar::from_notice(&notice).unwrap();
    ServiceClock::new(Calendar::new(vec![year]), ServiceHours::default())
});

static TERMS: LazyLock<Terms> = LazyLock::new(|| Terms {
    decide: DeadlineRule::working_days("decide", 2),
    ratify: DeadlineRule::working_days("ratify", 1),
});

fn monday_10() -> DateTime<Utc> {
    testing::MONDAY_10.parse().unwrap()
}

fn step(case: &Case, action: &Action, now: DateTime<Utc>) -> Result<Case, Refusal> {
    let moment: Moment<'_, Terms> = Moment {
        now,
        service: &SERVICE,
        rules: &TERMS,
    };
    case.next(action, &moment)
}

/// Every action, as somebody of that side takes it.
fn actions(by: Side, now: DateTime<Utc>) -> Vec<(&'static str, Action)> {
    let later = now + TimeDelta::hours(30);
    vec![
        ("edited", Action::Edit),
        ("submitted", Action::Submit),
        ("recalled", Action::Recall),
        ("discarded", Action::Discard),
        ("approved", Action::Approve { by, at: now }),
        ("approved for later", Action::Approve { by, at: later }),
        ("returned", Action::Return { by }),
        ("emergency", Action::Emergency { within: None }),
        ("ratified", Action::Ratify { by }),
        ("refused", Action::Refuse { by }),
        ("withdrawn", Action::Withdraw { by }),
        (
            "reviewed",
            Action::Review {
                by,
                next: Some(later),
            },
        ),
        ("paused", Action::Pause),
        ("resumed", Action::Resume),
        ("superseded", Action::Supersede),
        ("lapsed", Action::Lapse),
    ]
}

fn drafts() -> Vec<Case> {
    let week = monday_10() + TimeDelta::days(7);
    let month = monday_10() + TimeDelta::days(30);
    vec![
        Case::draft(None, None),
        Case::draft(Some(month), None),
        Case::draft(None, Some(week)),
        Case::draft(Some(month), Some(week)),
    ]
}

fn walks() -> impl Strategy<Value = (usize, Vec<(usize, i64)>)> {
    (
        0..drafts().len(),
        prop::collection::vec(
            (0..actions(Side::Purchaser, monday_10()).len(), 0i64..3_000),
            0..40,
        ),
    )
}

proptest! {
    #[test]
    fn nothing_the_supplier_does_comes_to_hold_but_an_emergency_that_falls_by_itself((start, walk) in walks()) {
        let mut case = drafts()[start].clone();
        let mut now = monday_10();
        for (action, later) in walk {
            now += TimeDelta::minutes(later);
            for side in [Side::Supplier, Side::Either] {
                let (_, action) = actions(side, now)[action];
                if let Ok(after) = step(&case, &action, now) {
                    case = after;
                }
                prop_assert!(!matches!(case.state, ChangeState::Effective | ChangeState::Approved | ChangeState::Paused), "{case:?}");
                if case.state == ChangeState::PendingRatification {
                    prop_assert!(case.emergency);
                    let fallen = step(&case, &Action::Lapse, case.due_at.unwrap().max(now)).unwrap();
                    prop_assert!(fallen.state.ended());
                }
            }
        }
    }

    #[test]
    fn a_change_that_is_not_over_has_a_next_step_and_its_clock_comes_to_rest_or_goes_on((start, walk) in walks()) {
        let mut case = drafts()[start].clone();
        let mut now = monday_10();
        for (action, later) in walk {
            now += TimeDelta::minutes(later);
            let (_, action) = actions(Side::Purchaser, now)[action];
            let before = case.clone();
            if let Ok(after) = step(&case, &action, now) {
                case = after;
            }
            prop_assert!(!before.state.ended() || before == case, "what is over does not change");
            let leads_on = actions(Side::Purchaser, now)
                .iter()
                .any(|(_, action)| step(&case, action, now).is_ok());
            let overdue = case.until.is_some_and(|until| until <= now);
            prop_assert!(case.state.ended() || leads_on || overdue, "{case:?}");
            prop_assert_eq!(case.state.ended() && case.alarm_at().is_some(), false);
            let waits = matches!(case.state, ChangeState::Submitted | ChangeState::PendingRatification);
            prop_assert_eq!(case.due_at.is_some(), waits, "who owes a decision has a clock: {:?}", case);
            if let Some(alarm) = case.alarm_at() {
                let then = alarm.max(now);
                let rung = step(&case, &Action::Lapse, then);
                let rung = rung.unwrap_or_else(|no| panic!("{case:?} is deaf to its alarm: {no:?}"));
                let goes_on = rung.state != case.state || rung.alarm_at().is_none_or(|next| next > alarm);
                prop_assert!(goes_on, "{case:?} -> {rung:?}");
            }
        }
    }
}

#[test]
fn an_alarm_before_its_time_says_no() {
    let submitted = step(&Case::draft(None, None), &Action::Submit, monday_10()).unwrap();
    assert_eq!(
        step(&submitted, &Action::Lapse, monday_10()),
        Err(Refusal::NotYet)
    );
}

#[test]
fn one_working_day_for_a_ratification_ends_with_the_service_of_the_next_working_day() {
    let friday_16 = "2026-11-27T08:00:00Z".parse().unwrap();
    let held = step(
        &Case::draft(None, None),
        &Action::Emergency { within: None },
        friday_16,
    )
    .unwrap();
    let monday = "2026-11-30T10:00:00Z".parse::<DateTime<Utc>>().unwrap();
    let due = held.due_at.unwrap();
    assert_eq!(due.date_naive(), monday.date_naive(), "{due}");
}

#[test]
fn one_emergency_after_another_gains_no_time() {
    let soon = monday_10() + TimeDelta::hours(1);
    let second = Action::Emergency { within: Some(soon) };
    let held = step(&Case::draft(None, None), &second, monday_10()).unwrap();
    assert_eq!(held.due_at, Some(soon));
    let late = Action::Emergency {
        within: Some(soon + TimeDelta::days(30)),
    };
    let held = step(&Case::draft(None, None), &late, monday_10()).unwrap();
    let alone = Action::Emergency { within: None };
    let first = step(&Case::draft(None, None), &alone, monday_10()).unwrap();
    assert_eq!(held.due_at, first.due_at);
}

/// The edges between states that any walk takes, with what takes them.
fn diagram() -> String {
    let mut edges: Edges = BTreeMap::new();
    let mut reached: Vec<(Case, DateTime<Utc>)> = drafts()
        .into_iter()
        .map(|case| (case, monday_10()))
        .collect();
    let mut seen = HashSet::new();
    let mut at = 0;
    while at < reached.len() && at < 4_000 {
        let (case, now) = reached[at].clone();
        at += 1;
        let alarm = case.alarm_at().unwrap_or(now).max(now);
        for then in BTreeSet::from([now, alarm]) {
            for (name, action) in actions(Side::Purchaser, then) {
                let Ok(after) = step(&case, &action, then) else {
                    continue;
                };
                let (from, to) = (case.state.as_str(), after.state.as_str());
                if from != to {
                    edges.entry((from, to)).or_default().insert(name);
                }
                let shape = (
                    after.state,
                    after.emergency,
                    after.until.is_some(),
                    after.review_at.is_some(),
                    after.due_for_review,
                );
                if seen.insert(shape) {
                    reached.push((after, then));
                }
            }
        }
    }
    drawn(&["draft"], &edges)
}

#[test]
fn the_readme_draws_the_machine_as_it_is() {
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Change", &diagram());
}
