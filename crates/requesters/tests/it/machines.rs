//! The state machine of this crate under the test of all machines, and its diagram in the README.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use requesters::block::{Action, Case, Moment, Refusal, State, Terms};
use testing::diagram::{drawn, is_drawn};
use uuid::Uuid;

const ASKER: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);
const TERMS: Terms = Terms { longest_days: 90 };

const STEPS: [(&str, Action); 5] = [
    ("approved", Action::Approve { by: OTHER }),
    ("approved", Action::Approve { by: ASKER }),
    ("declined", Action::Decline),
    ("lifted", Action::Lift),
    ("lapsed", Action::Lapse),
];

fn monday_10() -> DateTime<Utc> {
    testing::MONDAY_10.parse().unwrap()
}

fn at(now: DateTime<Utc>) -> Moment<'static> {
    Moment { now, rules: &TERMS }
}

fn asked(days: i64) -> Case {
    let times = (monday_10(), monday_10() + TimeDelta::days(days));
    Case::asked(ASKER, times, &at(monday_10())).unwrap()
}

proptest! {
    #[test]
    fn an_open_block_has_an_end_and_a_next_step(
        days in 1i64..=90,
        walk in prop::collection::vec((0..STEPS.len(), 0i64..4_000), 0..50),
    ) {
        let (mut case, mut now) = (asked(days), monday_10());
        let end = case.until;
        for (step, later) in walk {
            now += TimeDelta::minutes(later);
            let action = STEPS[step].1;
            if let Ok(after) = case.next(&action, &at(now)) {
                prop_assert_ne!(action, Action::Approve { by: ASKER }, "nobody approves his own");
                prop_assert!(case.is_open(), "what is over takes no step");
                prop_assert_eq!(after.until, end, "nothing makes it longer");
                case = after;
            }
            let leads_on = STEPS.iter().any(|(_, action)| case.next(action, &at(now)).is_ok());
            prop_assert_eq!(case.is_open(), leads_on, "{:?}", case);
            prop_assert_eq!(case.is_open(), case.alarm_at().is_some());
            if let Some(alarm) = case.alarm_at() {
                let silent = case.next(&Action::Lapse, &at(alarm.max(now))).unwrap();
                prop_assert_eq!(silent.state, State::Over);
            }
            prop_assert!(!case.holds_at(end), "whatever happens it ends");
        }
    }
}

#[test]
fn a_block_has_an_end_within_what_is_agreed() {
    let (now, day) = (monday_10(), TimeDelta::days(1));
    let asked = |from, until| Case::asked(ASKER, (from, until), &at(now));
    assert_eq!(asked(now, now), Err(Refusal::NoTime));
    assert_eq!(asked(now - day * 2, now - day), Err(Refusal::NoTime));
    assert_eq!(asked(now + day * 2, now + day), Err(Refusal::NoTime));
    assert_eq!(asked(now, now + day * 91), Err(Refusal::TooLong(90)));
    assert_eq!(asked(now + day, now + day * 91).unwrap().from, now + day);
    let dated_back = asked(now - day * 10, now + day * 90).unwrap();
    assert_eq!(dated_back.from, now, "it does not reach back");
}

#[test]
fn who_is_late_approves_nothing() {
    let block = asked(1);
    let late = at(block.until);
    let approve = Action::Approve { by: OTHER };
    assert_eq!(block.next(&approve, &late), Err(Refusal::Ended));
    let later = monday_10() + TimeDelta::hours(1);
    let approved = block.next(&approve, &at(later)).unwrap();
    assert_eq!(approved.from, later, "it holds from when it was approved");
    assert!(approved.holds_at(later) && !approved.holds_at(approved.until));
    assert_eq!(
        approved.next(&Action::Decline, &at(later)),
        Err(Refusal::Decided)
    );
    assert_eq!(
        block.next(&Action::Lift, &at(later)),
        Err(Refusal::NotApproved)
    );
}

fn diagram() -> String {
    let mut edges = BTreeMap::<_, BTreeSet<&'static str>>::new();
    let (mut reached, mut next) = (vec![asked(1)], 0);
    while let Some(case) = reached.get(next).cloned() {
        next += 1;
        for now in [monday_10(), case.until] {
            for (name, action) in STEPS {
                let Ok(after) = case.next(&action, &at(now)) else {
                    continue;
                };
                let edge = (case.state.as_str(), after.state.as_str());
                edges.entry(edge).or_default().insert(name);
                if !reached.contains(&after) {
                    reached.push(after);
                }
            }
        }
    }
    drawn(&["requested"], &edges)
}

#[test]
fn the_readme_draws_the_machine_as_it_is() {
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Block", &diagram());
}

proptest! {
    /// Nothing is shown, changed or erased for somebody whose identity is not proven; what is over does not change.
    #[test]
    fn nobody_unproven_is_granted_anything(walk in prop::collection::vec((0..6usize, 0i64..900), 0..40)) {
        use requesters::privacy::{Action, Case, RightOutcome, RightState};
        let actions = [
            Action::Verify,
            Action::Answer { outcome: RightOutcome::Granted },
            Action::Answer { outcome: RightOutcome::Partly },
            Action::Answer { outcome: RightOutcome::Refused },
            Action::Withdraw,
            Action::Lapse,
        ];
        let mut now = monday_10();
        let mut case = Case::taken(now, 15);
        let mut proven = false;
        for (step, later) in walk {
            now += TimeDelta::minutes(later * 10);
            let action = actions[step];
            let Ok(after) = case.next(&action, now) else { continue };
            prop_assert!(case.is_open());
            proven |= action == Action::Verify;
            if let Action::Answer { outcome } = action {
                prop_assert!(proven || outcome == RightOutcome::Refused);
            }
            prop_assert!(!case.overdue || after.overdue, "what was late stays so");
            prop_assert_eq!(after.due_at.is_some(), after.is_open());
            prop_assert_eq!(after.state == RightState::Answered, matches!(action, Action::Answer { .. }));
            case = after;
        }
    }
}
