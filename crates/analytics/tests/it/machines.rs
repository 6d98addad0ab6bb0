//! Every state machine of this crate, drawn into the README as it is.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;

use analytics::performance::{self, plan};
use analytics::topics;
use testing::diagram::{Edges, drawn, is_drawn};

fn draws<C: Clone + Debug>(
    heading: &str,
    starts: &[C],
    state: fn(&C) -> &'static str,
    steps: &[&'static str],
    step: impl Fn(&C, usize) -> Option<C>,
) -> Vec<C> {
    let mut edges: Edges = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut reached: Vec<C> = starts.to_vec();
    let mut next = 0;
    while next < reached.len() {
        let case = reached[next].clone();
        next += 1;
        for (n, name) in steps.iter().enumerate() {
            let Some(after) = step(&case, n) else {
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
    let starts: Vec<&str> = starts.iter().map(state).collect();
    is_drawn(env!("CARGO_MANIFEST_DIR"), heading, &drawn(&starts, &edges));
    reached
}

fn distinct<T: Eq + Hash>(all: impl IntoIterator<Item = T>) -> usize {
    all.into_iter().collect::<HashSet<_>>().len()
}

#[test]
fn the_readme_draws_a_topic_as_it_is() {
    use topics::Action as A;
    let steps = [
        (
            "edited",
            A::Edit {
                classed: true,
                advised: true,
            },
        ),
        (
            "edited",
            A::Edit {
                classed: false,
                advised: true,
            },
        ),
        ("reviewed", A::Review),
        ("published", A::Publish { own: true }),
        ("published", A::Publish { own: false }),
        ("dropped", A::Drop),
        ("merged", A::Merge),
        ("made", A::Spawn),
    ];
    let reached = draws(
        "A topic",
        &[topics::Case::found()],
        |case| case.state.as_str(),
        &steps.map(|(name, _)| name),
        |case, n| case.next(&steps[n].1).ok(),
    );
    for case in reached {
        use topics::TopicState as S;
        if matches!(case.state, S::Reviewed | S::Published) {
            assert!(
                case.classed && case.advised,
                "{case:?} is published without a word"
            );
        }
        let changes = steps
            .iter()
            .any(|(_, action)| case.next(action).is_ok_and(|after| after != case));
        assert_eq!(changes, case.is_open(), "{case:?}");
    }
}

#[test]
fn the_readme_draws_a_sheet_as_it_is() {
    use performance::Action as A;
    let steps = [
        ("calculated", A::Calculate),
        ("taken_off", A::TakeOff),
        ("checked", A::Check { own: true }),
        ("checked", A::Check { own: false }),
        ("released", A::Release),
        ("finished", A::Finish),
    ];
    let reached = draws(
        "A performance sheet",
        &[performance::Case::calculated()],
        |case| case.state.as_str(),
        &steps.map(|(name, _)| name),
        |case, n| case.next(&steps[n].1).ok(),
    );
    assert_eq!(
        distinct(reached.iter().map(|case| case.state)),
        performance::PerformanceState::ALL.len()
    );
}

#[test]
fn the_readme_draws_an_improvement_plan_as_it_is() {
    use plan::Action as A;
    let steps = [
        ("measured", A::Measure { value: 90 }),
        ("measured", A::Measure { value: 99 }),
        ("closed", A::Close),
    ];
    let reached = draws(
        "An improvement plan",
        &[plan::Case::opened(95, true), plan::Case::opened(95, false)],
        |case| case.state.as_str(),
        &steps.map(|(name, _)| name),
        |case, n| case.next(&steps[n].1).ok(),
    );
    for case in reached {
        use plan::ImprovementState as S;
        let good = case
            .after
            .is_some_and(|after| if case.rises { after >= 95 } else { after <= 95 });
        match case.state {
            S::Reached => assert!(good, "{case:?}"),
            S::Missed => assert!(!good, "{case:?}"),
            S::Open => assert_eq!(case.after, None),
            S::Measured => assert!(case.after.is_some()),
        }
    }
}
