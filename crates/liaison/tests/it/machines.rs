//! Every state machine of this crate under its laws, and its diagram in the README.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::sync::LazyLock;

use calendar::{
    Calendar, DeadlineRule, Limit, ServiceClock, ServiceHours, YearCalendar, YearNotice,
};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Side;
use kernel::machine::Moment;
use liaison::{change, inspection, letter, meeting, rectification, urgent};
use proptest::prelude::*;
use testing::diagram::{Edges, drawn, is_drawn};

static SERVICE: LazyLock<ServiceClock> = LazyLock::new(|| {
    let notice: YearNotice = serde_json::from_str(calendar::SHIPPED[0]).unwrap();
    let year = YearCalendar::from_notice(&notice).unwrap();
    ServiceClock::new(Calendar::new(vec![year]), ServiceHours::default())
});

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn moment<R>(now: DateTime<Utc>, rules: &R) -> Moment<'_, R> {
    Moment {
        now,
        service: &SERVICE,
        rules,
    }
}

fn minutes(minutes: u32) -> DeadlineRule {
    DeadlineRule {
        id: "minutes".to_owned(),
        limit: Limit::ClockMinutes(minutes),
        late_receipt_is_next_day: true,
    }
}

const SIDES: [Side; 2] = [Side::Supplier, Side::Purchaser];

/// Draws what `step` leads to from `starts`, by any of so many steps with these names.
fn draws<C: Clone + Debug>(
    heading: &str,
    starts: &[C],
    state: fn(&C) -> &'static str,
    names: &[&'static str],
    step: impl Fn(&C, usize, DateTime<Utc>) -> Option<C>,
) {
    let mut edges: Edges = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut reached: Vec<C> = starts.to_vec();
    let mut next = 0;
    while next < reached.len() && next < 2_000 {
        let case = reached[next].clone();
        next += 1;
        for now in [
            "2026-09-18T02:00:00Z",
            "2026-12-01T02:00:00Z",
            "2026-12-30T02:00:00Z",
        ]
        .map(at)
        {
            for (n, name) in names.iter().enumerate() {
                let Some(after) = step(&case, n, now) else {
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
    is_drawn(env!("CARGO_MANIFEST_DIR"), heading, &drawn(&starts, &edges));
}

// ---- a letter

static LETTER: LazyLock<letter::Terms> = LazyLock::new(|| letter::Terms {
    receipt: DeadlineRule::working_days("receipt", 1),
    reply: Some(DeadlineRule::working_days("reply", 10)),
});

const LETTER_STEPS: [(&str, letter::Action); 13] = {
    use letter::Action as A;
    [
        ("submitted", A::Submit),
        ("returned", A::Return),
        ("reviewed", A::Review { author: false }),
        ("reviewed", A::Review { author: true }),
        ("signed", A::Sign),
        ("sealed", A::Seal),
        ("sent", A::Send),
        ("received", A::Receive),
        ("begun", A::Begin),
        ("replied", A::Reply),
        ("archived", A::Archive),
        ("voided", A::Void),
        ("overdue", A::Lapse),
    ]
};

#[test]
fn the_readme_draws_a_letter_as_it_is() {
    let names: Vec<&str> = LETTER_STEPS
        .iter()
        .chain(&LETTER_STEPS)
        .map(|(name, _)| *name)
        .collect();
    draws(
        "Letter",
        &[true, false].map(|wants| letter::Case::drafted(Side::Supplier, wants)),
        |case| case.state.as_str(),
        &names,
        |case, n, now| {
            let by = SIDES[n / LETTER_STEPS.len()];
            let (_, action) = LETTER_STEPS[n % LETTER_STEPS.len()];
            case.next(by, &action, &moment(now, &LETTER)).ok()
        },
    );
}

proptest! {
    /// A register of letters: whatever is tried with whichever of them in whatever order, the numbers are 1, 2, 3 …
    /// in the order of the signatures, none is given twice or to two, none is lost with a voided letter, and no
    /// letter comes to the other side that two did not write and one did not sign.
    #[test]
    fn no_sequence_loses_or_repeats_a_number(
        walk in prop::collection::vec((0..8usize, 0..LETTER_STEPS.len(), any::<bool>(), 0i64..900), 0..250),
    ) {
        use letter::{Action as A, LetterState as S};
        let mut now = at("2026-09-18T02:00:00Z");
        let mut letters: Vec<(letter::Case, Option<u32>)> =
            (0..8).map(|n| (letter::Case::drafted(Side::Supplier, n % 2 == 0), None)).collect();
        let mut last = 0;
        for (which, step, supplier, later) in walk {
            now += TimeDelta::minutes(later);
            let by = if supplier { Side::Supplier } else { Side::Purchaser };
            let (_, action) = LETTER_STEPS[step];
            let (case, number) = letters[which];
            let mut rules = LETTER.clone();
            if !case.wants_reply {
                rules.reply = None;
            }
            let Ok(after) = case.next(by, &action, &moment(now, &rules)) else { continue };
            prop_assert!(case.is_open(), "what is over does not change");
            let mut given = number;
            if after.numbered && !case.numbered {
                prop_assert!(action == A::Sign && by == Side::Supplier && case.reviewed);
                prop_assert_eq!(number, None);
                last += 1;
                given = Some(last);
            }
            prop_assert!(!case.numbered || after.numbered, "a number is never taken back");
            let out = |state| matches!(state, S::Sent | S::Received | S::InProgress | S::Replied | S::Archived);
            prop_assert!(!out(after.state) || (after.numbered && after.reviewed));
            if matches!(action, A::Receive | A::Begin | A::Reply) {
                prop_assert_eq!(by, Side::Purchaser);
            }
            if after.state == S::Archived && case.wants_reply {
                prop_assert_eq!(case.state, S::Replied);
            }
            letters[which] = (after, given);
        }
        let mut numbers: Vec<u32> = letters.iter().filter_map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
        for (case, number) in letters {
            prop_assert_eq!(case.numbered, number.is_some());
            let mut leads_on = false;
            for (_, action) in LETTER_STEPS {
                leads_on |= SIDES.iter().any(|by| case.next(*by, &action, &moment(now, &LETTER)).is_ok());
            }
            prop_assert_eq!(leads_on, case.is_open());
        }
    }
}

/// `add` of `fixtures/workday_vectors.json`.
#[test]
fn a_reply_is_due_so_many_working_days_after_the_receipt() {
    use letter::{Action, LetterState};
    for (received, days, due) in [
        ("2026-09-18", 10, "2026-10-09"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-04-30", 2, "2026-05-07"),
        ("2026-06-30", 10, "2026-07-14"),
        ("2026-09-24", 15, "2026-10-22"),
        ("2026-09-30", 2, "2026-10-09"),
        ("2026-08-25", 30, "2026-10-12"),
    ] {
        let rules = letter::Terms {
            receipt: DeadlineRule::working_days("receipt", 1),
            reply: Some(DeadlineRule::working_days("reply", days)),
        };
        let mut case = letter::Case::drafted(Side::Purchaser, true);
        case.state = LetterState::Sent;
        let now = at(&format!("{received}T02:00:00Z"));
        let received = case
            .next(Side::Supplier, &Action::Receive, &moment(now, &rules))
            .unwrap();
        let on = received
            .due_at
            .unwrap()
            .with_timezone(&calendar::SHANGHAI)
            .date_naive();
        assert_eq!(on.to_string(), due);
    }
}

// ---- an urgent notice

static URGENT: LazyLock<urgent::Terms> = LazyLock::new(|| urgent::Terms { ack: minutes(15) });

const URGENT_STEPS: [(&str, urgent::Action); 3] = [
    ("acknowledged or called", urgent::Action::Arrive),
    (
        "nobody answered",
        urgent::Action::Lapse { substitutes: true },
    ),
    (
        "nobody answered, nobody left",
        urgent::Action::Lapse { substitutes: false },
    ),
];

#[test]
fn the_readme_draws_an_urgent_notice_as_it_is() {
    let sent = urgent::Case::sent(&moment(at("2026-09-18T02:00:00Z"), &URGENT));
    draws(
        "Urgent notice",
        &[sent],
        |case| case.state.as_str(),
        &URGENT_STEPS.map(|(name, _)| name),
        |case, n, now| case.next(&URGENT_STEPS[n].1, &moment(now, &URGENT)).ok(),
    );
}

proptest! {
    /// Silence never counts as arrival, and always comes to somebody: the substitutes, then both desks.
    #[test]
    fn silence_is_no_arrival(walk in prop::collection::vec((0..3usize, 0i64..40), 0..20)) {
        use urgent::{Action, UrgentState};
        let mut now = at("2026-09-18T02:00:00Z");
        let mut case = urgent::Case::sent(&moment(now, &URGENT));
        for (step, later) in walk {
            now += TimeDelta::minutes(later);
            let action = URGENT_STEPS[step].1;
            let Ok(after) = case.next(&action, &moment(now, &URGENT)) else { continue };
            if after.state == UrgentState::Arrived {
                prop_assert_eq!(action, Action::Arrive);
            } else {
                prop_assert!(case.due_at.is_some_and(|due| due <= now));
            }
            let waits = matches!(after.state, UrgentState::Sent | UrgentState::Escalated);
            prop_assert_eq!(after.due_at.is_some(), waits);
            case = after;
        }
    }
}

// ---- a change of facilities and layout

static CHANGE: LazyLock<change::Terms> = LazyLock::new(|| change::Terms {
    decide: DeadlineRule::working_days("decide", 3),
    ratify: DeadlineRule::working_days("ratify", 1),
});

const CHANGE_STEPS: [(&str, change::Action); 11] = {
    use change::Action as A;
    [
        ("submitted", A::Submit),
        ("returned", A::Return),
        ("approved", A::Approve),
        ("applied", A::Apply),
        ("emergency", A::Emergency),
        ("ratified", A::Ratify),
        ("refused", A::Refuse),
        ("archived", A::Archive { evidence: 1 }),
        ("archived", A::Archive { evidence: 0 }),
        ("withdrawn", A::Withdraw),
        ("overdue", A::Lapse),
    ]
};

#[test]
fn the_readme_draws_a_change_as_it_is() {
    let names: Vec<&str> = CHANGE_STEPS
        .iter()
        .chain(&CHANGE_STEPS)
        .map(|(name, _)| *name)
        .collect();
    draws(
        "Change of facilities and layout",
        &[change::Case::drafted()],
        |case| case.state.as_str(),
        &names,
        |case, n, now| {
            let by = SIDES[n / CHANGE_STEPS.len()];
            let (_, action) = CHANGE_STEPS[n % CHANGE_STEPS.len()];
            case.next(by, &action, &moment(now, &CHANGE)).ok()
        },
    );
}

proptest! {
    /// Nothing is carried out without the purchaser's consent but in an emergency; what was carried out in one is
    /// not over before he ratified it or it was put back; nothing is closed without a picture.
    #[test]
    fn no_sequence_changes_anything_without_consent(
        walk in prop::collection::vec((0..CHANGE_STEPS.len(), any::<bool>(), 0i64..2_000), 0..60),
    ) {
        use change::{Action as A, SiteChangeState as S};
        let mut now = at("2026-09-18T02:00:00Z");
        let mut case = change::Case::drafted();
        let (mut consented, mut decided) = (false, false);
        for (step, purchaser, later) in walk {
            now += TimeDelta::minutes(later);
            let by = if purchaser { Side::Purchaser } else { Side::Supplier };
            let (_, action) = CHANGE_STEPS[step];
            let Ok(after) = case.next(by, &action, &moment(now, &CHANGE)) else { continue };
            prop_assert!(case.is_open());
            match action {
                A::Approve | A::Ratify | A::Refuse | A::Return => prop_assert_eq!(by, Side::Purchaser),
                A::Lapse => prop_assert!(!case.overdue && after.overdue),
                _ => prop_assert_eq!(by, Side::Supplier),
            }
            consented |= matches!(action, A::Approve | A::Ratify);
            decided |= matches!(action, A::Approve | A::Ratify | A::Refuse);
            prop_assert!(after.state != S::Effective || consented);
            prop_assert!(after.state != S::Archived || decided);
            let bare = A::Archive { evidence: 0 };
            prop_assert!(action != bare);
            let waits = matches!(after.state, S::Submitted | S::EffectivePendingRatification);
            prop_assert_eq!(after.due_at.is_some(), waits);
            case = after;
        }
    }
}

// ---- an inspection

#[test]
fn the_readme_draws_an_inspection_as_it_is() {
    use inspection::{Action, Case, InspectionKind};
    let steps = [
        ("released", Action::Release),
        ("demanded", Action::Demand),
        ("edited", Action::Edit),
        ("closed", Action::Close { open: 0 }),
        ("closed", Action::Close { open: 2 }),
    ];
    draws(
        "Inspection",
        &[InspectionKind::Announced, InspectionKind::Spot].map(Case::recorded),
        |case| case.state.as_str(),
        &steps.map(|(name, _)| name),
        |case, n, _now| case.next(&steps[n].1).ok(),
    );
    assert!(Case::recorded(InspectionKind::Unannounced).is_hidden());
}

// ---- a rectification

static ANSWER: LazyLock<rectification::Terms> = LazyLock::new(|| rectification::Terms {
    answer: DeadlineRule::working_days("answer", 5),
});

const RECTIFICATION_STEPS: [(&str, rectification::Action); 5] = {
    use rectification::Action as A;
    [
        ("answered", A::Answer),
        ("sent back", A::SendBack),
        ("verified", A::Verify),
        ("withdrawn", A::Withdraw),
        ("overdue", A::Lapse),
    ]
};

#[test]
fn the_readme_draws_a_rectification_as_it_is() {
    let names: Vec<&str> = RECTIFICATION_STEPS
        .iter()
        .chain(&RECTIFICATION_STEPS)
        .map(|(name, _)| *name)
        .collect();
    let issued = rectification::Case::issued(&moment(at("2026-09-18T02:00:00Z"), &ANSWER));
    draws(
        "Rectification",
        &[issued],
        |case| case.state.as_str(),
        &names,
        |case, n, now| {
            // Rounds are counted without end; one more shows all there is.
            if case.rounds > 2 {
                return None;
            }
            let by = SIDES[n / RECTIFICATION_STEPS.len()];
            let (_, action) = RECTIFICATION_STEPS[n % RECTIFICATION_STEPS.len()];
            case.next(by, &action, &moment(now, &ANSWER)).ok()
        },
    );
}

proptest! {
    /// The supplier ends no demand; each round is late at most once, and that it was late stays.
    #[test]
    fn the_supplier_ends_no_rectification(
        walk in prop::collection::vec((0..RECTIFICATION_STEPS.len(), any::<bool>(), 0i64..4_000), 0..60),
    ) {
        use rectification::RectificationState as S;
        let mut now = at("2026-09-18T02:00:00Z");
        let mut case = rectification::Case::issued(&moment(now, &ANSWER));
        let mut late_in = 0;
        for (step, purchaser, later) in walk {
            now += TimeDelta::minutes(later);
            let by = if purchaser { Side::Purchaser } else { Side::Supplier };
            let (name, action) = RECTIFICATION_STEPS[step];
            let Ok(after) = case.next(by, &action, &moment(now, &ANSWER)) else { continue };
            prop_assert!(case.is_open());
            prop_assert!(after.is_open() || by == Side::Purchaser);
            prop_assert!(!case.overdue || after.overdue);
            if name == "overdue" {
                prop_assert!(late_in < case.rounds, "once in a round");
                late_in = case.rounds;
            }
            prop_assert_eq!(after.due_at.is_some(), after.state == S::Issued);
            case = after;
        }
    }
}

// ---- minutes

#[test]
fn minutes_are_confirmed_by_the_side_that_did_not_write_them_and_stand_from_then_on() {
    use meeting::{Action, Case, MeetingState, Refusal};
    let recorded = Case {
        state: MeetingState::Recorded,
        side: Side::Supplier,
    };
    assert_eq!(
        recorded.next(Side::Supplier, &Action::Confirm),
        Err(Refusal::ByOther)
    );
    assert_eq!(
        recorded.next(Side::Purchaser, &Action::Edit),
        Err(Refusal::ByWriter)
    );
    assert_eq!(recorded.next(Side::Supplier, &Action::Edit), Ok(recorded));
    let confirmed = recorded.next(Side::Purchaser, &Action::Confirm).unwrap();
    for by in SIDES {
        for action in [Action::Edit, Action::Confirm] {
            assert_eq!(confirmed.next(by, &action), Err(Refusal::Confirmed));
        }
    }
}
