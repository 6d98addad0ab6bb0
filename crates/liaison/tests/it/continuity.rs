//! Plans of continuity: everybody is called, every step is somebody's, drills are half-yearly.

use chrono::NaiveDate;
use liaison::continuity::{ContinuityContact, ContinuityPlanBody, next_drill};
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn tree(calls: &[(usize, Option<usize>)]) -> ContinuityPlanBody {
    let contacts = calls.iter().map(|(who, by)| ContinuityContact {
        name: format!("甲{who}"),
        phone: "020-1".to_owned(),
        called_by: by.map(|by| format!("甲{by}")),
    });
    ContinuityPlanBody {
        roles: Vec::new(),
        steps: Vec::new(),
        contacts: contacts.collect(),
    }
}

proptest! {
    /// A tree reaches everybody exactly when following the calls up from each ends with somebody who is called first.
    #[test]
    fn everybody_of_a_contact_tree_is_called(by in prop::collection::vec(prop::option::of(0usize..8), 1..8)) {
        let calls: Vec<(usize, Option<usize>)> = by.iter().copied().enumerate().collect();
        let reached = (0..by.len()).all(|start| {
            let mut at = start;
            for _ in 0..=by.len() {
                match by.get(at) {
                    Some(None) => return true,
                    Some(Some(next)) => at = *next,
                    None => return false,
                }
            }
            false
        });
        prop_assert_eq!(tree(&calls).everybody_is_called(), reached);
    }
}

#[test]
fn nobody_is_called_twice_and_drills_are_half_yearly() {
    assert!(!tree(&[(1, None), (1, None)]).everybody_is_called());
    assert_eq!(next_drill(day("2026-02-13"), None), day("2026-08-13"));
    assert_eq!(
        next_drill(day("2026-02-13"), Some(day("2026-08-31"))),
        day("2027-02-28")
    );
}
