//! The state machine of conversations under the test of all machines, and its diagram in the README.

use std::collections::BTreeSet;

use channels::conversation::{Action, Case, EndReason, Moment, State};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use testing::diagram::{Edges, drawn, is_drawn};
use uuid::Uuid;

const AGENT: Uuid = Uuid::from_u128(1);

const STEPS: [(&str, Action); 9] = [
    ("taken", Action::Take(AGENT)),
    ("put_back", Action::PutBack),
    ("ended", Action::End(EndReason::Agent)),
    ("left", Action::Leave(EndReason::AfterHours)),
    ("resumed", Action::Resume),
    ("extended", Action::Extend),
    ("closed", Action::Close),
    ("run_out", Action::RunOut),
    ("ended", Action::End(EndReason::Abandoned)),
];

fn at(now: DateTime<Utc>) -> Moment {
    Moment {
        now,
        wrap_up: TimeDelta::minutes(1),
        max_extensions: 2,
        idle: TimeDelta::minutes(10),
        left: TimeDelta::hours(72),
    }
}

fn monday_10() -> DateTime<Utc> {
    testing::MONDAY_10.parse().unwrap()
}

proptest! {
    #[test]
    fn an_open_conversation_has_a_next_step_and_a_talk_a_clock(
        walk in prop::collection::vec((0..=STEPS.len(), 0i64..600), 0..60),
    ) {
        let (mut case, mut now) = (Case::opened(), monday_10());
        for (step, later) in walk {
            now += TimeDelta::seconds(later);
            let before = case;
            case = match STEPS.get(step) {
                Some((_, action)) => case.next(*action, &at(now)).unwrap_or(case),
                // The requester writes.
                None => case.heard(&at(now)),
            };
            prop_assert!(before.is_open() || case == before, "what is over does not change");
            let leads_on = STEPS.iter().any(|(_, action)| case.next(*action, &at(now)).is_ok());
            prop_assert_eq!(case.is_open(), leads_on, "{:?}", case);
            // What waits has the clock of its queue; the others have their own.
            let clocked = matches!(case.state, State::Active | State::WrapUp | State::Left);
            prop_assert_eq!(case.due_at.is_some(), clocked, "{:?}", case);
            prop_assert!(case.extensions <= 2, "{:?}", case);
            prop_assert!(case.state != State::Active || case.agent.is_some(), "{:?}", case);
            // Who writes in a talk that was over has it open again.
            if before.state == State::WrapUp && STEPS.get(step).is_none() {
                prop_assert_eq!(case.state, State::Active);
            }
        }
    }
}

fn diagram() -> String {
    let mut edges = Edges::new();
    let (mut reached, mut next) = (vec![Case::opened()], 0);
    let mut seen = BTreeSet::from([Case::opened().state.as_str()]);
    while let Some(case) = reached.get(next).copied() {
        next += 1;
        let mut leads = |name: &'static str, after: Case| {
            let (from, to) = (case.state.as_str(), after.state.as_str());
            if from != to {
                edges.entry((from, to)).or_default().insert(name);
            }
            if seen.insert(to) {
                reached.push(after);
            }
        };
        for (name, action) in STEPS {
            if let Ok(after) = case.next(action, &at(monday_10())) {
                leads(name, after);
            }
        }
        leads("heard", case.heard(&at(monday_10())));
    }
    drawn(&["waiting"], &edges)
}

#[test]
fn the_readme_draws_the_machine_as_it_is() {
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Conversation", &diagram());
}
