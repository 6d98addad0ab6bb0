//! The machine of returns under its laws, and its diagram in the README.

use std::collections::{BTreeMap, HashSet};

use carry::data_return::{Action, Case, ReturnState};
use kernel::Side;
use testing::diagram::{Edges, drawn, is_drawn};

fn steps() -> Vec<(&'static str, Action)> {
    let mut all = vec![("deleted", Action::Finish)];
    for by in [Side::Purchaser, Side::Supplier] {
        for yes in [true, false] {
            for day in [true, false] {
                let same = yes;
                all.push(("received", Action::Receive { by, same, day }));
            }
            all.push(("deletion_begun", Action::Delete { by, over: yes }));
            all.push(("medium_told", Action::Attest { by, first: yes }));
        }
        all.push(("withdrawn", Action::Withdraw { by }));
        all.push(("signed", Action::Sign { by }));
        all.push(("accepted", Action::Accept { by }));
        all.push(("sent_back", Action::SendBack { by }));
    }
    all
}

/// Nothing is deleted that the purchaser does not hold or while the contract runs, nothing is signed of which something
/// is unsaid, and only the purchaser closes.
#[test]
fn nothing_is_deleted_unheld_and_the_readme_draws_it() {
    let mut edges: Edges = BTreeMap::new();
    let (mut reached, mut seen, mut next) = (vec![Case::offered()], HashSet::new(), 0);
    while next < reached.len() {
        let case = reached[next];
        next += 1;
        for (name, action) in steps() {
            let Ok(after) = case.next(&action) else {
                continue;
            };
            assert!(case.is_open(), "{case:?} {action:?}");
            match action {
                Action::Receive { by, same, day } => assert!(by == Side::Purchaser && same && day),
                Action::Delete { by, over } => {
                    assert!(by == Side::Supplier && over && case.state != ReturnState::Offered);
                }
                Action::Sign { by } => assert!(by == Side::Supplier && case.unsaid == 0),
                Action::Accept { by } | Action::SendBack { by } => assert_eq!(by, Side::Purchaser),
                Action::Attest { by, .. } | Action::Withdraw { by } => {
                    assert_eq!(by, Side::Supplier);
                }
                Action::Finish => {}
            }
            if case.state != after.state {
                let edge = (case.state.as_str(), after.state.as_str());
                edges.entry(edge).or_default().insert(name);
            }
            if seen.insert(after) {
                reached.push(after);
            }
        }
    }
    let diagram = drawn(&["offered"], &edges);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Data return", &diagram);
}
