//! The machines under their laws, and their diagrams in the README.

use std::collections::{BTreeMap, HashSet};

use calendar::{Calendar, DeadlineRule, ServiceClock, ServiceHours, YearCalendar, YearNotice};
use chrono::{DateTime, Utc};
use kernel::Side;
use kernel::machine::Moment;
use quality::corrective::{self, CorrectiveSource};
use quality::evaluation::{Action, Case, Terms};
use quality::{calibration, evaluation, transcript};
use testing::diagram::{Edges, drawn, is_drawn};
use uuid::Uuid;

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn service() -> ServiceClock {
    let notices = calendar::SHIPPED.iter();
    let years = notices.map(|notice| {
        let notice: YearNotice = serde_json::from_str(notice).unwrap();
        YearCalendar::from_notice(&notice).unwrap()
    });
    ServiceClock::new(Calendar::new(years), ServiceHours::default())
}

pub fn terms() -> Terms {
    Terms {
        scoring: DeadlineRule::working_days("scoring", 10),
        release: DeadlineRule::working_days("release", 3),
        reminder: 1,
        appeal: DeadlineRule::working_days("appeal", 5),
        answer: DeadlineRule::working_days("answer", 5),
        difference_tenths: 50,
    }
}

pub const AGENT: Uuid = Uuid::from_u128(1);
pub const COMPLAINED: Uuid = Uuid::from_u128(2);
pub const ONE: Uuid = Uuid::from_u128(3);
pub const OTHER: Uuid = Uuid::from_u128(4);
pub const THIRD: Uuid = Uuid::from_u128(5);
pub const PURCHASER: Uuid = Uuid::from_u128(6);

pub const EVERYBODY: [(Uuid, Side); 6] = [
    (AGENT, Side::Supplier),
    (COMPLAINED, Side::Supplier),
    (ONE, Side::Supplier),
    (OTHER, Side::Supplier),
    (THIRD, Side::Supplier),
    (PURCHASER, Side::Purchaser),
];

/// Every step with the name of its event.
pub const STEPS: [(&str, Action); 18] = [
    ("assigned", Action::Assign(ONE)),
    ("assigned", Action::Assign(AGENT)),
    ("scored", Action::Score),
    ("second_scored", Action::Second(50)),
    ("second_scored", Action::Second(51)),
    ("purchaser_scored", Action::PurchaserScore(50)),
    ("purchaser_scored", Action::PurchaserScore(51)),
    ("settled", Action::Settle(0)),
    ("released", Action::Release),
    ("acknowledged", Action::Acknowledge),
    ("appealed", Action::Appeal),
    ("rescored", Action::Rescore(0)),
    ("corrected", Action::Correct),
    ("voided", Action::Void { was_his: false }),
    ("voided", Action::Void { was_his: true }),
    ("lapsed", Action::Lapse),
    ("settled", Action::Settle(51)),
    ("rescored", Action::Rescore(51)),
];

#[test]
fn nobody_judges_himself_and_the_readme_draws_an_evaluation() {
    use evaluation::EvaluationState as S;
    let (service, rules) = (service(), terms());
    let mut edges: Edges = BTreeMap::new();
    let drawn_at = Moment {
        now: at("2026-11-27T02:00:00Z"),
        service: &service,
        rules: &rules,
    };
    let first = Case::sampled(AGENT, Some(COMPLAINED), &drawn_at);
    let (mut reached, mut seen, mut next) = (vec![first], HashSet::new(), 0);
    while next < reached.len() && next < 5_000 {
        let case = reached[next];
        next += 1;
        for now in ["2026-11-27T02:00:00Z", "2026-12-28T02:00:00Z"].map(at) {
            let moment = Moment {
                now,
                service: &service,
                rules: &rules,
            };
            for (by, (name, action)) in EVERYBODY
                .iter()
                .flat_map(|by| STEPS.iter().map(move |step| (by, step)))
            {
                let Ok(after) = case.next(*by, action, &moment) else {
                    continue;
                };
                let his = matches!(action, Action::Acknowledge | Action::Appeal);
                assert!(
                    *action == Action::Lapse || his == (by.0 == AGENT),
                    "{by:?} {action:?}"
                );
                assert!(*action == Action::Lapse || by.0 != COMPLAINED, "{action:?}");
                assert!(*action != Action::Void { was_his: true }, "{case:?}");
                assert!(
                    !case.is_released() || after.is_released(),
                    "{case:?} {action:?}"
                );
                let gave = [case.reviewer, case.second, case.standing];
                assert!(!matches!(action, Action::Rescore(_)) || !gave.contains(&Some(by.0)));
                assert!(
                    after.state != S::Final || case.state == S::Final || !case.unsettled.any(),
                    "{case:?} {action:?}"
                );
                if case.state != after.state {
                    let edge = (case.state.as_str(), after.state.as_str());
                    edges.entry(edge).or_default().insert(*name);
                }
                if seen.insert(format!("{after:?}")) {
                    reached.push(after);
                }
            }
        }
    }
    let diagram = drawn(&["sampled"], &edges);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "An evaluation", &diagram);
}

#[test]
fn an_appeal_has_five_working_days_and_an_answer_five_more() {
    let (service, rules) = (service(), terms());
    let moment = |now| Moment {
        now: at(now),
        service: &service,
        rules: &rules,
    };
    let due = |case: &Case| kernel::day::text(kernel::day::of(case.due_at.unwrap()));
    let (one, agent) = ((ONE, Side::Supplier), (AGENT, Side::Supplier));
    // Friday; the National Day is not near.
    let released = moment("2026-11-27T02:00:00Z");
    let case = Case::sampled(AGENT, None, &released);
    assert_eq!(due(&case), "2026-12-11");
    let reminded = at("2026-12-10T10:00:00Z");
    assert_eq!(
        kernel::day::of(case.alarm_at.unwrap()),
        kernel::day::of(reminded)
    );
    let reminded = case.next(one, &Action::Lapse, &moment("2026-12-11T01:00:00Z"));
    let reminded = reminded.unwrap();
    assert!(!reminded.overdue && reminded.alarm_at == case.due_at);
    let late = reminded.next(one, &Action::Lapse, &moment("2026-12-12T01:00:00Z"));
    assert!(late.unwrap().overdue);
    let case = case.next(one, &Action::Score, &released).unwrap();
    let case = case.next(one, &Action::Release, &released).unwrap();
    assert_eq!(due(&case), "2026-12-04");
    let late = case.next(agent, &Action::Appeal, &moment("2026-12-05T02:00:00Z"));
    assert_eq!(late.unwrap_err().code(), "evaluation_appeal_late");
    let appealed = moment("2026-12-01T02:00:00Z");
    let case = case.next(agent, &Action::Appeal, &appealed).unwrap();
    assert_eq!(due(&case), "2026-12-08");
    let own = case.next(one, &Action::Rescore(0), &appealed);
    assert_eq!(own.unwrap_err().code(), "evaluation_same_person");
    let case = case
        .next((OTHER, Side::Supplier), &Action::Rescore(0), &appealed)
        .unwrap();
    let again = case.next(agent, &Action::Appeal, &appealed);
    assert_eq!(again.unwrap_err().code(), "evaluation_appealed_before");
    let case = case
        .next(one, &Action::Lapse, &moment("2026-12-20T02:00:00Z"))
        .unwrap();
    assert_eq!(
        case.state,
        evaluation::EvaluationState::Final,
        "who says nothing agrees"
    );
}

pub fn corrective_steps(now: DateTime<Utc>) -> Vec<(&'static str, corrective::Action)> {
    use corrective::Action as A;
    let due = now + chrono::TimeDelta::days(5);
    vec![
        ("planned", A::Plan(due)),
        ("reassigned", A::Reassign(OTHER)),
        ("coaching_planned", A::Coach),
        ("coached", A::Coached),
        ("coaching_missed", A::CalledOff),
        ("finished", A::Finish),
        ("verified", A::Verify),
        ("sent_back", A::SendBack(due)),
        ("closed", A::Close),
        ("withdrawn", A::Withdraw),
        ("overdue", A::Lapse),
    ]
}

#[test]
fn nothing_closes_without_a_second_person_and_the_readme_draws_a_corrective_action() {
    use corrective::CorrectiveState as S;
    let mut edges: Edges = BTreeMap::new();
    let now = at("2026-11-27T02:00:00Z");
    let due = now + chrono::TimeDelta::days(1);
    let sources = [CorrectiveSource::ByHand, CorrectiveSource::Complaint];
    let mut reached: Vec<_> = sources
        .map(|source| corrective::Case::opened(source, ONE, Some(AGENT), due))
        .to_vec();
    let (mut seen, mut next) = (HashSet::new(), 0);
    while next < reached.len() && next < 5_000 {
        let case = reached[next];
        next += 1;
        for now in [now, due] {
            for by in EVERYBODY {
                for (name, action) in corrective_steps(now) {
                    let Ok(after) = case.next(by, &action, now) else {
                        continue;
                    };
                    if after.state == S::Closed {
                        let (done, verified) = (after.done_by.unwrap(), after.verified_by.unwrap());
                        assert!(done != verified && verified != after.owner, "{after:?}");
                        assert!(!after.coaching);
                        assert!(
                            case.source != CorrectiveSource::Complaint || by.1 == Side::Purchaser
                        );
                    }
                    if case.state != after.state {
                        let edge = (case.state.as_str(), after.state.as_str());
                        edges.entry(edge).or_default().insert(name);
                    }
                    let key = format!(
                        "{:?}",
                        corrective::Case {
                            rounds: after.rounds.min(2),
                            ..after
                        }
                    );
                    if seen.insert(key) {
                        reached.push(after);
                    }
                }
            }
        }
    }
    let diagram = drawn(&["open"], &edges);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "A corrective action", &diagram);
}

#[test]
fn a_calibration_is_blind_until_it_is_revealed() {
    use calibration::{Action, CalibrationState};
    let case = calibration::Case {
        state: CalibrationState::Blind,
        expert: ONE,
        agent: AGENT,
        scored: Vec::new(),
    };
    let code =
        |refused: Result<calibration::Case, calibration::Refusal>| refused.unwrap_err().code();
    assert_eq!(
        code(case.next(AGENT, Action::Score)),
        "calibration_of_oneself"
    );
    let case = case.next(OTHER, Action::Score).unwrap();
    assert_eq!(code(case.next(OTHER, Action::Score)), "calibration_scored");
    assert_eq!(
        code(case.next(ONE, Action::Reveal)),
        "calibration_no_expert"
    );
    let case = case.next(ONE, Action::Score).unwrap();
    assert!(case.shows(ONE, ONE) && !case.shows(ONE, OTHER));
    let case = case.next(THIRD, Action::Reveal).unwrap();
    assert!(case.shows(ONE, OTHER));
    assert_eq!(code(case.next(THIRD, Action::Score)), "calibration_ended");
    let mut edges: Edges = BTreeMap::new();
    edges
        .entry(("blind", "revealed"))
        .or_default()
        .insert("revealed");
    edges
        .entry(("blind", "cancelled"))
        .or_default()
        .insert("cancelled");
    let diagram = drawn(&["blind"], &edges);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "A calibration", &diagram);
}

#[test]
fn words_are_tried_again_so_often_and_the_readme_draws_it() {
    use transcript::{Action, Case, TranscriptFailure as F, TranscriptState as S};
    let steps = [
        ("asked", Action::Ask),
        ("tried", Action::Try),
        ("made", Action::Hear),
        ("failed", Action::Fail(F::Unavailable, 2)),
        ("failed", Action::Fail(F::Malformed, 2)),
    ];
    let mut edges: Edges = BTreeMap::new();
    let (mut reached, mut next) = (vec![Case::asked()], 0);
    while next < reached.len() {
        let case = reached[next];
        next += 1;
        for (name, action) in steps {
            let Ok(after) = case.next(action) else {
                assert!(
                    case.state != S::Waiting || action == Action::Ask,
                    "{case:?}"
                );
                continue;
            };
            if case.state != after.state {
                let edge = (case.state.as_str(), after.state.as_str());
                edges.entry(edge).or_default().insert(name);
            }
            if after.attempts < 5 && !reached.contains(&after) {
                reached.push(after);
            }
        }
    }
    let tried =
        |times: u32| (0..times).fold(Case::asked(), |case, _| case.next(Action::Try).unwrap());
    let busy = Action::Fail(F::Unavailable, 2);
    assert_eq!(tried(1).next(busy).unwrap().state, S::Waiting);
    assert_eq!(tried(2).next(busy).unwrap().state, S::Failed);
    let garbage = Action::Fail(F::Malformed, 2);
    assert_eq!(tried(1).next(garbage).unwrap().state, S::Failed);
    let pauses = [1, 2, 3, 20].map(|times| tried(times).pause().num_seconds());
    assert_eq!(pauses, [30, 60, 120, 3_600]);
    let diagram = drawn(&["waiting"], &edges);
    is_drawn(
        env!("CARGO_MANIFEST_DIR"),
        "The words of a recording",
        &diagram,
    );
}
