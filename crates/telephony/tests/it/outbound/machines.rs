//! The state machines of outbound calls under the test of all machines, and their diagrams in the README.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Calendar, DeadlineRule, ServiceClock, ServiceHours, YearCalendar};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use telephony::outbound::callback::{self, Terms};
use telephony::outbound::follow_up::{self, AttemptOutcome, half_day, next_half_day};
use testing::diagram::{drawn, is_drawn};
use uuid::Uuid;

fn monday_10() -> DateTime<Utc> {
    testing::MONDAY_10.parse().unwrap()
}

fn service() -> ServiceClock {
    ServiceClock::new(
        Calendar::new([YearCalendar::weekends(2026), YearCalendar::weekends(2027)]),
        ServiceHours::default(),
    )
}

fn terms() -> Terms {
    Terms {
        within: DeadlineRule::service_minutes("t", 30),
        warning: DeadlineRule::service_minutes("t", 20),
        attempts: 3,
    }
}

fn at<'a>(now: DateTime<Utc>, service: &'a ServiceClock, rules: &'a Terms) -> callback::Moment<'a> {
    callback::Moment {
        now,
        service,
        rules,
    }
}

fn steps(now: DateTime<Utc>) -> [(&'static str, callback::Action); 12] {
    use callback::Action::{
        Assign, Attempt, CallIn, Erased, GiveUp, Miss, NobodyThere, Settle, Sign,
    };
    let to = Uuid::from_u128;
    [
        ("missed", Miss),
        ("assigned", Assign { to: to(1) }),
        ("assigned", Assign { to: to(2) }),
        ("nobody_there", NobodyThere),
        (
            "attempted",
            Attempt {
                at: now,
                reached: false,
            },
        ),
        (
            "reached",
            Attempt {
                at: now,
                reached: true,
            },
        ),
        ("called_in", CallIn),
        ("erased", Erased),
        ("settled", Settle),
        ("given_up", GiveUp { lead: false }),
        ("given_up", GiveUp { lead: true }),
        ("signed", Sign),
    ]
}

proptest! {
    #[test]
    fn an_open_call_back_is_somebodys_or_somebody_is_looked_for(
        walk in prop::collection::vec((0..12usize, 0i64..40), 0..60),
    ) {
        let (service, terms) = (service(), terms());
        let mut now = monday_10();
        let mut case = callback::Case::missed(now, false, &at(now, &service, &terms));
        let (due, mut signs) = (case.due_at, 0);
        for (step, later) in walk {
            now += TimeDelta::minutes(later);
            let moment = at(now, &service, &terms);
            let (_, action) = steps(now)[step];
            if let Ok(after) = case.next(&action, &moment) {
                prop_assert!(case.is_open(), "what is over takes no step");
                prop_assert_eq!(after.due_at, due, "nothing moves the time");
                prop_assert!(after.attempts >= case.attempts && after.missed >= case.missed);
                if matches!(action, callback::Action::Sign) {
                    signs += 1;
                }
                if case.in_time().is_some() {
                    prop_assert_eq!(after.in_time(), case.in_time(), "what is settled stays");
                }
                case = after;
            }
            prop_assert!(signs <= 2, "a warning and a breach");
            if case.is_open() {
                prop_assert!(case.owner.is_some() || case.alarm_at().is_some(), "{:?}", case);
                if case.first_attempt_at.is_none() && !case.breached {
                    prop_assert!(case.alarm_at().is_some_and(|alarm| alarm <= case.due_at.max(now)));
                }
            } else {
                prop_assert!(case.alarm_at().is_none());
            }
        }
    }

    #[test]
    fn nobody_is_called_twice_in_one_half_day_or_more_often_than_agreed(
        walk in prop::collection::vec((0..7usize, 0i64..900), 0..80),
    ) {
        use follow_up::{Action, Case, Moment, State, Terms};
        let (service, terms) = (service(), Terms { attempts: 3 });
        let mut now = monday_10();
        let mut case = Case::new(now);
        let mut called: Vec<DateTime<Utc>> = Vec::new();
        for (step, later) in walk {
            now += TimeDelta::minutes(later);
            let moment = Moment { now, service: &service, rules: &terms };
            let before = called.iter().rev().nth(1).copied();
            let action = [
                Action::Call,
                Action::NotPlaced { before },
                Action::Tell(AttemptOutcome::Busy),
                Action::Tell(AttemptOutcome::NoAnswer),
                Action::Tell(AttemptOutcome::Reached),
                Action::Tell(AttemptOutcome::Refused),
                Action::Tell(AttemptOutcome::WrongNumber),
            ][step];
            let Ok(after) = case.next(&action, &moment) else { continue };
            prop_assert!(case.is_open());
            match action {
                Action::Call => {
                    prop_assert!(called.iter().all(|before| half_day(*before) != half_day(now)));
                    called.push(now);
                }
                Action::NotPlaced { .. } => { called.pop(); }
                Action::Tell(_) => {}
            }
            case = after;
            prop_assert!(called.len() <= 3);
            prop_assert_eq!(case.attempts as usize, called.len());
            prop_assert_eq!(case.last, called.last().copied());
            prop_assert_eq!(case.state == State::Waiting, case.next_at.is_some());
        }
    }
}

#[test]
fn the_next_half_day_is_one_of_service() {
    let service = service();
    let next = |text: &str| {
        let at: DateTime<Utc> = text.parse().unwrap();
        next_half_day(&service, at).to_rfc3339()
    };
    // Monday morning, afternoon, evening; Friday afternoon; Saturday.
    assert_eq!(next("2026-11-23T02:00:00Z"), "2026-11-23T05:30:00+00:00");
    assert_eq!(next("2026-11-23T07:00:00Z"), "2026-11-24T00:30:00+00:00");
    assert_eq!(next("2026-11-23T11:30:00Z"), "2026-11-24T00:30:00+00:00");
    assert_eq!(next("2026-11-27T07:00:00Z"), "2026-11-30T00:30:00+00:00");
    assert_eq!(next("2026-11-28T03:00:00Z"), "2026-11-30T00:30:00+00:00");
}

#[test]
fn a_call_missed_before_noon_is_due_after_it() {
    let (service, terms) = (service(), terms());
    let missed: DateTime<Utc> = "2026-11-23T03:50:00Z".parse().unwrap();
    let case = callback::Case::missed(missed, false, &at(missed, &service, &terms));
    // Ten minutes before noon and twenty after half past one.
    assert_eq!(case.due_at.to_rfc3339(), "2026-11-23T05:50:00+00:00");
    assert_eq!(case.warn_at.to_rfc3339(), "2026-11-23T05:40:00+00:00");
}

fn callback_diagram() -> String {
    let (service, terms) = (service(), terms());
    let mut edges = BTreeMap::<_, BTreeSet<&'static str>>::new();
    let start = callback::Case::missed(monday_10(), false, &at(monday_10(), &service, &terms));
    let late = start.due_at;
    let (mut reached, mut next) = (vec![start], 0);
    while let Some(case) = reached.get(next).cloned() {
        next += 1;
        for now in [monday_10(), late] {
            for (name, action) in steps(now) {
                let Ok(after) = case.next(&action, &at(now, &service, &terms)) else {
                    continue;
                };
                let edge = (case.state.as_str(), after.state.as_str());
                edges.entry(edge).or_default().insert(name);
                if after.attempts <= 3 && after.missed <= 2 && !reached.contains(&after) {
                    reached.push(after);
                }
            }
        }
    }
    drawn(&["open", "no_number"], &edges)
}

fn follow_up_diagram() -> String {
    use follow_up::{Action, Case, Moment, Terms};
    let (service, terms) = (service(), Terms { attempts: 3 });
    let mut edges = BTreeMap::<_, BTreeSet<&'static str>>::new();
    let mut steps = vec![
        ("called", Action::Call),
        ("not_placed", Action::NotPlaced { before: None }),
    ];
    steps.extend(
        AttemptOutcome::ALL
            .iter()
            .map(|told| (told.as_str(), Action::Tell(*told))),
    );
    let (mut reached, mut next) = (vec![Case::new(monday_10())], 0);
    while let Some(case) = reached.get(next).cloned() {
        next += 1;
        for day in 0..3 {
            let moment = Moment {
                now: monday_10() + TimeDelta::days(day),
                service: &service,
                rules: &terms,
            };
            for (name, action) in &steps {
                let Ok(after) = case.next(action, &moment) else {
                    continue;
                };
                let edge = (case.state.as_str(), after.state.as_str());
                edges.entry(edge).or_default().insert(name);
                if !reached.contains(&after) {
                    reached.push(after);
                }
            }
        }
    }
    drawn(&["waiting"], &edges)
}

#[test]
fn the_readme_draws_the_machines_as_they_are() {
    is_drawn(env!("CARGO_MANIFEST_DIR"), "Call-back", &callback_diagram());
    is_drawn(
        env!("CARGO_MANIFEST_DIR"),
        "Follow-up",
        &follow_up_diagram(),
    );
}
