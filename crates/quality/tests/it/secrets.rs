//! Whatever people try, the agent sees nothing unreleased, and nothing closes without a second person.

use kernel::Side;
use kernel::machine::Moment;
use proptest::prelude::*;
use quality::corrective::{self, CorrectiveSource, CorrectiveState};
use quality::evaluation::{Action, Case};
use uuid::Uuid;

use crate::machines::{AGENT, COMPLAINED, EVERYBODY, STEPS, at, corrective_steps, service, terms};

proptest! {
    #[test]
    fn no_sequence_of_steps_shows_the_agent_an_unreleased_score(
        tried in proptest::collection::vec((0_usize..6, 0_usize..17, any::<bool>()), 0..60),
    ) {
        let (service, rules) = (service(), terms());
        let drawn = Moment { now: at("2026-11-27T02:00:00Z"), service: &service, rules: &rules };
        let mut case = Case::sampled(AGENT, Some(COMPLAINED), &drawn);
        let mut released = false;
        for (by, step, late) in tried {
            let now = if late { "2027-01-28T02:00:00Z" } else { "2026-11-27T02:00:00Z" };
            let moment = Moment { now: at(now), service: &service, rules: &rules };
            let Ok(after) = case.next(EVERYBODY[by], &STEPS[step].1, &moment) else { continue };
            if STEPS[step].1 == Action::Release {
                prop_assert!(EVERYBODY[by].0 != AGENT && after.reviewer.is_some());
                released = true;
            }
            case = after;
            prop_assert_eq!(case.seen_by(AGENT), released);
            prop_assert!(!case.seen_by(COMPLAINED));
        }
    }

    #[test]
    fn no_sequence_of_steps_closes_an_action_without_a_second_person(
        tried in proptest::collection::vec((0_usize..6, 0_usize..11), 0..80),
        complaint in any::<bool>(),
    ) {
        let now = at("2026-11-27T02:00:00Z");
        let source = if complaint { CorrectiveSource::Complaint } else { CorrectiveSource::ByHand };
        let owner = EVERYBODY[2].0;
        let due = now + chrono::TimeDelta::days(1);
        let mut case = corrective::Case::opened(source, owner, Some(AGENT), due);
        let (mut did, mut verified): (Vec<Uuid>, Option<(Uuid, Side)>) = (Vec::new(), None);
        for (by, step) in tried {
            let action = corrective_steps(now)[step].1;
            let Ok(after) = case.next(EVERYBODY[by], &action, now) else { continue };
            match action {
                corrective::Action::Finish => did = vec![EVERYBODY[by].0],
                corrective::Action::Verify => verified = Some(EVERYBODY[by]),
                _ => {}
            }
            case = after;
        }
        if case.state == CorrectiveState::Closed {
            let (verified, _) = verified.unwrap();
            prop_assert!(did.iter().all(|by| *by != verified));
            prop_assert!(verified != case.owner && verified != AGENT);
        }
    }
}
