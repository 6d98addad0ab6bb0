//! Every state machine of this crate under its laws, and its diagram in the README.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::sync::LazyLock;

use calendar::{Calendar, DeadlineRule, ServiceClock, ServiceHours, YearCalendar, YearNotice};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::Side;
use kernel::machine::Moment;
use personnel::{demand, replacement, staff, transition, wage};
use proptest::prelude::*;
use testing::diagram::{Edges, drawn, is_drawn};

pub static SERVICE: LazyLock<ServiceClock> = LazyLock::new(|| {
    let notice: YearNotice = serde_json::from_str(calendar::SHIPPED[0]).unwrap();
    let year = YearCalendar::from_notice(&notice).unwrap();
    ServiceClock::new(Calendar::new(vec![year]), ServiceHours::default())
});

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub type Step<C> = Box<dyn Fn(&C, DateTime<Utc>) -> Option<C>>;

/// The edges between states that any walk takes, with what takes them.
pub fn diagram<C: Clone + Debug>(
    starts: &[C],
    state: fn(&C) -> &'static str,
    steps: &[(&'static str, Step<C>)],
) -> String {
    let mut edges: Edges = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut reached: Vec<C> = starts.to_vec();
    let mut next = 0;
    while next < reached.len() && next < 2_000 {
        let case = reached[next].clone();
        next += 1;
        for now in [at("2026-09-25T02:00:00Z"), at("2027-03-01T02:00:00Z")] {
            for (name, step) in steps {
                let Some(after) = step(&case, now) else {
                    continue;
                };
                let (from, to) = (state(&case), state(&after));
                if from != to {
                    edges.entry((from, to)).or_default().insert(name);
                }
                if seen.insert(format!("{after:?}")) {
                    reached.push(after);
                }
            }
        }
    }
    let starts: Vec<&str> = starts.iter().map(state).collect();
    drawn(&starts, &edges)
}

// ---- a person

fn person_steps() -> Vec<(&'static str, staff::Action)> {
    use staff::Action;
    let mut all = vec![
        ("training_begun", Action::BeginTraining),
        (
            "passed",
            Action::Pass {
                by: Side::Purchaser,
            },
        ),
        ("passed", Action::Pass { by: Side::Supplier }),
        ("left_post", Action::LeavePost),
        ("suspended", Action::Suspend),
        ("resumed", Action::Resume),
        ("left", Action::Leave),
        ("returned", Action::Return),
    ];
    for missing in [0, 2] {
        for exclusive in [true, false] {
            for exempt in [true, false] {
                all.push((
                    "taken_post",
                    Action::TakePost {
                        missing,
                        exclusive,
                        exempt,
                    },
                ));
            }
        }
    }
    all
}

#[test]
fn the_readme_draws_a_person_as_he_is() {
    let steps: Vec<(&str, Step<staff::Case>)> = person_steps()
        .into_iter()
        .map(|(name, action)| {
            let step: Step<staff::Case> = Box::new(move |case, _now| case.next(&action).ok());
            (name, step)
        })
        .collect();
    let drawn = diagram(
        &[staff::Case::candidate()],
        |case| case.state.as_str(),
        &steps,
    );
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Person", &drawn);
}

proptest! {
    /// Whatever is tried in whatever order, nobody comes on post with something missing, with another project, or
    /// without the purchaser's pass or exemption; and only the purchaser passes.
    #[test]
    fn no_sequence_puts_a_person_on_post_against_the_rules(
        walk in prop::collection::vec(0..person_steps().len(), 0..60),
    ) {
        use staff::{Action, StaffState};
        let steps = person_steps();
        let mut case = staff::Case::candidate();
        let mut certified = false;
        for step in walk {
            let (_, action) = steps[step];
            let Ok(after) = case.next(&action) else { continue };
            if after.passed && !case.passed {
                prop_assert_eq!(action, Action::Pass { by: Side::Purchaser });
                certified = true;
            }
            if after.state == StaffState::OnPost && case.state != StaffState::OnPost {
                let Action::TakePost { missing, exclusive, exempt } = action else {
                    return Err(TestCaseError::fail(format!("{action:?} put him on post")));
                };
                prop_assert!(missing == 0 && exclusive && (exempt || certified));
            }
            if after.state == StaffState::Left {
                prop_assert!(case.state != StaffState::OnPost, "first he leaves the post");
            }
            if action == Action::Return {
                certified = false;
                prop_assert!(!after.passed, "who comes again passes again");
            }
            case = after;
            let leads_on = steps.iter().any(|(_, action)| case.next(action).is_ok());
            prop_assert!(leads_on, "{case:?} has no next step");
        }
    }
}

// ---- a replacement

const TERMS: replacement::Terms = replacement::Terms {
    notice: 5,
    sudden: 5,
};

fn moment(now: DateTime<Utc>) -> replacement::Moment<'static> {
    Moment {
        now,
        service: &SERVICE,
        rules: &TERMS,
    }
}

fn replacement_steps() -> Vec<(&'static str, replacement::Action)> {
    use replacement::Action;
    vec![
        (
            "served",
            Action::Serve {
                on: day("2026-09-25"),
            },
        ),
        (
            "served",
            Action::Serve {
                on: day("2026-10-10"),
            },
        ),
        (
            "proposed",
            Action::Propose {
                same: false,
                holds_post: false,
            },
        ),
        (
            "proposed",
            Action::Propose {
                same: true,
                holds_post: false,
            },
        ),
        (
            "proposed",
            Action::Propose {
                same: false,
                holds_post: true,
            },
        ),
        (
            "rejected",
            Action::Reject {
                by: Side::Purchaser,
            },
        ),
        ("rejected", Action::Reject { by: Side::Supplier }),
        (
            "accepted",
            Action::Accept {
                by: Side::Purchaser,
                equivalent: true,
                waived: false,
            },
        ),
        (
            "accepted",
            Action::Accept {
                by: Side::Purchaser,
                equivalent: false,
                waived: true,
            },
        ),
        (
            "accepted",
            Action::Accept {
                by: Side::Purchaser,
                equivalent: false,
                waived: false,
            },
        ),
        (
            "accepted",
            Action::Accept {
                by: Side::Supplier,
                equivalent: true,
                waived: false,
            },
        ),
        ("trained", Action::Train),
        ("passed", Action::PassExam { certified: true }),
        ("passed", Action::PassExam { certified: false }),
        ("handed over", Action::HandOver),
        ("taken_post", Action::TakePost { open_tickets: 0 }),
        ("taken_post", Action::TakePost { open_tickets: 3 }),
        ("closed", Action::Close { gone: true }),
        ("closed", Action::Close { gone: false }),
        ("withdrawn", Action::Withdraw),
        ("lapsed", Action::Lapse),
    ]
}

#[test]
fn the_readme_draws_a_replacement_as_it_is() {
    let steps: Vec<(&str, Step<replacement::Case>)> = replacement_steps()
        .into_iter()
        .map(|(name, action)| {
            let step: Step<replacement::Case> =
                Box::new(move |case, now| case.next(&action, &moment(now)).ok());
            (name, step)
        })
        .collect();
    let starts = [
        replacement::Case::drafted(day("2026-10-12"), false),
        replacement::Case::drafted(day("2026-09-25"), true),
    ];
    let drawn = diagram(&starts, |case| case.state.as_str(), &steps);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Replacement", &drawn);
}

/// `latest_notice_for_departure_minus_5wd` of `fixtures/workday_vectors.json`.
#[test]
fn a_notice_is_served_five_working_days_before_the_last_day() {
    use replacement::{Action, Case, Refusal};
    for (last, latest) in [
        ("2026-10-12", "2026-09-29"),
        ("2026-03-02", "2026-02-24"),
        ("2026-05-11", "2026-04-30"),
        ("2026-08-03", "2026-07-27"),
    ] {
        let case = Case::drafted(day(last), false);
        let served = |on: NaiveDate, case: &Case| {
            let now = format!("{on}T02:00:00Z");
            case.next(&Action::Serve { on }, &moment(at(&now)))
        };
        let in_time = served(day(latest), &case).unwrap();
        assert_eq!(in_time.notice_on, Some(day(latest)));
        let due = in_time.due_at.unwrap();
        assert_eq!(
            due.with_timezone(&calendar::SHANGHAI).date_naive(),
            day(last),
            "no gap"
        );
        let late = day(latest).succ_opt().unwrap();
        assert_eq!(
            served(late, &case),
            Err(Refusal::NoticeTooShort(5)),
            "{last} {late}"
        );
        // What comes suddenly is not announced, and its clock runs from the discovery.
        let sudden = served(late, &Case::drafted(late, true)).unwrap();
        let by = SERVICE.calendar.add_workdays(late, 5).date;
        assert_eq!(
            sudden
                .due_at
                .unwrap()
                .with_timezone(&calendar::SHANGHAI)
                .date_naive(),
            by
        );
    }
}

#[test]
fn the_gap_counts_the_working_days_without_anybody() {
    let gap = |last: &str, on: Option<&str>, today: &str| {
        replacement::gap(&SERVICE.calendar, day(last), on.map(day), day(today))
    };
    assert_eq!(gap("2026-10-12", Some("2026-10-13"), "2026-11-01"), 0);
    assert_eq!(gap("2026-10-12", Some("2026-10-12"), "2026-11-01"), 0);
    assert_eq!(gap("2026-10-12", Some("2026-10-15"), "2026-11-01"), 2);
    assert_eq!(
        gap("2026-09-30", None, "2026-10-09"),
        2,
        "the holiday is none of it"
    );
    assert_eq!(
        gap("2026-10-12", None, "2026-10-10"),
        0,
        "he is still there"
    );
}

proptest! {
    /// Nobody takes the post of who leaves before the purchaser accepted him, he is certified, and every open ticket
    /// is accepted by somebody; nothing changes what is over; silence is noticed once.
    #[test]
    fn no_sequence_fills_a_post_against_the_rules(
        sudden in any::<bool>(), walk in prop::collection::vec((0..replacement_steps().len(), 0i64..2_000), 0..60),
    ) {
        use replacement::{Action, Case, ReplacementState};
        let steps = replacement_steps();
        let mut case = Case::drafted(day("2026-10-12"), sudden);
        let mut now = at("2026-09-25T02:00:00Z");
        let (mut accepted, mut certified) = (false, false);
        for (step, later) in walk {
            now += TimeDelta::minutes(later);
            let (_, action) = steps[step];
            let Ok(after) = case.next(&action, &moment(now)) else { continue };
            prop_assert!(case.is_open(), "what is over does not change");
            match action {
                Action::Serve { on } if !sudden => {
                    prop_assert!(SERVICE.calendar.add_workdays(on, 5).date <= case.last_day);
                }
                Action::Accept { by, equivalent, waived } => {
                    prop_assert!(by == Side::Purchaser && (equivalent || waived));
                    accepted = true;
                }
                Action::Propose { same, holds_post } => {
                    prop_assert!(!same && !holds_post);
                    accepted = false;
                }
                Action::PassExam { certified: yes } => {
                    prop_assert!(yes);
                    certified = true;
                }
                Action::TakePost { open_tickets } => {
                    prop_assert!(accepted && certified && open_tickets == 0);
                    prop_assert_eq!(after.state, ReplacementState::OnPost);
                }
                Action::Lapse => prop_assert!(!case.overdue && after.overdue),
                _ => {}
            }
            prop_assert!(!case.overdue || after.overdue, "what was late stays so");
            case = after;
            let waits = case.is_open()
                && !matches!(case.state, ReplacementState::NoticeDrafted | ReplacementState::OnPost);
            prop_assert_eq!(case.due_at.is_some(), waits, "{:?}", case);
            let leads_on = steps.iter().any(|(_, action)| case.next(action, &moment(now)).is_ok());
            prop_assert!(leads_on || !case.is_open(), "{case:?} has no next step");
        }
    }
}

// ---- a demand

static FULFIL: LazyLock<demand::Terms> = LazyLock::new(|| demand::Terms {
    fulfil: DeadlineRule::working_days("demand.fulfil", 5),
});

fn of_demand(now: DateTime<Utc>) -> demand::Moment<'static> {
    Moment {
        now,
        service: &SERVICE,
        rules: &FULFIL,
    }
}

fn demand_steps(by: Side) -> Vec<(&'static str, demand::Action)> {
    use demand::Action;
    vec![
        ("plan_submitted", Action::SubmitPlan { by }),
        ("plan_accepted", Action::AcceptPlan { by }),
        ("plan_returned", Action::ReturnPlan { by }),
        ("started", Action::Start { by }),
        ("verified", Action::Verify { by }),
        ("withdrawn", Action::Withdraw { by }),
        ("lapsed", Action::Lapse),
    ]
}

#[test]
fn the_readme_draws_a_demand_as_it_is() {
    let both = [Side::Supplier, Side::Purchaser].map(demand_steps).concat();
    let steps: Vec<(&str, Step<demand::Case>)> = both
        .into_iter()
        .map(|(name, action)| {
            let step: Step<demand::Case> =
                Box::new(move |case, now| case.next(&action, &of_demand(now)).ok());
            (name, step)
        })
        .collect();
    let start = demand::Case::raised(&of_demand(at("2026-09-25T02:00:00Z")));
    let drawn = diagram(&[start], |case| case.state.as_str(), &steps);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Demand", &drawn);
}

proptest! {
    /// Whatever the supplier does, a demand stays open, and its clock never stops nor starts anew.
    #[test]
    fn the_supplier_ends_no_demand_and_stops_no_clock(
        walk in prop::collection::vec((0..7usize, any::<bool>(), 0i64..2_000), 0..60),
    ) {
        let mut now = at("2026-09-18T02:00:00Z");
        let mut case = demand::Case::raised(&of_demand(now));
        let due = case.due_at;
        for (step, purchaser, later) in walk {
            now += TimeDelta::minutes(later);
            let by = if purchaser { Side::Purchaser } else { Side::Supplier };
            let (name, action) = demand_steps(by)[step];
            let Ok(after) = case.next(&action, &of_demand(now)) else { continue };
            prop_assert!(case.is_open());
            prop_assert!(after.is_open() || (purchaser && matches!(name, "verified" | "withdrawn")));
            prop_assert_eq!(after.due_at, due.filter(|_| after.is_open()));
            prop_assert!(!case.overdue || after.overdue);
            case = after;
        }
        if case.is_open() && !case.overdue {
            let late = case.next(&demand::Action::Lapse, &of_demand(due.unwrap().max(now))).unwrap();
            prop_assert!(late.overdue);
        }
    }
}

#[test]
fn five_working_days_of_a_demand_end_with_the_service_of_the_fifth() {
    let raised = demand::Case::raised(&of_demand(at("2026-02-13T02:00:00Z")));
    let due = raised.due_at.unwrap().with_timezone(&calendar::SHANGHAI);
    assert_eq!(
        due.date_naive(),
        day("2026-02-27"),
        "over the new year's holiday"
    );
}

// ---- a transition

fn transition_steps() -> Vec<(&'static str, transition::Action)> {
    use transition::Action;
    let mut all = vec![("parallel_begun", Action::BeginParallel)];
    for by in [Side::Purchaser, Side::Supplier] {
        for seats_empty in [0, 1] {
            all.push(("signed_off", Action::SignOff { by, seats_empty }));
        }
    }
    for unsigned in [0, 1] {
        for items_open in [0, 2] {
            all.push((
                "completed",
                Action::Complete {
                    unsigned,
                    items_open,
                },
            ));
        }
    }
    all
}

#[test]
fn the_readme_draws_a_transition_as_it_is() {
    let steps: Vec<(&str, Step<transition::Case>)> = transition_steps()
        .into_iter()
        .map(|(name, action)| {
            let step: Step<transition::Case> = Box::new(move |case, _now| case.next(&action).ok());
            (name, step)
        })
        .collect();
    let drawn = diagram(
        &[transition::Case::preparing()],
        |case| case.state.as_str(),
        &steps,
    );
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Transition", &drawn);
}

proptest! {
    #[test]
    fn no_sequence_completes_a_transition_with_a_gap_or_an_unsigned_contract(
        walk in prop::collection::vec(0..transition_steps().len(), 0..40),
    ) {
        use transition::{Action, TransitionState};
        let steps = transition_steps();
        let mut case = transition::Case::preparing();
        for step in walk {
            let (_, action) = steps[step];
            let Ok(after) = case.next(&action) else { continue };
            match after.state {
                TransitionState::Live => {
                    prop_assert_eq!(action, Action::SignOff { by: Side::Purchaser, seats_empty: 0 });
                }
                TransitionState::Completed => {
                    prop_assert_eq!(action, Action::Complete { unsigned: 0, items_open: 0 });
                }
                _ => {}
            }
            case = after;
        }
    }
}

// ---- a month of wages

pub fn month_steps() -> Vec<(&'static str, wage::Action)> {
    use wage::Action;
    let mut all = vec![("written", Action::Write)];
    for by in [Side::Supplier, Side::Purchaser] {
        all.push(("confirmed", Action::Confirm { by }));
        all.push(("returned", Action::Return { by }));
        for (over, missing) in [(true, 0), (true, 2), (false, 0)] {
            all.push(("submitted", Action::Submit { by, over, missing }));
        }
    }
    all
}

#[test]
fn the_readme_draws_a_month_of_wages_as_it_is() {
    let steps: Vec<(&str, Step<wage::Case>)> = month_steps()
        .into_iter()
        .map(|(name, action)| {
            let step: Step<wage::Case> = Box::new(move |case, _now| case.next(&action).ok());
            (name, step)
        })
        .collect();
    let drawn = diagram(&[wage::Case::open()], |case| case.state.as_str(), &steps);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Month of wages", &drawn);
}
