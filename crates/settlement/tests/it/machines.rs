//! The statement's machine under its laws, and its diagram in the README.

use std::collections::{BTreeMap, HashSet};

use calendar::{Calendar, DeadlineRule, ServiceClock, ServiceHours, YearCalendar, YearNotice};
use chrono::{DateTime, Utc};
use kernel::machine::Moment;
use settlement::statement::{Action, Case, StatementState, Terms};
use testing::diagram::{Edges, drawn, is_drawn};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn service() -> ServiceClock {
    let notices = calendar::SHIPPED.iter();
    let years = notices.map(|notice| {
        let notice: YearNotice = serde_json::from_str(notice).unwrap();
        YearCalendar::from_notice(&notice).unwrap()
    });
    ServiceClock::new(Calendar::new(years), ServiceHours::default())
}

fn terms() -> Terms {
    let from_day = |name, days| DeadlineRule {
        late_receipt_is_next_day: false,
        ..DeadlineRule::working_days(name, days)
    };
    Terms {
        review: from_day("review", 10),
        payment: from_day("payment", 30),
    }
}

fn steps(now: DateTime<Utc>) -> Vec<(&'static str, Action)> {
    use Action as A;
    vec![
        ("drawn", A::Draw),
        ("checked", A::Check { own: false }),
        ("checked", A::Check { own: true }),
        ("sent_back", A::SendBack),
        ("submitted", A::Submit),
        ("review_begun", A::Begin),
        ("rejected", A::Reject { items: 0 }),
        ("rejected", A::Reject { items: 1 }),
        ("confirmed", A::Confirm { lines: 0 }),
        ("confirmed", A::Confirm { lines: 36 }),
        ("invoiced", A::Invoice { matches: false }),
        ("invoiced", A::Invoice { matches: true }),
        ("invoice_returned", A::ReturnInvoice { paid: false }),
        ("invoice_returned", A::ReturnInvoice { paid: true }),
        ("handed_in", A::HandIn { from: now }),
        ("invoice_received", A::Receive { from: now }),
        ("paid", A::Pay { left_fen: -1 }),
        ("paid", A::Pay { left_fen: 1 }),
        ("paid", A::Pay { left_fen: 0 }),
        ("closed", A::Close { owed_fen: 1 }),
        ("closed", A::Close { owed_fen: 0 }),
        ("overdue", A::Lapse),
    ]
}

#[test]
fn what_is_confirmed_stays_confirmed_and_the_readme_draws_it() {
    let (service, rules) = (service(), terms());
    let mut edges: Edges = BTreeMap::new();
    let (mut reached, mut seen, mut next) = (vec![Case::planned()], HashSet::new(), 0);
    while next < reached.len() && next < 2_000 {
        let case = reached[next];
        next += 1;
        for now in ["2026-06-30T02:00:00Z", "2026-12-01T02:00:00Z"].map(at) {
            let moment = Moment {
                now,
                service: &service,
                rules: &rules,
            };
            for (name, action) in steps(now) {
                let Ok(after) = case.next(&action, &moment) else {
                    continue;
                };
                assert!(
                    !case.is_confirmed() || after.is_confirmed(),
                    "{case:?} {action:?}"
                );
                assert!(
                    after.is_confirmed() == case.is_confirmed()
                        || matches!(action, Action::Confirm { .. })
                );
                assert!(
                    case.state != StatementState::PaymentDue
                        || !matches!(action, Action::Receive { .. })
                        || after.due_at == case.due_at,
                    "whoever records the receipt late moves no clock"
                );
                assert!(
                    action != Action::Lapse || after.state == case.state,
                    "silence is no consent"
                );
                if case.state != after.state {
                    let edge = (case.state.as_str(), after.state.as_str());
                    edges.entry(edge).or_default().insert(name);
                }
                if seen.insert(format!("{after:?}")) {
                    reached.push(after);
                }
            }
        }
    }
    assert_eq!(edges.len(), 14, "{edges:?}");
    let diagram = drawn(&["draft"], &edges);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "A statement", &diagram);
}

#[test]
fn ten_and_thirty_working_days() {
    let (service, rules) = (service(), terms());
    let due = |state, action, now: &str| {
        let moment = Moment {
            now: at(now),
            service: &service,
            rules: &rules,
        };
        let case = Case {
            state,
            ..Case::planned()
        };
        let after = case.next(&action, &moment).unwrap();
        kernel::day::text(kernel::day::of(after.due_at.unwrap()))
    };
    let submitted = |now| due(StatementState::InternalChecked, Action::Submit, now);
    assert_eq!(submitted("2026-06-30T02:00:00Z"), "2026-07-14");
    assert_eq!(submitted("2026-09-18T02:00:00Z"), "2026-10-09");
    let received = |day: &str| {
        let from = at(&format!("{day}T04:00:00Z"));
        due(
            StatementState::Invoiced,
            Action::Receive { from },
            "2026-12-01T02:00:00Z",
        )
    };
    assert_eq!(received("2026-07-15"), "2026-08-26");
    assert_eq!(received("2026-08-25"), "2026-10-12");
}
