//! Contact records and the words of this crate, as pure rules.

use proptest::prelude::*;
use tickets::contact::{self, DraftFate, WrapUp};
use tickets::words::{ContactResult, RequestType};
use uuid::Uuid;

fn contact_action() -> impl Strategy<Value = contact::Action> {
    use contact::Action::{Complete, Miss, RunOut, Save};
    prop::sample::select(vec![Save, Complete, RunOut, Miss])
}

fn wrap_up() -> impl Strategy<Value = WrapUp> {
    let words = (
        prop::option::of(prop::sample::select(RequestType::ALL)),
        prop::option::of(Just("106".to_owned())),
        prop::option::of(prop::sample::select(ContactResult::ALL)),
        prop::sample::select(vec!["", "  ", "问缴费"]),
        prop::option::of(Just(Uuid::from_u128(7))),
    );
    words.prop_map(
        |(request_type, matter, result, summary, ticket_id)| WrapUp {
            request_type,
            matter,
            result,
            summary: summary.to_owned(),
            articles: Vec::new(),
            ticket_id,
        },
    )
}

proptest! {
    #[test]
    fn a_contact_record_is_completed_at_most_once_and_a_debt_is_never_forgotten(
        answered: bool, actions in prop::collection::vec(contact_action(), 0..30)
    ) {
        let mut state = contact::State::Draft;
        for action in actions {
            if let Ok(next) = state.next(action, answered) {
                prop_assert!(!matches!(state, contact::State::Complete | contact::State::Missed));
                prop_assert_eq!(next == contact::State::Missed, !answered);
                if state == contact::State::Owed {
                    prop_assert!(matches!(next, contact::State::Owed | contact::State::Complete));
                }
                state = next;
            }
        }
    }

    #[test]
    fn a_settled_wrap_up_has_a_result_and_a_classification_where_one_is_due(wrap_up in wrap_up()) {
        let asked = wrap_up.clone();
        let Ok(settled) = wrap_up.settle() else { return Ok(()) };
        let done = &settled.wrap_up;
        prop_assert_eq!(asked.result, Some(settled.result));
        prop_assert_eq!(done.ticket_id.is_some(), settled.result == ContactResult::Attached);
        match settled.result {
            ContactResult::Misdial | ContactResult::Silent | ContactResult::Harassment => {
                prop_assert!(done.request_type.is_none() && done.matter.is_none());
            }
            ContactResult::Attached => {}
            _ => prop_assert!(done.request_type.is_some() && done.matter.is_some()),
        }
        let opens = settled.draft == DraftFate::Open;
        prop_assert_eq!(opens, matches!(settled.result, ContactResult::FollowUp | ContactResult::Forwarded));
        prop_assert!(!opens || !done.summary.trim().is_empty());
        let grave = matches!(asked.request_type, Some(RequestType::Complaint | RequestType::Report));
        prop_assert!(!(grave && settled.result == ContactResult::Answered), "a complaint was answered away");
    }
}

#[test]
fn every_word_is_found_by_its_code() {
    for word in RequestType::ALL {
        assert_eq!(RequestType::parse(word.as_str()), Some(*word));
        assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
    }
    for word in ContactResult::ALL {
        assert_eq!(ContactResult::parse(word.as_str()), Some(*word));
        assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
    }
}
