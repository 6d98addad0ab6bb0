//! The machine of leaks under its laws, its diagram, and its packages against what was changed afterwards.

use std::sync::LazyLock;

use calendar::{DeadlineRule, Limit};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Side;
use kernel::machine::Moment;
use personnel::leak::{Action, Case, Duty, LeakState, Refusal, Terms, Told};
use proptest::prelude::*;
use testing::diagram::is_drawn;

use crate::machines::{SERVICE, Step, at, diagram};

static TERMS: LazyLock<Terms> = LazyLock::new(|| {
    let hours = |id: &str, hours: u32| DeadlineRule {
        id: id.to_owned(),
        limit: Limit::ClockMinutes(hours * 60),
        late_receipt_is_next_day: false,
    };
    Terms {
        acknowledge: hours("acknowledge", 1),
        contain: hours("contain", 4),
        assess: hours("assess", 24),
        notify: hours("notify", 24),
        hold_liable: hours("hold_liable", 720),
        close: hours("close", 720),
    }
});

fn moment(now: DateTime<Utc>) -> Moment<'static, Terms> {
    Moment {
        now,
        service: &SERVICE,
        rules: &TERMS,
    }
}

fn steps() -> Vec<(&'static str, Action)> {
    let mut all = vec![("contained", Action::Contain), ("lapsed", Action::Lapse)];
    for (personal, harm) in [(false, false), (true, false), (true, true)] {
        all.push(("assessed", Action::Assess { personal, harm }));
    }
    for by in [Side::Purchaser, Side::Supplier] {
        for (personal, harm) in [(false, false), (true, false), (true, true)] {
            all.push(("reassessed", Action::Reassess { by, personal, harm }));
        }
        all.extend([
            ("suspect_named", Action::NameSuspect { by }),
            ("acknowledged", Action::Acknowledge { by }),
            (
                "authority_told",
                Action::Notify {
                    by,
                    whom: Told::Authority,
                },
            ),
            (
                "persons_told",
                Action::Notify {
                    by,
                    whom: Told::Persons,
                },
            ),
            ("persons_required", Action::RequirePersons { by }),
            ("held_liable", Action::HoldLiable { by }),
            ("closed", Action::Close { by, frozen: true }),
            ("closed", Action::Close { by, frozen: false }),
            ("reopened", Action::Reopen { by }),
        ]);
    }
    all
}

#[test]
fn the_readme_draws_a_leak_as_it_is() {
    let steps: Vec<(&str, Step<Case>)> = steps()
        .into_iter()
        .map(|(name, action)| {
            let step: Step<Case> = Box::new(move |case, now| case.next(&action, &moment(now)).ok());
            (name, step)
        })
        .collect();
    let now = moment(at("2026-09-25T02:00:00Z"));
    let starts = [Side::Supplier, Side::Purchaser].map(|by| Case::discovered(by, &now));
    let drawn = diagram(&starts, |case| case.state.as_str(), &steps);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Leak", &drawn);
}

#[test]
fn the_clocks_run_through_nights_and_holidays() {
    let found = at("2026-09-30T15:30:00Z");
    let case = Case::discovered(Side::Supplier, &moment(found));
    assert_eq!(case.told_due_at, Some(found + TimeDelta::hours(1)));
    assert_eq!(case.step_due_at, Some(found + TimeDelta::hours(4)));
    let late = found + TimeDelta::hours(2);
    let case = case.next(&Action::Lapse, &moment(late)).unwrap();
    assert!(case.told_overdue && !case.step_overdue);
    assert_eq!(
        case.next_alarm(),
        case.step_due_at,
        "the other clock runs on"
    );
    assert_eq!(
        case.next(&Action::Lapse, &moment(late)),
        Err(Refusal::NotYet),
        "told once"
    );
    let supplier = Action::Close {
        by: Side::Supplier,
        frozen: true,
    };
    assert_eq!(
        case.next(&supplier, &moment(late)),
        Err(Refusal::ByPurchaser)
    );
}

proptest! {
    /// No leak closes before it is contained, assessed, told to everybody who must know, decided on, and frozen; only the
    /// purchaser takes it past the assessment; what is open always has a next step.
    #[test]
    fn no_sequence_closes_a_leak_against_the_rules(
        purchaser in any::<bool>(), walk in prop::collection::vec((0..steps().len(), 0i64..3_000), 0..80),
    ) {
        let steps = steps();
        let mut now = at("2026-09-25T02:00:00Z");
        let by = if purchaser { Side::Purchaser } else { Side::Supplier };
        let mut case = Case::discovered(by, &moment(now));
        let (mut contained, mut liable) = (false, false);
        let (mut owed_authority, mut owed_persons) = (None, None);
        let (mut authority_told, mut persons_told) = (false, false);
        for (step, later) in walk {
            now += TimeDelta::minutes(later);
            let (_, action) = steps[step];
            let Ok(after) = case.next(&action, &moment(now)) else { continue };
            let reopens = matches!(action, Action::Reopen { .. });
            prop_assert!(case.is_open() || reopens, "what is closed only reopens");
            match action {
                Action::Contain => contained = true,
                Action::Assess { personal, harm } => {
                    prop_assert!(contained);
                    owed_authority = Some(personal);
                    owed_persons = Some(personal && harm);
                }
                Action::Reassess { by, personal, harm } => {
                    prop_assert_eq!(by, Side::Purchaser);
                    prop_assert!(owed_authority.is_some(), "there was a first assessment");
                    owed_authority = Some(personal && !authority_told);
                    owed_persons = Some(personal && harm && !persons_told);
                    liable = false;
                }
                Action::NameSuspect { by } => {
                    prop_assert_eq!(by, Side::Purchaser);
                    prop_assert_eq!(after, case, "it changes no step");
                }
                Action::Notify { by, whom } => {
                    prop_assert_eq!(by, Side::Purchaser);
                    match whom {
                        Told::Authority => (owed_authority, authority_told) = (Some(false), true),
                        Told::Persons => (owed_persons, persons_told) = (Some(false), true),
                    }
                }
                Action::RequirePersons { by } => {
                    prop_assert_eq!(by, Side::Purchaser);
                    (owed_persons, persons_told) = (Some(true), false);
                    liable = false;
                }
                Action::HoldLiable { by } => {
                    prop_assert_eq!(by, Side::Purchaser);
                    prop_assert!(after.told && owed_authority == Some(false) && owed_persons == Some(false));
                    liable = true;
                }
                Action::Close { by, frozen } => prop_assert!(by == Side::Purchaser && frozen && liable),
                Action::Reopen { by } => {
                    prop_assert_eq!(by, Side::Purchaser);
                    liable = false;
                    (owed_authority, owed_persons) = (None, None);
                    (authority_told, persons_told) = (false, false);
                }
                Action::Acknowledge { .. } => prop_assert!(!case.told && after.told),
                Action::Lapse => prop_assert!(after.is_overdue()),
            }
            if after.state == LeakState::Closed {
                prop_assert!(after.authority != Duty::Owed && after.persons != Duty::Owed && after.told);
            }
            prop_assert_eq!(after.step_due_at.is_some(), after.is_open());
            case = after;
            let leads_on = steps.iter().any(|(name, action)| !["lapsed", "suspect_named"].contains(name) && case.next(action, &moment(now)).is_ok());
            prop_assert!(leads_on, "{:?} has no next step", case);
        }
    }
}
