//! The pure rules, under random orders of actions.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tickets::contact::{self, DraftFate, WrapUp};
use tickets::ticket::{self, Action, State};
use tickets::words::{ContactResult, RequestType};
use uuid::Uuid;

fn start() -> DateTime<Utc> {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

fn action() -> impl Strategy<Value = Action> {
    prop::sample::select(vec![
        Action::Open,
        Action::Void,
        Action::Close,
        Action::Edit,
    ])
}

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
            ticket_id,
        },
    )
}

proptest! {
    #[test]
    fn a_ticket_opens_once_ends_once_and_never_comes_back(actions in prop::collection::vec(action(), 0..30)) {
        let (mut state, mut opened, mut ended) = (State::Draft, 0, 0);
        for (minute, action) in actions.into_iter().enumerate() {
            let now = start() + TimeDelta::minutes(minute as i64);
            match state.next(action, now) {
                Ok(next) => {
                    prop_assert!(state.ended_at().is_none(), "{action:?} changed {state:?}");
                    opened += i32::from(state == State::Draft && next == State::Open);
                    if let Some(at) = next.ended_at() {
                        ended += 1;
                        prop_assert_eq!(at, now);
                        let expected = if state == State::Draft { State::Void { at } } else { State::Closed { at } };
                        prop_assert_eq!(next, expected);
                    }
                    prop_assert_eq!(State::of(next.as_str(), next.ended_at()), Some(next));
                    state = next;
                }
                // Only what is over, or an action out of turn, is refused.
                Err(refusal) => prop_assert!(state.ended_at().is_some() || action != Action::Edit, "{refusal:?}"),
            }
        }
        prop_assert!(opened <= 1 && ended <= 1);
    }

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
fn what_a_ticket_refuses_it_refuses_with_its_own_code() {
    let at = start();
    let code = |state: State, action| state.next(action, at).map_err(ticket::Refusal::code);
    assert_eq!(
        code(State::Draft, Action::Close),
        Err("ticket_still_a_draft")
    );
    assert_eq!(code(State::Open, Action::Open), Err("ticket_not_a_draft"));
    assert_eq!(code(State::Open, Action::Void), Err("ticket_not_a_draft"));
    assert_eq!(
        code(State::Closed { at }, Action::Edit),
        Err("ticket_closed")
    );
    assert_eq!(code(State::Void { at }, Action::Close), Err("ticket_void"));
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
